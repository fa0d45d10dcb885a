//! Metadata as Python sees it: an ordered mapping in which a key may repeat.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use pyo3::exceptions::{PyKeyError, PyTypeError};
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::sync::MutexExt;
use pyo3::types::{PyBytes, PyDict, PyIterator, PyList, PyMapping, PyString, PyTuple};

use super::value;
use crate::format::tiff::tags;
use crate::metadata::{Metadata, Origin, Value};

/// The number of entries in a `repr`, and the length of each value.
const SHOWN: (usize, usize) = (12, 60);

/// Metadata of a file or an asset: a read-only ordered mapping from names to values.
///
/// The name of a TIFF tag finds the entry of its number: `metadata["Compression"]` is `metadata["259"]`, without regard to case,
/// unless the metadata have an entry under the name itself. Iteration yields the keys as they are.
///
/// A key may repeat, for example a repeated TRE: `[]` returns the first value, `get_all` all of them. Values are `str`, `int`,
/// `float`, `bytes`, `list`, `dict` or `bool`; each access returns a new object.
#[pyclass(frozen, subclass, mapping, module = "aws.osml.io")]
pub(super) struct MetadataProvider {
    storage: Storage,
}

/// Mutable metadata: an ordered mapping from names to values in which a key may repeat.
///
/// `source` is any mapping, or the metadata of a file or asset. A copy of metadata includes repeated keys, unknown entries,
/// order, and the header they were read from. Every value set is deep-copied. `[]` returns the value itself:
/// `metadata["ICHIPB"]["XFRM_FLAG"] = "01"` changes this metadata only. `entries` returns copies. Setting a value that no
/// format can hold, such as `None`, raises `OptionError`. A writer raises it for a value that its format cannot hold.
#[pyclass(frozen, extends = MetadataProvider, subclass, module = "aws.osml.io")]
pub(super) struct BufferedMetadataProvider;

enum Storage {
    /// As read from a file.
    File(Arc<Metadata>),
    /// Python objects that were unshared when they were set, and the origin they were copied from. No Python code runs under
    /// the lock.
    Memory { entries: Mutex<Vec<Entry>>, origin: Option<Arc<Origin>> },
}

type Entry = (String, Py<PyAny>);

/// An entry at hand.
type Pair<'py> = (String, Bound<'py, PyAny>);

