//! Graphics, texts and extension segments: their subheaders and stored bytes.

use super::super::areas::{self, Area};
use super::super::capacity::{MAX_DATA_BYTES, MAX_GRAPHIC_BYTES, MAX_RESERVED_BYTES, MAX_TEXT_BYTES};
use super::super::des::write_fields;
use super::super::kind::Kind;
use super::super::names::{self, identifier};
use super::super::rules::segment_findings;
use super::areas::{Overflow, fill as fill_areas};
use super::field_sets::{DATA, FieldSets, GRAPHIC, ORPHAN_DATA, RESERVED, TEXT};
use super::given::{Given, structure};
use super::header::now;
use super::levels::{self, Levels};
use super::location::parse_location;
use super::titles;
use crate::asset::AssetType;
use crate::error::{Error, Result};
use crate::format::{Content, DataRequest, Finding, Warning, WarningKind, WriteContext};
use crate::schema::{FieldData, Record, write};

/// A segment that is written when the file is completed.
pub(super) struct Pending {
    pub(super) record: Record,
    /// The areas of its subheader.
    pub(super) areas: &'static [Area],
    pub(super) overflows: Vec<Overflow>,
    pub(super) subheader: Vec<u8>,
    pub(super) data: Vec<u8>,
}

/// The allowed values of TXTFMT.
const TEXT_FORMATS: [&str; 4] = ["MTF", "STA", "UT1", "U8S"];

/// The kind of segment that an asset becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SegmentKind {
    Graphic,
    Text,
    Data,
    Reserved,
}

impl SegmentKind {
    /// The name of its subheader table, and the kind of segment in a file.
    fn names(self) -> (&'static str, Kind) {
        match self {
            Self::Graphic => ("GRAPHIC", Kind::Graphic),
            Self::Text => ("TEXT", Kind::Text),
            Self::Data => ("DATA", Kind::Data),
            Self::Reserved => ("RESERVED", Kind::Reserved),
        }
    }

    /// The field of the file header that counts such segments.
    pub(super) fn counter(self) -> &'static str {
        match self {
            Self::Graphic => "NUMS",
            Self::Text => "NUMT",
            Self::Data => "NUMDES",
            Self::Reserved => "NUMRES",
        }
    }
}

impl Pending {
    /// Makes the segment of an asset.
    ///
    /// # Errors
    /// [`Error::Usage`] for fields and contents that the segment cannot hold, [`Error::Unsupported`] for a graphic that is not
    /// CGM.
    pub(super) fn new(
        data: &DataRequest<'_>,
        levels: &mut Levels,
        context: &mut WriteContext<'_, '_>,
    ) -> Result<(SegmentKind, Self)> {
        match data.kind {
            AssetType::Graphics => graphic(data, levels, context).map(|pending| (SegmentKind::Graphic, pending)),
            AssetType::Text => text(data, context).map(|pending| (SegmentKind::Text, pending)),
            AssetType::Data if data.metadata.get("RESID").is_some() => {
                reserved(data, context).map(|pending| (SegmentKind::Reserved, pending))
            }
            AssetType::Data => extension(data, context).map(|pending| (SegmentKind::Data, pending)),
            AssetType::Image => Err(Error::usage("image without pixels:").found(data.key)),
        }
    }

    /// Makes the bytes of the subheader, and reports what breaks a rule. A value in `given` that the caller chose for a
    /// computed field must be the computed value.
    fn complete(
        mut self,
        kind: SegmentKind,
        key: &str,
        (given, sets): (&Given, FieldSets),
        context: &mut WriteContext<'_, '_>,
    ) -> Result<Self> {
        let (name, kind) = kind.names();
        self.subheader = write(structure(name), &self.record)?;
        given.check_computed(structure(name), sets.following, &self.subheader)?;
        given.report(segment_findings(kind, &self.record, key), &[], context)?;
        Ok(self)
    }
}

/// The segment that takes the overflow of an area of another segment, whose security it has (2500C §5.8.3.4).
///
/// # Errors
/// [`Error::Usage`] if the overflow is more than a segment can hold.
pub(super) fn overflow(overflow: Overflow, ordinal: usize, of: &Record, prefix: &str) -> Result<Pending> {
    let mut record: Record = [("DESID", "TRE_OVERFLOW"), ("DESOFLW", overflow.area.name)].into_iter().collect();
    record.set("DESITEM", ordinal as u64);
    for (name, value) in of.iter() {
        if let Some(rest) = name.strip_prefix(prefix).filter(|rest| is_security(rest)) {
            record.set(format!("DES{rest}"), value.clone());
        }
    }
    check_size("TREs that overflow", overflow.bytes.len(), MAX_DATA_BYTES)?;
    let subheader = write(structure("DATA"), &record)?;
    Ok(Pending { record, areas: &[], overflows: Vec::new(), subheader, data: overflow.bytes })
}

