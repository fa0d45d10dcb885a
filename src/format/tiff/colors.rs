//! The meaning of a pixel's samples: `PhotometricInterpretation`, `ExtraSamples`, `ColorMap` and the fields of YCbCr
//! (TIFF 6.0 §3–6, §16, §18, §21, Technical Note 2).
//!
//! Defaults: three bands of 8 or 16-bit unsigned integers are RGB. Four bands of 8 bits are RGB with unassociated alpha, as
//! in GDAL. Everything else is grey (`BlackIsZero`) with unspecified extra samples; this includes four bands of 16 bits,
//! mostly red, green, blue and near infrared. A `ColorMap` makes one band a palette image.

use super::field::{Field, FieldType, FieldValue};
use super::options::Options;
use super::{tags, values};
use crate::codec::jpeg::ColorModel;
use crate::error::{Error, Result};
use crate::format::{Warning, WarningKind};
use crate::image::SampleType;

/// The meaning of the samples, as codec and directory need it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Colors {
    /// `PhotometricInterpretation`.
    pub(super) photometric: u64,
    /// The colour model for a codec that transforms colour.
    pub(super) model: ColorModel,
    /// The fields that state the meaning.
    pub(super) fields: Vec<Field>,
}

/// The properties of an image that determine the storage of its colours.
#[derive(Debug, Clone, Copy)]
pub(super) struct Samples {
    /// Number of bands.
    pub(super) bands: u32,
    /// Their type.
    pub(super) sample: SampleType,
    /// True if each band is stored apart.
    pub(super) separate: bool,
    /// True for JPEG compression.
    pub(super) jpeg: bool,
    /// True for an image that masks another.
    pub(super) mask: bool,
    /// The colour model of JPEG blocks that are copied.
    pub(super) stored: Option<ColorModel>,
}

const WHITE_IS_ZERO: u64 = 0;
const BLACK_IS_ZERO: u64 = 1;
const RGB: u64 = 2;
const PALETTE: u64 = 3;
const MASK: u64 = 4;
const CMYK: u64 = 5;
const YCBCR: u64 = 6;
const LABS: [u64; 3] = [8, 9, 10];
const CFA: u64 = 32_803;
const LINEAR_RAW: u64 = 34_892;

const UNASSOCIATED_ALPHA: u64 = 2;

/// Values of `SampleFormat`.
const UNSIGNED: u64 = 1;
const UNDEFINED: u64 = 4;
const COMPLEX_INTEGER: u64 = 5;
const COMPLEX: u64 = 6;

/// Default columns and rows per chrominance sample.
const FULL_SUBSAMPLING: (u8, u8) = (2, 2);

