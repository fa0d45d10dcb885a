//! The rows of a damaged file, decoded as far as its compressed stream goes.
//!
//! The decoder that reads whole files holds back the last 32 KiB of pixels before an error, which may be all of a small image.

use super::header::Header;
use crate::codec::deflate;
use crate::error::Result;
use crate::io::ByteSource;

/// Offset of the first chunk, and the bytes of a chunk's length and type.
const FIRST: u64 = 8;
const HEAD: u64 = 8;

/// The stored rows of an image that is not interlaced, unfiltered, up to the damage.
///
/// # Errors
/// Errors of the source. The caller has checked the size of the image.
pub(super) fn rows(source: &dyn ByteSource, header: &Header) -> Result<Vec<u8>> {
    let row_bytes = header.row_bytes() as usize;
    let mut filtered = vec![0; (row_bytes + 1) * header.rows as usize];
    let filled = deflate::inflate_damaged(&image_data(source)?, &mut filtered);
    let mut out = Vec::with_capacity(row_bytes * header.rows as usize);
    let pixel = (usize::from(header.depth) * header.color.bands() as usize).div_ceil(8);
    let mut above = vec![0; row_bytes];
    for filtered in filtered[..filled].chunks_exact_mut(row_bytes + 1) {
        let (filter, row) = filtered.split_at_mut(1);
        if !unfilter(filter[0], row, &above, pixel) {
            break;
        }
        out.extend_from_slice(row);
        above.copy_from_slice(row);
    }
    Ok(out)
}

/// The data of the chunks of image data, as far as the file has them.
fn image_data(source: &dyn ByteSource) -> Result<Vec<u8>> {
    let (mut at, mut data) = (FIRST, Vec::new());
    while at + HEAD <= source.size() {
        let head = source.read_range(at, HEAD)?;
        let length = u64::from(u32::from_be_bytes([head[0], head[1], head[2], head[3]]));
        let end = (at + HEAD + length).min(source.size());
        match &head[4..] {
            b"IDAT" => data.extend(source.read_range(at + HEAD, end - at - HEAD)?),
            _ if !data.is_empty() => break,
            _ => {}
        }
        at = end.saturating_add(4);
    }
    Ok(data)
}

/// Reverses a filter (ISO/IEC 15948, 9.2); false for one that the standard does not define.
fn unfilter(filter: u8, row: &mut [u8], above: &[u8], pixel: usize) -> bool {
    for i in 0..row.len() {
        let left = if i < pixel { 0 } else { row[i - pixel] };
        let (up, corner) = (above[i], if i < pixel { 0 } else { above[i - pixel] });
        let predicted = match filter {
            0 => 0,
            1 => left,
            2 => up,
            3 => left.midpoint(up),
            4 => paeth(left, up, corner),
            _ => return false,
        };
        row[i] = row[i].wrapping_add(predicted);
    }
    true
}

/// The Paeth predictor (9.4).
fn paeth(left: u8, up: u8, corner: u8) -> u8 {
    let estimate = i16::from(left) + i16::from(up) - i16::from(corner);
    let distance = |value: u8| (estimate - i16::from(value)).abs();
    let (to_left, to_up, to_corner) = (distance(left), distance(up), distance(corner));
    if to_left <= to_up && to_left <= to_corner {
        left
    } else if to_up <= to_corner {
        up
    } else {
        corner
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codestream::png::filter::{Filtering, filter_rows};

    #[test]
    fn rows_are_unfiltered_as_they_were_filtered() {
        let (row_bytes, pixel) = (90, 3);
        let raw: Vec<u8> = (0..row_bytes * 40).map(|n| (n * n / 7 % 251 + n % 5) as u8).collect();
        for filtering in [Filtering::None, Filtering::Adaptive] {
            let mut filtered = Vec::new();
            filter_rows(filtering, &raw, row_bytes, pixel, &mut filtered);
            let mut above = vec![0; row_bytes];
            for (filtered, raw) in filtered.chunks_exact_mut(row_bytes + 1).zip(raw.chunks_exact(row_bytes)) {
                let (filter, row) = filtered.split_at_mut(1);
                assert!(unfilter(filter[0], row, &above, pixel));
                assert_eq!(row, raw);
                above.copy_from_slice(row);
            }
        }
        assert!(!unfilter(5, &mut [1], &[0], 1));
        // The nearest of the three to the estimate; ties go to the left, then up.
        assert_eq!([paeth(3, 5, 4), paeth(1, 9, 8), paeth(9, 1, 8)], [4, 1, 1]);
    }
}
