//! Packet headers that the main header has for all tile-parts (T.800 A.7.4).

use std::ops::Range;

use super::markers::Continued;
use crate::error::{Error, Result};

/// The packet headers of each tile-part, in the order of the codestream. Empty if the tile-parts have their own.
#[derive(Debug, Default)]
pub(crate) struct PackedHeaders {
    bytes: Vec<u8>,
    parts: Vec<Range<usize>>,
}

impl PackedHeaders {
    /// The packet headers in the PPM segments of a main header.
    ///
    /// # Errors
    /// [`Error::Malformed`] if the bytes end inside the headers of a tile-part.
    pub(crate) fn read(segments: &[Continued]) -> Result<Self> {
        let mut segments: Vec<&Continued> = segments.iter().collect();
        segments.sort_by_key(|segment| segment.index);
        let bytes: Vec<u8> = segments.iter().flat_map(|segment| &segment.data).copied().collect();
        let (mut parts, mut at) = (Vec::new(), 0);
        while at < bytes.len() {
            let length = bytes[at..].first_chunk().map(|length| u32::from_be_bytes(*length) as usize);
            let range = length.and_then(|length| Some(at + 4..(at + 4).checked_add(length)?));
            let range = range.filter(|range| range.end <= bytes.len());
            let range = range
                .ok_or_else(|| Error::malformed("PPM: ends inside the headers of tile-part").found(parts.len()))?;
            at = range.end;
            parts.push(range);
        }
        Ok(Self { bytes, parts })
    }

    /// The headers of the tile-part with this number in the codestream; `None` if it has its own.
    ///
    /// # Errors
    /// [`Error::Malformed`] if the headers of other tile-parts are here, but not those of this one.
    pub(crate) fn of(&self, number: u32) -> Result<Option<&[u8]>> {
        if self.parts.is_empty() {
            return Ok(None);
        }
        let missing = || Error::malformed("PPM: no headers of tile-part").found(number);
        let range = self.parts.get(number as usize).ok_or_else(missing)?;
        Ok(Some(&self.bytes[range.clone()]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(index: u8, data: &[u8]) -> Continued {
        Continued { index, data: data.to_vec() }
    }

    #[test]
    fn headers_continue_from_segment_to_segment() {
        let headers = PackedHeaders::read(&[segment(1, &[9, 0, 0, 0, 1, 5]), segment(0, &[0, 0, 0, 2, 8])]).unwrap();
        assert_eq!((headers.of(0).unwrap(), headers.of(1).unwrap()), (Some(&[8, 9][..]), Some(&[5][..])));
        assert!(headers.of(2).is_err() && PackedHeaders::read(&[segment(0, &[0, 0, 0, 3, 1])]).is_err());
        assert_eq!(PackedHeaders::default().of(7).unwrap(), None);
    }
}
