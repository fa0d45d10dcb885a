//! `image[bands, rows, columns]`: indexing as in NumPy with numbers, slices and lists. It reads only the selected bands and the
//! rectangle around the selected rows and columns.

use std::sync::Arc;

use pyo3::exceptions::PyIndexError;
use pyo3::prelude::*;
use pyo3::types::{PyEllipsis, PyList, PySlice, PyTuple};

use super::array::empty;
use super::asset::Session;
use super::region;
use crate::error::Error;
use crate::image::{ImageProvider, Window};
use crate::pipeline::ReadRequest;

/// The selection on one axis.
#[derive(Clone)]
enum Pick {
    /// One element; the axis is dropped.
    One(usize),
    /// Every `step`-th of `count` elements from `start` on.
    Range { start: usize, step: isize, count: usize },
    /// Elements in any order.
    List(Vec<usize>),
}

/// The part of the image that `key` selects.
///
/// # Errors
/// `IndexError` for more than three indices and for anything but whole numbers, slices, lists (of whole numbers or one truth
/// value for each element) and one ellipsis; `OutOfRangeError`, also an `IndexError`, for an index outside of the image.
pub(super) fn get_item<'py>(
    key: &Bound<'py, PyAny>,
    provider: &Arc<dyn ImageProvider>,
    session: &Session,
) -> PyResult<Bound<'py, PyAny>> {
    let py = key.py();
    let layout = provider.layout();
    let shape = [layout.bands as usize, layout.grid.rows() as usize, layout.grid.columns() as usize];
    let picks = picks(key, shape)?;
    // The bands read are the selected ones, in order. The rows and columns read are the rectangle around the selected ones.
    let extents = picks.each_ref().map(Pick::extent);
    let read = if extents.iter().any(|(_, length)| *length == 0) {
        // An empty result still has its axes.
        empty(py, [picks[0].count(), extents[1].1, extents[2].1], layout.sample)?
    } else {
        let [_, (y, height), (x, width)] = extents;
        let request = ReadRequest {
            window: Window::new(x as u32, y as u32, width as u32, height as u32),
            bands: picks[0].elements().into_iter().map(|band| band as u32).collect(),
            fill: layout.pad_bytes(),
        };
        region::read(py, provider, &request, None, session, None)?
    };
    // NumPy combines the lists of several axes, so that an image gives what an array would.
    let several = picks.iter().filter(|pick| matches!(pick, Pick::List(_))).count() > 1;
    let bands = match &picks[0] {
        Pick::One(_) => 0usize.into_pyobject(py)?.into_any(),
        Pick::List(bands) if several => PyList::new(py, 0..bands.len())?.into_any(),
        Pick::List(_) | Pick::Range { .. } => PySlice::full(py).into_any(),
    };
    read.get_item((bands, picks[1].of_extent(py)?, picks[2].of_extent(py)?))
}

impl Pick {
    fn count(&self) -> usize {
        match self {
            Self::One(_) => 1,
            Self::Range { count, .. } => *count,
            Self::List(places) => places.len(),
        }
    }

    fn elements(&self) -> Vec<usize> {
        match self {
            Self::One(place) => vec![*place],
            Self::Range { start, step, count } => {
                (0..*count).map(|i| start.wrapping_add_signed(step.wrapping_mul(i as isize))).collect()
            }
            Self::List(places) => places.clone(),
        }
    }

    /// The first element, and the length of the run that contains all elements.
    fn extent(&self) -> (usize, usize) {
        let ends = match self {
            // The ends of a range are its first and its last element.
            Self::Range { start, step, count } if *count > 0 => {
                vec![*start, start.wrapping_add_signed(step.wrapping_mul(*count as isize - 1))]
            }
            Self::Range { .. } => Vec::new(),
            pick => pick.elements(),
        };
        match (ends.iter().min(), ends.iter().max()) {
            (Some(first), Some(last)) => (*first, last - first + 1),
            _ => (0, 0),
        }
    }

    /// The pick as an index into the run of [`Pick::extent`].
    fn of_extent<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        match self {
            Self::One(_) => Ok(0usize.into_pyobject(py)?.into_any()),
            Self::Range { step, .. } => py.get_type::<PySlice>().call1((py.None(), py.None(), *step)),
            Self::List(places) => {
                let first = self.extent().0;
                // An empty list of Python has no type that NumPy takes as an index.
                let places = PyList::new(py, places.iter().map(|place| place - first))?;
                py.import("numpy")?.call_method1("array", (places, "intp"))
            }
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
    if let Ok(wanted) = region::index(item) {
        return Ok(Pick::One(place(wanted, count, name)?));
    }
    let wrong = || {
        PyIndexError::new_err(format!(
            "index of a {name}: got {item}, expected a whole number, a slice, an ellipsis, a list of whole numbers, or a list \
             of {count} truth values; for any other index of NumPy use np.asarray(image)[…]"
        ))
    };
    let places = listed(item, count).map_err(|_| wrong())?.ok_or_else(wrong)?;
    Ok(Pick::List(places.into_iter().map(|wanted| place(wanted, count, name)).collect::<PyResult<_>>()?))
}

/// The whole numbers of a list or an array of one axis, or the places of its truth values; `None` for anything else.
fn listed(item: &Bound<'_, PyAny>, count: usize) -> PyResult<Option<Vec<i64>>> {
    let py = item.py();
    if !item.is_instance_of::<PyList>() && !item.hasattr("__array__")? {
        return Ok(None);
    }
    let array = py.import("numpy")?.call_method1("asarray", (item,))?;
    if array.getattr("ndim")?.extract::<usize>()? != 1 {
        return Ok(None);
    }
    let length = array.len()?;
    match array.getattr("dtype")?.getattr("kind")?.extract::<char>()? {
        'b' if length == count => {
            let truths: Vec<bool> = array.call_method0("tolist")?.extract()?;
            Ok(Some(truths.into_iter().zip(0..).filter_map(|(truth, place)| truth.then_some(place)).collect()))
        }
        'i' | 'u' => Ok(Some(array.call_method0("tolist")?.extract()?)),
        // An empty list has no type.
        'f' if length == 0 => Ok(Some(Vec::new())),
        _ => Ok(None),
    }
}

/// An index, counted from the end if it is negative.
fn place(wanted: i64, count: usize, name: &'static str) -> PyResult<usize> {
    let place = if wanted < 0 { wanted.saturating_add(count as i64) } else { wanted };
    match usize::try_from(place) {
        Ok(place) if place < count => Ok(place),
        _ => {
            let allowed = format!("-{count} to {}", count - 1);
            Err(Error::out_of_range(name).found(wanted).allowed(allowed).into())
        }
    }
}
