//! Streamed files: their lengths were not known when the header was written, so it holds nines. The complete header is in a
//! data extension segment at the end (2500C §5.8.3.3, `STREAMING_FILE_HEADER`).

use super::version::Version;
use crate::error::{Error, Result};
use crate::io::Lookahead;
use crate::schema::{FieldData, Record, read};

/// The delimiters before and after the header in the segment.
const DELIMITERS: [[u8; 4]; 2] = [[0x0A, 0x6E, 0x1D, 0x97], [0x0E, 0xCA, 0x14, 0xBF]];

/// Digits of the two lengths in the segment.
const DIGITS: u64 = 7;

/// Bytes of a length and a delimiter.
const ENDS: u64 = DIGITS + 4;

/// The number in a field of a header; `None` if all of its digits are nines, which means unknown, or if it is not a number.
pub(super) fn known(record: &Record, name: &str) -> Option<u64> {
    match record.get(name) {
        Some(FieldData::Text(text)) if !text.is_empty() && text.bytes().all(|byte| byte == b'9') => None,
        Some(data) => data.to_int().and_then(|value| u64::try_from(value).ok()),
        None => None,
    }
}

/// The header at the end of a file, and its bytes; `None` if the file does not end in one.
///
/// # Errors
/// [`Error::Malformed`] if the header cannot be read.
pub(super) fn replaced_header(file: &mut Lookahead<'_>, version: Version) -> Result<Option<(Record, Vec<u8>)>> {
    let size = file.size();
    let Some(end) = size.checked_sub(ENDS) else { return Ok(None) };
    let tail = file.get(end, ENDS)?;
    let (delimiter, digits) = tail.split_at(4);
    if delimiter != DELIMITERS[1] {
        return Ok(None);
    }
    let wrong = |what: &'static str| Error::malformed(what).segment("STREAMING_FILE_HEADER");
    let length = number(digits).ok_or_else(|| wrong("length").field("SFH_L2").at(end + 4))?;
    let start = end.checked_sub(length).and_then(|start| start.checked_sub(ENDS));
    let start = start.ok_or_else(|| wrong("length").field("SFH_L2").found(length).allowed(size).at(end + 4))?;
    let bytes = file.get(start, ENDS + length)?;
    let (before, bytes) = bytes.split_at(ENDS as usize);
    if number(&before[..DIGITS as usize]) != Some(length) || before[DIGITS as usize..] != DELIMITERS[0] {
        return Err(wrong("length and delimiter").field("SFH_L1").allowed(length).at(start));
    }
    let (record, used) = read(version.file_header(), bytes).map_err(|error| error.segment("STREAMING_FILE_HEADER"))?;
    Ok(Some((record, bytes[..used].to_vec())))
}

fn number(digits: &[u8]) -> Option<u64> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}
