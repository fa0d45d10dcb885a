//! An image over the stored blocks of a file: blocks are found, read, decoded, and their pixels written to where they are
//! wanted. What a container or a codec is does not matter here.

mod place;
mod samples;
pub(super) mod store;
mod workspace;

pub use samples::StoredSamples;
pub use store::{BlockCoding, BlockForm, BlockStore, Piece, StoredBlock};

use std::ops::Range;
use std::sync::Arc;

use super::{
    Access, Block, BlockGrid, BlockIndex, FileImage, ImageLayout, ImageProvider, Interleave, TileMut, Window,
    read_whole_block,
};
use crate::error::Result;
use crate::io::{ByteSource, Rows};
use crate::limits::Limits;
use place::{fill_band, put_pixels};
use workspace::{Workspace, Workspaces, sized};

/// An image over a store.
pub struct StoredImage {
    store: Arc<dyn BlockStore>,
    /// The image as the engine sees it: blocks are those of the store, or parts of them that can be read alone.
    layout: ImageLayout,
    stated: BlockGrid,
    whole: Option<Arc<dyn BlockStore>>,
    limits: Limits,
    pad: Vec<u8>,
    levels: Vec<Arc<dyn ImageProvider>>,
    workspaces: Workspaces,
}

/// What is read of a stored block: all bands that its plane has, or one band.
struct Part {
    block: StoredBlock,
    /// Pixels of the image.
    window: Window,
    band: Option<PartBand>,
}

#[derive(Clone, Copy)]
struct PartBand {
    /// Its place among the bands that are wanted.
    out: usize,
    /// Its place among the bands of the plane.
    inside: u32,
}

/// Where what is read of a block lies in the file.
enum Located {
    /// Rows without compression, of which only the window is read.
    Rows(Rows),
    Piece(Piece),
}

/// A read at work.
struct Reading<'r, 't> {
    source: &'r dyn ByteSource,
    bands: &'r [u32],
    tile: TileMut<'t>,
    work: &'r mut Workspace,
}

impl StoredImage {
    /// The image of a store, shown with another layout. The blocks of its grid are as wide as those of the store.
    pub fn new(store: Arc<dyn BlockStore>, layout: ImageLayout, limits: Limits) -> Self {
        let (stated, pad) = (layout.grid, layout.pad_bytes());
        let (levels, workspaces) = (Vec::new(), Workspaces::default());
        Self { store, layout, stated, whole: None, limits, pad, levels, workspaces }
    }

    /// The blocks.
    pub fn store(&self) -> &Arc<dyn BlockStore> {
        &self.store
    }

    /// The same image, which can be copied as one block, tables of the container included.
    #[must_use]
    pub fn with_whole(self, whole: Option<Arc<dyn BlockStore>>) -> Self {
        Self { whole, ..self }
    }

    /// The same image, whose file states other blocks than those of the layout.
    #[must_use]
    pub fn with_stated_grid(self, stated: BlockGrid) -> Self {
        Self { stated, ..self }
    }

    /// The same image, with images of it at half the size, a quarter …
    #[must_use]
    pub fn with_levels(mut self, levels: Vec<Arc<dyn ImageProvider>>) -> Self {
        self.levels = levels;
        self
    }

    /// What a window needs of the stored blocks it touches, each part with its place in the window.
    fn parts(&self, window: Window, bands: &[u32]) -> impl Iterator<Item = Part> {
        let grid = self.store.layout().grid;
        let interleave = self.store.interleave();
        // Rows of bands that take turns are read band by band unless a block has to be decoded as one.
        let single = match interleave {
            Interleave::Band => true,
            Interleave::Row => self.store.samples().is_some(),
            Interleave::Pixel => false,
        };
        let apart = interleave == Interleave::Band;
        let count = if single { bands.len() } else { 1 };
        grid.blocks_of(window).flat_map(move |at| {
            let window = grid.block_window(at).intersect(&window);
            (0..count).map(move |out| {
                let plane = if apart { bands[out] } else { 0 };
                let band = single.then(|| PartBand { out, inside: if apart { 0 } else { bands[out] } });
                Part { block: StoredBlock { at, plane }, window, band }
            })
        })
    }

