//! Writes a file: the boxes before the codestream, if the file has boxes, and the codestream.

use super::{J2k, options};
use crate::codec::Encoded;
use crate::codestream::j2k::{Codestream as Stored, CodestreamInfo, J2kStream};
use crate::codestream::{Codestream, PieceOrder, stored_header};
use crate::error::Result;
use crate::format::{Begun, Blocks, ContainerWriter, ImageRequest, OnlyImage, WriteContext, level_note, no_image};
use crate::io::ByteSink;
use crate::metadata::Metadata;
use crate::pipeline::{BlockSink, BlocksEnd};

struct J2kWriter {
    sink: Box<dyn ByteSink>,
    format: J2k,
    image: OnlyImage<J2kStream>,
    /// Where the codestream begins.
    start: u64,
    order: Option<PieceOrder>,
}

/// Bytes of the head of a box.
const BOX_HEAD: u64 = 8;

/// Begins a file. Nothing is written yet.
pub(super) fn create(sink: Box<dyn ByteSink>, format: J2k) -> Box<dyn ContainerWriter> {
    Box::new(J2kWriter { sink, format, image: OnlyImage::new("JPEG 2000"), start: 0, order: None })
}

impl ContainerWriter for J2kWriter {
    fn set_metadata(&mut self, metadata: &Metadata, _: &mut WriteContext<'_, '_>) -> Result<()> {
        self.image.set_metadata(metadata)
    }

    fn begin_image(&mut self, image: &ImageRequest<'_>, context: &mut WriteContext<'_, '_>) -> Result<Begun> {
        let metadata = self.image.check_first(image.key, image.metadata)?;
        let layout = image.provider.layout();
        let is_boxed = self.format.is_boxed;
        let stored = image.provider.stream().filter(|_| image.blocks != Blocks::Caller);
        let codestream = stored.and_then(|stored| stored_header::<Stored>(&**stored));
        let codestream = codestream.filter(|codestream| options::keep(&metadata, &codestream.header, self.format));
        let options = options::read(&metadata, layout, self.format, context.warnings)?;
        if let (Some(stored), Some(codestream)) = (stored, codestream) {
            let header = codestream.header_with(&options.stream.comments)?;
            let CodestreamInfo { bits, is_high_throughput, .. } = CodestreamInfo::of(&codestream.header);
            self.write_start(is_boxed.then(|| options.boxes.write(layout, bits[0], is_high_throughput)), &header)?;
            return Ok(self.image.copy(stored));
        }
        let (columns, rows) = (layout.grid.columns(), layout.grid.rows());
        let tile = (options.tile.0.min(columns), options.tile.1.min(rows));
        let threads = context.concurrency.threads();
        let stream = J2kStream::new(layout, tile, options.bits, &options.stream, false, threads)?;
        context.warnings.extend(level_note(&options.stream, &stream.grid()));
        let boxes = is_boxed.then(|| options.boxes.write(layout, options.bits, options.stream.high_throughput));
        self.write_start(boxes, &stream.header())?;
        self.order = Some(PieceOrder::of(&stream));
        Ok(self.image.begin(image.key, stream))
    }

    fn append_stored(&mut self, bytes: &[u8]) -> Result<()> {
        self.sink.write(bytes)
    }

    fn finish_image(&mut self, end: &BlocksEnd, context: &mut WriteContext<'_, '_>) -> Result<()> {
        let end = self.image.finish(end, context)?.map(|stream| stream.end()).unwrap_or_default();
        if let Some(mut order) = self.order.take() {
            order.finish(&mut *self.sink, &|| context.control.poll())?;
        }
        self.sink.write(&end.trailer)?;
        end.patches.iter().try_for_each(|(offset, bytes)| self.sink.patch(self.start + offset, bytes))?;
        match u32::try_from(self.sink.position() + BOX_HEAD - self.start) {
            Ok(length) if self.format.is_boxed => self.sink.patch(self.start - BOX_HEAD, &length.to_be_bytes()),
            _ => Ok(()),
        }
    }

    fn finish(self: Box<Self>, _: &mut WriteContext<'_, '_>) -> Result<Box<dyn ByteSink>> {
        self.image.check_complete()?;
        Ok(self.sink)
    }
}

impl J2kWriter {
    /// Writes the boxes, if the file has any, and the main header of the codestream.
    fn write_start(&mut self, boxes: Option<Vec<u8>>, header: &[u8]) -> Result<()> {
        if let Some(boxes) = boxes {
            self.sink.write(&boxes)?;
            // The length 0 means that the box ends with the file.
            self.sink.write(&[&[0; 4][..], b"jp2c"].concat())?;
        }
        self.start = self.sink.position();
        self.sink.write(header)
    }
}

impl BlockSink for J2kWriter {
    fn append(&mut self, block: &Encoded) -> Result<()> {
        self.image.take(block)?;
        self.order.as_mut().ok_or_else(no_image)?.append(block, &mut *self.sink)
    }
}
