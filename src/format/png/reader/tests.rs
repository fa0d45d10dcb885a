//! Reading: rows that stream, truncated and damaged files.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::codestream::png::{Header, PngImage, READ_AHEAD};
use crate::dataset::DatasetReader;
use crate::error::{Error, Result};
use crate::format::OpenOptions;
use crate::image::{ImageProvider, SampleType, Window};
use crate::io::{ByteSource, MemorySource};
use crate::limits::Limits;
use crate::metadata::Metadata;
use crate::pipeline::{Concurrency, Control, ReadRequest, read_region};

/// A source that records how far it was read.
struct Watched {
    bytes: Vec<u8>,
    end: AtomicU64,
    read: AtomicU64,
}

impl ByteSource for Watched {
    fn size(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> Result<()> {
        self.end.fetch_max(offset + out.len() as u64, Ordering::Relaxed);
        self.read.fetch_add(out.len() as u64, Ordering::Relaxed);
        MemorySource(&self.bytes).read_at(offset, out)
    }
}

/// A file made by the `png` crate.
fn file(color: png::ColorType, depth: png::BitDepth, size: (u32, u32), rows: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, size.0, size.1);
    encoder.set_color(color);
    encoder.set_depth(depth);
    if color == png::ColorType::Indexed {
        encoder.set_palette(vec![0; 48]);
    }
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(rows).unwrap();
    writer.finish().unwrap();
    out
}

fn open(bytes: &[u8]) -> Result<Arc<dyn ImageProvider>> {
    let source = Arc::new(MemorySource(bytes.to_vec()));
    DatasetReader::from_source(source, Some("png"), &OpenOptions::default())?.image(0)
}

fn read(image: &dyn ImageProvider, window: Window) -> Result<Vec<u8>> {
    let request = ReadRequest { window, ..ReadRequest::whole(image) };
    Limits::default().check_pixels("image", request.bytes(image), image.file_bytes())?;
    let mut out = vec![0; request.bytes(image) as usize];
    read_region(image, &request, &mut out, Concurrency::new(2).unwrap(), &Control::default())?;
    Ok(out)
}

#[test]
fn samples_of_few_bits_are_not_scaled() {
    let cases = [(png::BitDepth::One, 1), (png::BitDepth::Two, 2), (png::BitDepth::Four, 4)];
    for color in [png::ColorType::Grayscale, png::ColorType::Indexed] {
        for (depth, bits) in cases {
            let image = open(&file(
                color,
                depth,
                (3, 2),
                &[0b1011_0110, 0xff, 0b0100_1000, 0][..2 * (3 * bits as usize).div_ceil(8)],
            ))
            .unwrap();
            let bytes = read(&*image, Window::new(0, 0, 3, 2)).unwrap();
            let expected: &[u8] = match bits {
                1 => &[1, 0, 1, 1, 1, 1],
                2 => &[2, 3, 1, 3, 3, 3],
                _ => &[11, 6, 15, 4, 8, 0],
            };
            assert_eq!(bytes, expected, "{color:?} {bits}");
            assert_eq!(image.layout().bits_per_sample, bits);
        }
    }
}

#[test]
fn reading_forwards_decodes_each_row_once_and_a_window_none_below_it() {
    let (columns, rows) = (1000, 3000);
    let raw = super::super::writer::tests::scene(columns * rows, columns, 8);
    let bytes = file(png::ColorType::Grayscale, png::BitDepth::Eight, (columns as u32, rows as u32), &raw);
    let source = Arc::new(Watched { bytes, end: AtomicU64::new(0), read: AtomicU64::new(0) });
    let size = source.size();
    let header = Header::parse(source.bytes[16..29].try_into().unwrap()).unwrap();
    let image = PngImage::new(Arc::clone(&source) as Arc<dyn ByteSource>, header, None, Limits::default()).unwrap();

    let window = Window::new(100, 270, 300, 30);
    let expected = |window: Window| -> Vec<u8> {
        let rows = window.y as usize..window.bottom() as usize;
        rows.flat_map(|y| &raw[y * columns..][window.x as usize..window.right() as usize]).copied().collect()
    };
    assert!(read(&image, window).unwrap() == expected(window));
    assert!(source.end.load(Ordering::Relaxed) < size * 300 / rows as u64 + 2 * READ_AHEAD as u64);
    // The rest of the image, in pieces that overlap in rows of one block, continues where the first read ended.
    for (x, y, height) in [(0, 290, 20), (500, 280, 40), (0, 512, 1), (0, 600, 2400)] {
        let window = Window::new(x, y, 400, height);
        assert!(read(&image, window).unwrap() == expected(window));
    }
    assert!(source.read.load(Ordering::Relaxed) < size + READ_AHEAD as u64);
    // Going back restarts the stream.
    assert!(read(&image, window).unwrap() == expected(window));
}