/// The fields of the security group, without their prefix.
fn is_security(name: &str) -> bool {
    matches!(
        name,
        "CLAS"
            | "CLSY"
            | "CODE"
            | "CTLH"
            | "REL"
            | "DCTP"
            | "DCDT"
            | "DCXM"
            | "DG"
            | "DGDT"
            | "CLTX"
            | "CATP"
            | "CAUT"
            | "CRSN"
            | "SRDT"
            | "CTLN"
    )
}

fn graphic(data: &DataRequest<'_>, levels: &mut Levels, context: &mut WriteContext<'_, '_>) -> Result<Pending> {
    if data.media_type == "application/octet-stream" {
        let error = Error::unsupported("graphic of another kind than a computer graphics metafile:").found(data.key);
        return Err(error.allowed("CGM, the only kind in NITF 2.1"));
    }
    let given = Given::new(structure("GRAPHIC"), data.metadata, context)?;
    let mut record = GRAPHIC.stated(&given.fields);
    titles::fill(names::GRAPHIC, &mut record, &given, (data.title, data.description, data.key), context)?;
    if record.get("SCOLOR").is_none() {
        record.set("SCOLOR", "C");
    }
    levels.assign(&mut record, &given, levels::GRAPHIC)?;
    let bytes = content_bytes(data);
    check_size("graphic", bytes.len(), MAX_GRAPHIC_BYTES)?;
    let overflows = fill_areas(&mut record, &given.tres, areas::GRAPHIC)?;
    let pending = Pending { record, areas: areas::GRAPHIC, overflows, subheader: Vec::new(), data: bytes };
    let pending = pending.complete(SegmentKind::Graphic, data.key, (&given, GRAPHIC), context)?;
    levels.add(data.key, &pending.record, levels::GRAPHIC, graphic_size(&pending.record));
    Ok(pending)
}

/// Rows and columns of a graphic's bounding box.
fn graphic_size(record: &Record) -> (u32, u32) {
    let corner = |name: &str| record.get(name).and_then(|data| parse_location(name, data).ok()).unwrap_or_default();
    let (first, last) = (corner("SBND1"), corner("SBND2"));
    let side = |from: i64, to: i64| u32::try_from(to - from + 1).unwrap_or(1);
    (side(first.0, last.0), side(first.1, last.1))
}

fn text(data: &DataRequest<'_>, context: &mut WriteContext<'_, '_>) -> Result<Pending> {
    let given = Given::new(structure("TEXT"), data.metadata, context)?;
    let mut record = TEXT.stated(&given.fields);
    // A text has a field for its title; the identifier is the shortened form of the title.
    let title = data.title.trim();
    if record.get("TEXTID").is_none() {
        record.set("TEXTID", identifier(if title.is_empty() { data.key } else { title }, 7));
    }
    if record.get("TXTITL").is_none() {
        record.set("TXTITL", title);
    }
    note_description(data, context);
    if record.get("TXTDT").is_none() {
        record.set("TXTDT", now()?);
    }
    let wanted = match record.get("TXTFMT") {
        None => None,
        Some(_) if !given.is_chosen("TXTFMT") => record.text("TXTFMT").map(str::to_owned),
        Some(FieldData::Text(text)) if TEXT_FORMATS.contains(&text.trim()) => Some(text.trim().to_owned()),
        Some(other) => {
            let error = Error::usage("value of").field("TXTFMT").found(other);
            return Err(error.allowed(TEXT_FORMATS.join(", ")));
        }
    };
    let (format, bytes) = match data.content {
        Content::Bytes(bytes) => (wanted.unwrap_or_else(|| format_of_bytes(bytes).to_owned()), bytes.to_vec()),
        Content::Text(text, encoding) => {
            let format = wanted.unwrap_or_else(|| text_format(text, encoding).to_owned());
            if format == "U8S" {
                let findings = beyond_extended(text, data.key);
                given.report(findings, &[], context)?;
            }
            check_characters(text, &format)?;
            let text = with_line_ends(text);
            let bytes = if format == "U8S" { text.into_bytes() } else { text.chars().map(|c| c as u8).collect() };
            (format, bytes)
        }
    };
    record.set("TXTFMT", format);
    check_size("text", bytes.len(), MAX_TEXT_BYTES)?;
    let overflows = fill_areas(&mut record, &given.tres, areas::TEXT)?;
    let pending = Pending { record, areas: areas::TEXT, overflows, subheader: Vec::new(), data: bytes };
    pending.complete(SegmentKind::Text, data.key, (&given, TEXT), context)
}

