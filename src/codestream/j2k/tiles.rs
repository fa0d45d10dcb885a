//! The tiles of a codestream as the stored blocks of an image, at one resolution.

use std::ops::Range;
use std::sync::Arc;

use super::level::Level;
use super::samples::{bits, put_row};
use crate::codec::Scratch;
use crate::codec::j2k::geometry::TileGrid;
use crate::codec::j2k::header::MainHeader;
use crate::codec::j2k::index::{Index, TilePart};
use crate::codec::j2k::markers::{ALONE, COM, Com, write_segment};
use crate::codec::j2k::packed_headers::PackedHeaders;
use crate::codec::j2k::stored_tile::StoredTile;
use crate::codec::j2k::tile_decoder::{TileRequest, decode};
use crate::codec::j2k::{NARROW_BITS, Wire};
use crate::codestream::StreamHeader;
use crate::error::{Error, Result};
use crate::image::{BlockCoding, BlockStore, IdleThreads, ImageLayout, Interleave, Piece, StoredBlock, Window};
use crate::io::{ByteSource, Lazy};
use crate::limits::Limits;

/// A codestream, which fills its source.
pub(crate) struct Codestream {
    /// The codestream.
    pub(crate) source: Arc<dyn ByteSource>,
    /// Its main header.
    pub(crate) header: MainHeader,
    /// Where the first tile-part begins.
    first: u64,
    /// What messages add to the number of a tile, such as the segment that holds the codestream.
    place: String,
    limits: Limits,
    index: Lazy<Index>,
    packed: Lazy<PackedHeaders>,
    presence: Option<Box<dyn Presence>>,
}

/// What a container states of the tiles of its codestream.
pub(crate) trait Presence: Send + Sync {
    /// True if the tile holds pixels of the image.
    ///
    /// # Errors
    /// Errors of reading the container's tables.
    fn has_tile(&self, tile: u16) -> Result<bool>;

    /// True if every tile is known to hold pixels.
    fn is_dense(&self) -> bool;
}

/// The tiles at one resolution.
pub(super) struct Tiles {
    codestream: Arc<Codestream>,
    level: Level,
    layout: ImageLayout,
}

impl Codestream {
    /// Reads the main header of a codestream. `place` follows the number of a tile in messages; it may be empty.
    ///
    /// # Errors
    /// As [`MainHeader::read`].
    pub(crate) fn open(source: Arc<dyn ByteSource>, limits: Limits, place: &str) -> Result<Self> {
        let read = || MainHeader::read(&mut MainHeader::look_ahead(&*source)?, 0);
        let (header, first) = read().map_err(|error| in_file(error, &*source))?;
        let (index, packed) = (Lazy::default(), Lazy::default());
        Ok(Self { source, header, first, place: place.to_owned(), limits, index, packed, presence: None })
    }

    /// The same codestream in a container that states which tiles hold pixels.
    #[must_use]
    pub(crate) fn with_presence(self, presence: Option<Box<dyn Presence>>) -> Self {
        Self { presence, ..self }
    }

    /// The bytes of the main header.
    ///
    /// # Errors
    /// [`Error::Limit`] for a header that is too long, and the errors of the source.
    pub(crate) fn raw_header(&self) -> Result<Vec<u8>> {
        self.limits.check_metadata("main header", self.first)?;
        self.source.read_range(0, self.first)
    }

    /// The offset of the first tile-part.
    pub(crate) fn tiles_at(&self) -> u64 {
        self.first
    }

    /// The main header with these comments in place of its own.
    ///
    /// # Errors
    /// As [`Codestream::raw_header`].
    pub(crate) fn header_with(&self, comments: &[Com]) -> Result<Vec<u8>> {
        let raw = self.raw_header()?;
        if *comments == self.header.comments {
            return Ok(raw);
        }
        // SOC stands alone; every other marker precedes the length of its segment, which has been read.
        let (mut out, mut rest) = (raw[..2].to_vec(), &raw[2..]);
        while let [marker @ .., _, _] = rest.get(..4).unwrap_or_default() {
            let is_alone = ALONE.contains(&u16::from_be_bytes([rest[0], rest[1]]));
            let length = if is_alone { 2 } else { 2 + usize::from(u16::from_be_bytes([rest[2], rest[3]])) };
            let (segment, after) = rest.split_at(length.min(rest.len()));
            if marker != COM.to_be_bytes() {
                out.extend_from_slice(segment);
            }
            rest = after;
        }
        for comment in comments {
            write_segment(COM, |out| comment.write(out), &mut out);
        }
        Ok(out)
    }

