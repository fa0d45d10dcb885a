//! A fault is an error, leaves the target unchanged, and leaves no temporary files.

use std::sync::atomic::{AtomicBool, Ordering};

use osml_io::dataset::{DatasetWriter, publish_all};
use osml_io::format::FORMATS;
use osml_io::image::{Access, Block, BlockIndex, ImageLayout, ImageProvider, MemoryImage, SampleType};
use osml_io::metadata::Metadata;
use osml_io::pipeline::Control;
use osml_io::{Error, Result};

use crate::support::{Lazy, image_for, memory_image, open, plain, read, request, threads, write};

#[test]
fn a_provider_that_fails_at_any_block_leaves_the_target_untouched() {
    let folder = tempfile::tempdir().unwrap();
    for format in FORMATS.iter().copied() {
        let path = folder.path().join(format!("out.{}", format.names().extensions[0]));
        let pixels = image_for(format, 3, 300, 300, SampleType::UInt8);
        for (block, n) in [0, 1, 17, 24].into_iter().flat_map(|block| [1, 2, 5].map(|n| (block, n))) {
            std::fs::write(&path, b"old").unwrap();
            let mut lazy = Lazy::new(&pixels, 64, 64);
            lazy.fails_at = Some(block);
            let mut writer = DatasetWriter::create(&path, None, threads(n)).unwrap();
            let metadata = plain(format, lazy.layout());
            let error = writer.add_image(&request(&lazy, &metadata), &Control::default()).unwrap_err();
            assert!(matches!(error, Error::External { .. }), "{}: {error}", format.name());
            assert!(error.to_string().contains("the disk of the source is gone"));
            assert_eq!((writer.failed(), writer.is_closed()), (Some("image:0"), false));
            let error = writer.close().unwrap_err().to_string();
            assert!(error.contains("cannot be completed") && error.contains("image:0"), "{error}");
            drop(writer);
            assert_eq!(std::fs::read(&path).unwrap(), b"old");
            assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        }
        std::fs::remove_file(&path).unwrap();
    }
}

/// A source that returns this error when the write has begun.
struct Refusing(MemoryImage, fn() -> Error);

impl ImageProvider for Refusing {
    fn layout(&self) -> &ImageLayout {
        self.0.layout()
    }

    fn access(&self) -> Access {
        Access::Serial
    }

    fn block(&self, at: BlockIndex) -> Result<Block> {
        self.0.block(at)
    }

    fn check_unchanged(&self) -> Result<()> {
        Err(self.1())
    }
}

#[test]
fn no_error_of_a_begun_image_is_taken_for_a_refusal() {
    let folder = tempfile::tempdir().unwrap();
    let errors =
        [|| Error::usage("used wrongly"), || Error::unsupported("not this"), || Error::out_of_range("too far")];
    for (&format, error) in FORMATS.iter().flat_map(|format| errors.map(|error| (format, error))) {
        let path = folder.path().join(format!("out.{}", format.names().extensions[0]));
        std::fs::write(&path, b"old").unwrap();
        let source = Refusing(memory_image(&image_for(format, 1, 20, 20, SampleType::UInt8), 20, 20), error);
        let mut writer = DatasetWriter::create(&path, None, threads(1)).unwrap();
        let metadata = plain(format, source.layout());
        writer.add_image(&request(&source, &metadata), &Control::default()).unwrap_err();
        assert_eq!(writer.failed(), Some("image:0"), "{}", format.name());
        assert!(writer.close().is_err());
        assert_eq!(std::fs::read(&path).unwrap(), b"old");
        std::fs::remove_file(&path).unwrap();
    }
}

#[test]
fn a_request_that_is_refused_leaves_the_file_as_good_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    for &format in FORMATS {
        let path = folder.path().join(format!("out.{}", format.names().extensions[0]));
        let image = memory_image(&image_for(format, 1, 20, 20, SampleType::UInt8), 20, 20);
        let complex = ImageLayout::new(image.layout().grid, 1, SampleType::Complex128).unwrap();
        let complex = MemoryImage::new(complex);
        let mut wrong = Metadata::new();
        wrong.set("no option of any format", 1);
        let mut writer = DatasetWriter::create(&path, None, threads(1)).unwrap();
        let control = Control::default();
        for _ in 0..2 {
            let refused = writer.add_image(&request(&complex, &wrong), &control);
            assert!(refused.is_err() && writer.failed().is_none(), "{}", format.name());
        }
        writer.add_image(&request(&image, &Metadata::new()), &control).unwrap();
        assert!(writer.add_image(&request(&complex, &wrong), &control).is_err());
        assert_eq!((writer.failed(), writer.keys()), (None, &["image:0".to_owned()][..]));
        writer.close().unwrap();
    }
}

