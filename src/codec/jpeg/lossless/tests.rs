use crate::codec::jpeg::huffman::tests::bits as coded;
use crate::codec::jpeg::markers::{DHT, DRI, EOI, SOF0, SOI, SOS};
use crate::codec::jpeg::segments::write_segment;
use crate::codec::jpeg::tests::{Block, decoded};
use crate::image::SampleType;

/// A lossless stream, with a code of five bits for every size of difference.
struct Stream {
    columns: usize,
    rows: usize,
    precision: u8,
    predictor: u8,
    shift: u8,
    components: usize,
    /// Rows between restart markers; zero without markers.
    restart_rows: usize,
    /// True if each component has a scan.
    is_apart: bool,
}

const PLAIN: Stream = Stream {
    columns: 19,
    rows: 11,
    precision: 16,
    predictor: 1,
    shift: 0,
    components: 1,
    restart_rows: 0,
    is_apart: false,
};

impl Stream {
    /// The interleaved samples of an image, which its point transform keeps.
    fn samples(&self) -> Vec<u16> {
        let mask = u16::MAX >> (16 - self.precision) >> self.shift << self.shift;
        (0..(self.columns * self.rows * self.components) as u32).map(|i| (i * i * 977 / 5) as u16 & mask).collect()
    }

    fn encode(&self, samples: &[u16]) -> Vec<u8> {
        let mut out = vec![0xFF, SOI];
        let mut counts = [0; 16];
        counts[4] = 17;
        write_segment(DHT, &[&[0], &counts, &(0..17).collect::<Vec<u8>>()], &mut out);
        let ([r0, r1], [c0, c1]) = ((self.rows as u16).to_be_bytes(), (self.columns as u16).to_be_bytes());
        let all: Vec<usize> = (0..self.components).collect();
        let parts: Vec<u8> = all.iter().flat_map(|part| [*part as u8 + 1, 0x11, 0]).collect();
        write_segment(SOF0 + 3, &[&[self.precision, r0, r1, c0, c1, self.components as u8], &parts], &mut out);
        if self.restart_rows > 0 {
            write_segment(DRI, &[&((self.restart_rows * self.columns) as u16).to_be_bytes()], &mut out);
        }
        let scans: Vec<Vec<usize>> =
            if self.is_apart { all.iter().map(|part| vec![*part]).collect() } else { vec![all] };
        for scan in scans {
            let selected: Vec<u8> = scan.iter().flat_map(|part| [*part as u8 + 1, 0]).collect();
            write_segment(SOS, &[&[scan.len() as u8], &selected, &[self.predictor, 0, self.shift]], &mut out);
            let step = if self.restart_rows > 0 { self.restart_rows } else { self.rows };
            for (number, first) in (0..self.rows).step_by(step).enumerate() {
                if number > 0 {
                    out.extend_from_slice(&[0xFF, 0xD0 + (number as u8 - 1) % 8]);
                }
                let mut bits = String::new();
                for row in first..(first + step).min(self.rows) {
                    for (column, part) in
                        (0..self.columns).flat_map(|column| scan.iter().map(move |part| (column, *part)))
                    {
                        bits.push_str(&self.difference(samples, (row, column), part, row == first));
                    }
                }
                out.extend(coded(&bits));
            }
        }
        out.extend_from_slice(&[0xFF, EOI]);
        out
    }

    /// The bits of a sample (Annex H, from its formulas).
    fn difference(&self, samples: &[u16], (row, column): (usize, usize), part: usize, is_first: bool) -> String {
        let at = |row: usize, column: usize| {
            i32::from(samples[(row * self.columns + column) * self.components + part] >> self.shift)
        };
        let prediction = match (is_first, column) {
            (true, 0) => 1 << (self.precision - self.shift - 1),
            (true, _) => at(row, column - 1),
            (false, 0) => at(row - 1, 0),
            _ => {
                let (a, b, c) = (at(row, column - 1), at(row - 1, column), at(row - 1, column - 1));
                [a, b, c, a + b - c, a + ((b - c) >> 1), b + ((a - c) >> 1), (a + b) >> 1]
                    [usize::from(self.predictor) - 1]
            }
        };
        let difference = (at(row, column) - prediction) as i16;
        let size = 16 - difference.unsigned_abs().leading_zeros() as usize;
        // A difference of 2¹⁵ needs no further bits.
        if !(1..16).contains(&size) {
            return format!("{size:05b}");
        }
        let value = (i32::from(difference) - i32::from(difference < 0)) & ((1 << size) - 1);
        format!("{size:05b}{value:0size$b}")
    }

