//! The path of an output: the file that it resolves to, and unique names beside it.

use std::io;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::error::{Error, Result};

/// The most bytes of the target's name used in a name beside it; file systems allow 255 in total.
const MAX_NAME: usize = 200;

/// The most symbolic links that a target may lead through.
const MAX_LINKS: usize = 32;

/// The file that `path` resolves to.
///
/// # Errors
/// [`Error::Usage`] for too many symbolic links, such as links in a circle.
pub(super) fn follow_links(path: &Path) -> Result<PathBuf> {
    let mut path = path.to_path_buf();
    for _ in 0..MAX_LINKS {
        match std::fs::read_link(&path) {
            // A relative link is relative to the folder that contains it.
            Ok(next) => path = path.parent().unwrap_or(Path::new("")).join(next),
            Err(_) => return Ok(path),
        }
    }
    Err(Error::usage("too many symbolic links:").found(path.display()).allowed(format_args!("at most {MAX_LINKS}")))
}

/// Creates a file `.NAME.XXXXXX` with a suffix in the folder of `target`. `make` reports a name already in use as
/// [`io::ErrorKind::AlreadyExists`]. Dropping the file removes it.
///
/// # Errors
/// Any other error of `make`.
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

/// The name, shortened to leave room for additions.
fn shortened(name: &str) -> &str {
    let end = (0..=name.len().min(MAX_NAME)).rev().find(|end| name.is_char_boundary(*end));
    &name[..end.unwrap_or(0)]
}
