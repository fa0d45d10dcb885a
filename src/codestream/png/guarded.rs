//! A file as a stream for the decoder, with a guard after the compressed pixels.
//!
//! The decoder accepts a zlib stream that lacks its checksum, but not one whose checksum is wrong. It ignores what follows the
//! checksum (ISO/IEC 15948, 10.1). The stream therefore has four more bytes at the end of the last chunk of image data.

use std::io::{Read, Seek, SeekFrom};
use std::sync::Arc;

use crate::error::Result;
use crate::io::ByteSource;

/// The chunk of a file that ends its image data.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LastData {
    /// Offset of the data.
    pub(crate) offset: u64,
    /// Bytes of data.
    pub(crate) length: u32,
}

/// A source as a stream. All offsets are those of the stream.
pub(super) struct GuardedReader {
    source: Arc<dyn ByteSource>,
    /// The chunk that gets the guard.
    guarded: Option<LastData>,
    at: u64,
}

/// Bytes that are the checksum of pixels only by chance.
const GUARD: [u8; 4] = [0xFF; 4];

/// Bytes of a guard and a checksum of a chunk.
const TAIL: u64 = 8;

/// The decoder checks a checksum if it gets it together with the last pixels.
const TOGETHER: u64 = 64;

impl GuardedReader {
    /// The bytes of `source`, with a guard in the chunk `guarded`.
    pub(super) fn new(source: Arc<dyn ByteSource>, guarded: Option<LastData>) -> Self {
        // A chunk of the greatest length cannot be longer.
        let guarded = guarded.filter(|chunk| chunk.length.checked_add(4).is_some_and(|length| length < 1 << 31));
        Self { source, guarded, at: 0 }
    }

    fn size(&self) -> u64 {
        self.source.size() + if self.guarded.is_some() { GUARD.len() as u64 } else { 0 }
    }

    /// Reads the next bytes; their number is that of `out` or less.
    fn read_some(&mut self, out: &mut [u8]) -> Result<usize> {
        let Some(LastData { offset, length }) = self.guarded else { return self.copy(self.size(), 0, out) };
        let (length_at, end) = (offset - 8, offset + u64::from(length));
        match self.at {
            at if at < length_at => self.copy(length_at, 0, out),
            at if at < length_at + 4 => Ok(self.put(&(length + 4).to_be_bytes(), length_at, out)),
            at if at < end => self.copy(end, 0, out),
            at if at < end + TAIL => {
                let stored = self.source.read_range(end, 4)?;
                let stored = u32::from_be_bytes([stored[0], stored[1], stored[2], stored[3]]);
                let mut hasher = crc32fast::Hasher::new_with_initial_len(stored, u64::from(length) + 4);
                hasher.update(&GUARD);
                let mut tail = GUARD.to_vec();
                tail.extend(hasher.finalize().to_be_bytes());
                Ok(self.put(&tail, end, out))
            }
            _ => self.copy(self.size(), GUARD.len() as u64, out),
        }
    }

    /// Copies bytes of the source up to `end`, which lie `shift` bytes before their place in the stream.
    fn copy(&mut self, end: u64, shift: u64, out: &mut [u8]) -> Result<usize> {
        let count = end.saturating_sub(self.at).min(out.len() as u64) as usize;
        self.source.read_at(self.at - shift, &mut out[..count])?;
        self.at += count as u64;
        Ok(count)
    }

    /// Copies the rest of `bytes`, which begin at `start`.
    fn put(&mut self, bytes: &[u8], start: u64, out: &mut [u8]) -> usize {
        let rest = &bytes[(self.at - start) as usize..];
        let count = rest.len().min(out.len());
        out[..count].copy_from_slice(&rest[..count]);
        self.at += count as u64;
        count
    }

    /// The bytes to read at once, so that the guard comes together with the bytes before it.
    fn at_once(&self, wanted: usize) -> usize {
        let Some(LastData { offset, length }) = self.guarded else { return wanted };
        let end = offset + u64::from(length);
        let (together, stop) = (end.saturating_sub(TOGETHER), self.at + wanted as u64);
        if self.at < together && (together..end + TAIL).contains(&stop) {
            (together - self.at) as usize
        } else {
            wanted
        }
    }
}

impl Read for GuardedReader {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let wanted = self.at_once(out.len());
        let mut count = 0;
        while count < wanted {
            match self.read_some(&mut out[count..wanted]).map_err(std::io::Error::other)? {
                0 => break,
                more => count += more,
            }
        }
        Ok(count)
    }
}

impl Seek for GuardedReader {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
            SeekFrom::End(by) => self.size().checked_add_signed(by),
        };
        self.at = at.ok_or(std::io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::MemorySource;

    #[test]
    fn the_last_chunk_has_a_guard_and_a_right_checksum_however_it_is_read() {
        let chunk = |data: &[u8]| {
            let mut out = (data.len() as u32).to_be_bytes().to_vec();
            out.extend([b"IDAT", data].concat());
            out.extend(crc32fast::hash(&[b"IDAT", data].concat()).to_be_bytes());
            out
        };
        let data: Vec<u8> = (0..200).collect();
        let bytes = [b"before".to_vec(), chunk(&data), b"after".to_vec()].concat();
        let expected = [b"before".to_vec(), chunk(&[&data[..], &GUARD].concat()), b"after".to_vec()].concat();
        let guarded = Some(LastData { offset: 14, length: 200 });
        for step in [1, 3, 50, 100, 150, 215, 216, 1000] {
            let mut reader = GuardedReader::new(Arc::new(MemorySource(bytes.clone())), guarded);
            let (mut found, mut buffer) = (Vec::new(), vec![0; step]);
            loop {
                match reader.read(&mut buffer).unwrap() {
                    0 => break,
                    count => found.extend_from_slice(&buffer[..count]),
                }
            }
            assert_eq!(found, expected, "in steps of {step}");
        }
    }
}