/// Determines the colours of an image.
///
/// # Errors
/// [`Error::Usage`] for values that the image cannot have.
pub(super) fn colors(options: &Options<'_>, image: Samples, warnings: &mut Vec<Warning>) -> Result<Colors> {
    let (photometric, extra) = match meaning(options, image) {
        Ok(meaning) => meaning,
        Err((key, error)) => {
            if let Some(colors) = as_read(options, image, warnings)? {
                return Ok(colors);
            }
            options.refuse(key, error, warnings)?;
            default_meaning(image)
        }
    };
    let transformed = match image.stored {
        Some(stored) => matches!(stored, ColorModel::YCbCr { .. }),
        None => image.jpeg && !image.separate && image.bands == 3 && matches!(photometric, RGB | YCBCR),
    };
    let mut fields = Vec::new();
    let mut short = |tag, values: Vec<u64>| {
        fields.push(Field { tag, kind: FieldType::Short, value: FieldValue::Unsigned(values) });
    };
    let mut model = match photometric {
        RGB => ColorModel::Rgb,
        CMYK => ColorModel::Cmyk,
        _ => ColorModel::Independent,
    };
    if transformed {
        let (horizontal, vertical) = match (image.stored, subsampling(options)) {
            (Some(ColorModel::YCbCr { horizontal, vertical }), _) => (horizontal, vertical),
            (_, Ok(factors)) => factors,
            (_, Err(error)) => {
                options.refuse("530", error, warnings)?;
                FULL_SUBSAMPLING
            }
        };
        model = ColorModel::YCbCr { horizontal, vertical };
        short(tags::PHOTOMETRIC_INTERPRETATION, vec![YCBCR]);
        short(tags::YCBCR_SUB_SAMPLING, vec![horizontal.into(), vertical.into()]);
    } else if photometric == YCBCR {
        let message = "the pixels are RGB and are stored as RGB: only JPEG compression stores YCbCr";
        warnings.push(Warning::new(
            WarningKind::Metadata,
            options.get(tags::PHOTOMETRIC_INTERPRETATION).map_or("262", |g| g.key),
            message,
        ));
        short(tags::PHOTOMETRIC_INTERPRETATION, vec![RGB]);
        model = ColorModel::Rgb;
    } else {
        short(tags::PHOTOMETRIC_INTERPRETATION, vec![photometric]);
    }
    if !extra.is_empty() {
        short(tags::EXTRA_SAMPLES, extra);
    }
    if photometric == PALETTE {
        short(tags::COLOR_MAP, palette(options, image.sample)?);
    }
    let mut palette_is_unused = options.get(tags::COLOR_MAP).filter(|_| photometric != PALETTE);
    if let Some(given) = palette_is_unused.filter(|_| was_read(options, image)) {
        fields.extend(options.field(tags::COLOR_MAP, given, warnings)?);
        palette_is_unused = None;
    }
    // A subsampling copied from a file of YCbCr is a fact of that file's storage.
    let was_ycbcr = options.was_any(tags::PHOTOMETRIC_INTERPRETATION, &[YCBCR]);
    let factors_are_unused =
        options.get(tags::YCBCR_SUB_SAMPLING).filter(|given| !transformed && (options.is_chosen(*given) || !was_ycbcr));
    for (unused, reason) in
        [(palette_is_unused, "the image has no palette"), (factors_are_unused, "the image is not YCbCr in JPEG")]
    {
        warnings.extend(
            unused.map(|given| Warning::new(WarningKind::Metadata, given.key, format!("is ignored: {reason}"))),
        );
    }
    if transformed && image.stored.is_some() {
        fields.extend(stored_ycbcr(options, warnings)?);
    } else if transformed {
        let full_range = [0, 255, 128, 255, 128, 255].map(|level| (level, 1)).to_vec();
        let value = FieldValue::Rationals(full_range);
        fields.push(Field { tag: tags::REFERENCE_BLACK_WHITE, kind: FieldType::Rational, value });
    }
    let photometric = if transformed { YCBCR } else { photometric };
    Ok(Colors { photometric, model, fields })
}

/// The fields of luminance and chrominance that belong to copied blocks, as they were read.
fn stored_ycbcr(options: &Options<'_>, warnings: &mut Vec<Warning>) -> Result<Vec<Field>> {
    let mut fields = Vec::new();
    for tag in [tags::YCBCR_COEFFICIENTS, tags::YCBCR_POSITIONING, tags::REFERENCE_BLACK_WHITE] {
        if let Some(given) = options.get(tag) {
            fields.extend(options.field(tag, given, warnings)?);
        }
    }
    Ok(fields)
}

/// The tags that state the meaning of samples.
const MEANING: [u16; 3] = [tags::PHOTOMETRIC_INTERPRETATION, tags::EXTRA_SAMPLES, tags::COLOR_MAP];

/// The meaning that was read with samples like those of the image, unchecked; `None` if the caller has chosen a part of it.
fn as_read(options: &Options<'_>, image: Samples, warnings: &mut Vec<Warning>) -> Result<Option<Colors>> {
    let photometric = options.number(tags::PHOTOMETRIC_INTERPRETATION).ok().flatten();
    let Some(photometric) = photometric.filter(|_| was_read(options, image)) else { return Ok(None) };
    let mut fields = Vec::new();
    for tag in MEANING {
        if let Some(given) = options.get(tag) {
            fields.extend(options.field(tag, given, warnings)?);
        }
    }
    Ok(Some(Colors { photometric, model: ColorModel::Independent, fields }))
}

/// True if the meaning of the samples was read, unchanged, with as many samples of the same size and kind.
fn was_read(options: &Options<'_>, image: Samples) -> bool {
    let read = |tag, default| options.read_number(tag).unwrap_or(default);
    let bits = read(tags::BITS_PER_SAMPLE, 1).checked_next_power_of_two().map(|bits| bits.max(8));
    let format = match read(tags::SAMPLE_FORMAT, 1) {
        UNDEFINED => UNSIGNED,
        COMPLEX_INTEGER => COMPLEX,
        other => other,
    };
    options.is_copy()
        && !MEANING.iter().filter_map(|tag| options.get(*tag)).any(|given| options.is_chosen(given))
        && read(tags::SAMPLES_PER_PIXEL, 1) == u64::from(image.bands)
        && bits == Some(image.sample.bits().into())
        && format == kind_of(image.sample)
}

