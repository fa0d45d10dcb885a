//! NumPy arrays as pixels of the engine, without a copy, and as the output of reads.

#![allow(unsafe_code, reason = "the memory of an array is read without the GIL; see the invariant on `ArrayMemory`")]

use std::sync::Arc;

use numpy::{
    PyArray1, PyArrayDescrMethods, PyArrayMethods, PyReadwriteArray1, PyUntypedArray, PyUntypedArrayMethods, npyffi,
};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyEllipsis;

use super::pixel_type;
use crate::error::Error;
use crate::image::{Interleave, Memory, Pixels, SampleType};

/// The bytes between the first and the last sample of an array.
///
/// Invariant: `start` points to `length` bytes in the buffer of `array` or of the object that it views. The held reference
/// pins that buffer: NumPy refuses to resize an array with other references.
struct ArrayMemory {
    #[allow(dead_code, reason = "held for what it keeps alive")]
    array: Py<PyUntypedArray>,
    start: *const u8,
    length: usize,
}

// SAFETY: the buffer is neither freed nor moved while `array` is held, and this type only reads it. If another thread writes
// to the array at the same time, the engine reads old or new pixels, as every NumPy function that releases the GIL does. No
// decision of the engine depends on reading a byte twice.
unsafe impl Send for ArrayMemory {}
// SAFETY: as for `Send`.
unsafe impl Sync for ArrayMemory {}

impl Memory for ArrayMemory {
    fn bytes(&self) -> &[u8] {
        // SAFETY: the invariant of the type.
        unsafe { std::slice::from_raw_parts(self.start, self.length) }
    }
}

/// The array that a read fills: a new one, or the caller's `out`.
pub(super) struct OutputArray<'py> {
    array: Bound<'py, PyAny>,
    /// If `out` is not contiguous, the read fills a temporary array and copies it to `out` at the end.
    target: Option<Bound<'py, PyAny>>,
    bytes: Option<PyReadwriteArray1<'py, u8>>,
}

/// The result of `np.asarray` for the pixels of an image.
///
/// # Errors
/// `OptionError` for a dtype that is not a `PixelType`, and for a masked array, whose mask would be lost.
pub(super) fn as_array<'py>(object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyUntypedArray>> {
    let py = object.py();
    if object.hasattr("filled")? && object.hasattr("mask")? {
        return Err(Error::usage("masked array: its mask would be lost; pass `array.filled(value)`").into());
    }
    let array = match object.cast::<PyUntypedArray>() {
        Ok(array) => array.clone(),
        Err(_) => numpy(py)?.call_method1("asarray", (object,))?.cast_into::<PyUntypedArray>()?,
    };
    sample_type(&array)?;
    Ok(array)
}

/// The pixels of an array of (rows, columns) or (bands, rows, columns), at its own strides and byte order, not copied.
///
/// # Errors
/// `OptionError` for any other number of axes, an empty axis, or a dtype that is not a `PixelType`.
pub(super) fn pixels(array: &Bound<'_, PyUntypedArray>) -> PyResult<Pixels> {
    let (sample, swapped) = sample_type(array)?;
    let (shape, strides) = (array.shape(), array.strides());
    let (shape, strides) = match (shape, strides) {
        (&[rows, columns], &[down, across]) => ([1, rows, columns], [0, down, across]),
        (&[bands, rows, columns], &[next, down, across]) => ([bands, rows, columns], [next, down, across]),
        _ => {
            return Err(Error::usage("array of an image:")
                .found(format!("{} axes {shape:?}", shape.len()))
                .allowed("2 (rows, columns) or 3 (bands, rows, columns)")
                .into());
        }
    };
    if shape.contains(&0) {
        return Err(Error::usage("array shape without pixels:").found(format!("{shape:?}")).into());
    }
    let reach = |sign: isize| -> isize {
        let ends = shape.iter().zip(strides).map(|(n, stride)| stride * (*n as isize - 1));
        ends.filter(|end| end.signum() == sign).sum()
    };
    let (before, after) = (-reach(-1) as usize, reach(1) as usize);
    let length = before + after + sample.bytes();
    // SAFETY: the array is live, and NumPy's `data` is the address of its first element. From there its strides and shape
    // reach `before` bytes down, and `after` bytes and one sample up.
    let start = unsafe {
        let fields = npyffi::_PyArray_GET_ITEM_DATA(array.as_array_ptr());
        (*fields).data.cast::<u8>().cast_const().sub(before)
    };
    let memory = ArrayMemory { array: array.clone().unbind(), start, length };
    Ok(Pixels::new(Arc::new(memory), before, strides, shape, sample, swapped)?)
}

/// The pixels of an array that a caller's provider returned. They are copied if the provider still refers to the memory: it
/// could overwrite it while the block waits to be encoded.
pub(super) fn block_pixels(array: Bound<'_, PyUntypedArray>) -> PyResult<Pixels> {
    let only_ours = references(&array) == 1 && {
        let base = array.getattr("base")?;
        // A view of a temporary array: one reference is the view's, one is ours.
        let temporary = base.cast::<PyUntypedArray>().is_ok() && references(&base) == 2;
        base.is_none() || (temporary && base.getattr("base")?.is_none())
    };
    let shared = pixels(&array)?;
    drop(array);
    if only_ours {
        return Ok(shared);
    }
    let shape = shared.shape();
    let mut copy = vec![0; shape.iter().product::<usize>() * shared.sample().bytes()];
    shared.copy_to_block(&mut copy, shape, 0, 0, Interleave::Band);
    Ok(Pixels::from_vec(copy, shape, shared.sample(), Interleave::Band)?)
}