    /// The limits on memory.
    pub(super) fn limits(&self) -> Limits {
        self.limits
    }

    fn index(&self) -> Result<&Index> {
        self.index.get_or_make(|| Index::read(&*self.source, &self.header, self.first, &self.limits))
    }

    fn packed(&self) -> Result<&PackedHeaders> {
        self.packed.get_or_make(|| PackedHeaders::read(&self.header.ppm))
    }

    /// True if the first three components are transformed together, as far as the main header states.
    fn has_component_transform(&self) -> bool {
        self.header.parameters.cod.as_ref().is_some_and(|cod| cod.component_transform == 1)
    }
}

impl StreamHeader for Codestream {
    fn is_complete(&self) -> bool {
        let (across, down) = TileGrid::new(&self.header.siz).count();
        let is_complete = self.index().and_then(|index| index.is_complete(across * down, &*self.source));
        is_complete.unwrap_or_default()
    }
}

impl Tiles {
    /// The tiles of a codestream at a resolution; `layout` has their blocks.
    pub(super) fn new(codestream: Arc<Codestream>, level: Level, layout: ImageLayout) -> Self {
        Self { codestream, level, layout }
    }
}

impl BlockStore for Tiles {
    fn source(&self) -> &Arc<dyn ByteSource> {
        &self.codestream.source
    }

    fn layout(&self) -> &ImageLayout {
        &self.layout
    }

    /// Components that are transformed together are decoded together; others are decoded one by one.
    fn interleave(&self) -> Interleave {
        if self.codestream.has_component_transform() { Interleave::Row } else { Interleave::Band }
    }

    fn is_cropped(&self) -> bool {
        true
    }

    fn has_block(&self, block: StoredBlock) -> Result<bool> {
        let tile = self.level.tile_of(block.at);
        self.codestream.presence.as_ref().map_or(Ok(true), |presence| presence.has_tile(tile))
    }

    fn is_dense(&self) -> bool {
        self.codestream.presence.as_ref().is_none_or(|presence| presence.is_dense())
    }

    fn range(&self, block: StoredBlock) -> Result<Option<Range<u64>>> {
        if !self.has_block(block)? {
            return Ok(None);
        }
        match self.codestream.index()?.tile(self.level.tile_of(block.at))? {
            [part] => Ok(Some(part.bytes.clone())),
            _ => Err(Error::unsupported("tile with several tile-parts as one range of bytes")),
        }
    }

    fn coding(&self) -> Option<&dyn BlockCoding> {
        None
    }

    fn part_cost(&self, window: Window, bytes: usize) -> usize {
        let coding = self.codestream.header.parameters.coding(0);
        let code_block = coding.map_or((64, 64), |coding| (4u64 << coding.block_width, 4u64 << coding.block_height));
        let pixels = decoded_pixels(window, code_block).saturating_mul(bytes as u64) / window.pixels().max(1);
        usize::try_from(pixels).unwrap_or(usize::MAX)
    }

    fn piece(&self, block: StoredBlock, window: Window) -> Result<Option<Piece>> {
        if !self.has_block(block)? {
            return Ok(None);
        }
        let components = &self.codestream.header.siz.components.0;
        let parts = self.codestream.index()?.parts_of(self.level.tile_of(block.at));
        let parts = parts.map_err(|error| in_file(error, &**self.source()).segment(self.name(block)))?;
        // The decoder holds each sample before and after a transform, in 32 bits, or in 64 if it has many.
        let bytes = if components.iter().map(bits).any(|bits| bits > NARROW_BITS) { 16 } else { 8 };
        let planes = if self.interleave() == Interleave::Row { components.len() as u64 } else { 1 };
        let samples = window.pixels().saturating_mul(planes);
        self.codestream.limits.check_block(
            "samples of a tile",
            samples.saturating_mul(bytes),
            0,
            self.source().size(),
        )?;
        Ok(Some(Piece { bytes: parts.iter().map(|part| part.bytes.clone()).collect(), window }))
    }

