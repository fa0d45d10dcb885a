//! The paths of an R-set: the base, and its levels by their suffixes.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::format::level_suffix;
use crate::io::FileSource;

/// The most levels of an R-set. Half the size 31 times leaves one pixel of the largest image.
pub const MAX_LEVELS: u32 = 31;

/// How often the files of a set are opened again because another process has replaced the set in the meantime.
const ATTEMPTS: usize = 8;

/// The paths of the files of an R-set: the base, then the levels from the largest to the smallest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RsetPaths(Vec<PathBuf>);

impl RsetPaths {
    /// The set of these paths. The first is the base. Each other path has the suffix `.rN` of its level; their order does not
    /// matter.
    ///
    /// # Errors
    /// [`Error::Usage`] that names the path: for none, for one without such a suffix, for a level that occurs twice, and for
    /// one after a gap.
    pub fn new(paths: impl IntoIterator<Item = impl Into<PathBuf>>) -> Result<Self> {
        let paths: Vec<PathBuf> = paths.into_iter().map(Into::into).collect();
        let names: Vec<_> = paths.iter().map(|path| Some(path.as_path())).collect();
        Ok(Self(by_level(&names)?.into_iter().map(|position| paths[position].clone()).collect()))
    }

    /// The set of a base and this many levels beside it. The levels of `scene.ntf`, and also of `scene.ntf.r0`, are
    /// `scene.ntf.r1`, `scene.ntf.r2` …
    ///
    /// # Errors
    /// [`Error::Usage`] for a base that is a level itself, and for more levels than [`MAX_LEVELS`].
    pub fn of_base(base: impl AsRef<Path>, levels: u32) -> Result<Self> {
        let base = base.as_ref();
        let stem = stem(base)?;
        if levels > MAX_LEVELS {
            return Err(Error::usage("levels:").found(levels).allowed(format!("0 to {MAX_LEVELS}")));
        }
        let levels = (1..=levels).map(|level| beside(&stem, level));
        Ok(Self(std::iter::once(base.to_path_buf()).chain(levels).collect()))
    }

    /// The set of a base and the levels that exist beside it, as [`RsetPaths::of_base`] names them. There may be none.
    ///
    /// # Errors
    /// [`Error::Usage`] that names the path, for a base that is a level itself and for a level after a gap.
    pub fn find(base: impl AsRef<Path>) -> Result<Self> {
        let paths = Self::of_base(base, MAX_LEVELS)?.0;
        let last = paths.iter().rposition(|path| path.exists()).unwrap_or(0);
        if let Some(gap) = (1..last).find(|level| !paths[*level].exists()) {
            let next = (gap..=last).find(|level| paths[*level].exists()).unwrap_or(last);
            return Err(gap_before(&paths[next], paths[gap].display()));
        }
        Ok(Self(paths.into_iter().take(last + 1).collect()))
    }

    /// The path of the base.
    pub fn base(&self) -> &Path {
        &self.0[0]
    }

    /// All paths, the base first.
    pub fn all(&self) -> &[PathBuf] {
        &self.0
    }

    /// The number of levels, without the base.
    pub fn levels(&self) -> usize {
        self.0.len() - 1
    }

    /// Further levels that exist beside the base, up to the first gap: those that only a former set has.
    pub(super) fn beyond(&self) -> Vec<PathBuf> {
        let Ok(stem) = stem(self.base()) else { return Vec::new() };
        let further = (self.0.len() as u32..=MAX_LEVELS).map(|level| beside(&stem, level));
        further.take_while(|path| path.is_file()).collect()
    }

    /// The open files. They belong together even if a writer of this crate replaces the set at the same time.
    ///
    /// # Errors
    /// [`Error::Io`] for a file that cannot be opened, and if the set is replaced again and again.
    pub(super) fn open(&self) -> Result<Vec<Arc<FileSource>>> {
        for _ in 0..ATTEMPTS {
            let files: Vec<_> =
                self.0.iter().map(|path| FileSource::open(path).map(Arc::new)).collect::<Result<_>>()?;
            // A writer withdraws the levels before it replaces the base, and adds new ones later.
            if self.levels() == 0 || files[0].is_current() {
                return Ok(files);
            }
        }
        let busy = std::io::Error::new(std::io::ErrorKind::ResourceBusy, "the R-set is replaced again and again");
        Err(Error::io(self.base(), busy))
    }