/// The sample type of an array, and whether its bytes are swapped. `bool` is read as `uint8` 0 and 1.
pub(super) fn sample_type(array: &Bound<'_, PyUntypedArray>) -> PyResult<(SampleType, bool)> {
    let dtype = array.dtype();
    let sample = match (dtype.kind(), dtype.itemsize()) {
        (b'b' | b'u', 1) => SampleType::UInt8,
        (b'i', 1) => SampleType::Int8,
        (b'u', 2) => SampleType::UInt16,
        (b'i', 2) => SampleType::Int16,
        (b'u', 4) => SampleType::UInt32,
        (b'i', 4) => SampleType::Int32,
        (b'u', 8) => SampleType::UInt64,
        (b'i', 8) => SampleType::Int64,
        (b'f', 2) => SampleType::Float16,
        (b'f', 4) => SampleType::Float32,
        (b'f', 8) => SampleType::Float64,
        (b'c', 8) => SampleType::Complex64,
        (b'c', 16) => SampleType::Complex128,
        _ => {
            let names: Vec<_> = SampleType::ALL.iter().map(|sample| sample.name()).collect();
            let allowed = format!("one of bool, {}", names.join(", "));
            return Err(Error::usage("dtype of an array:").found(dtype).allowed(allowed).into());
        }
    };
    let swapped = dtype.byteorder() == if cfg!(target_endian = "little") { b'>' } else { b'<' };
    Ok((sample, swapped))
}

impl<'py> OutputArray<'py> {
    /// A new array of (bands, rows, columns); the read that it is made for fills all of it.
    pub(super) fn new(py: Python<'py>, shape: [usize; 3], sample: SampleType) -> PyResult<Self> {
        let array = empty(py, shape, sample)?;
        let bytes = flat(&array)?;
        Ok(Self { array, target: None, bytes })
    }

    /// The caller's array.
    ///
    /// # Errors
    /// `OptionError` if it has another shape or dtype, or is read-only.
    pub(super) fn given(out: &Bound<'py, PyAny>, shape: [usize; 3], sample: SampleType) -> PyResult<Self> {
        let py = out.py();
        let wrong = |found: String, allowed: String| Error::usage("`out`").found(found).allowed(allowed);
        let array = out.cast::<PyUntypedArray>().map_err(|_| {
            let found = out.get_type().name().map(|name| name.to_string()).unwrap_or_default();
            wrong(found, "a NumPy array".to_owned())
        })?;
        let native = pixel_type::dtype(py, sample)?;
        if array.shape() != shape || !array.dtype().is_equiv_to(&native) {
            let found = format!("shape {:?}, dtype {}", array.shape(), array.dtype());
            return Err(wrong(found, format!("shape {shape:?}, dtype {sample}")).into());
        }
        if !out.getattr("flags")?.getattr("writeable")?.extract::<bool>()? {
            return Err(wrong("a read-only array".to_owned(), "a writable array".to_owned()).into());
        }
        if array.is_c_contiguous() {
            return Ok(Self { array: out.clone(), target: None, bytes: flat(out)? });
        }
        Ok(Self { target: Some(out.clone()), ..Self::new(py, shape, sample)? })
    }

    /// The bytes to fill, in the order (bands, rows, columns).
    pub(super) fn bytes_mut(&mut self) -> PyResult<&mut [u8]> {
        match &mut self.bytes {
            Some(bytes) => Ok(bytes.as_slice_mut().map_err(PyErr::from)?),
            None => Ok(&mut []),
        }
    }

    /// The array that was filled.
    pub(super) fn finish(self) -> PyResult<Bound<'py, PyAny>> {
        drop(self.bytes);
        match self.target {
            None => Ok(self.array),
            Some(target) => {
                target.set_item(PyEllipsis::get(target.py()), self.array)?;
                Ok(target)
            }
        }
    }
}

/// A new array with unspecified content.
pub(super) fn empty(py: Python<'_>, shape: [usize; 3], sample: SampleType) -> PyResult<Bound<'_, PyAny>> {
    static EMPTY: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let empty = EMPTY.get_or_try_init(py, || Ok::<_, PyErr>(numpy(py)?.getattr("empty")?.unbind()))?;
    empty.bind(py).call1((shape, sample.name()))
}

/// The module `numpy`.
pub(super) fn numpy(py: Python<'_>) -> PyResult<Bound<'_, PyModule>> {
    py.import("numpy")
}

/// The number of references to an object.
fn references<T>(object: &Bound<'_, T>) -> isize {
    // SAFETY: the pointer is that of a live object, and the thread is attached.
    unsafe { pyo3::ffi::Py_REFCNT(object.as_ptr()) }
}

/// The bytes of a contiguous array as one axis; `None` if it is empty.
fn flat<'py>(array: &Bound<'py, PyAny>) -> PyResult<Option<PyReadwriteArray1<'py, u8>>> {
    if array.getattr("size")?.extract::<usize>()? == 0 {
        return Ok(None);
    }
    let bytes = array.call_method1("reshape", (-1,))?.call_method1("view", ("u1",))?.cast_into::<PyArray1<u8>>()?;
    let bytes = bytes.try_readwrite().map_err(|_| Error::usage("`out` is being filled by another read"))?;
    Ok(Some(bytes))
}
