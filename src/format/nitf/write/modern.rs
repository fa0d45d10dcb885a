//! Translates metadata that were read from NITF 2.0 (MIL-STD-2500A) to NITF 2.1. Fields with the same meaning are carried over
//! under the names and in the forms of 2.1. Others are left out, with a warning if they hold a value.

use super::super::geo::{Corners, Icords};
use super::super::version::Version;
use super::origin::original_of;
use crate::format::{Warning, WriteContext};
use crate::metadata::{Metadata, Value};
use crate::schema::{FieldData, Record, Structure};

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
                context
                    .warnings
                    .push(Warning::new(name, "has characters that NITF 2.1 does not have, and is left out"));
            }
            Some((name, value)) => modern.append(name, value),
            None if STRUCTURE.contains(&key) || is_blank(value) || matches!(key, "ICORDS" | "IGEOLO") => {}
            None => {
                let message = "is a field of NITF 2.0 that NITF 2.1 does not have in that form, and is left out";
                context.warnings.push(Warning::new(key, message));
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

/// ICORDS and IGEOLO in a form of 2.1; `None` if there are no corners, or they cannot be read.
fn corners(original: &Record) -> Option<(&'static str, String)> {
    let form = Icords::from_code(original.text("ICORDS")?)?;
    let Some(FieldData::Text(text)) = original.get("IGEOLO") else { return None };
    match form {
        // Only the letters are shared: in 2.0 `U` is UTM without a hemisphere, and `N` means that there are no corners.
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
fn is_extended(c: char) -> bool {
    matches!(c, ' '..='~' | '\u{A0}'..='\u{FF}')
}

fn is_blank(value: &Value) -> bool {
    value.as_text().is_some_and(|text| text.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_get_their_century() {
        assert_eq!(date("03191636ZSEP93").as_deref(), Some("19930903191636"));
        assert_eq!(date("19210403ZOCT09").as_deref(), Some("20091019210403"));
        for text in ["", "--------ZSEP93", "03191636ZXXX93", "03191636 SEP93", "20240102030405"] {
            assert_eq!(date(text), None, "{text}");
        }
    }
}
