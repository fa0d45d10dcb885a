//! Writes a file: metadata as segments, then one stream.

use super::options;
use crate::codec::Encoded;
use crate::codestream::jpeg::{Header, JpegStream};
use crate::codestream::{Codestream, stored_header};
use crate::error::Result;
use crate::format::{Begun, Blocks, ContainerWriter, ImageRequest, OnlyImage, WriteContext};
use crate::io::ByteSink;
use crate::metadata::Metadata;
use crate::pipeline::{BlockSink, BlocksEnd};

struct JpegWriter {
    sink: Box<dyn ByteSink>,
    image: OnlyImage<JpegStream>,
}

/// Begins a file. Nothing is written yet.
pub(super) fn create(sink: Box<dyn ByteSink>) -> Box<dyn ContainerWriter> {
    Box::new(JpegWriter { sink, image: OnlyImage::new("JPEG") })
}

impl ContainerWriter for JpegWriter {
    fn set_metadata(&mut self, metadata: &Metadata, _: &mut WriteContext<'_, '_>) -> Result<()> {
        self.image.set_metadata(metadata)
    }

    fn begin_image(&mut self, image: &ImageRequest<'_>, context: &mut WriteContext<'_, '_>) -> Result<Begun> {
        let metadata = self.image.check_first(image.key, image.metadata)?;
        let layout = image.provider.layout();
        let stored = image.provider.stream().filter(|_| image.blocks != Blocks::Caller);
        if let Some(stored) = stored
            && let Some(header) = stored_header::<Header>(&**stored).filter(|header| options::keep(&metadata, header))
        {
            let options = options::read(&metadata, layout.bands, image.description, context.warnings)?;
            self.sink.write(&header.with_segments(&options.segments)?)?;
            return Ok(self.image.copy(stored));
        }
        JpegStream::check(layout)?;
        let options = options::read(&metadata, layout.bands, image.description, context.warnings)?;
        context.warnings.extend(options::second_loss(&metadata));
        let stream = JpegStream::new(layout, options)?;
        self.sink.write(&stream.header())?;
        Ok(self.image.begin(image.key, stream))
    }

    fn append_stored(&mut self, bytes: &[u8]) -> Result<()> {
        self.sink.write(bytes)
    }

    fn finish_image(&mut self, end: &BlocksEnd, context: &mut WriteContext<'_, '_>) -> Result<()> {
        match self.image.finish(end, context)? {
            Some(stream) => self.sink.write(&stream.end().trailer),
            None => Ok(()),
        }
    }

    fn finish(self: Box<Self>, _: &mut WriteContext<'_, '_>) -> Result<Box<dyn ByteSink>> {
        self.image.check_complete()?;
        Ok(self.sink)
    }
}

impl BlockSink for JpegWriter {
    fn append(&mut self, block: &Encoded) -> Result<()> {
        self.image.take(block)?;
        block.pieces().try_for_each(|piece| self.sink.write(piece))
    }
}
