//! `save` has the rules of Python's `imsave`.

use std::path::{Path, PathBuf};

use osml_io::Error;
use osml_io::dataset::{DatasetReader, SaveOptions, save};
use osml_io::format::{OpenOptions, SaveSettings};
use osml_io::image::{Crs, Georeference, SampleType, Transform};
use osml_io::metadata::Metadata;

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