/// `SampleFormat` for samples of a type. Data that was read as undefined stays so.
pub(super) fn sample_format(options: &Options<'_>, sample: SampleType) -> u64 {
    match kind_of(sample) {
        UNSIGNED if options.read_number(tags::SAMPLE_FORMAT) == Some(UNDEFINED) => UNDEFINED,
        kind => kind,
    }
}

fn kind_of(sample: SampleType) -> u64 {
    match sample {
        sample if sample.is_complex() => COMPLEX,
        sample if sample.is_float() => 3,
        sample if sample.is_signed_integer() => 2,
        _ => UNSIGNED,
    }
}

/// Photometric interpretation and extra samples, or the offending key with its error.
fn meaning<'a>(options: &Options<'a>, image: Samples) -> std::result::Result<(u64, Vec<u64>), (&'a str, Error)> {
    let blame = |tag: u16| options.get(tag).map_or("262", |given| given.key);
    let wrong = |tag: u16| move |error: Error| (blame(tag), error);
    let photometric =
        options.number(tags::PHOTOMETRIC_INTERPRETATION).map_err(wrong(tags::PHOTOMETRIC_INTERPRETATION))?;
    let extra = options.get(tags::EXTRA_SAMPLES).map(|given| {
        values::unsigned(tags::EXTRA_SAMPLES, given.key, given.value)
            .and_then(|extra| {
                let legal = extra.iter().all(|kind| *kind <= UNASSOCIATED_ALPHA);
                if legal { Ok(extra) } else { Err(values::wrong(tags::EXTRA_SAMPLES, given.key, given.value)) }
            })
            .map_err(wrong(tags::EXTRA_SAMPLES))
    });
    let extra = extra.transpose()?;
    let can_have_palette = image.bands == 1 && matches!(image.sample, SampleType::UInt8 | SampleType::UInt16);
    let photometric = match (photometric, &extra) {
        (Some(photometric), _) => photometric,
        (None, None) if can_have_palette && options.get(tags::COLOR_MAP).is_some() => PALETTE,
        (None, Some(extra)) => match u64::from(image.bands).checked_sub(extra.len() as u64) {
            Some(3) => RGB,
            _ => BLACK_IS_ZERO,
        },
        (None, None) => return Ok(default_meaning(image)),
    };
    let colors = check_photometric(options, photometric, image).map_err(wrong(tags::PHOTOMETRIC_INTERPRETATION))?;
    let expected = (image.bands - colors) as usize;
    match extra {
        Some(extra) if extra.len() == expected => Ok((photometric, extra)),
        Some(extra) => {
            let error = Error::usage("number of values of").field(tags::describe(tags::EXTRA_SAMPLES));
            let allowed = format!("{expected} for {} bands, {colors} of them colours", image.bands);
            Err((blame(tags::EXTRA_SAMPLES), error.found(extra.len()).allowed(allowed)))
        }
        // A file without the tag states nothing of the samples after the colours, which a copy does not change.
        None if photometric == RGB
            && was_read(options, image)
            && options.read_number(tags::EXTRA_SAMPLES).is_none() =>
        {
            Ok((photometric, Vec::new()))
        }
        None if photometric == RGB => Ok((photometric, default_extra(image, expected))),
        None => Ok((photometric, vec![0; expected])),
    }
}

/// Number of colour bands, if the image can have this interpretation.
fn check_photometric(options: &Options<'_>, photometric: u64, image: Samples) -> Result<u32> {
    let colors = match photometric {
        WHITE_IS_ZERO | BLACK_IS_ZERO | PALETTE | MASK | CFA => 1,
        RGB | YCBCR => 3,
        CMYK => 4,
        kind if LABS.contains(&kind) => 3,
        LINEAR_RAW => image.bands,
        other => {
            let row = tags::by_number(tags::PHOTOMETRIC_INTERPRETATION);
            let found = row.and_then(|row| row.value_name(other)).map_or_else(|| other.to_string(), str::to_owned);
            return Err(Error::usage(tags::describe(tags::PHOTOMETRIC_INTERPRETATION)).found(found).allowed(
                "WhiteIsZero, BlackIsZero, RGB, Palette, TransparencyMask, CMYK, YCbCr, CIELab, ICCLab, ITULab, CFA or \
                LinearRaw",
            ));
        }
    };
    let name = tags::by_number(tags::PHOTOMETRIC_INTERPRETATION).and_then(|row| row.value_name(photometric));
    let name = name.unwrap_or_default();
    if image.bands < colors {
        let error = Error::usage(format!("bands of an image with photometric interpretation {name}:"));
        return Err(error.found(image.bands).allowed(format!("{colors} or more")));
    }
    if photometric == PALETTE {
        if !matches!(image.sample, SampleType::UInt8 | SampleType::UInt16) || image.bands != 1 {
            let found = format!("{} of {}", image.bands, image.sample);
            return Err(Error::usage("bands of a palette image:").found(found).allowed("1 of uint8 or uint16"));
        }
        palette(options, image.sample)?;
    }
    Ok(colors)
}

