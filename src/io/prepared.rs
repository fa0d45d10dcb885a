//! Outputs that are complete but not yet visible, and become visible together or not at all.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempPath;

use super::target::beside;
use crate::error::{Error, Result};

/// A complete output that is not yet visible. Dropping it discards it.
pub struct Prepared<'t>(Kind<'t>);

enum Kind<'t> {
    File(NewFile),
    Stream(WriteOut<'t>),
}

/// Writes a complete output to a stream.
type WriteOut<'t> = Box<dyn FnOnce() -> Result<()> + Send + 't>;

/// A complete file under a temporary name.
struct NewFile {
    temporary: TempPath,
    target: PathBuf,
}

/// A file that has replaced another. The replaced file keeps a name of its own until failure is no longer possible.
struct Replaced {
    target: PathBuf,
    /// `None` if the target did not exist.
    former: Option<TempPath>,
}

impl<'t> Prepared<'t> {
    /// An output that `write` makes visible: a stream or a device. It cannot be undone, so files are published first.
    pub fn stream(write: impl FnOnce() -> Result<()> + Send + 't) -> Self {
        Self(Kind::Stream(Box::new(write)))
    }

    /// A complete file on the medium under a temporary name.
    pub(super) fn file(temporary: TempPath, target: PathBuf) -> Self {
        Self(Kind::File(NewFile { temporary, target }))
    }

    /// Makes the output visible at its target.
    ///
    /// # Errors
    /// [`Error::Io`] if publishing fails. The target is then unchanged; a stream may hold a part of the output.
    pub fn publish(self) -> Result<()> {
        publish_all(vec![self])
    }
}

/// Makes outputs visible at their targets: all of them, or none. Files are replaced in the given order, then streams are
/// written. If one fails, replaced files are restored and new files are removed.
///
/// # Errors
/// [`Error::Io`] with the path if publishing fails. If restoring a former file fails too, that file keeps its temporary name
/// `.NAME.XXXXXX.osml-old`, which the error states.
pub fn publish_all(outputs: Vec<Prepared<'_>>) -> Result<()> {
    let (mut files, mut streams) = (Vec::new(), Vec::new());
    for Prepared(kind) in outputs {
        match kind {
            Kind::File(file) => files.push(file),
            Kind::Stream(write) => streams.push(write),
        }
    }
    // The last output to be published never needs to be undone.
    let last = if streams.is_empty() { files.pop() } else { None };
    let mut replaced = Vec::new();
    let publish = || {
        for file in files {
            replaced.push(file.replace()?);
        }
        streams.into_iter().try_for_each(|write| write())?;
        last.map_or(Ok(()), NewFile::persist)
    };
    publish().map_err(|error| roll_back(replaced, error))
}

impl NewFile {
    /// Replaces the target.
    fn persist(self) -> Result<()> {
        let Self { temporary, target } = self;
        temporary.persist(&target).map_err(|error| Error::io(target, error.error))
    }

    /// Replaces the target; the former file stays beside it.
    fn replace(self) -> Result<Replaced> {
        let target = self.target.clone();
        let former = keep(&target).map_err(|source| Error::io(&target, source))?;
        match self.persist() {
            Ok(()) => Ok(Replaced { target, former }),
            Err(error) => match former.map(|former| put_back(former, &target)) {
                Some(Err(failure)) => Err(both(&error, &failure)),
                _ => Err(error),
            },
        }
    }
}

impl Replaced {
    fn undo(self) -> Result<()> {
        match self.former {
            Some(former) => put_back(former, &self.target),
            None => std::fs::remove_file(&self.target).map_err(|source| Error::io(&self.target, source)),
        }
    }
}

/// Undoes the publications, last first, so a target that occurs twice gets its first file back.
fn roll_back(replaced: Vec<Replaced>, error: Error) -> Error {
    replaced.into_iter().rev().filter_map(|file| file.undo().err()).fold(error, |error, other| both(&error, &other))
}

/// Gives the file at `target` a second name, under which it survives its replacement. `None` if there is no file. A directory
/// cannot be replaced; the replacement reports that error.
fn keep(target: &Path) -> io::Result<Option<TempPath>> {
    match beside(target, FORMER, |path| std::fs::hard_link(target, path)) {
        Ok(link) => Ok(Some(link.into_temp_path())),
        Err(error) if error.kind() == io::ErrorKind::NotFound || target.is_dir() => Ok(None),
        Err(_) => move_aside(target).map(Some),
    }
}

/// Renames the file at `target`, for file systems without hard links. The target does not exist for a moment.
fn move_aside(target: &Path) -> io::Result<TempPath> {
    let place = beside(target, FORMER, |path| File::create_new(path))?.into_temp_path();
    std::fs::rename(target, &place)?;
    Ok(place)
}

/// Restores the name of a former file.
fn put_back(mut former: TempPath, target: &Path) -> Result<()> {
    // Renaming to another link of the same file does nothing; dropping the path then removes the second name.
    std::fs::rename(&former, target).map_err(|source| {
        former.disable_cleanup(true);
        let message = format!("the former file could not be put back and is now {}: {source}", former.display());
        Error::io(target, io::Error::other(message))
    })
}

/// Both errors as one.
fn both(error: &Error, other: &Error) -> Error {
    Error::from(io::Error::other(format!("{error}; {other}")))
}

/// The suffix of a file that is about to be replaced.
const FORMER: &str = ".osml-old";

#[cfg(test)]
mod tests;
