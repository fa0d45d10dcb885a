//! Sources of bytes that are read at any place, from any thread.
//!
//! Files are read with positioned reads, never mapped: a file that shrinks while it is open then gives an error, where a
//! map would kill the process.

use std::fs::{File, Metadata};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::error::{Error, Result};

/// Bytes at known places.
pub trait ByteSource: Send + Sync {
    /// Number of bytes.
    fn size(&self) -> u64;

    /// Fills `out` with the bytes from `offset` on.
    ///
    /// # Errors
    /// [`Error::Malformed`] where the source ends before; [`Error::Io`] or [`Error::External`] where reading fails.
    fn read_at(&self, offset: u64, out: &mut [u8]) -> Result<()>;

    /// The bytes themselves, where they lie in memory.
    fn bytes(&self) -> Option<&[u8]> {
        None
    }

    /// False where only the calling thread may read (a Python stream).
    fn is_parallel(&self) -> bool {
        true
    }

    /// Checks that the source is what it was when it was opened; called once per read of pixels.
    ///
    /// # Errors
    /// [`Error::Malformed`] where it was truncated or written to since.
    fn check_unchanged(&self) -> Result<()> {
        Ok(())
    }

    /// The file behind the source, where there is one.
    fn path(&self) -> Option<&Path> {
        None
    }
}

/// A file, held open: a file renamed over it later does not change what is read.
#[derive(Debug)]
pub struct FileSource {
    file: File,
    path: PathBuf,
    size: u64,
    modified: Option<SystemTime>,
}

/// Bytes in memory.
#[derive(Debug)]
pub struct MemorySource<T>(pub T);

impl FileSource {
    /// Opens the file at `path`.
    ///
    /// # Errors
    /// [`Error::Io`] where it cannot be opened or is a directory.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let file = File::open(path).map_err(|source| Error::io(path, source))?;
        let metadata = file.metadata().map_err(|source| Error::io(path, source))?;
        if metadata.is_dir() {
            return Err(Error::io(path, std::io::ErrorKind::IsADirectory.into()));
        }
        let (size, modified) = identity(&metadata);
        Ok(Self { file, path: path.to_path_buf(), size, modified })
    }
}

impl ByteSource for FileSource {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> Result<()> {
        check_range(self.size, offset, out.len())?;
        read_exact_at(&self.file, out, offset).map_err(|source| match source.kind() {
            std::io::ErrorKind::UnexpectedEof => changed(&self.path).at(offset),
            _ => Error::io(&self.path, source),
        })
    }

    fn check_unchanged(&self) -> Result<()> {
        let metadata = self.file.metadata().map_err(|source| Error::io(&self.path, source))?;
        if identity(&metadata) == (self.size, self.modified) { Ok(()) } else { Err(changed(&self.path)) }
    }

    fn path(&self) -> Option<&Path> {
        Some(&self.path)
    }
}

impl<T: AsRef<[u8]> + Send + Sync> ByteSource for MemorySource<T> {
    fn size(&self) -> u64 {
        self.0.as_ref().len() as u64
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> Result<()> {
        check_range(self.size(), offset, out.len())?;
        out.copy_from_slice(&self.0.as_ref()[offset as usize..][..out.len()]);
        Ok(())
    }

    fn bytes(&self) -> Option<&[u8]> {
        Some(self.0.as_ref())
    }
}

impl dyn ByteSource + '_ {
    /// The bytes of a range as a new vector. The caller has checked `length` against its limits.
    ///
    /// # Errors
    /// As [`ByteSource::read_at`]; nothing is allocated for a range that lies outside.
    pub fn read_range(&self, offset: u64, length: u64) -> Result<Vec<u8>> {
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        check_range(self.size(), offset, length)?;
        let mut out = vec![0; length];
        self.read_at(offset, &mut out)?;
        Ok(out)
    }
}

/// Checks that a range lies inside of a source of `size` bytes.
fn check_range(size: u64, offset: u64, length: usize) -> Result<()> {
    if offset.checked_add(length as u64).is_some_and(|end| end <= size) {
        return Ok(());
    }
    Err(Error::malformed("byte range: reaches past the end")
        .found(format!("{length} bytes"))
        .allowed(format!("file of {size} bytes"))
        .at(offset))
}

fn identity(metadata: &Metadata) -> (u64, Option<SystemTime>) {
    (metadata.len(), metadata.modified().ok())
}

fn changed(path: &Path) -> Error {
    Error::malformed("file: it was changed while open").field(path.display())
}

#[cfg(unix)]
pub(super) fn read_exact_at(file: &File, out: &mut [u8], offset: u64) -> std::io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, out, offset)
}

#[cfg(windows)]
pub(super) fn read_exact_at(file: &File, mut out: &mut [u8], mut offset: u64) -> std::io::Result<()> {
    use std::os::windows::fs::FileExt;
    while !out.is_empty() {
        match file.seek_read(out, offset)? {
            0 => return Err(std::io::ErrorKind::UnexpectedEof.into()),
            count => {
                out = &mut out[count..];
                offset += count as u64;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_past_the_end_is_an_error_that_allocates_nothing() {
        let source = MemorySource(vec![1, 2, 3]);
        let source: &dyn ByteSource = &source;
        assert_eq!(source.read_range(1, 2).unwrap(), [2, 3]);
        assert!(source.read_range(1, 3).is_err());
        assert!(source.read_range(u64::MAX, u64::MAX).is_err());
    }

    #[test]
    fn a_file_that_changes_while_open_is_noticed_and_one_that_is_replaced_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, b"0123456789").unwrap();
        let source = FileSource::open(&path).unwrap();
        let other = folder.path().join("other");
        std::fs::write(&other, b"x").unwrap();
        std::fs::rename(&other, &path).unwrap();
        source.check_unchanged().unwrap();
        assert_eq!((&source as &dyn ByteSource).read_range(8, 2).unwrap(), b"89");

        let source = FileSource::open(&path).unwrap();
        std::fs::write(&path, b"").unwrap();
        assert!(source.check_unchanged().is_err());
        assert!(matches!(source.read_at(0, &mut [0]), Err(Error::Malformed(_))));
    }
}
