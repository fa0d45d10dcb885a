//! Sinks: appended to in order, patched when a length becomes known, and published when complete.

mod atomic;
mod unnamed;

use std::io::{Read, Seek, SeekFrom, Write};
use std::sync::{Arc, Mutex, PoisonError};

use tempfile::SpooledTempFile;

pub use self::atomic::{AtomicFile, Durability, Prepared, sink_at};
pub(crate) use self::atomic::{publish_all, publish_set};
use super::spool::{COPIED, IN_MEMORY, Spool};
use crate::error::{Error, Result};

/// The destination of a file's bytes. Nothing is visible at the target before the output is published. Dropping a sink discards
/// the output, except what was already written to a caller's seekable stream.
pub trait ByteSink: Send {
    /// The offset of the next appended byte.
    fn position(&self) -> u64;

    /// Appends bytes.
    ///
    /// # Errors
    /// If writing fails.
    fn write(&mut self, bytes: &[u8]) -> Result<()>;

    /// Replaces bytes that were appended or reserved before.
    ///
    /// # Errors
    /// If writing fails.
    fn patch(&mut self, offset: u64, bytes: &[u8]) -> Result<()>;

    /// Appends `length` zero bytes, to be patched or written by position, and returns their offset.
    ///
    /// # Errors
    /// If writing fails.
    fn reserve(&mut self, length: u64) -> Result<u64> {
        let start = self.position();
        let zeros = vec![0; length.min(1 << 16) as usize];
        let mut left = length;
        while left > 0 {
            let count = left.min(zeros.len() as u64);
            self.write(&zeros[..count as usize])?;
            left -= count;
        }
        Ok(start)
    }

    /// True if written bytes can be moved: [`ByteSink::move_tail`] works.
    fn can_move(&self) -> bool {
        false
    }

    /// Moves all bytes from offset `from` to the end to offset `to`, in either direction, and moves the end with them. The
    /// content between the two offsets is then undefined and must be patched. Used if a length at the front of a file differs
    /// from the expected one. `poll` is called before each piece.
    ///
    /// # Errors
    /// [`Error::Unsupported`] if the medium cannot be read again; any error of the medium or of `poll`.
    fn move_tail(&mut self, from: u64, to: u64, poll: &dyn Fn() -> Result<()>) -> Result<()> {
        let _ = (from, to, poll);
        Err(Error::unsupported("move of bytes written to a stream"))
    }

    /// True if written bytes can be taken back: [`ByteSink::withdraw`] works.
    fn can_withdraw(&self) -> bool {
        false
    }

    /// Takes back all bytes written so far, and begins the output anew. Used if the order of the bytes in the file is known only
    /// after they were made. The bytes lie where they were written: withdrawing copies nothing if the medium permits it.
    ///
    /// # Errors
    /// [`Error::Unsupported`] if the medium cannot be read again; any error of the medium.
    fn withdraw(&mut self) -> Result<Spool> {
        Err(Error::unsupported("withdrawal of bytes written to a stream"))
    }

    /// A handle that writes at any reserved place from any thread, if the medium supports it. Bytes written through it after
    /// the sink is published or dropped are undefined: the writer must end its workers first.
    ///
    /// # Errors
    /// If writing the bytes appended before fails.
    fn positioned(&mut self) -> Result<Option<Arc<dyn PositionedWrite>>> {
        Ok(None)
    }

    /// Completes the output: flushed, and on the medium if it is a file ([`Durability`]). The output is not yet visible.
    ///
    /// # Errors
    /// If the medium fails.
    fn prepare<'s>(self: Box<Self>) -> Result<Prepared<'s>>
    where
        Self: 's;

    /// Completes the output and makes it visible at its target.
    ///
    /// # Errors
    /// If the medium fails; the target is then unchanged.
    fn publish(self: Box<Self>) -> Result<()> {
        self.prepare()?.publish()
    }
}

