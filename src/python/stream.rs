//! Python streams as sources and sinks of bytes. They belong to the caller and are not closed.

use std::io::{Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::sync::MutexExt;
use pyo3::types::PyBytes;
use tempfile::NamedTempFile;

use super::errors::Raised;
use crate::error::{Error, Result};
use crate::io::{ByteSink, ByteSource, FileSource, MemorySource, SeekableSink, SpooledSink, check_range, read_joined};

/// The limit of bytes that are kept in memory of a stream that cannot seek. More bytes go to a temporary file.
const IN_MEMORY: u64 = 64 << 20;

/// The limit of bytes that are skipped by reading. Seeking would cost two calls of Python methods.
const GAP: u64 = 64 << 10;

/// A Python stream that implements `Read`, `Write` and `Seek`. The calling thread uses it and takes the GIL for each call.
pub(super) struct PyStream(Py<PyAny>);

/// A seekable stream, read from its current position on.
struct StreamSource {
    stream: Mutex<PyStream>,
    start: u64,
    size: u64,
}

/// The bytes of a `BytesIO` from its position on. The `BytesIO` shares them until it is written to.
struct Rest {
    bytes: PyBackedBytes,
    start: usize,
}

/// A temporary file with the bytes of a stream that cannot seek.
struct SpooledSource {
    source: FileSource,
    _file: NamedTempFile,
}

/// A stream to read a file from. The file begins at the current position of the stream.
///
/// # Errors
/// Any exception of the stream.
pub(super) fn source(stream: &Bound<'_, PyAny>) -> PyResult<Arc<dyn ByteSource>> {
    let py = stream.py();
    if stream.is_instance(&py.import("io")?.getattr("BytesIO")?)? {
        let start: usize = stream.call_method0("tell")?.extract()?;
        let bytes: PyBackedBytes = stream.call_method0("getvalue")?.extract()?;
        return Ok(Arc::new(MemorySource(Rest { start: start.min(bytes.len()), bytes })));
    }
    let mut reader = PyStream(stream.clone().unbind());
    if !can_seek(stream)? {
        return Ok(py.detach(|| spooled(&mut reader))?);
    }
    let start = reader.stream_position().map_err(Error::from)?;
    let end = reader.seek(SeekFrom::End(0)).map_err(Error::from)?;
    let size = end.saturating_sub(start);
    Ok(Arc::new(StreamSource { stream: Mutex::new(reader), start, size }))
}

/// A stream to write a file to, from its current position. A stream whose bytes cannot be replaced receives all bytes at the end.
///
/// # Errors
/// Any exception of the stream.
pub(super) fn sink(stream: &Bound<'_, PyAny>) -> PyResult<Box<dyn ByteSink>> {
    let writer = PyStream(stream.clone().unbind());
    if !can_patch(stream)? {
        return Ok(Box::new(SpooledSink::new(writer)?));
    }
    let can_read = stream.call_method0("readable")?.is_truthy()?;
    Ok(Box::new(if can_read { SeekableSink::readable(writer)? } else { SeekableSink::new(writer)? }))
}

/// True for a `BytesIO`, and for a seekable file of the system that does not append. Any other stream may claim to seek and fail
/// later: gzip refuses to go back, and no attempt shows that before its first bytes are written.
fn can_patch(stream: &Bound<'_, PyAny>) -> PyResult<bool> {
    let io = stream.py().import("io")?;
    if stream.is_instance(&io.getattr("BytesIO")?)? {
        return Ok(true);
    }
    let is = |object: &Bound<'_, PyAny>, name| Ok::<_, PyErr>(object.get_type().is(&io.getattr(name)?));
    let raw = if is(stream, "BufferedWriter")? || is(stream, "BufferedRandom")? {
        stream.getattr("raw")?
    } else {
        stream.clone()
    };
    Ok(is(&raw, "FileIO")? && can_seek(&raw)? && !appends(&raw)?)
}

/// True if every write to a file goes to its end, wherever the file stands.
fn appends(file: &Bound<'_, PyAny>) -> PyResult<bool> {
    let py = file.py();
    if file.getattr("mode")?.extract::<String>()?.contains('a') {
        return Ok(true);
    }
    // A descriptor may append although the mode of its file object does not state it. Windows lacks `fcntl`.
    let Ok(fcntl) = py.import("fcntl") else { return Ok(false) };
    let flags: i32 = fcntl.call_method1("fcntl", (file, fcntl.getattr("F_GETFL")?))?.extract()?;
    Ok(flags & py.import("os")?.getattr("O_APPEND")?.extract::<i32>()? != 0)
}

fn can_seek(stream: &Bound<'_, PyAny>) -> PyResult<bool> {
    match stream.getattr_opt("seekable")? {
        Some(seekable) => seekable.call0()?.is_truthy(),
        None => Ok(stream.hasattr("seek")? && stream.hasattr("tell")?),
    }
}

/// Reads a stream to its end: into memory, or into a temporary file if it is large.
fn spooled(reader: &mut PyStream) -> Result<Arc<dyn ByteSource>> {
    let mut bytes = Vec::new();
    if reader.take(IN_MEMORY).read_to_end(&mut bytes)? < IN_MEMORY as usize {
        return Ok(Arc::new(MemorySource(bytes)));
    }
    let mut file = NamedTempFile::new()?;
    file.write_all(&bytes)?;
    drop(bytes);
    std::io::copy(reader, &mut file)?;
    Ok(Arc::new(SpooledSource { source: FileSource::open(file.path())?, _file: file }))
}

/// Passes the exception of a stream through the engine unchanged.
pub(super) fn raised(error: PyErr) -> std::io::Error {
    std::io::Error::other(Raised(error))
}

impl PyStream {
    /// A stream.
    pub(super) fn of(stream: Bound<'_, PyAny>) -> Self {
        Self(stream.unbind())
    }

    /// Closes the stream.
    ///
    /// # Errors
    /// Any exception of the stream.
    pub(super) fn close(&self) -> std::io::Result<()> {
        self.call(|stream| stream.call_method0("close").map(drop))
    }

    /// Discards what was written, if the stream has a method for it.
    pub(super) fn discard(&self) {
        // The error that led here is the one to report.
        let _ = self.call(|stream| stream.getattr_opt("discard")?.map(|discard| discard.call0()).transpose().map(drop));
    }

    fn call<T>(&self, action: impl FnOnce(&Bound<'_, PyAny>) -> PyResult<T>) -> std::io::Result<T> {
        Python::attach(|py| action(self.0.bind(py))).map_err(raised)
    }
}

impl Read for PyStream {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        self.call(|stream| {
            let answer = stream.call_method1("read", (out.len(),))?;
            let bytes = answer.cast::<PyBytes>()?.as_bytes();
            let place = out.get_mut(..bytes.len());
            place
                .ok_or_else(|| PyOSError::new_err("the stream returned more bytes than requested"))?
                .copy_from_slice(bytes);
            Ok(bytes.len())
        })
    }
}

impl Write for PyStream {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.call(|stream| {
            // A large file takes many writes, and a stream written in C runs no Python code that would check for signals.
            stream.py().check_signals()?;
            let written = stream.call_method1("write", (PyBytes::new(stream.py(), bytes),))?;
            // A stream that returns `None` has written everything, as `io.BufferedIOBase` requires.
            Ok(written.extract().unwrap_or(bytes.len()).min(bytes.len()))
        })
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.call(|stream| match stream.getattr_opt("flush")? {
            Some(flush) => flush.call0().map(|_| ()),
            None => Ok(()),
        })
    }
}

