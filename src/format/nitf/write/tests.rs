//! Written files are read back.

use std::sync::{Arc, Mutex};

use super::super::reader::open;
use super::header::Flavour;
use super::writer::{NitfWriter, create};
use crate::asset::AssetType;
use crate::dataset::write_image;
use crate::error::Result;
use crate::format::{
    ContainerReader, ContainerWriter, Content, DataRequest, ImageRequest, OpenOptions, Warning, WriteContext,
};
use crate::image::{
    Block, BlockGrid, BlockIndex, ImageLayout, ImageProvider, Interleave, MemoryImage, Pixels, SampleType,
};
use crate::io::{ByteSink, MemorySink, MemorySource};
use crate::metadata::{Metadata, Value};
use crate::pipeline::{Concurrency, Control, ReadRequest, read_region};

/// A file under construction, and its warnings.
struct Made {
    writer: Option<Box<NitfWriter>>,
    target: Arc<Mutex<Vec<u8>>>,
    warnings: Vec<Warning>,
    strict: bool,
}

impl Made {
    fn new() -> Self {
        let (sink, target) = MemorySink::new();
        let writer = create(Box::new(sink), Flavour::Nitf).unwrap();
        Self { writer: Some(Box::new(writer)), target, warnings: Vec::new(), strict: false }
    }

    fn with<T>(&mut self, action: impl FnOnce(Box<NitfWriter>, &mut WriteContext<'_, '_>) -> T) -> T {
        let (control, strict) = (Control::default(), self.strict);
        let concurrency = Concurrency::new(2).unwrap();
        let mut context = WriteContext { concurrency, control: &control, warnings: &mut self.warnings, strict };
        action(self.writer.take().unwrap(), &mut context)
    }

    fn add(&mut self, key: &str, provider: &dyn ImageProvider, metadata: &Metadata) -> Result<()> {
        self.with_writer(|writer, context| {
            let request = ImageRequest::new(key, provider, metadata);
            write_image(writer, &request, context).map(|_| ())
        })
    }

    fn add_data(&mut self, kind: AssetType, metadata: &Metadata, bytes: &[u8]) -> Result<()> {
        self.with_writer(|writer, context| {
            let content = Content::Bytes(bytes);
            let request = DataRequest {
                key: "x",
                title: "",
                description: "",
                roles: &[],
                kind,
                media_type: "",
                metadata,
                content,
            };
            writer.add_data(&request, context)
        })
    }

    fn set_metadata(&mut self, metadata: &Metadata) -> Result<()> {
        self.with_writer(|writer, context| writer.set_metadata(metadata, context))
    }

    fn with_writer<T>(&mut self, action: impl FnOnce(&mut NitfWriter, &mut WriteContext<'_, '_>) -> T) -> T {
        let mut writer = None;
        let result = self.with(|mut taken, context| {
            let result = action(&mut taken, context);
            writer = Some(taken);
            result
        });
        self.writer = writer;
        result
    }

    fn finish(mut self) -> Result<Vec<u8>> {
        let sink: Box<dyn ByteSink> = self.with(ContainerWriter::finish)?;
        sink.publish()?;
        let bytes = self.target.lock().unwrap().clone();
        Ok(bytes)
    }
}

fn read(bytes: Vec<u8>) -> Box<dyn ContainerReader> {
    let reader = open(Arc::new(MemorySource(bytes)), &OpenOptions::default()).unwrap();
    assert_eq!(reader.warnings(), []);
    reader
}

fn pixels_of(image: &dyn ImageProvider) -> Vec<u8> {
    let request = ReadRequest::whole(image);
    let mut out = vec![0; request.bytes(image) as usize];
    read_region(image, &request, &mut out, Concurrency::new(2).unwrap(), &Control::default()).unwrap();
    out
}

/// Samples that differ by place, in blocks of 20 × 10.
fn picture(columns: usize, rows: usize, bands: usize) -> (MemoryImage, Vec<u8>) {
    let bytes: Vec<u8> = (0..bands * rows * columns).map(|n| (n * 7 % 251) as u8).collect();
    let pixels = Pixels::from_vec(bytes.clone(), [bands, rows, columns], SampleType::UInt8, Interleave::Band).unwrap();
    (MemoryImage::from_pixels(pixels, 20, 10).unwrap(), bytes)
}

/// An image that claims to have every block but has none.
struct Present(ImageLayout);

impl ImageProvider for Present {
    fn layout(&self) -> &ImageLayout {
        &self.0
    }

    fn block(&self, at: BlockIndex) -> Result<Block> {
        panic!("block {at:?} is asked for before the request is checked")
    }

    fn is_dense(&self) -> bool {
        true
    }
}

