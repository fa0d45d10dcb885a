//! JPEG image segments (IC C3, M3, C5, M5 and I1). Each block is a complete stream, or one stream for each band
//! (MIL-STD-188-198A, N0106-97). Blocks differ in length: the mask table records where they begin, or the streams are searched for.

use std::ops::Range;
use std::sync::Arc;

use super::coded_store::{BlockIndexer, Index, recorded};
use super::ic::{Coding as IcCoding, Ic};
use super::jpeg_levels::put_table;
use super::pixels::{Mode, Storage};
use super::store::{SegmentBlocks, SegmentData};
use crate::codec::jpeg::{ColorModel, Params, markers, put_standard_huffman_tables, segments};
use crate::codec::{Coding, PixelCoding};
use crate::codestream::StoredStream;
use crate::codestream::jpeg::{Header, JpegImage, framed_streams, streams};
use crate::error::{Error, Result};
use crate::image::{BlockStore, ImageLayout, ImageProvider};
use crate::io::{ByteSource, SourceRange};
use crate::limits::Limits;

/// The identifier of the application segment APP6, and its byte that states the colour of the stream.
const APP6: (u8, &[u8]) = (6, b"NITF\0");
const STREAM_COLOR: usize = 17;

/// Blocks that are JPEG streams.
pub(super) struct JpegBlocks {
    /// COMRAT, which names the quantisation table of a stream that has none.
    pub(super) rate: String,
}

impl BlockIndexer for JpegBlocks {
    fn index(&self, blocks: &SegmentBlocks) -> Result<Index> {
        let SegmentBlocks { data, storage, .. } = blocks;
        let (count, planes) = (storage.grid.count() as usize, storage.planes() as usize);
        let mask = blocks.mask()?;
        let body = data.range.start.saturating_add(mask.data_offset)..data.range.end;
        let mut ranges = vec![None; count * planes];
        if let Some(offsets) = &mask.blocks {
            let records = recorded(offsets, &body);
            let is_framed = match records.iter().flatten().next() {
                Some(first) => framed_streams(&*data.source, first.clone(), 1)?.is_some(),
                None => false,
            };
            for (number, range) in records.into_iter().enumerate() {
                let Some(range) = range else { continue };
                // In mode B a record holds the streams of all bands.
                if storage.mode == Mode::Block && planes > 1 {
                    for (plane, stream) in all_streams(data, range, planes)?.into_iter().enumerate() {
                        ranges[plane * count + number] = Some(stream);
                    }
                } else {
                    ranges[number] = if is_framed { all_streams(data, range, 1)?.pop() } else { Some(range) };
                }
            }
        } else {
            for (number, stream) in all_streams(data, body, count * planes)?.into_iter().enumerate() {
                // In mode B the bands of a block follow one another, in mode S the blocks of a band do.
                let place =
                    if storage.mode == Mode::Block { number % planes * count + number / planes } else { number };
                ranges[place] = Some(stream);
            }
        }
        let coding = self.coding_of(blocks, ranges.iter().flatten().min_by_key(|range| range.start))?;
        Ok(Index::new("JPEG streams", ranges, coding))
    }
}

/// The streams of a range: by their lengths if it has these, or else by their markers.
fn all_streams(data: &SegmentData, range: Range<u64>, count: usize) -> Result<Vec<Range<u64>>> {
    match framed_streams(&*data.source, range.clone(), count)? {
        Some(found) => Ok(found),
        None => streams(&*data.source, range, count),
    }
}

/// The stream of a segment that is one stream with all its tables.
pub(super) struct OnlyStream {
    /// The image of the stream.
    pub(super) image: JpegImage,
    /// The stream, if other containers can hold it: without the segment APP6, its colour is that of any JPEG file.
    pub(super) stream: Option<Arc<dyn BlockStore>>,
}

impl OnlyStream {
    /// The stream of a segment with this layout; `None` for any other segment.
    pub(super) fn of(data: &SegmentData, limits: Limits, shown: &ImageLayout) -> Option<Self> {
        let Range { start, end } = data.range;
        if data.is_masked || shown.grid.count() > 1 {
            return None;
        }
        let source: Arc<dyn ByteSource> =
            Arc::new(SourceRange::new(Arc::clone(&data.source), start, end - start).ok()?);
        let header = Header::read(&*source, &limits).ok()?;
        // A segment may leave out tables, which a JPEG file may not.
        if ![markers::DQT, markers::DHT].into_iter().all(|marker| has_tables(&header, marker)) {
            return None;
        }
        let (color, header) = (color_of(&header), Arc::new(header));
        let image = JpegImage::new(Arc::clone(&source), Arc::clone(&header), limits).ok()?;
        let is_same = |layout: &ImageLayout| {
            let grid = layout.grid;
            (grid.columns(), grid.rows(), layout.bands, layout.sample)
                == (shown.grid.columns(), shown.grid.rows(), shown.bands, shown.sample)
        };
        if !is_same(image.layout()) {
            return None;
        }
        let rest = header.raw.len() as u64..source.size();
        let is_plain = color == header.color();
        let stream = is_plain.then(|| StoredStream::block(source, rest, image.layout(), header)).transpose().ok()?;
        Some(Self { image: image.inside(color, shown), stream })
    }
}

impl JpegBlocks {
    /// The coding of the streams, by the header of the first.
    fn coding_of(&self, blocks: &SegmentBlocks, first: Option<&Range<u64>>) -> Result<Coding> {
        let SegmentBlocks { data, limits, storage, .. } = blocks;
        let pixels = PixelCoding::new(storage.bands / storage.planes(), storage.sample);
        let Some(Range { start, end }) = first else { return Ok(Coding::new(pixels, Params::default())) };
        let source = SourceRange::new(Arc::clone(&data.source), *start, end - start)?;
        let header = Header::read(&source, limits).map_err(|error| error.segment(&data.key))?;
        let needs_steps = header.frame.process != markers::Process::Lossless;
        let is_grey = (header.frame.components.len(), header.frame.precision) == (1, 8);
        // Later streams may leave out tables that the first one has. Tables of 8 bits may be missing everywhere.
        let mut tables = vec![0xFF, markers::SOI];
        if needs_steps && !has_tables(&header, markers::DQT) && !(is_grey && put_table(&self.rate, &mut tables)) {
            let error = Error::unsupported("JPEG stream without quantisation tables, which its level names,");
            let error = error.field("COMRAT").found(&self.rate);
            return Err(error.allowed("00.1 to 00.5 for one band of 8 bits").segment(&data.key));
        }
        if header.frame.precision == 8 {
            put_standard_huffman_tables(&mut tables);
        }
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

impl Storage {
    /// Checks that a JPEG image may have these samples and this mode (MIL-STD-188-198A, N0106-97, Joint BIIF Profile Table G-1).
    ///
    /// # Errors
    /// [`Error::Unsupported`] that names the field.
    pub(super) fn check_jpeg(&self, ic: Ic) -> Result<()> {
        let (is_depth, depths) = match ic.coding {
            IcCoding::LosslessJpeg => ((2..=16).contains(&self.bits), "2 to 16"),
            // GDAL also states 16 bits for streams of 12.
            IcCoding::Jpeg => (matches!(self.bits, 8 | 12 | 16), "8 or 12"),
            _ => (self.bits == 8, "8"),
        };
        if !is_depth || self.sample.is_signed_integer() || !self.sample.is_integer() {
            let error = Error::unsupported("samples of a JPEG image,").field("PVTYPE, NBPP");
            return Err(error.found(format!("{}, {}", self.sample, self.bits)).allowed(format!("INT, {depths}")));
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
