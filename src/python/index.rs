//! `image[bands, rows, columns]`: basic indexing as in NumPy. It reads only the selected pixels.

use std::sync::Arc;

use pyo3::exceptions::PyIndexError;
use pyo3::prelude::*;
use pyo3::types::{PyEllipsis, PySlice, PyTuple};

use super::array::zeros;
use super::asset::Session;
use super::region;
use crate::error::Error;
use crate::image::{ImageProvider, Window};
use crate::pipeline::ReadRequest;

/// The selection on one axis.
#[derive(Clone, Copy)]
enum Pick {
    /// One element; the axis is dropped.
    One(usize),
    /// Every `step`-th of `count` elements from `start` on.
    Range { start: usize, step: isize, count: usize },
}

/// The part of the image that `key` selects.
///
/// # Errors
/// `IndexError` for more than three indices and for anything but whole numbers, slices and one ellipsis;
/// `OutOfRangeError`, also an `IndexError`, for an index outside of the image.
pub(super) fn get_item<'py>(
    key: &Bound<'py, PyAny>,
    provider: &Arc<dyn ImageProvider>,
    session: &Session,
) -> PyResult<Bound<'py, PyAny>> {
    let py = key.py();
    let layout = provider.layout();
    let shape = [layout.bands as usize, layout.grid.rows() as usize, layout.grid.columns() as usize];
    let picks = picks(key, shape)?;
    let counts = picks.map(Pick::count);
    if counts.contains(&0) {
        // An empty result still has its axes.
        let kept = picks.iter().filter(|pick| matches!(pick, Pick::Range { .. })).map(|pick| pick.count());
        return zeros(py, &kept.collect::<Vec<_>>(), layout.sample);
    }
    let [_, (y, height), (x, width)] = picks.map(Pick::extent);
    let request = ReadRequest {
        window: Window::new(x as u32, y as u32, width as u32, height as u32),
        bands: picks[0].elements().map(|band| band as u32).collect(),
        fill: layout.pad_bytes(),
    };
    let read = region::read(py, &**provider, &request, None, session, None)?;
    // The bands read are the selected ones, in order. The rows and columns read are the rectangle around the selected ones.
    let bands = match picks[0] {
        Pick::One(_) => 0usize.into_pyobject(py)?.into_any(),
        Pick::Range { .. } => PySlice::full(py).into_any(),
    };
    read.get_item((bands, picks[1].of_extent(py)?, picks[2].of_extent(py)?))
}

impl Pick {
    fn count(self) -> usize {
        match self {
            Self::One(_) => 1,
            Self::Range { count, .. } => count,
        }
    }

    fn elements(self) -> impl Iterator<Item = usize> {
        let (start, step, count) = match self {
            Self::One(place) => (place, 1, 1),
            Self::Range { start, step, count } => (start, step, count),
        };
        (0..count).map(move |i| start.wrapping_add_signed(step.wrapping_mul(i as isize)))
    }

    /// The first element, and the length of the run that contains all elements. The pick is not empty.
    fn extent(self) -> (usize, usize) {
        let (first, last) =
            self.elements().fold((usize::MAX, 0), |(low, high), place| (low.min(place), high.max(place)));
        (first, last - first + 1)
    }

    /// The pick as an index into the run of [`Pick::extent`].
    fn of_extent(self, py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
        match self {
            Self::One(_) => Ok(0usize.into_pyobject(py)?.into_any()),
            Self::Range { step, .. } => py.get_type::<PySlice>().call1((py.None(), py.None(), step)),
        }
    }
}

/// One pick for each axis.
fn picks(key: &Bound<'_, PyAny>, shape: [usize; 3]) -> PyResult<[Pick; 3]> {
    let items: Vec<Bound<'_, PyAny>> = match key.cast::<PyTuple>() {
        Ok(tuple) => tuple.iter().collect(),
        Err(_) => vec![key.clone()],
    };
    let ellipses = items.iter().filter(|item| item.is_instance_of::<PyEllipsis>()).count();
    if ellipses > 1 || items.len() - ellipses > shape.len() {
        return Err(PyIndexError::new_err(format!(
            "index of an image: got {key}, expected at most three indices (bands, rows, columns) and one ellipsis"
        )));
    }
    let mut picks = shape.map(|count| Pick::Range { start: 0, step: 1, count });
    let mut axis = 0;
    for item in &items {
        if item.is_instance_of::<PyEllipsis>() {
            axis = shape.len() - (items.len() - 1 - axis);
            continue;
        }
        picks[axis] = pick(item, shape[axis], axis)?;
        axis += 1;
    }
    Ok(picks)
}

fn pick(item: &Bound<'_, PyAny>, count: usize, axis: usize) -> PyResult<Pick> {
    if let Ok(slice) = item.cast::<PySlice>() {
        let part = slice.indices(count as isize)?;
        return Ok(Pick::Range { start: part.start as usize, step: part.step, count: part.slicelength });
    }
    let name = ["band", "row", "column"][axis];
    let wanted = region::index(item).map_err(|_| {
        PyIndexError::new_err(format!("index of a {name}: got {item}, expected a whole number, a slice or an ellipsis"))
    })?;
    let place = if wanted < 0 { wanted.saturating_add(count as i64) } else { wanted };
    match usize::try_from(place) {
        Ok(place) if place < count => Ok(Pick::One(place)),
        _ => {
            let allowed = format!("-{count} to {}", count - 1);
            Err(Error::out_of_range(name).found(wanted).allowed(allowed).into())
        }
    }
}
