//! JPEG 2000 images (IC C8 and M8; BIIF Profile for JPEG 2000 01.20): the rate that COMRAT states, the fields that the
//! codestream fixes, and the layers that J2KLRA lists.

use super::super::ic::{Coding, Ic};
use super::super::pixels::Storage;
use super::coded_rate::{CodedRate, tenths};
use super::given::Given;
use super::jpeg::is_rate;
use crate::codestream::j2k::{J2kOptions, J2kStream, Profile, Rate, most_levels};
use crate::error::{Error, Result};
use crate::format::{HIGHEST_J2K_RATE, Warning, WarningKind, WriteContext, level_note, read_j2k_options};
use crate::image::ImageLayout;
use crate::metadata::{Metadata, Value};
use crate::schema::{FieldData, Record};

/// The most bits of a sample (Table 8-2).
const MOST_BITS: u32 = 38;

/// The most bits of a sample that common decoders take. A caller may state more.
pub(super) const MOST_DECODED_BITS: u32 = 31;

/// The TRE that lists layers.
pub(super) const LAYERS_TRE: &str = "J2KLRA";

/// COMRAT before the bytes of an image are known.
const RESERVED_RATE: &str = "N000";

/// A JPEG 2000 image that is about to be written.
#[derive(Debug, Clone)]
pub(super) struct J2kPlan {
    options: J2kOptions,
    bits: u32,
    rate: StatedRate,
}

/// A rate as COMRAT states it.
#[derive(Debug, Clone, Copy, PartialEq)]
enum StatedRate {
    /// Numerically lossless; the file states the achieved rate.
    Lossless,
    /// Visually lossless.
    Visual(f64),
    /// Lossy.
    Lossy(f64),
}

/// Sets the fields that JPEG 2000 fixes (BPJ2K01.20 Table 8-2).
///
/// # Errors
/// [`Error::Usage`] for samples that are not integers, and for bits out of range.
pub(super) fn set_fields(record: &mut Record, given: &Given, layout: &ImageLayout, ic: Ic) -> Result<()> {
    let sample = layout.sample;
    if !sample.is_integer() {
        let error = Error::usage(format!("dtype of an image with IC {}:", ic.code)).found(sample);
        return Err(error.allowed("an integer type; IC NC holds every type"));
    }
    let bits = bits(given, layout)?;
    record.set("PVTYPE", if sample.is_signed_integer() { "SI" } else { "INT" });
    record.set("NBPP", bits);
    record.set("ABPP", bits);
    record.set("PJUST", "R");
    // Completed when the bytes are known.
    record.set("COMRAT", RESERVED_RATE);
    Ok(())
}

/// Bits of a sample: as chosen by NBPP or ABPP, which must agree; else all that carry information.
fn bits(given: &Given, layout: &ImageLayout) -> Result<u32> {
    let sample = layout.sample;
    let most = sample.bits().min(MOST_BITS);
    let stated = |name: &'static str| given.get(name).filter(|_| given.is_chosen(name)).map(|value| (name, value));
    let mut bits = None;
    for (name, value) in [stated("NBPP"), stated("ABPP")].into_iter().flatten() {
        let allowed = format!("1 to {most} for samples of type {sample}, and NBPP equal to ABPP");
        let wrong = || Error::usage("value of").field(name).found(value).allowed(&allowed);
        let number = value.to_int().and_then(|number| u32::try_from(number).ok());
        let number = number.filter(|number| (1..=most).contains(number)).ok_or_else(wrong)?;
        if bits.is_some_and(|bits| bits != number) {
            return Err(wrong());
        }
        bits = Some(number);
    }
    if let Some(bits) = bits {
        return Ok(bits);
    }
    let bits = layout.actual_bits.min(sample.bits());
    if bits > MOST_DECODED_BITS {
        let error = Error::usage(format!("bits of samples of type {sample} in a JPEG 2000 image:")).found(bits);
        return Err(error.allowed(format!("1 to {MOST_DECODED_BITS}, or the bits that the values need in NBPP")));
    }
    Ok(bits)
}

/// Leaves out a J2KLRA that was copied: it lists the layers of another codestream.
pub(super) fn leave_out_layers(given: &mut Given, context: &mut WriteContext<'_, '_>) {
    if given.is_chosen(LAYERS_TRE) {
        return;
    }
    let count = given.tres.len();
    given.tres.retain(|(tre, _)| tre.tag != LAYERS_TRE);
    if given.tres.len() < count {
        let message = "is left out, as it lists the layers of the codestream it was copied from";
        context.warnings.push(Warning::new(WarningKind::Metadata, LAYERS_TRE, message));
    }
}

