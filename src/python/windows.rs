//! Windows and tiles from Python's arguments, clipped to an image.

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use super::region;
use crate::error::Error;
use crate::image::Window;

/// (x, y, width, height).
pub(super) type WindowTuple = (u32, u32, u32, u32);

/// Two lengths along x and y.
type Pair = (u64, u64);

/// The part of a window (x, y, width, height) inside an image of `shape` (bands, rows, columns).
#[pyfunction(name = "_clipped")]
#[pyo3(signature = (window, shape, /))]
pub(super) fn clipped_tuple(window: &Bound<'_, PyAny>, shape: (u32, u32, u32)) -> PyResult<WindowTuple> {
    let Window { x, y, width, height } = clipped(window, shape.2, shape.1)?;
    Ok((x, y, width, height))
}

/// The part of the argument `window` inside an image.
///
/// # Errors
/// `OptionError` for an object that is not a window, `OutOfRangeError` for a window that does not overlap the image.
pub(super) fn clipped(window: &Bound<'_, PyAny>, columns: u32, rows: u32) -> PyResult<Window> {
    let Some(numbers) = whole_numbers::<4>(window)? else {
        let error = Error::usage("window:").found(window.repr()?);
        return Err(error.allowed("(x, y, width, height), whole numbers").into());
    };
    if let Some(inside) = Window::clipped(numbers, columns, rows) {
        return Ok(inside);
    }
    let error = Error::out_of_range("window").found(tuple(window)?);
    Err(error.allowed(format!("one that overlaps the image of {columns} × {rows}")).into())
}

/// `tile_size` and `overlap` as (width, height).
#[pyfunction(name = "_tile_sizes")]
#[pyo3(signature = (tile_size, overlap, /))]
pub(super) fn tile_sizes(tile_size: &Bound<'_, PyAny>, overlap: &Bound<'_, PyAny>) -> PyResult<(Pair, Pair)> {
    let (size, shared) = (pair(tile_size, "tile_size", 1)?, pair(overlap, "overlap", 0)?);
    if shared[0] >= size[0] || shared[1] >= size[1] {
        let [overlap, tile_size] = [tuple(overlap)?, tuple(tile_size)?];
        return Err(Error::usage("overlap:")
            .found(overlap)
            .allowed(format!("less than the tile size {tile_size}"))
            .into());
    }
    Ok((size.map(i64::unsigned_abs).into(), shared.map(i64::unsigned_abs).into()))
}

/// The first pixels of tiles along an axis of `length` pixels.
#[pyfunction(name = "_tile_starts")]
#[pyo3(signature = (length, size, overlap, /))]
pub(super) fn starts(length: u32, size: u64, overlap: u64) -> PyResult<Vec<u32>> {
    if overlap >= size {
        return Err(Error::usage("overlap:").found(overlap).allowed(format!("less than {size}")).into());
    }
    Ok(tile_starts(length, size, overlap))
}

/// The `N` numbers of an iterable; `None` for anything else.
pub(super) fn whole_numbers<const N: usize>(object: &Bound<'_, PyAny>) -> PyResult<Option<[i64; N]>> {
    let read = || object.try_iter()?.take(N + 1).map(|number| region::index(&number?)).collect::<PyResult<Vec<_>>>();
    match read() {
        Ok(numbers) => Ok(numbers.try_into().ok()),
        Err(error) => {
            let py = object.py();
            let wrong = error.is_instance_of::<PyTypeError>(py) || error.is_instance_of::<PyValueError>(py);
            if wrong { Ok(None) } else { Err(error) }
        }
    }
}

fn pair(object: &Bound<'_, PyAny>, name: &str, least: i64) -> PyResult<[i64; 2]> {
    let found = whole_numbers::<2>(object)?.filter(|numbers| numbers.iter().all(|number| *number >= least));
    if let Some(numbers) = found {
        return Ok(numbers);
    }
    let error = Error::usage(format!("{name}:")).found(object.repr()?);
    Err(error.allowed(format!("two whole numbers of {least} or more")).into())
}

/// The text of an iterable as a tuple.
fn tuple(object: &Bound<'_, PyAny>) -> PyResult<String> {
    Ok(object.py().get_type::<PyTuple>().call1((object,))?.str()?.to_string())
}

/// The first pixels of tiles along an axis of `length` pixels. Neighbours share `overlap` pixels, fewer than the `size` of a
/// tile. The last tile is the first that reaches the end.
fn tile_starts(length: u32, size: u64, overlap: u64) -> Vec<u32> {
    let (length, step) = (u64::from(length), size - overlap);
    // A tile begins inside the axis, so that its start fits.
    (0..=length.saturating_sub(size).div_ceil(step)).map(|tile| (tile * step) as u32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_tile_is_the_first_that_reaches_the_end() {
        assert_eq!(tile_starts(10, 10, 0), [0]);
        assert_eq!(tile_starts(11, 10, 0), [0, 10]);
        assert_eq!(tile_starts(3, 10, 9), [0]);
        assert_eq!(tile_starts(12, 10, 9), [0, 1, 2]);
        assert_eq!(tile_starts(u32::MAX, u64::from(u32::MAX) - 1, 0), [0, u32::MAX - 1]);
        assert_eq!(tile_starts(9, u64::MAX, u64::MAX - 1), [0]);
    }
}
