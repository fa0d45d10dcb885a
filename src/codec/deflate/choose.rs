//! The choice of a compression method if no level was requested: within a few percent of the size at level 6 of zlib, in as
//! little time as possible.
//!
//! A few rows from the middle of the block are compressed on trial. The choice depends on the block alone, and is the same on
//! every machine and for every number of threads. The encoder for imagery makes imagery with sensor noise smaller, and is
//! about ten times as fast. Drawn, resampled or upsampled images and those that once were JPEG have repetitions that only a
//! search finds; they get as much search as pays. Thematic and smooth data get the full search, unless the trial shows that
//! they, too, get smaller without.

use super::State;
use super::imagery::{self, Arrangement};
use crate::error::Result;

/// A method to compress a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    /// The encoder for imagery.
    Imagery,
    /// The general encoder at a level.
    Level(i32),
}

/// Chooses by a trial. `planes` is true if the predictor has grouped bytes of the same significance.
pub(super) fn method(bytes: &[u8], arrangement: Arrangement, planes: bool, state: &mut State) -> Result<Method> {
    if bytes.len() < SMALL {
        return Ok(Method::Level(FULL));
    }
    let sample = sample(bytes, arrangement.row);
    let mut trial = std::mem::take(&mut state.trial);
    trial.clear();
    imagery::compress(sample, arrangement, &mut trial, &mut state.imagery);
    let imagery = trial.len();
    let mut size_at = |level| {
        trial.clear();
        state.compress(level, sample, &mut trial)?;
        Ok::<_, crate::Error>(trial.len())
    };
    let full = size_at(FULL)?;
    let thematic = full * 4 < sample.len();
    let margin = match (thematic, planes) {
        (true, _) => THEMATIC_MARGIN,
        (false, true) => PLANES_MARGIN,
        (false, false) => IMAGERY_MARGIN,
    };
    let method = if imagery * 1000 <= full * margin {
        Method::Imagery
    } else if thematic {
        Method::Level(FULL)
    } else if size_at(LIGHT)? * 1000 <= full * LIGHT_MARGIN {
        Method::Level(LIGHT)
    } else {
        Method::Level(MEDIUM)
    };
    state.trial = trial;
    Ok(method)
}

/// Smaller blocks are not worth a trial.
const SMALL: usize = 16 << 10;
/// The level of the reference size, zlib's own default.
const FULL: i32 = 6;
/// Twice as fast as [`FULL`] and 2 to 3 % larger on images that a search makes smaller.
const MEDIUM: i32 = 4;
/// Up to four times as fast as [`FULL`], and as small on noise with a pattern.
const LIGHT: i32 = 1;

/// Accepted sizes, in thousandths of the size at [`FULL`]. A sample has less data to repeat than a whole block, so it
/// understates the gain of a search by some 2 %; in planes of bytes, with their near matches, by less than 1 %.
const IMAGERY_MARGIN: usize = 1020;
const PLANES_MARGIN: usize = 1036;
/// Data that shrinks to a quarter is not imagery and must not get larger: this offsets the sample's understatement.
const THEMATIC_MARGIN: usize = 980;
const LIGHT_MARGIN: usize = 1020;

/// Whole rows from the middle: a twenty-fourth of the block. They take less time than the encoder for imagery takes for the
/// whole block, and suffice for the general encoder to find repetitions.
fn sample(bytes: &[u8], row: usize) -> &[u8] {
    let row = row.clamp(1, bytes.len());
    let rows = bytes.len() / row;
    let count = ((bytes.len() / 24).max(LEAST_SAMPLE) / row).clamp(1, rows);
    let first = (rows - count) / 2;
    &bytes[first * row..(first + count) * row]
}

const LEAST_SAMPLE: usize = 6 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: usize = 512;

    fn chosen(byte: impl Fn(usize, usize) -> u32) -> Method {
        let bytes: Vec<u8> = (0..128 * ROW).map(|i| byte(i % ROW, i / ROW) as u8).collect();
        method(&bytes, Arrangement { row: ROW, number: 1 }, false, &mut State::default()).unwrap()
    }

    /// Noise that is the same in every run.
    fn noise(x: usize, y: usize) -> u32 {
        let mixed = (x as u32).wrapping_mul(0x9E37_79B1) ^ (y as u32).wrapping_mul(0x85EB_CA6B);
        (mixed ^ mixed >> 15).wrapping_mul(0xC2B2_AE35) >> 16
    }

    #[test]
    fn noise_around_zero_is_imagery() {
        // The sum of dice is nearly normally distributed.
        assert_eq!(
            chosen(|x, y| (0..4).map(|die| noise(x + 977 * die, y) % 9).sum::<u32>().wrapping_sub(16)),
            Method::Imagery
        );
    }

    #[test]
    fn patterns_from_far_away_are_searched_for() {
        // Every fifth row is the same except for some noise, so the row above does not help.
        let method = chosen(|x, y| if (x + y) % 9 == 0 { noise(x, y) } else { noise(x, y % 5) });
        assert!(matches!(method, Method::Level(_)), "{method:?}");
    }

    #[test]
    fn one_value_is_compressed_fully() {
        assert_eq!(chosen(|_, _| 0), Method::Level(FULL));
    }

    #[test]
    fn small_blocks_are_not_tried() {
        let bytes = vec![1; SMALL - 1];
        let chosen = method(&bytes, Arrangement { row: 100, number: 1 }, false, &mut State::default()).unwrap();
        assert_eq!(chosen, Method::Level(FULL));
    }

    #[test]
    fn a_sample_is_of_whole_rows_from_the_middle() {
        let bytes: Vec<u8> = (0..600 * 256u32).map(|i| (i / 600) as u8).collect();
        let rows = sample(&bytes, 600);
        assert_eq!((rows.len() % 600, rows[0], rows[rows.len() - 1]), (0, 123, 132));
        assert_eq!(sample(&bytes[..20_000], 20_000).len(), 20_000);
    }
}