fn default_meaning(image: Samples) -> (u64, Vec<u64>) {
    match (image.bands, image.sample) {
        (1, _) if image.mask => (MASK, Vec::new()),
        (3, SampleType::UInt8 | SampleType::UInt16) => (RGB, Vec::new()),
        (4, SampleType::UInt8) => (RGB, default_extra(image, 1)),
        (bands, _) => (BLACK_IS_ZERO, vec![0; bands as usize - 1]),
    }
}

/// Default extra samples of an RGB image.
fn default_extra(image: Samples, count: usize) -> Vec<u64> {
    let alpha = count == 1 && image.sample == SampleType::UInt8;
    vec![if alpha { UNASSOCIATED_ALPHA } else { 0 }; count]
}

/// The colour map: all reds, all greens, all blues, for every value of a sample. A shorter map, such as that of a copied
/// 4-bit image, is filled up with black.
fn palette(options: &Options<'_>, sample: SampleType) -> Result<Vec<u64>> {
    let entries = 1usize << sample.bits();
    let describe = || tags::describe(tags::COLOR_MAP);
    let allowed = format!("3 × {entries} numbers from 0 to 65535: all reds, all greens, all blues");
    let Some(given) = options.get(tags::COLOR_MAP) else {
        return Err(Error::usage("palette image without").field(describe()).allowed(allowed));
    };
    let map = values::unsigned(tags::COLOR_MAP, given.key, given.value)?;
    let stored = map.len() / 3;
    if map.len() % 3 != 0 || !stored.is_power_of_two() || stored > entries {
        let error = Error::usage("number of values of").field(describe());
        return Err(error.found(map.len()).allowed(allowed));
    }
    if let Some(large) = map.iter().find(|level| **level > u64::from(u16::MAX)) {
        return Err(Error::usage("value in").field(describe()).found(large).allowed(allowed));
    }
    let channel = |levels: &[u64]| levels.iter().copied().chain(std::iter::repeat(0)).take(entries).collect::<Vec<_>>();
    Ok(map.chunks_exact(stored).flat_map(channel).collect())
}

