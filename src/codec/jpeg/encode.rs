//! Baseline encoding (ITU-T T.81 §F.1): headers, and rows of MCUs as entropy-coded segments that can be encoded separately
//! and joined.

use super::ColorModel;
use super::entropy::{BitWriter, HuffmanCodes};
use super::markers::{DQT, DRI, EOI, RST0, SOF0, SOI, SOS};
use super::segments::write_segment;
use super::tables::{AC, DC, ZIGZAG, quantizer_steps};
use crate::error::{Error, Result};
use crate::simd::{self, Coefficients, Quantizer, forward_dct};

/// Samples along a side of a block, or of an MCU without subsampling.
const BLOCK: usize = 8;

/// Encodes images with a fixed number of samples, colour model and quality.
pub(crate) struct Encoder {
    components: Vec<Component>,
    transform: bool,
    steps: [[u16; 64]; 2],
    quantizers: [Quantizer; 2],
    codes: [HuffmanCodes; 2],
}

#[derive(Debug, Clone, Copy)]
struct Component {
    horizontal: usize,
    vertical: usize,
    /// Number of the tables: 0 for luminance, 1 for chrominance.
    table: u8,
}

/// Pixels of some rows, 8 bits per sample.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Rows<'a> {
    /// Band after band.
    Planar(&'a [u8]),
    /// Pixel after pixel.
    Interleaved(&'a [u8]),
}

/// The position of separately encoded rows of MCUs in the image, for their restart markers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Restarts {
    /// Index in the image of the first row of MCUs.
    pub first_row: usize,
    /// True if they include the image's last row of MCUs, which no marker follows.
    pub last: bool,
}

impl Encoder {
    /// The encoder for pixels of `samples` samples with meaning `color` at `quality` 1 to 100. With [`ColorModel::YCbCr`], red,
    /// green and blue become luminance and chrominance; all other samples are stored unchanged.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for a number of samples other than 1 to 4, or subsampling factors other than 1 and 2.
    pub(crate) fn new(samples: u32, color: ColorModel, quality: u8) -> Result<Self> {
        let components = match (color, samples) {
            (ColorModel::YCbCr { horizontal: h @ 1..=2, vertical: v @ 1..=2 }, 3) => {
                let chrominance = Component { horizontal: 1, vertical: 1, table: 1 };
                let luminance = Component { horizontal: usize::from(h), vertical: usize::from(v), table: 0 };
                vec![luminance, chrominance, chrominance]
            }
            (ColorModel::YCbCr { horizontal, vertical }, 3) => {
                return Err(Error::unsupported("subsampling for JPEG encoding")
                    .found(format!("{horizontal} × {vertical}"))
                    .allowed("1 or 2 each way"));
            }
            (_, 1..=4) => vec![Component { horizontal: 1, vertical: 1, table: 0 }; samples as usize],
            _ => return Err(Error::unsupported("samples per pixel in JPEG").found(samples).allowed("1 to 4")),
        };
        let steps = quantizer_steps(quality);
        Ok(Self {
            transform: components.iter().any(|component| component.table == 1),
            components,
            steps,
            quantizers: [Quantizer::new(&steps[0]), Quantizer::new(&steps[1])],
            codes: [HuffmanCodes::new(&DC[0], &AC[0]), HuffmanCodes::new(&DC[1], &AC[1])],
        })
    }

    /// Columns and rows of an MCU.
    pub(crate) fn mcu(&self) -> (usize, usize) {
        (BLOCK * self.components[0].horizontal, BLOCK * self.components[0].vertical)
    }

    /// Appends the bytes of a stream before its entropy-coded data. `segments` are application segments and comments, complete
    /// with their markers. With `restarts`, each row of MCUs is a restart interval.
    pub(crate) fn write_start(&self, columns: u16, rows: u16, segments: &[u8], restarts: bool, out: &mut Vec<u8>) {
        out.extend_from_slice(&[0xFF, SOI]);
        out.extend_from_slice(segments);
        self.write_tables(out);
        self.write_frame_header(columns, rows, out);
        if restarts {
            self.write_restart_interval(columns, out);
        }
        self.write_scan_header(out);
    }

    /// Appends a complete stream of `columns` × `rows` pixels. `segments` and `restarts` are as for [`Encoder::write_start`].
    ///
    /// # Panics
    /// If the pixels are not `columns` × `rows`.
    pub(crate) fn write_stream(
        &self,
        pixels: Rows<'_>,
        (columns, rows): (u16, u16),
        segments: &[u8],
        restarts: bool,
        out: &mut Vec<u8>,
    ) {
        self.write_start(columns, rows, segments, restarts, out);
        let restarts = restarts.then_some(Restarts { first_row: 0, last: true });
        self.encode_rows(pixels, columns.into(), rows.into(), restarts, out);
        out.extend_from_slice(&[0xFF, EOI]);
    }

