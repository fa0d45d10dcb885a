//! Writes a TIFF file: appends blocks as they arrive, and the directories at the end. A file with overviews becomes a COG then.

use std::sync::Arc;

use super::blocks::{BlockRanges, DataArea};
use super::field::Field;
use super::layout::{HEADER_BYTES, lay_out};
use super::plan::WritePlan;
use super::written::{Group, Written};
use super::{cog, gdal};
use crate::codec::Encoded;
use crate::error::{Error, Result};
use crate::format::{Begun, ContainerWriter, ImageRequest, OpenImage, Warning, WarningKind, WriteContext, no_image};
use crate::io::{ByteSink, SpooledSink};
use crate::metadata::Metadata;
use crate::pipeline::{BandStatistics, BlockPlan, BlockSink, BlocksEnd, Placement, Statistics};

/// Images become directories in the order in which they are added.
struct TiffWriter {
    sink: Box<dyn ByteSink>,
    images: Vec<Written>,
    open: Option<Open>,
}

/// An image whose blocks are being appended.
struct Open {
    key: String,
    fields: Vec<Field>,
    tiled: bool,
    is_cog: bool,
    /// True if the file stores the statistics of the bands.
    statistics: bool,
    /// The positions of the blocks so far, plane by plane.
    planes: Vec<BlockRanges>,
    /// The area of the blocks, if it is known beforehand.
    area: Option<DataArea>,
}

/// Begins a file.
///
/// # Errors
/// If the sink refuses the first bytes.
pub(super) fn create(sink: Box<dyn ByteSink>) -> Result<Box<dyn ContainerWriter>> {
    let mut sink = if sink.can_withdraw() { sink } else { Box::new(SpooledSink::over(sink)?) };
    sink.reserve(HEADER_BYTES)?;
    Ok(Box::new(TiffWriter { sink, images: Vec::new(), open: None }))
}

impl ContainerWriter for TiffWriter {
    fn set_metadata(&mut self, metadata: &Metadata, context: &mut WriteContext<'_, '_>) -> Result<()> {
        if let Some((key, _)) = metadata.iter().next() {
            let message = "metadata of the file is ignored: in TIFF, all metadata belongs to an image";
            context.warnings.push(Warning::new(WarningKind::Metadata, key, message));
        }
        Ok(())
    }

    fn begin_image(&mut self, image: &ImageRequest<'_>, context: &mut WriteContext<'_, '_>) -> Result<Begun> {
        let WritePlan { storage, form, takes_stored, encoder, fields, is_cog, statistics } =
            WritePlan::new(image, context.warnings)?;
        let target = if encoder.is_verbatim() && image.provider.is_dense() { self.sink.positioned()? } else { None };
        let area = target.as_ref().map(|_| DataArea::new(storage, self.sink.position()));
        if let Some(area) = &area {
            self.sink.reserve(area.bytes())?;
        }
        let placement = area.zip(target).map(|(area, target)| Placement { places: Arc::new(area), target });
        let planes = vec![BlockRanges::default(); storage.planes as usize];
        let key = image.key.to_owned();
        self.open = Some(Open { key, fields, tiled: storage.tiled, is_cog, statistics, planes, area });
        let blocks = BlockPlan { grid: storage.grid, encoder: Arc::new(encoder), placement };
        Ok(Begun::Encode(OpenImage { blocks, form: takes_stored.then_some(form), allows_absent: true }))
    }

    fn statistics(&self) -> Option<Statistics> {
        let open = self.open.as_ref().filter(|open| open.statistics)?;
        Some(Statistics::new(gdal::nodata(&open.fields)))
    }

    fn set_statistics(&mut self, bands: &[BandStatistics]) {
        if let Some(open) = &mut self.open {
            gdal::set_statistics(&mut open.fields, bands);
        }
    }

    fn finish_image(&mut self, _end: &BlocksEnd, _context: &mut WriteContext<'_, '_>) -> Result<()> {
        let Open { key, fields, tiled, is_cog, planes, .. } = self.open.take().ok_or_else(no_image)?;
        let mut ranges = BlockRanges::default();
        for plane in planes {
            ranges.offsets.extend(plane.offsets);
            ranges.counts.extend(plane.counts);
        }
        self.images.push(Written { key, fields, tiled, is_cog, ranges });
        Ok(())
    }

    fn finish(mut self: Box<Self>, context: &mut WriteContext<'_, '_>) -> Result<Box<dyn ByteSink>> {
        if self.images.is_empty() {
            return Err(Error::usage("number of images of a TIFF file").found(0).allowed("1 or more"));
        }
        let groups = Group::all(self.images);
        if cog::is_cog(&groups) {
            let groups: Vec<_> = groups.into_iter().map(Group::sorted).collect();
            cog::write(&groups, &mut *self.sink, &|| context.control.poll())?;
            return Ok(self.sink);
        }
        let images = groups.into_iter().flat_map(Group::into_images);
        let directories: Vec<Vec<Field>> = images.map(Written::into_directory).collect();
        let end = lay_out(&directories, self.sink.position())?;
        self.sink.write(&end.bytes)?;
        self.sink.patch(0, &end.header)?;
        Ok(self.sink)
    }
}

impl BlockSink for TiffWriter {
    fn append(&mut self, block: &Encoded) -> Result<()> {
        let Open { planes, area, .. } = self.open.as_mut().ok_or_else(no_image)?;
        if let Some(area) = area.filter(|_| block.is_placed()) {
            for (plane, (offset, count)) in planes.iter_mut().zip(area.ranges(block.at())) {
                plane.push(offset, count);
            }
            return Ok(());
        }
        let mut pieces = block.pieces();
        for plane in planes {
            match pieces.next() {
                // A plane may lack a block that another plane has.
                None | Some([]) => plane.push(0, 0),
                Some(piece) => {
                    plane.push(self.sink.position(), piece.len() as u64);
                    self.sink.write(piece)?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
