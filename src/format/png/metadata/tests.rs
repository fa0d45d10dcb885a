use super::*;
use crate::format::png::chunk;
use crate::io::{ByteSink, MemorySink, MemorySource};

fn header(color: ColorType, depth: u8) -> Header {
    Header { columns: 4, rows: 3, depth, color, interlaced: false }
}

/// Writes the chunks of `metadata` and reads them back.
fn through(header: Header, metadata: &Metadata) -> (Metadata, Vec<Warning>) {
    let mut warnings = Vec::new();
    let written = chunks(header, metadata, &mut warnings).unwrap();
    (collect(written.header, &written.chunks).unwrap().metadata, warnings)
}

fn collect(header: Header, list: &[(Kind, Vec<u8>)]) -> Result<Collector> {
    let (mut sink, target) = MemorySink::new();
    sink.write(&chunk::SIGNATURE).unwrap();
    for (kind, data) in list {
        chunk::write(&mut sink, *kind, data).unwrap();
    }
    Box::new(sink).publish().unwrap();
    let bytes = target.lock().unwrap().clone();
    let source = MemorySource(bytes);
    let mut chunks = Chunks::new(&source).unwrap();
    let mut collector = Collector::new(header, Limits { max_metadata_bytes: 100_000, ..Limits::default() });
    while let Some(chunk) = chunks.next().unwrap() {
        collector.add(&chunks, &chunk)?;
    }
    Ok(collector)
}

fn list(values: &[i32]) -> Value {
    Value::List(values.iter().map(|value| Value::from(*value)).collect())
}

fn entries(header: Header) -> Metadata {
    let depth = header.depth;
    let samples = [7, 8, 9][..header.color.colors()].to_vec();
    let mut metadata: Metadata = [
        ("PNG_BIT_DEPTH", Value::from(depth)),
        ("PNG_COLOR_TYPE", (header.color as u8).into()),
        ("PNG_INTERLACE", 0.into()),
        ("PNG_CHUNK_cICP", vec![9, 16, 0, 1].into()),
        ("PNG_ICC_PROFILE", vec![3; 500].into()),
        ("PNG_ICC_PROFILE_NAME", "a profile".into()),
        (
            "PNG_CHROMATICITIES",
            Value::List([0.3127, 0.329, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06].map(Value::from).to_vec()),
        ),
        ("PNG_GAMMA", 0.45455.into()),
        (
            "PNG_SIGNIFICANT_BITS",
            list(&vec![5; if header.color == ColorType::Palette { 3 } else { header.color.bands() as usize }]),
        ),
    ]
    .into_iter()
    .collect();
    if header.color == ColorType::Palette {
        metadata.append("PNG_PALETTE", Value::List(vec![list(&[1, 2, 3]), list(&[4, 5, 255])]));
        metadata.append("PNG_TRANSPARENCY", list(&[0, 128]));
        metadata.append("PNG_BACKGROUND", list(&[1]));
    } else {
        if matches!(header.color, ColorType::Grey | ColorType::Rgb) {
            metadata.append("PNG_TRANSPARENCY", list(&samples));
        }
        metadata.append("PNG_BACKGROUND", list(&samples));
    }
    metadata.append("PNG_PHYS", list(&[2835, 2835, 1]));
    metadata.append("PNG_EXIF", vec![b'M', b'M', 0, 42]);
    metadata.append("PNG_TIME", "2024-02-29T23:59:60Z");
    metadata.append("PNG_TEXT_Comment", "one");
    metadata.append("PNG_TEXT_Comment", "two");
    metadata.append("PNG_CHUNK_oFFs", vec![0; 9]);
    metadata
}

#[test]
fn every_key_comes_back() {
    for color in [ColorType::Grey, ColorType::Rgb, ColorType::Palette, ColorType::GreyAlpha, ColorType::Rgba] {
        let metadata = entries(header(color, 8));
        assert_eq!(through(header(color, 8), &metadata), (metadata, Vec::new()), "{color:?}");
    }
}