    /// Appends the quantisation and Huffman tables.
    fn write_tables(&self, out: &mut Vec<u8>) {
        let tables = 1 + usize::from(self.transform);
        for (number, steps) in (0..).zip(&self.steps[..tables]) {
            let values = ZIGZAG.map(|place| steps[usize::from(place)] as u8);
            write_segment(DQT, &[&[number], &values], out);
        }
        for number in 0..tables {
            DC[number].write(0, number as u8, out);
            AC[number].write(1, number as u8, out);
        }
    }

    /// Appends the frame header of an image of `columns` × `rows`. Components are numbered from 1 on.
    fn write_frame_header(&self, columns: u16, rows: u16, out: &mut Vec<u8>) {
        let (rows, columns) = (rows.to_be_bytes(), columns.to_be_bytes());
        let fixed = [8, rows[0], rows[1], columns[0], columns[1], self.components.len() as u8];
        let components: Vec<u8> = (1..)
            .zip(&self.components)
            .flat_map(|(number, part)| [number, (part.horizontal << 4 | part.vertical) as u8, part.table])
            .collect();
        write_segment(SOF0, &[&fixed, &components], out);
    }

    /// Appends the definition of the restart interval: one row of MCUs of an image of `columns`.
    fn write_restart_interval(&self, columns: u16, out: &mut Vec<u8>) {
        let interval = usize::from(columns).div_ceil(self.mcu().0) as u16;
        write_segment(DRI, &[&interval.to_be_bytes()], out);
    }

    /// Appends the header of the only scan.
    fn write_scan_header(&self, out: &mut Vec<u8>) {
        let components: Vec<u8> =
            (1..).zip(&self.components).flat_map(|(number, part)| [number, part.table * 0x11]).collect();
        write_segment(SOS, &[&[self.components.len() as u8], &components, &[0, 63, 0]], out);
    }

    /// Appends the entropy-coded data of `rows` rows of pixels, which begin at a row of MCUs. With `restarts`, each row of MCUs
    /// is a restart interval and ends with its marker.
    ///
    /// # Panics
    /// If the pixels are not `columns` × `rows`.
    pub(crate) fn encode_rows(
        &self,
        pixels: Rows<'_>,
        columns: usize,
        rows: usize,
        restarts: Option<Restarts>,
        out: &mut Vec<u8>,
    ) {
        let (mcu_columns, mcu_rows) = self.mcu();
        let across = columns.div_ceil(mcu_columns);
        let mut strip = Strip::new(&self.components, across);
        let mut source = Source::new(pixels, columns, rows, self.components.len());
        let down = rows.div_ceil(mcu_rows);
        let mut writer = BitWriter::new(out);
        let mut predictions = [0; 4];
        for row in 0..down {
            self.fill(&mut source, row * mcu_rows, &mut strip);
            let inside = (columns.div_ceil(BLOCK), (rows - row * mcu_rows).div_ceil(BLOCK));
            self.code_strip(&mut strip, across, inside, &mut predictions, &mut writer);
            if let Some(restarts) = restarts.filter(|restarts| !(restarts.last && row + 1 == down)) {
                writer.marker(RST0 + ((restarts.first_row + row) % 8) as u8);
                predictions = [0; 4];
            }
        }
        writer.finish();
    }

    /// Fills the lines of a row of MCUs and repeats the last row and column of pixels.
    fn fill(&self, source: &mut Source<'_>, first: usize, strip: &mut Strip) {
        let Strip { lines, strides, .. } = strip;
        if !self.transform {
            for (band, (lines, stride)) in std::iter::zip(lines, strides).enumerate() {
                for y in 0..BLOCK {
                    let row = source.row(band, first + y);
                    extend(&mut lines[y * *stride..][..*stride], row.len(), |line| line.copy_from_slice(row));
                }
            }
            return;
        }
        let [luminance, blue, red, ..] = lines.as_mut_slice() else { return };
        let Component { horizontal, vertical, .. } = self.components[0];
        let chroma_columns = source.columns.div_ceil(horizontal);
        for y in 0..BLOCK {
            let top = first + y * vertical;
            source.load(top, vertical);
            for dy in 0..vertical {
                let line = &mut luminance[(y * vertical + dy) * strides[0]..][..strides[0]];
                extend(line, source.columns, |line| simd::luma(source.rgb(top, dy), line));
            }
            let (upper, lower) = (source.rgb(top, 0), source.rgb(top, vertical - 1));
            let blue = &mut blue[y * strides[1]..][..strides[1]];
            let red = &mut red[y * strides[2]..][..strides[2]];
            simd::chroma(upper, lower, horizontal, &mut blue[..chroma_columns], &mut red[..chroma_columns]);
            extend(blue, chroma_columns, |_| ());
            extend(red, chroma_columns, |_| ());
        }
    }

