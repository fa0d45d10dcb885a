//! An image over the stored blocks of a file: locates, reads and decodes blocks, and writes their pixels to the output. It does
//! not depend on the container or the codec.

mod cached;

use std::ops::Range;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::block_cache::{BlockCache, ImageCache};
use super::block_store::{BlockStore, Piece, Scratch, StoredBlock};
use super::canvas::TileMut;
use super::grid::{BlockGrid, BlockIndex, Window};
use super::layout::ImageLayout;
use super::provider::{Access, Block, FileImage, ImageProvider, InFile, Visit, Wanted, read_whole_block};
use super::sample::Interleave;
use crate::error::{Error, Result};
use crate::io::{ByteSource, Rows};
use crate::limits::Limits;

/// An image over a store.
pub(crate) struct StoredImage {
    store: Arc<dyn BlockStore>,
    /// The image as the engine sees it: its blocks are those of the store, or parts of them that can be read separately.
    layout: ImageLayout,
    stated: BlockGrid,
    whole: Option<Arc<dyn BlockStore>>,
    stream: Option<Arc<dyn BlockStore>>,
    limits: Limits,
    pad: Vec<u8>,
    levels: Vec<Arc<dyn ImageProvider>>,
    workspaces: Workspaces,
    cache: OnceLock<ImageCache>,
}

/// The part of a stored block to read: all bands of its plane, or one band.
struct Part {
    block: StoredBlock,
    /// Pixels of the image.
    window: Window,
    band: Option<PartBand>,
}

/// The band to read.
#[derive(Clone, Copy)]
struct PartBand {
    /// Its index among the requested bands.
    out: usize,
    /// Its index among the bands of the plane.
    inside: u32,
}

/// The location in the file of the part of a block to read.
enum Located {
    /// Uncompressed rows; only the window is read.
    Rows(Rows),
    Piece(Piece),
}

/// The source, buffers and output for reading a part.
struct Reading<'r, 't> {
    store: &'r dyn BlockStore,
    /// The file, or ranges fetched from it.
    source: &'r dyn ByteSource,
    limits: &'r Limits,
    /// The requested bands.
    bands: &'r [u32],
    /// A rectangle of the part's size.
    tile: TileMut<'t>,
    work: &'r mut Workspace,
}

/// The buffers that a thread needs to read blocks.
#[derive(Default)]
struct Workspace {
    /// Bytes of the file.
    stored: Vec<u8>,
    /// Decoded pixels, if only some are requested or if they must be moved.
    decoded: Vec<u8>,
    /// The state of the codecs.
    scratch: Scratch,
}

/// Idle workspaces, kept to save allocations.
#[derive(Default)]
struct Workspaces(Mutex<Vec<Workspace>>);

/// Larger workspaces are freed after use.
const KEPT_BYTES: usize = 16 << 20;

impl StoredImage {
    /// The image of a store, shown with another layout. The blocks of its grid are as wide as those of the store.
    pub(crate) fn new(store: Arc<dyn BlockStore>, layout: ImageLayout, limits: Limits) -> Self {
        let (stated, pad) = (layout.grid, layout.pad_bytes());
        let (levels, workspaces, cache) = (Vec::new(), Workspaces::default(), OnceLock::new());
        Self { store, layout, stated, whole: None, stream: None, limits, pad, levels, workspaces, cache }
    }

    /// The store of the blocks.
    pub(crate) fn store(&self) -> &Arc<dyn BlockStore> {
        &self.store
    }

    /// The same image, which can also be copied as one block, including tables of the container.
    pub(crate) fn with_whole(self, whole: Option<Arc<dyn BlockStore>>) -> Self {
        Self { whole, ..self }
    }

    /// The same image, whose codestream as one block is `stream`.
    pub(crate) fn with_stream(self, stream: Option<Arc<dyn BlockStore>>) -> Self {
        Self { stream, ..self }
    }