    /// Where a part lies, all of it inside of the source and not too large. None if the block is absent.
    fn locate(&self, part: &Part) -> Result<Option<Located>> {
        let store = &*self.store;
        if store.samples().is_some() {
            let Some(range) = store.range(part.block)? else { return Ok(None) };
            let rows = self.rows(part, range.start);
            store.check_inside(part.block, &(rows.offset..rows.end()))?;
            return Ok(Some(Located::Rows(rows)));
        }
        let inside = self.inside(part);
        let Some(piece) = store.piece(part.block, inside.y..inside.bottom())? else { return Ok(None) };
        let file_bytes = store.source().size();
        self.limits.check_block("block", self.piece_bytes(&piece), file_bytes)?;
        store.check_inside(part.block, &piece.bytes)?;
        self.limits.check_block("stored block", piece.bytes.end - piece.bytes.start, file_bytes)?;
        Ok(Some(Located::Piece(piece)))
    }

    /// The window of a part, counted in its block.
    fn inside(&self, part: &Part) -> Window {
        let full = self.store.layout().grid.full_block_window(part.block.at);
        part.window.relative_to(full.x, full.y)
    }

    /// Bands that stand in one plane.
    fn plane_bands(&self) -> u32 {
        if self.store.interleave() == Interleave::Band { 1 } else { self.store.layout().bands }
    }

    /// Bytes of a row of a block in memory, with all bands of its plane.
    fn row_bytes(&self) -> u64 {
        let layout = self.store.layout();
        let samples = u64::from(layout.grid.block_columns()) * u64::from(self.plane_bands());
        samples.saturating_mul(layout.sample.bytes() as u64)
    }

    fn piece_bytes(&self, piece: &Piece) -> u64 {
        self.row_bytes().saturating_mul(piece.rows.len() as u64)
    }

    /// The rows of a part of a block without compression that begins at `start`.
    fn rows(&self, part: &Part, start: u64) -> Rows {
        let inside = self.inside(part);
        let layout = self.store.layout();
        let sample = layout.sample.bytes() as u64;
        let (step, first) = match (self.store.interleave(), part.band) {
            (Interleave::Row, Some(band)) => {
                (sample, u64::from(band.inside) * u64::from(layout.grid.block_columns()) * sample)
            }
            _ => (sample * u64::from(self.plane_bands()), 0),
        };
        let skipped = first + u64::from(inside.y) * self.row_bytes() + u64::from(inside.x) * step;
        Rows {
            offset: start.saturating_add(skipped),
            bytes: (u64::from(inside.width) * step) as usize,
            pitch: self.row_bytes(),
            count: inside.height as usize,
        }
    }

    /// Reads a part to the rectangle of its window. False if the block is absent.
    fn read_part(&self, part: &Part, reading: &mut Reading<'_, '_>) -> Result<bool> {
        match self.locate(part)? {
            None => return Ok(false),
            Some(Located::Rows(rows)) => self.read_rows(part, &rows, reading)?,
            Some(Located::Piece(piece)) => self.read_piece(part, &piece, reading)?,
        }
        Ok(true)
    }

    fn read_rows(&self, part: &Part, rows: &Rows, reading: &mut Reading<'_, '_>) -> Result<()> {
        let Some(samples) = self.store.samples() else { return Ok(()) };
        let Reading { source, bands, tile, work } = reading;
        if let (Some(band), true, None) = (part.band, rows.is_joined(), source.bytes())
            && let Some(plane) = tile.plane(band.out)
        {
            source.read_at(rows.offset, plane)?;
            samples.to_native(plane);
            return Ok(());
        }
        rows.read(*source, &mut work.stored, |y, bytes| {
            if let Some(band) = part.band {
                let row = tile.row(band.out, y);
                row.copy_from_slice(bytes);
                return samples.to_native(row);
            }
            put_pixels(tile, bands, self.layout.bands as usize, y, bytes);
            (0..bands.len()).for_each(|out| samples.to_native(tile.row(out, y)));
        })
    }

