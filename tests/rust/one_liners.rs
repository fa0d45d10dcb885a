//! `save` and `read` have the rules of Python's `imsave` and `imread`.

use std::path::{Path, PathBuf};

use osml_io::Error;
use osml_io::dataset::{DatasetReader, ReadOptions, SaveOptions, read, save};
use osml_io::format::{OpenOptions, SaveSettings};
use osml_io::image::{
    BlockGrid, BlockIndex, Crs, Georeference, ImageLayout, Interleave, MemoryImage, PadValue, Pixels, SampleType,
    Transform, Window,
};
use osml_io::metadata::{Metadata, Value};

use crate::support::{memory_image, noise};

/// Corners of an image of 40 × 20 pixels of a thousandth of a degree.
const RECTANGLE: [(f64, f64); 4] = [(10.0, 50.0), (10.04, 50.0), (10.04, 49.98), (10.0, 49.98)];
const TRAPEZIUM: [(f64, f64); 4] = [(10.0, 50.0), (10.04, 50.0), (10.05, 49.98), (10.0, 49.98)];

fn at(corners: [(f64, f64); 4]) -> Georeference {
    Georeference { corners: Some(corners), crs: Some(Crs::Epsg(4326)), transform: None }
}

/// Saves an image of 40 × 20 pixels.
fn placed(folder: &Path, name: &str, georeference: Georeference, precise: bool) -> Result<PathBuf, Error> {
    let image = memory_image(&noise(1, 20, 40, SampleType::UInt8), 40, 20);
    let compression = Some("none".to_owned());
    let settings = SaveSettings { georeference, precise, compression, ..SaveSettings::default() };
    let path = folder.join(name);
    save(&path, &image, &SaveOptions { settings, ..SaveOptions::default() })?;
    Ok(path)
}

/// The georeference of the only image of a file, and its metadata.
fn found(path: &Path) -> (Georeference, Metadata) {
    let reader = DatasetReader::open(path, None, &OpenOptions::default()).unwrap();
    let asset = &reader.assets()[0];
    (asset.image.clone().unwrap().georeference, (*asset.metadata).clone())
}

fn is_near(found: &[(f64, f64)], wanted: &[(f64, f64)], tolerance: f64) -> bool {
    found.iter().zip(wanted).all(|(a, b)| (a.0 - b.0).abs() <= tolerance && (a.1 - b.1).abs() <= tolerance)
}

#[test]
fn corners_of_a_rectangle_are_saved() {
    let folder = tempfile::tempdir().unwrap();
    // Half a unit of each format: exact, a second of arc, exact by GEOLOB.
    for (name, precise, tolerance) in [("a.tif", false, 1e-12), ("a.ntf", false, 0.51 / 3600.0), ("b.ntf", true, 1e-9)]
    {
        let (georeference, metadata) = found(&placed(folder.path(), name, at(RECTANGLE), precise).unwrap());
        assert_eq!(georeference.crs, Some(Crs::Epsg(4326)), "{name}");
        let corners = georeference.transform.unwrap().corners(40, 20);
        assert!(is_near(&corners, &RECTANGLE, tolerance), "{name}: {corners:?}");
        for tag in ["BLOCKA", "GEOPSB", "GEOLOB"] {
            assert_eq!(metadata.get(tag).is_some(), precise, "{name}: {tag}");
        }
    }
}

#[test]
fn other_corners_need_a_format_that_stores_corners() {
    let folder = tempfile::tempdir().unwrap();
    let (georeference, metadata) = found(&placed(folder.path(), "a.ntf", at(TRAPEZIUM), true).unwrap());
    let corners = georeference.corners.unwrap();
    assert!(is_near(&corners, &TRAPEZIUM, 1e-6), "{corners:?}");
    assert!(metadata.get("BLOCKA").is_some() && metadata.get("GEOLOB").is_none());
    let error = placed(folder.path(), "a.tif", at(TRAPEZIUM), false).unwrap_err();
    assert!(matches!(error, Error::Usage(_)) && error.to_string().contains("parallelogram"), "{error}");
    assert!(!folder.path().join("a.tif").exists());
}

#[test]
fn an_impossible_georeference_is_refused_by_every_format() {
    let folder = tempfile::tempdir().unwrap();
    let flat = Some(Transform([0.0, 1.0, 2.0, 0.0, 2.0, 4.0]));
    let cases = [
        (Georeference { crs: None, ..at(RECTANGLE) }, "corners without crs"),
        (at([(1.0, 1.0); 4]), "no area"),
        (at([(0.0, 1.0), (2.0, 0.0), (2.0, 1.0), (0.0, 0.0)]), "parallelogram"),
        (at([(0.0, 1.0), (2.0, 1.0), (2.0, f64::NAN), (0.0, 0.0)]), "finite"),
        (Georeference { transform: flat, crs: Some(Crs::Epsg(4326)), corners: None }, "invertible"),
        (Georeference { crs: Some(Crs::Epsg(40_000)), ..at(RECTANGLE) }, "an EPSG code from 1024 to 32766"),
    ];
    for (georeference, part) in cases {
        for name in ["a.tif", "a.ntf", "a.png", "a.jpg"] {
            let error = placed(folder.path(), name, georeference.clone(), false).unwrap_err();
            assert!(matches!(error, Error::Usage(_)) && error.to_string().contains(part), "{name}: {error}");
            assert!(!folder.path().join(name).exists());
        }
    }
}