fn metadata(entries: &[(&str, &str)]) -> Metadata {
    let time = [("IDATIM", "20240102030405")];
    time.into_iter().chain(entries.iter().copied()).collect()
}

#[test]
fn an_image_larger_than_a_segment_is_cut_and_read_as_one() {
    for mode in ["B", "P", "R", "S"] {
        let (image, expected) = picture(50, 95, 2);
        let mut made = Made::new();
        // Three blocks of 400 bytes in a row; two rows of blocks fit.
        made.writer = made.writer.map(|writer| Box::new(writer.with_limit(2500)));
        let corners = "183000054499995183004904499995183004904499055183000054499055";
        made.add("image:0", &image, &metadata(&[("IMODE", mode), ("ICORDS", "N"), ("IGEOLO", corners)])).unwrap();
        let bytes = made.finish().unwrap();
        let reader = read(bytes);
        let keys: Vec<&str> = reader.assets().iter().map(|asset| asset.key.as_str()).collect();
        let parts: Vec<String> = (0..5).map(|part| format!("image:0:segment:{part}")).collect();
        assert_eq!(keys, [&["image:0"][..], &parts.iter().map(String::as_str).collect::<Vec<_>>()].concat(), "{mode}");
        assert!(pixels_of(&*reader.image(0).unwrap()) == expected, "{mode}");
        let text = |position: usize, name: &str| {
            reader.assets()[position].metadata.get(name).and_then(Value::as_text).unwrap().to_owned()
        };
        assert_eq!(text(0, "NROWS"), "00000095");
        assert_eq!([text(1, "ILOC"), text(2, "ILOC"), text(5, "ILOC")], ["0000000000", "0002000000", "0002000000"]);
        assert_eq!([text(1, "IALVL"), text(2, "IALVL"), text(5, "IALVL")], ["000", "001", "004"]);
        assert_eq!([text(1, "IDLVL"), text(5, "IDLVL")], ["001", "005"]);
        assert_eq!([text(1, "IID1"), text(5, "IID1")], ["image_0   ", "image_4   "]);
        assert_eq!(text(0, "IGEOLO"), corners);
        assert_eq!(&text(2, "IGEOLO")[..15], "183000054499795");
    }
}

#[test]
fn segments_stand_in_order_whatever_the_order_they_come_in() {
    let (image, expected) = picture(30, 20, 1);
    for first in [true, false] {
        let mut made = Made::new();
        let graphic =
            metadata(&[("SID", "G")]).iter().filter(|(key, _)| *key != "IDATIM").map(|(k, v)| (k, v.clone())).collect();
        let add_others = |made: &mut Made| {
            made.add_data(AssetType::Data, &[("DESID", "MINE")].into_iter().collect(), b"data").unwrap();
            made.add_data(AssetType::Text, &[("TXTITL", "T")].into_iter().collect(), b"text").unwrap();
            made.add_data(AssetType::Graphics, &graphic, b"cgm").unwrap();
            made.add_data(AssetType::Data, &[("RESID", "R")].into_iter().collect(), b"reserved").unwrap();
        };
        if first {
            add_others(&mut made);
        }
        made.add("a", &image, &metadata(&[])).unwrap();
        made.add("b", &image, &metadata(&[])).unwrap();
        if !first {
            add_others(&mut made);
        }
        made.set_metadata(&[("FTITLE", "all")].into_iter().collect()).unwrap();
        let reader = read(made.finish().unwrap());
        let keys: Vec<&str> = reader.assets().iter().map(|asset| asset.key.as_str()).collect();
        assert_eq!(keys, ["image:0", "image:1", "graphic:0", "text:0", "data:0", "reserved:0"]);
        for position in 0..2 {
            assert!(pixels_of(&*reader.image(position).unwrap()) == expected);
        }
        let contents: Vec<Vec<u8>> = (2..6).map(|position| reader.raw_asset(position).unwrap()).collect();
        assert_eq!(contents, [&b"cgm"[..], b"text", b"data", b"reserved"]);
    }
}

