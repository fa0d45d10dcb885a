//! Files without a name. The system removes them with their last handle, so a killed process leaves none. Only Linux has them,
//! and not on every file system.

use std::fs::File;
use std::io;
use std::path::Path;

/// Creates a file without a name in a folder: private to its owner if `is_private`, otherwise with the mode that the umask leaves.
///
/// # Errors
/// If the system, the file system or the folder refuses. A system without `/proc` could not name the file later.
#[cfg(target_os = "linux")]
pub(super) fn create(folder: &Path, is_private: bool) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;

    let flags = rustix::fs::OFlags::TMPFILE.bits().cast_signed();
    let mode = if is_private { 0o600 } else { 0o666 };
    let file = File::options().read(true).write(true).mode(mode).custom_flags(flags).open(folder)?;
    std::fs::symlink_metadata(handle(&file))?;
    Ok(file)
}

/// Gives the file a name in the folder it was created for.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`] for a name in use; any other error of the system.
#[cfg(target_os = "linux")]
pub(super) fn link(file: &File, path: &Path) -> io::Result<()> {
    use rustix::fs::{AtFlags, CWD, linkat};

    // The standard library links the symbolic link itself, not the file behind it.
    Ok(linkat(CWD, handle(file), CWD, path, AtFlags::SYMLINK_FOLLOW)?)
}

/// The path under which the process finds its own open file.
#[cfg(target_os = "linux")]
fn handle(file: &File) -> String {
    format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(file))
}

#[cfg(not(target_os = "linux"))]
pub(super) fn create(_folder: &Path, _is_private: bool) -> io::Result<File> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(not(target_os = "linux"))]
pub(super) fn link(_file: &File, _path: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_no_name_until_it_is_linked() {
        let folder = tempfile::tempdir().unwrap();
        let file = create(folder.path(), true).unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        io::Write::write_all(&mut &file, b"bytes").unwrap();
        let path = folder.path().join("out");
        link(&file, &path).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"bytes");
        let again = create(folder.path(), true).unwrap();
        assert_eq!(link(&again, &path).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read(&path).unwrap(), b"bytes");
    }
}
