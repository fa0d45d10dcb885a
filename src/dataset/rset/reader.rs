//! Opening the files of an R-set as one dataset.

use std::path::Path;
use std::sync::Arc;

use super::super::reader::DatasetReader;
use super::container::RsetContainer;
use super::paths::RsetPaths;
use crate::error::Result;
use crate::format::OpenOptions;
use crate::io::{ByteSource, FileSource};

impl DatasetReader {
    /// Opens the files of an R-set. The image of level *n* is the asset `image:0:overview:n`, and resolution level *n* of `image:0`
    /// if its size is half that of the level before, rounded up; otherwise the reader has a warning. All files have the format
    /// of the base, or `format`.
    ///
    /// # Errors
    /// As [`DatasetReader::open`]; the errors name the file.
    pub fn open_rset(paths: &RsetPaths, format: Option<&str>, options: &OpenOptions) -> Result<Self> {
        Self::from_sources(shared(paths.open()?), format, options)
    }

    /// Opens a file and the levels of an R-set that exist beside it, as [`DatasetReader::open_rset`] does. Returns the paths of
    /// the set as well.
    ///
    /// # Errors
    /// As [`RsetPaths::find`] and [`DatasetReader::open_rset`].
    pub fn find_rset(base: impl AsRef<Path>, format: Option<&str>, options: &OpenOptions) -> Result<(Self, RsetPaths)> {
        let (paths, files) = RsetPaths::open_found(base.as_ref())?;
        Ok((Self::from_sources(shared(files), format, options)?, paths))
    }

    /// Opens the base and the levels of an R-set, from the largest, from any sources. A single source is an ordinary file.
    ///
    /// # Errors
    /// [`crate::Error::Usage`] for no source; otherwise as [`DatasetReader::open`].
    pub fn from_sources(
        sources: Vec<Arc<dyn ByteSource>>,
        format: Option<&str>,
        options: &OpenOptions,
    ) -> Result<Self> {
        let mut sources = sources.into_iter();
        let base = sources.next().ok_or_else(|| crate::Error::usage("no path"))?;
        let base = Self::from_source(base, format, options)?;
        if sources.len() == 0 {
            return Ok(base);
        }
        // The images of the set share the cache of the set, and the set fills what they lack.
        let options = OpenOptions { cache_bytes: 0, partial: false, ..*options };
        let name = base.format().name();
        let levels = sources.map(|source| Self::from_source(source, Some(name), &options)).collect::<Result<_>>()?;
        Ok(base.with_container(|base| Box::new(RsetContainer::new(base, levels))))
    }
}

fn shared(files: Vec<Arc<FileSource>>) -> Vec<Arc<dyn ByteSource>> {
    files.into_iter().map(|file| file as _).collect()
}