/// Subsampling of chrominance in JPEG: as given, else 2 × 2.
fn subsampling(options: &Options<'_>) -> Result<(u8, u8)> {
    let Some(given) = options.get(tags::YCBCR_SUB_SAMPLING) else { return Ok(FULL_SUBSAMPLING) };
    match values::unsigned(tags::YCBCR_SUB_SAMPLING, given.key, given.value)?.as_slice() {
        [h @ 1..=2, v @ 1..=2] if v <= h => Ok((*h as u8, *v as u8)),
        _ => Err(Error::usage("metadata value of")
            .field(tags::describe(tags::YCBCR_SUB_SAMPLING))
            .found(given.value)
            .allowed("[1, 1], [2, 1] or [2, 2]")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::{Metadata, Value};

    fn decide(bands: u32, sample: SampleType, jpeg: bool, entries: &[(&str, Value)]) -> Result<(Colors, usize)> {
        let metadata: Metadata = entries.iter().cloned().collect();
        let mut warnings = Vec::new();
        let options = Options::new(&metadata, &mut warnings)?;
        let image = Samples { bands, sample, separate: false, jpeg, mask: false, stored: None };
        colors(&options, image, &mut warnings).map(|colors| (colors, warnings.len()))
    }

    fn values_of(colors: &Colors, tag: u16) -> Option<Vec<u64>> {
        match &colors.fields.iter().find(|field| field.tag == tag)?.value {
            FieldValue::Unsigned(values) => Some(values.clone()),
            _ => None,
        }
    }

    #[test]
    fn defaults_follow_bands_and_type() {
        use SampleType as S;
        let cases: [(u32, S, u64, &[u64]); 7] = [
            (1, S::UInt8, 1, &[]),
            (2, S::UInt8, 1, &[0]),
            (3, S::UInt16, 2, &[]),
            (3, S::Int16, 1, &[0, 0]),
            (4, S::UInt8, 2, &[2]),
            (4, S::UInt16, 1, &[0, 0, 0]),
            (8, S::UInt8, 1, &[0; 7]),
        ];
        for (bands, sample, photometric, extra) in cases {
            let (colors, _) = decide(bands, sample, false, &[]).unwrap();
            assert_eq!(values_of(&colors, 262), Some(vec![photometric]), "{bands} {sample}");
            assert_eq!(values_of(&colors, 338).unwrap_or_default(), extra, "{bands} {sample}");
        }
    }

    #[test]
    fn what_is_given_decides_and_must_suit_the_bands() {
        let alpha = decide(2, SampleType::UInt16, false, &[("338", 2.into())]).unwrap().0;
        assert_eq!((values_of(&alpha, 262), values_of(&alpha, 338)), (Some(vec![1]), Some(vec![2])));
        assert!(decide(1, SampleType::UInt8, false, &[("262", "RGB".into())]).is_err());
        assert!(decide(3, SampleType::UInt8, false, &[("338", 2.into()), ("262", 2.into())]).is_err());
        assert!(decide(4, SampleType::UInt8, false, &[("338", 3.into())]).is_err());
        assert!(decide(1, SampleType::UInt8, false, &[("262", 32_845.into())]).is_err());
    }

    #[test]
    fn a_copy_that_does_not_suit_the_image_is_a_warning() {
        let copy =
            [("256", Value::from(9)), ("257", 9.into()), ("262", 2.into()), ("277", 4.into()), ("338", 2.into())];
        let (colors, warnings) = decide(1, SampleType::UInt8, false, &copy).unwrap();
        assert_eq!((values_of(&colors, 262), warnings), (Some(vec![1]), 1));
    }

    #[test]
    fn the_meaning_that_was_read_with_like_samples_stays_as_it_is() {
        let copy = |more: &[(&str, Value)]| {
            let facts = [("256", 9), ("257", 9), ("277", 4), ("258", 8)].map(|(key, value)| (key, Value::from(value)));
            let entries: Vec<_> = facts.into_iter().chain(more.iter().cloned()).collect();
            let (colors, warnings) = decide(4, SampleType::UInt8, false, &entries).unwrap();
            (values_of(&colors, 262), values_of(&colors, 338), warnings)
        };
        assert_eq!(copy(&[("262", 2.into())]), (Some(vec![2]), None, 0));
        assert_eq!(copy(&[("262", 2.into()), ("338", 999.into())]), (Some(vec![2]), Some(vec![999]), 0));
        assert_eq!(copy(&[("262", 51_177.into())]), (Some(vec![51_177]), None, 0));
    }

    #[test]
    fn a_palette_is_complete_or_filled_up() {
        let map = |n: usize| Value::List((0..n).map(|i| Value::from(i as u32)).collect());
        let write = |n| decide(1, SampleType::UInt8, false, &[("262", 3.into()), ("320", map(n))]);
        let full = values_of(&write(48).unwrap().0, 320).unwrap();
        assert_eq!((full.len(), full[15], full[16], full[256], full[512]), (768, 15, 0, 16, 32));
        assert!(write(10).is_err() && write(768 * 2).is_err());
        assert!(decide(1, SampleType::UInt8, false, &[("262", 3.into())]).is_err());
        assert!(decide(1, SampleType::Int16, false, &[("262", 3.into()), ("320", map(768))]).is_err());
    }

    #[test]
    fn jpeg_stores_rgb_as_ycbcr() {
        let (colors, _) = decide(3, SampleType::UInt8, true, &[("530", "[1, 1]".into())]).unwrap();
        assert_eq!(colors.model, ColorModel::YCbCr { horizontal: 1, vertical: 1 });
        assert_eq!((values_of(&colors, 262), values_of(&colors, 530)), (Some(vec![6]), Some(vec![1, 1])));
        let (colors, warnings) = decide(3, SampleType::UInt8, false, &[("262", "YCbCr".into())]).unwrap();
        assert_eq!((values_of(&colors, 262), warnings), (Some(vec![2]), 1));
        assert!(decide(3, SampleType::UInt8, true, &[("530", "[4, 1]".into())]).is_err());
    }
}
