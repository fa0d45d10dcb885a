//! `TextAssetProvider`: a text of a file.

use pyo3::prelude::*;
use pyo3::types::PyString;

use super::asset::{AssetProvider, RawAsset};
use super::control::detached;
use crate::error::Error;
use crate::metadata::Value;

/// A text of a file: `text_content` has its characters, `raw_asset` the stored bytes.
#[pyclass(frozen, extends = AssetProvider, module = "aws.osml.io")]
pub(super) struct TextAssetProvider;

#[pymethods]
impl TextAssetProvider {
    /// The text, with `\n` at the ends of lines.
    ///
    /// Raises `FormatError` if the bytes are not valid in its encoding.
    #[getter]
    fn text_content<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyString>> {
        let asset = slf.as_super().get();
        let bytes = match &asset.raw {
            RawAsset::File(dataset, position) => detached(slf.py(), None, |_| dataset.reader.raw_asset(*position))?,
            RawAsset::Bytes(bytes) | RawAsset::Text(bytes, ..) => bytes.clone(),
        };
        let text = if asset.is_utf8(slf.py())? {
            let wrong = |error: std::string::FromUtf8Error| {
                Error::malformed("text: invalid UTF-8").found(error).segment(&asset.key)
            };
            String::from_utf8(bytes).map_err(wrong)?
        } else {
            bytes.iter().map(|byte| char::from(*byte)).collect()
        };
        Ok(PyString::new(slf.py(), &text.replace("\r\n", "\n").replace('\r', "\n")))
    }

    /// The encoding of the stored bytes.
    #[getter]
    fn encoding(slf: &Bound<'_, Self>) -> PyResult<&'static str> {
        Ok(if slf.as_super().get().is_utf8(slf.py())? { "UTF-8" } else { "ISO-8859-1" })
    }
}

impl AssetProvider {
    /// True unless the format of the text has one byte per character (NITF: TXTFMT other than U8S).
    fn is_utf8(&self, py: Python<'_>) -> PyResult<bool> {
        let metadata = self.metadata.entries(py)?;
        Ok(metadata.get("TXTFMT").and_then(Value::as_text).is_none_or(|format| format.trim() == "U8S"))
    }
}
