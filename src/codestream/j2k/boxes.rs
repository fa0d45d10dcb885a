//! The boxes of JP2, JPX and JPH files (T.800 Annex I), and of image segments that hold such a file.

use std::ops::Range;
use std::sync::Arc;

use crate::codec::j2k::markers::{SIZ, SOC};
use crate::error::{Error, Result};
use crate::io::{ByteSource, Lookahead, SourceRange};
use crate::limits::Limits;

/// A box: its type, and where its content lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BoxHeader {
    /// `TBox`.
    pub(crate) kind: [u8; 4],
    /// The content, as a range of the source.
    pub(crate) content: Range<u64>,
}

/// The type of a box with a codestream.
pub(crate) const CODESTREAM: [u8; 4] = *b"jp2c";

/// The first box of a file (I.5.1).
pub(crate) const SIGNATURE: &[u8] = b"\0\0\0\x0CjP  \r\n\x87\n";

/// Bytes that an entry in a list of boxes takes.
const ENTRY: u64 = size_of::<BoxHeader>() as u64;

/// The boxes in a range of a source, in order (I.4). Bytes after the last box that are too few for a box are ignored, and so is
/// the end of a box that reaches past the range.
///
/// # Errors
/// [`Error::Malformed`] for a length that is too small, [`Error::Limit`] for too many boxes, and the errors of the source.
pub(crate) fn read_boxes(ahead: &mut Lookahead<'_>, range: Range<u64>, limits: &Limits) -> Result<Vec<BoxHeader>> {
    let (mut boxes, mut at) = (Vec::new(), range.start);
    while range.end.saturating_sub(at) >= 8 {
        limits.check_metadata("list of boxes", (boxes.len() as u64 + 1) * ENTRY)?;
        let start = ahead.get(at, 8)?;
        let (length, kind) =
            (u32::from_be_bytes([start[0], start[1], start[2], start[3]]), [start[4], start[5], start[6], start[7]]);
        let (head, length) = match length {
            0 => (8, range.end - at),
            1 => {
                let extended = ahead.get(at + 8, 8)?.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes));
                (16, extended)
            }
            length => (8, u64::from(length)),
        };
        if length < head {
            let error = Error::malformed("box length").found(length).allowed(format!("at least {head}"));
            return Err(error.at(ahead.source().origin() + at));
        }
        let end = at.saturating_add(length).min(range.end);
        boxes.push(BoxHeader { kind, content: (at + head).min(end)..end });
        at = end;
    }
    Ok(boxes)
}

/// The codestream in a source that is one, or that is a file of boxes around one.
///
/// # Errors
/// [`Error::Malformed`] if there is none, and as [`read_boxes`].
pub(crate) fn codestream_in(source: Arc<dyn ByteSource>, limits: &Limits) -> Result<Arc<dyn ByteSource>> {
    let first = source.read_range(0, source.size().min(12))?;
    if is_codestream(&first) {
        return Ok(source);
    }
    if !first.starts_with(SIGNATURE) {
        let found = format!("{first:02X?}");
        let error = Error::malformed("codestream: the first bytes").found(found).allowed("FF 4F FF 51, or a JP2 file");
        return Err(error.at(source.origin()));
    }
    let boxes = read_boxes(&mut Lookahead::new(&*source, 0, 64)?, 0..source.size(), limits)?;
    let found = boxes.into_iter().find(|found| found.kind == CODESTREAM);
    let Range { start, end } = found.map(|found| found.content).ok_or_else(no_codestream)?;
    Ok(Arc::new(SourceRange::new(source, start, end - start)?))
}

/// True if these are the first bytes of a codestream.
pub(crate) fn is_codestream(first: &[u8]) -> bool {
    first.starts_with(&[SOC.to_be_bytes(), SIZ.to_be_bytes()].concat())
}

/// The error for a file of boxes without a codestream.
pub(crate) fn no_codestream() -> Error {
    Error::malformed("JP2 file: it has no codestream")
}
