//! Files of a caller's file system: an object with `open(path, mode)`, such as one of fsspec.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;

use super::stream::{self, PyStream};
use crate::io::{ByteSink, ByteSource, SpooledSink};

/// A path in a caller's file system.
pub(super) struct RemotePath<'py> {
    filesystem: Bound<'py, PyAny>,
    pub(super) path: PathBuf,
}

/// A file that is opened when its first bytes are written, and closed when it is flushed. The bytes are then complete.
struct RemoteFile {
    filesystem: Py<PyAny>,
    path: PathBuf,
    file: Option<PyStream>,
}

impl<'py> RemotePath<'py> {
    /// A path in a file system.
    ///
    /// # Errors
    /// `TypeError` for an object without the method `open`.
    pub(super) fn new(filesystem: &Bound<'py, PyAny>, path: PathBuf) -> PyResult<Self> {
        if !filesystem.hasattr("open")? {
            let found = filesystem.get_type().name()?;
            let message =
                format!("filesystem: got {found}, expected an object with open(path, mode), as those of fsspec");
            return Err(PyTypeError::new_err(message));
        }
        Ok(Self { filesystem: filesystem.clone(), path })
    }

    /// The file to read from.
    ///
    /// # Errors
    /// Any exception of the file system.
    pub(super) fn source(&self) -> PyResult<Arc<dyn ByteSource>> {
        stream::source(&opened(&self.filesystem, &self.path, "rb")?)
    }

    /// The file to write to. The file system gets all bytes when they are complete.
    ///
    /// # Errors
    /// If the spool cannot be made.
    pub(super) fn sink(self) -> PyResult<Box<dyn ByteSink>> {
        let file = RemoteFile { filesystem: self.filesystem.unbind(), path: self.path, file: None };
        Ok(Box::new(SpooledSink::new(file)?))
    }
}

impl RemoteFile {
    fn file(&mut self) -> std::io::Result<&mut PyStream> {
        let made = match self.file.take() {
            Some(file) => file,
            None => Python::attach(|py| opened(self.filesystem.bind(py), &self.path, "wb").map(PyStream::of))
                .map_err(stream::raised)?,
        };
        Ok(self.file.insert(made))
    }
}

impl Write for RemoteFile {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.file()?.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.take().map_or(Ok(()), |file| file.close())
    }
}

impl Drop for RemoteFile {
    /// After a failure, a file system that can forget the file forgets it.
    fn drop(&mut self) {
        if let Some(file) = self.file.take() {
            file.discard();
        }
    }
}

fn opened<'py>(filesystem: &Bound<'py, PyAny>, path: &Path, mode: &str) -> PyResult<Bound<'py, PyAny>> {
    filesystem.call_method1("open", (path.as_os_str(), mode))
}