#[test]
fn extensions_that_overflow_are_found_again_in_order() {
    let (image, _) = picture(30, 20, 1);
    let mut made = Made::new();
    let mut entries = metadata(&[]);
    for tag in ["AAAAAA", "BBBBBB", "CCCCCC"] {
        entries.append(tag, vec![b'x'; 60_000]);
    }
    made.add("image:0", &image, &entries).unwrap();
    let mut text: Metadata = [("TXTITL", "T")].into_iter().collect();
    text.append("DDDDDD", vec![b'y'; 9_800]);
    made.add_data(AssetType::Text, &text, b"text").unwrap();
    made.add_data(AssetType::Data, &[("DESID", "MINE")].into_iter().collect(), b"data").unwrap();
    let mut file = Metadata::new();
    file.append("EEEEEE", vec![b'z'; 99_900]);
    file.append("FFFFFF", vec![b'z'; 99_900]);
    made.set_metadata(&file).unwrap();
    let reader = read(made.finish().unwrap());
    let assets = reader.assets();
    let tags = |metadata: &Metadata| {
        metadata
            .iter()
            .filter(|(_, value)| matches!(value, Value::Bytes(bytes) if bytes.len() > 9000))
            .map(|(key, _)| key.to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(tags(&assets[0].metadata), ["AAAAAA", "BBBBBB", "CCCCCC"]);
    assert_eq!(tags(&assets[1].metadata), ["DDDDDD"]);
    assert_eq!(tags(reader.metadata()), ["EEEEEE", "FFFFFF"]);
    let titles: Vec<&str> =
        assets.iter().filter(|asset| asset.kind == AssetType::Data).map(|asset| asset.title.as_str()).collect();
    assert_eq!(titles, ["MINE", "TRE_OVERFLOW", "TRE_OVERFLOW", "TRE_OVERFLOW"]);
}

#[test]
fn the_most_a_file_can_have_is_refused_before_a_byte_is_written() {
    for (columns, rows, named) in
        [(90_000_000, 90_000_000, "file"), (1_000_000, 1_100_000, "file"), (100_000_000, 1, "columns")]
    {
        let layout =
            ImageLayout::new(BlockGrid::new(columns, rows, 8192, 8192).unwrap(), 1, SampleType::UInt8).unwrap();
        let mut made = Made::new();
        let error = made.add("image:0", &Present(layout), &metadata(&[])).unwrap_err().to_string();
        assert!(error.contains(named), "{error}");
        assert!(made.finish().is_ok(), "the file has no segments");
    }
}

#[test]
fn an_image_in_one_block_that_no_segment_can_hold_is_written_in_others_by_default() {
    let pixels: Vec<u8> = (0..3 * 20_000).map(|n| (n % 251) as u8).collect();
    let image = Pixels::from_vec(pixels.clone(), [1, 20_000, 3], SampleType::UInt8, Interleave::Band).unwrap();
    let image = MemoryImage::from_pixels(image, 3, 20_000).unwrap();
    for (limit, block) in [(59_999, 8192), (20_000, 4096), (u64::MAX, 0)] {
        let mut made = Made::new();
        made.writer = made.writer.map(|writer| Box::new(writer.with_limit(limit)));
        made.add("image:0", &image, &metadata(&[])).unwrap();
        let reader = read(made.finish().unwrap());
        let found = reader.assets()[0].metadata.get("NPPBV").and_then(Value::to_int);
        assert_eq!((found, reader.assets().iter().filter(|asset| !asset.is_part()).count()), (Some(block), 1));
        assert_eq!(pixels_of(&*reader.image(0).unwrap()), pixels);
    }
    let mut made = Made::new();
    made.writer = made.writer.map(|writer| Box::new(writer.with_limit(59_999)));
    let error = made.add("image:0", &image, &metadata(&[("NPPBV", "0000")])).unwrap_err().to_string();
    assert!(error.contains("segment"), "{error}");
}

#[test]
fn absent_blocks_are_left_out_with_a_mask_and_filled_without() {
    let grid = BlockGrid::new(50, 35, 20, 10).unwrap();
    let mut image = MemoryImage::new(ImageLayout::new(grid, 2, SampleType::UInt8).unwrap());
    let block = Pixels::from_vec(vec![9; 400], [2, 10, 20], SampleType::UInt8, Interleave::Band).unwrap();
    image.set_block(BlockIndex { row: 2, column: 1 }, block).unwrap();
    for (mode, code) in [("B", "NM"), ("P", "NM"), ("R", "NM"), ("S", "NM"), ("B", "NC")] {
        let mut made = Made::new();
        made.add("image:0", &image, &metadata(&[("IMODE", mode), ("IC", code), ("TPXCD", "5")])).unwrap();
        // One for the filled blocks, and one because the file does not record the value.
        let warned: Vec<&str> = made.warnings.iter().map(|warning| warning.key.as_str()).collect();
        assert_eq!(warned, if code == "NC" { &["TPXCD", "image:0"][..] } else { &[] });
        let bytes = made.finish().unwrap();
        let reader = read(bytes);
        let found = reader.image(0).unwrap();
        let has = |row, column| found.has_block(BlockIndex { row, column }).unwrap();
        assert_eq!((has(2, 1), has(0, 0)), (true, code == "NC"), "{mode}");
        let pixels = pixels_of(&*found);
        assert_eq!((pixels[0], pixels[50 * 25 + 25]), (5, 9), "{mode} {code}");
    }
}
