//! The origin of an image's metadata: the bytes of its directory, their form, which the bytes do not state, and the values that
//! the metadata do not determine. Also the guess that a plain mapping is a copy.

use std::collections::HashMap;

use super::directory::Directory;
use super::field::{Field, FieldType, FieldValue};
use super::{sub_directory, tags, values};
use crate::io::ByteOrder;
use crate::metadata::{Metadata, Stored};

/// The family of the format in the origin of metadata.
pub(super) const FAMILY: &str = "tiff";

/// Byte order and whether the file is a BigTIFF, by the first characters and the version of the file's header.
const FORMS: [(&str, ByteOrder, bool); 4] = [
    ("II42", ByteOrder::Little, false),
    ("MM42", ByteOrder::Big, false),
    ("II43", ByteOrder::Little, true),
    ("MM43", ByteOrder::Big, true),
];

/// The form of the bytes of a directory.
pub(super) fn form(order: ByteOrder, big: bool) -> &'static str {
    let found = FORMS.iter().find(|form| (form.1, form.2) == (order, big));
    found.map(|form| form.0).expect("every byte order and kind has a row")
}

/// The metadata of a directory with their origin.
pub(super) fn read_from(metadata: Metadata, directory: &Directory) -> Metadata {
    let order = directory.order;
    // Of repeated tags the first counts, and a key finds the first of its values.
    let undetermined = directory.fields.iter().filter(|field| !values::is_determined(field));
    let bytes = |field: &Field| match &field.value {
        FieldValue::Directory(fields) => sub_directory::to_bytes(fields),
        _ => field.to_bytes(order),
    };
    let stored: Stored = undetermined.map(|field| (field.tag.to_string(), bytes(field))).collect();
    metadata.read_with_stored(FAMILY, form(order, directory.big), directory.raw.clone(), stored)
}

/// The field under the number of `tag` as it was read, if the value is unchanged and does not determine it; `kind` is its type.
pub(super) fn stored_field(metadata: &Metadata, tag: u16, kind: FieldType) -> Option<Field> {
    let bytes = metadata.stored(FAMILY, &tag.to_string())?;
    if tags::DIRECTORIES.contains(&tag) {
        return sub_directory::parse(tag, bytes);
    }
    let order = order_of(metadata.origin_in(FAMILY)?.form())?.0;
    Some(Field { tag, kind, value: FieldValue::parse(kind, bytes, order) })
}

/// The metadata of a request with the origin that counts here: that of a TIFF's directory. A plain mapping with the size of an
/// image under the numbers of the tags counts as a copy: values under numbers were read, as readers put tags under numbers.
pub(super) fn with_origin(metadata: &Metadata) -> Metadata {
    let size = [tags::IMAGE_WIDTH, tags::IMAGE_LENGTH].map(|tag| tag.to_string());
    let is_number = |key: &str| key.starts_with(|first: char| first.is_ascii_digit());
    metadata.for_family(FAMILY, &size.each_ref().map(String::as_str), is_number)
}

/// The types of fields in the directory that the metadata was read from; empty for other metadata.
pub(super) fn stored_types(metadata: &Metadata) -> HashMap<u16, FieldType> {
    let types = metadata.origin_in(FAMILY).and_then(|origin| {
        let (order, big) = order_of(origin.form())?;
        read_types(origin.raw(), order, big)
    });
    types.unwrap_or_default()
}

/// Byte order and whether the file is a BigTIFF, by the form of a directory.
fn order_of(form: &str) -> Option<(ByteOrder, bool)> {
    FORMS.iter().find(|known| known.0 == form).map(|known| (known.1, known.2))
}

fn read_types(directory: &[u8], order: ByteOrder, big: bool) -> Option<HashMap<u16, FieldType>> {
    let (count_bytes, entry_bytes) = if big { (8, 20) } else { (2, 12) };
    let count =
        if big { order.u64(*directory.first_chunk()?) } else { u64::from(order.u16(*directory.first_chunk()?)) };
    let length = usize::try_from(count).ok()?.checked_mul(entry_bytes)?.checked_add(count_bytes)?;
    let entry = |entry: &[u8]| {
        let [a, b, c, d] = *entry.first_chunk()?;
        Some((order.u16([a, b]), FieldType::from_code(order.u16([c, d]))?))
    };
    // A field of an unknown type is not metadata. Of repeated tags the first counts.
    Some(directory.get(count_bytes..length)?.chunks_exact(entry_bytes).rev().filter_map(entry).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn types(raw: &[u8], family: &'static str, form: &'static str) -> HashMap<u16, FieldType> {
        stored_types(&Metadata::new().read_from(family, form, raw.to_vec()))
    }

    #[test]
    fn types_are_read_from_a_directory_of_either_order_and_kind() {
        let classic = [0, 1, 0xfd, 0xe8, 0, 11, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0];
        let found = HashMap::from([(65_000, FieldType::Float)]);
        assert_eq!(types(&classic, FAMILY, form(ByteOrder::Big, false)), found);
        assert_eq!(types(&classic[..14], FAMILY, "MM42"), found, "the place of the next directory may be missing");
        let mut big = vec![1, 0, 0, 0, 0, 0, 0, 0, 0xe8, 0xfd, 16, 0];
        big.resize(8 + 20 + 8, 0);
        let found = HashMap::from([(65_000, FieldType::Long8)]);
        assert_eq!(types(&big, FAMILY, form(ByteOrder::Little, true)), found);
    }

    #[test]
    fn a_plain_mapping_with_the_numbers_of_a_size_is_a_copy_under_its_numbers() {
        let mut plain: Metadata = [("256", 8), ("257", 8), ("259", 5), ("Compression", 8)].into_iter().collect();
        let copy = with_origin(&plain);
        assert!(copy.is_copy_of(FAMILY) && !copy.is_chosen("259") && copy.is_chosen("Compression"));
        assert!(stored_types(&copy).is_empty());
        plain.remove("257");
        assert!(with_origin(&plain).origin().is_none());
    }

    #[test]
    fn only_the_origin_in_a_tiff_counts() {
        let read: Metadata = [("256", 8), ("257", 8)].into_iter().collect();
        let known = read.clone().read_from(FAMILY, "II42", vec![1]);
        assert_eq!(with_origin(&known), known);
        let other = with_origin(&read.read_from("nitf", "IMAGE", vec![1]));
        assert!(other.origin().is_none() && other.is_chosen("256"));
    }

    #[test]
    fn bytes_that_are_not_a_directory_have_no_types() {
        let classic = [0, 1, 0xfd, 0xe8, 0, 11, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0];
        assert!(types(&classic[..13], FAMILY, "MM42").is_empty() && types(&classic, FAMILY, "II43").is_empty());
        assert!(types(&classic, "nitf", "MM42").is_empty() && types(&classic, FAMILY, "").is_empty());
        assert!(types(b"II*\0\x08\0\0\0", FAMILY, "II42").is_empty());
        assert!(stored_types(&Metadata::new()).is_empty());
    }
}