    fn decode(
        &self,
        block: StoredBlock,
        piece: &Piece,
        stored: &[&[u8]],
        out: &mut [u8],
        scratch: &mut Scratch,
    ) -> Result<()> {
        let parts = self.codestream.index()?.tile(self.level.tile_of(block.at));
        let decoded =
            parts.and_then(|parts| self.decode_tile((block, parts, true), piece, stored, (out, &scratch.idle)));
        decoded.map_err(|error| in_file(error, &**self.source()))
    }

    /// The packets that are whole give all rows, with less detail.
    fn decode_rows(
        &self,
        block: StoredBlock,
        piece: &Piece,
        stored: &[&[u8]],
        out: &mut [u8],
        scratch: &mut Scratch,
    ) -> u32 {
        let parts = self.codestream.index().and_then(|index| index.parts_of(self.level.tile_of(block.at)));
        let decoded =
            parts.and_then(|parts| self.decode_tile((block, parts, false), piece, stored, (out, &scratch.idle)));
        if decoded.is_ok() { piece.window.height } else { 0 }
    }

    fn name(&self, block: StoredBlock) -> String {
        format!("tile {}{}", self.level.tile_of(block.at), self.codestream.place)
    }
}

impl Tiles {
    fn decode_tile(
        &self,
        (block, parts, is_strict): (StoredBlock, &[TilePart], bool),
        piece: &Piece,
        stored: &[&[u8]],
        (out, idle): (&mut [u8], &IdleThreads),
    ) -> Result<()> {
        let Codestream { header, limits, .. } = &*self.codestream;
        let tile = StoredTile::read(header, self.codestream.packed()?, parts, stored, limits, is_strict)?;
        let area = self.level.area(block.at, piece.window);
        let is_apart = self.interleave() == Interleave::Band;
        // A tile may transform components although the main header states that none are.
        let is_together = !is_apart || (tile.has_component_transform() && block.plane < 3);
        let decoded = decode(
            &tile,
            &TileRequest {
                area: area.decoded,
                reduction: self.level.reduction,
                components: if is_together { &[] } else { std::slice::from_ref(&block.plane) },
                idle,
            },
        )?;
        let planes = decoded.planes()?;
        let (components, sample) = (&header.siz.components.0, self.layout.sample);
        let wanted: Vec<(usize, usize)> = match (is_apart, is_together) {
            (true, true) => vec![(block.plane as usize, block.plane as usize)],
            (true, false) => vec![(block.plane as usize, 0)],
            (false, _) => (0..components.len()).map(|band| (band, band)).collect(),
        };
        let row_bytes = piece.window.width as usize * sample.bytes();
        let mut rows = out.chunks_exact_mut(row_bytes);
        for y in 0..piece.window.height {
            for (band, place) in &wanted {
                let missing = || Error::malformed("tile: the decoder returned no component").found(band);
                let (component, plane) = components.get(*band).zip(planes.get(*place)).ok_or_else(missing)?;
                let Some(row) = rows.next() else { return Ok(()) };
                put_row(&self.level, &area, component, plane, y, (sample, row))?;
            }
        }
        Ok(())
    }
}

/// The pixels, about, whose decoding costs as much as that of a window. At each resolution code-blocks reach beyond the window,
/// by half of one on each side. Measured: a window of 256 × 256 of a tile of 1024 × 1024 costs 0.23 of the tile, one of 64 × 64
/// costs 0.08; the result is 0.19 and 0.06.
fn decoded_pixels(window: Window, code_block: (u64, u64)) -> u64 {
    (u64::from(window.width) + 3 * code_block.0) * (u64::from(window.height) + 3 * code_block.1)
}

/// An error whose offset counts from the beginning of the file.
fn in_file(error: Error, source: &dyn ByteSource) -> Error {
    match error.detail().and_then(|detail| detail.offset) {
        Some(offset) => error.at(source.origin().saturating_add(offset)),
        None => error,
    }
}