    /// The files of [`RsetPaths::find`], open.
    ///
    /// # Errors
    /// As [`RsetPaths::find`] and [`RsetPaths::open`].
    pub(super) fn open_found(base: &Path) -> Result<(Self, Vec<Arc<FileSource>>)> {
        for _ in 1..ATTEMPTS {
            // A writer may withdraw or add levels meanwhile: then one that was found is gone, or there seems to be a gap.
            let Ok(paths) = Self::find(base) else { continue };
            match paths.open() {
                Err(Error::Io { path: Some(path), .. }) if path != base && !path.exists() => {}
                opened => return Ok((paths, opened?)),
            }
        }
        let paths = Self::find(base)?;
        let opened = paths.open()?;
        Ok((paths, opened))
    }
}

/// The positions of the files of a set in a list, by their level; the first is the base. A file without a path has the level of
/// its position.
///
/// # Errors
/// As [`RsetPaths::new`].
pub(crate) fn by_level(names: &[Option<&Path>]) -> Result<Vec<usize>> {
    let first = names.first().ok_or_else(|| Error::usage("no path"))?;
    if let (Some(base), true) = (first, names.len() > 1) {
        stem(base)?;
    }
    let mut levels = vec![(0, 0)];
    for (position, name) in names.iter().enumerate().skip(1) {
        let level = match name {
            None => position as u32,
            Some(path) => level_suffix(path).map(|(_, level)| level).filter(|level| *level > 0).ok_or_else(|| {
                let found = format!("{:?}", path.display().to_string());
                Error::usage("path after the first:").found(found).allowed("a suffix .r1, .r2 … of an R-set")
            })?,
        };
        levels.push((level, position));
    }
    in_sequence(levels, names)
}

/// As [`by_level`], for files whose levels are stated: the first is the base, which has level 0. `names` are for messages.
///
/// # Errors
/// [`Error::Usage`] that names the file: for a base of another level, for a level that occurs twice, and for one after a gap.
#[cfg(feature = "python")]
pub(crate) fn by_stated_level(levels: &[u32], names: &[Option<&Path>]) -> Result<Vec<usize>> {
    match levels {
        [0, ..] => in_sequence(levels.iter().copied().zip(0..).collect(), names),
        levels => Err(Error::usage("level of the first file of an R-set:")
            .found(format!("{levels:?}"))
            .allowed("0, the base")),
    }
}

/// The positions in the order of the levels, which must be 0, 1, 2 …
fn in_sequence(mut levels: Vec<(u32, usize)>, names: &[Option<&Path>]) -> Result<Vec<usize>> {
    levels.sort_unstable();
    for (expected, (level, position)) in levels.iter().enumerate() {
        let name = names[*position].unwrap_or(Path::new("stream"));
        match (*level as usize).cmp(&expected) {
            std::cmp::Ordering::Equal => {}
            std::cmp::Ordering::Less => {
                let error = Error::usage(format!("second file of level {level} of an R-set:"));
                return Err(error.found(format!("{:?}", name.display().to_string())).allowed("one"));
            }
            std::cmp::Ordering::Greater => {
                return Err(gap_before(name, format_args!("a file of level {expected} too, with suffix .r{expected}")));
            }
        }
    }
    Ok(levels.into_iter().map(|(_, position)| position).collect())
}

/// The path to which the suffixes of levels are added.
fn stem(base: &Path) -> Result<PathBuf> {
    match level_suffix(base) {
        None => Ok(base.to_path_buf()),
        Some((stem, 0)) => Ok(stem),
        Some(_) => {
            let found = format!("{:?}", base.display().to_string());
            Err(Error::usage("base of an R-set:").found(found).allowed("a path without a suffix .rN, or with .r0"))
        }
    }
}

fn beside(stem: &Path, level: u32) -> PathBuf {
    let mut name = OsString::from(stem);
    name.push(format!(".r{level}"));
    name.into()
}

