//! A sink for streams that cannot seek or cannot be read again. It uses memory up to a limit, then a temporary file, and copies
//! the complete file to the stream.

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
