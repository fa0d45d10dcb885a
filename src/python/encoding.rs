//! The settings of `imsave`, from Python's arguments.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use super::{crs, layout, value};
use crate::error::Error;
use crate::format::{OverviewLevels, SaveSettings};
use crate::image::{Georeference, Transform};

/// The settings in a dict: `compression`, `block_size`, `corners`, `transform`, `crs` (a text), `nodata`, `quality`,
/// `precise`, `cog`, `statistics`.
///
/// # Errors
/// `OptionError` for wrong sizes and numbers.
pub(super) fn save_settings(settings: &Bound<'_, PyDict>) -> PyResult<SaveSettings> {
    let get = |name: &str| -> PyResult<Option<Bound<'_, PyAny>>> {
        Ok(settings.get_item(name)?.filter(|value| !value.is_none()))
    };
    Ok(SaveSettings {
        compression: get("compression")?.map(|word| word.extract()).transpose()?,
        block_size: get("block_size")?.map(|size| block_size(&size)).transpose()?,
        georeference: Georeference {
            transform: get("transform")?.map(|six| six.extract().map(Transform)).transpose()?,
            corners: get("corners")?.map(|corners| corners.extract()).transpose()?,
            crs: get("crs")?.map(|text| crs::from_text(&text)).transpose()?,
        },
        nodata: get("nodata")?.map(|nodata| value::pad_value(&nodata, "nodata")).transpose()?,
        quality: get("quality")?.map(|quality| quality.extract()).transpose()?,
        precise: get("precise")?.map_or(Ok(false), |precise| precise.is_truthy())?,
        statistics: get("statistics")?.map_or(Ok(false), |statistics| statistics.is_truthy())?,
        cloud_optimized: get("cog")?.map_or(Ok(false), |cog| cog.is_truthy())?,
    })
}

/// The argument `overviews`: `"auto"`, or factors.
///
/// # Errors
/// `OptionError` for any other word and for what is not a list, `TypeError` for a factor that is not a number.
pub(super) fn overview_levels(levels: &Bound<'_, PyAny>) -> PyResult<OverviewLevels> {
    let word = levels.cast::<PyString>().map(ToString::to_string);
    if word.as_ref().is_ok_and(|word| word.trim().eq_ignore_ascii_case("auto")) {
        return Ok(OverviewLevels::Auto);
    }
    if word.is_ok() || levels.try_iter().is_err() {
        let allowed = "\"auto\" or factors such as [2, 4, 8]";
        return Err(Error::usage("overviews:").found(levels.repr()?).allowed(allowed).into());
    }
    let factor = |factor: PyResult<Bound<'_, PyAny>>| layout::size(&factor?, "overviews", 1);
    Ok(OverviewLevels::Factors(levels.try_iter()?.map(factor).collect::<PyResult<_>>()?))
}

/// The argument `block_size`: (width, height), or one number for a square.
fn block_size(size: &Bound<'_, PyAny>) -> PyResult<(u32, u32)> {
    if let Ok(side) = layout::size(size, "block_size", 1) {
        return Ok((side, side));
    }
    let (width, height): (Bound<'_, PyAny>, Bound<'_, PyAny>) = size.extract().map_err(|_| {
        let found = size.repr().map(|text| text.to_string()).unwrap_or_default();
        Error::usage("block_size").found(found).allowed("(width, height), or one number of 1 or more for a square")
    })?;
    Ok((layout::size(&width, "block_size", 1)?, layout::size(&height, "block_size", 1)?))
}
