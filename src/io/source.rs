//! Sources of bytes that can be read at any position from any thread.
//!
//! Files are read by position, never mapped: a file that shrinks while it is open then returns an error, but would kill the
//! process if it were mapped.

use std::fs::{File, Metadata};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::requests::{Joining, in_order, length, part};
use crate::error::{Error, Result};

/// The default gap, for local files.
pub(crate) const LOCAL_GAP: u64 = 4096;

/// Bytes that can be read by position.
pub trait ByteSource: Send + Sync {
    /// Number of bytes.
    fn size(&self) -> u64;

    /// Fills `out` with the bytes from `offset`.
    ///
    /// # Errors
    /// [`Error::Malformed`] if the source ends too early; [`Error::Io`] or [`Error::External`] if reading fails.
    fn read_at(&self, offset: u64, out: &mut [u8]) -> Result<()>;

    /// Reads many ranges, and passes the index and the bytes of each to `take`, ordered by their starts. Ranges no farther
    /// apart than [`ByteSource::gap`] are read at once, up to a bounded size. `take` should only keep the bytes or pass them
    /// on: a source that is not parallel waits while it works.
    ///
    /// # Errors
    /// As [`ByteSource::read_at`], before any read if a range lies outside the source; the first error of `take`.
    fn read_ranges(&self, ranges: &[Range<u64>], take: &mut dyn FnMut(usize, &[u8]) -> Result<()>) -> Result<()> {
        read_joined(self, ranges, take)
    }

    /// The largest gap between two ranges that is read rather than skipped: reading it costs about as much as another call.
    fn gap(&self) -> u64 {
        LOCAL_GAP
    }

    /// The offset of the first byte in the file, from which errors count.
    fn origin(&self) -> u64 {
        0
    }

    /// The bytes themselves, if they lie in memory.
    fn bytes(&self) -> Option<&[u8]> {
        None
    }

    /// False if only the calling thread may read (a Python stream).
    fn is_parallel(&self) -> bool {
        true
    }

    /// Checks that the source has not changed since it was opened; called once per read of pixels.
    ///
    /// # Errors
    /// [`Error::Malformed`] if it was truncated or modified.
    fn check_unchanged(&self) -> Result<()> {
        Ok(())
    }

    /// The path of the file behind the source, if there is one.
    fn path(&self) -> Option<&Path> {
        None
    }
}

/// An open file: a file renamed over it later does not affect reads.
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
    /// [`Error::Io`] if it cannot be opened or is a directory.
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

    /// True if the path still names the open file. A system whose files have no numbers compares size and time of change.
    pub(crate) fn is_current(&self) -> bool {
        match (std::fs::metadata(&self.path), self.file.metadata()) {
            (Ok(named), Ok(open)) => is_same_file(&named, &open),
            _ => false,
        }
    }
}

