//! The header from which metadata were copied: how it is found again, and how the metadata of NITF 2.0 (MIL-STD-2500A) are
//! renewed. Fields with the same meaning are carried over under the names and in the forms of 2.1. Others are left out, with a
//! warning if they hold a value.

use super::super::fields::to_record;
use super::super::geo::{Corners, Icords};
use super::super::values::FAMILY;
use super::super::version::Version;
use super::field_sets::STALE;
use crate::format::{Warning, WarningKind, WriteContext};
use crate::metadata::{Metadata, Origin, Value};
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
    stated.into_copy(FAMILY, |name| original.get(name) == fields.get(name))
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

/// Fields of 2.0 that have another name in 2.1.
const RENAMED: [(&str, &str); 4] = [("IID", "IID1"), ("ITITLE", "IID2"), ("DESTAG", "DESID"), ("RESTAG", "RESID")];

/// Fields with the same meaning and form in both versions.
const SAME: [&str; 32] = [
    "OSTAID",
    "FTITLE",
    "ONAME",
    "OPHONE",
    "TGTID",
    "ISORCE",
    "IREP",
    "ICAT",
    "PJUST",
    "ICOM",
    "IC",
    "BAND_INFO",
    "IMODE",
    "NPPBH",
    "NPPBV",
    "IDLVL",
    "IALVL",
    "ILOC",
    "IMAG",
    "SID",
    "SNAME",
    "SDLVL",
    "SALVL",
    "SLOC",
    "SCOLOR",
    "TXTITL",
    "TXTFMT",
    "DESVER",
    "RESVER",
    "DESSHF",
    "RESSHF",
    "ABPP",
];

/// Fields of the security group with the same meaning in both versions; some have fewer characters in 2.1.
const SECURITY: [&str; 5] = ["CLAS", "CODE", "CTLH", "REL", "CTLN"];

/// Fields that are computed from the pixels and the structure of a file.
const STRUCTURE: [&str; 57] = [
    "FHDR",
    "FVER",
    "CLEVEL",
    "STYPE",
    "FDT",
    "FSCOP",
    "FSCPYS",
    "ENCRYP",
    "FL",
    "HL",
    "NUMI",
    "NUMS",
    "NUML",
    "NUMT",
    "NUMDES",
    "NUMRES",
    "IMAGE_SEGMENTS",
    "GRAPHIC_SEGMENTS",
    "LABEL_SEGMENTS",
    "TEXT_SEGMENTS",
    "DATA_SEGMENTS",
    "RESERVED_SEGMENTS",
    "UDHDL",
    "UDHOFL",
    "XHDL",
    "XHDLOFL",
    "IM",
    "NROWS",
    "NCOLS",
    "PVTYPE",
    "NICOM",
    "COMRAT",
    "NBANDS",
    "XBANDS",
    "ISYNC",
    "NBPR",
    "NBPC",
    "NBPP",
    "UDIDL",
    "UDOFL",
    "IXSHDL",
    "IXSOFL",
    "DESSHL",
    "RESSHL",
    "SY",
    "SXSHDL",
    "SXSOFL",
    "LA",
    "LXSHDL",
    "LXSOFL",
    "TE",
    "TXSHDL",
    "TXSOFL",
    "DE",
    "DESOFLW",
    "DESITEM",
    "RE",
];

/// The metadata in terms of 2.1, if they are a copy of a header of 2.0; else `None`.
pub(super) fn modernised(
    structure: &Structure,
    metadata: &Metadata,
    context: &mut WriteContext<'_, '_>,
) -> Option<Metadata> {
    metadata.origin_in(FAMILY)?;
    let old = Version::Nitf20.of(&structure.name)?;
    let original = original_of(old, metadata)?;
    let mut modern = Metadata::new();
    for (key, value) in metadata.iter() {
        let copied = original.get(key).is_some_and(|old| is_same(old, value));
        let groups = matches!(value, Value::List(_)) && original.get(key).is_some();
        if !copied && !groups {
            modern.append(key, value.clone());
            continue;
        }
        match translated(key, value) {
            // Some files have the background colour before the name, as in 2.1.
            Some((name, Value::Text(text))) if name == "ONAME" && !text.chars().take(3).all(is_extended) => {
                modern.append("FBKGC", text.chars().take(3).map(|c| c as u8).collect::<Vec<u8>>());
                modern.append(name, text.chars().skip(3).collect::<String>());
            }
            Some((name, Value::Text(text))) if !text.chars().all(is_extended) => {
                context.warnings.push(Warning::new(
                    WarningKind::Metadata,
                    name,
                    "has characters that NITF 2.1 does not have, and is left out",
                ));
            }
            Some((name, value)) => modern.append(name, value),
            None if STRUCTURE.contains(&key) || is_blank(value) || matches!(key, "ICORDS" | "IGEOLO") => {}
            None => {
                let message = "is a field of NITF 2.0 that NITF 2.1 does not have in that form, and is left out";
                context.warnings.push(Warning::new(WarningKind::Metadata, key, message));
            }
        }
    }
    if let Some(corners) = corners(&original) {
        modern.set("ICORDS", corners.0);
        modern.set("IGEOLO", corners.1);
    }
    Some(modern)
}

