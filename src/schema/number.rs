//! Numbers in metadata values: text or floats that represent numbers.

/// Text as an integer, ignoring padding.
pub(crate) fn integer(text: &str) -> Option<i128> {
    let text = text.trim();
    // The narrow type is several times as fast, and nearly every number fits it.
    text.parse::<i64>().map(i128::from).or_else(|_| text.parse()).ok()
}

/// Text as a number, ignoring padding.
pub(crate) fn float(text: &str) -> Option<f64> {
    text.trim().parse().ok()
}

/// A float without a fraction as an integer.
pub(crate) fn integral(value: f64) -> Option<i128> {
    (value.fract() == 0.0 && value.abs() < 1e30).then_some(value as i128)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_read_without_its_padding() {
        assert_eq!(integer(" 0042 "), Some(42));
        assert_eq!(integer("-170141183460469231731687303715884105728"), Some(i128::MIN));
        assert_eq!((integer("4.0"), float(" +4.50 ")), (None, Some(4.5)));
        assert_eq!((integer(""), float("")), (None, None));
    }

    #[test]
    fn floats_are_integers_without_a_fraction() {
        assert_eq!([7.0, -0.0, 1e29].map(integral), [Some(7), Some(0), Some(99_999_999_999_999_991_433_150_857_216)]);
        assert_eq!([0.5, 1e31, f64::NAN, f64::INFINITY].map(integral), [None; 4]);
    }
}
