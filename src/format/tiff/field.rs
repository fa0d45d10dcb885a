//! Directory fields: their types, their values, and both as bytes (TIFF 6.0 §2, BigTIFF).

use crate::io::ByteOrder;
use crate::metadata::Value;

/// The type of a field's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names are the standard's")]
pub(super) enum FieldType {
    Byte,
    Ascii,
    Short,
    Long,
    Rational,
    SByte,
    Undefined,
    SShort,
    SLong,
    SRational,
    Float,
    Double,
    Ifd,
    Long8,
    SLong8,
    Ifd8,
}

/// The values of a field.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum FieldValue {
    /// Unsigned integers: BYTE, SHORT, LONG, LONG8, IFD, IFD8.
    Unsigned(Vec<u64>),
    /// Signed integers: SBYTE, SSHORT, SLONG, SLONG8.
    Signed(Vec<i64>),
    /// FLOAT and DOUBLE.
    Floats(Vec<f64>),
    /// RATIONAL and SRATIONAL: numerators and denominators.
    Rationals(Vec<(i64, i64)>),
    /// ASCII, without the terminating NUL; further NULs stay.
    Text(Vec<u8>),
    /// UNDEFINED.
    Bytes(Vec<u8>),
    /// The fields of a directory that the field is the offset of.
    Directory(Vec<Field>),
}

/// A field of a directory.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Field {
    /// The tag.
    pub tag: u16,
    /// The type of the values.
    pub kind: FieldType,
    /// The values.
    pub value: FieldValue,
}

impl FieldType {
    /// Every type with its code.
    const CODES: [(u16, Self, usize); 16] = [
        (1, Self::Byte, 1),
        (2, Self::Ascii, 1),
        (3, Self::Short, 2),
        (4, Self::Long, 4),
        (5, Self::Rational, 8),
        (6, Self::SByte, 1),
        (7, Self::Undefined, 1),
        (8, Self::SShort, 2),
        (9, Self::SLong, 4),
        (10, Self::SRational, 8),
        (11, Self::Float, 4),
        (12, Self::Double, 8),
        (13, Self::Ifd, 4),
        (16, Self::Long8, 8),
        (17, Self::SLong8, 8),
        (18, Self::Ifd8, 8),
    ];

    /// The type with this code.
    pub(super) fn from_code(code: u16) -> Option<Self> {
        Self::CODES.iter().find(|row| row.0 == code).map(|row| row.1)
    }

    /// The code in a directory entry.
    pub(super) fn code(self) -> u16 {
        self.row().0
    }

    /// Bytes of one value.
    pub(super) fn bytes(self) -> usize {
        self.row().2
    }

    fn row(self) -> (u16, Self, usize) {
        *Self::CODES.iter().find(|row| row.1 == self).expect("every type has a row")
    }
}

impl FieldValue {
    /// Reads the values of a field from its bytes, whose length is a multiple of the type's.
    pub(super) fn parse(kind: FieldType, bytes: &[u8], order: ByteOrder) -> Self {
        use FieldType as T;
        let u16s = || bytes.as_chunks::<2>().0.iter().map(move |b| order.u16(*b));
        let u32s = || bytes.as_chunks::<4>().0.iter().map(move |b| order.u32(*b));
        let u64s = || bytes.as_chunks::<8>().0.iter().map(move |b| order.u64(*b));
        match kind {
            T::Byte => Self::Unsigned(bytes.iter().map(|b| u64::from(*b)).collect()),
            T::Short => Self::Unsigned(u16s().map(u64::from).collect()),
            T::Long | T::Ifd => Self::Unsigned(u32s().map(u64::from).collect()),
            T::Long8 | T::Ifd8 => Self::Unsigned(u64s().collect()),
            T::SByte => Self::Signed(bytes.iter().map(|b| i64::from(*b as i8)).collect()),
            T::SShort => Self::Signed(u16s().map(|v| i64::from(v as i16)).collect()),
            T::SLong => Self::Signed(u32s().map(|v| i64::from(v as i32)).collect()),
            T::SLong8 => Self::Signed(u64s().map(|v| v as i64).collect()),
            T::Float => Self::Floats(u32s().map(|v| f64::from(f32::from_bits(v))).collect()),
            T::Double => Self::Floats(u64s().map(f64::from_bits).collect()),
            T::Rational => {
                let numbers: Vec<_> = u32s().map(i64::from).collect();
                Self::Rationals(numbers.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect())
            }
            T::SRational => {
                let numbers: Vec<_> = u32s().map(|v| i64::from(v as i32)).collect();
                Self::Rationals(numbers.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect())
            }
            T::Ascii => Self::Text(bytes.strip_suffix(b"\0").unwrap_or(bytes).to_vec()),
            T::Undefined => Self::Bytes(bytes.to_vec()),
        }
    }

    /// Number of values, as counted in a directory entry (text: with the NUL).
    pub(super) fn count(&self) -> usize {
        match self {
            Self::Unsigned(values) => values.len(),
            Self::Signed(values) => values.len(),
            Self::Floats(values) => values.len(),
            Self::Rationals(values) => values.len(),
            Self::Text(text) => text.len() + 1,
            Self::Bytes(bytes) => bytes.len(),
            Self::Directory(_) => 1,
        }
    }

