//! The storage of pixels in an uncompressed image segment: sample type, blocks, interleave, and the place of each part.

use crate::codec::PixelCoding;
use crate::error::{Error, Result};
use crate::image::{BlockGrid, ImageLayout, PadValue, SampleType};
use crate::io::ByteOrder;
use crate::schema::Record;

/// The order of bands (IMODE).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Mode {
    /// `B`: in each block, band after band.
    Block,
    /// `P`: in each block, all bands of a pixel.
    Pixel,
    /// `R`: in each block, all bands of a row.
    Row,
    /// `S`: all blocks of a band, then those of the next.
    Sequential,
}

/// The storage of an image segment.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Storage {
    pub(super) grid: BlockGrid,
    pub(super) bands: u32,
    pub(super) sample: SampleType,
    /// NBPP.
    pub(super) bits: u32,
    /// ABPP.
    pub(super) actual_bits: u32,
    /// Unused bits, by which samples are shifted down if their actual bits are the upper ones (PJUST L).
    pub(super) shift: u32,
    pub(super) mode: Mode,
}

impl Storage {
    /// The storage that a subheader describes.
    ///
    /// # Errors
    /// [`Error::Malformed`] for values that contradict each other, [`Error::Unsupported`] for pixel types that are not
    /// read.
    pub(super) fn read(subheader: &Record) -> Result<Self> {
        let int = |name: &str| {
            let value = subheader.int(name).and_then(|value| u32::try_from(value).ok());
            value.ok_or_else(|| {
                let found = subheader.get(name).map(ToString::to_string).unwrap_or_default();
                Error::malformed("image subheader field").field(name).found(found).allowed("a number")
            })
        };
        let (rows, columns) = (int("NROWS")?, int("NCOLS")?);
        let (across, down) = (int("NBPR")?, int("NBPC")?);
        // 0000 means the whole side, which may be too long for the field.
        let side = |name: &str, blocks: u32, whole: u32| -> Result<u32> {
            match int(name)? {
                0 if blocks == 1 => Ok(whole),
                size => Ok(size),
            }
        };
        let grid = BlockGrid::new(columns, rows, side("NPPBH", across, columns)?, side("NPPBV", down, rows)?)
            .map_err(|error| Error::malformed("image size or block size").found(error))?;
        if grid.across() > across || grid.down() > down {
            return Err(Error::malformed("number of blocks")
                .field("NBPR, NBPC")
                .found(format!("{across}, {down}"))
                .allowed(format!("{}, {}", grid.across(), grid.down())));
        }
        let bands = match int("NBANDS")? {
            0 => int("XBANDS")?,
            bands => bands,
        };
        let bits = int("NBPP")?;
        let actual_bits = int("ABPP")?.clamp(1, bits.max(1));
        let sample = sample_type(subheader.text("PVTYPE").unwrap_or_default(), bits)?;
        let left = subheader.text("PJUST") == Some("L") && sample.is_integer();
        let mode = match subheader.text("IMODE") {
            Some("P") => Mode::Pixel,
            Some("R") => Mode::Row,
            Some("S") => Mode::Sequential,
            Some("B") => Mode::Block,
            other => return Err(Error::malformed("IMODE").found(format!("{other:?}")).allowed("B, P, R or S")),
        };
        let mode = if bands == 1 && mode != Mode::Sequential { Mode::Block } else { mode };
        let stored =
            Self { grid, bands, sample, bits, actual_bits, shift: if left { bits - actual_bits } else { 0 }, mode };
        // Blocks outside of the image are stored all the same.
        if (across, down) != (grid.across(), grid.down()) {
            let error = Error::unsupported("blocks outside of the image").field("NBPR, NBPC");
            return Err(error.found(format!("{across}, {down}")).allowed(format!(
                "{}, {}",
                grid.across(),
                grid.down()
            )));
        }
        Ok(stored)
    }

    /// Checks that an uncompressed image may have this number of bits (2500C Table A-2(A)).
    ///
    /// # Errors
    /// [`Error::Unsupported`] that names the field.
    pub(super) fn check_uncompressed(&self) -> Result<()> {
        if UNCOMPRESSED_BITS.contains(&self.bits) {
            return Ok(());
        }
        let error = Error::unsupported("bit depth of an uncompressed image,").field("NBPP");
        Err(error.found(self.bits).allowed(UNCOMPRESSED_BITS.map(|bits| bits.to_string()).join(", ")))
    }

    /// The image as the engine sees it, with blocks of about `limit` bytes at most: a single block that is the whole image is
    /// cut into bands of rows.
    pub(super) fn layout(&self, pad: PadValue, limit: u64) -> Result<ImageLayout> {
        let grid = self.grid;
        let row = u64::from(grid.block_columns()) * u64::from(self.bands) * self.sample.bytes() as u64;
        let rows = (limit / row.max(1)).clamp(1, u64::from(grid.block_rows())) as u32;
        let rows = if grid.down() == 1 { rows } else { grid.block_rows() };
        let grid = BlockGrid::new(grid.columns(), grid.rows(), grid.block_columns(), rows)?;
        let mut layout = ImageLayout::new(grid, self.bands, self.sample)?;
        layout.bits_per_sample = self.bits;
        layout.actual_bits = self.actual_bits;
        layout.pad = pad;
        Ok(layout)
    }