/// The format for a text: the one that `encoding` names (`ECS` is a name of UT1). For other encodings STA if it can hold the text,
/// else UT1 if the caller wants Latin-1 and it can, else U8S.
pub(crate) fn text_format(text: &str, encoding: &str) -> &'static str {
    let stated = if encoding.eq_ignore_ascii_case("ECS") { "UT1" } else { encoding };
    if let Some(format) = TEXT_FORMATS.into_iter().find(|format| format.eq_ignore_ascii_case(stated)) {
        return format;
    }
    let latin = matches!(encoding.to_ascii_lowercase().replace(['-', '_'], "").as_str(), "latin1" | "iso88591" | "l1");
    match () {
        () if text.chars().all(is_basic) => "STA",
        () if latin && text.chars().all(is_extended) => "UT1",
        () => "U8S",
    }
}

fn format_of_bytes(bytes: &[u8]) -> &'static str {
    match std::str::from_utf8(bytes) {
        Ok(text) if text.chars().all(is_basic) => "STA",
        Ok(_) => "U8S",
        Err(_) => "UT1",
    }
}

/// True for the characters of BCS text: 20–7E, line feed, form feed, carriage return.
fn is_basic(c: char) -> bool {
    matches!(c, ' '..='~' | '\n' | '\u{C}' | '\r')
}

/// True for the characters of ECS text: BCS, and A0–FF.
fn is_extended(c: char) -> bool {
    is_basic(c) || matches!(c, '\u{A0}'..='\u{FF}')
}

/// Characters that a reader of U8S need not know: U8S is the subset of UTF-8 with the characters of ECS (2500C §5.5.1).
fn beyond_extended(text: &str, key: &str) -> Vec<Finding> {
    let found = text.chars().find(|c| *c > '\u{FF}');
    let finding = |c| Finding {
        clause: "2500C Table A-6",
        place: format!("TXTFMT of {key}"),
        value: format!("U8S with {c:?}"),
        rule: "characters up to U+00FF, which every reader of U8S supports".into(),
    };
    found.map(finding).into_iter().collect()
}

/// Ends lines with carriage return and line feed (2500C §5.5.1).
fn with_line_ends(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n").replace('\n', "\r\n")
}

/// Checks that a format has every character of a text.
///
/// # Errors
/// [`Error::Usage`] for the first character that it does not have, with its position.
fn check_characters(text: &str, format: &str) -> Result<()> {
    let allowed: fn(char) -> bool = match format {
        "U8S" => |c| is_extended(c) || c > '\u{FF}',
        "UT1" => is_extended,
        _ => is_basic,
    };
    if let Some((place, character)) = text.chars().enumerate().find(|(_, c)| !allowed(*c)) {
        let error = Error::usage("character of a text in")
            .field(format!("{format}, number {place}"))
            .found(format!("{character:?}"));
        return Err(error.allowed(match format {
            "U8S" => "line feed, form feed, carriage return, U+0020 to U+007E, or U+00A0 and above",
            "UT1" => {
                "line feed, form feed, carriage return or ECS (U+0020 to U+007E, U+00A0 to U+00FF); U8S holds others"
            }
            _ => "line feed, form feed, carriage return or BCS (U+0020 to U+007E); UT1 and U8S hold others",
        }));
    }
    Ok(())
}

fn extension(data: &DataRequest<'_>, context: &mut WriteContext<'_, '_>) -> Result<Pending> {
    let given = Given::new(structure("DATA"), data.metadata, context)?;
    // An overflow segment that belongs to nothing keeps its index.
    let is_orphan = given.is_copy() && given.fields.text("DESID") == Some("TRE_OVERFLOW");
    let sets = if is_orphan { ORPHAN_DATA } else { DATA };
    let mut record = sets.stated(&given.fields);
    let bytes = content_bytes(data);
    if record.get("DESID").is_none() {
        let xml = data.media_type.ends_with("xml");
        let title = data.title.trim();
        let named = !title.is_empty()
            && title.len() <= 25
            && title.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
        record.set(
            "DESID",
            if named {
                title
            } else if xml {
                "XML_DATA_CONTENT"
            } else {
                "USER_DEFINED"
            },
        );
    }
    note_names(record.text("DESID").unwrap_or_default(), data, context);
    set_user_header(&mut record, &given)?;
    check_size("data", bytes.len(), MAX_DATA_BYTES)?;
    let pending = Pending { record, areas: &[], overflows: Vec::new(), subheader: Vec::new(), data: bytes };
    pending.complete(SegmentKind::Data, data.key, (&given, sets), context)
}

