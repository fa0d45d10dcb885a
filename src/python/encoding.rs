//! The settings of `imsave` as the metadata that a format takes its encoding from.

use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::image_provider::ImageAssetProvider;
use super::metadata::{BufferedMetadataProvider, to_metadata};
use super::writer::warn;
use super::{layout, value};
use crate::error::{Error, Result};
use crate::format::{SaveSettings, by_name};
use crate::image::{Crs, Georeference, Transform};
use crate::metadata::Metadata;

/// Sets in `hints` what makes the format called `format` write `image` with these settings: `compression`, `block_size`,
/// `corners`, `transform`, `crs` (an EPSG code), `nodata`, `quality`, `precise`. What stood there under other names goes.
#[pyfunction(name = "_set_encoding")]
#[pyo3(signature = (format, image, settings, hints, /))]
pub(super) fn set_encoding<'py>(
    format: &str,
    image: &Bound<'py, ImageAssetProvider>,
    settings: &Bound<'py, PyDict>,
    hints: &Bound<'py, BufferedMetadataProvider>,
) -> PyResult<()> {
    let format = by_name(format)?;
    let settings =
        SaveSettings { metadata: (*to_metadata(hints.as_any())?).clone(), ..save_settings(image, settings)? };
    let layout = image.get().layout();
    let encoding = (format.encoding)(&settings, layout)?;
    warn(image.py(), &(format.notice)(&settings, layout))?;
    // All that is replaced goes before anything is set: one setting may be several keys about the same thing.
    BufferedMetadataProvider::retain(hints, |other| !encoding.iter().any(|(key, _)| (format.replaces)(key, other)));
    for (key, value) in encoding.iter() {
        BufferedMetadataProvider::set(hints, key, value::to_python(image.py(), value)?);
    }
    Ok(())
}

fn save_settings<'py>(image: &Bound<'py, ImageAssetProvider>, settings: &Bound<'py, PyDict>) -> PyResult<SaveSettings> {
    let layout = image.get().layout();
    let get = |name: &str| -> PyResult<Option<Bound<'py, PyAny>>> {
        Ok(settings.get_item(name)?.filter(|value| !value.is_none()))
    };
    let (columns, rows) = (layout.grid.columns(), layout.grid.rows());
    let (transform, corners) = match (get("corners")?, get("transform")?) {
        (Some(corners), _) => {
            let corners: [(f64, f64); 4] = corners.extract()?;
            // Corners that are no parallelogram may suit a format that states corners; the others say that they do not.
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
        metadata: Metadata::new(),
    })
}

fn block_size(size: &Bound<'_, PyAny>) -> PyResult<(u32, u32)> {
    let (width, height): (Bound<'_, PyAny>, Bound<'_, PyAny>) = size.extract().map_err(|_| {
        let found = size.repr().map(|text| text.to_string()).unwrap_or_default();
        Error::usage("no block_size:").found(found).allowed("(width, height)")
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