    /// Planes of a block: one for each band in modes B and S, one for all bands in modes P and R.
    pub(super) fn planes(&self) -> u32 {
        if matches!(self.mode, Mode::Pixel | Mode::Row) { 1 } else { self.bands }
    }

    /// Samples of a row of a plane.
    pub(super) fn row_samples(&self) -> u64 {
        u64::from(self.grid.block_columns()) * u64::from(self.bands / self.planes())
    }

    /// Bits of the first `rows` rows of a plane.
    pub(super) fn row_bits(&self, rows: u32) -> u64 {
        self.row_samples().saturating_mul(self.bits.into()).saturating_mul(rows.into())
    }

    /// The least number of rows of a plane that fill whole bytes.
    pub(super) fn aligned_rows(&self) -> u32 {
        8 >> self.row_bits(1).trailing_zeros().min(3)
    }

    /// How a sample is stored.
    pub(super) fn sample_coding(&self) -> PixelCoding {
        PixelCoding { samples: 1, sample: self.sample, bits: self.bits, byte_order: ByteOrder::Big }
    }

    /// True if every sample is a whole number of bytes.
    pub(super) fn is_whole_bytes(&self) -> bool {
        self.bits == self.sample.bits()
    }

    /// Bytes of one plane of a block: one band in modes B and S, all bands in modes P and R.
    pub(super) fn plane_bytes(&self) -> u64 {
        self.row_bits(self.grid.block_rows()).div_ceil(8)
    }

    /// Bytes of a stored block: all bands, one band in mode S.
    pub(super) fn block_bytes(&self) -> u64 {
        let planes = if self.mode == Mode::Block { u64::from(self.bands) } else { 1 };
        self.plane_bytes().saturating_mul(planes)
    }

    /// All stored blocks; in mode S each band has its own.
    pub(super) fn stored_blocks(&self) -> u64 {
        let bands = if self.mode == Mode::Sequential { u64::from(self.bands) } else { 1 };
        self.grid.count().saturating_mul(bands)
    }
}

/// The layout of an image as its subheader describes it, whether or not its pixels can be decoded. If the blocks make no sense,
/// the whole image is one block. If the sample type cannot have these bits, samples are unsigned integers that hold them.
///
/// # Errors
/// [`Error::Malformed`] for an image without size or bands.
pub(super) fn described_layout(subheader: &Record) -> Result<ImageLayout> {
    let int = |name: &str| subheader.int(name).and_then(|value| u32::try_from(value).ok());
    let side = |name: &str| {
        int(name).filter(|side| *side > 0).ok_or_else(|| Error::malformed("image subheader field").field(name))
    };
    let (rows, columns) = (side("NROWS")?, side("NCOLS")?);
    let bands = int("NBANDS").filter(|bands| *bands > 0).or_else(|| int("XBANDS")).filter(|bands| *bands > 0);
    let bands = bands.ok_or_else(|| Error::malformed("image subheader field").field("NBANDS, XBANDS"))?;
    let bits = int("NBPP").unwrap_or(8).clamp(1, 64);
    let sample =
        sample_type(subheader.text("PVTYPE").unwrap_or_default(), bits).or_else(|_| sample_type("INT", bits))?;
    let block = |name: &str, count: &str, whole: u32| match (int(name), int(count)) {
        (Some(block), Some(count)) if block > 0 && whole.div_ceil(block) == count => block,
        _ => whole,
    };
    let grid = BlockGrid::new(columns, rows, block("NPPBH", "NBPR", columns), block("NPPBV", "NBPC", rows))?;
    let mut layout = ImageLayout::new(grid, bands, sample)?;
    layout.bits_per_sample = bits;
    layout.actual_bits = int("ABPP").unwrap_or(bits).clamp(1, bits);
    Ok(layout)
}

/// NBPP of uncompressed images (2500C Table A-2(A)).
pub(super) const UNCOMPRESSED_BITS: [u32; 6] = [1, 8, 12, 16, 32, 64];

/// The sample type of a pixel value type and its bits (2500C Table A-2(A)).
pub(super) fn sample_type(pvtype: &str, bits: u32) -> Result<SampleType> {
    use SampleType as S;
    Ok(match (pvtype, bits) {
        ("B", 1) | ("INT", 1..=8) => S::UInt8,
        ("INT", 9..=16) => S::UInt16,
        ("INT", 17..=32) => S::UInt32,
        ("INT", 33..=64) => S::UInt64,
        ("SI", 1..=8) => S::Int8,
        ("SI", 9..=16) => S::Int16,
        ("SI", 17..=32) => S::Int32,
        ("SI", 33..=64) => S::Int64,
        ("R", 32) => S::Float32,
        ("R", 64) => S::Float64,
        ("C", 64) => S::Complex64,
        ("C", 128) => S::Complex128,
        _ => return Err(Error::unsupported("pixels").field("PVTYPE, NBPP").found(format!("{pvtype}, {bits}"))),
    })
}
