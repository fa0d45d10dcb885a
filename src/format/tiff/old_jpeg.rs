//! Old-style JPEG (Compression 6, TIFF 6.0 §22): where the tables of the blocks stand, and decoding of blocks without them.
//!
//! A block is a complete stream, or the data of a scan. The header of such data is that of the stream under
//! `JPEGInterchangeFormat`, or consists of the tables in the directory. The lossless process is not read, and neither are bands
//! that are stored apart.

use super::directory::Directory;
use super::field::FieldValue;
use super::{tags, ycbcr};
use crate::codec::jpeg::markers::{DHT, DQT, DRI, EOI, SOF0, SOI, SOS, is_frame};
use crate::codec::jpeg::segments::{next_segment, write_segment};
use crate::codec::{BlockDecoder, BlockShape, Scratch};
use crate::error::Result;
use crate::io::ByteSource;

/// The value of `JPEGProc` for the lossless process.
const LOSSLESS: u64 = 14;

/// Bytes of a quantisation table, and of the code counts before the symbols of a Huffman table.
const STEPS: usize = 64;
const COUNTS: usize = 16;

/// The most bytes before the scan of a stream.
const LONGEST_HEADER: u64 = 64 << 10;

/// Decodes blocks; `decoder` decodes complete streams.
pub(super) struct OldJpeg {
    decoder: Box<dyn BlockDecoder>,
    /// The marker segments between the start of the image and the data of the scan; empty if the file has none.
    header: Vec<u8>,
    /// Where the header states rows and columns.
    size_at: usize,
}

/// The buffer that [`OldJpeg`] keeps from block to block.
#[derive(Default)]
struct Whole(Vec<u8>);

impl OldJpeg {
    /// The decoder of the blocks of a directory with `samples` samples per pixel.
    ///
    /// # Errors
    /// [`crate::Error::Unsupported`] for the lossless process; [`crate::Error::Malformed`] for tables outside of the file.
    pub(super) fn new(
        decoder: Box<dyn BlockDecoder>,
        directory: &Directory,
        source: &dyn ByteSource,
        samples: u32,
    ) -> Result<Self> {
        if directory.unsigned(tags::JPEG_PROC)? == Some(LOSSLESS) {
            return Err(directory.unsupported(tags::JPEG_PROC, LOSSLESS).allowed("1 (the baseline process)"));
        }
        let found = match header_of_stream(directory, source)? {
            Some(found) => found,
            None => header_of_tables(directory, source, samples)?.unwrap_or_default(),
        };
        let (header, size_at) = found;
        Ok(Self { decoder, header, size_at })
    }

    /// Passes a complete stream of a block to `decode`.
    fn whole<T>(
        &self,
        shape: BlockShape,
        data: &[u8],
        scratch: &mut Scratch,
        decode: impl FnOnce(&[u8], &mut Scratch) -> T,
    ) -> T {
        if self.header.is_empty() || data.starts_with(&[0xFF, SOI]) {
            return decode(data, scratch);
        }
        let Whole(mut whole) = std::mem::take(scratch.state());
        whole.clear();
        whole.extend_from_slice(&[0xFF, SOI]);
        whole.extend_from_slice(&self.header);
        // A frame has 16 bits for a side; the decoder refuses one that does not hold the block.
        let sides = [shape.rows, shape.columns].map(|side| (side.min(u16::MAX.into()) as u16).to_be_bytes());
        whole[2 + self.size_at..][..4].copy_from_slice(sides.as_flattened());
        // Lengths of blocks may be too large. In the data of a scan, these markers cannot occur.
        let is_end = |pair: &[u8]| matches!(pair, [0xFF, SOI | EOI]);
        let end = data.windows(2).position(is_end).unwrap_or(data.len());
        whole.extend_from_slice(&data[..end]);
        whole.extend_from_slice(&[0xFF, EOI]);
        let decoded = decode(&whole, scratch);
        *scratch.state() = Whole(whole);
        decoded
    }
}

impl BlockDecoder for OldJpeg {
    fn decode(&self, shape: BlockShape, data: &[u8], out: &mut [u8], scratch: &mut Scratch) -> Result<()> {
        self.whole(shape, data, scratch, |data, scratch| self.decoder.decode(shape, data, out, scratch))
    }

    fn decode_rows(&self, shape: BlockShape, data: &[u8], out: &mut [u8], scratch: &mut Scratch) -> u32 {
        self.whole(shape, data, scratch, |data, scratch| self.decoder.decode_rows(shape, data, out, scratch))
    }
}

