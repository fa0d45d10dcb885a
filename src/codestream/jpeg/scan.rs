//! Markers of a stream in a source, read in chunks, and complete streams that follow one another.

use std::ops::Range;

use memchr::memchr;

use crate::codec::jpeg::markers::{EOI, SOI, stands_alone};
use crate::error::Result;
use crate::io::ByteSource;

/// Bytes read at a time in the search for markers.
const CHUNK: usize = 1 << 20;

/// The complete streams that follow one another in a range of a source, at most `count`. A stream without an end marker ends
/// where the next one begins, or with the range. Bytes between streams are skipped.
///
/// # Errors
/// Errors of the source.
pub(crate) fn streams(source: &dyn ByteSource, range: Range<u64>, count: usize) -> Result<Vec<Range<u64>>> {
    let mut markers = Markers::new(source, range.clone());
    let mut found: Vec<Range<u64>> = Vec::new();
    let mut start = None;
    while found.len() < count {
        let Some((marker, offset)) = markers.next_or_end()? else {
            found.extend(start.map(|start| start..range.end));
            break;
        };
        match marker {
            SOI => found.extend(start.replace(offset).map(|start| start..offset)),
            EOI => found.extend(start.take().map(|start| start..offset + 2)),
            // Only marker segments of a stream have a length; entropy-coded data and other bytes do not.
            marker if start.is_some() && !stands_alone(marker) => markers.skip_segment(offset)?,
            _ => {}
        }
    }
    Ok(found)
}

/// The streams that fill a range in which a length of four bytes precedes each, as some writers of NITF have it. `None` unless that
/// is certain: the range does not begin as a stream does, and `count` lengths lead from start to end markers up to its end.
///
/// # Errors
/// Errors of the source.
pub(crate) fn framed_streams(
    source: &dyn ByteSource,
    range: Range<u64>,
    count: usize,
) -> Result<Option<Vec<Range<u64>>>> {
    const LENGTH: u64 = 4;
    let mut found = Vec::new();
    let mut at = range.start;
    while found.len() < count {
        // A length and the two markers of a stream.
        if range.end.saturating_sub(at) < LENGTH + 4 {
            return Ok(None);
        }
        let head = source.read_range(at, LENGTH + 2)?;
        let length = u64::from(u32::from_be_bytes([head[0], head[1], head[2], head[3]]));
        let stream = at + LENGTH..at + LENGTH + length;
        if head[0] == 0xFF || head[4..] != [0xFF, SOI] || length < 4 || stream.end > range.end {
            return Ok(None);
        }
        if source.read_range(stream.end - 2, 2)? != [0xFF, EOI] {
            return Ok(None);
        }
        at = stream.end;
        found.push(stream);
    }
    Ok((at == range.end).then_some(found))
}

/// Markers in entropy-coded data, read in chunks.
pub(super) struct Markers<'a> {
    source: &'a dyn ByteSource,
    at: u64,
    end: u64,
    chunk: Vec<u8>,
    chunk_at: u64,
}

impl<'a> Markers<'a> {
    /// The markers in a range of a source.
    pub(super) fn new(source: &'a dyn ByteSource, range: Range<u64>) -> Self {
        Self { source, at: range.start, end: range.end, chunk: Vec::new(), chunk_at: range.start }
    }

    /// The next marker and its offset; `None` if the range ends before a marker.
    ///
    /// # Errors
    /// The errors of the source.
    pub(super) fn next_or_end(&mut self) -> Result<Option<(u8, u64)>> {
        loop {
            let place = (self.at - self.chunk_at) as usize;
            let found = self.chunk.get(place..).and_then(|rest| memchr(0xFF, rest)).map(|i| place + i);
            let is_there = match found.map(|i| (i, self.chunk.get(i + 1))) {
                Some((i, Some(code))) => {
                    let offset = self.chunk_at + i as u64;
                    self.at = offset + if *code == 0xFF { 1 } else { 2 };
                    if !matches!(code, 0x00 | 0xFF) {
                        return Ok(Some((*code, offset)));
                    }
                    true
                }
                // The code of the marker is in the next chunk.
                Some((i, None)) => self.refill(self.chunk_at + i as u64, 2)?,
                None => self.refill(self.at.max(self.chunk_at + self.chunk.len() as u64), 1)?,
            };
            if !is_there {
                return Ok(None);
            }
        }
    }

