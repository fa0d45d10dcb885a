//! Directories inside a field: EXIF, GPS and interoperability (EXIF 2.32 §4.6.3). A copy has them with all their fields; values
//! that are offsets for other software, such as those in notes of a camera's maker, are not adjusted.

use super::directory::DirectoryReader;
use super::field::{Field, FieldType, FieldValue};
use super::layout::{Chain, Kind};
use crate::io::MemorySource;
use crate::limits::Limits;

/// The fields as bytes that [`parse`] reads: a `BigTIFF` without an image.
pub(super) fn to_bytes(fields: &[Field]) -> Vec<u8> {
    let mut bytes = Kind::Big.header();
    let start = Kind::Big.header_bytes();
    Kind::Big.put(&mut bytes, start);
    bytes.extend(Chain { kind: Kind::Big, unit: 8, apart: &[] }.bytes(&[fields.to_vec()], start));
    bytes
}

/// The field `tag` with the directory that [`to_bytes`] made bytes of; `None` for other bytes.
pub(super) fn parse(tag: u16, bytes: &[u8]) -> Option<Field> {
    let (source, limits) = (MemorySource(bytes), Limits::default());
    let (mut reader, first) = DirectoryReader::open(&source, &limits).ok()?;
    let (directory, _) = reader.directory(0, first).ok()?;
    Some(Field { tag, kind: FieldType::Long, value: FieldValue::Directory(directory.fields) })
}

#[cfg(test)]
mod tests {
    use super::super::tags;
    use super::*;

    #[test]
    fn nested_directories_come_back_from_their_bytes() {
        let text =
            Field { tag: 36_867, kind: FieldType::Ascii, value: FieldValue::Text(b"2024:02:29 12:30:00".to_vec()) };
        let fraction = Field { tag: 33_434, kind: FieldType::Rational, value: FieldValue::Rationals(vec![(10, 2500)]) };
        let inner = Field { tag: 1, kind: FieldType::Ascii, value: FieldValue::Text(b"R98".to_vec()) };
        let nested =
            Field { tag: tags::INTEROPERABILITY_IFD, kind: FieldType::Long, value: FieldValue::Directory(vec![inner]) };
        let fields = vec![fraction, text, nested];
        let found = parse(tags::EXIF_IFD, &to_bytes(&fields)).unwrap();
        assert_eq!(found.value, FieldValue::Directory(fields));
        assert!(parse(tags::EXIF_IFD, b"no directory").is_none());
    }
}
