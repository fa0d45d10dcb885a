//! A file that appears under its name only when it is complete. Until then it has no name, or a temporary name beside the target.
//! Outputs that are complete but not yet visible become visible together or not at all.

mod set;

use std::fs::{File, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::{NamedTempFile, TempPath};

pub(crate) use self::set::publish_set;
use super::{ByteSink, PositionedWrite, SpooledSink, pieces, unnamed};
use crate::error::{Error, Result};
use crate::io::source::read_exact_at;
use crate::io::spool::Spool;

/// A file being written. The target remains untouched: [`ByteSink::prepare`] syncs the bytes to the medium (see
/// [`Durability`]), and [`Prepared::publish`] gives the file the target's name. Dropping either discards the file.
///
/// On Linux the file has no name before it is published, so a killed process leaves nothing beside the target, unless it dies
/// between the two system calls that replace an existing target. On other systems, and on file systems without such files, it
/// leaves at most `.NAME.XXXXXX.osml-tmp`, or two of them while the order of the bytes changes ([`ByteSink::withdraw`]).
#[derive(Debug)]
pub struct AtomicFile {
    file: Arc<OpenFile>,
    /// `None` if the file has no name.
    temporary: Option<TempPath>,
    buffer: Vec<u8>,
    /// Bytes of the file before those in `buffer`.
    written: u64,
    durability: Durability,
}

/// What a complete file survives once it is visible. It replaces its target as a whole in either case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// A crash of the system and a power failure: the bytes are on the medium before the file becomes visible.
    #[default]
    Synced,
    /// The end of the process: the system writes the bytes to the medium when it chooses, which does not delay the caller. After a
    /// crash of the system the file may be empty or incomplete.
    Cached,
}

/// The open file; its errors name the target.
#[derive(Debug)]
struct OpenFile {
    file: File,
    target: PathBuf,
}

/// A complete output that is not yet visible. Dropping it discards it.
pub struct Prepared<'t>(Kind<'t>);

enum Kind<'t> {
    File(NewFile),
    Stream(WriteOut<'t>),
}

/// Writes a complete output to a stream.
type WriteOut<'t> = Box<dyn FnOnce() -> Result<()> + Send + 't>;

/// A complete file that does not have the target's name yet.
struct NewFile {
    content: Content,
    target: PathBuf,
}

/// Where the bytes of a complete file are.
enum Content {
    /// In an open file without a name.
    Unnamed(Arc<OpenFile>),
    /// Under a temporary name.
    Temporary(TempPath),
}

/// A file that has replaced another. The replaced file keeps a name of its own until nothing can fail any more.
struct Replaced {
    target: PathBuf,
    /// `None` if the target did not exist.
    former: Option<TempPath>,
}

/// The sink for a path: an [`AtomicFile`], or the device or pipe itself if the path names one. A file must not replace a device
/// or pipe.
///
/// # Errors
/// As [`AtomicFile::create`].
pub fn sink_at(path: impl AsRef<Path>, durability: Durability) -> Result<Box<dyn ByteSink>> {
    let path = path.as_ref();
    match std::fs::metadata(path) {
        Ok(metadata) if !metadata.is_file() && !metadata.is_dir() => {
            let device = File::options().write(true).open(path).map_err(|source| Error::io(path, source))?;
            Ok(Box::new(SpooledSink::new(device)?))
        }
        _ => Ok(Box::new(AtomicFile::create(path)?.with_durability(durability))),
    }
}

