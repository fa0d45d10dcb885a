//! R-sets: an image and its levels in files that appear together, for every format.

use std::sync::Arc;

use osml_io::dataset::{DatasetReader, RsetPaths, RsetWriter};
use osml_io::format::{Blocks, FORMATS, ImageRequest, OpenOptions, SaveSettings};
use osml_io::image::{ImageProvider, ReducedImage, Reduction, SampleType};
use osml_io::io::Durability;
use osml_io::metadata::Metadata;
use osml_io::pipeline::Control;

use crate::support::{lossless, memory_image, name_when_read, noise, plain, read, threads};

const LEVELS: u32 = 3;

/// Level by level, the image reduced by two.
fn reduced(image: Arc<dyn ImageProvider>) -> Vec<Vec<u8>> {
    let mut levels = vec![image];
    for level in 0..LEVELS as usize {
        levels.push(Arc::new(ReducedImage::new(Arc::clone(&levels[level]), 1, Reduction::Average, None).unwrap()));
    }
    levels.iter().map(|level| read(&**level, threads(2)).unwrap()).collect()
}

#[test]
fn a_set_is_read_as_an_image_with_levels() {
    for format in lossless() {
        let folder = tempfile::tempdir().unwrap();
        let image: Arc<dyn ImageProvider> = Arc::new(memory_image(&noise(3, 301, 277, SampleType::UInt8), 64, 50));
        let metadata = plain(format, image.layout());
        let paths = RsetPaths::of_base(folder.path().join("image.bin"), LEVELS).unwrap();
        let mut writer = RsetWriter::create(&paths, Some(format.name()), threads(3), Durability::Cached).unwrap();
        let request = ImageRequest::new("image:0", &*image, &metadata);
        writer.add_image_with_levels(&request, None, None, &Control::default()).unwrap();
        assert!(!paths.base().exists());
        writer.close().unwrap();
        let (reader, found) = DatasetReader::find_rset(paths.base(), None, &OpenOptions::default()).unwrap();
        assert_eq!((found, reader.format().name()), (paths, name_when_read(format)));
        let full = reader.image(0).unwrap();
        for (level, expected) in reduced(image).into_iter().enumerate() {
            let asset = if level == 0 { "image:0".to_owned() } else { format!("image:0:overview:{level}") };
            let alone = reader.image(reader.position(&asset).unwrap()).unwrap();
            assert!(read(&*alone, threads(2)).unwrap() == expected, "{} {asset}", format.name());
            if let Some(level) = level.checked_sub(1) {
                assert!(read(&*full.levels()[level], threads(1)).unwrap() == expected);
            }
        }
        assert_eq!((full.levels().len(), reader.warnings()), (LEVELS as usize, &[][..]));
    }
}

#[test]
fn a_copied_image_is_copied_undecoded_and_has_levels() {
    for format in lossless() {
        let folder = tempfile::tempdir().unwrap();
        let source = folder.path().join("source.bin");
        let image: Arc<dyn ImageProvider> = Arc::new(memory_image(&noise(1, 200, 150, SampleType::UInt8), 64, 64));
        let mut writer = RsetWriter::create(
            &RsetPaths::new([&source]).unwrap(),
            Some(format.name()),
            threads(2),
            Durability::Cached,
        )
        .unwrap();
        let metadata = plain(format, image.layout());
        writer.add_image(&ImageRequest::new("image:0", &*image, &metadata), &Control::default()).unwrap();
        writer.close().unwrap();
        let reader = DatasetReader::open(&source, None, &OpenOptions::default()).unwrap();
        let stored = reader.image(0).unwrap();
        let paths = RsetPaths::of_base(folder.path().join("copy.bin"), LEVELS).unwrap();
        let mut writer = RsetWriter::create(&paths, Some(format.name()), threads(2), Durability::Cached).unwrap();
        let request =
            ImageRequest { blocks: Blocks::Stored, ..ImageRequest::copy_of("image:0", &*stored, &reader.assets()[0]) };
        let of = Some((&reader, 0));
        writer.add_image_with_levels(&request, of, Some(Reduction::Average), &Control::default()).unwrap();
        writer.close().unwrap();
        let copy = DatasetReader::open_rset(&paths, None, &OpenOptions::default()).unwrap();
        assert!(copy.raw_asset(0).unwrap() == reader.raw_asset(0).unwrap(), "{}", format.name());
        for (level, expected) in reduced(image).into_iter().enumerate().skip(1) {
            assert!(read(&*copy.image(level).unwrap(), threads(2)).unwrap() == expected, "{}", format.name());
        }
    }
}

#[test]
fn a_request_that_is_refused_leaves_no_file() {
    let image = memory_image(&noise(1, 64, 64, SampleType::UInt8), 64, 64);
    let metadata = Metadata::new();
    for format in FORMATS {
        let folder = tempfile::tempdir().unwrap();
        let paths = RsetPaths::of_base(folder.path().join("image.bin"), 2).unwrap();
        let mut writer = RsetWriter::create(&paths, Some(format.name()), threads(1), Durability::Cached).unwrap();
        let settings = SaveSettings { compression: Some("zip9".to_owned()), ..SaveSettings::default() };
        let request = ImageRequest { settings: Some(&settings), ..ImageRequest::new("image:0", &image, &metadata) };
        let control = Control::default();
        writer.add_image_with_levels(&request, None, Some(Reduction::Average), &control).unwrap_err();
        assert_eq!(writer.failed(), Some("image:0"));
        writer.close().unwrap_err();
        drop(writer);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
