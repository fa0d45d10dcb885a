//! Sensor models as TREs: RPC00B both ways, RPC00A on reading (STDI-0002-1 App E).

use super::chip::{Bilinear, ChipPoints};
use super::typed::typed_tre;
use crate::error::{Error, Result};
use crate::image::{RPC_TERMS, Rpc};
use crate::metadata::{Metadata, Value};

const RPC00B: &str = "RPC00B";
const RPC00A: &str = "RPC00A";
const ICHIPB: &str = "ICHIPB";

/// The tags of sensor models, the preferred one first.
pub(super) const TAGS: [&str; 2] = [RPC00B, RPC00A];

/// The index in RPC00A of each term of RPC00B. RPC00A: 1, L, P, H, LP, LH, PH, LPH, L², P², H², L³, L²P, L²H, LP²,
/// P³, P²H, LH², PH², H³. GDAL has the same numbers, and uses them the other way round for LPH, L², P² and H².
const OF_RPC00A: [usize; RPC_TERMS] = [0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 7, 11, 14, 17, 12, 15, 18, 13, 16, 19];

/// Widths and decimals of the fields of errors, offsets and scales, and true if they begin with a sign (Table E-22).
const ERROR_FIELD: (usize, usize, bool) = (7, 2, false);
const FIELDS: [(usize, usize, bool); 5] = [(6, 0, false), (5, 0, false), (8, 4, true), (9, 4, true), (5, 0, true)];

/// The limits of latitude and longitude in degrees.
const LIMITS: [Option<f64>; 5] = [None, None, Some(90.0), Some(180.0), None];

/// The limits of a coefficient: ±d.ddddddE±d.
const LARGEST: f64 = 9.999_999e9;
const SMALLEST_EXPONENT: i32 = -9;

/// The sensor model that the metadata of an image state, in the pixels of that image; `None` if they state none.
pub(super) fn of_metadata(metadata: &Metadata) -> Option<Result<Rpc>> {
    let (tag, value) = TAGS.into_iter().find_map(|tag| Some((tag, metadata.get(tag)?)))?;
    Some(read_rpc(tag, value).and_then(|model| match metadata.get(ICHIPB) {
        None => Ok(model),
        Some(ichipb) => in_chip(model, ichipb),
    }))
}

/// The sensor model in the fields of an RPC00B or RPC00A, in the pixels of the full image.
///
/// # Errors
/// [`Error::Usage`] for a blank field, for coefficients that SUCCESS marks as not valid, and as [`typed_tre`].
pub fn read_rpc(tag: &str, value: &Value) -> Result<Rpc> {
    let Value::Map(fields) = typed_tre(tag, value)? else { return Err(Error::usage("fields of").field(tag)) };
    let get = |name: &str| fields.iter().find(|(known, _)| **known == *name).map(|(_, value)| value);
    let success = get("SUCCESS").map(|value| value.as_text().map_or_else(|| value.to_string(), str::to_owned));
    if success.as_deref().map(str::trim) != Some("1") {
        let found = success.unwrap_or_default();
        return Err(Error::usage(format!("{tag} SUCCESS")).found(found).allowed("1 (valid coefficients)"));
    }
    let blank = |name: &str| Error::usage(tag.to_owned()).found(format!("blank {name}")).allowed("numbers");
    let number = |name: &str| get(name).and_then(Value::to_float).ok_or_else(|| blank(name));
    let mut model = Rpc {
        errors: Rpc::ERRORS.map(|name| get(name).and_then(Value::to_float)),
        offsets: [0.0; 5],
        scales: [0.0; 5],
        polynomials: [[0.0; RPC_TERMS]; 4],
    };
    for (axis, name) in Rpc::AXES.iter().enumerate() {
        model.offsets[axis] = number(&format!("{name}_OFF"))?;
        model.scales[axis] = number(&format!("{name}_SCALE"))?;
    }
    for (polynomial, name) in model.polynomials.iter_mut().zip(Rpc::POLYNOMIALS) {
        let numbers = match get(name) {
            Some(Value::List(values)) => values.iter().map(Value::to_float).collect::<Option<Vec<_>>>(),
            _ => None,
        };
        let numbers = numbers.and_then(|numbers| <[f64; RPC_TERMS]>::try_from(numbers).ok());
        let numbers = numbers.ok_or_else(|| blank(name))?;
        *polynomial = if tag == RPC00A { OF_RPC00A.map(|term| numbers[term]) } else { numbers };
    }
    model.checked()
}

/// The fields of an RPC00B, in their exact widths. Offsets and scales are rounded to the precision of their fields, and the
/// polynomials adjusted to keep the model the same. Unknown errors are written as 0.
///
/// # Errors
/// [`Error::Usage`] for a number that its field cannot hold.
pub fn rpc_fields(model: &Rpc) -> Result<Value> {
    let scale = |axis: usize| {
        let (_, decimals, _) = FIELDS[axis];
        let found = rounded(model.scales[axis], decimals);
        // A scale must not round to 0. It takes the smallest number of its field instead.
        if found == 0.0 { 10f64.powi(-(decimals as i32)) } else { found }
    };
    let offsets = std::array::from_fn(|axis| rounded(model.offsets[axis], FIELDS[axis].1));
    let written = model.with_offsets_and_scales(offsets, std::array::from_fn(scale));
    let mut entries = vec![("SUCCESS".into(), Value::from("1"))];
    for (name, error) in Rpc::ERRORS.iter().zip(model.errors) {
        let text = number_text(name, rounded(error.unwrap_or(0.0), ERROR_FIELD.1), ERROR_FIELD, false, None)?;
        entries.push(((*name).into(), text.into()));
    }
    for (ending, numbers, is_offset) in [("OFF", written.offsets, true), ("SCALE", written.scales, false)] {
        for (axis, name) in Rpc::AXES.iter().enumerate() {
            let name = format!("{name}_{ending}");
            let text = number_text(&name, numbers[axis], FIELDS[axis], is_offset, LIMITS[axis])?;
            entries.push((name.as_str().into(), text.into()));
        }
    }
    for (name, polynomial) in Rpc::POLYNOMIALS.iter().zip(fitting(written.polynomials)) {
        let turn = |value: f64| Ok(Value::Map(vec![((*name).into(), scientific(name, value)?.into())]));
        let turns: Result<Vec<Value>> = polynomial.into_iter().map(turn).collect();
        entries.push(((*name).into(), turns?.into()));
    }
    Ok(Value::Map(entries))
}