    /// Transforms and codes a row of MCUs, in which `inside` columns and rows of blocks hold pixels of the image. Every block
    /// of a subsampled component holds pixels. Other blocks beyond the edge are coded as no change, the cheapest code.
    fn code_strip(
        &self,
        strip: &mut Strip,
        across: usize,
        inside: (usize, usize),
        predictions: &mut [i16; 4],
        writer: &mut BitWriter<'_>,
    ) {
        let Strip { lines, strides, blocks, present } = strip;
        for (i, component) in self.components.iter().enumerate() {
            let count = across * component.horizontal;
            for row in 0..component.vertical {
                let lines = &lines[i][row * BLOCK * strides[i]..];
                let range = row * count..(row + 1) * count;
                let quantizer = &self.quantizers[usize::from(component.table)];
                forward_dct(lines, strides[i], quantizer, &mut blocks[i][range.clone()], &mut present[i][range]);
            }
        }
        for mcu in 0..across {
            for (i, component) in self.components.iter().enumerate() {
                let codes = &self.codes[usize::from(component.table)];
                let single = component.horizontal * component.vertical == 1;
                for row in 0..component.vertical {
                    for column in 0..component.horizontal {
                        let x = mcu * component.horizontal + column;
                        if single || x < inside.0 && row < inside.1 {
                            let n = row * across * component.horizontal + x;
                            predictions[i] = codes.encode(&blocks[i][n], present[i][n], predictions[i], writer);
                        } else {
                            codes.encode_unchanged(writer);
                        }
                    }
                }
            }
        }
    }
}

/// A row of MCUs: the lines of samples and the blocks of each component.
struct Strip {
    lines: Vec<Vec<u8>>,
    strides: Vec<usize>,
    blocks: Vec<Vec<Coefficients>>,
    present: Vec<Vec<u64>>,
}

impl Strip {
    fn new(components: &[Component], across: usize) -> Self {
        let blocks = |part: &Component| across * part.horizontal * part.vertical;
        Self {
            lines: components.iter().map(|part| vec![0; blocks(part) * BLOCK * BLOCK]).collect(),
            strides: components.iter().map(|part| across * part.horizontal * BLOCK).collect(),
            blocks: components.iter().map(|part| vec![[0; 64]; blocks(part)]).collect(),
            present: components.iter().map(|part| vec![0; blocks(part)]).collect(),
        }
    }
}

/// Rows of each band, deinterleaved if the pixels are interleaved.
struct Source<'a> {
    pixels: Rows<'a>,
    columns: usize,
    rows: usize,
    bands: usize,
    /// Two deinterleaved rows of each band.
    apart: Vec<u8>,
}

impl<'a> Source<'a> {
    fn new(pixels: Rows<'a>, columns: usize, rows: usize, bands: usize) -> Self {
        let (Rows::Planar(bytes) | Rows::Interleaved(bytes)) = pixels;
        assert_eq!(bytes.len(), columns * rows * bands, "pixels of the size given");
        let apart = if bands > 1 && matches!(pixels, Rows::Interleaved(_)) { 2 * columns * bands } else { 0 };
        Self { pixels, columns, rows, bands, apart: vec![0; apart] }
    }

    /// Deinterleaves `count` ≤ 2 rows from `first` for [`Source::rgb`], if the pixels are interleaved.
    fn load(&mut self, first: usize, count: usize) {
        let Rows::Interleaved(bytes) = self.pixels else { return };
        let length = self.columns * self.bands;
        for (y, apart) in (first..first + count).zip(self.apart.chunks_exact_mut(length)) {
            let row = &bytes[y.min(self.rows - 1) * length..][..length];
            let mut planes: Vec<&mut [u8]> = apart.chunks_exact_mut(self.columns).collect();
            simd::deinterleave(row, 1, &mut planes);
        }
    }

    /// The three bands of the loaded row that is `offset` rows below `first`.
    fn rgb(&self, first: usize, offset: usize) -> [&[u8]; 3] {
        let y = (first + offset).min(self.rows - 1);
        std::array::from_fn(|band| match self.pixels {
            Rows::Planar(bytes) => &bytes[(band * self.rows + y) * self.columns..][..self.columns],
            Rows::Interleaved(_) => &self.apart[(offset * self.bands + band) * self.columns..][..self.columns],
        })
    }

    /// One band of row `y`.
    fn row(&mut self, band: usize, y: usize) -> &[u8] {
        let y = y.min(self.rows - 1);
        match self.pixels {
            Rows::Planar(bytes) => &bytes[(band * self.rows + y) * self.columns..][..self.columns],
            Rows::Interleaved(bytes) if self.bands == 1 => &bytes[y * self.columns..][..self.columns],
            Rows::Interleaved(bytes) => {
                let pixels = bytes[y * self.columns * self.bands..].chunks_exact(self.bands);
                let line = &mut self.apart[..self.columns];
                line.iter_mut().zip(pixels).for_each(|(sample, pixel)| *sample = pixel[band]);
                line
            }
        }
    }
}

/// Calls `fill` for the first `count` samples of a line and repeats the last one to its end.
fn extend(line: &mut [u8], count: usize, fill: impl FnOnce(&mut [u8])) {
    let (inside, outside) = line.split_at_mut(count);
    fill(inside);
    outside.fill(inside[count - 1]);
}
