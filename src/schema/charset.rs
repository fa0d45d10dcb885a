//! The character sets of the NITF family (Joint BIIF Profile §4.6.3.1), and the padding of their fields.

use std::borrow::Cow;

/// The characters that a field may hold, or binary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Charset {
    /// 20–7E.
    BcsA,
    /// Digits, `+ - . /`.
    BcsN,
    /// Digits.
    BcsNPositive,
    /// 20–7E and A0–FF, one byte each.
    EcsA,
    /// ECS-A with line feed, form feed and carriage return.
    Ecs,
    /// UTF-8.
    Utf8,
    /// Big-endian binary: unsigned, signed, floating-point or plain bytes, depending on the field's kind.
    Binary,
}

impl Charset {
    /// The sets by their names in tables.
    const NAMES: [(&'static str, Self); 7] = [
        ("A", Self::BcsA),
        ("N", Self::BcsN),
        ("N+", Self::BcsNPositive),
        ("EA", Self::EcsA),
        ("E", Self::Ecs),
        ("U8", Self::Utf8),
        ("BIN", Self::Binary),
    ];

    /// The set with the table name `name`.
    pub(super) fn from_name(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|row| row.0 == name).map(|row| row.1)
    }

    /// The name in the standard.
    pub const fn standard_name(self) -> &'static str {
        match self {
            Self::BcsA => "BCS-A",
            Self::BcsN => "BCS-N",
            Self::BcsNPositive => "BCS-N positive integer",
            Self::EcsA => "ECS-A",
            Self::Ecs => "ECS",
            Self::Utf8 => "UTF-8",
            Self::Binary => "binary",
        }
    }

    /// True if a field of this set may contain `byte`.
    pub const fn allows(self, byte: u8) -> bool {
        match self {
            Self::BcsA => matches!(byte, 0x20..=0x7E),
            Self::BcsN => matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'/'),
            Self::BcsNPositive => byte.is_ascii_digit(),
            Self::EcsA => matches!(byte, 0x20..=0x7E | 0xA0..=0xFF),
            Self::Ecs => matches!(byte, 0x20..=0x7E | 0xA0..=0xFF | 0x0A | 0x0C | 0x0D),
            Self::Utf8 | Self::Binary => true,
        }
    }

    /// Text as bytes of this set: one byte per character, or UTF-8. `None` if a character cannot be encoded.
    pub(super) fn encode(self, text: &str) -> Option<Cow<'_, [u8]>> {
        if self == Self::Utf8 || text.is_ascii() {
            return Some(Cow::Borrowed(text.as_bytes()));
        }
        text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect::<Option<Vec<u8>>>().map(Cow::Owned)
    }

    /// Bytes as text. Every byte maps to a character, so nothing is lost.
    pub(super) fn decode(self, bytes: &[u8]) -> String {
        match std::str::from_utf8(bytes) {
            Ok(text) if self == Self::Utf8 || text.is_ascii() => text.to_owned(),
            _ => bytes.iter().map(|byte| char::from(*byte)).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_hold_the_characters_of_the_profile() {
        let count = |set: Charset| (0..=255u8).filter(|byte| set.allows(*byte)).count();
        assert_eq!(Charset::NAMES.map(|(_, set)| count(set)), [95, 14, 10, 191, 194, 256, 256]);
    }

    #[test]
    fn latin_text_survives_in_both_directions() {
        let bytes: Vec<u8> = (0..=255).collect();
        let text = Charset::Ecs.decode(&bytes);
        assert_eq!(Charset::Ecs.encode(&text).as_deref(), Some(bytes.as_slice()));
        assert_eq!(Charset::EcsA.encode("€"), None);
    }
}
