//! Images to write, and the ways to write and read them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use osml_io::dataset::{DatasetReader, DatasetWriter};
use osml_io::format::{FORMATS, Format, ImageRequest, OpenOptions};
use osml_io::image::{
    Access, Block, BlockGrid, BlockIndex, ImageLayout, ImageProvider, Interleave, MemoryImage, Pixels, SampleType,
};
use osml_io::io::{ByteSink, MemorySink, MemorySource};
use osml_io::metadata::Metadata;
use osml_io::pipeline::{Concurrency, Control, ReadRequest, read_region};
use osml_io::{Error, Result};

/// The numbers of bands and the sample types that each format must hold; tests of the format cover the rest.
pub(crate) fn must_hold(format: &dyn Format) -> (Vec<u32>, Vec<SampleType>) {
    match format.name() {
        "tiff" => (vec![1, 2, 3, 4, 8], SampleType::ALL.to_vec()),
        "nitf" | "nsif" => {
            // NBPP has two digits, and NITF does not have a half-precision pixel type.
            let held = |sample: &SampleType| !matches!(sample, SampleType::Float16 | SampleType::Complex128);
            (vec![1, 2, 3, 4, 8, 12], SampleType::ALL.into_iter().filter(held).collect())
        }
        "png" => (vec![1, 2, 3, 4], vec![SampleType::UInt8, SampleType::UInt16]),
        "jp2" | "j2k" | "jph" | "jhc" => {
            use SampleType as S;
            (vec![1, 2, 3, 4, 8, 12], vec![S::UInt8, S::Int8, S::UInt16, S::Int16])
        }
        _ => (vec![1, 3], vec![SampleType::UInt8]),
    }
}

/// The name of the format that a file has by its first bytes: files of HTJ2K are not told from others of JPEG 2000.
pub(crate) fn name_when_read(format: &dyn Format) -> &'static str {
    match format.name() {
        "jph" => "jp2",
        "jhc" => "j2k",
        name => name,
    }
}

/// True for formats whose files leave out the blocks that a provider does not have, with the metadata of a plain write.
pub(crate) fn leaves_out_blocks(format: &dyn Format) -> bool {
    format.name() == "tiff"
}

/// How far a sample may be off after a round trip.
pub(crate) fn tolerance(format: &dyn Format) -> u8 {
    // JPEG at its default quality, on pixels that change by at most two from one to the next: 12 is above the largest error of
    // the quantiser's steps at such contrasts, and far below that of any mistake in layout or colour.
    if format.name() == "jpeg" { 12 } else { 0 }
}

pub(crate) fn lossless() -> impl Iterator<Item = &'static dyn Format> {
    FORMATS.iter().copied().filter(|format| tolerance(*format) == 0)
}

pub(crate) fn threads(n: usize) -> Concurrency {
    Concurrency::new(n).unwrap()
}

/// Samples of any type whose bytes all differ from their neighbours'; floats are finite and not subnormal.
pub(crate) fn noise(bands: u32, rows: u32, columns: u32, sample: SampleType) -> Pixels {
    let count = (bands * rows * columns) as usize;
    let mut bytes = vec![0; count * sample.bytes()];
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    for out in bytes.chunks_exact_mut(sample.bytes()) {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        if sample.is_integer() {
            out.iter_mut().zip(state.rotate_left(17).to_ne_bytes()).for_each(|(byte, random)| *byte = random);
        } else {
            // Below the largest half-precision float, so every float type holds it.
            sample.write_value((state >> 40) as f64 / 1024.0 - 8192.0, out);
        }
    }
    pixels(bytes, bands, rows, columns, sample)
}

/// Eight-bit samples that change slowly, which lossy codecs preserve.
pub(crate) fn smooth(bands: u32, rows: u32, columns: u32) -> Pixels {
    let mut bytes = Vec::new();
    for (band, y) in (0..bands).flat_map(|band| (0..rows).map(move |y| (band, y))) {
        // Up and down again: a jump would be an edge.
        let wave = |place: u32| place.min(128 - place);
        bytes.extend((0..columns).map(|x| (60 + wave((x + y + 8 * band) % 128)) as u8));
    }
    pixels(bytes, bands, rows, columns, SampleType::UInt8)
}

pub(crate) fn pixels(bytes: Vec<u8>, bands: u32, rows: u32, columns: u32, sample: SampleType) -> Pixels {
    Pixels::from_vec(bytes, [bands, rows, columns].map(|n| n as usize), sample, Interleave::Band).unwrap()
}

/// An image that a format preserves: noise if it is lossless, otherwise smooth pixels.
pub(crate) fn image_for(format: &dyn Format, bands: u32, rows: u32, columns: u32, sample: SampleType) -> Pixels {
    if tolerance(format) == 0 { noise(bands, rows, columns, sample) } else { smooth(bands, rows, columns) }
}

/// Writes an image into memory.
pub(crate) fn write(
    format: &'static dyn Format,
    provider: &dyn ImageProvider,
    metadata: &Metadata,
    concurrency: Concurrency,
) -> Result<Vec<u8>> {
    let (sink, bytes) = MemorySink::new();
    write_to(Box::new(sink), format, provider, metadata, concurrency)?;
    let bytes = bytes.lock().unwrap().clone();
    Ok(bytes)
}

