use super::*;
use crate::format::tiff::sample_file::{SampleFile, longs, shorts, text};
use crate::io::MemorySource;

fn first_of(bytes: &[u8]) -> Result<Directory> {
    let source = MemorySource(bytes);
    let limits = Limits::default();
    let (mut reader, first) = DirectoryReader::open(&source, &limits)?;
    reader.directory(0, first).map(|(directory, _)| directory)
}

#[test]
fn fields_are_read_in_both_orders_and_sizes_of_offsets() {
    for (order, big) in
        [(ByteOrder::Little, false), (ByteOrder::Big, false), (ByteOrder::Little, true), (ByteOrder::Big, true)]
    {
        let mut file = SampleFile::new(order, big);
        let fields = [
            shorts(tags::IMAGE_WIDTH, &[7]),
            shorts(tags::BITS_PER_SAMPLE, &[8, 8, 8, 8, 8]),
            text(tags::IMAGE_DESCRIPTION, "a longer text"),
            longs(tags::STRIP_OFFSETS, &[1, 2, 3]),
        ];
        file.directory(&fields);
        let bytes = file.finish();
        let directory = first_of(&bytes).unwrap();
        assert_eq!(directory.fields, fields);
        assert_eq!(directory.size(tags::IMAGE_WIDTH).unwrap(), 7);
        assert_eq!(directory.of_every_sample(tags::BITS_PER_SAMPLE, 1).unwrap(), 8);
        assert_eq!(directory.text(tags::IMAGE_DESCRIPTION), "a longer text");
        let array = directory.places(tags::STRIP_OFFSETS).unwrap().unwrap();
        assert_eq!(array.count, 3);
        let start = array.offset as usize;
        assert_eq!(order.u32(bytes[start..start + 4].try_into().unwrap()), 1);
        let raw = &bytes[directory.offset as usize..];
        assert_eq!(directory.raw, raw[..directory.raw.len()]);
    }
}

#[test]
fn long_arrays_of_places_are_found_and_not_read() {
    let mut file = SampleFile::new(ByteOrder::Little, false);
    file.directory(&[longs(tags::TILE_OFFSETS, &vec![5; 2000])]);
    let directory = first_of(&file.finish()).unwrap();
    assert!(directory.fields.is_empty());
    assert_eq!(directory.places(tags::TILE_OFFSETS).unwrap().map(|array| array.count), Some(2000));
}

#[test]
fn a_field_outside_of_the_file_is_an_error_only_when_it_is_read() {
    let mut file = SampleFile::new(ByteOrder::Little, false);
    file.directory(&[shorts(tags::IMAGE_WIDTH, &[7]), text(tags::IMAGE_DESCRIPTION, "a longer text")]);
    let mut bytes = file.finish();
    let entry = bytes.windows(2).position(|pair| pair == tags::IMAGE_DESCRIPTION.to_le_bytes()).unwrap();
    bytes[entry + 8..entry + 12].copy_from_slice(&u32::MAX.to_le_bytes());
    let directory = first_of(&bytes).unwrap();
    assert_eq!(directory.fields.len(), 1);
    assert_eq!(directory.lost().collect::<Vec<_>>(), [(tags::IMAGE_DESCRIPTION, "values outside of the file".into())]);
    let error = directory.get(tags::IMAGE_DESCRIPTION).unwrap_err().to_string();
    assert_eq!(
        error,
        format!("malformed tag ImageDescription (270): values outside of the file in IFD 0 at byte {entry}")
    );
}

#[test]
fn unknown_types_are_skipped() {
    let mut file = SampleFile::new(ByteOrder::Little, false);
    file.directory(&[shorts(tags::IMAGE_WIDTH, &[7]), shorts(tags::IMAGE_LENGTH, &[9])]);
    let mut bytes = file.finish();
    let entry = bytes.windows(2).position(|pair| pair == tags::IMAGE_WIDTH.to_le_bytes()).unwrap();
    bytes[entry + 2] = 99;
    assert_eq!(first_of(&bytes).unwrap().fields.len(), 1);
}

#[test]
fn headers_of_other_files_are_refused() {
    for (bytes, message) in [
        (&b"II"[..], "malformed file: ends early: 2 bytes at byte 0"),
        (b"PK\x2a\0aaaa", "malformed byte order of the header: got PK, expected II or MM"),
        (b"II\x2c\0aaaa", "malformed header: version: got 44, expected 42 or 43 at byte 2"),
        (b"II\x2b\0\x04\0\0\0aaaaaaaa", "malformed header: size of offsets: got 4, 0, expected 8, 0 at byte 4"),
        (b"II\x2a\0\xff\0\0\0", "malformed directory: extends past the end of the file in IFD 0 at byte 255"),
        (
            b"II\x2a\0\x08\0\0\0\x05\0",
            "malformed directory: extends past the end of the file: 5 entries in IFD 0 at byte 8",
        ),
    ] {
        assert_eq!(first_of(bytes).unwrap_err().to_string(), message);
    }
}

#[test]
fn many_fields_that_name_the_same_bytes_meet_the_limit() {
    let mut file = SampleFile::new(ByteOrder::Little, true);
    let place = file.put(&vec![0; 1 << 20]);
    let fields: Vec<_> = (0..100).map(|tag| longs(1000 + tag, &[0, 0, 0])).collect();
    file.directory(&fields);
    let mut bytes = file.finish();
    let start = bytes.len() - 8 - 100 * 20;
    for entry in bytes[start..].chunks_exact_mut(20).take(100) {
        entry[2] = 1;
        entry[4..12].copy_from_slice(&(1u64 << 20).to_le_bytes());
        entry[12..20].copy_from_slice(&place.to_le_bytes());
    }
    assert!(matches!(first_of(&bytes), Err(Error::Limit { .. })));
}