/// A field under its name and in its form of 2.1; `None` if 2.1 does not have it.
fn translated(key: &str, value: &Value) -> Option<(String, Value)> {
    let trimmed = || value.as_text().map_or_else(|| value.clone(), |text| Value::from(text.trim_end()));
    if let Some((_, name)) = RENAMED.iter().find(|(old, _)| *old == key) {
        return Some(((*name).to_owned(), trimmed()));
    }
    if matches!(key, "IDATIM" | "TXTDT") {
        return Some((key.to_owned(), Value::from(date(value.as_text()?)?)));
    }
    if key == "TEXTID" || key == "ONAME" {
        let most = if key == "ONAME" { 27 } else { 7 };
        return Some((key.to_owned(), trimmed()))
            .filter(|(_, value)| value.as_text().is_some_and(|text| text.len() <= most));
    }
    if SAME.contains(&key) {
        return Some((key.to_owned(), trimmed())).filter(|(_, value)| !is_blank(value));
    }
    let prefixes = ["FS", "IS", "SS", "TS", "DES", "RES"];
    let security =
        prefixes.iter().find_map(|prefix| key.strip_prefix(prefix)).filter(|name| SECURITY.contains(name))?;
    let most = match security {
        "CLAS" => 1,
        "CODE" => 11,
        "CTLH" => 2,
        "REL" => 20,
        _ => 15,
    };
    Some((key.to_owned(), trimmed())).filter(|(_, value)| value.as_text().is_some_and(|text| text.len() <= most))
}

/// Turns `DDHHMMSSZMONYY` into `CCYYMMDDhhmmss`; years from 50 on are of the twentieth century. `None` if it is not such a
/// date.
fn date(text: &str) -> Option<String> {
    const MONTHS: [&str; 12] = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
    let (digits, rest) = text.split_at_checked(8)?;
    let (zone, rest) = rest.split_at_checked(1)?;
    let (month, year) = rest.split_at_checked(3)?;
    let month = MONTHS.iter().position(|name| *name == month)? + 1;
    let year: u32 = year.parse().ok().filter(|_| year.len() == 2)?;
    let good = zone == "Z" && digits.bytes().all(|byte| byte.is_ascii_digit());
    let century = if year >= 50 { 19 } else { 20 };
    good.then(|| format!("{century}{year:02}{month:02}{}{}", &digits[..2], &digits[2..]))
}

/// ICORDS and IGEOLO in a form of 2.1; `None` without corners, or if they cannot be read.
fn corners(original: &Record) -> Option<(&'static str, String)> {
    let form = Icords::from_code(original.text("ICORDS")?)?;
    let Some(FieldData::Text(text)) = original.get("IGEOLO") else { return None };
    match form {
        // Only the letters are shared: in 2.0 `U` is UTM without a hemisphere, and `N` means that the corners are left out.
        Icords::Geographic => Some(("G", text.clone())),
        Icords::Geocentric => Some(("G", Corners::parse(form, text).ok()?.format(Icords::Geographic).ok()?)),
        _ => None,
    }
}

fn is_same(old: &FieldData, value: &Value) -> bool {
    match (old, value) {
        (FieldData::Text(old), Value::Text(text)) => old.trim_end() == text.trim_end(),
        (FieldData::Bytes(old), Value::Bytes(bytes)) => old == bytes,
        _ => false,
    }
}

/// True for the characters of ECS-A.
pub(super) fn is_extended(c: char) -> bool {
    matches!(c, ' '..='~' | '\u{A0}'..='\u{FF}')
}

fn is_blank(value: &Value) -> bool {
    value.as_text().is_some_and(|text| text.trim().is_empty())
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

    #[test]
    fn dates_get_their_century() {
        assert_eq!(date("03191636ZSEP93").as_deref(), Some("19930903191636"));
        assert_eq!(date("19210403ZOCT09").as_deref(), Some("20091019210403"));
        for text in ["", "--------ZSEP93", "03191636ZXXX93", "03191636 SEP93", "20240102030405"] {
            assert_eq!(date(text), None, "{text}");
        }
    }
}