impl ByteSource for FileSource {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> Result<()> {
        check_range(self, offset, out.len() as u64)?;
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

#[cfg(unix)]
fn is_same_file(one: &Metadata, other: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

#[cfg(not(unix))]
fn is_same_file(one: &Metadata, other: &Metadata) -> bool {
    identity(one) == identity(other)
}

impl<T: AsRef<[u8]> + Send + Sync> ByteSource for MemorySource<T> {
    fn size(&self) -> u64 {
        self.0.as_ref().len() as u64
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> Result<()> {
        check_range(self, offset, out.len() as u64)?;
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
    /// As [`ByteSource::read_at`]; nothing is allocated for a range outside the source.
    pub fn read_range(&self, offset: u64, length: u64) -> Result<Vec<u8>> {
        check_range(self, offset, length)?;
        let mut out = vec![0; length as usize];
        self.read_at(offset, &mut out)?;
        Ok(out)
    }
}

/// Reads ranges of a source as [`ByteSource::read_ranges`] describes: without a copy if the bytes lie in memory, otherwise
/// joined across [`ByteSource::gap`].
///
/// # Errors
/// As [`ByteSource::read_ranges`].
pub(crate) fn read_joined<S: ByteSource + ?Sized>(
    source: &S,
    ranges: &[Range<u64>],
    take: &mut dyn FnMut(usize, &[u8]) -> Result<()>,
) -> Result<()> {
    ranges.iter().try_for_each(|range| check_range(source, range.start, length(range)))?;
    let order = in_order(ranges);
    if let Some(bytes) = source.bytes() {
        return order.into_iter().try_for_each(|n| take(n, part(bytes, 0, &ranges[n])?));
    }
    let joining = Joining::across(source.gap());
    let (mut rest, mut buffer) = (&order[..], Vec::new());
    while !rest.is_empty() {
        let (count, request) = joining.first(ranges, rest);
        let (joined, others) = rest.split_at(count);
        // The buffer grows to the largest request and is not zero-filled again for the next one.
        buffer.resize(buffer.len().max(length(&request) as usize), 0);
        let bytes = &mut buffer[..length(&request) as usize];
        source.read_at(request.start, bytes)?;
        joined.iter().try_for_each(|n| take(*n, part(bytes, request.start, &ranges[*n])?))?;
        rest = others;
    }
    Ok(())
}

/// Checks that the `length` bytes from `offset` lie inside a source.
///
/// # Errors
/// [`Error::Malformed`] with offsets in the file: those of a source range count from its origin.
pub(crate) fn check_range<S: ByteSource + ?Sized>(source: &S, offset: u64, length: u64) -> Result<()> {
    let size = source.size();
    if offset.checked_add(length).is_some_and(|end| end <= size) {
        return Ok(());
    }
    let in_file = |offset: u64| source.origin().saturating_add(offset);
    Err(Error::malformed("byte range: extends past the end")
        .found(format!("{length} bytes"))
        .allowed(format!("up to byte {}", in_file(size)))
        .at(in_file(offset)))
}

fn identity(metadata: &Metadata) -> (u64, Option<SystemTime>) {
    (metadata.len(), metadata.modified().ok())
}

fn changed(path: &Path) -> Error {
    Error::malformed("file: changed while open:").field(path.display())
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
    use std::sync::{Arc, Mutex};

    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::io::SourceRange;

    /// A source that reads by copying and records its requests.
    struct Requests {
        bytes: Vec<u8>,
        gap: u64,
        made: Mutex<Vec<Range<u64>>>,
    }

    impl ByteSource for Requests {
        fn size(&self) -> u64 {
            self.bytes.len() as u64
        }

        fn read_at(&self, offset: u64, out: &mut [u8]) -> Result<()> {
            check_range(self, offset, out.len() as u64)?;
            out.copy_from_slice(&self.bytes[offset as usize..][..out.len()]);
            self.made.lock().unwrap().push(offset..offset + out.len() as u64);
            Ok(())
        }

        fn gap(&self) -> u64 {
            self.gap
        }
    }

    fn requests(size: usize, gap: u64) -> Requests {
        Requests { bytes: (0..size).map(|n| (n * 31 % 251) as u8).collect(), gap, made: Mutex::default() }
    }

    /// Reads the ranges at once. Checks that each arrives once, in order, with the bytes of a separate read.
    fn check(source: &dyn ByteSource, ranges: &[Range<u64>]) {
        let mut seen = Vec::new();
        source
            .read_ranges(ranges, &mut |n, bytes| {
                assert_eq!(bytes, source.read_range(ranges[n].start, length(&ranges[n])).unwrap());
                seen.push(n);
                Ok(())
            })
            .unwrap();
        assert!(seen.is_sorted_by_key(|n| (ranges[*n].start, *n)));
        seen.sort_unstable();
        assert!(seen.into_iter().eq(0..ranges.len()));
    }

    proptest! {
        #[test]
        fn ranges_are_what_single_reads_give(starts in vec((0..=3000u64, 0..200u64), 0..40), gap in 0..300u64) {
            let ranges: Vec<_> = starts.into_iter().map(|(start, count)| start..(start + count).min(3000)).collect();
            let source = requests(3000, gap);
            check(&source, &ranges);
            check(&MemorySource(source.bytes.clone()), &ranges);
            check(&SourceRange::new(Arc::new(requests(5000, gap)), 1000, 3000).unwrap(), &ranges);
        }
    }

    #[test]
    fn neighbours_are_one_request_and_a_range_outside_is_an_error_before_any() {
        let source = requests(100, 5);
        check(&source, &[]);
        source.read_ranges(&[10..20, 25..30, 36..40], &mut |_, _| Ok(())).unwrap();
        assert_eq!(source.made.lock().unwrap()[..], [10..30, 36..40]);
        let error = source.read_ranges(&[0..1, 90..101], &mut |_, _| panic!("nothing is read")).unwrap_err();
        assert!(error.to_string().ends_with("got 11 bytes, expected up to byte 100 at byte 90"), "{error}");
        assert!(source.read_ranges(&[0..1, u64::MAX - 1..u64::MAX], &mut |_, _| Ok(())).is_err());
        let stopped = source.read_ranges(&[0..1, 50..60], &mut |_, _| Err(Error::Cancelled));
        assert!(matches!(stopped, Err(Error::Cancelled)));
        assert_eq!(source.made.lock().unwrap().len(), 3);
    }

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
