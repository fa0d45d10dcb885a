//! Overviews that are made while an image is written, in the file of the image.

use std::sync::Arc;

use osml_io::dataset::{DatasetReader, DatasetWriter, ReadOptions, SaveOptions, read as read_file, save};
use osml_io::format::{FORMATS, ImageRequest, OpenOptions, OverviewLevels, Overviews, SaveSettings, by_name};
use osml_io::image::{ImageProvider, Interleave, MemoryImage, Pixels, ReducedImage, Reduction, SampleType};
use osml_io::metadata::Metadata;
use osml_io::pipeline::Control;
use osml_io::{Error, Result};

use crate::support::{memory_image, noise, read, threads};

fn options(factors: &[u32], resampling: Reduction) -> SaveOptions {
    let settings = SaveSettings { block_size: Some((64, 64)), ..SaveSettings::default() };
    let overviews = Some(OverviewLevels::Factors(factors.to_vec()));
    SaveOptions { settings, overviews, resampling: Some(resampling), ..SaveOptions::default() }
}

#[test]
fn overviews_are_the_image_reduced_level_by_level() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.tif");
    let mut image: Arc<dyn ImageProvider> = Arc::new(memory_image(&noise(3, 301, 277, SampleType::Int16), 50, 70));
    for method in [Reduction::Nearest, Reduction::Average, Reduction::Mode, Reduction::Rms] {
        assert_eq!(save(&path, &*image, &options(&[2, 4, 8], method)).unwrap(), []);
        let mut level = Arc::clone(&image);
        for number in 1..=3 {
            level = Arc::new(ReducedImage::new(level, 1, method, None).unwrap());
            let found = read_file(&path, &ReadOptions { level: number, ..ReadOptions::default() }).unwrap();
            let found = found.contiguous(Interleave::Band).unwrap().to_vec();
            assert!(found == read(&*level, threads(1)).unwrap(), "{method:?}, level {number}");
        }
    }
    image = Arc::new(memory_image(&noise(1, 20, 20, SampleType::UInt8), 20, 20));
    let settings = SaveSettings { cloud_optimized: true, ..SaveSettings::default() };
    let whole = SaveOptions { settings, overviews: Some(OverviewLevels::Auto), ..SaveOptions::default() };
    save(&path, &*image, &whole).unwrap();
    assert!(std::fs::read(&path).unwrap()[8..].starts_with(b"GDAL_STRUCTURAL_METADATA_SIZE="));
}

#[test]
fn a_method_that_takes_pixels_around_is_for_overviews_only() {
    let image: Arc<dyn ImageProvider> = Arc::new(memory_image(&noise(1, 90, 90, SampleType::UInt8), 32, 32));
    assert!(matches!(ReducedImage::new(image, 2, Reduction::Cubic, None), Err(Error::Usage(_))));
}

#[test]
fn formats_that_do_not_relate_images_refuse_overviews() {
    let folder = tempfile::tempdir().unwrap();
    let image = memory_image(&noise(1, 90, 90, SampleType::UInt8), 32, 32);
    for format in FORMATS.iter().filter(|format| format.name() != "tiff") {
        let path = folder.path().join(format.name());
        let whole = SaveOptions { format: Some(format.name().to_owned()), ..options(&[2], Reduction::Average) };
        assert!(matches!(
            save(&path, &image, &SaveOptions { settings: SaveSettings::default(), ..whole }),
            Err(Error::Usage(_))
        ));
        let settings = SaveSettings { cloud_optimized: true, ..SaveSettings::default() };
        let format = Some(format.name().to_owned());
        assert!(save(&path, &image, &SaveOptions { settings, format, ..SaveOptions::default() }).is_err());
        assert!(!path.exists());
    }
}

/// Writes an image of 100 × 100 pixels with overviews and a mask; returns its file.
fn masked(factors: &[u32], mask: &dyn ImageProvider, before: &[&str]) -> Result<Vec<String>> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.tif");
    let image = memory_image(&noise(1, 100, 100, SampleType::UInt8), 32, 32);
    let metadata: Metadata = [("322", 16), ("323", 16)].into_iter().collect();
    let mut writer = DatasetWriter::create(&path, None, threads(2)).unwrap();
    let control = Control::default();
    for key in before {
        writer.add_image(&ImageRequest::new(key, &image, &metadata), &control)?;
    }
    let levels = OverviewLevels::Factors(factors.to_vec());
    let overviews = Overviews { levels: &levels, resampling: None, mask: Some(mask) };
    let request = ImageRequest { overviews: Some(&overviews), ..ImageRequest::new("image:0", &image, &metadata) };
    let added = writer.add_image(&request, &control);
    if added.is_err() {
        assert_eq!(writer.failed(), None, "a request that is refused leaves the writer usable");
        return added.map(|()| Vec::new());
    }
    writer.close()?;
    let reader = DatasetReader::open(&path, None, &OpenOptions::default()).unwrap();
    assert_eq!(reader.format().name(), by_name("tiff").unwrap().name());
    Ok(reader.assets().iter().map(|asset| asset.key.clone()).collect())
}

#[test]
fn a_mask_has_overviews_of_its_own() {
    let ones = Pixels::from_vec(vec![255; 10_000], [1, 100, 100], SampleType::UInt8, Interleave::Band).unwrap();
    let mask = MemoryImage::from_pixels(ones, 100, 100).unwrap();
    let all = ["", ":mask", ":overview:1", ":overview:2", ":mask:overview:1", ":mask:overview:2"];
    assert_eq!(masked(&[2, 8], &mask, &[]).unwrap(), all.map(|ending| format!("image:0{ending}")));
    assert_eq!(masked(&[], &mask, &[]).unwrap(), ["image:0", "image:0:mask"]);
    assert!(matches!(masked(&[2], &mask, &["image:0:overview:1"]), Err(Error::Usage(_))), "the key is used");
    let small = memory_image(&noise(1, 50, 50, SampleType::UInt8), 50, 50);
    assert!(matches!(masked(&[2], &small, &[]), Err(Error::Usage(_))), "a mask of another size");
}
