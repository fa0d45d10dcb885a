//! A part of a source as a source: a codestream inside its container.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use super::requests::length;
use super::source::{ByteSource, check_range};
use crate::error::Result;

/// A byte range of another source. Its first byte has offset 0; errors state offsets in the outer source.
#[derive(Clone)]
pub(crate) struct SourceRange {
    outer: Arc<dyn ByteSource>,
    start: u64,
    size: u64,
}

impl SourceRange {
    /// The `size` bytes of `outer` from `start`.
    ///
    /// # Errors
    /// [`crate::Error::Malformed`] if `outer` ends too early.
    pub(crate) fn new(outer: Arc<dyn ByteSource>, start: u64, size: u64) -> Result<Self> {
        check_range(&*outer, start, size)?;
        Ok(Self { outer, start, size })
    }
}

impl ByteSource for SourceRange {
    fn size(&self) -> u64 {
        self.size
    }

    fn origin(&self) -> u64 {
        self.outer.origin() + self.start
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> Result<()> {
        check_range(self, offset, out.len() as u64)?;
        self.outer.read_at(self.start + offset, out)
    }

    fn read_ranges(&self, ranges: &[Range<u64>], take: &mut dyn FnMut(usize, &[u8]) -> Result<()>) -> Result<()> {
        let in_outer = |range: &Range<u64>| {
            check_range(self, range.start, length(range))?;
            let start = self.start + range.start;
            Ok(start..start + length(range))
        };
        let ranges: Vec<_> = ranges.iter().map(in_outer).collect::<Result<_>>()?;
        self.outer.read_ranges(&ranges, take)
    }

    fn gap(&self) -> u64 {
        self.outer.gap()
    }

    fn bytes(&self) -> Option<&[u8]> {
        self.outer.bytes()?.get(self.start as usize..)?.get(..self.size as usize)
    }

    fn is_parallel(&self) -> bool {
        self.outer.is_parallel()
    }

    fn check_unchanged(&self) -> Result<()> {
        self.outer.check_unchanged()
    }

    fn path(&self) -> Option<&Path> {
        self.outer.path()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::{FileSource, MemorySource};

    #[test]
    fn a_part_of_a_part_is_read_where_it_lies_and_errors_name_the_place_in_the_file() {
        let outer: Arc<dyn ByteSource> = Arc::new(MemorySource((0..100).collect::<Vec<u8>>()));
        let part: Arc<dyn ByteSource> = Arc::new(SourceRange::new(Arc::clone(&outer), 20, 50).unwrap());
        let part = SourceRange::new(part, 10, 5).unwrap();
        assert_eq!((part.size(), part.origin(), part.bytes()), (5, 30, Some(&[30, 31, 32, 33, 34][..])));
        assert_eq!((&part as &dyn ByteSource).read_range(1, 3).unwrap(), [31, 32, 33]);
        for error in [
            part.read_at(3, &mut [0; 3]).unwrap_err(),
            part.read_ranges(&[0..1, 3..6], &mut |_, _| Ok(())).unwrap_err(),
        ] {
            assert!(error.to_string().ends_with("got 3 bytes, expected up to byte 35 at byte 33"), "{error}");
        }
        assert!(SourceRange::new(outer, 90, 11).is_err());
    }

    #[test]
    fn a_part_of_a_file_has_what_the_file_has() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, b"0123456789").unwrap();
        let file = Arc::new(FileSource::open(&path).unwrap());
        let part = SourceRange::new(Arc::clone(&file) as _, 2, 8).unwrap();
        assert!(part.is_parallel() && part.bytes().is_none());
        assert_eq!((part.path(), part.gap()), (Some(&*path), file.gap()));
        std::fs::write(&path, b"012").unwrap();
        assert!(part.check_unchanged().is_err());
        let error = part.read_at(4, &mut [0; 4]).unwrap_err();
        assert!(error.to_string().contains("changed while open") && error.to_string().ends_with("at byte 6"));
    }
}