    fn read_piece(&self, part: &Part, piece: &Piece, reading: &mut Reading<'_, '_>) -> Result<()> {
        let Reading { source, bands, tile, work } = reading;
        let Workspace { stored, decoded, scratch } = &mut **work;
        let range = piece.bytes.start as usize..piece.bytes.end as usize;
        let data = if let Some(bytes) = source.bytes() {
            &bytes[range]
        } else {
            let stored = sized(stored, range.len());
            source.read_at(piece.bytes.start, stored)?;
            stored
        };
        let mut decode = |out: &mut [u8]| {
            let decoded = self.store.decode(part.block, piece, data, out, scratch);
            decoded.map_err(|error| error.segment(self.store.name(part.block)).at(piece.bytes.start))
        };
        let inside = self.inside(part);
        let grid = self.store.layout().grid;
        let whole = inside.width == grid.block_columns() && (inside.y..inside.bottom()) == piece.rows;
        if let (true, Some(band)) = (whole, part.band)
            && let Some(plane) = tile.plane(band.out)
        {
            return decode(plane);
        }
        let decoded = sized(decoded, self.piece_bytes(piece) as usize);
        decode(decoded)?;
        let skipped = (inside.y - piece.rows.start) as usize;
        let rows = decoded.chunks_exact(self.row_bytes() as usize).skip(skipped).take(inside.height as usize);
        for (y, row) in rows.enumerate() {
            self.put_row(part, inside, y, row, bands, tile);
        }
        Ok(())
    }

    /// Writes the window's columns of a decoded row, which holds all bands of a plane.
    fn put_row(&self, part: &Part, inside: Window, y: usize, row: &[u8], bands: &[u32], tile: &mut TileMut<'_>) {
        let sample = self.layout.sample.bytes();
        let columns = |pixel: usize| inside.x as usize * pixel..inside.right() as usize * pixel;
        if let Some(band) = part.band {
            return tile.row(band.out, y).copy_from_slice(&row[columns(sample)]);
        }
        let samples = self.layout.bands as usize;
        if self.store.interleave() == Interleave::Pixel {
            return put_pixels(tile, bands, samples, y, &row[columns(samples * sample)]);
        }
        for (out, band) in bands.iter().enumerate() {
            let row = &row[*band as usize * (row.len() / samples)..];
            tile.row(out, y).copy_from_slice(&row[columns(sample)]);
        }
    }
}

impl FileImage for StoredImage {
    fn source(&self) -> &dyn ByteSource {
        &**self.store.source()
    }

    fn store(&self) -> Option<&Arc<dyn BlockStore>> {
        Some(&self.store)
    }

    fn whole(&self) -> Option<&Arc<dyn BlockStore>> {
        self.whole.as_ref()
    }

    fn ranges(&self, window: Window, bands: &[u32], out: &mut Vec<Range<u64>>) -> Result<()> {
        for part in self.parts(window, bands) {
            match self.locate(&part)? {
                None => {}
                Some(Located::Rows(rows)) => out.extend(rows.ranges()),
                Some(Located::Piece(piece)) => out.push(piece.bytes),
            }
        }
        Ok(())
    }

    fn read_from(&self, source: &dyn ByteSource, window: Window, bands: &[u32], out: &mut TileMut<'_>) -> Result<bool> {
        self.workspaces.with(|work| {
            let mut found = false;
            for part in self.parts(window, bands) {
                let tile = out.part(part.window.relative_to(window.x, window.y))?;
                let mut reading = Reading { source, bands, tile, work };
                if self.read_part(&part, &mut reading)? {
                    found = true;
                    continue;
                }
                let absent = part.band.map_or(0..bands.len(), |band| band.out..band.out + 1);
                absent.for_each(|band| fill_band(&mut reading.tile, band, &self.pad));
            }
            Ok(found)
        })
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
        self.limits.check_block("block", bytes, self.file_bytes())?;
        read_whole_block(self, at)
    }

    fn is_dense(&self) -> bool {
        self.store.is_dense()
    }

    fn levels(&self) -> &[Arc<dyn ImageProvider>] {
        &self.levels
    }

    fn stored_grid(&self) -> BlockGrid {
        self.stated
    }

    fn in_file(&self) -> Option<&dyn FileImage> {
        Some(self)
    }

    fn read_block(&self, at: BlockIndex, window: Window, bands: &[u32], out: &mut TileMut<'_>) -> Result<bool> {
        self.layout.grid.check(at)?;
        self.read_from(self.source(), window, bands, out)
    }

    fn check_unchanged(&self) -> Result<()> {
        self.source().check_unchanged()
    }

    fn file_bytes(&self) -> u64 {
        self.source().size()
    }
}
