//! Rows at a constant pitch, as in uncompressed blocks, read in pieces.

use std::ops::Range;

use super::source::ByteSource;
use crate::error::Result;

/// Rows to read, each with the same range of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rows {
    /// First byte of the first row.
    pub(crate) offset: u64,
    /// Bytes to read of each row.
    pub(crate) bytes: usize,
    /// Bytes from row to row.
    pub(crate) pitch: u64,
    /// Number of rows.
    pub(crate) count: usize,
}

/// Bytes read at once; the processor's cache still holds them when they are split into rows.
const PIECE: u64 = 256 << 10;

impl Rows {
    /// The end of the last byte to read.
    pub(crate) fn end(&self) -> u64 {
        let last = (self.count as u64).saturating_sub(1).saturating_mul(self.pitch);
        self.offset.saturating_add(last).saturating_add(self.bytes as u64)
    }

    /// True if the bytes to read are contiguous.
    pub(crate) fn is_joined(&self) -> bool {
        self.pitch == self.bytes as u64 || self.count == 1
    }

    /// The bytes that [`Rows::read`] reads from a source with this gap: shorter gaps between rows are read too.
    pub(crate) fn read_bytes(&self, gap: u64) -> u64 {
        if self.jumps(gap) { self.count as u64 * self.bytes as u64 } else { self.end() - self.offset }
    }

    /// The byte ranges to read: one, or one for each row if there are gaps between them.
    pub(crate) fn ranges(self) -> impl Iterator<Item = Range<u64>> {
        let (count, bytes) =
            if self.is_joined() { (1, self.end() - self.offset) } else { (self.count, self.bytes as u64) };
        (0..count as u64).map(move |row| self.offset + row * self.pitch).map(move |start| start..start + bytes)
    }

    /// Passes the index and the bytes of each row to `take`, in order. `buffer` is used if the source is not in memory.
    ///
    /// # Errors
    /// As [`ByteSource::read_at`].
    pub(crate) fn read(
        &self,
        source: &dyn ByteSource,
        buffer: &mut Vec<u8>,
        mut take: impl FnMut(usize, &[u8]),
    ) -> Result<()> {
        if let Some(bytes) = source.bytes().filter(|bytes| self.end() <= bytes.len() as u64) {
            for row in 0..self.count {
                let start = (self.offset + row as u64 * self.pitch) as usize;
                take(row, &bytes[start..start + self.bytes]);
            }
            return Ok(());
        }
        let at_once = if self.jumps(source.gap()) { 1 } else { (PIECE / self.pitch.max(1)).max(1) as usize };
        for first in (0..self.count).step_by(at_once) {
            let count = at_once.min(self.count - first);
            let length = (count - 1) * self.pitch as usize + self.bytes;
            if buffer.len() < length {
                buffer.resize(length, 0);
            }
            let piece = &mut buffer[..length];
            source.read_at(self.offset + first as u64 * self.pitch, piece)?;
            for (row, bytes) in piece.chunks(self.pitch.max(1) as usize).enumerate() {
                take(first + row, &bytes[..self.bytes]);
            }
        }
        Ok(())
    }

    fn jumps(&self, gap: u64) -> bool {
        self.pitch.saturating_sub(self.bytes as u64) > gap
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::{FileSource, MemorySource};

    #[test]
    fn every_row_is_given_once_and_in_order() {
        let bytes: Vec<u8> = (0..600_000u32).map(|n| (n % 251) as u8).collect();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, &bytes).unwrap();
        let sources: [&dyn ByteSource; 2] = [&MemorySource(bytes.clone()), &FileSource::open(&path).unwrap()];
        for source in sources {
            for (bytes_wanted, pitch, count) in
                [(10, 10, 5), (10, 1000, 500), (5000, 5000, 100), (10, 9000, 60), (7, 7, 1)]
            {
                let rows = Rows { offset: 3, bytes: bytes_wanted, pitch, count };
                let mut next = 0;
                rows.read(source, &mut Vec::new(), |row, found| {
                    let start = 3 + row * pitch as usize;
                    assert_eq!((row, found), (next, &bytes[start..start + bytes_wanted]));
                    next += 1;
                })
                .unwrap();
                assert_eq!(next, count);
            }
            let beyond = Rows { offset: 599_990, bytes: 10, pitch: 10, count: 2 };
            assert!(beyond.read(source, &mut Vec::new(), |_, _| ()).is_err());
        }
    }
}
