//! Metadata values between Python and the engine.

use pyo3::prelude::*;
use pyo3::types::{
    PyBool, PyByteArray, PyBytes, PyDict, PyFloat, PyInt, PyList, PyMapping, PyMemoryView, PyString, PyTuple,
};

use crate::error::Error;
use crate::image::PadValue;
use crate::metadata::Value;

/// The limit of nesting. TRE groups reach 5; a list that contains itself must fail.
const MAX_DEPTH: usize = 32;

/// The types that a format can hold.
const ALLOWED: &str = "bool, int, float, str, bytes, a date or time, list, tuple, dict (in which None is a blank field), \
                       NumPy scalar or array";

/// Where a value lies.
#[derive(Clone, Copy)]
struct Place<'a> {
    /// The key of its entry.
    key: &'a str,
    /// The number of containers around it.
    depth: usize,
    /// True if it may be `None`.
    nullable: bool,
}

impl Place<'_> {
    /// The place of an element of a list.
    fn item(self) -> Self {
        Self { depth: self.depth + 1, nullable: false, ..self }
    }

    /// The place of a value of a mapping. A field of a TRE may be blank.
    fn field(self) -> Self {
        Self { depth: self.depth + 1, nullable: true, ..self }
    }
}

/// A value as a Python object: numbers, `str`, `bytes`, `list`, `dict`, `None`.
pub(super) fn to_python<'py>(py: Python<'py>, value: &Value) -> PyResult<Bound<'py, PyAny>> {
    Ok(match value {
        Value::Null => py.None().into_bound(py),
        Value::Bool(value) => PyBool::new(py, *value).to_owned().into_any(),
        // Converting an i64 is several times faster than converting an i128, which goes through bytes.
        Value::Int(value) => match i64::try_from(*value) {
            Ok(value) => value.into_pyobject(py)?.into_any(),
            Err(_) => value.into_pyobject(py)?.into_any(),
        },
        Value::Float(value) => PyFloat::new(py, *value).into_any(),
        Value::Text(text) => PyString::new(py, text).into_any(),
        Value::Bytes(bytes) => PyBytes::new(py, bytes).into_any(),
        Value::List(values) => {
            let values: PyResult<Vec<_>> = values.iter().map(|value| to_python(py, value)).collect();
            PyList::new(py, values?)?.into_any()
        }
        Value::Map(entries) => {
            let dict = PyDict::new(py);
            for (key, value) in entries {
                dict.set_item(&**key, to_python(py, value)?)?;
            }
            dict.into_any()
        }
    })
}

/// A deep copy of a Python object for the entry `key`. Changes of the original do not affect it.
///
/// Immutable objects are kept. Lists, tuples, mappings, byte arrays and arrays are copied with their contents: mappings as
/// `dict`, memory views as `bytes`.
///
/// # Errors
/// As [`from_python`], for an object that is not a metadata value, and for `None`, which no format can hold.
pub(super) fn kept<'py>(object: &Bound<'py, PyAny>, key: &str) -> PyResult<Bound<'py, PyAny>> {
    copied(object, Place { key, depth: 0, nullable: false })
}

/// A Python object as a value, for the entry `key`. `None` is [`Value::Null`], which writers refuse.
///
/// # Errors
/// [`Error::Usage`] that names the key, for an object that is not a metadata value; any exception of a caller's mapping.
pub(super) fn from_python(object: &Bound<'_, PyAny>, key: &str) -> PyResult<Value> {
    convert(object, Place { key, depth: 0, nullable: true })
}

/// A number as a pad value, exact for every integer. `name` is the argument or attribute that holds it.
///
/// # Errors
/// [`Error::Usage`] for an object that is not a real number.
pub(super) fn pad_value(object: &Bound<'_, PyAny>, name: &str) -> PyResult<PadValue> {
    let wrong = || {
        let found = object.repr().map(|text| text.to_string()).unwrap_or_default();
        Error::usage("wrong value of").field(name).found(found).allowed("a real number")
    };
    if !object.is_instance_of::<PyFloat>()
        && let Ok(value) = object.extract::<i128>()
    {
        return Ok(PadValue::Int(value));
    }
    if object.is_instance_of::<PyString>() {
        return Err(wrong().into());
    }
    if let Ok(value) = object.extract::<f64>() {
        return Ok(PadValue::Float(value));
    }
    // The pad value of complex pixels may be a complex number without an imaginary part.
    let parts = object.extract::<PyComplexParts>().map_err(|_| wrong())?;
    if parts.imag == 0.0 { Ok(PadValue::Float(parts.real)) } else { Err(wrong().into()) }
}

#[derive(FromPyObject)]
struct PyComplexParts {
    real: f64,
    imag: f64,
}

