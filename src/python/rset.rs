//! The paths of the R-set that `write_rset` writes.

use std::path::PathBuf;

use pyo3::prelude::*;

use super::image_to_add::image_of;
use super::open::{all_paths, no_base, targets};
use super::region;
use crate::dataset::{RsetPaths, default_levels};
use crate::error::Error;

/// The paths of an R-set, the base first: those of `paths`, or a base and `levels` levels beside it (by default, as many as
/// reduce `image` to an overview).
///
/// Raises `TypeError` for an image without a required attribute, `OptionError` for paths that are not those of a set, and for a list with another number of levels.
#[pyfunction(name = "_rset_paths")]
#[pyo3(signature = (paths, levels, image, /))]
pub(super) fn rset_paths(
    paths: &Bound<'_, PyAny>,
    levels: Option<&Bound<'_, PyAny>>,
    image: &Bound<'_, PyAny>,
) -> PyResult<Vec<PathBuf>> {
    let levels = levels.map(level_count).transpose()?;
    let paths = all_paths(&targets(paths)?).ok_or_else(no_base)?;
    let grid = image_of(image)?.provider.layout().grid;
    let set = match paths.as_slice() {
        [base] => RsetPaths::of_base(base, levels.unwrap_or_else(|| default_levels(grid.columns(), grid.rows())))?,
        _ => RsetPaths::new(paths)?,
    };
    match levels.filter(|levels| *levels as usize != set.levels()) {
        Some(levels) => {
            let error = Error::usage("levels:").found(levels);
            Err(error.allowed(format!("{}, as there are paths of levels", set.levels())).into())
        }
        None => Ok(set.all().to_vec()),
    }
}

fn level_count(levels: &Bound<'_, PyAny>) -> PyResult<u32> {
    let levels = region::index(levels)?;
    let count = u32::try_from(levels).map_err(|_| Error::usage("levels:").found(levels).allowed("0 or more"))?;
    Ok(count)
}
