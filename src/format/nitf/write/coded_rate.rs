//! COMRAT of an image whose bytes are coded.

use crate::format::HIGHEST_J2K_RATE;

/// COMRAT as it is known before the last block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum CodedRate {
    /// Known.
    Stated(String),
    /// The bits per pixel and band that the image takes, in tenths after a letter.
    Achieved { prefix: char, samples: u64 },
}

impl CodedRate {
    /// The field for a lossy image of so many bytes, in hundredths of a bit.
    pub(super) fn lossy(bytes: u64, samples: u64) -> String {
        let hundredths = (800.0 * bytes as f64 / samples as f64).round().clamp(1.0, 100.0 * HIGHEST_J2K_RATE);
        format!("{:04}", hundredths as u32)
    }

    /// The field for an image of so many bytes.
    pub(super) fn of(&self, bytes: u64) -> String {
        match self {
            Self::Stated(text) => text.clone(),
            Self::Achieved { prefix, samples } => {
                format!("{prefix}{:03}", tenths(8.0 * bytes as f64 / *samples as f64))
            }
        }
    }
}

/// A rate in tenths of a bit, as N and V state it.
pub(super) fn tenths(rate: f64) -> u32 {
    (rate * 10.0).round().clamp(1.0, 10.0 * HIGHEST_J2K_RATE) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_achieved_rate_has_three_digits() {
        let achieved = CodedRate::Achieved { prefix: 'N', samples: 1024 * 1024 };
        assert_eq!(achieved.of(746_972), "N057");
        assert_eq!(achieved.of(1), "N001");
        assert_eq!((CodedRate::lossy(131_072, 1024 * 1024), CodedRate::lossy(1, 1000)), ("0100".into(), "0001".into()));
        assert_eq!(CodedRate::Stated("00.0".to_owned()).of(5), "00.0");
    }
}
