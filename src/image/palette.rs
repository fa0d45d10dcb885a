//! Colours and grey values that replace the indices of an image.

use std::sync::Arc;

use super::canvas::{Canvas, TileMut};
use super::gaps::Gaps;
use super::grid::Window;
use super::layout::ImageLayout;
use super::provider::ImageProvider;
use super::sample::SampleType;
use super::view::{Base, Read, View};
use crate::error::{Error, Result};

/// The values of an image's indices: a table for each band of the result, all of the same length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Palette {
    sample: SampleType,
    /// Samples in native byte order, one table for each band.
    tables: Vec<Vec<u8>>,
}

/// A one-band image whose indices are replaced by the values of a palette. Absent blocks of the source stay absent.
pub struct PaletteImage {
    base: Base,
    palette: Arc<Palette>,
}

impl Palette {
    /// A palette of tables of bytes, one for each band.
    ///
    /// # Errors
    /// [`Error::Malformed`] for tables of different lengths, for empty tables, and without tables.
    pub fn from_bytes(tables: Vec<Vec<u8>>) -> Result<Self> {
        Self::new(SampleType::UInt8, tables)
    }

    /// A palette of tables of 16-bit values, one for each band.
    ///
    /// # Errors
    /// As [`Palette::from_bytes`].
    pub fn from_words(tables: &[Vec<u16>]) -> Result<Self> {
        let bytes = |table: &Vec<u16>| table.iter().flat_map(|value| value.to_ne_bytes()).collect();
        Self::new(SampleType::UInt16, tables.iter().map(bytes).collect())
    }

    fn new(sample: SampleType, tables: Vec<Vec<u8>>) -> Result<Self> {
        let first = tables.first().map_or(0, Vec::len);
        if first == 0 || tables.iter().any(|table| table.len() != first) {
            let lengths: Vec<_> = tables.iter().map(|table| table.len() / sample.bytes()).collect();
            return Err(Error::malformed("palette tables:")
                .found(format!("{lengths:?} entries"))
                .allowed("at least one entry, and as many in each table"));
        }
        Ok(Self { sample, tables })
    }

    /// Entries of each table.
    pub fn entries(&self) -> usize {
        self.tables[0].len() / self.sample.bytes()
    }

    /// Writes the values of one band for a row of indices that were checked.
    fn expand(&self, band: u32, indices: &[u32], out: &mut [u8]) {
        let table = &self.tables[band as usize];
        if self.sample == SampleType::UInt8 {
            out.iter_mut().zip(indices).for_each(|(value, index)| *value = table[*index as usize]);
        } else {
            let (table, values) = (table.as_chunks::<2>().0, out.as_chunks_mut::<2>().0);
            values.iter_mut().zip(indices).for_each(|(value, index)| *value = table[*index as usize]);
        }
    }
}

impl PaletteImage {
    /// The values of `palette` for the indices of `source`.
    ///
    /// # Errors
    /// [`Error::Usage`] for an image of several bands, and for samples that cannot be indices.
    pub fn new(source: Arc<dyn ImageProvider>, palette: Arc<Palette>) -> Result<Self> {
        let indices = source.layout();
        if indices.bands != 1 || !matches!(indices.sample, SampleType::UInt8 | SampleType::UInt16 | SampleType::UInt32)
        {
            return Err(Error::usage("index image:")
                .found(format!("{} bands of {}", indices.bands, indices.sample))
                .allowed("1 band of uint8, uint16 or uint32"));
        }
        let layout = ImageLayout::new(indices.grid, palette.tables.len() as u32, palette.sample)?;
        let level = |level: &Arc<dyn ImageProvider>| -> Result<Arc<dyn ImageProvider>> {
            Ok(Arc::new(Self::new(Arc::clone(level), Arc::clone(&palette))?))
        };
        let levels = source.levels().iter().map(level).collect::<Result<_>>()?;
        // The file holds indices: the larger size after expansion does not indicate damage.
        let expansion = layout.pixel_bytes().div_ceil(indices.pixel_bytes()) as u64;
        Ok(Self { base: Base { levels, expansion, ..Base::new(source, layout) }, palette })
    }
}

impl View for PaletteImage {
    fn base(&self) -> &Base {
        &self.base
    }

    fn in_source(&self, window: Window) -> Window {
        window
    }

    fn bands_in_source(&self, _: &[u32]) -> Vec<u32> {
        vec![0]
    }