/// The header of the stream under `JPEGInterchangeFormat`, and where it states its size. `None` if it is not a stream: the
/// tag is often wrong.
fn header_of_stream(directory: &Directory, source: &dyn ByteSource) -> Result<Option<(Vec<u8>, usize)>> {
    let Ok(Some(offset)) = directory.unsigned(tags::JPEG_INTERCHANGE_FORMAT) else { return Ok(None) };
    let length = source.size().saturating_sub(offset).min(LONGEST_HEADER);
    let data = source.read_range(offset.min(source.size()), length)?;
    if !data.starts_with(&[0xFF, SOI]) {
        return Ok(None);
    }
    let (mut at, mut size_at) = (2, None);
    while let Ok(Some(segment)) = next_segment(&data, at) {
        at = segment.end;
        if is_frame(segment.marker) && segment.payload.len() > 4 {
            // Marker, length and precision precede the size.
            size_at = Some(segment.offset + 5 - 2);
        }
        if segment.marker == SOS {
            return Ok(size_at.map(|size_at| (data[2..segment.end].to_vec(), size_at)));
        }
    }
    Ok(None)
}

/// A header from the tables of the directory, one of each kind per component. `None` if the directory has none.
fn header_of_tables(directory: &Directory, source: &dyn ByteSource, samples: u32) -> Result<Option<(Vec<u8>, usize)>> {
    let places = |tag| match directory.get(tag) {
        Ok(Some(FieldValue::Unsigned(offsets))) if offsets.len() >= samples as usize => Some(offsets.clone()),
        _ => None,
    };
    let kinds = (places(tags::JPEG_Q_TABLES), places(tags::JPEG_DC_TABLES), places(tags::JPEG_AC_TABLES));
    let ((Some(steps), Some(dc), Some(ac)), 1..=4) = (kinds, samples) else { return Ok(None) };
    let (mut header, mut scan) = (Vec::new(), vec![samples as u8]);
    let (mut tables, mut components) = (Distinct::default(), Vec::new());
    let (horizontal, vertical) = if samples == 3 { ycbcr::subsampling(directory)? } else { (1, 1) };
    for component in 0..samples as usize {
        let steps = tables.number(0, source.read_range(steps[component], STEPS as u64)?);
        let [dc, ac]: [Result<u8>; 2] = [(1, dc[component]), (2, ac[component])].map(|(kind, offset)| {
            let counts = source.read_range(offset, COUNTS as u64)?;
            let symbols: u64 = counts.iter().map(|count| u64::from(*count)).sum();
            Ok(tables.number(kind, source.read_range(offset, COUNTS as u64 + symbols)?))
        });
        let id = component as u8 + 1;
        let factors = if component == 0 { horizontal << 4 | vertical } else { 0x11 };
        components.extend_from_slice(&[id, factors, steps]);
        scan.extend_from_slice(&[id, dc? << 4 | ac?]);
    }
    for (kind, number, table) in tables.0 {
        match kind {
            0 => write_segment(DQT, &[&[number], &table], &mut header),
            _ => write_segment(DHT, &[&[(kind - 1) << 4 | number], &table], &mut header),
        }
    }
    if let Some(interval) = directory.unsigned(tags::JPEG_RESTART_INTERVAL)?.and_then(|rows| u16::try_from(rows).ok()) {
        write_segment(DRI, &[&interval.to_be_bytes()], &mut header);
    }
    // Marker, length and precision precede the size.
    let size_at = header.len() + 5;
    write_segment(SOF0, &[&[8, 0, 0, 0, 0, samples as u8], &components], &mut header);
    scan.extend_from_slice(&[0, 63, 0]);
    write_segment(SOS, &[&scan], &mut header);
    Ok(Some((header, size_at)))
}

/// Tables with their kind and number. Equal tables have one number: the baseline process has two of each kind.
#[derive(Default)]
struct Distinct(Vec<(u8, u8, Vec<u8>)>);

impl Distinct {
    /// The number of a table.
    fn number(&mut self, kind: u8, table: Vec<u8>) -> u8 {
        let mut same_kind = self.0.iter().filter(|known| known.0 == kind);
        if let Some(known) = same_kind.clone().find(|known| known.2 == table) {
            return known.1;
        }
        let number = same_kind.by_ref().count() as u8;
        self.0.push((kind, number, table));
        number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_tables_have_one_number() {
        let mut tables = Distinct::default();
        let numbers: Vec<u8> = [(0, 1), (0, 2), (1, 1), (0, 2), (1, 3)]
            .iter()
            .map(|(kind, byte)| tables.number(*kind, vec![*byte]))
            .collect();
        assert_eq!((numbers, tables.0.len()), (vec![0, 1, 0, 1, 1], 4));
    }
}