#[test]
fn datasets_are_published_together_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let image = memory_image(&image_for(FORMATS[0], 1, 20, 20, SampleType::UInt8), 20, 20);
    let path = |name: &str| folder.path().join(name);
    let written = |name: &str| {
        let mut writer = DatasetWriter::create(path(name), None, threads(1)).unwrap();
        writer.add_image(&request(&image, &Metadata::new()), &Control::default()).unwrap();
        writer
    };
    let finish = |writer: &mut DatasetWriter| writer.finish(&Control::default());
    let mut writers = ["a.tif", "b.tif", "c.tif"].map(written);
    writers[..2].iter_mut().try_for_each(finish).unwrap();
    assert!(matches!(publish_all(&mut writers), Err(Error::Usage(_))));
    writers[2..].iter_mut().try_for_each(finish).unwrap();
    publish_all(&mut writers).unwrap();
    assert!(writers.iter().all(DatasetWriter::is_closed));
    let size = |name| std::fs::metadata(path(name)).unwrap().len();
    assert!(["a.tif", "b.tif", "c.tif"].into_iter().all(|name| size(name) > 400));

    std::fs::write(path("a.tif"), b"old").unwrap();
    std::fs::remove_file(path("b.tif")).unwrap();
    let mut writers = ["a.tif", "b.tif", "c.tif"].map(written);
    writers.iter_mut().try_for_each(finish).unwrap();
    std::fs::remove_file(path("c.tif")).unwrap();
    std::fs::create_dir(path("c.tif")).unwrap();
    assert!(matches!(publish_all(&mut writers), Err(Error::Io { .. })));
    assert_eq!((std::fs::read(path("a.tif")).unwrap(), path("b.tif").exists()), (b"old".to_vec(), false));
    drop(writers);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
}

#[test]
fn a_caller_can_stop_a_write_and_the_target_stays() {
    let folder = tempfile::tempdir().unwrap();
    for format in FORMATS.iter().copied() {
        let path = folder.path().join(format!("out.{}", format.names().extensions[0]));
        let image = memory_image(&image_for(format, 3, 900, 600, SampleType::UInt8), 256, 256);
        let stop = AtomicBool::new(false);
        let progress = |done: u64, total: u64| {
            assert!(done <= total);
            Ok(done == 0 || stop.swap(true, Ordering::SeqCst))
        };
        let mut writer = DatasetWriter::create(&path, None, threads(2)).unwrap();
        let control = Control::new(None, Some(&progress));
        let result = writer.add_image(&request(&image, &plain(format, image.layout())), &control);
        assert!(matches!(result, Err(Error::Cancelled)), "{}: {result:?}", format.name());
        drop(writer);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}

#[test]
fn a_closed_writer_and_a_repeated_key_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    for format in FORMATS.iter().copied() {
        let path = folder.path().join(format!("out.{}", format.names().extensions[0]));
        let image = memory_image(&image_for(format, 1, 20, 20, SampleType::UInt8), 20, 20);
        let metadata = Metadata::new();
        let mut writer = DatasetWriter::create(&path, None, threads(1)).unwrap();
        writer.add_image(&request(&image, &metadata), &Control::default()).unwrap();
        let again = writer.add_image(&request(&image, &metadata), &Control::default());
        assert!(matches!(again, Err(Error::Usage(_))), "{}", format.name());
        writer.close().unwrap();
        assert!(writer.is_closed());
        assert!(matches!(writer.close(), Err(Error::Usage(_))));
        let after = writer.add_image(&request(&image, &metadata), &Control::default());
        assert!(matches!(after, Err(Error::Usage(_))));
    }
}

#[test]
fn a_writer_without_an_image_makes_no_file() {
    let folder = tempfile::tempdir().unwrap();
    // A NITF may consist of its header.
    for format in FORMATS.iter().filter(|format| !format.names().media_type.ends_with("nitf")) {
        let path = folder.path().join(format!("out.{}", format.names().extensions[0]));
        let mut writer = DatasetWriter::create(&path, None, threads(1)).unwrap();
        assert!(writer.close().is_err(), "{}", format.name());
        drop(writer);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}

#[test]
fn every_truncation_is_an_error_or_an_image() {
    for format in FORMATS.iter().copied() {
        let pixels = image_for(format, 3, 40, 50, SampleType::UInt8);
        let image = memory_image(&pixels, 50, 40);
        let bytes = write(format, &image, &plain(format, image.layout()), threads(1)).unwrap();
        let expected = read(&*open(&bytes).unwrap(), threads(1)).unwrap().len();
        let mut failed = 0;
        for length in 0..bytes.len() {
            match open(&bytes[..length]).and_then(|image| read(&*image, threads(1))) {
                Ok(pixels) => assert_eq!(pixels.len(), expected, "{} cut at {length}", format.name()),
                Err(error) => {
                    assert!(!matches!(error, Error::Panic(_)), "{} cut at {length}: {error}", format.name());
                    failed += 1;
                }
            }
        }
        assert!(failed > bytes.len() / 4, "{}: most cuts are noticed", format.name());
    }
}
