//! A file that appears under its name only when it is complete: a temporary beside the target, renamed over it.

use std::fs::{File, Metadata};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::TempPath;

use super::prepared::Prepared;
use super::sink::{ByteSink, PositionedWrite, pieces};
use super::source::read_exact_at;
use super::spool::SpooledSink;
use super::target::{beside, follow_links};
use crate::error::{Error, Result};

/// Appended bytes are buffered up to this size before they are written.
const BUFFER: usize = 256 << 10;

/// A file being written. The target remains untouched: [`ByteSink::prepare`] syncs the bytes to the medium, and
/// [`Prepared::publish`] renames the temporary file. Dropping either removes it. A killed process leaves at most
/// `.NAME.XXXXXX.osml-tmp` beside the target.
#[derive(Debug)]
pub struct AtomicFile {
    file: Arc<OpenFile>,
    temporary: TempPath,
    buffer: Vec<u8>,
    /// Bytes of the file before those in `buffer`.
    written: u64,
}

/// The open temporary file; its errors name the target.
#[derive(Debug)]
struct OpenFile {
    file: File,
    target: PathBuf,
}

/// The sink for a path: an [`AtomicFile`], or the device or pipe itself if the path names one. A file must not replace a device
/// or pipe.
///
/// # Errors
/// As [`AtomicFile::create`].
pub fn sink_at(path: impl AsRef<Path>) -> Result<Box<dyn ByteSink>> {
    let path = path.as_ref();
    match std::fs::metadata(path) {
        Ok(metadata) if !metadata.is_file() && !metadata.is_dir() => {
            let device = File::options().write(true).open(path).map_err(|source| Error::io(path, source))?;
            Ok(Box::new(SpooledSink::new(device)?))
        }
        _ => Ok(Box::new(AtomicFile::create(path)?)),
    }
}

impl AtomicFile {
    /// A file that will appear at `path`. Symbolic links are followed. The new file inherits the mode of a file that it
    /// replaces.
    ///
    /// # Errors
    /// [`Error::Io`] if `path` is a directory, or if its folder does not exist or is not writable.
    pub fn create(path: impl AsRef<Path>) -> Result<Self> {
        let target = follow_links(path.as_ref())?;
        let existing = std::fs::metadata(&target).ok();
        if existing.as_ref().is_some_and(Metadata::is_dir) {
            return Err(Error::io(&target, std::io::ErrorKind::IsADirectory.into()));
        }
        if target.file_name().is_none() {
            return Err(Error::usage("path without a file name:").found(target.display()));
        }
        // If the new file inherits a mode, only its owner can read it until it has that mode.
        let temporary = beside(&target, ".osml-tmp", |path| create_new(path, existing.is_some()))
            .map_err(|source| Error::io(&target, source))?;
        if let Some(existing) = existing {
            // The umask may have removed bits from the mode of the temporary file.
            let same = temporary.as_file().set_permissions(existing.permissions());
            same.map_err(|source| Error::io(&target, source))?;
        }
        let (file, temporary) = temporary.into_parts();
        Ok(Self { file: Arc::new(OpenFile { file, target }), temporary, buffer: Vec::new(), written: 0 })
    }

    fn flush(&mut self) -> Result<()> {
        if !self.buffer.is_empty() {
            self.file.write_at(self.written, &self.buffer)?;
            self.written += self.buffer.len() as u64;
            self.buffer.clear();
        }
        Ok(())
    }
}

impl OpenFile {
    /// Adds the target's path to an error of an operation on the file.
    fn named<T>(&self, result: std::io::Result<T>) -> Result<T> {
        result.map_err(|source| Error::io(&self.target, source))
    }
}

impl ByteSink for AtomicFile {
    fn position(&self) -> u64 {
        self.written + self.buffer.len() as u64
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let large = bytes.len() >= BUFFER / 2;
        if large || self.buffer.len() + bytes.len() > BUFFER {
            self.flush()?;
        }
        if large {
            self.file.write_at(self.written, bytes)?;
            self.written += bytes.len() as u64;
        } else {
            self.buffer.extend_from_slice(bytes);
        }
        Ok(())
    }

    fn patch(&mut self, offset: u64, bytes: &[u8]) -> Result<()> {
        self.flush()?;
        self.file.write_at(offset, bytes)
    }

    fn reserve(&mut self, length: u64) -> Result<u64> {
        self.flush()?;
        let start = self.written;
        self.written += length;
        // Extends the file without writing: reserved bytes that are never written read as zeros.
        self.file.named(self.file.file.set_len(self.written))?;
        Ok(start)
    }

    fn can_move(&self) -> bool {
        true
    }

    fn move_tail(&mut self, from: u64, to: u64, poll: &dyn Fn() -> Result<()>) -> Result<()> {
        self.flush()?;
        let length = self.written.checked_sub(from).ok_or_else(|| Error::usage("move starts outside the file"))?;
        let mut buffer = Vec::new();
        for (start, count) in pieces(length, to > from) {
            poll()?;
            buffer.resize(count, 0);
            self.file.named(read_exact_at(&self.file.file, &mut buffer, from + start))?;
            self.file.write_at(to + start, &buffer)?;
        }
        self.written = to + length;
        self.file.named(self.file.file.set_len(self.written))
    }

