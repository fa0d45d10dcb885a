use super::*;
use crate::error::Error;
use crate::format::tiff::field::Field;
use crate::format::tiff::sample_file::{SampleFile, longs, shorts, text};
use crate::image::{BlockIndex, FileImage, Window};
use crate::io::{ByteOrder, MemorySource, SerialSource};
use crate::pipeline::{Concurrency, Control, ReadRequest, copy_blocks, read_region};

const ORDERS: [ByteOrder; 2] = [ByteOrder::Little, ByteOrder::Big];

fn open_bytes(bytes: Vec<u8>) -> Result<Box<dyn ContainerReader>> {
    open(Arc::new(MemorySource(bytes)), &OpenOptions::default())
}

/// The same bytes as a file, with nothing in memory.
struct OnDisk(Vec<u8>);

impl ByteSource for OnDisk {
    fn size(&self) -> u64 {
        self.0.len() as u64
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> Result<()> {
        let start = offset as usize;
        let bytes = self.0.get(start..start + out.len()).ok_or_else(|| Error::malformed("read past the end"))?;
        out.copy_from_slice(bytes);
        Ok(())
    }
}

fn read(image: &dyn ImageProvider, window: Window, bands: &[u32]) -> Result<Vec<u8>> {
    let request = ReadRequest { window, bands: bands.to_vec(), fill: vec![0xee; image.layout().sample.bytes()] };
    let mut out = vec![0; request.bytes(image) as usize];
    read_region(image, &request, &mut out, Concurrency::new(2).unwrap(), &Control::default())?;
    Ok(out)
}

/// The sample at a place of the test images: it identifies its band, row and column.
fn sample(band: u32, y: u32, x: u32) -> u16 {
    (band * 10_000 + y * 100 + x) as u16
}

fn expected(window: Window, bands: &[u32]) -> Vec<u8> {
    let mut out = Vec::new();
    for band in bands {
        for y in window.y..window.bottom() {
            (window.x..window.right()).for_each(|x| out.extend(sample(*band, y, x).to_ne_bytes()));
        }
    }
    out
}

/// Stored without compression.
const NONE: u16 = 1;
/// Stored with PackBits, in runs without repeats.
const PACKBITS: u16 = 32_773;

/// An image of 16-bit samples; block (1, 0) of the first plane may be absent.
fn made(
    compression: u16,
    order: ByteOrder,
    size: (u32, u32),
    bands: u32,
    block: (u32, u32),
    planar: bool,
    sparse: bool,
) -> Vec<u8> {
    let mut file = SampleFile::new(order, false);
    let tiled = block.0 != size.0;
    let (across, down) = (size.0.div_ceil(block.0), size.1.div_ceil(block.1));
    let planes = if planar { bands } else { 1 };
    let (mut offsets, mut counts) = (Vec::new(), Vec::new());
    for (plane, row, column) in
        (0..planes).flat_map(|p| (0..down).flat_map(move |r| (0..across).map(move |c| (p, r, c))))
    {
        if sparse && (plane, row, column) == (0, 1, 0) {
            offsets.push(0);
            counts.push(0);
            continue;
        }
        let mut bytes = Vec::new();
        for y in 0..block.1 {
            for x in 0..block.0 {
                for band in if planar { plane..plane + 1 } else { 0..bands } {
                    bytes.extend(order.put_u16(sample(band, row * block.1 + y, column * block.0 + x)));
                }
            }
        }
        if !tiled {
            let rows = block.1.min(size.1 - row * block.1);
            bytes.truncate(rows as usize * bytes.len() / block.1 as usize);
        }
        if compression == PACKBITS {
            bytes = bytes.chunks(128).flat_map(|run| [&[run.len() as u8 - 1], run].concat()).collect();
        }
        offsets.push(file.put(&bytes));
        counts.push(bytes.len() as u64);
    }
    let mut fields = vec![
        shorts(256, &[size.0.into()]),
        shorts(257, &[size.1.into()]),
        shorts(258, &vec![16; bands as usize]),
        shorts(259, &[compression.into()]),
        shorts(262, &[1]),
        shorts(277, &[bands.into()]),
        shorts(284, &[if planar { 2 } else { 1 }]),
    ];
    if tiled {
        fields.extend([shorts(322, &[block.0.into()]), shorts(323, &[block.1.into()])]);
        fields.extend([longs(324, &offsets), longs(325, &counts)]);
    } else {
        fields.extend([shorts(278, &[block.1.into()]), longs(273, &offsets), longs(279, &counts)]);
    }
    file.directory(&fields);
    file.finish()
}

#[test]
fn windows_and_bands_are_read_from_every_arrangement() {
    let size = (50, 45);
    let windows = [Window::new(0, 0, 50, 45), Window::new(17, 5, 20, 30), Window::new(49, 44, 1, 1)];
    let cases = [NONE, PACKBITS].into_iter().flat_map(|compression| {
        let arrangements =
            [false, true].into_iter().flat_map(|planar| [(16, 32), (50, 7), (50, 45)].map(|b| (planar, b)));
        ORDERS.into_iter().flat_map(move |order| arrangements.clone().map(move |(p, b)| (compression, order, p, b)))
    });
    for (compression, order, planar, block) in cases {
        let bytes = made(compression, order, size, 3, block, planar, false);
        let stream = SerialSource::new(OnDisk(bytes.clone()));
        let sources: [Arc<dyn ByteSource>; 3] =
            [Arc::new(MemorySource(bytes.clone())), Arc::new(OnDisk(bytes)), Arc::new(stream)];
        for source in sources {
            let image = open(source, &OpenOptions::default()).unwrap().image(0).unwrap();
            assert!(image.is_dense());
            for (window, bands) in windows.iter().flat_map(|w| [&[0, 1, 2][..], &[2, 0], &[1]].map(|b| (*w, b))) {
                let found = read(&*image, window, bands).unwrap();
                assert!(
                    found == expected(window, bands),
                    "{compression} {order:?} {planar} {block:?} {window:?} {bands:?}"
                );
            }
        }
    }
}

#[test]
fn blocks_of_equal_codings_are_copied_undecoded() {
    let image = |bytes| {
        let image = open_bytes(bytes).unwrap().image(0).unwrap();
        Arc::clone(image.in_file().and_then(FileImage::store).unwrap())
    };
    let size = (50, 45);
    let source = image(made(PACKBITS, ByteOrder::Big, size, 3, (16, 32), true, true));
    let other = |compression, order, block, planar| {
        let other = image(made(compression, order, size, 3, block, planar, false));
        other.form().unwrap().takes(&source.form().unwrap())
    };
    assert!(other(PACKBITS, ByteOrder::Big, (16, 32), true));
    assert!(!other(NONE, ByteOrder::Big, (16, 32), true));
    assert!(!other(PACKBITS, ByteOrder::Little, (16, 32), true));
    assert!(!other(PACKBITS, ByteOrder::Big, (16, 16), true));
    assert!(!other(PACKBITS, ByteOrder::Big, (16, 32), false));

    let mut file = SampleFile::new(ByteOrder::Big, true);
    let (mut offsets, mut counts) = (Vec::new(), Vec::new());
    copy_blocks(&*source, &Control::default(), &mut |bytes| {
        offsets.push(if bytes.is_empty() { 0 } else { file.put(bytes) });
        counts.push(bytes.len() as u64);
        Ok(())
    })
    .unwrap();
    file.directory(&[
        shorts(256, &[size.0.into()]),
        shorts(257, &[size.1.into()]),
        shorts(258, &[16; 3]),
        shorts(259, &[PACKBITS.into()]),
        shorts(262, &[1]),
        shorts(277, &[3]),
        shorts(284, &[2]),
        shorts(322, &[16]),
        shorts(323, &[32]),
        longs(324, &offsets),
        longs(325, &counts),
    ]);
    let copy = open_bytes(file.finish()).unwrap().image(0).unwrap();
    assert!(!copy.is_dense());
    let window = Window::new(0, 0, 50, 32);
    assert!(read(&*copy, window, &[2, 0, 1]).unwrap() == expected(window, &[2, 0, 1]));
}

#[test]
fn absent_blocks_are_reported_and_filled() {
    for (compression, block) in [(NONE, (16, 16)), (NONE, (40, 16)), (PACKBITS, (16, 16))] {
        let file = made(compression, ByteOrder::Little, (40, 40), 2, block, false, true);
        let image = open_bytes(file).unwrap().image(0).unwrap();
        let grid = image.layout().grid;
        assert!(!image.is_dense());
        assert!(!image.has_block(BlockIndex { row: 1, column: 0 }).unwrap());
        assert!(image.has_block(BlockIndex { row: 0, column: 0 }).unwrap());
        let out = read(&*image, Window::new(0, 15, 3, 2), &[1]).unwrap();
        assert_eq!(out[..6], expected(Window::new(0, 15, 3, 1), &[1]));
        assert_eq!(out[6..], [0xee; 6]);
        assert!(grid.check(BlockIndex { row: 3, column: 0 }).is_err());
    }
    // One of two bands is stored: the other gets the pad value.
    for compression in [NONE, PACKBITS] {
        let file = made(compression, ByteOrder::Little, (40, 40), 2, (16, 16), true, true);
        let image = open_bytes(file).unwrap().image(0).unwrap();
        assert!(image.has_block(BlockIndex { row: 1, column: 0 }).unwrap());
        let out = read(&*image, Window::new(0, 16, 2, 1), &[0, 1]).unwrap();
        assert_eq!(out[..4], [0; 4]);
        assert_eq!(out[4..], expected(Window::new(0, 16, 2, 1), &[1]));
    }
}

#[test]
fn a_large_strip_is_shown_as_smaller_blocks() {
    let (columns, rows) = (1000, 3000);
    let mut file = SampleFile::new(ByteOrder::Little, false);
    let pixels: Vec<u8> = (0..columns * rows).map(|place| (place % 251) as u8).collect();
    let place = file.put(&pixels);
    file.directory(&[
        shorts(256, &[columns]),
        shorts(257, &[rows]),
        shorts(258, &[8]),
        shorts(262, &[1]),
        longs(273, &[place]),
        longs(278, &[u64::from(u32::MAX)]),
    ]);
    let source = Arc::new(OnDisk(file.finish()));
    let image = open(source, &OpenOptions::default()).unwrap().image(0).unwrap();
    assert_eq!((image.layout().grid.block_columns(), image.layout().grid.block_rows()), (1000, 1048));
    assert_eq!(read(&*image, image.layout().grid.window(), &[0]).unwrap(), pixels);
}

/// Fields of an image of one pixel, stored as one byte at `place`.
fn pixel(place: u64, size: u64, more: &[Field]) -> Vec<Field> {
    let mut fields = vec![shorts(256, &[size]), shorts(257, &[size]), shorts(258, &[8]), shorts(262, &[1])];
    fields.extend([longs(273, &vec![place; size as usize]), shorts(278, &[1])]);
    fields.extend_from_slice(more);
    fields
}

#[test]
fn overviews_are_assets_and_levels() {
    let mut file = SampleFile::new(ByteOrder::Big, true);
    let place = file.put(&[1, 2, 3, 4, 5]);
    file.directory(&pixel(place, 5, &[text(269, "title"), text(270, "what it shows"), text(42113, "3\0")]));
    file.directory(&pixel(place, 3, &[longs(254, &[1])]));
    file.directory(&pixel(place, 5, &[longs(254, &[4])]));
    let sub = file.sub_directory(&pixel(place, 1, &[longs(254, &[1])]));
    file.directory(&pixel(place, 2, &[longs(330, &[sub])]));
    let reader = open_bytes(file.finish()).unwrap();
    let keys: Vec<_> = reader.assets().iter().map(|asset| (asset.key.as_str(), asset.roles.join("+"))).collect();
    let keys: Vec<_> = keys.iter().map(|(key, roles)| (*key, roles.as_str())).collect();
    assert_eq!(
        keys,
        [
            ("image:0", "data"),
            ("image:0:overview:1", "overview"),
            ("image:0:mask", "mask"),
            ("image:1", "data"),
            ("image:1:overview:1", "overview"),
        ]
    );
    let asset = &reader.assets()[0];
    assert_eq!((asset.title.as_str(), asset.description.as_str()), ("title", "what it shows"));
    assert_eq!(asset.metadata.get("256"), Some(&5u64.into()));
    assert_eq!(asset.metadata.get("270"), Some(&"what it shows".into()));
    let image = reader.image(0).unwrap();
    assert_eq!(image.layout().pad, crate::image::PadValue::Int(3));
    let columns: Vec<_> = image.levels().iter().map(|level| level.layout().grid.columns()).collect();
    assert_eq!(columns, [3]);
    assert_eq!(reader.image(3).unwrap().levels().len(), 1);
    assert_eq!(reader.raw_asset(1).unwrap(), [1, 2, 3, 1, 2, 3, 1, 2, 3]);
}

#[test]
fn images_are_read_whatever_is_wrong_with_later_directories() {
    let nowhere = ["the next one", "outside", "a file that is cut", "sub-directories"];
    for (case, reason) in nowhere.iter().zip(["second time", "past the end", "past the end", "past the end"]) {
        let mut file = SampleFile::new(ByteOrder::Little, false);
        let subs =
            if *case == "sub-directories" { vec![longs(330, &[u64::from(u32::MAX), 90_000])] } else { Vec::new() };
        let first = file.directory(&pixel(8, 1, &subs));
        file.directory(&pixel(8, 1, &[]));
        match *case {
            "the next one" => file.link_to(first),
            "outside" => file.link_to(u32::MAX.into()),
            "a file that is cut" => _ = file.directory(&pixel(8, 1, &[])),
            _ => {}
        }
        let mut bytes = file.finish();
        if *case == "a file that is cut" {
            bytes.truncate(bytes.len() - 30);
        }
        let reader = open_bytes(bytes.clone()).unwrap();
        assert_eq!(reader.assets().len(), 2, "{case}");
        assert_eq!(read(&*reader.image(1).unwrap(), Window::new(0, 0, 1, 1), &[0]).unwrap().len(), 1, "{case}");
        let warning = reader.warnings().iter().find(|warning| warning.kind == WarningKind::File).unwrap();
        assert!(warning.message.contains(reason), "{case}: {}", warning.message);
        let strict = OpenOptions { strict: true, ..OpenOptions::default() };
        let error = open(Arc::new(MemorySource(bytes)), &strict).err().unwrap();
        assert!(matches!(&error, Error::Malformed(_)) && error.to_string().contains(reason), "{case}: {error}");
    }
}

#[test]
fn wrong_fields_are_named() {
    let cases = [
        (shorts(258, &[8, 16, 8]), "unsupported tag BitsPerSample (258): got [8, 16, 8], expected one value"),
        (shorts(256, &[0]), "malformed tag ImageWidth (256): got 0, expected 1 to 4294967295 in IFD 0"),
        (shorts(339, &[9]), "malformed tag SampleFormat (339): got 9, expected 1 to 6"),
        (shorts(278, &[0]), "malformed tag RowsPerStrip (278): 0"),
        (shorts(284, &[3]), "malformed tag PlanarConfiguration (284): got 3, expected 1 or 2"),
        (shorts(266, &[0]), "malformed tag FillOrder (266): got 0, expected 1 or 2"),
        (shorts(277, &[0]), "malformed tag SamplesPerPixel (277): 0"),
        (
            longs(278, &[u64::from(u32::MAX)]),
            "malformed tag RowsPerStrip (278): got 4294967295, expected blocks that fit",
        ),
        (shorts(322, &[16]), "malformed tag TileLength (323): absent"),
    ];
    for (field, message) in cases {
        let mut fields = pixel(8, 1, &[]);
        if message.contains("fit") {
            fields[..2].clone_from_slice(&[256, 257].map(|tag| longs(tag, &[u64::from(u32::MAX)])));
        }
        fields.retain(|other| other.tag != field.tag);
        fields.push(field);
        let mut file = SampleFile::new(ByteOrder::Little, false);
        file.directory(&fields);
        let error = open_bytes(file.finish()).unwrap().image(0).err().unwrap().to_string();
        assert!(error.starts_with(message), "{error}");
    }
}

#[test]
fn a_compression_without_a_codec_is_an_error_when_pixels_are_requested() {
    let mut file = SampleFile::new(ByteOrder::Little, false);
    file.directory(&pixel(8, 1, &[shorts(259, &[34_676]), longs(279, &[1])]));
    let reader = open_bytes(file.finish()).unwrap();
    assert_eq!(reader.assets()[0].image.as_ref().unwrap().compression, "sgilog");
    let image = reader.image(0).unwrap();
    let error = read(&*image, Window::new(0, 0, 1, 1), &[0]).unwrap_err().to_string();
    assert_eq!(error, "unsupported tag Compression (259): 34676 in IFD 0");
}

#[test]
fn blocks_outside_of_the_file_are_refused() {
    let mut file = SampleFile::new(ByteOrder::Little, false);
    file.directory(&pixel(5000, 1, &[]));
    let image = open_bytes(file.finish()).unwrap().image(0).unwrap();
    let error = read(&*image, Window::new(0, 0, 1, 1), &[0]).unwrap_err().to_string();
    assert_eq!(
        error,
        "malformed block: extends past the end of the data, bytes: got 0, expected 1 in block 0 of IFD 0 at byte 5000"
    );
}

#[test]
fn complex_integers_and_luminance_are_converted() {
    let mut file = SampleFile::new(ByteOrder::Big, false);
    let place = file.put(&[0, 7, 0xff, 0xfe]);
    let mut fields = pixel(place, 1, &[shorts(339, &[5])]);
    fields[2] = shorts(258, &[32]);
    file.directory(&fields);
    let units = file.put(&[50, 128, 128]);
    let mut fields = pixel(units, 1, &[shorts(277, &[3]), shorts(530, &[1, 1])]);
    (fields[2], fields[3]) = (shorts(258, &[8, 8, 8]), shorts(262, &[6]));
    file.directory(&fields);
    let reader = open_bytes(file.finish()).unwrap();
    let complex = read(&*reader.image(0).unwrap(), Window::new(0, 0, 1, 1), &[0]).unwrap();
    assert_eq!(complex, [7f32.to_ne_bytes(), (-2f32).to_ne_bytes()].concat());
    assert_eq!(read(&*reader.image(1).unwrap(), Window::new(0, 0, 1, 1), &[0, 1, 2]).unwrap(), [50, 50, 50]);
}

/// Opens a damaged file and reads its images, if they are small.
fn exercise(bytes: Vec<u8>) {
    let Ok(reader) = open_bytes(bytes) else { return };
    for position in 0..reader.assets().len() {
        let Ok(image) = reader.image(position) else { continue };
        let grid = image.layout().grid;
        let window = Window::new(0, 0, grid.columns().min(64), grid.rows().min(64));
        let bands: Vec<u32> = (0..image.layout().bands.min(4)).collect();
        let _ = read(&*image, window, &bands);
        if image.layout().block_bytes() < 1 << 20 {
            let _ = image.block(BlockIndex { row: 0, column: 0 });
        }
        let _ = reader.raw_asset(position);
    }
}

#[test]
fn damaged_files_give_errors_or_images() {
    let files = [
        made(NONE, ByteOrder::Little, (20, 20), 3, (16, 16), false, true),
        made(PACKBITS, ByteOrder::Big, (20, 20), 2, (20, 6), true, false),
    ];
    for file in files {
        (0..file.len()).for_each(|length| exercise(file[..length].to_vec()));
        let mut random = 0x2545_f491_4f6c_dd1du64;
        for _ in 0..3000 {
            let mut damaged = file.clone();
            for _ in 0..3 {
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                // Most of the bytes are pixels, in which damage means little: the directory is at the end.
                let place = damaged.len() - 1 - (random >> 8) as usize % 220;
                damaged[place] = if random & 1 == 0 { random as u8 } else { damaged[place] ^ 1 << (random >> 4 & 7) };
            }
            exercise(damaged);
        }
    }
}

fn keys(directories: &[(u8, Option<usize>)]) -> Vec<String> {
    let facts = |(bits, parent): &(u8, Option<usize>)| Facts {
        reduced: bits & 1 != 0,
        mask: bits & 4 != 0,
        parent: *parent,
        size: (1, 1),
    };
    let places = arrange(&directories.iter().map(facts).collect::<Vec<_>>());
    places.into_iter().map(|place| format!("{} {}", place.key, place.roles.join("+"))).collect()
}

#[test]
fn overviews_and_masks_belong_to_the_image_before_them() {
    let chain = [0, 4, 1, 1, 5, 0, 1, 5].map(|bits| (bits, None));
    let expected = [
        "image:0 data",
        "image:0:mask mask",
        "image:0:overview:1 overview",
        "image:0:overview:2 overview",
        "image:0:mask:overview:1 overview+mask",
        "image:1 data",
        "image:1:overview:1 overview",
        "image:1:mask mask",
    ];
    assert_eq!(keys(&chain), expected);
}

#[test]
fn sub_directories_belong_to_their_parent() {
    let tree = [(1, None), (0, None), (1, Some(1)), (0, Some(1)), (1, Some(1)), (0, None)];
    let expected = [
        "image:0 overview",
        "image:1 data",
        "image:1:overview:1 overview",
        "image:1:sub:1 data",
        "image:1:sub:1:overview:1 overview",
        "image:2 data",
    ];
    assert_eq!(keys(&tree), expected);
}
