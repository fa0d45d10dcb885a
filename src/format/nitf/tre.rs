//! Tagged record extensions: a tag, a length and a body, back to back (Joint BIIF Profile §5.9).

use super::layouts::{tre_layout, tre_layouts};
use crate::error::{Error, Result};
use crate::schema::{Record, Structure, read_whole, write_whole};

/// Bytes of tag and length before the body.
const PREFIX: usize = 11;

/// A TRE.
#[derive(Debug, Clone, PartialEq)]
pub struct Tre {
    /// The tag, without its padding.
    pub tag: String,
    /// The body.
    pub body: TreBody,
}

/// The body of a TRE.
#[derive(Debug, Clone, PartialEq)]
pub enum TreBody {
    /// Fields, by the tag's layout.
    Fields(Record),
    /// The bytes of a tag without a layout, or of a body that does not follow it. They are kept as they are.
    Bytes(Vec<u8>),
}

/// Reads the TREs of an area. A body becomes fields if its layout takes all of its bytes and writes the same bytes back. Values
/// that break a rule of the layout are kept, and are written unchanged unless they are modified.
///
/// # Errors
/// [`Error::Malformed`] if a length is not a number or reaches past the end of the area.
pub fn parse_tres(area: &[u8]) -> Result<Vec<Tre>> {
    match parse_sound_tres(area) {
        (tres, None) => Ok(tres),
        (_, Some((_, error))) => Err(error),
    }
}

/// The TREs of an area as far as they can be read; then the offset of the rest and the error there, if any.
pub(super) fn parse_sound_tres(area: &[u8]) -> (Vec<Tre>, Option<(usize, Error)>) {
    let mut tres = Vec::new();
    let mut offset = 0;
    while offset < area.len() {
        match parse_tre(area, offset) {
            Ok((tre, end)) => {
                tres.push(tre);
                offset = end;
            }
            Err(error) => return (tres, Some((offset, error))),
        }
    }
    (tres, None)
}

/// The TRE at `offset`, and its end.
fn parse_tre(area: &[u8], offset: usize) -> Result<(Tre, usize)> {
    let wrong = |what: &'static str| Error::malformed(what).at(offset as u64);
    let prefix = area.get(offset..offset + PREFIX).ok_or_else(|| wrong("TRE: ends in its tag or length"))?;
    let tag: String = prefix[..6].iter().map(|byte| char::from(*byte)).collect();
    let digits = prefix[6..].iter().all(u8::is_ascii_digit).then_some(&prefix[6..]);
    let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok()?.parse::<usize>().ok());
    let length = digits.ok_or_else(|| wrong("TRE length").field(&tag))?;
    let start = offset + PREFIX;
    let bytes = area.get(start..start + length).ok_or_else(|| {
        wrong("TRE that reaches past the end of its area,")
            .field(&tag)
            .found(length)
            .allowed(format!("at most {} bytes", area.len() - start))
    })?;
    let tag = tag.trim_end().to_owned();
    if tag.is_empty() || !tag.bytes().all(|byte| matches!(byte, 0x20..=0x7E)) {
        return Err(wrong("TRE tag").found(format!("{tag:?}")).allowed("one to six characters"));
    }
    let body = parse_body(&tag, bytes)?;
    Ok((Tre { tag, body }, start + length))
}

/// The bytes of TREs, back to back.
///
/// # Errors
/// [`Error::Usage`] for a tag without a layout or longer than six characters, and any error of [`write_tre_fields`].
pub fn write_tres(tres: &[Tre]) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    for tre in tres {
        let body = match &tre.body {
            TreBody::Bytes(bytes) => bytes.clone(),
            TreBody::Fields(record) => write_tre_fields(&tre.tag, record)?,
        };
        if tre.tag.is_empty() || tre.tag.len() > 6 || !tre.tag.is_ascii() {
            return Err(Error::usage("TRE tag").found(&tre.tag).allowed("one to six characters"));
        }
        if body.len() > 99_985 {
            return Err(Error::usage("length of TRE").field(&tre.tag).found(body.len()).allowed("at most 99985 bytes"));
        }
        out.extend_from_slice(format!("{:<6}{:05}", tre.tag, body.len()).as_bytes());
        out.extend_from_slice(&body);
    }
    Ok(out)
}

/// The body of a TRE from its fields, by the tag's layout. If the length distinguishes versions of a tag, the first version
/// that has all these fields is chosen.
///
/// # Errors
/// [`Error::Usage`] for a tag without a layout, and any error of [`crate::schema::write_whole`]. With several versions, the
/// error is that of the nearest one.
pub fn write_tre_fields(tag: &str, record: &Record) -> Result<Vec<u8>> {
    let mut failed: Option<(usize, Error)> = None;
    for layout in tre_layouts(tag)? {
        let error = match write_whole(layout, record) {
            Ok(body) if has_length(layout, tag, body.len()) => return Ok(body),
            Ok(body) => Error::usage("length of no version of TRE").field(tag).found(body.len()),
            Err(error) => error,
        };
        let unknown = unknown_names(layout, record);
        if failed.as_ref().is_none_or(|(least, _)| unknown < *least) {
            failed = Some((unknown, error));
        }
    }
    let none = || Error::usage("TRE without a layout takes bytes, not fields:").found(tag);
    Err(failed.map_or_else(none, |(_, error)| error))
}