/// Makes outputs visible at their targets: all of them, or none. Files are replaced in the given order, then streams are
/// written. If one fails, replaced files are restored and new files are removed.
///
/// # Errors
/// [`Error::Io`] with the path if publishing fails. If restoring a former file fails too, that file keeps its temporary name
/// `.NAME.XXXXXX.osml-old`, which the error states.
pub(crate) fn publish_all(outputs: Vec<Prepared<'_>>) -> Result<()> {
    let (mut files, streams) = separated(outputs);
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

/// The files and the streams among outputs.
fn separated(outputs: Vec<Prepared<'_>>) -> (Vec<NewFile>, Vec<WriteOut<'_>>) {
    let (mut files, mut streams) = (Vec::new(), Vec::new());
    for Prepared(kind) in outputs {
        match kind {
            Kind::File(file) => files.push(file),
            Kind::Stream(write) => streams.push(write),
        }
    }
    (files, streams)
}

impl AtomicFile {
    /// A file that will appear at `path`. Symbolic links are followed. The new file inherits the mode of a file that it
    /// replaces.
    ///
    /// # Errors
    /// [`Error::Io`] if `path` is a directory, or if its folder does not exist or is not writable.
    pub fn create(path: impl AsRef<Path>) -> Result<Self> {
        Self::create_by(unnamed::create, path.as_ref())
    }

    /// As [`AtomicFile::create`]; `unnamed` creates a file without a name, given the folder and if the file is private.
    fn create_by(unnamed: fn(&Path, bool) -> io::Result<File>, path: &Path) -> Result<Self> {
        let target = follow_links(path)?;
        let existing = std::fs::metadata(&target).ok();
        if existing.as_ref().is_some_and(Metadata::is_dir) {
            return Err(Error::io(&target, io::ErrorKind::IsADirectory.into()));
        }
        if target.file_name().is_none() {
            return Err(Error::usage("path without a file name:").found(target.display()));
        }
        // If the new file inherits a mode, only its owner can read it until it has that mode.
        let is_private = existing.is_some();
        let created = match unnamed(folder_of(&target), is_private) {
            Ok(file) => Ok((file, None)),
            // Whatever the reason: if the folder is the cause, the temporary name fails too and its error is reported.
            Err(_) => beside(&target, TEMPORARY, |path| create_new(path, is_private))
                .map(NamedTempFile::into_parts)
                .map(|(file, temporary)| (file, Some(temporary))),
        };
        let (file, temporary) = created.map_err(|source| Error::io(&target, source))?;
        if let Some(existing) = existing {
            // The umask may have removed bits from the mode of the new file.
            let same = file.set_permissions(existing.permissions());
            same.map_err(|source| Error::io(&target, source))?;
        }
        Ok(Self {
            file: Arc::new(OpenFile { file, target }),
            temporary,
            buffer: Vec::new(),
            written: 0,
            durability: Durability::default(),
        })
    }

    /// Sets what the complete file survives.
    #[must_use]
    pub fn with_durability(self, durability: Durability) -> Self {
        Self { durability, ..self }
    }

    fn flush(&mut self) -> Result<()> {
        if !self.buffer.is_empty() {
            self.file.write_at(self.written, &self.buffer)?;
            self.written += self.buffer.len() as u64;
            self.buffer.clear();
        }
        Ok(())
    }
}

impl OpenFile {
    /// Adds the target's path to an error of an operation on the file.
    fn named<T>(&self, result: io::Result<T>) -> Result<T> {
        result.map_err(|source| Error::io(&self.target, source))
    }
}

impl ByteSink for AtomicFile {
    fn position(&self) -> u64 {
        self.written + self.buffer.len() as u64
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let large = bytes.len() >= BUFFER / 2;
        if large || self.buffer.len() + bytes.len() > BUFFER {
            self.flush()?;
        }
        if large {
            self.file.write_at(self.written, bytes)?;
            self.written += bytes.len() as u64;
        } else {
            self.buffer.extend_from_slice(bytes);
        }
        Ok(())
    }

    fn patch(&mut self, offset: u64, bytes: &[u8]) -> Result<()> {
        self.flush()?;
        self.file.write_at(offset, bytes)
    }

    fn reserve(&mut self, length: u64) -> Result<u64> {
        self.flush()?;
        let start = self.written;
        self.written += length;
        // Extends the file without writing: reserved bytes that are never written read as zeros.
        self.file.named(self.file.file.set_len(self.written))?;
        Ok(start)
    }

    fn can_move(&self) -> bool {
        true
    }

    fn move_tail(&mut self, from: u64, to: u64, poll: &dyn Fn() -> Result<()>) -> Result<()> {
        self.flush()?;
        let length = self.written.checked_sub(from).ok_or_else(|| Error::usage("move starts outside the file"))?;
        let mut buffer = Vec::new();
        for (start, count) in pieces(length, to > from) {
            poll()?;
            buffer.resize(count, 0);
            self.file.named(read_exact_at(&self.file.file, &mut buffer, from + start))?;
            self.file.write_at(to + start, &buffer)?;
        }
        self.written = to + length;
        self.file.named(self.file.file.set_len(self.written))
    }

    fn can_withdraw(&self) -> bool {
        true
    }

    fn withdraw(&mut self) -> Result<Spool> {
        self.flush()?;
        let again = Self::create(&self.file.target)?.with_durability(self.durability);
        let Self { file, temporary, .. } = std::mem::replace(self, again);
        let bytes = file.named(file.file.try_clone())?;
        Ok(match temporary {
            Some(path) => Spool::over(NamedTempFile::from_parts(bytes, path)),
            None => Spool::over(bytes),
        })
    }

    fn positioned(&mut self) -> Result<Option<Arc<dyn PositionedWrite>>> {
        self.flush()?;
        Ok(Some(Arc::clone(&self.file) as _))
    }

    fn prepare<'s>(mut self: Box<Self>) -> Result<Prepared<'s>> {
        self.flush()?;
        if self.durability == Durability::Synced {
            self.file.named(self.file.file.sync_all())?;
        }
        let target = self.file.target.clone();
        let content = self.temporary.map_or(Content::Unnamed(self.file), Content::Temporary);
        Ok(Prepared(Kind::File(NewFile { content, target })))
    }
}

impl PositionedWrite for OpenFile {
    fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        self.named(write_all_at(&self.file, bytes, offset))
    }
}