/// The user-defined subheader: bytes as they are, fields by the layout of the extension.
fn set_user_header(record: &mut Record, given: &Given) -> Result<()> {
    match record.remove("DESSHF") {
        // A document may lack one, but readers must learn that the checksum was not computed.
        None if record.text("DESID") == Some("XML_DATA_CONTENT") && !given.is_copy() => {
            record.set("DESSHF", write_fields("XML_DATA_CONTENT", 1, &[("DESCRC", 99_999)].into_iter().collect())?);
        }
        Some(FieldData::Group(turns)) => {
            // A mapping of fields arrives as a group with one record.
            let id = record.text("DESID").unwrap_or_default().to_owned();
            let fields = turns.into_iter().next().unwrap_or_default();
            let bytes = write_fields(&id, record.int("DESVER").unwrap_or(1), &fields)?;
            record.set("DESSHF", bytes);
        }
        Some(FieldData::Text(text)) => {
            let bytes: Option<Vec<u8>> = text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect();
            let wrong = || {
                Error::usage("value of")
                    .field("DESSHF")
                    .found(format!("{text:?}"))
                    .allowed("text of one byte per character")
            };
            record.set("DESSHF", bytes.ok_or_else(wrong)?);
        }
        Some(FieldData::Bytes(bytes)) if bytes.len() > 9999 => {
            let error = Error::usage("value of").field("DESSHF").found(format!("{} bytes", bytes.len()));
            return Err(error.allowed("at most 9999 bytes"));
        }
        Some(other) => record.set("DESSHF", other),
        None => {}
    }
    Ok(())
}

fn reserved(data: &DataRequest<'_>, context: &mut WriteContext<'_, '_>) -> Result<Pending> {
    let given = Given::new(structure("RESERVED"), data.metadata, context)?;
    let record = RESERVED.stated(&given.fields);
    note_names(record.text("RESID").unwrap_or_default(), data, context);
    let bytes = content_bytes(data);
    check_size("reserved extension", bytes.len(), MAX_RESERVED_BYTES)?;
    let pending = Pending { record, areas: &[], overflows: Vec::new(), subheader: Vec::new(), data: bytes };
    pending.complete(SegmentKind::Reserved, data.key, (&given, RESERVED), context)
}

fn content_bytes(data: &DataRequest<'_>) -> Vec<u8> {
    match data.content {
        Content::Bytes(bytes) => bytes.to_vec(),
        Content::Text(text, _) => text.as_bytes().to_vec(),
    }
}

/// Warns of a title and a description for which an extension has no fields: it has only its identifier.
fn note_names(identifier: &str, data: &DataRequest<'_>, context: &mut WriteContext<'_, '_>) {
    let title = data.title.trim();
    if !title.is_empty() && title != identifier {
        let message =
            format!("the title is left out: an extension has no field for a title beside its name, {identifier}");
        context.warnings.push(Warning::new(WarningKind::Metadata, data.key, message));
    }
    note_description(data, context);
}

fn note_description(data: &DataRequest<'_>, context: &mut WriteContext<'_, '_>) {
    if !data.description.trim().is_empty() {
        let message = "the description is left out: the segment has no field for it";
        context.warnings.push(Warning::new(WarningKind::Metadata, data.key, message));
    }
}

/// Data of a segment must exist, and must not exceed what its length field can count.
fn check_size(what: &'static str, bytes: usize, most: u64) -> Result<()> {
    if bytes == 0 || bytes as u64 > most {
        return Err(Error::usage(format!("bytes of a {what} segment:")).found(bytes).allowed(format!("1 to {most}")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_format_of_a_text_is_the_plainest_that_holds_it() {
        assert_eq!(text_format("plain\n", "UTF-8"), "STA");
        assert_eq!(text_format("Größe", "latin-1"), "UT1");
        assert_eq!(text_format("Größe", "UTF-8"), "U8S");
        assert_eq!(text_format("€", "ISO_8859-1"), "U8S");
        for (encoding, format) in [("sta", "STA"), ("MTF", "MTF"), ("ECS", "UT1"), ("UT1", "UT1"), ("u8s", "U8S")] {
            assert_eq!(text_format("plain", encoding), format);
        }
        assert_eq!(
            (format_of_bytes(b"x"), format_of_bytes(b"\xC3\xA9"), format_of_bytes(b"\xE9")),
            ("STA", "U8S", "UT1")
        );
    }

    #[test]
    fn lines_end_as_the_standard_requires() {
        assert_eq!(with_line_ends("a\nb\r\nc\rd"), "a\r\nb\r\nc\r\nd");
        assert!(check_characters("é\n", "UT1").is_ok() && check_characters("é€", "U8S").is_ok());
        assert!(check_characters("\u{7}", "U8S").is_err());
        let error = check_characters("ab€", "STA").unwrap_err().to_string();
        assert!(error.contains('€') && error.contains("number 2"), "{error}");
    }
}