/// The metadata that state a sensor model.
pub(super) fn entries(model: &Rpc) -> Result<Metadata> {
    Ok([(RPC00B, rpc_fields(model)?)].into_iter().collect())
}

/// The model of the full image in the pixels of a chip.
fn in_chip(model: Rpc, ichipb: &Value) -> Result<Rpc> {
    let points = ChipPoints::read(ichipb)?;
    let mapping = Bilinear::new(&points.chip, &points.full, points.scale).and_then(|found| found.scales_and_offsets());
    let turned = || Error::usage("ICHIPB: the chip is turned or bent against the full image");
    Ok(model.in_part(mapping.ok_or_else(turned)?))
}

/// Coefficients that fit into their fields, if they do when numerator and denominator are divided by the same number. With a
/// denominator constant of 1 both fit.
fn fitting(mut polynomials: [[f64; RPC_TERMS]; 4]) -> [[f64; RPC_TERMS]; 4] {
    for pair in polynomials.as_chunks_mut::<2>().0 {
        let constant = pair[1][0];
        if constant != 0.0 && pair.as_flattened().iter().any(|value| value.abs() > LARGEST) {
            pair.as_flattened_mut().iter_mut().for_each(|value| *value /= constant);
        }
    }
    polynomials
}

fn rounded(value: f64, decimals: usize) -> f64 {
    format!("{value:.decimals$}").parse().unwrap_or(value)
}

fn number_text(
    name: &str,
    value: f64,
    (width, decimals, signed): (usize, usize, bool),
    is_offset: bool,
    limit: Option<f64>,
) -> Result<String> {
    // Zero has no sign.
    let value = value + 0.0;
    let text = if signed { format!("{value:+0width$.decimals$}") } else { format!("{value:0width$.decimals$}") };
    let is_wrong = limit.is_some_and(|limit| value.abs() > limit) || (!signed && value < 0.0 && !is_offset);
    if text.len() == width && !is_wrong {
        return Ok(text);
    }
    let allowed = match limit {
        Some(limit) => format!("at most {limit} degrees"),
        None => format!("{width} characters, {decimals} of them decimals"),
    };
    Err(Error::usage(format!("{RPC00B} {name}:")).found(value).allowed(allowed))
}

/// ±d.ddddddE±d; values below 1e-9 have leading zeros, as far as the digits reach.
fn scientific(name: &str, value: f64) -> Result<String> {
    if value.abs() > LARGEST {
        return Err(Error::usage(format!("{RPC00B} {name}:")).found(value).allowed("at most 9.999999E+9"));
    }
    let text = format!("{value:+.6e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let mut power: i32 = exponent.parse().unwrap_or(0);
    let mut mantissa = mantissa.to_owned();
    if power < SMALLEST_EXPONENT {
        mantissa = format!("{:+.6}", value * 10f64.powi(-SMALLEST_EXPONENT));
        power = SMALLEST_EXPONENT;
    }
    if mantissa.parse() == Ok(0.0) {
        (mantissa, power) = ("+0.000000".to_owned(), 0);
    }
    Ok(format!("{mantissa}E{power:+}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::rpc_tests::model;

    #[test]
    fn a_model_of_exact_numbers_comes_back() {
        let mut model = model();
        model.errors = [Some(4.25), Some(0.5)];
        model.polynomials.as_flattened_mut().iter_mut().for_each(|value| *value = rounded(*value, 6));
        let fields = rpc_fields(&model).unwrap();
        assert_eq!(read_rpc(RPC00B, &fields).unwrap(), model);
        let metadata = entries(&model).unwrap();
        assert_eq!(of_metadata(&metadata).unwrap().unwrap(), model);
        assert!(of_metadata(&Metadata::new()).is_none());
    }

    #[test]
    fn coefficients_have_the_form_of_their_field() {
        let text = |value| scientific("X", value).unwrap();
        assert_eq!(
            [-0.5, 2.5e-11, -4e-16, 1e-9, -9.999_999_6e-5].map(text),
            ["-5.000000E-1", "+0.025000E-9", "+0.000000E+0", "+1.000000E-9", "-1.000000E-4"]
        );
        assert!(scientific("X", 1e10).is_err());
    }

    #[test]
    fn what_a_field_cannot_hold_is_refused_by_name() {
        for (axis, offset, name) in [(0, 1e6, "LINE_OFF"), (2, 91.0, "LAT_OFF"), (4, -10_000.0, "HEIGHT_OFF")] {
            let mut model = model();
            model.offsets[axis] = offset;
            assert!(rpc_fields(&model).unwrap_err().to_string().contains(name));
        }
    }
}
