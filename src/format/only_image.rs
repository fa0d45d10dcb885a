//! The image of a file that holds one image and nothing else, as a stream of coded blocks.

use std::sync::Arc;

use super::container::{Begun, OpenImage, no_image};
use super::request::WriteContext;
use super::warning::{Warning, WarningKind};
use crate::codec::Encoded;
use crate::codestream::Codestream;
use crate::error::{Error, Result};
use crate::image::BlockStore;
use crate::metadata::Metadata;
use crate::pipeline::{BlockPlan, BlocksEnd};

/// The state of a writer: the metadata of its file, and its image as far as it is written.
pub(crate) struct OnlyImage<S> {
    /// The name of the format in messages.
    format: &'static str,
    /// Metadata of the file, written together with that of the image.
    metadata: Metadata,
    state: State<S>,
}

enum State<S> {
    Empty,
    Open {
        stream: S,
        key: String,
    },
    /// The stored bytes of another file are copied.
    Copied,
    Complete,
}

impl<S: Codestream> OnlyImage<S> {
    /// The state of a new file. `format` is the name of its format in messages.
    pub(crate) fn new(format: &'static str) -> Self {
        Self { format, metadata: Metadata::new(), state: State::Empty }
    }

    /// Sets metadata of the file, which are written together with those of the image.
    ///
    /// # Errors
    /// [`Error::Usage`] if the image was begun.
    pub(crate) fn set_metadata(&mut self, metadata: &Metadata) -> Result<()> {
        if !matches!(self.state, State::Empty) && !metadata.is_empty() {
            let format = self.format;
            return Err(Error::usage(format!("metadata of a {format} file must be set before its image is added")));
        }
        self.metadata = metadata.clone();
        Ok(())
    }

    /// Checks that the file has no image yet. Returns the metadata of the image called `key`, with those of the file for keys
    /// that the image lacks.
    ///
    /// # Errors
    /// [`Error::Usage`] for a second image.
    pub(crate) fn check_first(&self, key: &str, metadata: &Metadata) -> Result<Metadata> {
        if !matches!(self.state, State::Empty) {
            return Err(Error::usage(format!("{} files hold one image; cannot add", self.format)).found(key));
        }
        Ok(metadata.over(&self.metadata))
    }

    /// Begins the image called `key`, after the bytes before its blocks are written.
    pub(crate) fn begin(&mut self, key: &str, stream: S) -> Begun {
        let blocks = BlockPlan { grid: stream.grid(), encoder: stream.encoder(), placement: None };
        self.state = State::Open { stream, key: key.to_owned() };
        Begun::Encode(OpenImage { blocks, form: None, allows_absent: false })
    }

    /// Begins an image whose stored bytes are copied, after the bytes before them are written.
    pub(crate) fn copy(&mut self, stored: &Arc<dyn BlockStore>) -> Begun {
        self.state = State::Copied;
        Begun::Copy(Arc::clone(stored))
    }

    /// Records a block and returns the stream.
    ///
    /// # Errors
    /// [`Error::Usage`] if no image was begun, or the block was encoded for another container.
    pub(crate) fn take(&mut self, block: &Encoded) -> Result<&S> {
        let State::Open { stream, .. } = &mut self.state else { return Err(no_image()) };
        stream.take(block)?;
        Ok(stream)
    }

    /// Completes the image and returns its stream; `None` for an image whose stored bytes were copied.
    ///
    /// # Errors
    /// [`Error::Usage`] if no image was begun.
    pub(crate) fn finish(&mut self, end: &BlocksEnd, context: &mut WriteContext<'_, '_>) -> Result<Option<S>> {
        let (stream, key) = match std::mem::replace(&mut self.state, State::Complete) {
            State::Open { stream, key } => (stream, key),
            State::Copied => return Ok(None),
            State::Empty | State::Complete => return Err(no_image()),
        };
        if end.filled {
            let message =
                format!("absent blocks are filled with the pad value, as {} files cannot omit them", self.format);
            context.warnings.push(Warning::new(WarningKind::Padding, key, message));
        }
        Ok(Some(stream))
    }

    /// Checks that the image is complete.
    ///
    /// # Errors
    /// [`Error::Usage`] if it is not.
    pub(crate) fn check_complete(&self) -> Result<()> {
        if !matches!(self.state, State::Complete) {
            return Err(Error::usage(format!("number of images of a {} file", self.format)).found(0).allowed(1));
        }
        Ok(())
    }
}
