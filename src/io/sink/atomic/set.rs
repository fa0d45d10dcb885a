//! Makes the files of an R-set visible so that their names never show files of two sets.
//!
//! No file system renames several files at once, so a process that is killed here leaves a state between two renamings. The
//! order of the renamings keeps each of these states consistent:
//!
//! 1. The former levels are renamed aside, the smallest first.
//! 2. If the base exists, the new base replaces it, and the new levels follow, the largest first. Otherwise the levels come
//!    first and the base comes last.
//! 3. The former files, which had names of their own until now, are removed.
//!
//! So the base, and as many levels as follow it without a gap, always belong to one set. A set whose base is new is found as a whole or
//! not at all. Until step 3 no byte of the former set is lost, and an error restores it in the reverse order.

use std::io;
use std::path::{Path, PathBuf};

use super::{Prepared, Replaced, move_aside, roll_back, separated};
use crate::error::{Error, Result};

/// Makes the files of an R-set visible: the base and its levels, from the largest to the smallest. The files at `beyond` are
/// further levels of the former set, in the same order; they are removed. Streams are written when the files are visible.
///
/// # Errors
/// As [`super::publish_all`].
pub(crate) fn publish_set(outputs: Vec<Prepared<'_>>, beyond: &[PathBuf]) -> Result<()> {
    publish_in_steps(outputs, beyond, &mut || Ok(()))
}

/// As [`publish_set`]; calls `step` before each change of a name.
fn publish_in_steps(
    outputs: Vec<Prepared<'_>>,
    beyond: &[PathBuf],
    step: &mut dyn FnMut() -> Result<()>,
) -> Result<()> {
    let (mut files, streams) = separated(outputs);
    let is_new = files.first().is_some_and(|base| !base.target.exists());
    let former: Vec<_> = files.iter().skip(1).map(|level| level.target.clone()).chain(beyond.iter().cloned()).collect();
    if is_new {
        files.reverse();
    }
    let mut done = Vec::new();
    let publish = || {
        for target in former.into_iter().rev() {
            step()?;
            done.extend(withdraw(target)?);
        }
        for file in files {
            step()?;
            done.push(file.replace()?);
        }
        step()?;
        streams.into_iter().try_for_each(|write| write())
    };
    publish().map_err(|error| roll_back(done, error))
}

/// Renames the file at `target` aside; `None` if there is none.
fn withdraw(target: PathBuf) -> Result<Option<Replaced>> {
    let aside =
        |target: &Path| if target.is_dir() { Err(io::ErrorKind::IsADirectory.into()) } else { move_aside(target) };
    match aside(&target) {
        Ok(former) => Ok(Some(Replaced { target, former: Some(former) })),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::io(target, error)),
    }
}

#[cfg(test)]
mod tests;
