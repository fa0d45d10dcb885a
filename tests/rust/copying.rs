//! Stored blocks that are copied undecoded.

use std::sync::Arc;

use osml_io::Result;
use osml_io::dataset::DatasetWriter;
use osml_io::format::{Blocks, ImageRequest, by_name};
use osml_io::image::{Block, BlockIndex, ImageLayout, ImageProvider, MemoryImage, SampleType};
use osml_io::io::MemorySink;
use osml_io::metadata::Metadata;
use osml_io::pipeline::{Control, Statistics, Tap};

use crate::support::{memory_image, noise, open, read, threads};

/// The bytes of a TIFF with the image, and the number of blocks copied undecoded.
fn tiff(image: &dyn ImageProvider, metadata: &Metadata, blocks: Blocks, taps: &[&dyn Tap]) -> (Vec<u8>, u64) {
    let (sink, target) = MemorySink::new();
    let mut writer = DatasetWriter::to_sink(Box::new(sink), by_name("tiff").unwrap(), threads(2)).unwrap();
    let request = ImageRequest { blocks, ..ImageRequest::new("image:0", image, metadata) };
    writer.add_image_with(&request, taps, &Control::default()).unwrap();
    writer.close().unwrap();
    let bytes = target.lock().unwrap().clone();
    (bytes, writer.copied_blocks())
}

fn open_file(bytes: &[u8]) -> Arc<dyn ImageProvider> {
    open(bytes).unwrap()
}

fn read_whole(image: &dyn ImageProvider) -> Vec<u8> {
    read(image, threads(2)).unwrap()
}

fn metadata(entries: &[(&str, &str)]) -> Metadata {
    entries.iter().map(|(key, value)| (*key, *value)).collect()
}

#[test]
fn blocks_of_the_same_form_are_copied_and_others_are_encoded() {
    let tiles = [("TileWidth", "64"), ("TileLength", "48")];
    let image = memory_image(&noise(3, 200, 170, SampleType::UInt16), 50, 50);
    let blocks = 5 * 3;
    for planar in ["1", "2"] {
        let with = |more: &[(&'static str, &'static str)]| {
            let all = tiles.iter().copied().chain([("PlanarConfiguration", planar)]).chain(more.iter().copied());
            metadata(&all.collect::<Vec<_>>())
        };
        for coding in [
            &[("Compression", "None")][..],
            &[("Compression", "Deflate"), ("Predictor", "2")],
            &[("Compression", "LZW")],
            &[("Compression", "ZSTD")],
        ] {
            let asked = with(coding);
            let (source, none) = tiff(&image, &asked, Blocks::Provider, &[]);
            assert_eq!(none, 0);
            let stored = open_file(&source);
            let (copy, copied) = tiff(&*stored, &asked, Blocks::Stored, &[]);
            assert_eq!(copied, blocks, "{coding:?}");
            assert!(copy == source, "{coding:?}");
            // For a tap, blocks are decoded as well.
            let (of_copy, of_pixels) = (Statistics::new(None), Statistics::new(None));
            assert_eq!(tiff(&*stored, &asked, Blocks::Stored, &[&of_copy]), (source.clone(), blocks));
            tiff(&image, &asked, Blocks::Provider, &[&of_pixels]);
            assert_eq!(of_copy.into_bands(), of_pixels.into_bands());
            assert_eq!(tiff(&*stored, &asked, Blocks::Provider, &[]).1, 0);
            for other in [
                with(&[("Compression", "PackBits")]),
                metadata(&[("TileWidth", "32"), ("TileLength", "48"), coding[0]]),
                metadata(&[("RowsPerStrip", "48"), coding[0]]),
            ] {
                let (bytes, copied) = tiff(&*stored, &other, Blocks::Stored, &[]);
                assert_eq!(copied, 0, "{coding:?} {other:?}");
                assert!(read_whole(&*open_file(&bytes)) == read_whole(&*stored));
            }
        }
    }
}

#[test]
fn a_lossy_image_is_copied_without_loss() {
    let image = memory_image(&noise(3, 100, 130, SampleType::UInt8), 130, 100);
    let asked = |quality| metadata(&[("Compression", "JPEG"), ("TileWidth", "64"), ("TileLength", "64"), quality]);
    let (source, _) = tiff(&image, &asked(("Quality", "20")), Blocks::Provider, &[]);
    let stored = open_file(&source);
    let (copy, copied) = tiff(&*stored, &asked(("Quality", "90")), Blocks::Stored, &[]);
    assert_eq!(copied, 6);
    assert!(read_whole(&*open_file(&copy)) == read_whole(&*stored));
}

/// An image without every second block.
struct Holes(MemoryImage);

impl ImageProvider for Holes {
    fn layout(&self) -> &ImageLayout {
        self.0.layout()
    }

    fn has_block(&self, at: BlockIndex) -> Result<bool> {
        Ok((at.row + at.column).is_multiple_of(2))
    }

    fn block(&self, at: BlockIndex) -> Result<Block> {
        self.0.block(at)
    }
}

#[test]
fn absent_blocks_stay_absent() {
    let image = Holes(memory_image(&noise(2, 100, 130, SampleType::UInt8), 64, 64));
    for entries in [&[("Compression", "Deflate")][..], &[("Compression", "None")]] {
        let tiles = [("TileWidth", "64"), ("TileLength", "64"), ("PlanarConfiguration", "2")];
        let asked = metadata(&[&tiles, entries].concat());
        let (source, _) = tiff(&image, &asked, Blocks::Provider, &[]);
        let stored = open_file(&source);
        assert!(!stored.is_dense());
        let (copy, copied) = tiff(&*stored, &asked, Blocks::Stored, &[]);
        assert!(copied == 6 && copy == source);
    }
}
