use std::path::Path;

use super::*;
use crate::dataset::{ReadOptions, SaveOptions, read, save};
use crate::error::Error;
use crate::format::{ImageRequest, OverviewLevels, SaveSettings};
use crate::image::{Crs, Georeference, Interleave, MemoryImage, PadValue, Pixels, SampleType, Transform, Window};
use crate::metadata::Metadata;

fn image(bands: usize, rows: usize, columns: usize) -> MemoryImage {
    let bytes = (0..bands * rows * columns).map(|n| (n * n % 251) as u8).collect();
    let pixels = Pixels::from_vec(bytes, [bands, rows, columns], SampleType::UInt8, Interleave::Band).unwrap();
    MemoryImage::from_pixels(pixels, columns as u32, rows as u32).unwrap()
}

fn settings() -> SaveSettings {
    let transform = Some(Transform([300_000.0, 10.0, 0.0, 4_500_000.0, 0.0, -10.0]));
    let georeference = Georeference { transform, crs: Some(Crs::Epsg(32_618)), corners: None };
    SaveSettings { georeference, block_size: Some((64, 64)), ..SaveSettings::default() }
}

fn write(path: &Path, settings: SaveSettings) {
    save(path, &image(3, 150, 200), &SaveOptions { settings, ..SaveOptions::default() }).unwrap();
}

fn bytes(path: &Path, options: &ReadOptions) -> Vec<u8> {
    read(path, options).unwrap().contiguous(Interleave::Band).unwrap().to_vec()
}

fn pixels(path: &Path) -> Vec<u8> {
    bytes(path, &ReadOptions::default())
}

#[test]
fn what_the_target_cannot_hold_is_named_in_one_warning() {
    let folder = tempfile::tempdir().unwrap();
    let (source, target) = (folder.path().join("a.tif"), folder.path().join("b.png"));
    write(&source, settings());
    let report = convert(&source, &target, &ConvertOptions::default()).unwrap();
    assert_eq!((report.source_format, report.format, report.images), ("tiff", "png", 1));
    assert_eq!(report.lost, ["georeference"]);
    assert!(report.warnings.len() == 1 && report.warnings[0].message.contains("georeference ("));
    assert_eq!(report.bytes_out, std::fs::metadata(&target).unwrap().len());
    assert!(pixels(&source) == pixels(&target));
}

#[test]
fn codestreams_are_copied_between_formats() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    write(&path("a.jp2"), settings());
    for (source, target) in [("a.jp2", "b.ntf"), ("b.ntf", "c.jp2"), ("c.jp2", "d.nsf"), ("d.nsf", "e.jp2")] {
        let report = convert(path(source), path(target), &ConvertOptions::default()).unwrap();
        assert_eq!((report.copied_blocks, report.blocks), (12, 12), "{source} {target}");
        assert!(pixels(&path("a.jp2")) == pixels(&path(target)), "{target}");
    }
    let settings = SaveSettings { compression: Some("htj2k".to_owned()), ..settings() };
    write(&path("h.jp2"), settings);
    let report = convert(path("h.jp2"), path("h.ntf"), &ConvertOptions::default()).unwrap();
    assert_eq!(report.copied_blocks, 12);
    let coded = SaveSettings { quality: Some(1.0), compression: Some("j2k".to_owned()), ..SaveSettings::default() };
    let options = ConvertOptions { settings: coded, ..ConvertOptions::default() };
    assert_eq!(convert(path("a.jp2"), path("q.ntf"), &options).unwrap().copied_blocks, 0);
}

#[test]
fn jpeg_blocks_are_copied_between_tiff_and_nitf() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    for (bands, number) in [(1, 0), (3, 1)] {
        let settings = SaveSettings { compression: Some("jpeg".to_owned()), ..settings() };
        let options = SaveOptions { settings, ..SaveOptions::default() };
        let name = |letter: &str, extension: &str| path(&format!("{letter}{number}.{extension}"));
        save(name("a", "tif"), &image(bands, 150, 200), &options).unwrap();
        for (source, target) in [("a.tif", "b.ntf"), ("b.ntf", "c.tif"), ("c.tif", "d.ntf")] {
            let of = |file: &str| file.split_once('.').map(|(letter, extension)| name(letter, extension)).unwrap();
            let report = convert(of(source), of(target), &ConvertOptions::default()).unwrap();
            assert_eq!((report.copied_blocks, report.blocks), (12, 12), "{source} {target}");
            assert!(pixels(&name("a", "tif")) == pixels(&of(target)), "{target}");
        }
    }
    // A value without pixels of its own needs a mask table, which lists pixels.
    let settings = SaveSettings { compression: Some("jpeg".to_owned()), nodata: Some(PadValue::Int(0)), ..settings() };
    write(&path("n.tif"), settings);
    let report = convert(path("n.tif"), path("n.ntf"), &ConvertOptions::default()).unwrap();
    assert!(report.copied_blocks == 0 && pixels(&path("n.tif")) == pixels(&path("n.ntf")));
}