pub(crate) fn write_to(
    sink: Box<dyn ByteSink>,
    format: &'static dyn Format,
    provider: &dyn ImageProvider,
    metadata: &Metadata,
    concurrency: Concurrency,
) -> Result<()> {
    let mut writer = DatasetWriter::to_sink(sink, format, concurrency)?;
    writer.set_metadata(&file_metadata(format))?;
    writer.add_image(&request(provider, metadata), &Control::default())?;
    writer.close()
}

pub(crate) fn request<'a>(provider: &'a dyn ImageProvider, metadata: &'a Metadata) -> ImageRequest<'a> {
    ImageRequest::new("image:0", provider, metadata)
}

/// The metadata of a file: the time, if its format states one.
pub(crate) fn file_metadata(format: &dyn Format) -> Metadata {
    let dated = is_dated(format).then_some(("FDT", TIME));
    dated.into_iter().collect()
}

/// The metadata of a plain write to a format.
pub(crate) fn plain(format: &dyn Format, layout: &ImageLayout) -> Metadata {
    let mut metadata =
        format.apply(&osml_io::format::SaveSettings::default(), &Metadata::new(), layout, &mut Vec::new()).unwrap();
    if is_dated(format) {
        metadata.set("IDATIM", TIME);
    }
    metadata
}

/// True for formats whose files state their creation time.
fn is_dated(format: &dyn Format) -> bool {
    matches!(format.name(), "nitf" | "nsif")
}

/// The creation time used in tests, so the same image gives the same bytes.
const TIME: &str = "20240102030405";

/// The image of a file in memory.
pub(crate) fn open(bytes: &[u8]) -> Result<Arc<dyn ImageProvider>> {
    let reader = DatasetReader::from_source(Arc::new(MemorySource(bytes.to_vec())), None, &OpenOptions::default())?;
    reader.image(reader.default_image()?)
}

/// All pixels of an image: (bands, rows, columns), native byte order.
pub(crate) fn read(provider: &dyn ImageProvider, concurrency: Concurrency) -> Result<Vec<u8>> {
    read_part(provider, &ReadRequest::whole(provider), concurrency)
}

pub(crate) fn read_part(
    provider: &dyn ImageProvider,
    request: &ReadRequest,
    concurrency: Concurrency,
) -> Result<Vec<u8>> {
    let mut out = vec![0xa5; request.bytes(provider) as usize];
    read_region(provider, request, &mut out, concurrency, &Control::default())?;
    Ok(out)
}

pub(crate) fn bytes_of(pixels: &Pixels) -> Vec<u8> {
    pixels.contiguous(Interleave::Band).unwrap().to_vec()
}

pub(crate) fn memory_image(pixels: &Pixels, block_columns: u32, block_rows: u32) -> MemoryImage {
    MemoryImage::from_pixels(pixels.clone(), block_columns, block_rows).unwrap()
}

/// A provider that makes its blocks on request, on one thread only, with a block size of its own. It fails or returns absent
/// blocks as configured.
pub(crate) struct Lazy {
    layout: ImageLayout,
    pixels: Pixels,
    pub(crate) fails_at: Option<usize>,
    pub(crate) absent: Vec<BlockIndex>,
    asked: AtomicUsize,
}

impl Lazy {
    pub(crate) fn new(pixels: &Pixels, block_columns: u32, block_rows: u32) -> Self {
        let [bands, rows, columns] = pixels.shape().map(|n| n as u32);
        let grid = BlockGrid::new(columns, rows, block_columns, block_rows).unwrap();
        let layout = ImageLayout::new(grid, bands, pixels.sample()).unwrap();
        Self { layout, pixels: pixels.clone(), fails_at: None, absent: Vec::new(), asked: AtomicUsize::new(0) }
    }

    /// Number of block requests.
    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

impl ImageProvider for Lazy {
    fn layout(&self) -> &ImageLayout {
        &self.layout
    }

    fn access(&self) -> Access {
        Access::Serial
    }

    fn has_block(&self, at: BlockIndex) -> Result<bool> {
        Ok(!self.absent.contains(&self.layout.grid.check(at)?))
    }

    fn block(&self, at: BlockIndex) -> Result<Block> {
        let number = self.asked.fetch_add(1, Ordering::SeqCst);
        if self.fails_at == Some(number) {
            return Err(Error::external(format!("block({}, {})", at.row, at.column), "the disk of the source is gone"));
        }
        if self.absent.contains(&at) {
            return Ok(Block::Absent);
        }
        let window = self.layout.grid.block_window(at);
        // A separate copy, as from a provider that computes its pixels.
        let part = self.pixels.window(window)?;
        let [bands, rows, columns] = part.shape();
        let size = part.sample().bytes();
        let mut bytes = vec![0; bands * rows * columns * size];
        for (line, out) in bytes.chunks_exact_mut(columns * size).enumerate() {
            part.copy_row(line / rows, line % rows, out);
        }
        Ok(Block::Pixels(Pixels::from_vec(bytes, part.shape(), part.sample(), Interleave::Band)?))
    }
}