/// An [`Origin`] to pickle: family, form, header bytes, its entries if they differ from those pickled with it, and its stored
/// bytes.
type PickledOrigin<'py> =
    (String, String, Bound<'py, PyBytes>, Option<Vec<Pair<'py>>>, Vec<(String, Bound<'py, PyBytes>)>);

impl MetadataProvider {
    /// Metadata that was read from a file.
    pub(super) fn of_file(py: Python<'_>, metadata: Arc<Metadata>) -> PyResult<Py<Self>> {
        Py::new(py, Self { storage: Storage::File(metadata) })
    }

    fn in_memory(entries: Vec<Entry>, origin: Option<Arc<Origin>>) -> Self {
        Self { storage: Storage::Memory { entries: Mutex::new(entries), origin } }
    }

    /// Reads or changes the entries in memory. `action` must neither run Python code nor drop an object.
    fn with<T>(&self, py: Python<'_>, action: impl FnOnce(&mut Vec<Entry>) -> T) -> T {
        match &self.storage {
            Storage::Memory { entries, .. } => {
                action(&mut entries.lock_py_attached(py).unwrap_or_else(std::sync::PoisonError::into_inner))
            }
            // Only the buffered class changes entries, and its storage is in memory.
            Storage::File(_) => action(&mut Vec::new()),
        }
    }

    /// Every entry, repeated keys included.
    fn list<'py>(&self, py: Python<'py>) -> PyResult<Vec<Pair<'py>>> {
        match &self.storage {
            Storage::File(metadata) => listed(py, metadata.iter()),
            Storage::Memory { .. } => Ok(self.with(py, |entries| {
                entries.iter().map(|(key, value)| (key.clone(), value.bind(py).clone())).collect()
            })),
        }
    }

    fn values_of<'py>(&self, py: Python<'py>, key: &str) -> PyResult<Vec<Bound<'py, PyAny>>> {
        match &self.storage {
            Storage::File(metadata) => metadata.get_all(key).map(|value| value::to_python(py, value)).collect(),
            Storage::Memory { .. } => Ok(self.with(py, |entries| {
                let found = entries.iter().filter(|(name, _)| name == key);
                found.map(|(_, value)| value.bind(py).clone()).collect()
            })),
        }
    }

    fn first<'py>(&self, py: Python<'py>, key: &str) -> PyResult<Option<Bound<'py, PyAny>>> {
        match &self.storage {
            Storage::File(metadata) => metadata.get(key).map(|value| value::to_python(py, value)).transpose(),
            Storage::Memory { .. } => Ok(self.with(py, |entries| {
                entries.iter().find(|(name, _)| name == key).map(|(_, value)| value.bind(py).clone())
            })),
        }
    }

    /// A new `dict` of the keys that begin with `prefix`, in order, each with its first value.
    fn firsts<'py>(&self, py: Python<'py>, prefix: &str) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        match &self.storage {
            // Only the shown values are converted: a tag may repeat many times.
            Storage::File(metadata) => {
                for (key, value) in metadata.iter().filter(|(key, _)| key.starts_with(prefix)) {
                    let key = PyString::new(py, key);
                    if !dict.contains(&key)? {
                        dict.set_item(key, value::to_python(py, value)?)?;
                    }
                }
            }
            Storage::Memory { .. } => {
                for (key, value) in self.list(py)? {
                    if key.starts_with(prefix) && !dict.contains(&key)? {
                        dict.set_item(key, value)?;
                    }
                }
            }
        }
        Ok(dict)
    }

    fn is_of_file(&self) -> bool {
        matches!(self.storage, Storage::File(_))
    }

    /// True if an entry has exactly this key.
    fn has(&self, py: Python<'_>, key: &str) -> bool {
        match &self.storage {
            Storage::File(metadata) => metadata.get(key).is_some(),
            Storage::Memory { .. } => self.with(py, |entries| entries.iter().any(|(name, _)| name == key)),
        }
    }

    /// The key of the entry that `key` names: `key` itself, or the number of the TIFF tag of that name.
    fn named<'a>(&self, py: Python<'_>, key: &'a str) -> Cow<'a, str> {
        if self.has(py, key) {
            return key.into();
        }
        let number = tags::by_name(key).map(|tag| tag.number.to_string()).filter(|number| self.has(py, number));
        number.map_or(Cow::Borrowed(key), Cow::Owned)
    }

    /// Every key once, in order.
    fn names(&self, py: Python<'_>) -> Vec<String> {
        let mut seen = HashSet::new();
        let mut once = |name: &str| seen.insert(name.to_owned()).then(|| name.to_owned());
        match &self.storage {
            Storage::File(metadata) => metadata.iter().filter_map(|(key, _)| once(key)).collect(),
            Storage::Memory { .. } => {
                self.with(py, |entries| entries.iter().filter_map(|(key, _)| once(key)).collect())
            }
        }
    }

    fn origin(&self) -> Option<&Arc<Origin>> {
        match &self.storage {
            Storage::File(metadata) => metadata.origin(),
            Storage::Memory { origin, .. } => origin.as_ref(),
        }
    }
}

