//! Writes a TIFF file: appends blocks as they arrive, and the directories at the end.

use std::sync::Arc;

use super::blocks::{BlockRanges, DataArea};
use super::content::{MASK, REDUCED};
use super::field::{Field, FieldType, FieldValue};
use super::layout::{HEADER_BYTES, lay_out};
use super::plan::WritePlan;
use super::tags;
use crate::codec::Encoded;
use crate::error::{Error, Result};
use crate::format::{
    Begun, ContainerWriter, FileForm, ImageRequest, OpenImage, Warning, WarningKind, WriteContext, no_image,
};
use crate::image::Interleave;
use crate::io::ByteSink;
use crate::metadata::Metadata;
use crate::pipeline::{BlockPlan, BlockSink, BlocksEnd, Placement};

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
    /// The positions of the blocks so far, plane by plane.
    planes: Vec<BlockRanges>,
    /// The area of the blocks, if it is known beforehand.
    area: Option<DataArea>,
}

/// An image whose blocks are in the file.
struct Written {
    key: String,
    fields: Vec<Field>,
    tiled: bool,
    ranges: BlockRanges,
}

/// Begins a file.
///
/// # Errors
/// If the sink refuses the first bytes.
pub(super) fn create(mut sink: Box<dyn ByteSink>) -> Result<Box<dyn ContainerWriter>> {
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
        let WritePlan { storage, coding, encoder, fields } = WritePlan::new(image, context.warnings)?;
        let target = if encoder.is_verbatim() && image.provider.is_dense() { self.sink.positioned()? } else { None };
        let area = target.as_ref().map(|_| DataArea::new(storage, self.sink.position()));
        if let Some(area) = &area {
            self.sink.reserve(area.bytes())?;
        }
        let placement = area.zip(target).map(|(area, target)| Placement { places: Arc::new(area), target });
        let planes = vec![BlockRanges::default(); storage.planes as usize];
        self.open = Some(Open { key: image.key.to_owned(), fields, tiled: storage.tiled, planes, area });
        let blocks = BlockPlan { grid: storage.grid, encoder: Arc::new(encoder), placement };
        let interleave =
            if storage.planes > 1 || coding.pixels.samples == 1 { Interleave::Band } else { Interleave::Pixel };
        let form = Some(FileForm { interleave, is_cropped: !storage.tiled, coding });
        Ok(Begun::Encode(OpenImage { blocks, form, allows_absent: true }))
    }

    fn finish_image(&mut self, _end: &BlocksEnd, _context: &mut WriteContext<'_, '_>) -> Result<()> {
        let Open { key, fields, tiled, planes, .. } = self.open.take().ok_or_else(no_image)?;
        let mut ranges = BlockRanges::default();
        for plane in planes {
            ranges.offsets.extend(plane.offsets);
            ranges.counts.extend(plane.counts);
        }
        self.images.push(Written { key, fields, tiled, ranges });
        Ok(())
    }

    fn finish(mut self: Box<Self>, _context: &mut WriteContext<'_, '_>) -> Result<Box<dyn ByteSink>> {
        if self.images.is_empty() {
            return Err(Error::usage("number of images of a TIFF file").found(0).allowed("1 or more"));
        }
        let images = in_order(self.images);
        let directories: Vec<Vec<Field>> = images.into_iter().map(Written::into_directory).collect();
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

impl BlockRanges {
    fn push(&mut self, offset: u64, count: u64) {
        self.offsets.push(offset);
        self.counts.push(count);
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
        fields.push(range_field(offsets, self.ranges.offsets));
        fields.push(range_field(counts, self.ranges.counts));
        fields.sort_by_key(|field| field.tag);
        fields
    }
}

/// The images, each followed by the masks and overviews that belong to it by their keys: a reader takes these as parts of the
/// image before them.
fn in_order(images: Vec<Written>) -> Vec<Written> {
    let mut groups: Vec<Vec<Written>> = Vec::new();
    for image in images {
        let is_part = image.fields.iter().any(|field| match &field.value {
            FieldValue::Unsigned(bits) => field.tag == tags::NEW_SUBFILE_TYPE && bits[0] & (REDUCED | MASK) != 0,
            _ => false,
        });
        let owns = |owner: &str| image.key.strip_prefix(owner).is_some_and(|ending| is_part && ending.starts_with(':'));
        match groups.iter_mut().find(|group| owns(&group[0].key)) {
            Some(group) => group.push(image),
            None => groups.push(vec![image]),
        }
    }
    groups.into_iter().flatten().collect()
}

/// A field of offsets or sizes, of 64 bits only if a value needs them.
fn range_field(tag: u16, values: Vec<u64>) -> Field {
    let wide = values.iter().any(|value| *value > u64::from(u32::MAX));
    Field { tag, kind: if wide { FieldType::Long8 } else { FieldType::Long }, value: FieldValue::Unsigned(values) }
}

#[cfg(test)]
mod tests;
