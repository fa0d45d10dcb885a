//! What an image segment holds beyond its pixels and the facts that every format knows, by name.

use super::chip::CHIP_KEYS;
use super::kind::Kind;
use super::names;
use super::pad::PAD_CODE;
use super::rpc;
use super::version::Version;
use super::write::STATION;
use crate::metadata::{Metadata, Value};
use crate::schema::Record;

/// Fields of the subheader with a meaning of their own, and the value of each that states nothing.
const FIELDS: [(&str, &str); 23] = [
    ("TGTID", ""),
    ("ISORCE", ""),
    ("ICAT", "VIS"),
    ("ENCRYP", "0"),
    ("ISCLAS", "U"),
    ("ISCLSY", ""),
    ("ISCODE", ""),
    ("ISCTLH", ""),
    ("ISREL", ""),
    ("ISDCTP", ""),
    ("ISDCDT", ""),
    ("ISDCXM", ""),
    ("ISDG", ""),
    ("ISDGDT", ""),
    ("ISCLTX", ""),
    ("ISCATP", ""),
    ("ISCAUT", ""),
    ("ISCRSN", ""),
    ("ISSRDT", ""),
    ("ISCTLN", ""),
    ("ISDWNG", ""),
    ("ISDEVT", ""),
    ("ICOM", ""),
];

/// Fields of the file header with a meaning of their own, and the value of each that states nothing or is the default. Those of security begin with FS.
const FILE_FIELDS: [(&str, &str); 8] = [
    ("OSTAID", STATION),
    ("FTITLE", ""),
    ("FSCLAS", "U"),
    ("FSCOP", "00000"),
    ("FSCPYS", "00000"),
    ("ENCRYP", "0"),
    ("ONAME", ""),
    ("OPHONE", ""),
];

/// True for a key under which a NITF states where an image lies, also as a chip in another one.
pub(super) fn is_location_key(key: &str) -> bool {
    CHIP_KEYS.contains(&key) || key == "PRJPSB"
}

/// The names of what other formats do not take over, besides the sensor model. Comments that are the description are not among them.
pub(super) fn names(metadata: &Metadata) -> Vec<String> {
    let tables = [Version::Nitf21, Version::Nitf20].map(|version| version.subheader(Kind::Image));
    let is_field = |key: &str| tables.iter().any(|table| table.has(key));
    let text = |key: &'static str| Some((key, metadata.get(key)?.as_text()?));
    let titles: Record = ["IID1", "IID2"].into_iter().filter_map(text).collect();
    let has_title = names::IMAGE.read(&titles).has_title();
    let mut names: Vec<String> = Vec::new();
    for (key, value) in metadata.iter() {
        let field = FIELDS.iter().find(|(field, _)| *field == key);
        let is_known = match field {
            Some((_, blank)) => states_nothing(value, blank) || (key == "ICOM" && has_title),
            None if key == "BAND_INFO" => !has_table(value),
            None => is_location_key(key) || key == PAD_CODE || rpc::TAGS.contains(&key) || is_field(key),
        };
        let name = if key == "BAND_INFO" { "look-up tables" } else { key };
        if !is_known && !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    names
}

/// The names of what a file header states, beside facts of the file and blank fields.
pub(super) fn names_of_file(metadata: &Metadata) -> Vec<String> {
    let tables = [Version::Nitf21, Version::Nitf20].map(Version::file_header);
    let mut names: Vec<String> = Vec::new();
    for (key, value) in metadata.iter() {
        let is_fact = tables.iter().any(|table| table.has(key)) && !key.starts_with("FS");
        let stated = match FILE_FIELDS.iter().find(|(field, _)| *field == key) {
            Some((_, blank)) => !states_nothing(value, blank),
            None => !is_fact && !states_nothing(value, ""),
        };
        if stated && !names.iter().any(|known| known == key) {
            names.push(key.to_owned());
        }
    }
    names
}

fn states_nothing(value: &Value, blank: &str) -> bool {
    match value {
        Value::Text(text) => text.trim().is_empty() || text.trim() == blank,
        Value::List(values) => values.iter().all(|value| states_nothing(value, blank)),
        other => other.to_string() == blank,
    }
}

fn has_table(bands: &Value) -> bool {
    let Value::List(bands) = bands else { return false };
    let count = |band: &Value| match band {
        Value::Map(fields) => fields.iter().find(|(name, _)| **name == *"NLUTS").and_then(|(_, value)| value.to_int()),
        _ => None,
    };
    bands.iter().any(|band| count(band).is_some_and(|count| count > 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_file_header_only_what_has_a_meaning_is_named() {
        let entries = [
            ("FHDR", "NITF"),
            ("FL", "000000001000"),
            ("NUMI", "001"),
            ("OSTAID", "STATION"),
            ("FTITLE", "   "),
            ("FSCLAS", "S"),
            ("FSCOP", "00000"),
            ("FSCLSY", "  "),
            ("ZZTEST", "abc"),
        ];
        let mut entries: Metadata = entries.into_iter().collect();
        assert_eq!(names_of_file(&entries), ["OSTAID", "FSCLAS", "ZZTEST"]);
        // The station of a file whose writer was not given one.
        entries.set("OSTAID", "OSML-IO   ");
        assert_eq!(names_of_file(&entries), ["FSCLAS", "ZZTEST"]);
    }

    #[test]
    fn only_what_has_a_meaning_is_named() {
        let band = |tables: &str| Value::List(vec![Value::Map(vec![("NLUTS".into(), tables.into())])]);
        let plain: Metadata = [
            ("IM", Value::from("IM")),
            ("IID1", "name      ".into()),
            ("ISCLAS", "U".into()),
            ("TGTID", "   ".into()),
            ("IC", "NC".into()),
            ("IGEOLO", "x".into()),
            ("BLOCKA", Value::Map(Vec::new())),
            ("BAND_INFO", band("0")),
        ]
        .into_iter()
        .collect();
        assert!(names(&plain).is_empty());
        let mut more = plain.clone();
        more.set("ISCLAS", "S");
        more.set("BAND_INFO", band("3"));
        more.append("CSCRNA", Value::Map(Vec::new()));
        more.append("CSCRNA", Value::Map(Vec::new()));
        more.append("RPC00B", Value::Map(Vec::new()));
        assert_eq!(names(&more), ["ISCLAS", "look-up tables", "CSCRNA"]);
        assert!(is_location_key("IGEOLO") && is_location_key("GEOPSB") && !is_location_key("RPC00B"));
    }
}