impl J2kPlan {
    /// The plan of an image with this storage and subheader.
    ///
    /// # Errors
    /// [`Error::Usage`] for an illegal rate and for illegal hints.
    pub(super) fn new(
        metadata: &Metadata,
        given: &Given,
        record: &Record,
        storage: &Storage,
        context: &mut WriteContext<'_, '_>,
    ) -> Result<Self> {
        let rate = if given.is_chosen("COMRAT") {
            stated_rate(metadata.get("COMRAT"))?
        } else {
            let copied = copied_rate(given);
            context.warnings.extend(second_loss(given, copied));
            copied
        };
        let is_ht = record.text("IC").and_then(Ic::from_code).is_some_and(|ic| ic.coding == Coding::HighThroughput);
        let mut options = read_j2k_options(metadata, rate.target(), is_ht, context.warnings)?;
        options.component_transform = Some(options.component_transform.unwrap_or(record.text("IREP") == Some("RGB")));
        context.warnings.extend(level_note(&options, &storage.grid));
        Ok(Self { options, bits: storage.bits, rate })
    }

    /// J2KLRA (STDI-0002 Appendix Y), which the profiles of STDI-0006 demand; `None` without a profile.
    pub(super) fn layers_tre(&self, storage: &Storage) -> Option<Value> {
        let profile = self.options.profile?;
        let mut rates = self.options.rates(self.bits as u8);
        rates.push(match self.rate {
            StatedRate::Lossless => f64::from(self.bits),
            StatedRate::Visual(rate) | StatedRate::Lossy(rate) => rate,
        });
        let layer = |(number, rate): (usize, &f64)| {
            fields([("LAYER_ID", format!("{number:03}").into()), ("BITRATE", format!("{rate:09.6}").into())])
        };
        let layers = Value::List(rates.iter().enumerate().map(layer).collect());
        let levels = self.options.levels.unwrap_or_default().min(most_levels(&storage.grid));
        let original = if profile == Profile::Epje { "2" } else { "0" };
        Some(fields([
            ("ORIG", original.into()),
            ("NLEVELS_O", format!("{levels:02}").into()),
            ("NBANDS_O", format!("{:05}", storage.bands).into()),
            ("NLAYERS_O", format!("{:03}", rates.len()).into()),
            ("LAYER", layers),
        ]))
    }

    /// The codestream of the image. If absent blocks are allowed, they become tiles without coefficients.
    ///
    /// # Errors
    /// [`Error::Usage`] for an image that a codestream cannot hold.
    pub(super) fn stream(
        &self,
        storage: &Storage,
        layout: &ImageLayout,
        allows_absent: bool,
        threads: usize,
    ) -> Result<J2kStream> {
        let tile = (storage.grid.block_columns(), storage.grid.block_rows());
        J2kStream::new(layout, tile, self.bits, &self.options, allows_absent, threads)
    }

    /// COMRAT on disk: the achieved rate of a lossless image, else the target.
    pub(super) fn coded_rate(&self, layout: &ImageLayout) -> CodedRate {
        match self.rate {
            StatedRate::Lossless => {
                let samples = layout.grid.window().pixels() * u64::from(layout.bands);
                CodedRate::Achieved { prefix: 'N', samples }
            }
            StatedRate::Visual(rate) => CodedRate::Stated(format!("V{:03}", tenths(rate))),
            StatedRate::Lossy(rate) => {
                CodedRate::Stated(format!("{:04}", (rate * 100.0).round().clamp(1.0, 9999.0) as u32))
            }
        }
    }
}

/// The fields of a TRE.
fn fields<const N: usize>(fields: [(&str, Value); N]) -> Value {
    Value::Map(fields.into_iter().map(|(name, value)| (name.into(), value)).collect())
}

impl StatedRate {
    fn target(self) -> Rate {
        match self {
            Self::Lossless => Rate::Lossless,
            Self::Visual(rate) | Self::Lossy(rate) => Rate::Bits(rate),
        }
    }
}