    /// Continues after the segment whose marker is at `offset`, or at the end of a range that ends before its length.
    fn skip_segment(&mut self, offset: u64) -> Result<()> {
        let mut place = (offset - self.chunk_at) as usize;
        if self.chunk.len() < place + 4 {
            if !self.refill(offset, 4)? {
                self.at = self.end;
                return Ok(());
            }
            place = 0;
        }
        let length = u16::from_be_bytes([self.chunk[place + 2], self.chunk[place + 3]]);
        self.at = offset + 2 + u64::from(length);
        Ok(())
    }

    /// Reads a chunk of at least `least` bytes from `offset`; false if the range does not have them.
    fn refill(&mut self, offset: u64, least: u64) -> Result<bool> {
        let left = self.end.saturating_sub(offset);
        if left < least {
            return Ok(false);
        }
        self.chunk.resize(left.min(CHUNK as u64) as usize, 0);
        self.source.read_at(offset, &mut self.chunk)?;
        (self.chunk_at, self.at) = (offset, offset);
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::jpeg::{ColorModel, Encoder, Rows};
    use crate::io::MemorySource;

    #[test]
    fn streams_are_found_whatever_stands_between_and_inside_them() {
        let encoder = Encoder::new(1, ColorModel::Independent, 90).unwrap();
        let mut bytes = vec![0xFF; 6];
        let mut expected = Vec::new();
        // A segment may hold the markers of a thumbnail.
        for segments in [&[][..], &[0xFF, 0xE1, 0, 6, 0xFF, SOI, 0xFF, EOI], &[]] {
            let start = bytes.len() as u64;
            let pixels: Vec<u8> = (0..1600).map(|n| (n * n % 251) as u8).collect();
            encoder.write_stream(Rows::Planar(&pixels), (40, 40), segments, true, &mut bytes);
            expected.push(start..bytes.len() as u64);
        }
        let end = bytes.len() as u64;
        let find = |bytes: &[u8], count| {
            let source = MemorySource(bytes.to_vec());
            streams(&source, 0..source.size(), count).unwrap()
        };
        assert_eq!(find(&bytes, 3), expected);
        assert_eq!(find(&bytes, 9), expected);
        assert_eq!(find(&bytes, 2), expected[..2]);
        assert_eq!(find(&bytes[..bytes.len() - 2], 3)[2], expected[2].start..end - 2);
        let without_end = [&bytes[..expected[1].end as usize - 2], &bytes[expected[2].start as usize..]].concat();
        assert_eq!(find(&without_end, 3).len(), 3);
        for length in 0..bytes.len() {
            assert!(find(&bytes[..length], 3).len() <= 3);
        }
    }

    #[test]
    fn lengths_before_streams_are_recognised_only_if_all_fit() {
        let encoder = Encoder::new(1, ColorModel::Independent, 90).unwrap();
        let (mut bytes, mut expected) = (Vec::new(), Vec::new());
        for size in [16, 40] {
            let mut stream = Vec::new();
            encoder.write_stream(
                Rows::Planar(&vec![7; 1600][..size * size]),
                (size as u16, size as u16),
                &[],
                true,
                &mut stream,
            );
            bytes.extend_from_slice(&(stream.len() as u32).to_be_bytes());
            expected.push(bytes.len() as u64..(bytes.len() + stream.len()) as u64);
            bytes.extend_from_slice(&stream);
        }
        let find = |bytes: &[u8], count| {
            let source = MemorySource(bytes.to_vec());
            framed_streams(&source, 0..source.size(), count).unwrap()
        };
        assert_eq!(find(&bytes, 2), Some(expected));
        assert_eq!((find(&bytes, 1), find(&bytes, 3), find(&bytes[4..], 2)), (None, None, None));
        assert!((0..bytes.len()).all(|length| find(&bytes[..length], 2).is_none()));
        bytes[3] ^= 1;
        assert_eq!(find(&bytes, 2), None);
    }

    #[test]
    fn markers_are_found_across_chunks() {
        let mut bytes = vec![0xFF, SOI, 0xFF, 0xE0, 0x7F, 0xFF];
        bytes.resize(CHUNK - 1, 0);
        bytes.extend_from_slice(&[0xFF, 0xE1, 0xFF, 0xFF]);
        bytes.resize(CHUNK + 70_000, 1);
        bytes.extend_from_slice(&[0xFF, EOI]);
        let source = MemorySource(bytes);
        assert_eq!(streams(&source, 0..source.size(), 1).unwrap().first(), Some(&(0..source.size())));
    }
}