#[test]
fn chunks_stand_in_the_order_of_the_standard() {
    let mut metadata = entries(header(ColorType::Palette, 8));
    metadata.remove("PNG_ICC_PROFILE");
    metadata.set("PNG_SRGB", 1);
    let mut warnings = Vec::new();
    let written = chunks(header(ColorType::Palette, 8), &metadata, &mut warnings).unwrap();
    let place = |kind: &[u8; 4]| written.chunks.iter().position(|(other, _)| other.0 == *kind).unwrap();
    for before in [b"cICP", b"cHRM", b"gAMA", b"sBIT", b"sRGB"] {
        assert!(place(before) < place(b"PLTE"), "{}", before.escape_ascii());
    }
    for after in [b"tRNS", b"bKGD"] {
        assert!(place(after) > place(b"PLTE"));
    }
    assert_eq!(warnings.iter().map(|warning| warning.key.as_str()).collect::<Vec<_>>(), ["PNG_ICC_PROFILE_NAME"]);
}

#[test]
fn illegal_values_are_errors_that_name_key_value_and_what_is_allowed() {
    let cases: [(&str, Value); 16] = [
        ("PNG_GAMMA", (-1).into()),
        ("PNG_GAMMA", "much".into()),
        ("PNG_SRGB", 4.into()),
        ("PNG_PHYS", list(&[1, 2])),
        ("PNG_PHYS", list(&[1, -2, 1])),
        ("PNG_TIME", "2024-13-01T00:00:00Z".into()),
        ("PNG_TIME", "yesterday".into()),
        ("PNG_EXIF", "text".into()),
        ("PNG_TRANSPARENCY", list(&[256])),
        ("PNG_SIGNIFICANT_BITS", list(&[9])),
        ("PNG_CHROMATICITIES", list(&[1])),
        ("PNG_ICC_PROFILE", "text".into()),
        ("PNG_CHUNK_oFFs", "text".into()),
        ("PNG_CHUNK_IDAT", vec![0].into()),
        ("PNG_CHUNK_gAMA", vec![0; 4].into()),
        ("PNG_CHUNK_acTL", vec![0; 8].into()),
    ];
    for (key, value) in cases {
        let metadata: Metadata = [(key, value)].into_iter().collect();
        let error = chunks(header(ColorType::Grey, 8), &metadata, &mut Vec::new()).err().unwrap();
        assert!(matches!(error, Error::Usage(_)) && error.to_string().contains(key), "{error}");
        assert!(error.to_string().contains("expected"), "{error}");
    }
    let mut metadata: Metadata = [("PNG_PALETTE", list(&[1, 2, 3]))].into_iter().collect();
    metadata.append("PNG_TRANSPARENCY", list(&[1, 2]));
    assert!(chunks(header(ColorType::Palette, 8), &metadata, &mut Vec::new()).is_err());
}

#[test]
fn what_cannot_be_written_is_a_warning_for_each_key() {
    let mut metadata: Metadata =
        [("PNG_PALETTE", list(&[1, 2, 3])), ("256", 7.into()), ("256", 8.into())].into_iter().collect();
    metadata.append("PNG_TRANSPARENCY", list(&[1, 2, 3]));
    metadata.append("PNG_BIT_DEPTH", 1);
    let (_, warnings) = through(header(ColorType::Grey, 8), &metadata);
    let keys: Vec<_> = warnings.iter().map(|warning| warning.key.as_str()).collect();
    assert_eq!(keys, ["PNG_PALETTE", "PNG_TRANSPARENCY", "256", "PNG_BIT_DEPTH"]);
}

#[test]
fn a_misspelt_key_is_an_error_with_the_nearest_name() {
    for (key, near) in
        [("PNG_PHYZ", "PNG_PHYS"), ("PNG_TXT_Title", "PNG_TEXT_Title"), ("PNG_CHUNCK_oFFs", "PNG_CHUNK_oFFs")]
    {
        let metadata: Metadata = [(key, Value::from("x"))].into_iter().collect();
        let error = chunks(header(ColorType::Grey, 8), &metadata, &mut Vec::new()).err().unwrap().to_string();
        assert!(error.contains(key) && error.contains(&format!("did you mean {near}?")), "{error}");
    }
}

