//! Writing a stream: one header, bands of rows that workers encode, the end marker.

use std::sync::Arc;

use crate::codec::jpeg::markers::EOI;
use crate::codec::jpeg::{ColorModel, Encoder, Restarts, Rows};
use crate::codec::{BlockPixels, Borrow, Encoded, Gathering, ImageEncoder, Pieces, Scratch};
use crate::codestream::{Codestream, StreamEnd};
use crate::error::{Error, Result};
use crate::image::{BlockGrid, BlockIndex, ImageLayout, Interleave, Padding, SampleType};

/// Target size of a band's pixels in bytes: enough work for a worker, small enough for its cache.
const BAND_BYTES: usize = 1 << 20;

/// Range of rows of a band.
const FEWEST_ROWS: usize = 64;
const MOST_ROWS: usize = 256;

/// The choices for a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct JpegOptions {
    /// Quality, 1 to 100.
    pub(crate) quality: u8,
    /// The meaning of the samples.
    pub(crate) color: ColorModel,
    /// Application segments and comments, complete with their markers.
    pub(crate) segments: Vec<u8>,
    /// True to end each row of MCUs with a restart marker, also in a stream of one band.
    pub(crate) restarts: bool,
}

/// A baseline stream of grey or RGB pixels.
pub(crate) struct JpegStream {
    bands: Arc<BandEncoder>,
    segments: Vec<u8>,
}

struct BandEncoder {
    encoder: Encoder,
    restarts: bool,
    grid: BlockGrid,
    gathering: Gathering,
    identity: String,
}

impl JpegStream {
    /// The stream of an image with this layout.
    ///
    /// # Errors
    /// [`Error::Usage`] for an image whose type, bands or size JPEG cannot hold.
    pub(crate) fn new(layout: &ImageLayout, options: JpegOptions) -> Result<Self> {
        Self::check(layout)?;
        let JpegOptions { quality, color, segments, restarts } = options;
        let encoder = Encoder::new(layout.bands, color, quality)?;
        let (columns, rows) = (layout.grid.columns(), layout.grid.rows());
        let grid = BlockGrid::new(columns, rows, columns, band_rows(layout, encoder.mcu().1) as u32)?;
        let gathering = Gathering {
            interleave: Interleave::Band,
            padding: Padding::Crop,
            absent: Some(layout.pad_bytes()),
            borrow: Borrow::Block(Interleave::Pixel),
        };
        let restarts = restarts || grid.count() > 1;
        let identity = format!("JPEG {color:?} {quality} {restarts} {grid:?} {gathering:?}");
        Ok(Self { bands: Arc::new(BandEncoder { encoder, restarts, grid, gathering, identity }), segments })
    }

    /// Checks that a JPEG stream can hold an image with this layout.
    ///
    /// # Errors
    /// [`Error::Usage`] for the type, the bands or the size.
    pub(crate) fn check(layout: &ImageLayout) -> Result<()> {
        if layout.sample != SampleType::UInt8 {
            return Err(Error::usage("dtype of a JPEG file").found(layout.sample).allowed("uint8"));
        }
        if !matches!(layout.bands, 1 | 3) {
            return Err(Error::usage("bands of a JPEG file")
                .found(layout.bands)
                .allowed("1 (grey) or 3 (red, green, blue)"));
        }
        let sides = [("columns of a JPEG file", layout.grid.columns()), ("rows of a JPEG file", layout.grid.rows())];
        match sides.into_iter().find(|(_, side)| u16::try_from(*side).is_err()) {
            Some((name, side)) => Err(Error::usage(name).found(side).allowed(format!("at most {}", u16::MAX))),
            None => Ok(()),
        }
    }
}

impl Codestream for JpegStream {
    fn grid(&self) -> BlockGrid {
        self.bands.grid
    }

    fn header(&self) -> Vec<u8> {
        let BandEncoder { encoder, grid, restarts, .. } = &*self.bands;
        // `check` has verified the sides.
        let (columns, rows) = (grid.columns() as u16, grid.rows() as u16);
        let mut out = Vec::new();
        encoder.write_start(columns, rows, &self.segments, *restarts, &mut out);
        out
    }

    fn encoder(&self) -> Arc<dyn ImageEncoder> {
        Arc::clone(&self.bands) as _
    }

    fn take(&mut self, _block: &Encoded) -> Result<()> {
        Ok(())
    }

    fn end(&self) -> StreamEnd {
        StreamEnd { trailer: vec![0xFF, EOI], patches: Vec::new() }
    }
}

impl ImageEncoder for BandEncoder {
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
        _scratch: &mut Scratch,
    ) -> Result<Pieces<'p>> {
        let window = self.grid.block_window(at);
        let restarts = self.restarts.then(|| Restarts {
            first_row: window.y as usize / self.encoder.mcu().1,
            last: at.row + 1 == self.grid.down(),
        });
        let pixels = match &pixels {
            BlockPixels::Borrowed(bytes) => Rows::Interleaved(bytes),
            BlockPixels::Gathered(bytes) => Rows::Planar(bytes),
            BlockPixels::Bands(_) => return Err(Error::usage("JPEG block: bands are in separate buffers")),
        };
        out.piece(|bytes| {
            self.encoder.encode_rows(pixels, window.width as usize, window.height as usize, restarts, bytes);
            Ok(())
        })?;
        Ok(Pieces::Appended)
    }
}

/// Rows of a band: a whole number of rows of MCUs. They depend only on the image's width, so the stream does not depend on
/// the number of workers.
fn band_rows(layout: &ImageLayout, mcu_rows: usize) -> usize {
    let row_bytes = layout.grid.columns() as usize * layout.pixel_bytes();
    (BAND_BYTES / row_bytes).clamp(FEWEST_ROWS, MOST_ROWS) / mcu_rows * mcu_rows
}