    /// The first value, if it is an integer that is not negative.
    pub(super) fn first(&self) -> Option<u64> {
        match self {
            Self::Unsigned(values) => values.first().copied(),
            Self::Signed(values) => values.first().and_then(|value| u64::try_from(*value).ok()),
            _ => None,
        }
    }

    /// The values as metadata: a number, a list of numbers, text, bytes, or a mapping of tags to values.
    pub(super) fn to_metadata(&self) -> Value {
        let list = |mut values: Vec<Value>| if values.len() == 1 { values.remove(0) } else { Value::List(values) };
        match self {
            Self::Unsigned(values) => list(values.iter().map(|v| Value::from(*v)).collect()),
            Self::Signed(values) => list(values.iter().map(|v| Value::from(*v)).collect()),
            Self::Floats(values) => list(values.iter().map(|v| Value::from(*v)).collect()),
            Self::Rationals(values) => list(values.iter().map(|(n, d)| Value::from(*n as f64 / *d as f64)).collect()),
            Self::Text(text) => Value::Text(decode_text(text)),
            Self::Bytes(bytes) => Value::Bytes(bytes.clone()),
            Self::Directory(fields) => {
                let entry = |field: &Field| (field.tag.to_string().into(), field.value.to_metadata());
                Value::Map(fields.iter().map(entry).collect())
            }
        }
    }
}

impl Field {
    /// The values as bytes in this byte order. A directory has none: its place in the file determines them.
    pub(super) fn to_bytes(&self, order: ByteOrder) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.value.count() * self.kind.bytes());
        match &self.value {
            FieldValue::Unsigned(values) => values.iter().for_each(|v| put(&mut out, self.kind, *v, order)),
            FieldValue::Signed(values) => values.iter().for_each(|v| put(&mut out, self.kind, *v as u64, order)),
            FieldValue::Floats(values) => {
                for value in values {
                    match self.kind {
                        FieldType::Float => out.extend(order.put_u32((*value as f32).to_bits())),
                        _ => out.extend(order.put_u64(value.to_bits())),
                    }
                }
            }
            FieldValue::Rationals(values) => {
                for (numerator, denominator) in values {
                    out.extend(order.put_u32(*numerator as u32));
                    out.extend(order.put_u32(*denominator as u32));
                }
            }
            FieldValue::Text(text) => {
                out.extend_from_slice(text);
                out.push(0);
            }
            FieldValue::Bytes(bytes) => out.extend_from_slice(bytes),
            FieldValue::Directory(_) => {}
        }
        out
    }
}

fn put(out: &mut Vec<u8>, kind: FieldType, value: u64, order: ByteOrder) {
    match kind.bytes() {
        1 => out.push(value as u8),
        2 => out.extend(order.put_u16(value as u16)),
        4 => out.extend(order.put_u32(value as u32)),
        _ => out.extend(order.put_u64(value)),
    }
}

/// Decodes text as UTF-8 if it is legal, else as Latin-1: no byte is lost. This is the rule for all text of a directory.
pub(super) fn decode_text(text: &[u8]) -> String {
    match std::str::from_utf8(text) {
        Ok(text) => text.to_owned(),
        Err(_) => text.iter().map(|byte| char::from(*byte)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_is_read_back_from_its_bytes_in_both_orders() {
        use FieldType as T;
        let cases = [
            (T::Byte, FieldValue::Unsigned(vec![0, 255])),
            (T::Short, FieldValue::Unsigned(vec![1, 65_535])),
            (T::Long, FieldValue::Unsigned(vec![7, u64::from(u32::MAX)])),
            (T::Long8, FieldValue::Unsigned(vec![u64::MAX])),
            (T::SByte, FieldValue::Signed(vec![-128, 127])),
            (T::SShort, FieldValue::Signed(vec![-32_768])),
            (T::SLong, FieldValue::Signed(vec![-1, 5])),
            (T::SLong8, FieldValue::Signed(vec![i64::MIN])),
            (T::Float, FieldValue::Floats(vec![0.5, -3.25])),
            (T::Double, FieldValue::Floats(vec![1e300])),
            (T::Rational, FieldValue::Rationals(vec![(72, 1)])),
            (T::SRational, FieldValue::Rationals(vec![(-1, 3)])),
            (T::Ascii, FieldValue::Text(b"text".to_vec())),
            (T::Undefined, FieldValue::Bytes(vec![1, 2, 3])),
        ];
        for (kind, value) in cases {
            for order in [ByteOrder::Little, ByteOrder::Big] {
                let field = Field { tag: 1, kind, value: value.clone() };
                let bytes = field.to_bytes(order);
                assert_eq!(bytes.len(), value.count() * kind.bytes(), "{kind:?}");
                assert_eq!(FieldValue::parse(kind, &bytes, order), value, "{kind:?}");
                assert_eq!(FieldType::from_code(kind.code()), Some(kind));
            }
        }
    }
}