    fn make(&self, window: Window, bands: &[u32], read: &Read<'_>, out: &mut TileMut<'_>) -> Result<bool> {
        let (rows, columns) = (window.height as usize, window.width as usize);
        let sample = self.base.source.layout().sample;
        let mut indices = vec![0; rows * columns * sample.bytes()];
        let canvas = Canvas::new(&mut indices, 1, rows, columns, sample.bytes())?;
        // Missing indices have no value; the pixels are filled below.
        let gaps = Gaps::new(vec![0; sample.bytes()]);
        let mut whole = canvas.whole()?;
        let mut tile = if out.is_in_part() { whole.in_part(&gaps, (0, 0)) } else { whole };
        if !read(window, &[0], &mut tile)? {
            return Ok(false);
        }
        drop(canvas);
        let entries = self.palette.entries();
        let mut row_indices = vec![0; columns];
        for (y, row) in indices.chunks_exact(columns * sample.bytes()).enumerate() {
            read_indices(sample, row, &mut row_indices);
            let largest = row_indices.iter().max().copied().unwrap_or_default();
            if largest as usize >= entries {
                return Err(Error::malformed("palette index:").found(largest).allowed(format!("0 to {}", entries - 1)));
            }
            for (out_band, band) in bands.iter().enumerate() {
                self.palette.expand(*band, &row_indices, out.row(out_band, y));
            }
        }
        out.copy_gaps(&gaps, |window| window)?;
        Ok(true)
    }
}

/// The samples of a row as numbers.
fn read_indices(sample: SampleType, row: &[u8], out: &mut [u32]) {
    match sample {
        SampleType::UInt8 => out.iter_mut().zip(row).for_each(|(index, byte)| *index = (*byte).into()),
        SampleType::UInt16 => {
            let samples = row.as_chunks().0;
            out.iter_mut().zip(samples).for_each(|(index, bytes)| *index = u16::from_ne_bytes(*bytes).into());
        }
        _ => {
            let samples = row.as_chunks().0;
            out.iter_mut().zip(samples).for_each(|(index, bytes)| *index = u32::from_ne_bytes(*bytes));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::{Block, BlockGrid, BlockIndex, Interleave, MemoryImage, Pixels, absent_parts};

    fn palette() -> Arc<Palette> {
        Arc::new(Palette::from_bytes(vec![vec![10, 20, 30], vec![1, 2, 3]]).unwrap())
    }

    fn indices(values: [u8; 4]) -> MemoryImage {
        let grid = BlockGrid::new(4, 2, 2, 2).unwrap();
        let mut image = MemoryImage::new(ImageLayout::new(grid, 1, SampleType::UInt8).unwrap());
        let pixels = Pixels::from_vec(values.to_vec(), [1, 2, 2], SampleType::UInt8, Interleave::Band).unwrap();
        image.set_block(BlockIndex { row: 0, column: 1 }, pixels).unwrap();
        image
    }

    #[test]
    fn indices_become_values_and_absent_blocks_stay_absent() {
        let source: Arc<dyn ImageProvider> = Arc::new(indices([0, 1, 2, 0]));
        let image = PaletteImage::new(Arc::clone(&source), palette()).unwrap();
        let Block::Pixels(pixels) = image.block(BlockIndex { row: 0, column: 1 }).unwrap() else { panic!("present") };
        assert_eq!(pixels.contiguous(Interleave::Band).unwrap(), [10, 20, 30, 10, 1, 2, 3, 1]);
        assert!(matches!(image.block(BlockIndex::default()).unwrap(), Block::Absent));
        assert_eq!(absent_parts(&image, Window::new(1, 0, 3, 1)).unwrap(), [Window::new(1, 0, 1, 1)]);
        assert_eq!(absent_parts(&image, Window::new(2, 0, 2, 2)).unwrap(), []);
    }

    #[test]
    fn a_sample_beyond_the_palette_is_an_error() {
        let image = PaletteImage::new(Arc::new(indices([0, 1, 3, 0])), palette()).unwrap();
        let error = image.block(BlockIndex { row: 0, column: 1 }).unwrap_err();
        assert!(matches!(error, Error::Malformed(_)), "{error}");
        assert!(Palette::from_bytes(vec![vec![1], vec![]]).is_err() && Palette::from_words(&[]).is_err());
        let real = ImageLayout::new(BlockGrid::new(1, 1, 1, 1).unwrap(), 1, SampleType::Float32).unwrap();
        assert!(PaletteImage::new(Arc::new(MemoryImage::new(real)), palette()).is_err());
    }
}
