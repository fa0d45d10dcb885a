//! The stored blocks of a JPEG image segment (IC C3, M3 and I1). Each block is a complete stream, or one stream for each band
//! (MIL-STD-188-198A). Blocks differ in length: the mask table records where they begin, or the streams are searched for.

use std::ops::Range;
use std::sync::Arc;

use super::mask::ABSENT;
use super::pixels::{Mode, Storage};
use super::store::{SegmentBlocks, SegmentCodec, SegmentData, SegmentStore};
use crate::codec::jpeg::{ColorModel, Params, markers, put_standard_huffman_tables, segments};
use crate::codec::{BlockDecoder, BlockShape, Coding, PixelCoding, Scratch};
use crate::codestream::jpeg::{Header, JpegImage, streams};
use crate::error::{Error, Result};
use crate::image::{ImageLayout, ImageProvider, PadValue, Piece, StoredBlock, StoredImage, Window};
use crate::io::{Lazy, SourceRange};
use crate::limits::Limits;

/// The identifier of the application segment APP6, and its byte that states the colour of the stream.
const APP6: (u8, &[u8]) = (6, b"NITF\0");
const STREAM_COLOR: usize = 17;

/// Blocks that are JPEG streams.
struct JpegStreams {
    /// COMRAT, which names the quantisation tables of a stream that has none.
    rate: String,
    index: Lazy<Index>,
}

/// The locations of the streams, and how they are coded.
struct Index {
    /// For each plane, the range of each block; `None` if the block is absent.
    ranges: Vec<Option<Range<u64>>>,
    /// Streams that were found.
    found: usize,
    coding: Coding,
    decoder: Box<dyn BlockDecoder>,
}

/// The image of a segment. An image of one stream is read band by band if the stream has restart markers, else each block is
/// decoded as a whole.
///
/// # Errors
/// [`Error::Unsupported`] for samples or a mode that JPEG blocks cannot have, [`Error::Usage`] for an impossible layout.
pub(super) fn image(
    data: SegmentData,
    limits: Limits,
    storage: Storage,
    pad: PadValue,
    rate: &str,
) -> Result<StoredImage> {
    let shown = storage.layout(pad, u64::MAX)?;
    let blocks = SegmentBlocks::new(data, limits, storage, &shown);
    let store = SegmentStore { blocks, codec: JpegStreams { rate: rate.to_owned(), index: Lazy::default() } };
    Ok(StoredImage::new(Arc::new(store), shown, limits))
}

/// The image of a segment that is one stream with all its tables and with restart markers, which divide it into bands of rows.
/// `None` for any other segment.
pub(super) fn stream_image(data: &SegmentData, limits: Limits, shown: &ImageLayout) -> Option<JpegImage> {
    let Range { start, end } = data.range;
    if data.is_masked || shown.grid.count() > 1 {
        return None;
    }
    let source = SourceRange::new(Arc::clone(&data.source), start, end - start).ok()?;
    let header = Header::read(&source, &limits).ok()?;
    // A segment may leave out tables, which a JPEG file may not.
    if ![markers::DQT, markers::DHT].into_iter().all(|marker| has_tables(&header, marker)) {
        return None;
    }
    let color = color_of(&header);
    let image = JpegImage::new(Arc::new(source), Arc::new(header), limits).ok()?;
    let is_same = |layout: &ImageLayout| {
        let grid = layout.grid;
        (grid.columns(), grid.rows(), layout.bands, layout.sample)
            == (shown.grid.columns(), shown.grid.rows(), shown.bands, shown.sample)
    };
    (is_same(image.layout()) && image.layout().grid.count() > 1).then(|| image.inside(color, shown))
}

impl JpegStreams {
    fn index(&self, blocks: &SegmentBlocks) -> Result<&Index> {
        self.index.get_or_make(|| self.make_index(blocks))
    }

