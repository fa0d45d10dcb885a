//! Sizes and bit counts of an image, from Python's numbers. Errors name the wrong attribute.

use pyo3::prelude::*;

use super::{region, value};
use crate::error::Error;
use crate::image::{ImageLayout, PadValue, SampleType};

/// A size of an image: a whole number of at least `least`, as an integer of any type or an integral float.
///
/// # Errors
/// `OptionError` that names the attribute, for NaN, numbers out of range, fractions and objects that are not numbers.
pub(super) fn size(object: &Bound<'_, PyAny>, name: &str, least: u32) -> PyResult<u32> {
    let size = whole(object).and_then(|number| u32::try_from(number).ok()).filter(|size| *size >= least);
    let error = || {
        let found = object.repr().map(|text| text.to_string()).unwrap_or_default();
        Error::usage("wrong value of")
            .field(name)
            .found(found)
            .allowed(format!("a whole number from {least} to {}", u32::MAX))
    };
    Ok(size.ok_or_else(error)?)
}

/// A whole number: an integer of any type, or an integral float.
pub(super) fn whole(object: &Bound<'_, PyAny>) -> Option<i64> {
    region::index(object).ok().or_else(|| {
        let number = object.extract::<f64>().ok()?;
        (number.fract() == 0.0 && number.abs() < 1e15).then_some(number as i64)
    })
}

/// Sets the bits of a sample and those that carry information, by default all bits of the type.
///
/// # Errors
/// `OptionError` for more bits than the type has, or for more information bits than sample bits.
pub(super) fn set_bits(
    layout: &mut ImageLayout,
    bits: Option<&Bound<'_, PyAny>>,
    actual: Option<&Bound<'_, PyAny>>,
) -> PyResult<()> {
    let of = |object: Option<&Bound<'_, PyAny>>, name: &str, most: u32| -> PyResult<u32> {
        let Some(object) = object.filter(|object| !object.is_none()) else { return Ok(most) };
        let bits = size(object, name, 1)?;
        if bits > most {
            return Err(Error::usage("wrong value of").field(name).found(bits).allowed(format!("1 to {most}")).into());
        }
        Ok(bits)
    };
    layout.bits_per_sample = of(bits, "num_bits_per_pixel", layout.sample.bits())?;
    layout.actual_bits = of(actual, "actual_bits_per_pixel", layout.bits_per_sample)?;
    Ok(())
}

/// The attribute `pad_pixel_value`; `None` is zero.
///
/// # Errors
/// `OptionError` for an object that is not a number, and for a number that a sample cannot hold.
pub(super) fn pad(object: &Bound<'_, PyAny>, sample: SampleType) -> PyResult<PadValue> {
    if object.is_none() {
        return Ok(PadValue::ZERO);
    }
    let pad = value::pad_value(object, "pad_pixel_value")?;
    if !pad.fits(sample) {
        let allowed = format!("a value of {sample}");
        return Err(Error::usage("wrong value of").field("pad_pixel_value").found(pad).allowed(allowed).into());
    }
    Ok(pad)
}

/// The argument `threads`.
///
/// # Errors
/// `OptionError` for anything but a number of 1 or more.
pub(super) fn threads(object: Option<&Bound<'_, PyAny>>) -> PyResult<Option<usize>> {
    object.map(|object| size(object, "threads", 1).map(|threads| threads as usize)).transpose()
}

/// The argument `provider_threads`.
///
/// # Errors
/// `OptionError` for anything but a number from 1 to [`MOST_PROVIDER_THREADS`].
pub(super) fn provider_threads(object: Option<&Bound<'_, PyAny>>) -> PyResult<Option<usize>> {
    let Some(object) = object else { return Ok(None) };
    let threads = size(object, "provider_threads", 1)? as usize;
    if threads > MOST_PROVIDER_THREADS {
        let error = Error::usage("wrong value of").field("provider_threads").found(threads);
        return Err(error.allowed(format!("1 to {MOST_PROVIDER_THREADS}")).into());
    }
    Ok(Some(threads))
}

/// The limit of the threads that call one provider at once.
const MOST_PROVIDER_THREADS: usize = 1024;
