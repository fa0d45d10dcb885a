//! Files made with the tables are read back.

use std::sync::Arc;

use proptest::prelude::*;

use super::reader::open;
use super::*;
use crate::asset::AssetType;
use crate::error::{Error, Result};
use crate::format::{ContainerReader, OpenOptions};
use crate::image::{BlockIndex, Crs, ImageProvider, Window};
use crate::io::{MemorySource, SerialSource};
use crate::metadata::Value;
use crate::pipeline::{Concurrency, Control, ReadRequest, read_region};
use crate::schema::{FieldData, Record, write};

/// An image of 5 × 3 pixels in blocks of 2 × 2, with as many bands as wanted.
struct Sample {
    mode: &'static str,
    bands: usize,
    pvtype: &'static str,
    bits: usize,
    compression: &'static str,
}

const COLUMNS: usize = 5;
const ROWS: usize = 3;
const BLOCK: usize = 2;

impl Sample {
    fn subheader(&self, tres: &[u8]) -> Vec<u8> {
        let mut record: Record = [("IID1", "SAMPLE"), ("PVTYPE", self.pvtype), ("IREP", "MULTI"), ("IMODE", self.mode)]
            .into_iter()
            .collect();
        let numbers =
            [("NROWS", ROWS), ("NCOLS", COLUMNS), ("NBPR", 3), ("NBPC", 2), ("NPPBH", BLOCK), ("NPPBV", BLOCK)];
        for (name, value) in numbers {
            record.set(name, value as u64);
        }
        record.set("ABPP", self.bits as u64);
        record.set("NBPP", self.bits as u64);
        record.set("NBANDS", self.bands as u64);
        record.set("BAND_INFO", vec![Record::new(); self.bands]);
        record.set("IC", self.compression);
        record.set("ICORDS", "D");
        record.set("IGEOLO", "+10.000+020.000+10.000+020.400+09.800+020.400+09.800+020.000");
        record.set("ICOM", vec![[("ICOM", "first")].into_iter().collect::<Record>()]);
        record.set("NICOM", 1);
        record.set("IXSHDL", tres.len() as u64 + 3);
        record.set("IXSHD", tres.to_vec());
        write(header("IMAGE").unwrap(), &record).unwrap()
    }

    /// The value of a pixel, different in every band, row and column.
    fn value(&self, band: usize, row: usize, column: usize) -> u64 {
        let value = (band * 31 + row * 7 + column * 3 + 1) as u64;
        if self.bits == 1 { value & 1 } else { value & ((1 << self.bits.min(16)) - 1) }
    }

    /// The pixels as the mode stores them; blocks at the edges are filled with zeros.
    fn data(&self) -> Vec<u8> {
        let mut planes: Vec<Vec<(usize, usize, usize)>> = Vec::new();
        let blocks: Vec<(usize, usize)> = (0..2).flat_map(|row| (0..3).map(move |column| (row, column))).collect();
        let pixels = |block: (usize, usize)| {
            (0..BLOCK).flat_map(move |y| (0..BLOCK).map(move |x| (block.0 * BLOCK + y, block.1 * BLOCK + x)))
        };
        match self.mode {
            "S" => {
                for band in 0..self.bands {
                    planes.extend(blocks.iter().map(|block| pixels(*block).map(|(y, x)| (band, y, x)).collect()));
                }
            }
            "B" => {
                for block in &blocks {
                    planes.extend((0..self.bands).map(|band| pixels(*block).map(|(y, x)| (band, y, x)).collect()));
                }
            }
            mode => {
                for block in &blocks {
                    let mut plane: Vec<_> =
                        (0..self.bands).flat_map(|band| pixels(*block).map(move |(y, x)| (band, y, x))).collect();
                    match mode {
                        "P" => plane.sort_by_key(|(band, y, x)| (*y, *x, *band)),
                        _ => plane.sort_by_key(|(band, y, x)| (*y, *band, *x)),
                    }
                    planes.push(plane);
                }
            }
        }
        let inside =
            |(band, y, x): (usize, usize, usize)| if y < ROWS && x < COLUMNS { self.value(band, y, x) } else { 0 };
        planes.into_iter().flat_map(|plane| pack(plane.into_iter().map(inside), self.bits)).collect()
    }
}

/// Big-endian numbers of `bits` bits one after the other, padded to a byte at the end.
fn pack(values: impl Iterator<Item = u64>, bits: usize) -> Vec<u8> {
    let digits: Vec<u8> = values.flat_map(|value| (0..bits).rev().map(move |bit| ((value >> bit) & 1) as u8)).collect();
    digits.chunks(8).map(|byte| byte.iter().enumerate().fold(0, |sum, (at, bit)| sum | (bit << (7 - at)))).collect()
}

