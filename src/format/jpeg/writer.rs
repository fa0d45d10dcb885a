//! Writing of files: bands of rows encoded by workers, joined behind one header.

use std::sync::atomic::{AtomicBool, Ordering};

use super::options::Options;
use crate::codec::jpeg::markers::{EOI, SOI};
use crate::codec::jpeg::{ColorModel, Encoder, Restarts, Rows};
use crate::error::{Error, Result};
use crate::format::{ContainerWriter, ImageRequest, Warning, WriteContext};
use crate::image::{BlockGrid, ImageLayout, Interleave, Padding, SampleType, TargetBlock};
use crate::io::ByteSink;
use crate::metadata::Metadata;
use crate::pipeline::{BlockEncode, BlockSink, Encoded, Scratch, write_blocks};

/// Bytes of pixels a band should have: enough work for a worker, little enough to stay in its cache.
const BAND_BYTES: usize = 1 << 20;

/// Rows a band may have.
const FEWEST_ROWS: usize = 64;
const MOST_ROWS: usize = 256;

struct JpegWriter {
    sink: Box<dyn ByteSink>,
    metadata: Metadata,
    complete: bool,
}

/// Begins a file.
///
/// # Errors
/// None; nothing is written yet.
#[allow(clippy::unnecessary_wraps, reason = "the registry's signature, which other formats need")]
pub(super) fn create(sink: Box<dyn ByteSink>) -> Result<Box<dyn ContainerWriter>> {
    Ok(Box::new(JpegWriter { sink, metadata: Metadata::new(), complete: false }))
}

impl ContainerWriter for JpegWriter {
    /// Takes metadata that stands for what the image's own does not name.
    fn set_metadata(&mut self, metadata: &Metadata, _: &mut WriteContext<'_, '_>) -> Result<()> {
        if self.complete && !metadata.is_empty() {
            return Err(Error::usage("metadata of a JPEG file after its image"));
        }
        self.metadata = metadata.clone();
        Ok(())
    }

    fn add_image(&mut self, image: &ImageRequest<'_>, context: &mut WriteContext<'_, '_>) -> Result<()> {
        if self.complete {
            return Err(Error::usage("a JPEG file holds one image; second image").found(image.key));
        }
        let layout = image.provider.layout();
        let (columns, rows) = check(layout)?;
        let metadata = merge(image.metadata, &self.metadata);
        let options = Options::new(&metadata, layout.bands, image.description, context.warnings)?;
        let color = match layout.bands {
            1 => ColorModel::Independent,
            _ => ColorModel::YCbCr { horizontal: options.subsampling.0, vertical: options.subsampling.1 },
        };
        let encoder = Encoder::new(layout.bands, color, options.quality)?;
        let band_rows = band_rows(layout, encoder.mcu().1);
        let grid = BlockGrid::new(columns.into(), rows.into(), columns.into(), band_rows as u32)?;
        let restarts = grid.count() > 1;

        self.complete = true;
        self.sink.write(&header(&encoder, &options, columns, rows, restarts))?;
        let bands = BandEncoder { encoder, grid, restarts, pad: layout.pad_bytes(), filled: AtomicBool::new(false) };
        let mut appender = Appender(&mut *self.sink);
        write_blocks(image.provider, grid, &bands, &mut appender, context.concurrency, context.control)?;
        if bands.filled.into_inner() {
            let message = "JPEG files hold every pixel; absent blocks are filled with the pad value";
            context.warnings.push(Warning::new(image.key, message));
        }
        self.sink.write(&[0xFF, EOI])
    }

    fn finish(self: Box<Self>, _: &mut WriteContext<'_, '_>) -> Result<Box<dyn ByteSink>> {
        if !self.complete {
            return Err(Error::usage("a JPEG file needs an image, and none was added"));
        }
        Ok(self.sink)
    }
}

/// Checks that the format can hold such an image, and gives its columns and rows.
fn check(layout: &ImageLayout) -> Result<(u16, u16)> {
    if layout.sample != SampleType::UInt8 {
        return Err(Error::usage("dtype of a JPEG file").found(layout.sample).allowed("uint8"));
    }
    if !matches!(layout.bands, 1 | 3) {
        return Err(Error::usage("bands of a JPEG file")
            .found(layout.bands)
            .allowed("1 (grey) or 3 (red, green, blue)"));
    }
    let size = |name: &'static str, length: u32| {
        let allowed = format!("at most {}", u16::MAX);
        u16::try_from(length).map_err(|_| Error::usage(name).found(length).allowed(allowed))
    };
    Ok((size("columns of a JPEG file", layout.grid.columns())?, size("rows of a JPEG file", layout.grid.rows())?))
}

/// The image's metadata, and what the file's has beside it.
fn merge(image: &Metadata, file: &Metadata) -> Metadata {
    let mut merged = image.clone();
    for (key, value) in file.iter().filter(|(key, _)| image.get(key).is_none()) {
        merged.append(key, value.clone());
    }
    merged
}

/// Rows of a band: a whole number of rows of MCUs, chosen by the image's width alone so that the file is the same whoever
/// writes it.
fn band_rows(layout: &ImageLayout, mcu_rows: usize) -> usize {
    let row_bytes = layout.grid.columns() as usize * layout.pixel_bytes();
    (BAND_BYTES / row_bytes).clamp(FEWEST_ROWS, MOST_ROWS) / mcu_rows * mcu_rows
}

fn header(encoder: &Encoder, options: &Options, columns: u16, rows: u16, restarts: bool) -> Vec<u8> {
    let mut out = vec![0xFF, SOI];
    out.extend_from_slice(&options.segments);
    encoder.write_tables(&mut out);
    encoder.write_frame_header(columns, rows, &mut out);
    if restarts {
        encoder.write_restart_interval(columns, &mut out);
    }
    encoder.write_scan_header(&mut out);
    out
}

struct BandEncoder {
    encoder: Encoder,
    grid: BlockGrid,
    restarts: bool,
    pad: Vec<u8>,
    /// Set where a block was absent.
    filled: AtomicBool,
}

impl BlockEncode for BandEncoder {
    fn encode(&self, block: &TargetBlock<'_>, out: &mut Encoded, scratch: &mut Scratch) -> Result<()> {
        let window = block.window();
        let (columns, rows) = (window.width as usize, window.height as usize);
        let restarts = self.restarts.then(|| Restarts {
            first_row: window.y as usize / self.encoder.mcu().1,
            last: block.at().row + 1 == self.grid.down(),
        });
        let pixels = match block.borrow(Interleave::Pixel, &Padding::Crop) {
            Some(bytes) => Rows::Interleaved(bytes),
            None => Rows::Planar(self.gather(block, &mut scratch.raw)?),
        };
        out.piece(|bytes| {
            self.encoder.encode_rows(pixels, columns, rows, restarts, bytes);
            Ok(())
        })
    }
}

impl BandEncoder {
    fn gather<'a>(&self, block: &TargetBlock<'_>, raw: &'a mut Vec<u8>) -> Result<&'a [u8]> {
        if !block.gather(Interleave::Band, &Padding::Crop, raw)? {
            self.filled.store(true, Ordering::Relaxed);
            let samples = block.window().pixels() as usize * block.bands() as usize;
            raw.clear();
            raw.resize(samples, self.pad[0]);
        }
        Ok(raw)
    }
}

struct Appender<'a>(&'a mut dyn ByteSink);

impl BlockSink for Appender<'_> {
    fn append(&mut self, block: &Encoded) -> Result<()> {
        block.pieces().try_for_each(|piece| self.0.write(piece))
    }
}
