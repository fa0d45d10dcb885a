//! `TextAssetProvider`: a text of a file or in memory.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

use super::super::control::detached;
use super::{AssetMetadata, AssetProvider, RawAsset, in_memory};
use crate::asset::AssetType;
use crate::error::Error;
use crate::format::nitf::text_format;
use crate::metadata::Value;

/// A text: `text_content` has its characters, `raw_asset` the stored bytes.
#[pyclass(frozen, extends = AssetProvider, subclass, module = "aws.osml.io")]
pub(in super::super) struct TextAssetProvider;

/// A text in memory, ready to be written.
#[pyclass(frozen, extends = TextAssetProvider, module = "aws.osml.io")]
pub(in super::super) struct BufferedTextAssetProvider;

#[pymethods]
impl TextAssetProvider {
    /// The text, with `\n` at the ends of lines.
    ///
    /// Raises `FormatError` if the bytes are not valid in its encoding.
    #[getter]
    fn text_content<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyString>> {
        let asset = slf.as_super().get();
        let bytes = match &asset.raw {
            RawAsset::Text(_, text, _) => return Ok(PyString::new(slf.py(), text)),
            RawAsset::File(dataset, position) => detached(slf.py(), None, |_| dataset.reader.raw_asset(*position))?,
            RawAsset::Bytes(bytes) => bytes.clone(),
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

    /// The text: another name of `text_content`.
    #[getter]
    fn text<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyString>> {
        Self::text_content(slf)
    }

    /// The encoding of the stored bytes.
    #[getter]
    fn encoding(slf: &Bound<'_, Self>) -> PyResult<String> {
        let asset = slf.as_super().get();
        Ok(match &asset.raw {
            RawAsset::Text(_, _, encoding) => encoding.clone(),
            _ if asset.is_utf8(slf.py())? => "UTF-8".to_owned(),
            _ => "ISO-8859-1".to_owned(),
        })
    }

    /// The format of the text in NITF (TXTFMT): `STA`, `MTF`, `UT1` or `U8S`; of a text in memory the one with which it is written.
    #[getter]
    fn format(slf: &Bound<'_, Self>) -> PyResult<String> {
        let asset = slf.as_super().get();
        if let Some(format) = asset.text_format(slf.py())? {
            return Ok(format);
        }
        Ok(match &asset.raw {
            RawAsset::Text(_, text, encoding) => text_format(text, encoding),
            _ => text_format(Self::text_content(slf)?.to_str()?, "UTF-8"),
        }
        .to_owned())
    }
}

#[pymethods]
impl BufferedTextAssetProvider {
    /// A text. `encoding` is any encoding of Python, or the name of a format of text in NITF, which the segment then has: `STA` and
    /// `MTF` (ASCII), `UT1` or `ECS` (ISO 8859-1), `U8S` (UTF-8).
    ///
    /// Raises `OptionError` for an unknown encoding, and for one that lacks a character of the text.
    #[staticmethod]
    #[pyo3(signature = (key, text_content, encoding="UTF-8", title=None, description=None, roles=None, metadata=None))]
    #[allow(clippy::too_many_arguments, reason = "the arguments of the Python method")]
    fn create<'py>(
        py: Python<'py>,
        key: String,
        text_content: &Bound<'py, PyString>,
        encoding: &str,
        title: Option<String>,
        description: Option<String>,
        roles: Option<Vec<String>>,
        metadata: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, Self>> {
        let encoded = text_content.call_method1("encode", (python_encoding(encoding),)).map_err(|error| {
            let what = Error::usage("text in encoding").field(encoding).found(error.value(py));
            PyErr::from(
                what.allowed("a Python encoding, or STA, MTF, UT1, ECS or U8S, that has every character of the text"),
            )
        });
        let bytes = encoded?.cast_into::<PyBytes>()?;
        let asset = AssetProvider {
            media_type: "text/plain".to_owned(),
            metadata: AssetMetadata::given(py, metadata)?,
            raw: RawAsset::Text(bytes.as_bytes().to_vec(), text_content.to_str()?.to_owned(), encoding.to_owned()),
            ..in_memory(py, key, AssetType::Text)?
        };
        let asset = asset.with_texts((title, description, roles));
        Bound::new(py, PyClassInitializer::from(asset).add_subclass(TextAssetProvider).add_subclass(Self))
    }
}

impl AssetProvider {
    /// True unless the format of the text has one byte per character (NITF: TXTFMT other than U8S).
    fn is_utf8(&self, py: Python<'_>) -> PyResult<bool> {
        Ok(match (self.text_format(py)?, &self.raw) {
            (Some(format), _) => format == "U8S",
            (None, RawAsset::Bytes(bytes)) => std::str::from_utf8(bytes).is_ok(),
            (None, _) => true,
        })
    }

    /// TXTFMT, if the metadata have it.
    fn text_format(&self, py: Python<'_>) -> PyResult<Option<String>> {
        let metadata = self.metadata.entries(py)?;
        Ok(metadata.get("TXTFMT").and_then(Value::as_text).map(|format| format.trim().to_owned()))
    }
}

/// Python's name of an encoding that may have its name in NITF.
fn python_encoding(encoding: &str) -> &str {
    match encoding.to_ascii_uppercase().as_str() {
        "STA" | "MTF" => "ascii",
        "UT1" | "ECS" => "latin-1",
        "U8S" => "utf-8",
        _ => encoding,
    }
}