#[test]
fn truncated_files_give_an_error_or_the_rows_there_are() {
    let raw = super::super::writer::tests::scene(3 * 40 * 50, 50, 4);
    let image = super::super::writer::tests::image(3, 40, 50, SampleType::UInt8, raw.clone());
    let metadata: Metadata = [("PNG_TEXT_Comment", "text"), ("PNG_TIME", "2024-01-01T00:00:00Z")].into_iter().collect();
    let (bytes, _) = super::super::writer::tests::write(&image, &metadata, 1).unwrap();
    let mut opened = 0;
    for end in 0..bytes.len() {
        match open(&bytes[..end]) {
            Ok(image) => {
                opened += 1;
                if let Ok(pixels) = read(&*image, image.layout().grid.window()) {
                    assert!(pixels == raw, "{end}");
                }
            }
            Err(error) => assert!(matches!(error, Error::Malformed(_)), "{end}: {error}"),
        }
    }
    assert!(opened > 100);
}

#[test]
fn damaged_files_never_panic() {
    let mut state = 1u64;
    let mut next = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) as usize % below
    };
    let raw = super::super::writer::tests::scene(40 * 50, 50, 4);
    let mut files = vec![file(
        png::ColorType::Indexed,
        png::BitDepth::Four,
        (50, 40),
        &raw[..1000].iter().map(|n| n & 0x77).collect::<Vec<_>>(),
    )];
    let image = super::super::writer::tests::image(1, 40, 50, SampleType::UInt8, raw);
    files.push(super::super::writer::tests::write(&image, &Metadata::new(), 1).unwrap().0);
    let mut failed = 0;
    for round in 0..4000 {
        let mut bytes = files[round % files.len()].clone();
        for _ in 0..=next(3) {
            let (at, value) = (next(bytes.len()), next(256) as u8);
            bytes[at] = value;
            // Repair half of the checksums, to let damage get past them.
            if round % 4 < 2 {
                repair(&mut bytes);
            }
        }
        match open(&bytes).and_then(|image| read(&*image, image.layout().grid.window())) {
            Ok(_) => {}
            Err(Error::Malformed(_) | Error::Unsupported(_) | Error::Limit { .. }) => failed += 1,
            Err(other) => panic!("{other}"),
        }
    }
    assert!(failed > 1000, "{failed}");
}

/// Writes the right checksum after every chunk that can be found.
fn repair(bytes: &mut [u8]) {
    let mut at = 8;
    while at + 12 <= bytes.len() {
        let length = u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
        if at + 12 + length > bytes.len() {
            return;
        }
        let crc = crc32fast::hash(&bytes[at + 4..at + 8 + length]);
        bytes[at + 8 + length..at + 12 + length].copy_from_slice(&crc.to_be_bytes());
        at += 12 + length;
    }
}

#[test]
fn a_huge_image_in_a_small_file_is_refused() {
    let mut bytes = file(png::ColorType::Rgb, png::BitDepth::Sixteen, (1, 1), &[0; 6]);
    bytes[16..20].copy_from_slice(&0x7fff_ffffu32.to_be_bytes());
    repair(&mut bytes);
    assert!(matches!(open(&bytes), Err(Error::Limit { .. })));
    bytes[16..24].copy_from_slice(&[0, 0, 0x80, 0, 0, 0, 0x80, 0]);
    bytes[28] = 1;
    repair(&mut bytes);
    assert!(matches!(open(&bytes), Err(Error::Limit { .. })));
}
