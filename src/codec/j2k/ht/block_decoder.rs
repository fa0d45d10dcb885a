//! The block decoder: the segments of a code-block to quantised coefficients (T.814 §7).

use std::ops::Range;

use super::cleanup_decoder::CleanupDecoder;
use super::refinement_decoder::{RefinementDecoder, Refining};
use super::samples::{Sample, Samples};
use crate::codec::j2k::part1::Segment;
use crate::error::{Error, Result};

/// Decodes blocks. The last one is kept.
#[derive(Default)]
pub(crate) struct HtDecoder<M> {
    cleanup: CleanupDecoder,
    refinement: RefinementDecoder,
    samples: Samples<M>,
}

/// A block that is decoded.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HtShape {
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Magnitude bits of the band (`M_b`).
    pub of_band: u32,
    /// Planes from the first pass down to the lowest.
    pub planes: u32,
    /// Propagation does not use the stripe below.
    pub causal: bool,
}

/// The passes of a set: cleanup, propagation, refinement.
const SET: u32 = 3;

/// What is decoded of a block: the last set whose cleanup pass has bytes.
struct Set<'b> {
    /// The number of its cleanup pass, from 0.
    number: u32,
    cleanup: &'b [u8],
    /// Number of passes after it, and their bytes.
    refining: (u32, &'b [u8]),
}

impl<M: Sample> HtDecoder<M> {
    /// Decodes a block from its segments. The caller has checked the number of planes and of passes. A segment with a cleanup
    /// pass may begin with passes that take its place, and code nothing.
    ///
    /// # Errors
    /// [`Error::Malformed`] for segments that break the standard; [`Error::Unsupported`] for magnitudes with too many bits.
    pub(crate) fn decode<'b>(&mut self, shape: HtShape, segments: impl Iterator<Item = Segment<'b>>) -> Result<()> {
        self.samples.resize(shape.width, shape.height);
        let Some(set) = last_set(segments) else {
            self.samples.clear();
            return Ok(());
        };
        // A set goes one plane further down than the one before.
        let plane = shape.planes.saturating_sub(1 + set.number / SET);
        let (bits, is_narrow) = (shape.of_band.saturating_sub(plane), shape.of_band <= M::MOST);
        // A magnitude of all ones rounds to an exponent above its bits.
        let most = if is_narrow { bits + 1 } else { M::MOST - plane };
        let largest = self.cleanup.decode(set.cleanup, (plane, most), &mut self.samples)?;
        if largest > most {
            return Err(if is_narrow {
                Error::malformed("code-block: exponent of a sample:").found(largest).allowed(format!("at most {most}"))
            } else {
                let error = Error::unsupported("bits of a wavelet coefficient:").found(shape.of_band);
                error.allowed(format!("at most {}", M::MOST))
            });
        }
        if let (passes @ 1.., bytes) = set.refining
            && plane > 0
        {
            let refining = Refining { plane: plane - 1, has_refinement: passes > 1, causal: shape.causal };
            self.refinement.decode(bytes, refining, &mut self.samples);
        }
        Ok(())
    }

    /// The magnitudes of a row of the block in some columns, doubled, each with whether it is negative.
    pub(crate) fn row(&self, y: usize, columns: Range<usize>) -> impl Iterator<Item = (M, bool)> {
        self.samples.row(y)[columns].iter().map(|sample| sample.parts())
    }
}

fn last_set<'b>(segments: impl Iterator<Item = Segment<'b>>) -> Option<Set<'b>> {
    let (mut done, mut last) = (0, None);
    for Segment { passes, bytes } in segments {
        let first = done;
        done += passes;
        if bytes.is_empty() || passes == 0 {
            continue;
        }
        if (done - 1).is_multiple_of(SET) {
            last = Some(Set { number: done - 1, cleanup: bytes, refining: (0, &[]) });
        } else if let Some(set) = &mut last {
            set.refining = (done - first, bytes);
        }
    }
    last
}
