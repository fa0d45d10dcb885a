//! Writes a file: metadata as segments, then one stream.

use super::options;
use crate::codec::Encoded;
use crate::codestream::Codestream;
use crate::codestream::jpeg::JpegStream;
use crate::error::Result;
use crate::format::{Begun, ContainerWriter, ImageRequest, OnlyImage, WriteContext};
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
        JpegStream::check(layout)?;
        let options = options::read(&metadata, layout.bands, image.description, context.warnings)?;
        let stream = JpegStream::new(layout, options)?;
        self.sink.write(&stream.header())?;
        Ok(self.image.begin(image.key, stream))
    }

    fn finish_image(&mut self, end: &BlocksEnd, context: &mut WriteContext<'_, '_>) -> Result<()> {
        let stream = self.image.finish(end, context)?;
        self.sink.write(&stream.end().trailer)
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
