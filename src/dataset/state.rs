//! The states of a file being written.

use super::PendingImage;
use crate::error::{Error, Result};
use crate::format::{ContainerWriter, no_image};
use crate::io::Prepared;

/// The state of a writer. A call that the state does not permit changes nothing.
pub(super) enum State {
    /// Accepts assets.
    Open(Box<dyn ContainerWriter>),
    /// Accepts the blocks of the pending image.
    Pending(Box<dyn ContainerWriter>, Box<PendingImage>),
    /// Cannot be completed: adding the asset with this key failed after a part of it may have been written.
    Failed(String),
    /// Complete, but not yet visible.
    Finished(Prepared<'static>),
    /// Published or discarded.
    Closed,
}

impl State {
    /// The container of an open writer. The state becomes `next` until another is set, so a panic leaves the writer in `next`.
    ///
    /// # Errors
    /// [`Error::Usage`] in any other state.
    pub(super) fn take_open(&mut self, next: Self) -> Result<Box<dyn ContainerWriter>> {
        match std::mem::replace(self, next) {
            Self::Open(container) => Ok(container),
            other => Err(self.refuse(other)),
        }
    }

    /// The container and the pending image. The writer counts as failed until another state is set.
    ///
    /// # Errors
    /// [`Error::Usage`] in any other state.
    pub(super) fn take_pending(&mut self) -> Result<(Box<dyn ContainerWriter>, Box<PendingImage>)> {
        match std::mem::replace(self, Self::Closed) {
            Self::Pending(container, image) => {
                *self = Self::Failed(image.key().to_owned());
                Ok((container, image))
            }
            other => Err(self.refuse(other)),
        }
    }

    /// The complete output.
    ///
    /// # Errors
    /// [`Error::Usage`] in any other state.
    pub(super) fn take_finished(&mut self) -> Result<Prepared<'static>> {
        match std::mem::replace(self, Self::Closed) {
            Self::Finished(output) => Ok(output),
            Self::Closed => Err(Self::Closed.refusal()),
            other => {
                *self = other;
                Err(Error::usage("the file is not complete"))
            }
        }
    }

    fn refuse(&mut self, state: Self) -> Error {
        *self = state;
        self.refusal()
    }

    /// The error of a call that the state does not permit.
    fn refusal(&self) -> Error {
        match self {
            Self::Open(_) => no_image(),
            Self::Pending(_, image) => Error::usage("an image is not complete:").found(image.key()),
            Self::Failed(key) => Error::usage("the file cannot be completed: adding an asset failed:").found(key),
            Self::Finished(_) | Self::Closed => Error::usage("the writer is closed"),
        }
    }
}