#[pymethods]
impl MetadataProvider {
    fn __getitem__<'py>(&self, py: Python<'py>, key: &str) -> PyResult<Bound<'py, PyAny>> {
        self.first(py, &self.named(py, key))?.ok_or_else(|| PyKeyError::new_err(key.to_owned()))
    }

    fn __contains__(&self, py: Python<'_>, key: &Bound<'_, PyAny>) -> bool {
        key.extract::<String>().is_ok_and(|key| self.has(py, &self.named(py, &key)))
    }

    fn __len__(&self, py: Python<'_>) -> usize {
        self.names(py).len()
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyIterator>> {
        PyList::new(py, self.names(py))?.try_iter()
    }

    /// The first value under `key`, or `default`.
    #[pyo3(signature = (key, default=None))]
    fn get<'py>(
        &self,
        py: Python<'py>,
        key: &str,
        default: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        Ok(self.first(py, &self.named(py, key))?.or(default))
    }

    /// Every value under `key`, in order; an empty list if there is none.
    fn get_all<'py>(&self, py: Python<'py>, key: &str) -> PyResult<Vec<Bound<'py, PyAny>>> {
        self.values_of(py, &self.named(py, key))
    }

    /// The keys, each once.
    fn keys<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        view(slf, "KeysView")
    }

    /// The first value of each key.
    fn values<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        view(slf, "ValuesView")
    }

    /// Pairs of each key and its first value.
    fn items<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        view(slf, "ItemsView")
    }

    /// A new `dict` of the keys that begin with `prefix` (by default all keys) and deep copies of their first values.
    #[pyo3(signature = (prefix=None))]
    fn entries<'py>(&self, py: Python<'py>, prefix: Option<&str>) -> PyResult<Bound<'py, PyDict>> {
        let dict = self.firsts(py, prefix.unwrap_or_default())?;
        // Each access to the metadata of a file makes new values, which need no copy.
        if !self.is_of_file() {
            for (key, value) in dict.iter() {
                let copy = value::kept(&value, &key.extract::<String>()?)?;
                dict.set_item(key, copy)?;
            }
        }
        Ok(dict)
    }

    /// The header bytes the entries were read from, as a `BytesIO`; empty for metadata made in memory.
    #[getter]
    fn raw<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        bytes_io(py, self.origin().map_or(&[], |origin| origin.raw()))
    }

    fn __eq__<'py>(&self, py: Python<'py>, other: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        if let Ok(other) = other.cast::<Self>() {
            let (ours, theirs) = (PyList::new(py, self.list(py)?)?, PyList::new(py, other.get().list(py)?)?);
            return ours.rich_compare(theirs, pyo3::basic::CompareOp::Eq);
        }
        match other.cast::<PyMapping>() {
            Ok(other) => {
                let theirs = py.get_type::<PyDict>().call1((other,))?;
                self.firsts(py, "")?.rich_compare(theirs, pyo3::basic::CompareOp::Eq)
            }
            Err(_) => Ok(py.NotImplemented().into_bound(py)),
        }
    }

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        let entries = slf.get().list(slf.py())?;
        let mut parts = Vec::new();
        for (key, value) in entries.iter().take(SHOWN.0) {
            let value = value.repr()?.to_string();
            let short: String = value.chars().take(SHOWN.1).collect();
            let more = if short.len() < value.len() { "…" } else { "" };
            parts.push(format!("{key:?}: {short}{more}"));
        }
        if entries.len() > SHOWN.0 {
            parts.push(format!("… ({} in all)", entries.len()));
        }
        let text = parts.join(", ");
        Ok(format!("{}({{{text}}})", slf.get_type().name()?))
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyTuple>)> {
        let py = slf.py();
        let this = slf.get();
        let is_unchanged = matches!(&this.storage, Storage::File(metadata) if metadata.is_unchanged());
        let origin = this.origin().map(|origin| pickled(py, origin, is_unchanged)).transpose()?;
        let state = (this.list(py)?, origin).into_pyobject(py)?;
        Ok((slf.get_type().getattr("_restore")?, state))
    }

    #[staticmethod]
    #[pyo3(signature = (entries, origin=None))]
    fn _restore(entries: Vec<Pair<'_>>, origin: Option<PickledOrigin<'_>>) -> PyResult<Self> {
        Ok(Self { storage: Storage::File(Arc::new(restored(metadata_of(entries)?, origin)?)) })
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        if let Storage::Memory { entries, .. } = &self.storage
            && let Ok(entries) = entries.try_lock()
        {
            entries.iter().try_for_each(|(_, value)| visit.call(value))?;
        }
        Ok(())
    }

    fn __clear__(&self) {
        if let Storage::Memory { entries, .. } = &self.storage {
            let dropped = entries.try_lock().map(|mut entries| std::mem::take(&mut *entries));
            drop(dropped);
        }
    }
}

