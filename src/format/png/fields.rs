//! Chunks that hold one value each (ISO/IEC 15948, 11.2.3 and 11.3): their keys, readers and writers.

use super::chunk::Kind;
use super::palette;
use crate::codestream::png::{ColorType, Header, LARGEST};
use crate::error::{Error, Result};
use crate::metadata::Value;

/// A chunk that holds one metadata value.
pub(super) struct Field {
    pub(super) key: &'static str,
    pub(super) kind: Kind,
    /// Reads the value from the chunk's data; `None` if the data breaks the standard.
    pub(super) read: fn(&[u8], &Header) -> Option<Value>,
    /// Makes the chunk's data.
    write: fn(&Value, &Header) -> Outcome,
    /// The legal values, for messages.
    allowed: &'static str,
}

/// The result of writing a value.
enum Outcome {
    Data(Vec<u8>),
    /// The chunk does not apply to an image of this kind.
    Inapplicable,
    Illegal,
}

/// Every such chunk, in the order in which they are written (5.6).
pub(super) static FIELDS: &[Field] = &[
    Field {
        key: "PNG_CHROMATICITIES",
        kind: Kind(*b"cHRM"),
        read: read_chromaticities,
        write: write_chromaticities,
        allowed: "8 numbers from 0 to 21474",
    },
    Field {
        key: "PNG_GAMMA",
        kind: Kind(*b"gAMA"),
        read: read_gamma,
        write: write_gamma,
        allowed: "a number above 0, up to 21474",
    },
    Field {
        key: "PNG_SIGNIFICANT_BITS",
        kind: Kind(*b"sBIT"),
        read: |data, _| Some(list(data)),
        write: write_significant_bits,
        allowed: "a number from 1 to the bit depth for each channel",
    },
    Field { key: "PNG_SRGB", kind: Kind(*b"sRGB"), read: read_srgb, write: write_srgb, allowed: "0, 1, 2 or 3" },
    Field {
        key: palette::KEY,
        kind: Kind::PLTE,
        read: read_palette,
        write: write_palette,
        allowed: "1 to 256 lists of [red, green, blue] from 0 to 255",
    },
    Field {
        key: "PNG_TRANSPARENCY",
        kind: Kind(*b"tRNS"),
        read: read_samples,
        write: write_transparency,
        allowed: "a sample for each colour, or alpha values for palette entries",
    },
    Field {
        key: "PNG_BACKGROUND",
        kind: Kind(*b"bKGD"),
        read: read_samples,
        write: write_background,
        allowed: "a sample for each colour, or a palette index",
    },
    Field {
        key: "PNG_PHYS",
        kind: Kind(*b"pHYs"),
        read: read_phys,
        write: write_phys,
        allowed: "[x, y, unit] with unit 0 or 1",
    },
    Field {
        key: "PNG_EXIF",
        kind: Kind(*b"eXIf"),
        read: |data, _| Some(Value::Bytes(data.to_vec())),
        write: write_exif,
        allowed: "bytes",
    },
    Field {
        key: "PNG_TIME",
        kind: Kind(*b"tIME"),
        read: read_time,
        write: write_time,
        allowed: "text of the form YYYY-MM-DDThh:mm:ssZ",
    },
];

impl Field {
    /// The data of the chunk for `value`; `None` if the chunk does not apply to an image of this kind.
    ///
    /// # Errors
    /// [`Error::Usage`] for an illegal value; it states the key, the value and the allowed values.
    pub(super) fn data(&self, value: &Value, header: &Header) -> Result<Option<Vec<u8>>> {
        match (self.write)(value, header) {
            Outcome::Data(data) => Ok(Some(data)),
            Outcome::Inapplicable => Ok(None),
            Outcome::Illegal => {
                Err(Error::usage("illegal value of metadata key").field(self.key).found(value).allowed(self.allowed))
            }
        }
    }

    /// True if `data` is what is written for `value`, which was read from it.
    pub(super) fn is_determined(&self, value: &Value, header: &Header, data: &[u8]) -> bool {
        matches!((self.write)(value, header), Outcome::Data(written) if written == data)
    }
}

