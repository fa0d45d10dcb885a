//! The header from which metadata were copied.

use super::super::fields::to_record;
use super::super::values::FAMILY;
use super::field_sets::STALE;
use crate::metadata::{Metadata, Origin};
use crate::schema::{FieldData, Item, Record, Structure, read};

/// The header from which the metadata were read, whatever was changed since. `None` if it was of another structure or is
/// damaged.
pub(super) fn original_of(structure: &Structure, metadata: &Metadata) -> Option<Record> {
    let origin = metadata.origin_in(FAMILY).filter(|origin| origin.form() == structure.name)?;
    let (record, size) = read(structure, origin.raw()).ok()?;
    (size == origin.raw().len()).then_some(record)
}

/// True if the metadata were read from exactly these header bytes, whatever was changed since.
pub(super) fn is_of_header(metadata: &Metadata, header: &[u8]) -> bool {
    metadata.origin_in(FAMILY).is_some_and(|origin| origin.raw() == header)
}

/// The fields of the header from which metadata were copied, if [`original_of`] does not find it: as they were read, else
/// guessed from the stated `fields`.
pub(super) fn original_or_guess(structure: &Structure, metadata: &Metadata, fields: &Record) -> Option<Record> {
    match metadata.origin() {
        // A header that is damaged or of another kind can still be copied.
        Some(origin) => Some(fields_read(structure, origin)),
        None => guessed(structure, fields),
    }
}

/// The stated fields of a request with their origin: those that equal a field of `original` were read. Fields are compared and
/// not metadata values, as a field has several spellings: with and without padding, or a group as a list or as mappings.
pub(super) fn with_origin(stated: Metadata, fields: &Record, original: Option<&Record>) -> Metadata {
    let Some(original) = original else { return stated };
    stated.as_copy(FAMILY, |name| original.get(name) == fields.get(name))
}

/// The fields of a header that is damaged, or of another kind or format, under the names of this structure.
fn fields_read(structure: &Structure, origin: &Origin) -> Record {
    let fields = origin.iter().filter(|(key, _)| structure.has(key));
    to_record(&structure.items, fields).unwrap_or_default()
}

/// Guesses the original from a plain mapping that looks like a copy of a header, such as `dict(image.metadata)`: its origin is
/// lost. The result has the fields that state the size and storage of the image or file, and as many bands as they state.
/// `None` unless every field that any such header has is present as text, which nobody writes by hand.
fn guessed(structure: &Structure, fields: &Record) -> Option<Record> {
    let is_text = |name: &str| matches!(fields.get(name), Some(FieldData::Text(_) | FieldData::Bytes(_)));
    let whole = structure.items.iter().all(|item| match item {
        Item::Field(field) => is_text(&field.name),
        Item::When { .. } | Item::Repeat { .. } => true,
    });
    let bands = fields.int("NBANDS").unwrap_or(0) + fields.int("XBANDS").unwrap_or(0);
    let is_copied = |name: &str, data: &FieldData| match data {
        FieldData::Group(turns) => name != "BAND_INFO" || turns.len() as i128 == bands,
        FieldData::Text(_) => STALE.contains(&name),
        _ => false,
    };
    whole.then(|| fields.iter().filter(|(name, data)| is_copied(name, data)).map(|(n, d)| (n, d.clone())).collect())
}

#[cfg(test)]
mod tests {
    use super::super::given::structure;
    use super::*;
    use crate::metadata::Value;

    #[test]
    fn a_header_is_read_again_in_the_form_it_stood_in() {
        let text = structure("TEXT");
        let raw = [&[b' '; 277][..], b"00000"].concat();
        let read_as = |family: &'static str, form: &'static str, raw: &[u8]| {
            [("TXTITL", "T")].into_iter().collect::<Metadata>().read_from(family, form, raw.to_vec())
        };
        let copy = read_as(FAMILY, "TEXT", &raw);
        assert!(original_of(text, &copy).is_some_and(|record| record.text("TXTITL") == Some("")));
        assert!(is_of_header(&copy, &raw) && !is_of_header(&copy, b"") && !is_of_header(&Metadata::new(), b""));
        let others =
            [read_as(FAMILY, "TEXT20", &raw), read_as("tiff", "TEXT", &raw), read_as(FAMILY, "TEXT", &raw[1..])];
        assert!(others.iter().all(|other| original_of(text, other).is_none()));
    }

    #[test]
    fn what_was_read_of_a_damaged_header_is_known() {
        let copy: Metadata = [("TXTITL", "T"), ("PIAPRD", "x")].into_iter().collect();
        let mut copy = copy.read_from(FAMILY, "TEXT", b"TE".to_vec());
        copy.set("TXTITL", Value::from("changed"));
        let fields = fields_read(structure("TEXT"), copy.origin_in(FAMILY).unwrap());
        assert_eq!((fields.text("TXTITL"), fields.len()), (Some("T"), 1));
    }

    #[test]
    fn fields_that_equal_the_original_are_copied_and_others_chosen() {
        let stated: Metadata = [("NROWS", "8"), ("IC", "NM"), ("ICAT", "VIS")].into_iter().collect();
        let fields: Record = [("NROWS", "00000008"), ("IC", "NM"), ("ICAT", "VIS")].into_iter().collect();
        let original: Record = [("NROWS", "00000008"), ("IC", "NC")].into_iter().collect();
        let copy = with_origin(stated.clone(), &fields, Some(&original));
        assert!(copy.is_copy_of(FAMILY) && !copy.is_chosen("NROWS") && copy.is_chosen("IC") && copy.is_chosen("ICAT"));
        let plain = with_origin(stated, &fields, None);
        assert!(!plain.is_copy_of(FAMILY) && plain.is_chosen("NROWS"));
    }

    #[test]
    fn a_guess_needs_every_field_that_any_header_has() {
        let image = structure("IMAGE");
        let names =
            image.items.iter().filter_map(|item| if let Item::Field(field) = item { Some(&*field.name) } else { None });
        let mut fields: Record = names.map(|name| (name, "x")).collect();
        let original = original_or_guess(image, &Metadata::new(), &fields).unwrap();
        assert!(original.get("NROWS").is_some() && original.get("TGTID").is_none());
        fields.remove("TGTID");
        assert!(original_or_guess(image, &Metadata::new(), &fields).is_none());
    }
}