impl BufferedMetadataProvider {
    /// The entries of any mapping.
    pub(super) fn from_mapping(py: Python<'_>, source: Option<&Bound<'_, PyAny>>) -> PyResult<Py<Self>> {
        Py::new(py, Self::new(source)?)
    }

    /// Replaces all values under `key` with `values`.
    fn replace(slf: &Bound<'_, Self>, key: &str, values: Vec<Py<PyAny>>) -> usize {
        let replaced = slf.as_super().get().with(slf.py(), |entries| {
            let place = entries.iter().position(|(name, _)| name == key).unwrap_or(entries.len());
            let (old, mut kept): (Vec<_>, Vec<_>) =
                std::mem::take(entries).into_iter().partition(|(name, _)| name == key);
            // Nothing before `place` has this key, so the place is the same among those kept.
            let new = values.into_iter().map(|value| (key.to_owned(), value));
            kept.splice(place..place, new);
            *entries = kept;
            old
        });
        replaced.len()
    }

    /// Sets the value under `key`. The value must be unshared.
    pub(super) fn set(slf: &Bound<'_, Self>, key: &str, value: Bound<'_, PyAny>) {
        Self::replace(slf, key, vec![value.unbind()]);
    }

    /// Keeps the entries for whose key `keep` returns true.
    pub(super) fn retain(slf: &Bound<'_, Self>, keep: impl Fn(&str) -> bool) {
        let dropped: Vec<Entry> = slf.as_super().get().with(slf.py(), |entries| {
            let (kept, dropped) = std::mem::take(entries).into_iter().partition(|(key, _)| keep(key));
            *entries = kept;
            dropped
        });
        drop(dropped);
    }

    fn extend(slf: &Bound<'_, Self>, source: &Bound<'_, PyAny>) -> PyResult<()> {
        let entries = entries_of(source)?;
        let mut done = HashSet::new();
        for (key, _) in &entries {
            if done.insert(key.clone()) {
                let values = entries.iter().filter(|(name, _)| name == key);
                Self::replace(slf, key, values.map(|(_, value)| value.clone_ref(slf.py())).collect());
            }
        }
        Ok(())
    }
}

#[pymethods]
impl BufferedMetadataProvider {
    #[new]
    #[pyo3(signature = (source=None))]
    fn new(source: Option<&Bound<'_, PyAny>>) -> PyResult<PyClassInitializer<Self>> {
        let source = source.filter(|source| !source.is_none());
        let entries = source.map(entries_of).transpose()?.unwrap_or_default();
        let origin = source.and_then(origin_of);
        Ok(PyClassInitializer::from(MetadataProvider::in_memory(entries, origin)).add_subclass(Self))
    }

    /// A copy of the metadata of an asset, or of any mapping: `BufferedMetadataProvider(source)`.
    #[staticmethod]
    #[pyo3(signature = (source))]
    fn from_provider(source: &Bound<'_, PyAny>) -> PyResult<Py<Self>> {
        let metadata = source.getattr_opt("metadata")?;
        Self::from_mapping(source.py(), Some(metadata.as_ref().unwrap_or(source)))
    }

    fn __setitem__(slf: &Bound<'_, Self>, key: &str, value: &Bound<'_, PyAny>) -> PyResult<()> {
        Self::set(slf, key, value::kept(value, key)?);
        Ok(())
    }

    fn __delitem__(slf: &Bound<'_, Self>, key: &str) -> PyResult<()> {
        match Self::replace(slf, &slf.as_super().get().named(slf.py(), key), Vec::new()) {
            0 => Err(PyKeyError::new_err(key.to_owned())),
            _ => Ok(()),
        }
    }

    /// Adds a value under `key` after the existing ones.
    fn append(slf: &Bound<'_, Self>, key: String, value: &Bound<'_, PyAny>) -> PyResult<()> {
        let value = value::kept(value, &key)?.unbind();
        slf.as_super().get().with(slf.py(), |entries| entries.push((key, value)));
        Ok(())
    }

