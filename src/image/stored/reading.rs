//! Reads and decodes parts of stored blocks, and writes them to the output.

use super::parts::{Located, Part, row_bytes};
use super::place::put_pixels;
use super::store::{BlockStore, Piece};
use super::workspace::{Workspace, sized};
use crate::error::Result;
use crate::image::{Interleave, TileMut, Window};
use crate::io::{ByteSource, Rows};

/// The source, buffers and output for reading a part.
pub(super) struct Reading<'r, 't> {
    pub(super) store: &'r dyn BlockStore,
    /// The file, or ranges fetched from it.
    pub(super) source: &'r dyn ByteSource,
    /// The requested bands.
    pub(super) bands: &'r [u32],
    /// A rectangle of the part's size.
    pub(super) tile: TileMut<'t>,
    pub(super) work: &'r mut Workspace,
}

impl Reading<'_, '_> {
    /// Reads a part.
    ///
    /// # Errors
    /// Errors of the source; errors of the codec, with the block.
    pub(super) fn read(&mut self, part: &Part, located: &Located) -> Result<()> {
        match located {
            Located::Rows(rows) => self.read_rows(part, rows),
            Located::Piece(piece) => self.read_piece(part, piece),
        }
    }

    fn read_rows(&mut self, part: &Part, rows: &Rows) -> Result<()> {
        let Some(samples) = self.store.samples() else { return Ok(()) };
        let Self { store, source, bands, tile, work } = self;
        if let (Some(band), true, None) = (part.band, rows.is_joined(), source.bytes())
            && let Some(plane) = tile.plane(band.out)
        {
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
        let Workspace { stored, decoded, scratch } = &mut *self.work;
        let range = piece.bytes.start as usize..piece.bytes.end as usize;
        let data = if let Some(bytes) = self.source.bytes() {
            &bytes[range]
        } else {
            let stored = sized(stored, range.len());
            self.source.read_at(piece.bytes.start, stored)?;
            stored
        };
        let mut decode = |out: &mut [u8]| {
            let result = self.store.decode(part.block, piece, data, out, scratch);
            result.map_err(|error| error.segment(self.store.name(part.block)).at(piece.bytes.start))
        };
        let (store, inside) = (self.store, part.inside(self.store));
        let columns = store.layout().grid.full_block_window(part.block.at).width;
        let whole = inside.width == columns && (inside.y..inside.bottom()) == piece.rows;
        if let (true, Some(band)) = (whole, part.band)
            && let Some(plane) = self.tile.plane(band.out)
        {
            return decode(plane);
        }
        let row = row_bytes(store, part.block.at) as usize;
        let decoded = sized(decoded, row * piece.rows.len());
        decode(decoded)?;
        let rows = decoded.chunks_exact(row).skip((inside.y - piece.rows.start) as usize);
        for (y, row) in rows.take(inside.height as usize).enumerate() {
            put_row(store, part, inside, self.bands, (y, row), &mut self.tile);
        }
        Ok(())
    }
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