/// Writing at any reserved place from any thread.
pub trait PositionedWrite: Send + Sync {
    /// Writes all bytes at `offset`.
    ///
    /// # Errors
    /// If writing fails.
    fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<()>;
}

/// A sink into memory, for embedding and for tests.
#[derive(Debug, Default)]
pub struct MemorySink {
    bytes: Vec<u8>,
    target: Arc<Mutex<Vec<u8>>>,
}

/// A sink into a seekable stream, from its current position. The stream belongs to the caller and is not closed.
pub struct SeekableSink<S> {
    stream: S,
    start: u64,
    length: u64,
    /// True if the stream's position is not the end of the appended bytes.
    moved: bool,
    /// Copies all bytes of a stream from its position on, if the stream can be read.
    copy: Option<CopyOut<S>>,
}

/// Copies the given number of bytes from the position of a stream.
type CopyOut<S> = fn(&mut S, u64, &mut Spool) -> Result<()>;

/// A sink for streams that cannot seek or cannot be read again. It uses memory up to a limit, then a temporary file, and copies
/// the complete file to the stream, which belongs to the caller and is not closed.
pub struct SpooledSink<'t> {
    spool: SeekableSink<SpooledTempFile>,
    publish: Publish<'t>,
}

/// Consumes the bytes of the complete file.
type Publish<'t> = Box<dyn FnOnce(&mut dyn Read) -> Result<()> + Send + 't>;

impl MemorySink {
    /// A sink, and the buffer that holds the bytes when it is published.
    pub fn new() -> (Self, Arc<Mutex<Vec<u8>>>) {
        let sink = Self::default();
        let target = Arc::clone(&sink.target);
        (sink, target)
    }
}

impl ByteSink for MemorySink {
    fn position(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    fn patch(&mut self, offset: u64, bytes: &[u8]) -> Result<()> {
        let range = offset as usize..offset as usize + bytes.len();
        let place = self.bytes.get_mut(range).ok_or_else(|| Error::usage("patch outside the written bytes"))?;
        place.copy_from_slice(bytes);
        Ok(())
    }

    fn can_move(&self) -> bool {
        true
    }

    fn move_tail(&mut self, from: u64, to: u64, _poll: &dyn Fn() -> Result<()>) -> Result<()> {
        let (from, to) = (from as usize, to as usize);
        if from > self.bytes.len() {
            return Err(Error::usage("move starts outside the written bytes"));
        }
        let gap = vec![0; to.saturating_sub(from)];
        self.bytes.splice(to.min(from)..from, gap);
        Ok(())
    }

    fn can_withdraw(&self) -> bool {
        true
    }

    fn withdraw(&mut self) -> Result<Spool> {
        Ok(Spool::over(std::io::Cursor::new(std::mem::take(&mut self.bytes))))
    }

    fn prepare<'s>(self: Box<Self>) -> Result<Prepared<'s>> {
        Ok(Prepared::stream(move || {
            *self.target.lock().unwrap_or_else(PoisonError::into_inner) = self.bytes;
            Ok(())
        }))
    }
}

impl<S: Write + Seek + Send> SeekableSink<S> {
    /// A sink that appends from the current position of `stream`.
    ///
    /// # Errors
    /// [`Error::Io`] if the stream cannot report its position.
    pub fn new(mut stream: S) -> Result<Self> {
        let start = stream.stream_position()?;
        Ok(Self { stream, start, length: 0, moved: false, copy: None })
    }

    /// As [`SeekableSink::new`], for a stream that can be read again: a format may then write in any order.
    ///
    /// # Errors
    /// As [`SeekableSink::new`].
    pub fn readable(stream: S) -> Result<Self>
    where
        S: Read,
    {
        Ok(Self { copy: Some(|stream, length, spool| spool.take(&mut stream.take(length))), ..Self::new(stream)? })
    }

