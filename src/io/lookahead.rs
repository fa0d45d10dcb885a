//! Reads headers with a few large reads instead of one for each header.

use std::borrow::Cow;

use super::source::ByteSource;
use crate::error::Result;

/// A source with the bytes around the last place that was read.
pub(crate) struct Lookahead<'s> {
    source: &'s dyn ByteSource,
    /// The least number of bytes read after the first read.
    least: u64,
    start: u64,
    bytes: Cow<'s, [u8]>,
}

impl<'s> Lookahead<'s> {
    /// Reads the `first` bytes of the source, or borrows all of it if it is in memory. Later reads are of `least` bytes at least.
    pub(crate) fn new(source: &'s dyn ByteSource, first: u64, least: u64) -> Result<Self> {
        let bytes = match source.bytes() {
            Some(bytes) => Cow::Borrowed(bytes),
            None => Cow::Owned(source.read_range(0, first.min(source.size()))?),
        };
        Ok(Self { source, least, start: 0, bytes })
    }

    /// The source.
    pub(crate) fn source(&self) -> &'s dyn ByteSource {
        self.source
    }

    /// Bytes of the source.
    pub(crate) fn size(&self) -> u64 {
        self.source.size()
    }

    /// The bytes of a range.
    pub(crate) fn get(&mut self, offset: u64, length: u64) -> Result<&[u8]> {
        if self.held(offset, length).is_none() {
            let left = self.size().saturating_sub(offset);
            self.bytes = Cow::Owned(self.source.read_range(offset, length.max(self.least.min(left)))?);
            self.start = offset;
        }
        Ok(self.held(offset, length).unwrap_or_default())
    }

    /// The bytes from `offset` on: `length` of them, or as many as the source has.
    pub(crate) fn up_to(&mut self, offset: u64, length: u64) -> Result<&[u8]> {
        let left = self.size().saturating_sub(offset);
        self.get(offset.min(self.size()), length.min(left))
    }

    fn held(&self, offset: u64, length: u64) -> Option<&[u8]> {
        let start = usize::try_from(offset.checked_sub(self.start)?).ok()?;
        self.bytes.get(start..start.checked_add(usize::try_from(length).ok()?)?)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::error::Error;

    /// A source that counts its reads.
    struct Counted(u64, AtomicUsize);

    impl ByteSource for Counted {
        fn size(&self) -> u64 {
            self.0
        }

        fn read_at(&self, offset: u64, out: &mut [u8]) -> Result<()> {
            self.1.fetch_add(1, Ordering::Relaxed);
            out.iter_mut().zip(offset..).for_each(|(byte, at)| *byte = at as u8);
            Ok(())
        }
    }

    #[test]
    fn near_places_are_read_together_and_far_ones_apart() {
        let source = Counted(1 << 40, AtomicUsize::new(0));
        let mut ahead = Lookahead::new(&source, 16 << 10, 4 << 10).unwrap();
        for offset in [0, 100, 9000, 1 << 39, (1 << 39) + 3000] {
            assert_eq!(ahead.get(offset, 3).unwrap(), [0, 1, 2].map(|at| (offset + at) as u8));
        }
        assert_eq!(source.1.load(Ordering::Relaxed), 2);
        assert_eq!(ahead.up_to((1 << 40) - 2, 10).unwrap(), [254, 255]);
        assert!(ahead.up_to(1 << 41, 10).unwrap().is_empty());
        assert!(matches!(ahead.get((1 << 40) - 2, 10), Err(Error::Malformed(_))));
    }
}
