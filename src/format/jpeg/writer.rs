//! Writes a file: metadata as segments, then one stream.

use super::options;
use crate::codec::Encoded;
use crate::codestream::Codestream;
use crate::codestream::jpeg::JpegStream;
use crate::error::{Error, Result};
use crate::format::{Begun, ContainerWriter, ImageRequest, OpenImage, Warning, WriteContext, no_image};
use crate::io::ByteSink;
use crate::metadata::Metadata;
use crate::pipeline::{BlockPlan, BlockSink, BlocksEnd};

struct JpegWriter {
    sink: Box<dyn ByteSink>,
    metadata: Metadata,
    state: State,
}

enum State {
    Empty,
    Open { stream: JpegStream, key: String },
    Complete,
}

/// Begins a file. Nothing is written yet.
pub(super) fn create(sink: Box<dyn ByteSink>) -> Box<dyn ContainerWriter> {
    Box::new(JpegWriter { sink, metadata: Metadata::new(), state: State::Empty })
}

impl ContainerWriter for JpegWriter {
    /// Sets metadata for keys that the image's own metadata lacks.
    fn set_metadata(&mut self, metadata: &Metadata, _: &mut WriteContext<'_, '_>) -> Result<()> {
        if !matches!(self.state, State::Empty) && !metadata.is_empty() {
            return Err(Error::usage("metadata of a JPEG file must be set before its image is added"));
        }
        self.metadata = metadata.clone();
        Ok(())
    }

    fn begin_image(&mut self, image: &ImageRequest<'_>, context: &mut WriteContext<'_, '_>) -> Result<Begun> {
        if !matches!(self.state, State::Empty) {
            return Err(Error::usage("JPEG files hold one image; cannot add").found(image.key));
        }
        let layout = image.provider.layout();
        JpegStream::check(layout)?;
        let metadata = image.metadata.over(&self.metadata);
        let options = options::read(&metadata, layout.bands, image.description, context.warnings)?;
        let stream = JpegStream::new(layout, options)?;
        self.sink.write(&stream.header())?;
        let blocks = BlockPlan { grid: stream.grid(), encoder: stream.encoder(), placement: None };
        self.state = State::Open { stream, key: image.key.to_owned() };
        Ok(Begun::Encode(OpenImage { blocks, form: None, allows_absent: false }))
    }

    fn finish_image(&mut self, end: &BlocksEnd, context: &mut WriteContext<'_, '_>) -> Result<()> {
        let State::Open { stream, key } = std::mem::replace(&mut self.state, State::Complete) else {
            return Err(no_image());
        };
        if end.filled {
            let message = "absent blocks are filled with the pad value, as JPEG files cannot omit them";
            context.warnings.push(Warning::new(key, message));
        }
        self.sink.write(&stream.end().trailer)
    }

    fn finish(self: Box<Self>, _: &mut WriteContext<'_, '_>) -> Result<Box<dyn ByteSink>> {
        if !matches!(self.state, State::Complete) {
            return Err(Error::usage("a JPEG file needs an image, but none was added"));
        }
        Ok(self.sink)
    }
}

impl BlockSink for JpegWriter {
    fn append(&mut self, block: &Encoded) -> Result<()> {
        let State::Open { stream, .. } = &mut self.state else { return Err(no_image()) };
        stream.take(block)?;
        block.pieces().try_for_each(|piece| self.sink.write(piece))
    }
}