    /// The stream, at an unspecified position.
    pub(super) fn into_stream(self) -> S {
        self.stream
    }

    /// The stream, which may be left at any position, and the intended total number of bytes.
    pub(super) fn parts(&mut self) -> (&mut S, &mut u64) {
        self.moved = true;
        (&mut self.stream, &mut self.length)
    }

    fn go(&mut self, offset: u64) -> Result<()> {
        self.stream.seek(SeekFrom::Start(self.start + offset))?;
        Ok(())
    }
}

impl<S: Write + Seek + Send> ByteSink for SeekableSink<S> {
    fn position(&self) -> u64 {
        self.length
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        if self.moved {
            self.go(self.length)?;
            self.moved = false;
        }
        self.stream.write_all(bytes)?;
        self.length += bytes.len() as u64;
        Ok(())
    }

    fn patch(&mut self, offset: u64, bytes: &[u8]) -> Result<()> {
        self.go(offset)?;
        self.moved = true;
        self.stream.write_all(bytes)?;
        Ok(())
    }

    fn can_withdraw(&self) -> bool {
        self.copy.is_some()
    }

    fn withdraw(&mut self) -> Result<Spool> {
        let copy = self.copy.ok_or_else(|| Error::unsupported("withdrawal of bytes written to a stream"))?;
        self.go(0)?;
        self.moved = true;
        let mut spool = Spool::new();
        copy(&mut self.stream, self.length, &mut spool)?;
        self.length = 0;
        Ok(spool)
    }

    fn prepare<'s>(mut self: Box<Self>) -> Result<Prepared<'s>>
    where
        Self: 's,
    {
        self.go(self.length)?;
        Ok(Prepared::stream(move || Ok(self.stream.flush()?)))
    }
}

impl<'t> SpooledSink<'t> {
    /// A sink whose bytes go to `target` when it is published.
    ///
    /// # Errors
    /// [`Error::Io`] if the spool cannot be created.
    pub fn new<W: Write + Send + 't>(mut target: W) -> Result<Self> {
        Self::with(move |bytes| {
            std::io::copy(bytes, &mut target)?;
            Ok(target.flush()?)
        })
    }