/// Creates a new file: private to its owner if `is_private`, otherwise with the mode that the umask leaves.
#[cfg_attr(not(unix), expect(unused_variables, reason = "only Unix has modes"))]
fn create_new(path: &Path, is_private: bool) -> io::Result<File> {
    let mut options = File::options();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, if is_private { 0o600 } else { 0o666 });
    options.open(path)
}

#[cfg(unix)]
fn write_all_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, offset)
}

#[cfg(windows)]
fn write_all_at(file: &File, mut bytes: &[u8], mut offset: u64) -> io::Result<()> {
    use std::os::windows::fs::FileExt;
    while !bytes.is_empty() {
        let count = file.seek_write(bytes, offset)?;
        bytes = &bytes[count..];
        offset += count as u64;
    }
    Ok(())
}

impl<'t> Prepared<'t> {
    /// An output that `write` makes visible: a stream or a device. It cannot be undone, so files are published first.
    pub fn stream(write: impl FnOnce() -> Result<()> + Send + 't) -> Self {
        Self(Kind::Stream(Box::new(write)))
    }

    /// Makes the output visible at its target.
    ///
    /// # Errors
    /// [`Error::Io`] if publishing fails. The target is then unchanged; a stream may hold a part of the output.
    pub fn publish(self) -> Result<()> {
        publish_all(vec![self])
    }
}

impl NewFile {
    /// Replaces the target.
    fn persist(self) -> Result<()> {
        let Self { content, target } = self;
        let persisted = match content {
            Content::Temporary(temporary) => temporary.persist(&target).map_err(|error| error.error),
            Content::Unnamed(open) => match unnamed::link(&open.file, &target) {
                // A link replaces nothing, a renamed file does.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    beside(&target, TEMPORARY, |path| unnamed::link(&open.file, path))
                        .and_then(|link| link.into_temp_path().persist(&target).map_err(|error| error.error))
                }
                linked => linked,
            },
        };
        persisted.map_err(|source| Error::io(target, source))
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

/// Gives the file at `target` a second name, under which it survives its replacement. `None` if the file is missing. A directory
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

/// The file that `path` resolves to.
///
/// # Errors
/// [`Error::Usage`] for too many symbolic links, such as links in a circle.
fn follow_links(path: &Path) -> Result<PathBuf> {
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
fn beside<F>(target: &Path, suffix: &str, make: impl FnMut(&Path) -> io::Result<F>) -> io::Result<NamedTempFile<F>> {
    let name = target.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    tempfile::Builder::new()
        .prefix(&format!(".{}.", shortened(&name.to_string_lossy())))
        .suffix(suffix)
        .make_in(folder_of(target), make)
}

fn folder_of(target: &Path) -> &Path {
    target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The name, shortened to leave room for additions.
fn shortened(name: &str) -> &str {
    let end = (0..=name.len().min(MAX_NAME)).rev().find(|end| name.is_char_boundary(*end));
    &name[..end.unwrap_or(0)]
}

/// Appended bytes are buffered up to this size before they are written.
const BUFFER: usize = 256 << 10;

/// The suffix of a file that is about to replace its target.
const TEMPORARY: &str = ".osml-tmp";

/// The suffix of a file that is about to be replaced.
const FORMER: &str = ".osml-old";

/// The most bytes of the target's name used in a name beside it; file systems allow 255 in total.
const MAX_NAME: usize = 200;

/// The most symbolic links that a target may lead through.
const MAX_LINKS: usize = 32;

#[cfg(test)]
mod tests;
