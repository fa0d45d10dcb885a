//! The settings of `imsave`, from Python's arguments.

use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::{layout, value};
use crate::error::{Error, Result};
use crate::format::SaveSettings;
use crate::image::{Crs, Georeference, ImageLayout, Transform};

/// The settings in a dict: `compression`, `block_size`, `corners`, `transform`, `crs` (an EPSG code), `nodata`, `quality`,
/// `precise`, for an image with this layout.
///
/// # Errors
/// `OptionError` for wrong corners, transforms and sizes.
pub(super) fn save_settings(layout: &ImageLayout, settings: &Bound<'_, PyDict>) -> PyResult<SaveSettings> {
    let get = |name: &str| -> PyResult<Option<Bound<'_, PyAny>>> {
        Ok(settings.get_item(name)?.filter(|value| !value.is_none()))
    };
    let (columns, rows) = (layout.grid.columns(), layout.grid.rows());
    let (transform, corners) = match (get("corners")?, get("transform")?) {
        (Some(corners), _) => {
            let corners: [(f64, f64); 4] = corners.extract()?;
            // Corners that are not a parallelogram may suit a format that stores corners. Other formats refuse them.
            match Transform::from_corners(corners, columns, rows) {
                Ok(transform) => (Some(transform), None),
                Err(_) if encloses(corners) => (None, Some(corners)),
                Err(error) => return Err(error.into()),
            }
        }
        (None, Some(numbers)) => (Some(usable(Transform(numbers.extract()?))?), None),
        (None, None) => (None, None),
    };
    Ok(SaveSettings {
        compression: get("compression")?.map(|word| word.extract()).transpose()?,
        block_size: get("block_size")?.map(|size| block_size(&size)).transpose()?,
        georeference: Georeference {
            transform,
            corners,
            crs: get("crs")?.map(|code| code.extract().map(Crs::Epsg)).transpose()?,
        },
        nodata: get("nodata")?.map(|nodata| value::pad_value(&nodata, "nodata")).transpose()?,
        quality: get("quality")?.map(|quality| quality.extract()).transpose()?,
        precise: get("precise")?.map_or(Ok(false), |precise| precise.is_truthy())?,
    })
}

fn block_size(size: &Bound<'_, PyAny>) -> PyResult<(u32, u32)> {
    let (width, height): (Bound<'_, PyAny>, Bound<'_, PyAny>) = size.extract().map_err(|_| {
        let found = size.repr().map(|text| text.to_string()).unwrap_or_default();
        Error::usage("block_size").found(found).allowed("(width, height)")
    })?;
    Ok((layout::size(&width, "block_size", 1)?, layout::size(&height, "block_size", 1)?))
}

/// True for finite corners of a quadrilateral that turns the same way at each.
fn encloses(corners: [(f64, f64); 4]) -> bool {
    let turn = |n: usize| {
        let [a, b, c] = [corners[n], corners[(n + 1) % 4], corners[(n + 2) % 4]];
        (b.0 - a.0) * (c.1 - b.1) - (b.1 - a.1) * (c.0 - b.0)
    };
    let turns = [0, 1, 2, 3].map(turn);
    turns.iter().all(|turn| turn.is_finite() && *turn > 0.0) || turns.iter().all(|turn| *turn < 0.0)
}

/// A transform that has an inverse.
fn usable(transform: Transform) -> Result<Transform> {
    let g = transform.0;
    if g.iter().all(|number| number.is_finite()) && g[1] * g[5] - g[2] * g[4] != 0.0 {
        return Ok(transform);
    }
    Err(Error::usage("transform:").found(format!("{g:?}")).allowed("six finite numbers of an invertible transform"))
}