    /// A sink whose bytes go to another sink when it is published; that sink is then published too.
    ///
    /// # Errors
    /// [`Error::Io`] if the spool cannot be created.
    pub(crate) fn over(mut target: Box<dyn ByteSink + 't>) -> Result<Self> {
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

    fn can_withdraw(&self) -> bool {
        true
    }

    fn withdraw(&mut self) -> Result<Spool> {
        let written = std::mem::replace(&mut self.spool, SeekableSink::new(SpooledTempFile::new(IN_MEMORY))?);
        Ok(Spool::over(written.into_stream()))
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

/// Bytes moved at once.
const MOVED: u64 = 4 << 20;

/// The pieces for moving `length` bytes so that none overwrites bytes still to be moved, as offsets from the first byte. If the
/// bytes move towards the end, the last piece comes first.
pub(super) fn pieces(length: u64, forward: bool) -> impl Iterator<Item = (u64, usize)> {
    let count = length.div_ceil(MOVED);
    (0..count).map(move |n| {
        let start = (if forward { count - 1 - n } else { n }) * MOVED;
        (start, MOVED.min(length - start) as usize)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Moves a tail both ways in a sink, and compares the result with the same moves in a vector.
    pub(super) fn check_moves(new: impl Fn() -> Box<dyn ByteSink>, read: impl Fn(Box<dyn ByteSink>) -> Vec<u8>) {
        let bytes: Vec<u8> = (0..3 * MOVED + 17).map(|n| (n * 31 % 251) as u8).collect();
        for (from, to) in [(10, 10), (10, 4), (10, 12), (10, MOVED + 99), (MOVED + 99, 0), (bytes.len() as u64, 5)] {
            let mut sink = new();
            sink.write(&bytes).unwrap();
            assert!(sink.can_move());
            let stopped = sink.move_tail(from, to, &|| Err(Error::Cancelled));
            assert!(stopped.is_ok() || matches!(stopped, Err(Error::Cancelled)));
            let mut sink = new();
            sink.write(&bytes).unwrap();
            sink.move_tail(from, to, &|| Ok(())).unwrap();
            sink.patch(0, &vec![7; to as usize]).unwrap();
            sink.write(b"end").unwrap();
            let expected = [&vec![7; to as usize][..], &bytes[from as usize..], b"end"].concat();
            assert_eq!(sink.position(), expected.len() as u64);
            assert!(read(sink) == expected, "{from} to {to}");
        }
    }

    /// Withdraws the bytes of a sink, and writes them in another order.
    pub(super) fn check_withdrawal(mut sink: Box<dyn ByteSink>) {
        sink.write(b"onetwo").unwrap();
        assert!(sink.can_withdraw());
        let mut spool = sink.withdraw().unwrap();
        assert_eq!(sink.position(), 0);
        sink.write(b"three ").unwrap();
        for start in [3, 0] {
            let mut bytes = [0; 3];
            spool.read(start, &mut bytes).unwrap();
            sink.write(&bytes).unwrap();
        }
        assert!(spool.read(4, &mut [0; 3]).is_err());
        sink.patch(0, b"T").unwrap();
        sink.publish().unwrap();
    }

    #[test]
    fn withdrawn_bytes_are_read_again() {
        let (sink, bytes) = MemorySink::new();
        check_withdrawal(Box::new(sink));
        assert_eq!(*bytes.lock().unwrap(), b"Three twoone");
        let mut stream = std::io::Cursor::new(b"head".to_vec());
        stream.set_position(4);
        let sink = SeekableSink::readable(stream.clone()).unwrap();
        assert!(!SeekableSink::new(stream.clone()).unwrap().can_withdraw());
        check_withdrawal(Box::new(sink));
        let (sink, bytes) = MemorySink::new();
        check_withdrawal(Box::new(SpooledSink::over(Box::new(sink)).unwrap()));
        assert_eq!(*bytes.lock().unwrap(), b"Three twoone");
    }

    #[test]
    fn a_tail_is_moved_in_memory() {
        let target = std::cell::RefCell::new(None);
        let new = || -> Box<dyn ByteSink> {
            let (sink, bytes) = MemorySink::new();
            *target.borrow_mut() = Some(bytes);
            Box::new(sink)
        };
        check_moves(new, |sink| {
            sink.publish().unwrap();
            target.borrow().as_ref().unwrap().lock().unwrap().clone()
        });
    }

    #[test]
    fn a_stream_that_may_be_write_only_cannot_move_its_bytes() {
        let mut sink = SeekableSink::new(std::io::Cursor::new(Vec::new())).unwrap();
        assert!(!sink.can_move() && matches!(sink.move_tail(0, 1, &|| Ok(())), Err(Error::Unsupported(_))));
    }

    #[test]
    fn a_stream_is_written_from_where_it_stands_and_patched_there() {
        let mut stream = std::io::Cursor::new(b"head".to_vec());
        stream.set_position(4);
        let mut sink = Box::new(SeekableSink::new(&mut stream).unwrap());
        let place = sink.reserve(2).unwrap();
        sink.write(b"tail").unwrap();
        sink.patch(place, b"ok").unwrap();
        sink.write(b"!").unwrap();
        sink.publish().unwrap();
        assert_eq!(stream.into_inner(), b"headoktail!");
    }

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
            let (sink, bytes) = MemorySink::new();
            *target.borrow_mut() = Some(bytes);
            Box::new(SpooledSink::over(Box::new(sink)).unwrap())
        };
        check_moves(new, |sink| {
            sink.publish().unwrap();
            target.borrow().as_ref().unwrap().lock().unwrap().clone()
        });
    }
}