fn file(subheader: &[u8], data: &[u8]) -> Vec<u8> {
    let mut lengths = Record::new();
    lengths.set("LISH", subheader.len() as u64);
    lengths.set("LI", data.len() as u64);
    let mut record: Record = [("OSTAID", "HERE"), ("FTITLE", "title")].into_iter().collect();
    record.set("CLEVEL", 3);
    record.set("HL", 404);
    record.set("FL", (404 + subheader.len() + data.len()) as u64);
    record.set("IMAGE_SEGMENTS", vec![lengths]);
    record.set("FBKGC", FieldData::Bytes(vec![0; 3]));
    let mut bytes = write(header("HEADER").unwrap(), &record).unwrap();
    bytes.extend_from_slice(subheader);
    bytes.extend_from_slice(data);
    bytes
}

fn open_bytes(bytes: Vec<u8>) -> Result<Box<dyn ContainerReader>> {
    open(Arc::new(MemorySource(bytes)), &OpenOptions::default())
}

pub(super) fn read_all(image: &dyn ImageProvider) -> Result<Vec<u8>> {
    let request = ReadRequest::whole(image);
    let mut out = vec![0; request.bytes(image) as usize];
    read_region(image, &request, &mut out, Concurrency::new(2).unwrap(), &Control::default())?;
    Ok(out)
}

fn expected(sample: &Sample, size: usize) -> Vec<u8> {
    let mut out = Vec::new();
    for band in 0..sample.bands {
        for y in 0..ROWS {
            for x in 0..COLUMNS {
                let value = sample.value(band, y, x).to_ne_bytes();
                let bytes = if cfg!(target_endian = "little") { &value[..size] } else { &value[8 - size..] };
                out.extend_from_slice(bytes);
            }
        }
    }
    out
}

#[test]
fn every_mode_and_width_is_read() {
    for mode in ["B", "P", "R", "S"] {
        for (pvtype, bits, size) in
            [("INT", 8, 1), ("B", 1, 1), ("INT", 12, 2), ("INT", 16, 2), ("SI", 16, 2), ("INT", 32, 4), ("INT", 64, 8)]
        {
            for bands in [2, 3] {
                let sample = Sample { mode, bands, pvtype, bits, compression: "NC" };
                let reader = open_bytes(file(&sample.subheader(b""), &sample.data())).unwrap();
                let image = reader.image(0).unwrap();
                assert_eq!(read_all(&*image).unwrap(), expected(&sample, size), "{mode} {pvtype} {bits} {bands}");
            }
        }
    }
}

#[test]
fn windows_and_bands_of_every_mode_are_read_from_a_stream() {
    let modes = ["B", "P", "R", "S"].into_iter().flat_map(|mode| [1, 12, 16].map(|bits| (mode, bits)));
    for (mode, bits) in modes {
        let pvtype = if bits == 1 { "B" } else { "INT" };
        let sample = Sample { mode, bands: 3, pvtype, bits, compression: "NC" };
        let bytes = file(&sample.subheader(b""), &sample.data());
        let whole = read_all(&*open_bytes(bytes.clone()).unwrap().image(0).unwrap()).unwrap();
        let stream = SerialSource::new(MemorySource(bytes));
        let image = open(Arc::new(stream), &OpenOptions::default()).unwrap().image(0).unwrap();
        let size = image.layout().sample.bytes();
        for (window, bands) in [(Window::new(1, 1, 3, 2), vec![2, 0]), (Window::new(0, 0, 5, 3), vec![1])] {
            let request = ReadRequest { window, bands: bands.clone(), fill: vec![0; size] };
            let mut out = vec![0; request.bytes(&*image) as usize];
            read_region(&*image, &request, &mut out, Concurrency::new(2).unwrap(), &Control::default()).unwrap();
            let mut expected = Vec::new();
            for (band, y) in bands.iter().flat_map(|band| (window.y..window.bottom()).map(move |y| (*band, y))) {
                let start = ((band as usize * ROWS + y as usize) * COLUMNS + window.x as usize) * size;
                expected.extend_from_slice(&whole[start..start + window.width as usize * size]);
            }
            assert_eq!(out, expected, "{mode} {bits} {window:?} {bands:?}");
        }
    }
}