    fn make_index(&self, blocks: &SegmentBlocks) -> Result<Index> {
        let SegmentBlocks { data, limits, storage, .. } = blocks;
        let (count, planes) = (storage.grid.count(), u64::from(storage.planes()));
        limits.check_metadata("index of blocks", (count * planes).saturating_mul(size_of::<Range<u64>>() as u64))?;
        let mask = blocks.mask()?;
        let body = data.range.start.saturating_add(mask.data_offset)..data.range.end;
        let (count, planes) = (count as usize, planes as usize);
        let mut ranges = vec![None; count * planes];
        let mut found = 0;
        if let Some(offsets) = &mask.blocks {
            for (number, range) in recorded(offsets, &body).into_iter().enumerate() {
                let Some(range) = range else { continue };
                if storage.mode != Mode::Block || planes == 1 {
                    found += 1;
                    ranges[number] = Some(range);
                    continue;
                }
                for (plane, stream) in streams(&*data.source, range, planes)?.into_iter().enumerate() {
                    found += 1;
                    ranges[plane * count + number] = Some(stream);
                }
            }
        } else {
            for (number, stream) in streams(&*data.source, body, count * planes)?.into_iter().enumerate() {
                found += 1;
                // In mode B the bands of a block follow one another, in mode S the blocks of a band do.
                let place =
                    if storage.mode == Mode::Block { number % planes * count + number / planes } else { number };
                ranges[place] = Some(stream);
            }
        }
        let coding = self.coding_of(blocks, ranges.iter().flatten().min_by_key(|range| range.start))?;
        Ok(Index { ranges, found, decoder: coding.decoder(), coding })
    }

    /// The coding of the streams, by the header of the first.
    fn coding_of(&self, blocks: &SegmentBlocks, first: Option<&Range<u64>>) -> Result<Coding> {
        let SegmentBlocks { data, limits, storage, .. } = blocks;
        let pixels = PixelCoding::new(storage.bands / storage.planes(), storage.sample);
        let Some(Range { start, end }) = first else { return Ok(Coding::new(pixels, Params::default())) };
        let source = SourceRange::new(Arc::clone(&data.source), *start, end - start)?;
        let header = Header::read(&source, limits).map_err(|error| error.segment(&data.key))?;
        let needs_steps = header.frame.process != markers::Process::Lossless;
        if needs_steps && !has_tables(&header, markers::DQT) {
            let error = Error::unsupported("JPEG stream without quantisation tables, which its level names,");
            return Err(error.field("COMRAT").found(&self.rate).segment(&data.key));
        }
        // Later streams may leave out tables that the first one has. Huffman tables may be missing everywhere.
        let mut tables = vec![0xFF, markers::SOI];
        put_standard_huffman_tables(&mut tables);
        for segment in tables_of(&header).filter(|segment| segment.marker != markers::DRI) {
            segments::write_segment(segment.marker, &[segment.payload], &mut tables);
        }
        tables.extend_from_slice(&[0xFF, markers::EOI]);
        Ok(Coding::new(pixels, Params { color: color_of(&header), quality: None, tables: Some(tables.into()) }))
    }
}

/// The meaning of the samples: as APP6 states, or else as in any JPEG file.
fn color_of(header: &Header) -> ColorModel {
    let stated = header.others.iter().find(|(number, payload)| *number == APP6.0 && payload.starts_with(APP6.1));
    match stated.and_then(|(_, payload)| payload.get(STREAM_COLOR)) {
        Some(1) if header.frame.components.len() == 3 => ColorModel::Rgb,
        _ => header.color(),
    }
}

fn has_tables(header: &Header, marker: u8) -> bool {
    tables_of(header).any(|segment| segment.marker == marker)
}

/// The segments with tables of a header.
fn tables_of(header: &Header) -> impl Iterator<Item = segments::Segment<'_>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let segment = segments::next_segment(&header.tables, at).ok().flatten()?;
        at = segment.end;
        Some(segment)
    })
}