fn copied<'py>(object: &Bound<'py, PyAny>, place: Place<'_>) -> PyResult<Bound<'py, PyAny>> {
    check_depth(place)?;
    // The commonest immutable types first: the other checks take longer.
    if object.is_none()
        || object.is_instance_of::<PyString>()
        || object.is_instance_of::<PyInt>()
        || object.is_instance_of::<PyFloat>()
        || object.is_instance_of::<PyBytes>()
    {
        return convert(object, place).map(|_| object.clone());
    }
    let py = object.py();
    let item = |value: Bound<'py, PyAny>| copied(&value, place.item());
    if let Ok(list) = object.cast::<PyList>() {
        return Ok(PyList::new(py, list.iter().map(item).collect::<PyResult<Vec<_>>>()?)?.into_any());
    }
    if let Ok(tuple) = object.cast::<PyTuple>() {
        let values = tuple.iter().map(item).collect::<PyResult<Vec<_>>>()?;
        let is_same = tuple.iter().zip(&values).all(|(old, new)| old.is(new));
        return if is_same { Ok(object.clone()) } else { Ok(PyTuple::new(py, values)?.into_any()) };
    }
    if object.is_instance_of::<PyByteArray>() {
        return py.get_type::<PyByteArray>().call1((object,));
    }
    if object.is_instance_of::<PyMemoryView>() {
        return py.get_type::<PyBytes>().call1((object,));
    }
    if let Ok(mapping) = object.cast::<PyMapping>() {
        let dict = PyDict::new(py);
        for item in mapping.items()? {
            let (name, value): (Bound<'py, PyAny>, Bound<'py, PyAny>) = item.extract()?;
            name.str()?.to_str()?;
            dict.set_item(name, copied(&value, place.field())?)?;
        }
        return Ok(dict.into_any());
    }
    convert(object, place)?;
    if is_immutable(object)? { Ok(object.clone()) } else { py.import("copy")?.call_method1("deepcopy", (object,)) }
}

/// True for NumPy scalars, and for dates and times of the standard library. Arrays can change, and so can objects of other
/// classes that have the methods of a date.
fn is_immutable(object: &Bound<'_, PyAny>) -> PyResult<bool> {
    if is_array(object)? {
        return Ok(!object.hasattr("__setitem__")?);
    }
    let module = object.py().import("datetime")?;
    Ok(object.is_instance(&module.getattr("date")?)? || object.is_instance(&module.getattr("time")?)?)
}

fn check_depth(Place { key, depth, .. }: Place<'_>) -> PyResult<()> {
    if depth > MAX_DEPTH {
        let allowed = format!("at most {MAX_DEPTH} levels of nesting");
        return Err(Error::usage("metadata value").field(key).allowed(allowed).into());
    }
    Ok(())
}

/// True for NumPy scalars and arrays. They are recognised by their attributes, so NumPy need not be imported.
fn is_array(object: &Bound<'_, PyAny>) -> PyResult<bool> {
    Ok(object.hasattr("dtype")? && object.hasattr("tolist")?)
}

fn convert(object: &Bound<'_, PyAny>, place: Place<'_>) -> PyResult<Value> {
    check_depth(place)?;
    let key = place.key;
    if object.is_none() && place.nullable {
        return Ok(Value::Null);
    }
    if let Ok(value) = object.cast::<PyBool>() {
        return Ok(Value::Bool(value.is_true()));
    }
    if object.is_instance_of::<PyInt>() {
        return object
            .extract()
            .map(Value::Int)
            .or_else(|_| Err(refused(object, key, "an integer of at most 128 bits")?.into()));
    }
    if let Ok(value) = object.cast::<PyFloat>() {
        return Ok(Value::Float(value.value()));
    }
    if let Ok(text) = object.cast::<PyString>() {
        return text
            .to_str()
            .map(Value::from)
            .or_else(|_| Err(refused(object, key, "text without surrogates")?.into()));
    }
    if object.is_instance_of::<PyBytes>()
        || object.is_instance_of::<PyByteArray>()
        || object.is_instance_of::<PyMemoryView>()
    {
        let bytes = object.py().get_type::<PyBytes>().call1((object,))?;
        return Ok(Value::Bytes(bytes.extract()?));
    }
    if object.is_instance_of::<PyList>() || object.is_instance_of::<PyTuple>() {
        let values: PyResult<Vec<_>> = object.try_iter()?.map(|value| convert(&value?, place.item())).collect();
        return values.map(Value::List);
    }
    if let Ok(mapping) = object.cast::<PyMapping>() {
        let entries = mapping.items()?.iter().map(|item| {
            let (name, value): (Bound<'_, PyAny>, Bound<'_, PyAny>) = item.extract()?;
            Ok((name.str()?.to_str()?.into(), convert(&value, place.field())?))
        });
        return entries.collect::<PyResult<_>>().map(Value::Map);
    }
    // Dates and times as ISO 8601, in UTC; a time without a zone is taken to be in UTC.
    if object.hasattr("isoformat")? {
        let moment =
            if object.getattr_opt("tzinfo")?.is_some_and(|zone| !zone.is_none()) && object.hasattr("astimezone")? {
                let utc = object.py().import("datetime")?.getattr("timezone")?.getattr("utc")?;
                object.call_method1("astimezone", (utc,))?
            } else {
                object.clone()
            };
        return Ok(Value::Text(moment.call_method0("isoformat")?.extract()?));
    }
    if is_array(object)? {
        let plain = object.call_method0("tolist")?;
        if plain.get_type().as_ptr() != object.get_type().as_ptr() {
            return convert(&plain, Place { depth: place.depth + 1, ..place });
        }
    }
    Err(refused(object, key, ALLOWED)?.into())
}

fn refused(object: &Bound<'_, PyAny>, key: &str, allowed: &str) -> PyResult<Error> {
    let name = object.get_type().qualname()?;
    Ok(Error::usage("metadata value").field(key).found(name).allowed(allowed))
}
