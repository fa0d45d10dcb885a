//! Converts blocks of pixels to tiles and strips. They are compressed and appended in order, or written to their places if
//! their sizes are known beforehand.

use super::layout::BYTE_ORDER;
use crate::codec::{
    BlockEncoder, BlockPixels, BlockShape, Borrow, Coding, Encoded, Gathering, ImageEncoder, Pieces, PixelCoding,
    Scratch,
};
use crate::error::Result;
use crate::image::{BlockGrid, BlockIndex, Interleave, Padding};
use crate::pipeline::BlockPlaces;

/// Encodes the tiles or strips of an image, one piece for each plane.
pub(super) struct TiffEncoder {
    storage: BlockStorage,
    encoder: Box<dyn BlockEncoder>,
    gathering: Gathering,
    /// True if blocks are stored as they are in memory.
    verbatim: bool,
    identity: String,
}

/// The cutting and storage of an image's blocks.
#[derive(Debug, Clone, Copy)]
pub(super) struct BlockStorage {
    /// The blocks: tiles, or strips as wide as the image.
    pub(super) grid: BlockGrid,
    /// True for tiles, which are stored in full; strips are cut at the last row.
    pub(super) tiled: bool,
    /// Number of planes that are stored apart: the bands, or one that holds them all.
    pub(super) planes: u32,
    /// The form of a pixel of a plane.
    pub(super) pixels: PixelCoding,
}

/// The positions of an image's blocks in the file, plane after plane, each in row-major order.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct BlockRanges {
    /// Offsets; 0 for an absent block.
    pub(super) offsets: Vec<u64>,
    /// Bytes; 0 for an absent block.
    pub(super) counts: Vec<u64>,
}

/// The part of the file that holds the uncompressed blocks of an image.
#[derive(Debug, Clone, Copy)]
pub(super) struct DataArea {
    start: u64,
    storage: BlockStorage,
}

impl TiffEncoder {
    /// The encoder for blocks of this kind; `uncompressed` is true if they are stored unchanged.
    ///
    /// # Errors
    /// As [`Coding::encoder`].
    pub(super) fn new(storage: BlockStorage, coding: &Coding, padding: Padding, uncompressed: bool) -> Result<Self> {
        let pixels = &storage.pixels;
        let verbatim = uncompressed
            && pixels.bits == pixels.sample.bits()
            && (BYTE_ORDER.is_native() || pixels.sample.swap_unit() == 1);
        let interleave = if storage.planes > 1 { Interleave::Band } else { Interleave::Pixel };
        let borrow = match (verbatim, storage.planes) {
            (false, _) => Borrow::Nothing,
            (true, 1) => Borrow::Block(interleave),
            (true, _) => Borrow::Bands,
        };
        let gathering = Gathering { interleave, padding, absent: None, borrow };
        let identity = format!("TIFF {storage:?} {coding:?} {gathering:?}");
        Ok(Self { storage, encoder: coding.encoder()?, gathering, verbatim, identity })
    }

    /// True if the size of every block is known beforehand.
    pub(super) fn is_verbatim(&self) -> bool {
        self.verbatim
    }
}

impl ImageEncoder for TiffEncoder {
    fn gathering(&self) -> &Gathering {
        &self.gathering
    }

    fn identity(&self) -> String {
        self.identity.clone()
    }

    fn encode<'p>(
        &self,
        at: BlockIndex,
        pixels: BlockPixels<'p>,
        out: &mut Encoded,
        scratch: &mut Scratch,
    ) -> Result<Pieces<'p>> {
        let raw = match pixels {
            BlockPixels::Borrowed(bytes) => return Ok(Pieces::Of(vec![bytes])),
            BlockPixels::Bands(bands) => return Ok(Pieces::Of(bands)),
            BlockPixels::Gathered(raw) => raw,
        };
        let shape = self.storage.shape(at);
        let planes = raw.chunks_exact_mut(self.storage.pixels.block_bytes(shape));
        if self.verbatim {
            return Ok(Pieces::Of(planes.map(|plane| &*plane).collect()));
        }
        for plane in planes {
            out.piece(|bytes| self.encoder.encode(shape, plane, bytes, scratch))?;
        }
        Ok(Pieces::Appended)
    }
}

impl BlockStorage {
    /// The shape of a stored block: the last strip is cut.
    fn shape(&self, at: BlockIndex) -> BlockShape {
        let rows = if self.tiled { self.grid.block_rows() } else { self.grid.block_window(at).height };
        BlockShape::new(self.grid.block_columns(), rows)
    }

    fn row_bytes(&self) -> u64 {
        self.pixels.row_bytes(self.grid.block_columns()) as u64
    }

    /// Bytes of a full block of one plane.
    fn block_bytes(&self) -> u64 {
        self.row_bytes() * u64::from(self.grid.block_rows())
    }

    /// Bytes of a plane.
    fn plane_bytes(&self) -> u64 {
        if self.tiled { self.grid.count() * self.block_bytes() } else { u64::from(self.grid.rows()) * self.row_bytes() }
    }
}

impl DataArea {
    /// The area that begins at `start`.
    pub(super) fn new(storage: BlockStorage, start: u64) -> Self {
        Self { start, storage }
    }

    /// Bytes of the area.
    pub(super) fn bytes(&self) -> u64 {
        self.storage.plane_bytes() * u64::from(self.storage.planes)
    }

    /// Where the planes of a block lie.
    pub(super) fn ranges(&self, at: BlockIndex) -> impl Iterator<Item = (u64, u64)> {
        let length = self.storage.pixels.block_bytes(self.storage.shape(at)) as u64;
        (0..self.storage.planes).map(move |plane| (self.place(at, plane), length))
    }

    fn place(&self, at: BlockIndex, plane: u32) -> u64 {
        let position = self.storage.grid.position(at);
        self.start + u64::from(plane) * self.storage.plane_bytes() + position * self.storage.block_bytes()
    }
}

impl BlockPlaces for DataArea {
    fn offset(&self, at: BlockIndex, piece: usize) -> Option<u64> {
        Some(self.place(at, piece as u32))
    }
}
