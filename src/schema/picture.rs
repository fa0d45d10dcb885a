//! The form that a document prescribes for a number: `0000`, `+00.0000`, `+0.000000E+0`.

use std::fmt;

/// Digits, point and exponent of a number of fixed width; a sign in front if it is always written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Picture {
    text: String,
    signed: bool,
    decimals: usize,
    /// Digits of the exponent; 0 if there is none.
    exponent: usize,
}

impl Picture {
    /// Parses a picture: `+` at the beginning for a mandatory sign, zeros for digits.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (signed, rest) = text.strip_prefix('+').map_or((false, text), |rest| (true, rest));
        let (mantissa, exponent) = rest.split_once("E+").unwrap_or((rest, ""));
        let (whole, decimals) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let zeros = |text: &str| text.bytes().all(|byte| byte == b'0');
        let good = !whole.is_empty() && zeros(whole) && zeros(decimals) && zeros(exponent);
        // A mantissa with an exponent has one digit before its point.
        let good = good && (exponent.is_empty() != rest.contains('E')) && (exponent.is_empty() || whole.len() == 1);
        let picture = Self { text: text.to_owned(), signed, decimals: decimals.len(), exponent: exponent.len() };
        good.then_some(picture)
    }

    /// The length of every number in this form.
    pub(super) fn len(&self) -> usize {
        self.text.len()
    }

    /// A number in this form, rounded to its decimals. `None` if it is too large, or if it is not a whole number and the form
    /// has no decimals.
    pub(super) fn format(&self, value: f64) -> Option<String> {
        if !value.is_finite() || (self.decimals == 0 && self.exponent == 0 && value.fract() != 0.0) {
            return None;
        }
        let number =
            if self.exponent > 0 { self.scientific(value)? } else { format!("{:.*}", self.decimals, value.abs()) };
        // A value that rounds to zero has no sign.
        let negative = value < 0.0 && number.bytes().take_while(|byte| *byte != b'E').any(|b| matches!(b, b'1'..=b'9'));
        let sign = if negative { "-" } else { ["", "+"][usize::from(self.signed)] };
        // If the form has no place for a sign, minus takes that of the first digit.
        let width = self.len().checked_sub(sign.len())?;
        (number.len() <= width).then(|| format!("{sign}{number:0>width$}"))
    }

    /// Mantissa and exponent. A number too small for the exponent's digits has a mantissa below one.
    fn scientific(&self, value: f64) -> Option<String> {
        let text = format!("{:.*e}", self.decimals, value.abs());
        let (mantissa, exponent) = text.split_once('e')?;
        let exponent: i32 = exponent.parse().ok()?;
        let most = 10i32.checked_pow(self.exponent as u32)? - 1;
        if exponent > most {
            return None;
        }
        let digits = self.exponent;
        if exponent < -most {
            let mantissa = value.abs() * 10f64.powi(most);
            return Some(format!("{:.*}E-{most:0digits$}", self.decimals, mantissa));
        }
        let sign = if exponent < 0 { '-' } else { '+' };
        Some(format!("{mantissa}E{sign}{:0digits$}", exponent.abs()))
    }
}

impl fmt::Display for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_in_the_form_of_the_picture() {
        let cases = [
            ("000000", 42.0, Some("000042")),
            ("000000", 0.5, None),
            ("000", 1000.0, None),
            ("+0000", -12.0, Some("-0012")),
            ("+00.0000", 7.123_45, Some("+07.1235")),
            ("+00.0000", -0.000_01, Some("+00.0000")),
            ("00000000.000", -12.5, Some("-0000012.500")),
            ("0000.00000", 1.0, Some("0001.00000")),
            ("+0.000000E+0", 0.0, Some("+0.000000E+0")),
            ("+0.000000E+0", -0.001_234_567_8, Some("-1.234568E-3")),
            ("+0.000000E+0", 9.999_999_9e8, Some("+1.000000E+9")),
            ("+0.000000E+0", 1.5e-11, Some("+0.015000E-9")),
            ("+0.000000E+0", 1e10, None),
            ("+0.00E+00", 1.5e-11, Some("+1.50E-11")),
            ("+00.0", f64::NAN, None),
        ];
        for (picture, value, expected) in cases {
            assert_eq!(Picture::parse(picture).unwrap().format(value).as_deref(), expected, "{picture} {value}");
        }
    }

    #[test]
    fn other_texts_are_not_pictures() {
        for text in ["", "+", "1", ".0", "00.0E+", "00.0E+0", "0E", "0.0.0", "-0"] {
            assert_eq!(Picture::parse(text), None, "{text}");
        }
    }
}