fn gap_before(path: &Path, missing: impl std::fmt::Display) -> Error {
    Error::usage("gap in an R-set before").found(format!("{:?}", path.display().to_string())).allowed(missing)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(result: Result<RsetPaths>) -> String {
        result.unwrap_err().to_string()
    }

    #[test]
    fn levels_are_put_in_order() {
        let names = ["a.ntf", "b/a.ntf.r2", "a.ntf.R1", "a.ntf.r10", "a.ntf.r3"];
        let error = text(RsetPaths::new(names));
        assert!(error.contains("\"a.ntf.r10\"") && error.contains(".r4"), "{error}");
        let paths = RsetPaths::new([names[0], names[4], names[1], names[2]]).unwrap();
        assert_eq!(paths.0, ["a.ntf", "a.ntf.R1", "b/a.ntf.r2", "a.ntf.r3"].map(PathBuf::from));
        assert_eq!((paths.base(), paths.levels()), (Path::new("a.ntf"), 3));
        assert_eq!(RsetPaths::new(["a.r0", "a.r1"]).unwrap().0, ["a.r0", "a.r1"].map(PathBuf::from));
        assert_eq!(RsetPaths::new(["a.ntf.r3"]).unwrap().levels(), 0, "one file needs no base");
        assert_eq!(by_level(&[None, None, Some(Path::new("x.r2"))]).unwrap(), [0, 1, 2]);
    }

    #[cfg(feature = "python")]
    #[test]
    fn stated_levels_are_put_in_order() {
        assert_eq!(by_stated_level(&[0, 2, 1], &[None; 3]).unwrap(), [0, 2, 1]);
        for levels in [&[1, 0][..], &[0, 2], &[0, 1, 1], &[]] {
            assert!(by_stated_level(levels, &[None; 3]).is_err(), "{levels:?}");
        }
    }

    #[test]
    fn a_wrong_path_is_named() {
        let cases: [(&[&str], &str); 6] = [
            (&["a.ntf", "b.ntf"], "path after the first: got \"b.ntf\""),
            (&["a.ntf", "a.ntf.r0"], "path after the first: got \"a.ntf.r0\""),
            (&["a.ntf", "a.ntf.r2"], "gap in an R-set before: got \"a.ntf.r2\""),
            (&["a.ntf", "a.ntf.r1", "b.ntf.r1"], "second file of level 1 of an R-set: got \"b.ntf.r1\""),
            (&["a.ntf.r1", "a.ntf.r2"], "base of an R-set: got \"a.ntf.r1\""),
            (&[], "no path"),
        ];
        for (paths, expected) in cases {
            let found = text(RsetPaths::new(paths.iter().copied()));
            assert!(found.starts_with(expected), "{found}");
        }
        assert!(text(RsetPaths::of_base("a.ntf", 32)).contains("0 to 31"));
    }

    #[test]
    fn levels_are_found_beside_the_base_up_to_the_last() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for name in ["a.tif", "a.tif.r1", "a.tif.r2", "a.tif.r4", "a.tif.rx", "b.tif.r1", "c.r0", "c.r1"] {
            std::fs::write(path(name), b"x").unwrap();
        }
        let error = text(RsetPaths::find(path("a.tif")));
        assert!(error.contains("a.tif.r4\"") && error.contains("a.tif.r3"), "{error}");
        std::fs::remove_file(path("a.tif.r4")).unwrap();
        let found = RsetPaths::find(path("a.tif")).unwrap();
        assert_eq!(found.0, ["a.tif", "a.tif.r1", "a.tif.r2"].map(path));
        assert_eq!(RsetPaths::find(path("c.r0")).unwrap().0, ["c.r0", "c.r1"].map(path));
        let fewer = RsetPaths::of_base(path("a.tif"), 1).unwrap();
        assert_eq!(fewer.beyond(), ["a.tif.r2"].map(path));
        assert!(found.beyond().is_empty());
    }

    #[cfg(unix)]
    #[test]
    fn a_base_that_was_replaced_is_not_current() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        std::fs::write(&path, b"old").unwrap();
        let file = FileSource::open(&path).unwrap();
        assert!(file.is_current());
        std::fs::write(folder.path().join("b"), b"new").unwrap();
        std::fs::rename(folder.path().join("b"), &path).unwrap();
        assert!(!file.is_current());
        std::fs::remove_file(&path).unwrap();
        assert!(!file.is_current());
    }
}
