//! Where the blocks of an image lie in its file, and what decodes them.

use std::any::Any;
use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use super::control::detached;
use crate::codec::Coding;
use crate::error::{Error, Result};
use crate::image::{BlockStore, ImageProvider, Interleave};
use crate::io::ByteOrder;

/// Offset and length of each stored block, plane by plane; `None` for an absent one.
///
/// # Errors
/// `UnsupportedError` for an image that is not stored in blocks, or whose blocks are not in one place each.
pub(super) fn byte_ranges(py: Python<'_>, image: &dyn ImageProvider, key: &str) -> PyResult<Vec<Option<(u64, u64)>>> {
    let store = store_of(image, key)?;
    detached(py, None, |_| {
        let place = |block| Ok(store.range(block)?.map(|range| (range.start, range.end - range.start)));
        store.blocks().map(place).collect()
    })
}

/// The form of the stored blocks, and their coding.
///
/// # Errors
/// As [`byte_ranges`].
pub(super) fn configuration<'py>(
    py: Python<'py>,
    image: &dyn ImageProvider,
    (key, compression): (&str, &str),
) -> PyResult<Bound<'py, PyDict>> {
    let store = store_of(image, key)?;
    let layout = store.layout();
    let interleave = match store.interleave() {
        Interleave::Band => "band",
        Interleave::Row => "row",
        Interleave::Pixel => "pixel",
    };
    let facts = PyDict::new(py);
    facts.set_item("compression", compression)?;
    facts.set_item("block_shape", (layout.grid.block_rows(), layout.grid.block_columns()))?;
    facts.set_item("grid_shape", (layout.grid.down(), layout.grid.across()))?;
    facts.set_item("planes", store.planes())?;
    facts.set_item("interleave", interleave)?;
    facts.set_item("cropped", store.is_cropped())?;
    facts.set_item("dtype", layout.sample.name())?;
    let coding = store.coding().and_then(|coding| (coding as &dyn Any).downcast_ref::<Coding>());
    let needs = coding.map(|coding| coding.params.needs()).unwrap_or_default();
    facts.set_item("codec", coding.map(|coding| coding.params.codec().name))?;
    facts.set_item("bits", coding.map_or(layout.bits_per_sample, |coding| coding.pixels.bits))?;
    let order = coding.map(|coding| if coding.pixels.byte_order == ByteOrder::Big { "big" } else { "little" });
    facts.set_item("byte_order", order)?;
    facts.set_item("predictor", needs.predictor)?;
    facts.set_item("tables", needs.tables.map(|tables| PyBytes::new(py, &tables)))?;
    Ok(facts)
}

fn store_of<'i>(image: &'i dyn ImageProvider, key: &str) -> Result<&'i Arc<dyn BlockStore>> {
    let store = image.in_file().and_then(|image| image.store());
    store.ok_or_else(|| {
        Error::unsupported("stored blocks of an image that is not a grid of blocks in one file:").found(key.to_owned())
    })
}