/// The rate of the JPEG 2000 image that the metadata are copied from; lossless if it is that of another coding. A plain mapping
/// does not state the IC of its file any more, but the form of COMRAT.
fn copied_rate(given: &Given) -> StatedRate {
    let ic = given.original.as_ref().and_then(|original| original.text("IC")).map(str::trim);
    let is_j2k = ic.is_none_or(|code| Ic::from_code(code).is_some_and(Ic::is_j2k));
    let rate = match given.get("COMRAT") {
        Some(FieldData::Text(text)) if is_j2k && !is_rate(text) => stated_rate(Some(&Value::from(text.as_str()))).ok(),
        _ => None,
    };
    rate.unwrap_or(StatedRate::Lossless)
}

/// The warning that a lossy image is encoded again at the rate it had. A reduced image has other pixels.
fn second_loss(given: &Given, rate: StatedRate) -> Option<Warning> {
    let message = "is that of the image it was copied from: its pixels are encoded at this rate again, which loses more; state a \
                   rate, or N for none";
    (rate != StatedRate::Lossless && !given.is_chosen("IMAG"))
        .then(|| Warning::new(WarningKind::Metadata, "COMRAT", message))
}

/// The rate of a COMRAT hint: `N…` lossless, `V…` visually lossless, else lossy. With a decimal point the number is bits per
/// pixel and band, and so is one without a point, unless it has the digits of the standard's form: three after N and V, which are
/// tenths, else four, which are hundredths.
fn stated_rate(value: Option<&Value>) -> Result<StatedRate> {
    let Some(value) = value else { return Ok(StatedRate::Lossless) };
    let wrong = || {
        let allowed = "N (lossless), V and a rate such as V020.0, or a rate such as 01.0, in bits per pixel and band from 0.01 to 99.9";
        Error::usage("value of").field("COMRAT").found(value).allowed(allowed)
    };
    let text = match value {
        Value::Text(text) => text.trim().to_owned(),
        Value::Int(_) | Value::Float(_) => format!("{:?}", value.to_float().unwrap_or_default()),
        _ => return Err(wrong()),
    };
    let (kind, number) = match text.split_at_checked(1) {
        Some(("N" | "n", rest)) => ('N', rest),
        Some(("V" | "v", rest)) => ('V', rest),
        _ => (' ', text.as_str()),
    };
    let is_number = number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let scale = match (number.contains('.'), kind, number.len()) {
        (false, ' ', 4) => 100.0,
        (false, 'N' | 'V', 3) => 10.0,
        _ => 1.0,
    };
    let rate = number.parse::<f64>().ok().filter(|_| is_number).map(|number| number / scale);
    match (kind, rate) {
        ('N', Some(_)) => Ok(StatedRate::Lossless),
        ('N', None) if number.is_empty() => Ok(StatedRate::Lossless),
        ('V', Some(rate)) if (0.05..=HIGHEST_J2K_RATE).contains(&rate) => Ok(StatedRate::Visual(rate)),
        (' ', Some(rate)) if (0.01..=HIGHEST_J2K_RATE).contains(&rate) => Ok(StatedRate::Lossy(rate)),
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_rate_is_read() {
        use StatedRate as R;
        for (text, expected) in [
            ("N001.0", R::Lossless),
            ("N010", R::Lossless),
            ("N1.0", R::Lossless),
            ("N", R::Lossless),
            ("n057", R::Lossless),
            ("V020.0", R::Visual(20.0)),
            ("V200", R::Visual(20.0)),
            ("V1.5", R::Visual(1.5)),
            ("V037", R::Visual(3.7)),
            ("01.0", R::Lossy(1.0)),
            ("0100", R::Lossy(1.0)),
            ("0.25", R::Lossy(0.25)),
            ("0039", R::Lossy(0.39)),
            (" 2.5 ", R::Lossy(2.5)),
            ("2", R::Lossy(2.0)),
            ("10", R::Lossy(10.0)),
            ("V2", R::Visual(2.0)),
        ] {
            assert_eq!(stated_rate(Some(&Value::from(text))).unwrap(), expected, "{text}");
        }
        assert_eq!(stated_rate(Some(&Value::from(2))).unwrap(), R::Lossy(2.0));
        assert_eq!(stated_rate(Some(&Value::from(0.5))).unwrap(), R::Lossy(0.5));
        assert_eq!(stated_rate(None).unwrap(), R::Lossless);
    }

    #[test]
    fn an_illegal_rate_is_refused_with_the_field() {
        for text in ["", "X100", "V", "V000", "0000", "100.0", "N1x", "-1.0", "1e1", "----"] {
            let error = stated_rate(Some(&Value::from(text))).unwrap_err().to_string();
            assert!(error.contains("COMRAT"), "{error}");
        }
    }
}