impl From<Option<Vec<u8>>> for Outcome {
    fn from(data: Option<Vec<u8>>) -> Self {
        data.map_or(Self::Illegal, Self::Data)
    }
}

fn read_chromaticities(data: &[u8], _: &Header) -> Option<Value> {
    let values: Vec<Value> = data.chunks_exact(4).filter_map(be32).map(|n| (f64::from(n) / UNIT).into()).collect();
    (data.len() == 32).then_some(Value::List(values))
}

fn write_chromaticities(value: &Value, _: &Header) -> Outcome {
    let values = value.to_floats().filter(|values| values.len() == 8);
    let parts = values.and_then(|values| values.into_iter().map(hundred_thousandths).collect::<Option<Vec<_>>>());
    parts.map(|parts| parts.concat()).into()
}

fn read_gamma(data: &[u8], _: &Header) -> Option<Value> {
    be32(data).filter(|_| data.len() == 4).map(|n| (f64::from(n) / UNIT).into())
}

fn write_gamma(value: &Value, _: &Header) -> Outcome {
    value.to_float().and_then(hundred_thousandths).filter(|data| *data != [0; 4]).map(|data| data.to_vec()).into()
}

fn read_srgb(data: &[u8], _: &Header) -> Option<Value> {
    matches!(data, [0..=3]).then(|| Value::from(data[0]))
}

fn write_srgb(value: &Value, _: &Header) -> Outcome {
    value.to_int().filter(|intent| (0..=3).contains(intent)).map(|intent| vec![intent as u8]).into()
}

fn list(data: &[u8]) -> Value {
    Value::List(data.iter().map(|byte| Value::from(*byte)).collect())
}

fn write_significant_bits(value: &Value, header: &Header) -> Outcome {
    let channels = if header.color == ColorType::Palette { 3 } else { header.color.bands() as usize };
    match integers(value) {
        Some(bits) if bits.len() != channels => Outcome::Inapplicable,
        bits => bits.and_then(|bits| bytes_within(&bits, 1, header.depth.into())).into(),
    }
}

fn read_palette(data: &[u8], _: &Header) -> Option<Value> {
    let whole = !data.is_empty() && data.len() <= 768 && data.len().is_multiple_of(3);
    whole.then(|| Value::List(data.chunks_exact(3).map(list).collect()))
}

fn write_palette(value: &Value, header: &Header) -> Outcome {
    if matches!(header.color, ColorType::Grey | ColorType::GreyAlpha) {
        return Outcome::Inapplicable;
    }
    let flat = match value {
        Value::List(entries) if entries.iter().any(|entry| matches!(entry, Value::List(_))) => {
            let entries: Option<Vec<_>> =
                entries.iter().map(|entry| integers(entry).filter(|rgb| rgb.len() == 3)).collect();
            entries.map(|entries| entries.concat())
        }
        other => integers(other),
    };
    let flat = flat.filter(|flat| (3..=768).contains(&flat.len()) && flat.len().is_multiple_of(3));
    flat.and_then(|flat| bytes_within(&flat, 0, 255)).into()
}

/// Samples of a colour, two bytes each; for palette images one byte each.
fn read_samples(data: &[u8], header: &Header) -> Option<Value> {
    if header.color == ColorType::Palette {
        return (data.len() <= 256).then(|| list(data));
    }
    let samples = data.chunks_exact(2).map(|two| Value::from(u16::from_be_bytes([two[0], two[1]])));
    (data.len() == header.color.colors() * 2).then(|| Value::List(samples.collect()))
}

fn write_transparency(value: &Value, header: &Header) -> Outcome {
    match header.color {
        ColorType::GreyAlpha | ColorType::Rgba => Outcome::Inapplicable,
        ColorType::Palette => {
            let alpha = integers(value).filter(|alpha| (1..=256).contains(&alpha.len()));
            alpha.and_then(|alpha| bytes_within(&alpha, 0, 255)).into()
        }
        ColorType::Grey | ColorType::Rgb => write_samples(value, header),
    }
}

