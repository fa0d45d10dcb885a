//! The path of an output: what it names in the end, and names beside it that nothing else has.

use std::io;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::error::{Error, Result};

/// Bytes of the target's name in a name beside it; file systems allow 255 in all.
const MAX_NAME: usize = 200;

/// How many symbolic links a target may lead through.
const MAX_LINKS: usize = 32;

/// The file that `path` names in the end.
///
/// # Errors
/// [`Error::Usage`] if links lead in a circle.
pub(super) fn follow_links(path: &Path) -> Result<PathBuf> {
    let mut path = path.to_path_buf();
    for _ in 0..MAX_LINKS {
        match std::fs::read_link(&path) {
            // A relative link counts from the folder it stands in.
            Ok(next) => path = path.parent().unwrap_or(Path::new("")).join(next),
            Err(_) => return Ok(path),
        }
    }
    Err(Error::usage("too many symbolic links:").found(path.display()).allowed(MAX_LINKS))
}

/// Makes a file `.NAME.XXXXXX` with a suffix in the folder of `target`. `make` reports that a name is taken by
/// [`io::ErrorKind::AlreadyExists`]. Dropping the file removes it.
///
/// # Errors
/// What `make` reports otherwise.
pub(super) fn beside<F>(
    target: &Path,
    suffix: &str,
    make: impl FnMut(&Path) -> io::Result<F>,
) -> io::Result<NamedTempFile<F>> {
    let name = target.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    tempfile::Builder::new()
        .prefix(&format!(".{}.", shortened(&name.to_string_lossy())))
        .suffix(suffix)
        .make_in(folder, make)
}

/// A name that leaves room for what is added to it.
fn shortened(name: &str) -> &str {
    let end = (0..=name.len().min(MAX_NAME)).rev().find(|end| name.is_char_boundary(*end));
    &name[..end.unwrap_or(0)]
}