/// An image of 64 × 32 samples in two blocks, of which the second is absent, with a nodata value of 9.
fn half_absent(folder: &Path, metadata: Metadata) -> PathBuf {
    let layout = ImageLayout::new(BlockGrid::new(64, 32, 32, 32).unwrap(), 1, SampleType::UInt8).unwrap();
    let mut image = MemoryImage::new(layout);
    let ones = Pixels::from_vec(vec![1; 1024], [1, 32, 32], SampleType::UInt8, Interleave::Band).unwrap();
    image.set_block(BlockIndex::default(), ones).unwrap();
    let path = folder.join("a.tif");
    let nodata = Some(PadValue::Int(9));
    let settings = SaveSettings { nodata, block_size: Some((32, 32)), ..SaveSettings::default() };
    save(&path, &image, &SaveOptions { settings, metadata, ..SaveOptions::default() }).unwrap();
    path
}

fn samples(path: &Path, options: &ReadOptions) -> Vec<u8> {
    read(path, options).unwrap().contiguous(Interleave::Band).unwrap().to_vec()
}

#[test]
fn absent_blocks_are_zero_or_the_fill_value() {
    let folder = tempfile::tempdir().unwrap();
    let path = half_absent(folder.path(), Metadata::new());
    let options = ReadOptions { window: Some(Window::new(31, 0, 2, 1)), ..ReadOptions::default() };
    assert_eq!(samples(&path, &options), [1, 0]);
    let filled = |value| ReadOptions { fill: Some(PadValue::Int(value)), ..options.clone() };
    assert_eq!(samples(&path, &filled(9)), [1, 9]);
    assert!(matches!(read(&path, &filled(256)), Err(Error::Usage(_))));
}

#[test]
fn windows_are_clipped_and_must_overlap_the_image() {
    let folder = tempfile::tempdir().unwrap();
    let path = half_absent(folder.path(), Metadata::new());
    let cut =
        |x, y, width, height| ReadOptions { window: Some(Window::new(x, y, width, height)), ..ReadOptions::default() };
    assert_eq!(read(&path, &cut(60, 30, 10, u32::MAX)).unwrap().shape(), [1, 2, 4]);
    for options in [cut(64, 0, 1, 1), cut(0, 32, 5, 5), cut(3, 3, 0, 5)] {
        let error = read(&path, &options).unwrap_err();
        assert!(matches!(error, Error::OutOfRange(_)) && error.to_string().contains("64 × 32"), "{error}");
    }
    let none = ReadOptions { bands: Some(Vec::new()), ..ReadOptions::default() };
    assert!(matches!(read(&path, &none), Err(Error::Usage(_))));
}

#[test]
fn indices_become_colours_on_request() {
    let folder = tempfile::tempdir().unwrap();
    // Red, green and blue of 256 colours each (TIFF 6.0 section 5), of which 1 is (1, 2, 3).
    let table = (0..768).map(|at| Value::from([0x0101, 0x0202, 0x0303][at / 256] * u64::from(at % 256 == 1)));
    let entries = [("262", Value::from(3)), ("320", Value::List(table.collect()))];
    let path = half_absent(folder.path(), entries.into_iter().collect());
    let window = |x| ReadOptions { window: Some(Window::new(x, 0, 1, 1)), expand: true, ..ReadOptions::default() };
    assert_eq!(samples(&path, &window(0)), [1, 2, 3]);
    assert_eq!(samples(&path, &ReadOptions { bands: Some(vec![2, 0]), ..window(0) }), [3, 1]);
    assert_eq!(samples(&path, &window(40)), [0, 0, 0]);
    assert_eq!(samples(&path, &ReadOptions { expand: false, ..window(0) }), [1]);
    // A value that does not fit matters only where a block is absent.
    let large = |x| ReadOptions { fill: Some(PadValue::Int(300)), ..window(x) };
    assert_eq!(samples(&path, &large(0)), [1, 2, 3]);
    assert!(matches!(read(&path, &large(40)), Err(Error::Usage(_))));
    let plain = half_absent(folder.path(), Metadata::new());
    assert_eq!(samples(&plain, &window(0)), [1]);
}