    /// The same image, for a file that states other blocks than those of the layout.
    pub(crate) fn with_stated_grid(self, stated: BlockGrid) -> Self {
        Self { stated, ..self }
    }

    /// The same image, with levels at a half, a quarter … of its size.
    #[must_use]
    pub(crate) fn with_levels(mut self, levels: Vec<Arc<dyn ImageProvider>>) -> Self {
        self.levels = levels;
        self
    }
}

impl FileImage for StoredImage {
    fn source(&self) -> &dyn ByteSource {
        &**self.store.source()
    }

    fn store(&self) -> Option<&Arc<dyn BlockStore>> {
        Some(&self.store)
    }

    fn ranges(&self, window: Window, bands: &[u32], out: &mut Vec<Range<u64>>) -> Result<()> {
        for part in parts(&*self.store, window, bands) {
            // The size of the read is not known here; it is checked when the block is decoded.
            match part.locate(&*self.store, &self.limits, u64::MAX)? {
                None => {}
                Some(Located::Rows(rows)) => out.extend(rows.ranges()),
                Some(Located::Piece(piece)) => out.extend(piece.bytes),
            }
        }
        Ok(())
    }

    fn read_from(&self, source: &dyn ByteSource, wanted: Wanted<'_>, out: &mut TileMut<'_>) -> Result<bool> {
        let Wanted { window, bands, visit, idle } = wanted;
        let cache = self.cache_for(visit);
        self.workspaces.with(|work| {
            work.scratch.idle = idle.clone();
            let mut found = false;
            for part in parts(&*self.store, window, bands) {
                let tile = out.part(part.window.relative_to(window.x, window.y))?;
                let mut reading =
                    Reading { store: &*self.store, source, limits: &self.limits, bands, tile, work: &mut *work };
                match self.read_part(&part, (cache, visit), &mut reading) {
                    Ok(true) => found = true,
                    Ok(false) => {
                        let absent = part.band.map_or(0..bands.len(), |band| band.out..band.out + 1);
                        absent.for_each(|band| fill_band(&mut reading.tile, band, &self.pad));
                    }
                    Err(error @ Error::Malformed(_)) if reading.tile.is_in_part() => {
                        reading.rescue(&part, &error)?;
                        found = true;
                    }
                    Err(error) => return Err(error),
                }
            }
            Ok(found)
        })
    }
}

impl StoredImage {
    /// Reads a part, through the cache if there is one; false if its block is absent.
    ///
    /// # Errors
    /// As [`Part::locate`] and [`Reading::read`].
    fn read_part(
        &self,
        part: &Part,
        (cache, visit): (Option<&ImageCache>, Visit),
        reading: &mut Reading<'_, '_>,
    ) -> Result<bool> {
        if let Some(samples) = cache.and_then(|cache| cache.find(part.block)) {
            reading.put_kept(part, &samples);
            return Ok(true);
        }
        let asked = reading.tile.asked_bytes();
        let Some(located) = part.locate(&*self.store, &self.limits, asked)? else { return Ok(false) };
        match cache {
            Some(cache) => self.read_cached((cache, visit), part, &located, reading)?,
            None => reading.read(part, &located)?,
        }
        Ok(true)
    }
}

impl ImageProvider for StoredImage {
    fn layout(&self) -> &ImageLayout {
        &self.layout
    }

    fn access(&self) -> Access {
        if self.source().is_parallel() { Access::Parallel } else { Access::Serial }
    }