    fn block(&self) -> Block {
        let sample = if self.precision > 8 { SampleType::UInt16 } else { SampleType::UInt8 };
        Block::of(self.columns as u32, self.rows as u32, self.components as u32, sample)
    }

    fn check(&self) {
        let samples = self.samples();
        let found = decoded(&self.block(), &self.encode(&samples)).unwrap();
        let expected: Vec<u8> = if self.precision > 8 {
            samples.iter().flat_map(|value| value.to_ne_bytes()).collect()
        } else {
            samples.iter().map(|value| *value as u8).collect()
        };
        assert_eq!(found, expected, "precision {}, predictor {}", self.precision, self.predictor);
    }
}

/// A block and its lossless stream.
pub(in super::super) fn any_stream() -> (Block, Vec<u8>) {
    let stream = Stream { components: 2, restart_rows: 3, ..PLAIN };
    (stream.block(), stream.encode(&stream.samples()))
}

#[test]
fn every_precision_and_predictor_is_exact() {
    for precision in 2..=16 {
        for predictor in 1..=7 {
            Stream { precision, predictor, ..PLAIN }.check();
        }
    }
}

#[test]
fn components_may_be_together_or_apart_and_restart_markers_begin_anew() {
    for (components, is_apart) in [(3, false), (3, true), (4, false), (2, true)] {
        for restart_rows in [0, 1, 3] {
            Stream { precision: 8, predictor: 7, components, restart_rows, is_apart, ..PLAIN }.check();
        }
    }
}

#[test]
fn the_point_transform_leaves_out_low_bits() {
    for predictor in [1, 4, 6] {
        Stream { precision: 12, predictor, shift: 3, components: 2, ..PLAIN }.check();
    }
}

#[test]
fn every_truncation_is_an_error_and_its_rows_are_right() {
    for stream in
        [PLAIN, Stream { restart_rows: 2, components: 3, ..PLAIN }, Stream { components: 2, is_apart: true, ..PLAIN }]
    {
        let (block, data) = (stream.block(), stream.encode(&stream.samples()));
        let whole = decoded(&block, &data).unwrap();
        let mut most = 0;
        for length in 0..data.len() - 2 {
            assert!(decoded(&block, &data[..length]).is_err(), "{length} of {} bytes", data.len());
            let mut out = vec![7; whole.len()];
            let rows = block.rows_of(&data[..length], &mut out);
            let bytes = whole.len() / stream.rows * rows as usize;
            assert!(out[..bytes] == whole[..bytes], "{rows} rows in {length} bytes");
            most = most.max(rows);
        }
        assert_eq!(most as usize, stream.rows - 1);
    }
}

#[test]
fn an_interval_that_ends_within_a_row_is_an_error() {
    let stream = Stream { restart_rows: 1, ..PLAIN };
    let mut data = stream.encode(&stream.samples());
    let place = data.windows(2).position(|two| two == [0xFF, DRI]).unwrap();
    data[place + 5] = 20;
    let message = decoded(&stream.block(), &data).unwrap_err().to_string();
    assert!(message.contains("restart") || message.contains("ends early"), "{message}");
}

#[test]
fn subsampling_is_named() {
    let stream = Stream { components: 2, ..PLAIN };
    let mut data = stream.encode(&stream.samples());
    let frame = data.windows(2).position(|two| two == [0xFF, SOF0 + 3]).unwrap();
    data[frame + 11] = 0x21;
    assert_eq!(decoded(&stream.block(), &data).unwrap_err().to_string(), "unsupported lossless JPEG with subsampling");
}