    /// Replaces all values under `key` with `values`.
    fn set_all(slf: &Bound<'_, Self>, key: &str, values: &Bound<'_, PyAny>) -> PyResult<()> {
        let values: PyResult<Vec<_>> =
            values.try_iter()?.map(|value| Ok(value::kept(&value?, key)?.unbind())).collect();
        Self::replace(slf, key, values?);
        Ok(())
    }

    /// Sets every entry of a mapping or of pairs, then the keyword arguments. Repeated keys of metadata are kept.
    #[pyo3(signature = (other=None, /, **kwargs))]
    fn update(
        slf: &Bound<'_, Self>,
        other: Option<&Bound<'_, PyAny>>,
        kwargs: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<()> {
        if let Some(other) = other {
            Self::extend(slf, other)?;
        }
        kwargs.map_or(Ok(()), |kwargs| Self::extend(slf, kwargs))
    }

    /// Removes every value under `key` and returns the first. Without a value, returns `default` if given, or raises
    /// `KeyError`.
    #[pyo3(signature = (key, *default))]
    fn pop<'py>(slf: &Bound<'py, Self>, key: &str, default: &Bound<'py, PyTuple>) -> PyResult<Bound<'py, PyAny>> {
        if default.len() > 1 {
            return Err(PyTypeError::new_err("pop takes a key and at most one default"));
        }
        let stored = slf.as_super().get().named(slf.py(), key);
        match slf.as_super().get().first(slf.py(), &stored)? {
            Some(value) => {
                Self::replace(slf, &stored, Vec::new());
                Ok(value)
            }
            None => default.get_item(0).map_err(|_| PyKeyError::new_err(key.to_owned())),
        }
    }

    /// The first value under `key`. If there is none, sets and returns `default`.
    #[pyo3(signature = (key, default=None))]
    fn setdefault<'py>(
        slf: &Bound<'py, Self>,
        key: &str,
        default: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let this = slf.as_super().get();
        if let Some(value) = this.first(slf.py(), &this.named(slf.py(), key))? {
            return Ok(value);
        }
        let value = value::kept(&default.unwrap_or_else(|| slf.py().None().into_bound(slf.py())), key)?;
        Self::set(slf, key, value.clone());
        Ok(value)
    }

    /// Removes every entry.
    fn clear(slf: &Bound<'_, Self>) {
        drop(slf.as_super().get().with(slf.py(), std::mem::take));
    }

    #[staticmethod]
    #[pyo3(signature = (entries, origin=None))]
    fn _restore(py: Python<'_>, entries: Vec<Pair<'_>>, origin: Option<PickledOrigin<'_>>) -> PyResult<Py<Self>> {
        let origin = restored(metadata_of(entries.clone())?, origin)?.origin().cloned();
        let entries = entries.into_iter().map(kept).collect::<PyResult<_>>()?;
        Py::new(py, PyClassInitializer::from(MetadataProvider::in_memory(entries, origin)).add_subclass(Self))
    }
}

/// The entries of any mapping as metadata of the engine.
///
/// # Errors
/// `OptionError` that names the key, if a value is not a metadata value; `TypeError` for an object that is not a mapping.
pub(super) fn to_metadata(source: &Bound<'_, PyAny>) -> PyResult<Arc<Metadata>> {
    if let Ok(provider) = source.cast::<MetadataProvider>()
        && let Storage::File(metadata) = &provider.get().storage
    {
        return Ok(Arc::clone(metadata));
    }
    Ok(Arc::new(metadata_of(pairs_of(source)?)?.with_origin(origin_of(source))))
}

/// A `BytesIO` of these bytes.
pub(super) fn bytes_io<'py>(py: Python<'py>, bytes: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    py.import("io")?.call_method1("BytesIO", (PyBytes::new(py, bytes),))
}