/// True if a body follows the layout of its tag, or the tag has none.
///
/// # Errors
/// If a registered layout cannot be used.
pub(super) fn follows_layout(tag: &str, body: &[u8]) -> Result<bool> {
    let Some(layout) = tre_layout(tag, body.len())? else { return Ok(tre_layouts(tag)?.is_empty()) };
    Ok(matches!(read_whole(layout, body), Ok(Some(_))))
}

fn parse_body(tag: &str, bytes: &[u8]) -> Result<TreBody> {
    let Some(layout) = tre_layout(tag, bytes.len())? else { return Ok(TreBody::Bytes(bytes.to_vec())) };
    let fields = read_whole(layout, bytes).ok().flatten();
    Ok(fields.map_or_else(|| TreBody::Bytes(bytes.to_vec()), TreBody::Fields))
}

/// True if a layout `TAG.LENGTH` has the length in its name, or the name has none.
fn has_length(layout: &Structure, tag: &str, length: usize) -> bool {
    let version = layout.name.strip_prefix(tag).and_then(|rest| rest.strip_prefix('.'));
    version.is_none_or(|version| version.parse() == Ok(length))
}

fn unknown_names(layout: &Structure, record: &Record) -> usize {
    record.iter().filter(|(name, _)| !layout.has(name)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_and_wrong_bodies_are_kept_byte_for_byte() {
        let area = b"XXXXXX00003abcICHIPB00004oopsRPFHDR00000";
        let tres = parse_tres(area).unwrap();
        assert_eq!(tres.iter().map(|tre| tre.tag.as_str()).collect::<Vec<_>>(), ["XXXXXX", "ICHIPB", "RPFHDR"]);
        assert_eq!(tres[1].body, TreBody::Bytes(b"oops".to_vec()));
        assert_eq!(write_tres(&tres).unwrap(), area);
    }

    fn record(fields: &[(&str, &str)]) -> Record {
        fields.iter().copied().collect()
    }

    #[test]
    fn the_version_with_these_fields_is_written() {
        let length = |fields: &[(&str, &str)]| write_tre_fields("ACFTA", &record(fields)).map(|body| body.len());
        assert_eq!(length(&[("SCTYPE", "I")]).unwrap(), 132);
        assert_eq!(length(&[("AC_TAIL_NO", "N1"), ("SCNUM", "12")]).unwrap(), 154);
        let message = length(&[("AC_TAIL_NO", "N1"), ("AC_TOO", "12")]).unwrap_err().to_string();
        assert!(message.contains("AC_TO"), "{message}");
    }

    #[test]
    fn coefficients_and_chips_have_the_form_of_their_documents() {
        let mut rpc: Record = ["SAMP_OFF", "LONG_OFF", "HEIGHT_OFF"].map(|name| (name, 0.0)).into_iter().collect();
        rpc.set("LINE_OFF", 2199.0);
        rpc.set("LAT_OFF", -35.282_123);
        for name in ["LINE_SCALE", "SAMP_SCALE", "LAT_SCALE", "LONG_SCALE", "HEIGHT_SCALE"] {
            rpc.set(name, 1.0);
        }
        for name in ["LINE_NUM_COEFF", "LINE_DEN_COEFF", "SAMP_NUM_COEFF", "SAMP_DEN_COEFF"] {
            let turns = (0..20).map(|i| [(name, f64::from(i) * -1.25e-3)].into_iter().collect());
            rpc.set(name, turns.collect::<Vec<Record>>());
        }
        let body = write_tre_fields("RPC00B", &rpc).unwrap();
        let text = String::from_utf8(body).unwrap();
        assert!(
            text.starts_with("10000.000000.0000219900000-35.2821+000.0000+000000000100001+01.0000+001.0000+0001"),
            "{text}"
        );
        assert!(text.contains("+0.000000E+0-1.250000E-3-2.500000E-3"), "{text}");
        let missing = write_tre_fields("ICHIPB", &record(&[("OP_ROW_11", "0.5")])).unwrap_err().to_string();
        assert!(missing.contains("OP_COL_11") && !missing.contains("OP_ROW_11"), "{missing}");
        let chip = write_tre_fields("ICHIPB", &record(&[("XFRM_FLAG", "01"), ("OP_ROW_11", "0.5")])).unwrap();
        assert!(chip.starts_with(b"010001.00000000000000000.50000000000.000"));
    }

    #[test]
    fn a_body_that_breaks_a_rule_has_fields_and_is_written_as_it_was() {
        let body = vec![b'?'; 224];
        let area = [b"ICHIPB00224".as_slice(), &body].concat();
        let tres = parse_tres(&area).unwrap();
        assert!(matches!(&tres[0].body, TreBody::Fields(record) if record.text("XFRM_FLAG") == Some("??")));
        assert_eq!(write_tres(&tres).unwrap(), area);
    }

    #[test]
    fn lengths_that_lie_are_errors() {
        for area in [&b"ICHIPB"[..], b"ICHIPB00009abc", b"ICHIPB-0001a", b"ICHIPBabcde"] {
            assert!(matches!(parse_tres(area), Err(Error::Malformed(_))), "{}", String::from_utf8_lossy(area));
        }
    }
}