/// The range of each recorded block: up to the next one. Offsets past the end give empty ranges.
fn recorded(offsets: &[u32], body: &Range<u64>) -> Vec<Option<Range<u64>>> {
    let mut starts: Vec<u32> = offsets.iter().copied().filter(|offset| *offset != ABSENT).collect();
    starts.sort_unstable();
    let range = |offset: &u32| {
        let next = starts.get(starts.partition_point(|start| start <= offset));
        let end = next.map_or(body.end, |next| body.start.saturating_add(u64::from(*next)).min(body.end));
        let start = body.start.saturating_add(u64::from(*offset)).min(end);
        (*offset != ABSENT).then_some(start..end)
    };
    offsets.iter().map(range).collect()
}

impl SegmentCodec for JpegStreams {
    fn locate(&self, blocks: &SegmentBlocks, block: StoredBlock) -> Result<Range<u64>> {
        let (index, grid) = (self.index(blocks)?, blocks.storage.grid);
        let place = u64::from(block.plane) * grid.count() + grid.position(block.at);
        match index.ranges.get(place as usize) {
            Some(Some(range)) if !range.is_empty() => Ok(range.clone()),
            Some(Some(range)) => {
                let error = Error::malformed("offset of block in the mask table: past the end of the image data");
                Err(error.segment(blocks.name(block)).at(range.start))
            }
            _ => {
                let error = Error::malformed("JPEG streams of the image:").found(index.found);
                Err(error.allowed(index.ranges.len()).segment(blocks.name(block)))
            }
        }
    }

    fn coding(&self, blocks: &SegmentBlocks) -> Option<&Coding> {
        self.index(blocks).ok().map(|index| &index.coding)
    }

    fn piece(&self, storage: &Storage, block: Range<u64>, _: Window) -> Piece {
        Piece::of_rows(block, storage.grid.block_columns(), 0..storage.grid.block_rows())
    }

    fn decode(
        &self,
        blocks: &SegmentBlocks,
        _: &Piece,
        stored: &[u8],
        out: &mut [u8],
        scratch: &mut Scratch,
    ) -> Result<()> {
        let grid = blocks.storage.grid;
        let shape = BlockShape::new(grid.block_columns(), grid.block_rows());
        self.index(blocks)?.decoder.decode(shape, stored, out, scratch)?;
        blocks.storage.stored_samples().shift_down(out);
        Ok(())
    }

    fn decode_rows(
        &self,
        blocks: &SegmentBlocks,
        _: &Piece,
        stored: &[u8],
        out: &mut [u8],
        scratch: &mut Scratch,
    ) -> u32 {
        let Ok(index) = self.index(blocks) else { return 0 };
        let grid = blocks.storage.grid;
        let rows =
            index.decoder.decode_rows(BlockShape::new(grid.block_columns(), grid.block_rows()), stored, out, scratch);
        blocks.storage.stored_samples().shift_down(out);
        rows
    }
}

impl Storage {
    /// Checks that a JPEG image may have these samples and this mode (MIL-STD-188-198A, Joint BIIF Profile Table G-1).
    ///
    /// # Errors
    /// [`Error::Unsupported`] that names the field.
    pub(super) fn check_jpeg(&self) -> Result<()> {
        if self.bits != 8 || self.sample.is_signed_integer() || !self.sample.is_integer() {
            let error = Error::unsupported("samples of a JPEG image,").field("PVTYPE, NBPP");
            return Err(error.found(format!("{}, {}", self.sample, self.bits)).allowed("INT, 8"));
        }
        match self.mode {
            Mode::Row => {
                Err(Error::unsupported("mode of a JPEG image,").field("IMODE").found("R").allowed("B, P or S"))
            }
            Mode::Pixel if self.bands > 4 => {
                let error = Error::unsupported("bands of a JPEG image of mode P:");
                Err(error.found(self.bands).allowed("1 to 4"))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recorded_block_ends_where_the_next_one_begins() {
        let ranges = recorded(&[40, ABSENT, 0, 40, 200], &(1000..1100));
        let found: Vec<_> = ranges.into_iter().flatten().collect();
        assert_eq!(found, [1040..1100, 1000..1040, 1040..1100, 1100..1100]);
    }
}
