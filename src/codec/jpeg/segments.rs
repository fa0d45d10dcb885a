//! Marker segments (ITU-T T.81 §B.1.1.4), read and written.

use memchr::memchr;

use super::markers::{SOI, stands_alone};
use crate::error::{Error, Result};

/// A marker with its payload.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Segment<'a> {
    /// Its code, without the byte FF.
    pub marker: u8,
    /// Offset of the marker.
    pub offset: usize,
    /// The payload without the length; empty for markers without a payload.
    pub payload: &'a [u8],
    /// Offset of the end.
    pub end: usize,
}

/// The offset after the start-of-image marker, which fill bytes may precede (§B.1.1.2).
///
/// # Errors
/// [`Error::Malformed`] if the data do not begin with that marker.
pub(crate) fn start(data: &[u8]) -> Result<usize> {
    let fill = data.iter().take_while(|byte| **byte == 0xFF).count();
    if fill > 0 && data.get(fill) == Some(&SOI) {
        return Ok(fill + 1);
    }
    let found: Vec<String> = data.iter().take(2).map(|byte| format!("{byte:02X}")).collect();
    Err(Error::malformed("JPEG stream: no start of image").found(found.concat()).allowed("FFD8").at(0))
}

/// The next segment. Bytes before its marker are skipped, as in every reader. `None` if the data end before the segment does.
///
/// # Errors
/// [`Error::Malformed`] for an impossible length.
pub(crate) fn next_segment(data: &[u8], mut at: usize) -> Result<Option<Segment<'_>>> {
    loop {
        let Some(place) = data.get(at..).and_then(|rest| memchr(0xFF, rest)) else { return Ok(None) };
        let offset = at + place;
        let Some(marker) = data.get(offset + 1) else { return Ok(None) };
        at = offset + 1;
        if matches!(marker, 0x00 | 0xFF) {
            continue;
        }
        if stands_alone(*marker) {
            return Ok(Some(Segment { marker: *marker, offset, payload: &[], end: offset + 2 }));
        }
        let Some(length) = data.get(offset + 2..offset + 4) else { return Ok(None) };
        let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
        if length < 2 {
            return Err(Error::malformed("JPEG segment length").found(length).allowed("2 or more").at(offset as u64));
        }
        let end = offset + 2 + length;
        return Ok(data.get(offset + 4..end).map(|payload| Segment { marker: *marker, offset, payload, end }));
    }
}

/// Appends a marker segment with `parts` as its payload, at most 65533 bytes.
pub(crate) fn write_segment(marker: u8, parts: &[&[u8]], out: &mut Vec<u8>) {
    let length = 2 + parts.iter().map(|part| part.len()).sum::<usize>();
    out.extend_from_slice(&[0xFF, marker]);
    out.extend_from_slice(&(length as u16).to_be_bytes());
    for part in parts {
        out.extend_from_slice(part);
    }
}

/// The error of a stream of `length` bytes that has no end marker.
pub(crate) fn truncated(length: u64) -> Error {
    Error::malformed("JPEG stream: ends before its end marker").at(length)
}
