//! The extension module `aws.osml.io._io`: the crate as Python classes.
//!
//! Classes are frozen and hold values of the core. Work is done inside of [`control::detached`], which alone releases the
//! GIL; of all worker threads only those of `prefetch` call Python. `array` is the only file with unsafe code.

mod array;
mod asset;
mod block_encoder;
mod buffered;
mod chip;
mod chip_mapping;
mod control;
mod convert;
mod crs;
mod duck;
mod duck_windows;
mod encoding;
mod errors;
mod expanded;
mod image_provider;
mod image_to_add;
mod index;
mod layout;
mod metadata;
mod nitf;
mod open;
mod pixel_type;
mod prefetch;
mod reader;
mod region;
mod remote;
mod rset;
mod set_roles;
mod stored_blocks;
mod stream;
mod structures;
mod tiff;
mod value;
mod warnings;
mod windows;
mod writer;

/// The compiled part of `aws.osml.io`. Import the names from `aws.osml.io`.
#[pyo3::pymodule(gil_used = false)]
mod _io {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use pyo3::exceptions::PyImportError;
    use pyo3::prelude::*;

    #[pymodule_export]
    use super::asset::AssetProvider;
    #[pymodule_export]
    use super::asset::data::{
        BufferedDataAssetProvider, BufferedGraphicAssetProvider, DataAssetProvider, GraphicsAssetProvider,
    };
    #[pymodule_export]
    use super::asset::text::{BufferedTextAssetProvider, TextAssetProvider};
    #[pymodule_export]
    use super::block_encoder::{BlockEncoder, EncodedBlock, encoded_block, open_encoder};
    #[pymodule_export]
    use super::buffered::BufferedImageAssetProvider;
    #[pymodule_export]
    use super::chip::{Chip, make};
    #[pymodule_export]
    use super::chip_mapping::{from_full, ichipb, scales_and_offsets, to_full};
    #[pymodule_export]
    use super::convert::{convert, extension};
    #[pymodule_export]
    use super::crs::{crs, projjson, wkt};
    #[pymodule_export]
    use super::expanded::{absent, expanded};
    #[pymodule_export]
    use super::image_provider::ImageAssetProvider;
    #[pymodule_export]
    use super::metadata::{BufferedMetadataProvider, MetadataProvider};
    #[pymodule_export]
    use super::nitf::{from_mgrs, georeference, register, rpc, rpc_fields, to_mgrs, typed};
    #[pymodule_export]
    use super::open::IO;
    #[pymodule_export]
    use super::reader::{DatasetReader, open_image, open_reader};
    #[pymodule_export]
    use super::rset::rset_paths;
    #[pymodule_export]
    use super::structures::{structure_decode, structure_encode, structure_facts, structure_ids};
    #[pymodule_export]
    use super::tiff::{tiff_tag, tiff_tags};
    #[pymodule_export]
    use super::windows::{clipped_tuple, starts, tile_sizes};
    #[pymodule_export]
    use super::writer::DatasetWriter;
    #[pymodule_export]
    use super::writer::image_writer::ImageWriter;

    /// The address of the module `sys` of the interpreter that imported this module.
    static INTERPRETER: AtomicUsize = AtomicUsize::new(0);

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        // Classes and caches belong to one interpreter, and so does NumPy.
        let current = module.py().import("sys")?.as_ptr() as usize;
        let first =
            INTERPRETER.compare_exchange(0, current, Ordering::Relaxed, Ordering::Relaxed).unwrap_or_else(|id| id);
        if first != 0 && first != current {
            return Err(PyImportError::new_err(
                "aws.osml.io can be used in only one interpreter of a process, not in sub-interpreters",
            ));
        }
        module.add("__version__", env!("CARGO_PKG_VERSION"))?;
        let abc = module.py().import("collections.abc")?;
        abc.getattr("Mapping")?.call_method1("register", (module.getattr("MetadataProvider")?,))?;
        abc.getattr("MutableMapping")?.call_method1("register", (module.getattr("BufferedMetadataProvider")?,))?;
        Ok(())
    }
}
