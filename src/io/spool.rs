//! Bytes that wait, in memory up to a limit and then in a temporary file: those of a file whose target is a stream that cannot
//! seek or cannot be read again ([`SpooledSink`]), and those that belong behind others ([`Spool`]).

use std::io::{Read, Seek, SeekFrom, Write};

use tempfile::SpooledTempFile;

use super::prepared::Prepared;
use super::sink::{ByteSink, SeekableSink, pieces};
use crate::error::{Error, Result};

/// The most bytes kept in memory; a longer output uses a temporary file.
const IN_MEMORY: usize = 8 << 20;

/// Bytes copied at once.
const COPIED: usize = 256 << 10;

/// Collects a file, then copies it to its target. A target stream belongs to the caller and is not closed.
pub struct SpooledSink<'t> {
    spool: SeekableSink<SpooledTempFile>,
    publish: Publish<'t>,
}

/// Consumes the bytes of the complete file.
type Publish<'t> = Box<dyn FnOnce(&mut dyn Read) -> Result<()> + Send + 't>;

impl<'t> SpooledSink<'t> {
    /// A sink whose bytes go to `target` when it is published.
    ///
    /// # Errors
    /// [`crate::Error::Io`] if the spool cannot be created.
    pub fn new<W: Write + Send + 't>(mut target: W) -> Result<Self> {
        Self::with(move |bytes| {
            std::io::copy(bytes, &mut target)?;
            Ok(target.flush()?)
        })
    }

    /// A sink whose bytes go to another sink when it is published; that sink is then published too.
    ///
    /// # Errors
    /// [`crate::Error::Io`] if the spool cannot be created.
    pub fn over(mut target: Box<dyn ByteSink + 't>) -> Result<Self> {
        Self::with(move |bytes| {
            let mut buffer = vec![0; COPIED];
            loop {
                match bytes.read(&mut buffer)? {
                    0 => return target.publish(),
                    count => target.write(&buffer[..count])?,
                }
            }
        })
    }

    fn with(publish: impl FnOnce(&mut dyn Read) -> Result<()> + Send + 't) -> Result<Self> {
        Ok(Self { spool: SeekableSink::new(SpooledTempFile::new(IN_MEMORY))?, publish: Box::new(publish) })
    }
}

impl ByteSink for SpooledSink<'_> {
    fn position(&self) -> u64 {
        self.spool.position()
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.spool.write(bytes)
    }

    fn patch(&mut self, offset: u64, bytes: &[u8]) -> Result<()> {
        self.spool.patch(offset, bytes)
    }

    fn can_move(&self) -> bool {
        true
    }

    fn move_tail(&mut self, from: u64, to: u64, poll: &dyn Fn() -> Result<()>) -> Result<()> {
        let (stream, end) = self.spool.parts();
        let length = end.checked_sub(from).ok_or_else(|| Error::usage("move starts outside the written bytes"))?;
        let mut buffer = Vec::new();
        for (start, count) in pieces(length, to > from) {
            poll()?;
            buffer.resize(count, 0);
            stream.seek(SeekFrom::Start(from + start))?;
            stream.read_exact(&mut buffer)?;
            stream.seek(SeekFrom::Start(to + start))?;
            stream.write_all(&buffer)?;
        }
        *end = to + length;
        Ok(stream.set_len(*end)?)
    }

    fn prepare<'s>(self: Box<Self>) -> Result<Prepared<'s>>
    where
        Self: 's,
    {
        let Self { spool, publish } = *self;
        let mut spool = spool.into_stream();
        spool.seek(SeekFrom::Start(0))?;
        Ok(Prepared::stream(move || publish(&mut spool)))
    }
}

/// Bytes that are written to a sink later, and in another order.
pub(crate) struct Spool {
    file: SpooledTempFile,
    length: u64,
}

impl Spool {
    /// An empty spool.
    pub(crate) fn new() -> Self {
        Self { file: SpooledTempFile::new(IN_MEMORY), length: 0 }
    }

    /// Appends bytes and returns their offset and length.
    ///
    /// # Errors
    /// [`crate::Error::Io`] if the temporary file cannot be written.
    pub(crate) fn append(&mut self, bytes: &[u8]) -> Result<(u64, u64)> {
        let start = self.length;
        self.file.seek(SeekFrom::Start(start))?;
        self.file.write_all(bytes)?;
        self.length += bytes.len() as u64;
        Ok((start, bytes.len() as u64))
    }

    /// Writes bytes, as [`Spool::append`] returned them, to a sink.
    ///
    /// # Errors
    /// [`crate::Error::Io`] if the temporary file cannot be read; the errors of the sink.
    pub(crate) fn copy(&mut self, (start, length): (u64, u64), sink: &mut dyn ByteSink) -> Result<()> {
        self.file.seek(SeekFrom::Start(start))?;
        let mut buffer = vec![0; length.min(COPIED as u64) as usize];
        let mut left = length;
        while left > 0 {
            let count = left.min(COPIED as u64) as usize;
            self.file.read_exact(&mut buffer[..count])?;
            sink.write(&buffer[..count])?;
            left -= count as u64;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_that_cannot_seek_gets_patched_bytes_in_order() {
        let mut target = Vec::new();
        let mut sink = Box::new(SpooledSink::new(&mut target).unwrap());
        sink.write(&vec![1; IN_MEMORY]).unwrap();
        sink.write(&[2; 100]).unwrap();
        sink.patch(0, &[9]).unwrap();
        sink.publish().unwrap();
        assert_eq!((target.len(), target[0], target[1], target[IN_MEMORY]), (IN_MEMORY + 100, 9, 1, 2));
    }

    #[test]
    fn spooled_bytes_are_copied_in_any_order() {
        let mut spool = Spool::new();
        let long = vec![7; IN_MEMORY + 3];
        let ranges: Vec<_> = [&b"abc"[..], &long, b"", b"xy"].map(|bytes| spool.append(bytes).unwrap()).into();
        let (mut sink, bytes) = super::super::MemorySink::new();
        for range in [3, 1, 0, 2] {
            spool.copy(ranges[range], &mut sink).unwrap();
        }
        Box::new(sink).publish().unwrap();
        assert_eq!(*bytes.lock().unwrap(), [b"xy", &long[..], b"abc"].concat());
        assert_eq!(spool.append(b"z").unwrap(), (ranges[3].0 + 2, 1));
    }

    #[test]
    fn a_tail_is_moved_before_another_sink_gets_the_bytes() {
        let target = std::cell::RefCell::new(None);
        let new = || -> Box<dyn ByteSink> {
            let (sink, bytes) = super::super::MemorySink::new();
            *target.borrow_mut() = Some(bytes);
            Box::new(SpooledSink::over(Box::new(sink)).unwrap())
        };
        super::super::sink::tests::check_moves(new, |sink| {
            sink.publish().unwrap();
            target.borrow().as_ref().unwrap().lock().unwrap().clone()
        });
    }
}
