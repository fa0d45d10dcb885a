//! Chunks (ISO/IEC 15948, clause 5): finds them without reading the image data, and writes them.

use std::fmt;

use crate::codestream::png::LARGEST;
use crate::error::{Error, Result};
use crate::io::{ByteSink, ByteSource, Lookahead};

/// The first bytes of every PNG file.
pub(super) const SIGNATURE: [u8; 8] = *b"\x89PNG\r\n\x1a\n";

/// The type of a chunk.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Kind(pub(super) [u8; 4]);

/// A chunk of a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Chunk {
    pub(super) kind: Kind,
    /// Offset of its data.
    pub(super) offset: u64,
    pub(super) length: u32,
    /// False if the file ends within it.
    pub(super) whole: bool,
}

/// The chunks of a file in order.
pub(super) struct Chunks<'s> {
    file: Lookahead<'s>,
    next: u64,
}

impl Kind {
    pub(super) const IHDR: Self = Self(*b"IHDR");
    pub(super) const PLTE: Self = Self(*b"PLTE");
    pub(super) const IDAT: Self = Self(*b"IDAT");
    pub(super) const IEND: Self = Self(*b"IEND");

    /// The type with this name, if it has four letters.
    pub(super) fn from_name(name: &str) -> Option<Self> {
        let bytes: [u8; 4] = name.as_bytes().try_into().ok()?;
        bytes.iter().all(u8::is_ascii_alphabetic).then_some(Self(bytes))
    }

    /// True for chunks without which the image can still be shown (5.4).
    pub(super) const fn is_ancillary(self) -> bool {
        self.0[0].is_ascii_lowercase()
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.escape_ascii())
    }
}

impl<'s> Chunks<'s> {
    /// Begins at the first chunk of `source`.
    ///
    /// # Errors
    /// [`Error::Malformed`] if the source does not begin with the PNG signature.
    pub(super) fn new(source: &'s dyn ByteSource) -> Result<Self> {
        let mut file = Lookahead::new(source, READ, READ)?;
        let first = file.get(0, SIGNATURE.len() as u64)?;
        if first != SIGNATURE {
            return Err(Error::malformed("PNG signature").found(first.escape_ascii()));
        }
        Ok(Self { file, next: SIGNATURE.len() as u64 })
    }

    /// The next chunk; `None` at the end of the file. A chunk that reaches past the end is the last.
    ///
    /// # Errors
    /// [`Error::Malformed`] if a chunk's header is truncated, or its length or type is illegal.
    pub(super) fn next(&mut self) -> Result<Option<Chunk>> {
        let (at, size) = (self.next, self.file.size());
        if at >= size {
            return Ok(None);
        }
        let [a, b, c, d, kind @ ..] = self.head(at)?;
        let (length, kind) = (u32::from_be_bytes([a, b, c, d]), Kind(kind));
        if !kind.0.iter().all(u8::is_ascii_alphabetic) {
            return Err(Error::malformed("chunk type").found(kind).allowed("four letters").at(at));
        }
        if length > LARGEST {
            return Err(Error::malformed("length of chunk")
                .field(kind)
                .found(length)
                .allowed(format!("at most {LARGEST}"))
                .at(at));
        }
        let offset = at + 8;
        self.next = offset + u64::from(length) + 4;
        Ok(Some(Chunk { kind, offset, length, whole: self.next <= size }))
    }

    /// The data of a chunk, and true if its checksum is right. The caller must check the length against the limits first.
    ///
    /// # Errors
    /// If the data cannot be read.
    pub(super) fn data(&self, chunk: &Chunk) -> Result<(Vec<u8>, bool)> {
        let mut data = self.file.source().read_range(chunk.offset, u64::from(chunk.length) + 4)?;
        let stored = data.split_off(chunk.length as usize);
        let right = crc(chunk.kind, &data).to_be_bytes() == stored[..];
        Ok((data, right))
    }

    fn head(&mut self, at: u64) -> Result<[u8; 8]> {
        let head = self.file.up_to(at, 8)?.try_into();
        head.map_err(|_| Error::malformed("file: it ends within a chunk header").at(at))
    }
}

/// The checksum of a chunk.
pub(super) fn crc(kind: Kind, data: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&kind.0);
    hasher.update(data);
    hasher.finalize()
}

/// Writes a chunk.
///
/// # Errors
/// If the sink cannot be written.
pub(super) fn write(sink: &mut dyn ByteSink, kind: Kind, data: &[u8]) -> Result<()> {
    write_parts(sink, kind, &[data], crc(kind, data))
}

/// Writes a chunk whose data is in several parts and has the checksum `crc`.
///
/// # Errors
/// If the sink cannot be written.
pub(super) fn write_parts(sink: &mut dyn ByteSink, kind: Kind, parts: &[&[u8]], crc: u32) -> Result<()> {
    let length = parts.iter().map(|part| part.len()).sum::<usize>();
    let length = u32::try_from(length).ok().filter(|length| *length <= LARGEST);
    let length =
        length.ok_or_else(|| Error::usage("length of chunk").field(kind).allowed(format!("at most {LARGEST}")))?;
    sink.write(&length.to_be_bytes())?;
    sink.write(&kind.0)?;
    parts.iter().try_for_each(|part| sink.write(part))?;
    sink.write(&crc.to_be_bytes())
}

/// Bytes read at once to find chunks: many small ones share a read.
const READ: u64 = 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::{MemorySink, MemorySource};

    #[test]
    fn chunks_are_walked_through_and_checked() {
        let (mut sink, target) = MemorySink::new();
        sink.write(&SIGNATURE).unwrap();
        for length in [0, 5, 3000, 1] {
            write(&mut sink, Kind::IDAT, &vec![7; length]).unwrap();
        }
        Box::new(sink).publish().unwrap();
        let bytes = target.lock().unwrap().clone();
        let source = MemorySource(bytes.clone());
        let mut chunks = Chunks::new(&source).unwrap();
        let mut lengths = Vec::new();
        while let Some(chunk) = chunks.next().unwrap() {
            assert!(chunk.whole);
            assert_eq!(chunks.data(&chunk).unwrap(), (vec![7; chunk.length as usize], true));
            lengths.push(chunk.length);
        }
        assert_eq!(lengths, [0, 5, 3000, 1]);

        for end in SIGNATURE.len()..bytes.len() {
            let source = MemorySource(&bytes[..end]);
            let mut chunks = Chunks::new(&source).unwrap();
            let all = std::iter::from_fn(|| chunks.next().transpose());
            assert!(all.take_while(|chunk| matches!(chunk, Ok(chunk) if chunk.whole)).count() < 4, "{end}");
        }
    }

    #[test]
    fn the_checksum_is_that_of_the_standard() {
        assert_eq!(crc(Kind::IEND, &[]), 0xae42_6082);
    }
}
