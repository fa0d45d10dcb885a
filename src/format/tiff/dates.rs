//! The times that tags hold: `YYYY:MM:DD HH:MM:SS` (TIFF 6.0 §8, `DateTime`; EXIF 2.3 §4.6.5 D for the other tags).

use crate::metadata::Value;
use crate::schema::iso_datetime;

/// `DateTime`, and `DateTimeOriginal` and `DateTimeDigitized` of EXIF.
const TAGS: [u16; 3] = [306, 36_867, 36_868];

/// A time in ISO 8601 in the form of these tags, in UTC. `None` for other tags and for other text, which is stored unchanged.
pub(super) fn in_own_form(tag: u16, value: &Value) -> Option<Value> {
    let digits = value.as_text().filter(|_| TAGS.contains(&tag)).and_then(iso_datetime)?;
    let pair = |at: usize| &digits[at..at + 2];
    let (year, month, day) = (&digits[..4], pair(4), pair(6));
    Some(Value::Text(format!("{year}:{month}:{day} {}:{}:{}", pair(8), pair(10), pair(12))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn iso_8601_becomes_the_form_of_the_tag_in_utc() {
        let own = |tag, text: &str| in_own_form(tag, &Value::from(text));
        assert_eq!(own(306, "2024-05-06T07:08:09"), Some(Value::from("2024:05:06 07:08:09")));
        assert_eq!(own(306, "2024-05-06T07:08:09.250+02:00"), Some(Value::from("2024:05:06 05:08:09")));
        assert_eq!(own(36_867, "2024-05-06"), Some(Value::from("2024:05:06 00:00:00")));
        assert_eq!(own(306, "2024:05:06 07:08:09"), None);
        assert_eq!(own(306, "in May"), None);
        assert_eq!(own(270, "2024-05-06"), None);
    }
}