#[test]
fn a_part_has_its_pixels_and_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("a.tif");
    write(&source, settings());
    let window = Window::new(30, 20, 100, 90);
    let options = ConvertOptions { window: Some(window), bands: Some(vec![2, 0]), ..ConvertOptions::default() };
    let asked = ReadOptions { window: Some(window), bands: Some(vec![2, 0]), ..ReadOptions::default() };
    for name in ["b.tif", "b.ntf", "b.jp2"] {
        let target = folder.path().join(name);
        convert(&source, &target, &options).unwrap();
        assert!(pixels(&target) == bytes(&source, &asked), "{name}");
        let reader = DatasetReader::open(&target, None, &OpenOptions::default()).unwrap();
        let place = &reader.assets()[0].image.as_ref().unwrap().georeference;
        let transform = place.transform.unwrap().0;
        assert!((transform[0] - 300_300.0).abs() < 1e-6 && (transform[3] - 4_499_800.0).abs() < 1e-6, "{name}");
    }
    let outside = ConvertOptions { window: Some(Window::new(500, 0, 9, 9)), ..ConvertOptions::default() };
    let target = folder.path().join("b.tif");
    let before = std::fs::read(&target).unwrap();
    assert!(matches!(convert(&source, &target, &outside), Err(Error::OutOfRange(_))));
    assert!(std::fs::read(&target).unwrap() == before);
    let level = ConvertOptions { level: 1, ..ConvertOptions::default() };
    convert(&source, &target, &level).unwrap();
    assert_eq!(read(&target, &ReadOptions::default()).unwrap().shape(), [3, 75, 100]);
}

#[test]
fn all_images_go_where_several_fit() {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("a.tif");
    let mut writer = DatasetWriter::create(&source, None, Concurrency::new(1).unwrap()).unwrap();
    for (key, rows) in [("image:0", 20), ("image:1", 30)] {
        writer.add_image(&ImageRequest::new(key, &image(1, rows, 40), &Metadata::new()), &Control::default()).unwrap();
    }
    writer.close().unwrap();
    for (name, count, lost) in [("b.tif", 2, 0), ("b.ntf", 2, 0), ("b.png", 1, 1), ("b.jp2", 1, 1)] {
        let report = convert(&source, folder.path().join(name), &ConvertOptions::default()).unwrap();
        assert_eq!((report.images, report.lost.len()), (count, lost), "{name}");
    }
    let second = ConvertOptions { asset: Some("image:1".to_owned()), ..ConvertOptions::default() };
    let report = convert(&source, folder.path().join("c.png"), &second).unwrap();
    assert!(report.lost.is_empty());
    assert_eq!(read(folder.path().join("c.png"), &ReadOptions::default()).unwrap().shape(), [1, 30, 40]);
}

#[test]
fn a_cog_keeps_the_tiles_and_the_overviews_of_its_source() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let overviews = Some(OverviewLevels::Factors(vec![2, 4]));
    let options = SaveOptions { settings: settings(), overviews, ..SaveOptions::default() };
    save(path("a.tif"), &image(3, 150, 200), &options).unwrap();
    write(&path("plain.tif"), settings());
    let cog = SaveSettings { cloud_optimized: true, ..SaveSettings::default() };
    let options = ConvertOptions { settings: cog, ..ConvertOptions::default() };
    let report = convert(path("a.tif"), path("b.tif"), &options).unwrap();
    assert_eq!(report.copied_blocks, report.blocks);
    let keys = |path: &Path| DatasetReader::open(path, None, &OpenOptions::default()).unwrap().assets().len();
    assert_eq!(keys(&path("b.tif")), 3);
    convert(path("plain.tif"), path("c.tif"), &options).unwrap();
    assert!(keys(&path("c.tif")) > 1 && pixels(&path("c.tif")) == pixels(&path("a.tif")));
}