fn write_background(value: &Value, header: &Header) -> Outcome {
    match (integers(value), header.color) {
        (Some(index), ColorType::Palette) if index.len() == 1 => bytes_within(&index, 0, 255).into(),
        (Some(_), ColorType::Palette) => Outcome::Inapplicable,
        _ => write_samples(value, header),
    }
}

fn write_samples(value: &Value, header: &Header) -> Outcome {
    let Some(samples) = integers(value) else { return Outcome::Illegal };
    if samples.len() != header.color.colors() {
        return Outcome::Inapplicable;
    }
    let largest = i128::from(header.largest_sample());
    let good = samples.iter().all(|sample| (0..=largest).contains(sample));
    good.then(|| samples.iter().flat_map(|sample| (*sample as u16).to_be_bytes()).collect::<Vec<_>>()).into()
}

fn read_phys(data: &[u8], _: &Header) -> Option<Value> {
    let [x @ .., unit] = data else { return None };
    let numbers = x.chunks_exact(4).filter_map(be32).map(Value::from);
    (data.len() == 9).then(|| Value::List(numbers.chain([Value::from(*unit)]).collect()))
}

fn write_phys(value: &Value, _: &Header) -> Outcome {
    let Some([x, y, unit]) = integers(value).and_then(|values| <[i128; 3]>::try_from(values).ok()) else {
        return Outcome::Illegal;
    };
    let good = [x, y].iter().all(|n| (0..=i128::from(LARGEST)).contains(n)) && (0..=1).contains(&unit);
    good.then(|| [&(x as u32).to_be_bytes()[..], &(y as u32).to_be_bytes(), &[unit as u8]].concat()).into()
}

fn write_exif(value: &Value, _: &Header) -> Outcome {
    if let Value::Bytes(bytes) = value { Outcome::Data(bytes.clone()) } else { Outcome::Illegal }
}

fn read_time(data: &[u8], _: &Header) -> Option<Value> {
    let [a, b, month, day, hour, minute, second] = *data else { return None };
    let year = u16::from_be_bytes([a, b]);
    Some(format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z").into())
}

fn write_time(value: &Value, _: &Header) -> Outcome {
    let Some(text) = value.as_text() else { return Outcome::Illegal };
    let parts: Vec<&str> = text.trim_end_matches('Z').split(['-', 'T', ' ', ':']).collect();
    let numbers: Vec<u16> = parts.iter().filter_map(|part| part.parse().ok()).collect();
    let [year, month, day, hour, minute, second] = numbers[..] else { return Outcome::Illegal };
    let good = parts.len() == 6
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && hour < 24
        && minute < 60
        && second <= 60;
    let rest = [month, day, hour, minute, second].map(|n| n as u8);
    good.then(|| [&year.to_be_bytes()[..], &rest].concat()).into()
}

/// The integers of a list, of text such as `[1, 2]`, or one integer.
pub(super) fn integers(value: &Value) -> Option<Vec<i128>> {
    let whole = |number: &f64| number.fract() == 0.0 && number.abs() < 1e15;
    value.to_floats()?.into_iter().map(|number| whole(&number).then_some(number as i128)).collect()
}

fn bytes_within(values: &[i128], low: i128, high: i128) -> Option<Vec<u8>> {
    values.iter().map(|value| (low..=high).contains(value).then_some(*value as u8)).collect()
}

fn hundred_thousandths(value: f64) -> Option<[u8; 4]> {
    let scaled = (value * UNIT).round();
    (0.0..=f64::from(LARGEST)).contains(&scaled).then(|| (scaled as u32).to_be_bytes())
}

fn be32(bytes: &[u8]) -> Option<u32> {
    bytes.get(..4).and_then(|four| four.try_into().ok()).map(u32::from_be_bytes)
}

/// Gamma and chromaticities are stored in units of 1/100 000.
const UNIT: f64 = 100_000.0;