#[test]
fn segments_are_assets_with_fields_comments_and_extensions() {
    let sample = Sample { mode: "B", bands: 2, pvtype: "INT", bits: 8, compression: "NC" };
    let tres = b"XXXXXX00003abcPRADAA00001x";
    let reader = open_bytes(file(&sample.subheader(tres), &sample.data())).unwrap();
    assert_eq!(reader.metadata().get("FTITLE").and_then(Value::as_text).map(str::trim_end), Some("title"));
    let asset = &reader.assets()[0];
    assert_eq!((asset.key.as_str(), asset.kind, asset.title.as_str()), ("image:0", AssetType::Image, "SAMPLE"));
    assert_eq!(asset.metadata.get("XXXXXX"), Some(&Value::Bytes(b"abc".to_vec())));
    assert!(matches!(asset.metadata.get("ICOM"), Some(Value::List(comments)) if comments.len() == 1));
    assert!(matches!(asset.metadata.get("BAND_INFO"), Some(Value::List(bands)) if bands.len() == 2));
    // A body of a known tag that does not follow its layout is kept as bytes, with a warning.
    assert_eq!(asset.metadata.get("PRADAA"), Some(&Value::Bytes(b"x".to_vec())));
    assert!(reader.warnings().iter().any(|warning| warning.key == "PRADAA"));
    let place = &asset.image.as_ref().unwrap().georeference;
    assert_eq!(place.crs, Some(Crs::Epsg(4326)));
    let (x, y) = place.transform.unwrap().apply(0.5, 0.5);
    assert!((x - 20.0).abs() < 1e-9 && (y - 10.0).abs() < 1e-9, "centre of the first pixel at {x} {y}");
}

#[test]
fn a_mask_table_lists_the_blocks_that_the_file_holds() {
    let sample = Sample { mode: "B", bands: 1, pvtype: "INT", bits: 8, compression: "NM" };
    let mut data = [&35u32.to_be_bytes()[..], &[0, 4, 0, 0, 0, 8, 77]].concat();
    for offset in [0u32, u32::MAX, 4, 8, 12, 16] {
        data.extend(offset.to_be_bytes());
    }
    let stored = sample.data();
    data.extend(&stored[..4]);
    data.extend(&stored[8..]);
    let reader = open_bytes(file(&sample.subheader(b""), &data)).unwrap();
    let image = reader.image(0).unwrap();
    assert!(!image.has_block(BlockIndex { row: 0, column: 1 }).unwrap() && !image.is_dense());
    let pixels = read_all(&*image).unwrap();
    assert_eq!(pixels[..5], [1, 4, 77, 77, 13]);

    data[..4].copy_from_slice(&9999u32.to_be_bytes());
    let reader = open_bytes(file(&sample.subheader(b""), &data)).unwrap();
    let image = reader.image(0).unwrap();
    assert!(matches!(read_all(&*image), Err(Error::Malformed(_))));
}

#[test]
fn compressed_images_have_the_name_of_their_compression() {
    let mut sample = Sample { mode: "B", bands: 1, pvtype: "INT", bits: 8, compression: "NC" };
    let mut subheader = sample.subheader(b"");
    let at = subheader.windows(4).position(|four| four == b"NC1N" || four == b"NC1 ").expect("IC stands before NBANDS");
    subheader.splice(at..at + 2, *b"C800.5");
    sample.compression = "C8";
    let reader = open_bytes(file(&subheader, &sample.data())).unwrap();
    assert_eq!(reader.assets()[0].image.as_ref().unwrap().compression, "C8");
    let image = reader.image(0).unwrap();
    assert_eq!((image.layout().grid.columns(), image.layout().bands), (5, 1));
    let error = read_all(&*image).unwrap_err();
    assert!(matches!(error, Error::Malformed(_)) && error.to_string().contains("image:0"), "{error}");
}

proptest! {
    #[test]
    fn no_change_of_a_byte_or_cut_makes_the_reader_panic(at in 0usize..900, byte: u8, cut in 0usize..1200) {
        let sample = Sample { mode: "S", bands: 3, pvtype: "INT", bits: 12, compression: "NC" };
        let mut bytes = file(&sample.subheader(b"XXXXXX00003abc"), &sample.data());
        let at = at % bytes.len();
        bytes[at] = byte;
        bytes.truncate(cut.max(10));
        if let Ok(reader) = open_bytes(bytes) {
            for position in 0..reader.assets().len() {
                if let Ok(image) = reader.image(position)
                    && image.layout().image_bytes() < 1 << 20
                {
                    let _ = read_all(&*image);
                }
                let _ = reader.raw_asset(position);
            }
        }
    }
}