#[test]
fn bad_chunks_are_warnings_and_bad_palettes_errors() {
    let grey = header(ColorType::Grey, 8);
    let bad = [(*b"gAMA", vec![1]), (*b"zTXt", b"key\0\0junk".to_vec()), (*b"tIME", vec![0]), (*b"acTL", vec![0; 8])];
    let bad: Vec<_> = bad.into_iter().map(|(kind, data)| (Kind(kind), data)).collect();
    let collector = collect(grey, &bad).unwrap();
    assert_eq!((collector.metadata.len(), collector.warnings.len()), (3, 4));
    let palette = [(Kind::PLTE, vec![1, 2])];
    assert!(matches!(collect(header(ColorType::Palette, 8), &palette), Err(Error::Malformed(_))));
    assert_eq!(collect(grey, &palette).unwrap().warnings.len(), 1, "a grey image has no palette");
    assert!(matches!(collect(grey, &[(Kind(*b"NEWx"), vec![])]), Err(Error::Unsupported(_))));
    let many: Vec<_> = (0..2000).map(|_| (Kind(*b"tEXt"), b"k\0".to_vec())).collect();
    assert!(matches!(collect(grey, &many), Err(Error::Limit { .. })));
    let twice = collect(grey, &[(Kind(*b"gAMA"), vec![0, 0, 0, 9]), (Kind(*b"gAMA"), vec![0, 0, 0, 8])]).unwrap();
    assert_eq!(twice.metadata.get_all("PNG_GAMMA").count(), 1);
    assert_eq!(twice.warnings.len(), 1);
}

/// Metadata as a file with these chunks has them.
fn read(header: Header, chunks: &[(Kind, Vec<u8>)]) -> Metadata {
    let Collector { metadata, stored, .. } = collect(header, chunks).unwrap();
    metadata.read_with_stored(FAMILY, "", Vec::new(), stored)
}

#[test]
fn illegal_chunks_that_were_read_are_written_as_they_were() {
    let (grey, rgb, indexed) = (header(ColorType::Grey, 8), header(ColorType::Rgb, 8), header(ColorType::Palette, 8));
    let palette = (Kind::PLTE, vec![1, 2, 3]);
    let cases = [
        (grey, vec![(Kind(*b"pHYs"), vec![0xff, 0, 0, 1, 0, 0, 0, 1, 7])]),
        (grey, vec![(Kind(*b"tIME"), vec![0; 7])]),
        (grey, vec![(Kind(*b"gAMA"), vec![0; 4])]),
        (grey, vec![(Kind(*b"tRNS"), vec![9, 9])]),
        (grey, vec![(Kind(*b"sBIT"), vec![0])]),
        (rgb, vec![(Kind(*b"bKGD"), vec![1, 0, 1, 0, 1, 0])]),
        (indexed, vec![palette.clone(), (Kind(*b"tRNS"), vec![1, 2]), (Kind(*b"bKGD"), vec![9])]),
        (grey, vec![(Kind(*b"abcd"), vec![1])]),
    ];
    for (header, list) in cases {
        let mut metadata = read(header, &list);
        for _ in 0..2 {
            let mut warnings = Vec::new();
            assert_eq!(chunks(header, &metadata, &mut warnings).unwrap().chunks, list);
            assert!(warnings.is_empty());
            let plain: Metadata = metadata.iter().map(|(key, value)| (key, value.clone())).collect();
            assert!(
                chunks(header, &with_origin(&plain), &mut warnings).is_ok(),
                "without its bytes it may be left out"
            );
            metadata.set("PNG_EXIF", vec![1]);
            metadata.remove("PNG_EXIF");
        }
    }
    let mut chosen = read(indexed, &[palette, (Kind(*b"tRNS"), vec![1, 2])]);
    chosen.set("PNG_PALETTE", list(&[4, 5, 6]));
    let mut warnings = Vec::new();
    assert_eq!(chunks(indexed, &chosen, &mut warnings).unwrap().chunks.len(), 1);
    assert_eq!(warnings[0].key, "PNG_TRANSPARENCY");
    chosen.set("PNG_TRANSPARENCY", list(&[1, 2, 3]));
    assert!(chunks(indexed, &chosen, &mut warnings).is_err());
}
