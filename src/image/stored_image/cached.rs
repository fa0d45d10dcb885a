//! Reading of blocks through the cache of the dataset. The cache holds them band by band, so that a window is copied row by row.

use super::{Located, Part, Piece, Reading, StoredImage, decode, plane_bands, put_row, row_bytes, sized};
use crate::error::Result;
use crate::image::block_cache::{Claim, ImageCache, When};
use crate::image::block_store::{BlockStore, StoredBlock};
use crate::image::canvas::Canvas;
use crate::image::grid::Window;
use crate::image::provider::Visit;
use crate::image::sample::Interleave;
use crate::io::is_fetched;

/// Uncompressed blocks of fewer bytes are not kept: reading them from the file costs less than finding them in the cache.
const LEAST_BYTES: usize = 16 << 10;

/// What a byte loaded into new memory costs, in bytes that are read from the file into memory in use. Measured: 2 to 10, as page
/// faults are cheap or (on virtual machines) dear.
const LOAD_COST: usize = 8;

/// How much sooner a block is loaded of which parts can be decoded if the cache holds the whole image: no block is then loaded
/// twice. Another value than 1 makes a block that is not read again cost more.
const EAGERNESS: usize = 8;

impl StoredImage {
    /// The cache, if blocks may be visited again.
    pub(super) fn cache_for(&self, visit: Visit) -> Option<&ImageCache> {
        self.cache.get().filter(|_| visit != Visit::Once)
    }

    /// Reads a part that the cache does not hold, and loads its block into the cache if that is worth while.
    ///
    /// # Errors
    /// As [`Reading::read`].
    pub(super) fn read_cached(
        &self,
        (cache, visit): (&ImageCache, Visit),
        part: &Part,
        located: &Located,
        reading: &mut Reading<'_, '_>,
    ) -> Result<()> {
        let bands = if part.band.is_some() { 1 } else { reading.bands.len() };
        let Some((piece, when)) = self.whole_block((cache, visit), (part, bands), located)? else {
            return reading.read(part, located);
        };
        let bytes = window_bytes(reading.store, piece.window);
        match cache.claim(part.block, bytes, when) {
            Claim::Direct => return reading.read(part, located),
            Claim::Kept(samples) => reading.put_kept(part, &samples),
            Claim::Load(loading) => {
                let mut samples = loading.memory();
                reading.load(part, &piece, &mut samples)?;
                reading.put_kept(part, &loading.keep(samples));
            }
        }
        Ok(())
    }

    /// The whole block of a part of so many bands, and when to load it. `None` if the cache would not make reads of it faster.
    fn whole_block(
        &self,
        (cache, visit): (&ImageCache, Visit),
        (part, bands): (&Part, usize),
        located: &Located,
    ) -> Result<Option<(Piece, When)>> {
        let store = &*self.store;
        let whole = whole_window(store, part.block);
        let cost = match located {
            Located::Piece(piece) if piece.window == whole => {
                let when = if visit == Visit::Blocks { When::Later(window_bytes(store, whole)) } else { When::Now };
                return Ok(Some((piece.clone(), when)));
            }
            Located::Piece(piece) => {
                let cost = store.part_cost(piece.window, window_bytes(store, piece.window));
                let image = store.layout().grid.window().pixels().saturating_mul(store.layout().pixel_bytes() as u64);
                if cache.holds(image) { cost.saturating_mul(EAGERNESS) } else { cost }
            }
            Located::Rows(rows) => {
                let source = &**store.source();
                let read = rows.read_bytes(source.gap()) as usize;
                // The bytes of the window are copied from the file as fast as from the cache.
                let (Window { width, height, .. }, size) = (part.window, store.layout().sample.bytes());
                let saved = read.saturating_sub(width as usize * height as usize * bands * size);
                match (source.bytes(), source.is_parallel()) {
                    (Some(_), _) => 0,
                    (None, true) => saved / LOAD_COST,
                    (None, false) => read,
                }
            }
        };
        // If the bytes of the source are fetched, only those of the window are in memory.
        if cost == 0 || is_fetched(&**store.source()) || window_bytes(store, whole) < LEAST_BYTES {
            return Ok(None);
        }
        let piece = store.piece(part.block, whole)?.filter(|piece| piece.window == whole);
        let inside = piece.filter(|piece| piece.bytes.iter().all(|bytes| bytes.end <= store.source().size()));
        let when = if cost < window_bytes(store, whole) { When::Later(cost) } else { When::Now };
        Ok(inside.map(|piece| (piece, when)))
    }
}

/// The window of a block that its store decodes as a whole, relative to the block: without padding if the store has none.
fn whole_window(store: &dyn BlockStore, block: StoredBlock) -> Window {
    let grid = store.layout().grid;
    let Window { width, height, .. } =
        if store.is_cropped() { grid.block_window(block.at) } else { grid.full_block_window(block.at) };
    Window::new(0, 0, width, height)
}

/// Bytes of a window with all bands of a plane.
fn window_bytes(store: &dyn BlockStore, window: Window) -> usize {
    row_bytes(store, window.width) as usize * window.height as usize
}

impl Reading<'_, '_> {
    /// Fills `out` with the bands of a whole block, one after the other.
    ///
    /// # Errors
    /// As [`Reading::read`].
    fn load(&mut self, part: &Part, piece: &Piece, out: &mut [u8]) -> Result<()> {
        let Self { store, source, work, .. } = self;
        let place = (part.block, piece);
        if store.interleave() == Interleave::Band {
            let plain = match piece.bytes.as_slice() {
                [bytes] if bytes.end - bytes.start == out.len() as u64 => store.samples().zip(Some(bytes.start)),
                _ => None,
            };
            return match plain {
                Some((samples, start)) => {
                    source.read_at(start, out)?;
                    samples.to_native(out);
                    Ok(())
                }
                None => decode(*store, *source, place, out, &mut work.stored, &mut work.scratch),
            };
        }
        let decoded = sized(&mut work.decoded, out.len());
        decode(*store, *source, place, decoded, &mut work.stored, &mut work.scratch)?;
        let (bands, inside) = (plane_bands(*store), piece.window);
        let (rows, columns) = (inside.height as usize, inside.width as usize);
        let canvas = Canvas::new(out, bands as usize, rows, columns, store.layout().sample.bytes())?;
        let (mut tile, all) = (canvas.whole()?, (0..bands).collect::<Vec<_>>());
        let whole = Part { block: part.block, window: inside, band: None };
        for (y, row) in decoded.chunks_exact(decoded.len() / rows.max(1)).enumerate() {
            put_row(*store, &whole, inside, &all, (y, row), &mut tile);
        }
        Ok(())
    }

    /// Writes the window of a part from the samples of its block in the cache.
    pub(super) fn put_kept(&mut self, part: &Part, samples: &[u8]) {
        let (inside, bands) = (part.inside(self.store), plane_bands(self.store) as usize);
        let band_bytes = samples.len() / bands;
        let pitch = row_bytes(self.store, whole_window(self.store, part.block).width) as usize / bands;
        let size = self.tile.sample_bytes();
        let columns = inside.x as usize * size..inside.right() as usize * size;
        let mut put = |out: usize, band: usize| {
            let rows = samples[band * band_bytes..][..band_bytes].chunks_exact(pitch).skip(inside.y as usize);
            for (y, row) in rows.take(inside.height as usize).enumerate() {
                self.tile.row(out, y).copy_from_slice(&row[columns.clone()]);
            }
        };
        match part.band {
            Some(band) => put(band.out, band.inside as usize),
            None => self.bands.iter().enumerate().for_each(|(out, band)| put(out, *band as usize)),
        }
    }
}
