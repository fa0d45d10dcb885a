//! The written pixels equal the given ones, for any source, sink and number of threads.

use osml_io::Error;
use osml_io::format::{FORMATS, Format};
use osml_io::image::{BlockIndex, ImageProvider, SampleType};
use osml_io::io::{AtomicFile, SeekableSink, SpooledSink};
use osml_io::metadata::Metadata;

use crate::support::{
    Lazy, bytes_of, image_for, leaves_out_blocks, lossless, memory_image, must_hold, name_when_read, noise, open,
    plain, read, threads, tolerance, write, write_to,
};

#[test]
fn every_format_keeps_the_bands_and_types_it_must_hold() {
    assert!(!FORMATS.is_empty());
    for format in FORMATS.iter().copied() {
        let (bands, samples) = must_hold(format);
        for (bands, sample) in bands.iter().flat_map(|bands| samples.iter().map(move |sample| (*bands, *sample))) {
            let pixels = image_for(format, bands, 67, 93, sample);
            let image = memory_image(&pixels, 64, 64);
            let bytes = write(format, &image, &plain(format, image.layout()), threads(2)).unwrap();
            check_image(format, &bytes, &bytes_of(&pixels), bands, sample);
        }
    }
}

#[test]
fn what_a_format_cannot_hold_is_an_error_before_the_first_byte() {
    for format in FORMATS.iter().copied() {
        let (_, held) = must_hold(format);
        for sample in SampleType::ALL.into_iter().filter(|sample| !held.contains(sample)) {
            let lazy = Lazy::new(&noise(1, 20, 20, sample), 16, 16);
            let error = write(format, &lazy, &Metadata::new(), threads(1)).unwrap_err();
            assert!(matches!(error, Error::Usage(_) | Error::Unsupported(_)), "{} {sample}: {error}", format.name());
            assert!(error.to_string().contains(sample.name()), "{error}");
            assert_eq!(lazy.asked(), 0);
        }
    }
}

#[test]
fn small_and_narrow_images_survive() {
    for format in FORMATS.iter().copied() {
        for (rows, columns) in [(1, 1), (1, 300), (300, 1), (17, 16), (256, 256), (257, 255)] {
            let pixels = image_for(format, 3, rows, columns, SampleType::UInt8);
            let image = memory_image(&pixels, columns, 1);
            let bytes = write(format, &image, &plain(format, image.layout()), threads(2)).unwrap();
            check_image(format, &bytes, &bytes_of(&pixels), 3, SampleType::UInt8);
        }
    }
}

#[test]
fn the_bytes_are_the_same_for_every_source_and_number_of_threads() {
    for format in FORMATS.iter().copied() {
        // Several blocks and bands of rows in every format, including edge blocks.
        let pixels = image_for(format, 3, 700, 530, SampleType::UInt8);
        let array = memory_image(&pixels, 256, 256);
        let metadata = plain(format, array.layout());
        let expected = write(format, &array, &metadata, threads(1)).unwrap();
        for n in [1, 2, 5] {
            let same = |provider: &dyn ImageProvider, what: &str| {
                let bytes = write(format, provider, &metadata, threads(n)).unwrap();
                assert!(bytes == expected, "{} from {what} with {n} threads differs", format.name());
            };
            same(&array, "an array");
            same(&memory_image(&pixels, 530, 1), "an array in rows");
            same(&Lazy::new(&pixels, 256, 256), "a lazy provider");
            same(&Lazy::new(&pixels, 100, 77), "a lazy provider with other blocks");
            // A codestream of HTJ2K stays one in any file of JPEG 2000.
            let is_kept = |other: &dyn Format| {
                name_when_read(other) != other.name() && other.names().media_type == format.names().media_type
            };
            for other in lossless().filter(|other| other.name() == format.name() || !is_kept(*other)) {
                let file = write(other, &array, &plain(other, array.layout()), threads(2)).unwrap();
                same(&*open(&file).unwrap(), other.name());
            }
        }
    }
}

#[test]
fn a_serial_provider_is_asked_for_each_block_once_and_in_order() {
    for format in FORMATS.iter().copied() {
        let lazy = Lazy::new(&image_for(format, 3, 300, 200, SampleType::UInt8), 48, 31);
        write(format, &lazy, &plain(format, lazy.layout()), threads(3)).unwrap();
        assert_eq!(lazy.asked() as u64, lazy.layout().grid.count(), "{}", format.name());
    }
}

#[test]
fn every_sink_gets_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    for format in FORMATS.iter().copied() {
        let pixels = image_for(format, 3, 300, 270, SampleType::UInt8);
        let image = memory_image(&pixels, 64, 64);
        let metadata = plain(format, image.layout());
        let expected = write(format, &image, &metadata, threads(2)).unwrap();

        let path = folder.path().join("file");
        write_to(Box::new(AtomicFile::create(&path).unwrap()), format, &image, &metadata, threads(2)).unwrap();
        assert!(std::fs::read(&path).unwrap() == expected, "{} to a file", format.name());

        let seekable = std::fs::File::create(&path).unwrap();
        let sink = SeekableSink::new(seekable).unwrap();
        write_to(Box::new(sink), format, &image, &metadata, threads(2)).unwrap();
        assert!(std::fs::read(&path).unwrap() == expected, "{} to a seekable stream", format.name());

        let stream = std::fs::File::create(&path).unwrap();
        let sink = SpooledSink::new(stream).unwrap();
        write_to(Box::new(sink), format, &image, &metadata, threads(2)).unwrap();
        assert!(std::fs::read(&path).unwrap() == expected, "{} to a stream that cannot seek", format.name());
    }
}

#[test]
fn absent_blocks_read_back_as_absent_or_as_the_pad_value() {
    for format in FORMATS.iter().copied() {
        let pixels = image_for(format, 1, 512, 512, SampleType::UInt8);
        let mut lazy = Lazy::new(&pixels, 256, 256);
        let absent = BlockIndex { row: 1, column: 0 };
        lazy.absent.push(absent);
        let bytes = write(format, &lazy, &plain(format, lazy.layout()), threads(2)).unwrap();
        let image = open(&bytes).unwrap();
        if leaves_out_blocks(format) {
            let present: Vec<_> = (0..4).map(|i| image.has_block(image.layout().grid.at(i)).unwrap()).collect();
            assert_eq!(present, [true, true, false, true]);
        }
        let (read, given) = (read(&*image, threads(2)).unwrap(), bytes_of(&pixels));
        let limit = tolerance(format);
        for (place, (found, given)) in read.iter().zip(given).enumerate() {
            let (y, x) = (place / 512, place % 512);
            // A lossy codec blurs pixels next to the edge of the absent block.
            let margin = if limit == 0 { 0 } else { 16 };
            if y >= 256 + margin && x + margin < 256 {
                assert!(*found <= limit, "{} ({x}, {y}): {found}", format.name());
            } else if y + margin < 256 || x >= 256 + margin {
                assert!(found.abs_diff(given) <= limit, "{} ({x}, {y}): {found} for {given}", format.name());
            }
        }
    }
}

fn check_image(format: &dyn Format, bytes: &[u8], expected: &[u8], bands: u32, sample: SampleType) {
    let image = open(bytes).unwrap();
    assert_eq!((image.layout().bands, image.layout().sample), (bands, sample), "{}", format.name());
    let read = read(&*image, threads(2)).unwrap();
    assert_eq!(read.len(), expected.len());
    let worst = read.iter().zip(expected).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
    assert!(worst <= tolerance(format), "{} {bands} × {sample}: off by {worst}", format.name());
}