impl Seek for PyStream {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        let (offset, whence) = match to {
            SeekFrom::Start(offset) => (i128::from(offset), 0),
            SeekFrom::Current(offset) => (offset.into(), 1),
            SeekFrom::End(offset) => (offset.into(), 2),
        };
        self.call(|stream| {
            stream.call_method1("seek", (offset, whence))?;
            stream.call_method0("tell")?.extract()
        })
    }
}

impl ByteSource for StreamSource {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> Result<()> {
        check_range(self, offset, out.len() as u64)?;
        // Attaches before it takes the lock, and detaches while it waits for it. This avoids a deadlock of lock and GIL.
        Python::attach(|py| {
            let mut stream = self.stream.lock_py_attached(py).unwrap_or_else(PoisonError::into_inner);
            stream.call(|stream| stream.call_method1("seek", (self.start + offset,)).map(drop))?;
            stream.read_exact(out).map_err(|error| match error.kind() {
                std::io::ErrorKind::UnexpectedEof => Error::malformed("stream: it ended early").at(offset),
                _ => error.into(),
            })
        })
    }

    /// Takes the GIL once for all ranges.
    fn read_ranges(&self, ranges: &[Range<u64>], take: &mut dyn FnMut(usize, &[u8]) -> Result<()>) -> Result<()> {
        Python::attach(|_| read_joined(self, ranges, take))
    }

    fn gap(&self) -> u64 {
        GAP
    }

    fn is_parallel(&self) -> bool {
        false
    }
}

impl AsRef<[u8]> for Rest {
    fn as_ref(&self) -> &[u8] {
        &self.bytes[self.start..]
    }
}

impl ByteSource for SpooledSource {
    fn size(&self) -> u64 {
        self.source.size()
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> Result<()> {
        self.source.read_at(offset, out)
    }
}