    fn positioned(&mut self) -> Result<Option<Arc<dyn PositionedWrite>>> {
        self.flush()?;
        Ok(Some(Arc::clone(&self.file) as _))
    }

    fn prepare<'s>(mut self: Box<Self>) -> Result<Prepared<'s>> {
        self.flush()?;
        self.file.named(self.file.file.sync_all())?;
        Ok(Prepared::file(self.temporary, self.file.target.clone()))
    }
}

impl PositionedWrite for OpenFile {
    fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        self.named(write_all_at(&self.file, bytes, offset))
    }
}

/// Creates a new file: private to its owner if `is_private`, otherwise with the mode that the umask leaves.
#[cfg_attr(not(unix), expect(unused_variables, reason = "only Unix has modes"))]
fn create_new(path: &Path, is_private: bool) -> std::io::Result<File> {
    let mut options = File::options();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, if is_private { 0o600 } else { 0o666 });
    options.open(path)
}

#[cfg(unix)]
fn write_all_at(file: &File, bytes: &[u8], offset: u64) -> std::io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, offset)
}

#[cfg(windows)]
fn write_all_at(file: &File, mut bytes: &[u8], mut offset: u64) -> std::io::Result<()> {
    use std::os::windows::fs::FileExt;
    while !bytes.is_empty() {
        let count = file.seek_write(bytes, offset)?;
        bytes = &bytes[count..];
        offset += count as u64;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(folder: &Path) -> Vec<String> {
        let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.collect();
        names.sort();
        names
    }

    #[test]
    fn large_and_small_writes_keep_their_order() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out");
        let mut file = Box::new(AtomicFile::create(&path).unwrap());
        let mut expected = Vec::new();
        for (value, length) in [(1, 1000), (2, BUFFER / 2), (3, 10), (4, BUFFER), (5, 2 * BUFFER), (6, 1)] {
            file.write(&vec![value; length]).unwrap();
            expected.resize(expected.len() + length, value);
            assert_eq!(file.position(), expected.len() as u64);
        }
        file.publish().unwrap();
        assert!(std::fs::read(&path).unwrap() == expected);
    }

    #[test]
    fn a_tail_is_moved_in_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out");
        let new = || -> Box<dyn ByteSink> { Box::new(AtomicFile::create(&path).unwrap()) };
        super::super::sink::tests::check_moves(new, |sink| {
            sink.publish().unwrap();
            std::fs::read(&path).unwrap()
        });
    }

    #[test]
    fn the_target_changes_only_when_published() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.tif");
        std::fs::write(&path, b"old").unwrap();
        let mut sink = Box::new(AtomicFile::create(&path).unwrap());
        sink.write(b"new").unwrap();
        sink.write(&vec![7; BUFFER]).unwrap();
        let place = sink.reserve(4).unwrap();
        sink.positioned().unwrap().unwrap().write_at(place + 1, b"xy").unwrap();
        sink.patch(0, b"N").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"old");
        sink.publish().unwrap();
        let bytes = std::fs::read(&path).unwrap();
        assert_eq!((&bytes[..3], bytes.len()), (&b"New"[..], BUFFER + 7));
        assert_eq!(bytes[BUFFER + 3..], [0, b'x', b'y', 0]);

        drop(AtomicFile::create(&path).unwrap());
        assert_eq!(files(folder.path()), ["out.tif"]);
    }

    #[test]
    fn a_name_as_long_as_a_file_system_allows_works() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("é".repeat(125) + ".tif");
        let mut sink = Box::new(AtomicFile::create(&path).unwrap());
        sink.write(b"new").unwrap();
        sink.publish().unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
    }

    #[cfg(unix)]
    #[test]
    fn modes_and_links_are_kept() {
        use std::fs::Permissions;
        use std::os::unix::fs::{PermissionsExt, symlink};

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("real.tif");
        std::fs::write(&path, b"old").unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o664)).unwrap();
        let link = folder.path().join("link.tif");
        symlink("real.tif", &link).unwrap();
        let mut sink = Box::new(AtomicFile::create(&link).unwrap());
        sink.write(b"new").unwrap();
        sink.publish().unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o664);
        assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    }

    #[cfg(unix)]
    #[test]
    fn a_device_is_written_to_and_not_replaced() {
        use std::os::unix::fs::FileTypeExt;
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("null.png");
        std::os::unix::fs::symlink("/dev/null", &link).unwrap();
        let mut sink = sink_at(&link).unwrap();
        sink.write(b"bytes").unwrap();
        sink.publish().unwrap();
        assert!(std::fs::metadata("/dev/null").unwrap().file_type().is_char_device());
        assert_eq!(files(folder.path()), ["null.png"]);
    }

    #[test]
    fn a_directory_or_a_missing_folder_is_an_error_at_once() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(AtomicFile::create(folder.path()), Err(Error::Io { .. })));
        assert!(matches!(AtomicFile::create(folder.path().join("no/such.tif")), Err(Error::Io { .. })));
    }
}
