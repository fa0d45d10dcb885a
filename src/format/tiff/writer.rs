//! A TIFF file in the making: blocks are appended as they come, directories follow when all is known.

use super::blocks::{Append, BlockPlaces, Compress, DataArea, InPlace, WriteInPlace};
use super::field::{Field, FieldType, FieldValue};
use super::layout::{HEADER_BYTES, lay_out};
use super::plan::WritePlan;
use super::tags;
use crate::error::{Error, Result};
use crate::format::{ContainerWriter, ImageRequest, Warning, WriteContext};
use crate::io::ByteSink;
use crate::metadata::Metadata;
use crate::pipeline::write_blocks;

/// Images become directories in the order in which they are added.
struct TiffWriter {
    sink: Box<dyn ByteSink>,
    images: Vec<Written>,
}

/// An image whose blocks are in the file.
struct Written {
    fields: Vec<Field>,
    tiled: bool,
    places: BlockPlaces,
}

/// Begins a file.
///
/// # Errors
/// Where the sink refuses the first bytes.
pub(super) fn create(mut sink: Box<dyn ByteSink>) -> Result<Box<dyn ContainerWriter>> {
    sink.reserve(HEADER_BYTES)?;
    Ok(Box::new(TiffWriter { sink, images: Vec::new() }))
}

impl ContainerWriter for TiffWriter {
    fn set_metadata(&mut self, metadata: &Metadata, context: &mut WriteContext<'_, '_>) -> Result<()> {
        if let Some((key, _)) = metadata.iter().next() {
            let message = "metadata of the file is not used: in TIFF, all metadata is that of an image";
            context.warnings.push(Warning::new(key, message));
        }
        Ok(())
    }

    fn add_image(&mut self, image: &ImageRequest<'_>, context: &mut WriteContext<'_, '_>) -> Result<()> {
        let plan = WritePlan::new(image, context.warnings)?;
        let in_place = plan.can_write_in_place() && image.provider.is_dense() && self.sink.positioned()?.is_some();
        let places =
            if in_place { self.write_in_place(&plan, image, context)? } else { self.append(&plan, image, context)? };
        self.images.push(Written { fields: plan.fields, tiled: plan.tiled, places });
        Ok(())
    }

    fn finish(mut self: Box<Self>, _context: &mut WriteContext<'_, '_>) -> Result<Box<dyn ByteSink>> {
        if self.images.is_empty() {
            return Err(Error::usage("a TIFF file needs at least one image"));
        }
        let directories: Vec<Vec<Field>> = self.images.into_iter().map(Written::into_directory).collect();
        let end = lay_out(&directories, self.sink.position())?;
        self.sink.write(&end.bytes)?;
        self.sink.patch(0, &end.header)?;
        Ok(self.sink)
    }
}

impl TiffWriter {
    fn append(
        &mut self,
        plan: &WritePlan,
        image: &ImageRequest<'_>,
        context: &WriteContext<'_, '_>,
    ) -> Result<BlockPlaces> {
        let mut append = Append::new(plan, &mut *self.sink);
        let (concurrency, control) = (context.concurrency, context.control);
        write_blocks(image.provider, plan.grid, &Compress(plan), &mut append, concurrency, control)?;
        Ok(append.into_places())
    }

    /// Writes blocks whose places are known beforehand, each by the worker that has it.
    fn write_in_place(
        &mut self,
        plan: &WritePlan,
        image: &ImageRequest<'_>,
        context: &WriteContext<'_, '_>,
    ) -> Result<BlockPlaces> {
        let area = DataArea::new(plan, self.sink.position());
        self.sink.reserve(area.bytes(plan))?;
        let Some(target) = self.sink.positioned()? else {
            return Err(Error::usage("the sink no longer takes bytes by position"));
        };
        let (concurrency, control) = (context.concurrency, context.control);
        let encoder = WriteInPlace { plan, area, target: &*target };
        write_blocks(image.provider, plan.grid, &encoder, &mut InPlace, concurrency, control)?;
        Ok(area.places(plan))
    }
}

impl Written {
    fn into_directory(self) -> Vec<Field> {
        let (offsets, counts) = if self.tiled {
            (tags::TILE_OFFSETS, tags::TILE_BYTE_COUNTS)
        } else {
            (tags::STRIP_OFFSETS, tags::STRIP_BYTE_COUNTS)
        };
        let mut fields = self.fields;
        fields.push(places(offsets, self.places.offsets));
        fields.push(places(counts, self.places.counts));
        fields.sort_by_key(|field| field.tag);
        fields
    }
}

/// A field of offsets or sizes, of 64 bits only where one needs it.
fn places(tag: u16, values: Vec<u64>) -> Field {
    let wide = values.iter().any(|value| *value > u64::from(u32::MAX));
    Field { tag, kind: if wide { FieldType::Long8 } else { FieldType::Long }, value: FieldValue::Unsigned(values) }
}

#[cfg(test)]
mod tests;