/// The entries of metadata, of a mapping, or of an iterable of pairs. Each value is a deep copy.
fn entries_of(source: &Bound<'_, PyAny>) -> PyResult<Vec<Entry>> {
    let pairs = pairs_of(source)?.into_iter();
    if is_of_file(source) {
        // Each access makes new values, which need no copy.
        return Ok(pairs.map(|(key, value)| (key, value.unbind())).collect());
    }
    pairs.map(kept).collect()
}

fn kept((key, value): Pair<'_>) -> PyResult<Entry> {
    let value = value::kept(&value, &key)?.unbind();
    Ok((key, value))
}

/// True for the metadata of a file, which is immutable.
pub(super) fn is_of_file(source: &Bound<'_, PyAny>) -> bool {
    source.cast::<MetadataProvider>().is_ok_and(|provider| provider.get().is_of_file())
}

/// The provenance of metadata, kept by copies; `None` for other objects.
fn origin_of(source: &Bound<'_, PyAny>) -> Option<Arc<Origin>> {
    source.cast::<MetadataProvider>().ok().and_then(|provider| provider.get().origin().cloned())
}

fn metadata_of(pairs: Vec<Pair<'_>>) -> PyResult<Metadata> {
    let entries = pairs.into_iter().map(|(key, object)| {
        let value = value::from_python(&object, &key)?;
        Ok((key, value))
    });
    Ok(entries.collect::<PyResult<Vec<_>>>()?.into_iter().collect())
}

fn listed<'py, 'a>(py: Python<'py>, entries: impl Iterator<Item = (&'a str, &'a Value)>) -> PyResult<Vec<Pair<'py>>> {
    entries.map(|(key, value)| Ok((key.to_owned(), value::to_python(py, value)?))).collect()
}

/// An origin to pickle. `is_beside`: the entries pickled with it are its own.
fn pickled<'py>(py: Python<'py>, origin: &Origin, is_beside: bool) -> PyResult<PickledOrigin<'py>> {
    let entries = if is_beside { None } else { Some(listed(py, origin.iter())?) };
    let stored = origin.all_stored().iter().map(|(key, bytes)| (key.clone(), PyBytes::new(py, bytes))).collect();
    Ok((origin.family().to_owned(), origin.form().to_owned(), PyBytes::new(py, origin.raw()), entries, stored))
}

/// Metadata that was pickled, with its origin.
fn restored(metadata: Metadata, origin: Option<PickledOrigin<'_>>) -> PyResult<Metadata> {
    let Some((family, form, raw, read, stored)) = origin else { return Ok(metadata) };
    let read = read.map_or_else(|| Ok(metadata.clone()), metadata_of)?;
    let stored = stored.into_iter().map(|(key, bytes)| (key, bytes.as_bytes().to_vec())).collect();
    let read = read.read_with_stored(family, form, raw.as_bytes().to_vec(), stored);
    Ok(metadata.with_origin(read.origin().cloned()))
}

/// The entries of metadata, of a mapping, or of an iterable of pairs.
fn pairs_of<'py>(source: &Bound<'py, PyAny>) -> PyResult<Vec<Pair<'py>>> {
    if let Ok(provider) = source.cast::<MetadataProvider>() {
        return provider.get().list(source.py());
    }
    let pairs = match source.cast::<PyMapping>() {
        Ok(mapping) => mapping.items()?.into_any(),
        Err(_) if source.is_instance_of::<PyString>() => return Err(no_mapping(source)),
        Err(_) => source.clone(),
    };
    let pairs = pairs.try_iter().map_err(|_| no_mapping(source))?;
    pairs.map(|pair| pair?.extract()).collect()
}

fn no_mapping(source: &Bound<'_, PyAny>) -> PyErr {
    let name = source.get_type().name().map(|name| name.to_string()).unwrap_or_default();
    PyTypeError::new_err(format!("metadata must be a mapping from str to values, not {name}"))
}

fn view<'py>(metadata: &Bound<'py, MetadataProvider>, class: &str) -> PyResult<Bound<'py, PyAny>> {
    metadata.py().import("collections.abc")?.call_method1(class, (metadata,))
}