    fn has_block(&self, at: BlockIndex) -> Result<bool> {
        let window = self.layout.grid.block_window(self.layout.grid.check(at)?);
        for at in self.store.layout().grid.blocks_of(window) {
            for plane in 0..self.store.planes() {
                if self.store.has_block(StoredBlock { at, plane })? {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    fn block(&self, at: BlockIndex) -> Result<Block> {
        let window = self.layout.grid.block_window(self.layout.grid.check(at)?);
        let bytes = window.pixels().saturating_mul(self.layout.pixel_bytes() as u64);
        self.limits.check_block("block", bytes, 0, self.source().size())?;
        read_whole_block(self, at)
    }

    fn is_dense(&self) -> bool {
        self.store.is_dense()
    }

    fn levels(&self) -> &[Arc<dyn ImageProvider>] {
        &self.levels
    }

    fn behind(&self) -> InFile<'_> {
        InFile {
            image: Some(self),
            whole: self.whole.as_ref(),
            stream: self.stream.as_ref(),
            grid: Some(self.stated),
            source: Some(self.source()),
            expansion: 1,
        }
    }

    fn read_block(&self, at: BlockIndex, wanted: Wanted<'_>, out: &mut TileMut<'_>) -> Result<bool> {
        self.layout.grid.check(at)?;
        self.read_from(self.source(), wanted, out)
    }

    fn decodes(&self, window: Window, bands: &[u32]) -> u64 {
        if self.store.samples().is_some() {
            return 0;
        }
        let is_kept = |part: &Part| self.cache.get().is_some_and(|cache| cache.find(part.block).is_some());
        parts(&*self.store, window, bands).filter(|part| !is_kept(part)).count() as u64
    }

    fn use_cache(&self, cache: &Arc<BlockCache>) {
        self.cache.get_or_init(|| ImageCache::new(cache));
        self.levels.iter().for_each(|level| level.use_cache(cache));
    }

    fn check_unchanged(&self) -> Result<()> {
        self.source().check_unchanged()
    }
}

/// The parts that `window` needs for the bands; the parts of a block follow one another.
fn parts(store: &dyn BlockStore, window: Window, bands: &[u32]) -> impl Iterator<Item = Part> {
    let (grid, interleave) = (store.layout().grid, store.interleave());
    // Row-interleaved samples are read band by band unless a block must be decoded as a whole.
    let single = match interleave {
        Interleave::Band => true,
        Interleave::Row => store.samples().is_some(),
        Interleave::Pixel => false,
    };
    let apart = interleave == Interleave::Band;
    let count = if single { bands.len() } else { 1 };
    grid.blocks_of(window).flat_map(move |at| {
        let window = grid.block_window(at).intersect(&window);
        (0..count).map(move |out| {
            let (plane, inside) = if apart { (bands[out], 0) } else { (0, bands[out]) };
            let block = StoredBlock { at, plane };
            Part { block, window, band: single.then_some(PartBand { out, inside }) }
        })
    })
}

/// Bands of one plane.
fn plane_bands(store: &dyn BlockStore) -> u32 {
    store.layout().bands / store.planes()
}

/// Bytes of `columns` pixels in memory, with all bands of their plane.
fn row_bytes(store: &dyn BlockStore, columns: u32) -> u64 {
    let samples = u64::from(columns) * u64::from(plane_bands(store));
    samples.saturating_mul(store.layout().sample.bytes() as u64)
}

impl Part {
    /// The location of the part, checked to lie inside the source and within the limits on a read of `asked` bytes. `None` if
    /// the block is absent.
    ///
    /// # Errors
    /// As [`BlockStore::range`] and [`BlockStore::piece`]; [`crate::Error::Limit`] for a block that is too large.
    fn locate(&self, store: &dyn BlockStore, limits: &Limits, asked: u64) -> Result<Option<Located>> {
        if store.samples().is_some() {
            let Some(range) = store.range(self.block)? else { return Ok(None) };
            let rows = self.rows(store, range.start);
            store.check_inside(self.block, &store.required(self.block, rows.offset..rows.end()))?;
            return Ok(Some(Located::Rows(rows)));
        }
        let Some(piece) = store.piece(self.block, self.inside(store))? else { return Ok(None) };
        let (row, file_bytes) = (row_bytes(store, piece.window.width), store.source().size());
        limits.check_block("block", row.saturating_mul(piece.window.height.into()), asked, file_bytes)?;
        for bytes in &piece.bytes {
            store.check_inside(self.block, &store.required(self.block, bytes.clone()))?;
        }
        let stored = piece.bytes.iter().fold(0, |sum: u64, bytes| sum.saturating_add(bytes.end - bytes.start));
        limits.check_block("stored block", stored, asked, file_bytes)?;
        Ok(Some(Located::Piece(piece)))
    }

    /// The window, relative to the block.
    fn inside(&self, store: &dyn BlockStore) -> Window {
        let full = store.layout().grid.full_block_window(self.block.at);
        self.window.relative_to(full.x, full.y)
    }

    /// The rows of the part in an uncompressed block that begins at `start`.
    fn rows(&self, store: &dyn BlockStore, start: u64) -> Rows {
        let columns = store.layout().grid.full_block_window(self.block.at).width;
        let (inside, pitch) = (self.inside(store), row_bytes(store, columns));
        let bands = u64::from(plane_bands(store));
        let (step, first) = match (store.interleave(), self.band) {
            (Interleave::Row, Some(band)) => (1, u64::from(band.inside) * (pitch / bands)),
            _ => (bands, 0),
        };
        let step = step * store.layout().sample.bytes() as u64;
        let skipped = first + u64::from(inside.y) * pitch + u64::from(inside.x) * step;
        Rows {
            offset: start.saturating_add(skipped),
            bytes: (u64::from(inside.width) * step) as usize,
            pitch,
            count: inside.height as usize,
        }
    }
}

impl Reading<'_, '_> {
    /// Reads a part.
    ///
    /// # Errors
    /// Errors of the source; errors of the codec, with the block.
    fn read(&mut self, part: &Part, located: &Located) -> Result<()> {
        match located {
            Located::Rows(rows) => self.read_rows(part, rows),
            Located::Piece(piece) => self.read_piece(part, piece),
        }
    }

    /// Reads the rows of a damaged part that are there, and fills the others.
    ///
    /// # Errors
    /// Errors of the source.
    fn rescue(&mut self, part: &Part, reason: &Error) -> Result<()> {
        let rows = if self.store.samples().is_some() { self.rescue_rows(part)? } else { self.rescue_piece(part)? };
        // An only band needs no name.
        let several = self.store.layout().bands > 1;
        let band = part.band.filter(|_| several).map(|band| (band.out, self.bands[band.out]));
        self.tile.fill_missing(rows, band, reason);
        Ok(())
    }

    /// Reads the rows of an uncompressed part up to the end of the data; returns their number.
    fn rescue_rows(&mut self, part: &Part) -> Result<u32> {
        let Ok(Some(range)) = self.store.range(part.block) else { return Ok(0) };
        let rows = part.rows(self.store, range.start);
        let there = self.store.end().min(self.source.size()).saturating_sub(rows.offset);
        let whole = there.saturating_sub(rows.bytes as u64) / rows.pitch + 1;
        let count = if there < rows.bytes as u64 { 0 } else { rows.count.min(whole as usize) };
        if count > 0 {
            self.read_rows(part, &Rows { count, ..rows })?;
        }
        Ok(count as u32)
    }

    /// Decodes the rows of a damaged piece that its bytes hold; returns their number inside the part.
    fn rescue_piece(&mut self, part: &Part) -> Result<u32> {
        let (store, inside) = (self.store, part.inside(self.store));
        let Ok(Some(mut piece)) = store.piece(part.block, inside) else { return Ok(0) };
        let end = store.end().min(self.source.size());
        for bytes in &mut piece.bytes {
            *bytes = bytes.start.min(end)..bytes.end.min(end);
        }
        if piece.bytes.iter().all(Range::is_empty) {
            return Ok(0);
        }
        let (row, size) = (row_bytes(store, piece.window.width), self.source.size());
        let (held, asked) = (row.saturating_mul(piece.window.height.into()), self.tile.asked_bytes());
        self.limits.check_block("block", held, asked, size)?;
        let Workspace { stored, decoded, scratch } = &mut *self.work;
        let stored = stored_bytes(self.source, &piece.bytes, stored)?;
        let decoded = sized(decoded, held as usize);
        let whole = store.decode_rows(part.block, &piece, &stored, decoded, scratch);
        let inside = inside.relative_to(piece.window.x, piece.window.y);
        let count = whole.min(inside.bottom()).saturating_sub(inside.y);
        let rows = decoded.chunks_exact(row as usize).skip(inside.y as usize);
        for (y, row) in rows.take(count as usize).enumerate() {
            put_row(store, part, inside, self.bands, (y, row), &mut self.tile);
        }
        Ok(count)
    }

    fn read_rows(&mut self, part: &Part, rows: &Rows) -> Result<()> {
        let Some(samples) = self.store.samples() else { return Ok(()) };
        let Self { store, source, bands, tile, work, .. } = self;
        if let (Some(band), true, None) = (part.band, rows.is_joined(), source.bytes())
            && let Some(plane) = tile.plane(band.out)
        {
            // A damaged part has fewer rows.
            let plane = &mut plane[..rows.count * rows.bytes];
            source.read_at(rows.offset, plane)?;
            samples.to_native(plane);
            return Ok(());
        }
        let native = samples.is_native();
        rows.read(*source, &mut work.stored, |y, bytes| {
            if let Some(band) = part.band {
                let row = tile.row(band.out, y);
                row.copy_from_slice(bytes);
                return samples.to_native(row);
            }
            put_pixels(tile, bands, store.layout().bands as usize, y, bytes);
            if !native {
                (0..bands.len()).for_each(|out| samples.to_native(tile.row(out, y)));
            }
        })
    }

    fn read_piece(&mut self, part: &Part, piece: &Piece) -> Result<()> {
        let (store, inside) = (self.store, part.inside(self.store));
        if let (true, Some(band)) = (inside == piece.window, part.band)
            && let Some(plane) = self.tile.plane(band.out)
        {
            return decode(
                store,
                self.source,
                (part.block, piece),
                plane,
                &mut self.work.stored,
                &mut self.work.scratch,
            );
        }
        let mut decoded = std::mem::take(&mut self.work.decoded);
        let row = row_bytes(store, piece.window.width) as usize;
        let samples = sized(&mut decoded, row * piece.window.height as usize);
        let Workspace { stored, scratch, .. } = &mut *self.work;
        decode(store, self.source, (part.block, piece), samples, stored, scratch)?;
        let inside = inside.relative_to(piece.window.x, piece.window.y);
        let rows = samples.chunks_exact(row).skip(inside.y as usize);
        for (y, row) in rows.take(inside.height as usize).enumerate() {
            put_row(store, part, inside, self.bands, (y, row), &mut self.tile);
        }
        self.work.decoded = decoded;
        Ok(())
    }
}

/// Reads a piece of a block from a source and decodes it.
///
/// # Errors
/// Errors of the source; errors of the codec, with the block.
fn decode(
    store: &dyn BlockStore,
    source: &dyn ByteSource,
    (block, piece): (StoredBlock, &Piece),
    out: &mut [u8],
    stored: &mut Vec<u8>,
    scratch: &mut Scratch,
) -> Result<()> {
    let data = stored_bytes(source, &piece.bytes, stored)?;
    let start = store.source().origin() + piece.bytes.first().map_or(0, |bytes| bytes.start);
    let result = store.decode(block, piece, &data, out, scratch);
    result.map_err(|error| placed(error, store.name(block), start))
}

/// Writes the window's columns of a decoded row, which holds all bands of a plane.
fn put_row(
    store: &dyn BlockStore,
    part: &Part,
    inside: Window,
    bands: &[u32],
    (y, row): (usize, &[u8]),
    tile: &mut TileMut<'_>,
) {
    let (samples, size) = (store.layout().bands as usize, tile.sample_bytes());
    let columns = |pixel: usize| inside.x as usize * pixel..inside.right() as usize * pixel;
    if let Some(band) = part.band {
        return tile.row(band.out, y).copy_from_slice(&row[columns(size)]);
    }
    if store.interleave() == Interleave::Pixel {
        return put_pixels(tile, bands, samples, y, &row[columns(samples * size)]);
    }
    let band_rows = row.len() / samples;
    for (out, band) in bands.iter().enumerate() {
        let row = &row[*band as usize * band_rows..];
        tile.row(out, y).copy_from_slice(&row[columns(size)]);
    }
}

/// Writes row `y` of the rectangle from pixel-interleaved samples of `samples` bands; `bands` are the requested ones.
fn put_pixels(tile: &mut TileMut<'_>, bands: &[u32], samples: usize, y: usize, pixels: &[u8]) {
    let size = tile.sample_bytes();
    if bands.len() == samples && bands.iter().zip(0..).all(|(band, place)| *band == place) {
        return tile.deinterleave_row(y, pixels, size);
    }
    for (out, band) in bands.iter().enumerate() {
        let row = tile.row(out, y);
        let from = &pixels[*band as usize * size..];
        match size {
            1 => gather::<1>(from, samples, row),
            2 => gather::<2>(from, samples, row),
            4 => gather::<4>(from, samples, row),
            8 => gather::<8>(from, samples, row),
            _ => gather::<16>(from, samples, row),
        }
    }
}

/// The bytes of each range: those of the source if it lies in memory, else read into `buffer`.
fn stored_bytes<'b>(
    source: &'b dyn ByteSource,
    ranges: &[Range<u64>],
    buffer: &'b mut Vec<u8>,
) -> Result<Vec<&'b [u8]>> {
    if let Some(bytes) = source.bytes() {
        return Ok(ranges.iter().map(|range| &bytes[range.start as usize..range.end as usize]).collect());
    }
    let length = |range: &Range<u64>| (range.end - range.start) as usize;
    let mut rest = sized(buffer, ranges.iter().map(length).sum());
    let mut all = Vec::with_capacity(ranges.len());
    for range in ranges {
        let (part, others) = rest.split_at_mut(length(range));
        source.read_at(range.start, part)?;
        all.push(&*part);
        rest = others;
    }
    Ok(all)
}

/// An error of a codec with the block, and with the offset of its bytes unless the codec knows a better one.
fn placed(error: Error, block: String, start: u64) -> Error {
    let is_placed = error.detail().is_some_and(|detail| detail.offset.is_some());
    let error = error.segment(block);
    if is_placed { error } else { error.at(start) }
}

/// Fills one band of a rectangle with a sample.
fn fill_band(tile: &mut TileMut<'_>, band: usize, sample: &[u8]) {
    let [_, rows, _] = tile.shape();
    for y in 0..rows {
        tile.row(band, y).chunks_exact_mut(sample.len()).for_each(|out| out.copy_from_slice(sample));
    }
}

/// Copies every `samples`-th sample, each of `N` bytes.
fn gather<const N: usize>(pixels: &[u8], samples: usize, out: &mut [u8]) {
    let from = pixels.as_chunks::<N>().0.iter().step_by(samples);
    out.as_chunks_mut::<N>().0.iter_mut().zip(from).for_each(|(to, sample)| *to = *sample);
}

impl Workspaces {
    /// Runs `work` with a workspace.
    fn with<T>(&self, work: impl FnOnce(&mut Workspace) -> T) -> T {
        let pool = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut workspace = pool().pop().unwrap_or_default();
        let result = work(&mut workspace);
        if workspace.bytes() <= KEPT_BYTES {
            pool().push(workspace);
        }
        result
    }
}

impl Workspace {
    fn bytes(&self) -> usize {
        self.stored.capacity() + self.decoded.capacity() + self.scratch.bytes.capacity()
    }
}

/// The first `length` bytes of a buffer that grows as needed; their content is unspecified.
fn sized(buffer: &mut Vec<u8>, length: usize) -> &mut [u8] {
    if buffer.len() < length {
        buffer.resize(length, 0);
    }
    &mut buffer[..length]
}
