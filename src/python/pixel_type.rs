//! Sample types as `PixelType`, and the enumerations of `aws/osml/io/_enums.py`.

use numpy::PyArrayDescr;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

use crate::asset::AssetType;
use crate::error::{Error, Result};
use crate::image::SampleType;

/// The member of `PixelType` for a sample type.
pub(super) fn to_python(py: Python<'_>, sample: SampleType) -> PyResult<Bound<'_, PyAny>> {
    pixel_type(py)?.call1((sample.name(),))
}

/// The dtype of NumPy for a sample type.
pub(super) fn dtype(py: Python<'_>, sample: SampleType) -> PyResult<Bound<'_, PyArrayDescr>> {
    PyArrayDescr::new(py, sample.name())
}

/// The sample type of a `PixelType`, of a dtype, or of the name of one.
///
/// # Errors
/// `OptionError` that lists the known types.
pub(super) fn from_python(value: &Bound<'_, PyAny>) -> PyResult<SampleType> {
    let py = value.py();
    if value.is_instance(pixel_type(py)?)? {
        let name: String = value.getattr("value")?.extract()?;
        return Ok(SampleType::from_name(&name)?);
    }
    let unknown = || -> PyErr {
        let names: Vec<_> = SampleType::ALL.iter().map(|sample| sample.name()).collect();
        let found = value.repr().map(|text| text.to_string()).unwrap_or_default();
        Error::usage("pixel type:").found(found).allowed(format!("a PixelType or one of {}", names.join(", "))).into()
    };
    if value.is_none() {
        // NumPy takes None for float64.
        return Err(unknown());
    }
    let dtype = py.import("numpy")?.call_method1("dtype", (value,)).map_err(|_| unknown())?;
    Ok(SampleType::from_name(&dtype.getattr("name")?.extract::<String>()?)?)
}

/// The member of `AssetType`.
pub(super) fn asset_type(py: Python<'_>, kind: AssetType) -> PyResult<Bound<'_, PyAny>> {
    enums(py)?.getattr("AssetType")?.call1((kind.name(),))
}

/// The asset type of an `AssetType` or of its name, case ignored.
///
/// # Errors
/// `OptionError` that lists the known types.
pub(super) fn asset_type_from_python(value: &Bound<'_, PyAny>) -> PyResult<AssetType> {
    let name = value.getattr_opt("value")?.unwrap_or_else(|| value.clone()).str()?.to_string();
    let known = || format!("one of {}", AssetType::ALL.map(AssetType::name).join(", "));
    let kind: Result<_> =
        AssetType::from_name(&name).ok_or_else(|| Error::usage("asset type:").found(&name).allowed(known()));
    Ok(kind?)
}

fn pixel_type(py: Python<'_>) -> PyResult<&Bound<'_, PyAny>> {
    static CLASS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    CLASS.get_or_try_init(py, || Ok(enums(py)?.getattr("PixelType")?.unbind())).map(|class| class.bind(py))
}

fn enums(py: Python<'_>) -> PyResult<Bound<'_, PyModule>> {
    py.import("aws.osml.io._enums")
}
