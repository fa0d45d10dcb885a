//! Windows and tiles from Python's arguments, clipped to an image.

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PySlice;

use super::{layout, region};
use crate::error::Error;
use crate::image::{BlockGrid, Window};

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
/// As [`numbers`]; `OutOfRangeError` for a window that does not overlap the image.
pub(super) fn clipped(window: &Bound<'_, PyAny>, columns: u32, rows: u32) -> PyResult<Window> {
    let asked = numbers(window, columns, rows)?;
    if let Some(inside) = Window::clipped(asked, columns, rows) {
        return Ok(inside);
    }
    let error = Error::out_of_range("window").found(listed(asked));
    Err(error.allowed(format!("one that overlaps the image of {columns} × {rows}")).into())
}

/// The argument `window` ([`numbers`]) inside of the image, or all of it.
///
/// # Errors
/// `OptionError` for an object that is not a window, `OutOfRangeError` for an empty window and for one that extends outside.
pub(super) fn inside(object: Option<&Bound<'_, PyAny>>, grid: &BlockGrid) -> PyResult<Window> {
    let Some(object) = object else { return Ok(grid.window()) };
    let [x, y, width, height] = numbers(object, grid.columns(), grid.rows())?;
    let within = |start: i64, length: i64, size: u32| {
        let end = start.checked_add(length)?;
        (start >= 0 && length > 0 && end <= i64::from(size)).then_some((start as u32, length as u32))
    };
    match (within(x, width, grid.columns()), within(y, height, grid.rows())) {
        (Some((x, width)), Some((y, height))) => Ok(Window::new(x, y, width, height)),
        _ => Err(Error::out_of_range("window")
            .found(listed([x, y, width, height]))
            .allowed(format!("one inside of {} × {}, not empty", grid.columns(), grid.rows()))
            .into()),
    }
}

/// The argument `window` as x, y, width and height. It is an iterable of these four, a pair of slices (rows, columns) as in
/// an index of an array, or an object with `col_off`, `row_off`, `width` and `height` (`rasterio.windows.Window`). Slices
/// count as in NumPy: from the end if they are negative, and no farther than the image.
///
/// # Errors
/// `OptionError` that states what to pass, for any other object, for fractions of pixels and for slices with a step.
pub(super) fn numbers(window: &Bound<'_, PyAny>, columns: u32, rows: u32) -> PyResult<[i64; 4]> {
    let found = match of_slices(window, columns, rows)? {
        Some(found) => Some(found),
        None => of_object(window)?.map_or_else(|| whole_numbers(window), |found| Ok(Some(found)))?,
    };
    let error = || -> PyResult<Error> {
        let allowed = "(x, y, width, height) in whole pixels, a pair of slices (rows, columns) without steps, or a Window \
                       of rasterio without fractions (window.round_offsets().round_lengths())";
        Ok(Error::usage("window:").found(window.repr()?).allowed(allowed))
    };
    found.ok_or(()).or_else(|()| Err(error()?.into()))
}

/// A pair of slices, of rows and of columns; `None` for any other object and for slices with a step.
fn of_slices(window: &Bound<'_, PyAny>, columns: u32, rows: u32) -> PyResult<Option<[i64; 4]>> {
    let Ok((down, across)) = window.extract::<(Bound<'_, PyAny>, Bound<'_, PyAny>)>() else { return Ok(None) };
    let (Ok(down), Ok(across)) = (down.cast::<PySlice>(), across.cast::<PySlice>()) else { return Ok(None) };
    let part = |slice: &Bound<'_, PySlice>, count: u32| -> PyResult<(i64, i64, bool)> {
        let part = slice.indices(count as isize)?;
        Ok((part.start as i64, part.slicelength as i64, part.step == 1))
    };
    let ((y, height, rows_are_whole), (x, width, columns_are_whole)) = (part(down, rows)?, part(across, columns)?);
    Ok((rows_are_whole && columns_are_whole).then_some([x, y, width, height]))
}

/// A window of rasterio; `None` for any other object. Integral floats are whole numbers, as they are to rasterio.
fn of_object(window: &Bound<'_, PyAny>) -> PyResult<Option<[i64; 4]>> {
    let mut found = [0; 4];
    for (number, name) in found.iter_mut().zip(["col_off", "row_off", "width", "height"]) {
        let Some(value) = window.getattr_opt(name)? else { return Ok(None) };
        match layout::whole(&value) {
            Some(value) => *number = value,
            None => return Ok(None),
        }
    }
    Ok(Some(found))
}

/// The four numbers of a window as text.
fn listed([x, y, width, height]: [i64; 4]) -> String {
    format!("({x}, {y}, {width}, {height})")
}

/// `tile_size` and `overlap` as (width, height).
#[pyfunction(name = "_tile_sizes")]
#[pyo3(signature = (tile_size, overlap, /))]
pub(super) fn tile_sizes(tile_size: &Bound<'_, PyAny>, overlap: &Bound<'_, PyAny>) -> PyResult<(Pair, Pair)> {
    let (size, shared) = (pair(tile_size, "tile_size", 1)?, pair(overlap, "overlap", 0)?);
    if shared[0] >= size[0] || shared[1] >= size[1] {
        let [overlap, tile_size] = [shared, size].map(|[width, height]| format!("({width}, {height})"));
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

/// A size as (width, height). One number is the size of a square.
///
/// # Errors
/// Exceptions of the object, other than those that state that it is not a size.
pub(super) fn sides(size: &Bound<'_, PyAny>) -> PyResult<Option<[i64; 2]>> {
    match region::index(size) {
        Ok(number) => Ok(Some([number; 2])),
        Err(_) => whole_numbers(size),
    }
}

/// The `N` numbers of an iterable; `None` for anything else.
fn whole_numbers<const N: usize>(object: &Bound<'_, PyAny>) -> PyResult<Option<[i64; N]>> {
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
    let found = sides(object)?.filter(|numbers| numbers.iter().all(|number| *number >= least));
    if let Some(numbers) = found {
        return Ok(numbers);
    }
    let error = Error::usage(format!("{name}:")).found(object.repr()?);
    Err(error.allowed(format!("one whole number of {least} or more, or two: (width, height)")).into())
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
