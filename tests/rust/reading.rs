//! Any region equals the same part of the image, for any number of threads.

use std::sync::Arc;

use osml_io::Error;
use osml_io::dataset::DatasetReader;
use osml_io::format::{FORMATS, Format, OpenOptions, by_magic};
use osml_io::image::{ImageProvider, SampleType, Window};
use osml_io::io::MemorySource;
use osml_io::pipeline::ReadRequest;

use crate::support::{
    image_for, memory_image, name_when_read, noise, open, pixels, plain, read, read_part, threads, write,
};

#[test]
fn windows_and_bands_are_parts_of_the_whole() {
    for format in FORMATS.iter().copied() {
        let given = image_for(format, 3, 333, 290, SampleType::UInt8);
        let image = memory_image(&given, 128, 128);
        let file = open(&write(format, &image, &plain(format, image.layout()), threads(2)).unwrap()).unwrap();
        let all = read(&*file, threads(1)).unwrap();
        let whole = pixels(all.clone(), 3, 333, 290, SampleType::UInt8);
        let windows = [
            Window::new(0, 0, 290, 333),
            Window::new(0, 0, 1, 1),
            Window::new(289, 332, 1, 1),
            Window::new(100, 120, 60, 17),
            Window::new(0, 255, 290, 2),
            Window::new(255, 0, 35, 333),
        ];
        for (window, bands) in windows.into_iter().flat_map(|w| [vec![0, 1, 2], vec![2], vec![1, 0]].map(|b| (w, b))) {
            let mut expected: Vec<u8> = Vec::new();
            for band in &bands {
                for y in window.y..window.bottom() {
                    let mut row = vec![0; 290];
                    whole.copy_row(*band as usize, y as usize, &mut row);
                    expected.extend(&row[window.x as usize..window.right() as usize]);
                }
            }
            let request = ReadRequest { window, bands, fill: vec![0] };
            for n in [1, 2, 5] {
                let found = read_part(&*file, &request, threads(n)).unwrap();
                assert!(found == expected, "{} {request:?} with {n} threads", format.name());
            }
        }
    }
}

#[test]
fn what_lies_outside_is_an_error_and_never_zeros() {
    for format in FORMATS.iter().copied() {
        let image = memory_image(&image_for(format, 3, 40, 50, SampleType::UInt8), 50, 40);
        let file = open(&write(format, &image, &plain(format, image.layout()), threads(1)).unwrap()).unwrap();
        let whole = ReadRequest::whole(&*file);
        for window in [Window::new(0, 0, 51, 40), Window::new(50, 0, 1, 1), Window::new(3, 3, 0, 3)] {
            let result = read_part(&*file, &ReadRequest { window, ..whole.clone() }, threads(2));
            assert!(matches!(result, Err(Error::OutOfRange(_))), "{} {window:?}", format.name());
        }
        let result = read_part(&*file, &ReadRequest { bands: vec![3], ..whole }, threads(2));
        assert!(matches!(result, Err(Error::OutOfRange(_))));
        assert!(file.has_block(osml_io::image::BlockIndex { row: 99, column: 0 }).is_err());
    }
}

#[test]
fn a_file_is_known_by_its_first_bytes_and_lists_its_assets() {
    for format in FORMATS.iter().copied() {
        let image = memory_image(&image_for(format, 3, 40, 50, SampleType::UInt8), 50, 40);
        let bytes = write(format, &image, &plain(format, image.layout()), threads(1)).unwrap();
        assert_eq!(by_magic(&bytes).map(<dyn Format>::name), Some(name_when_read(format)));
        let reader = DatasetReader::from_source(Arc::new(MemorySource(bytes)), None, &OpenOptions::default()).unwrap();
        let keys: Vec<_> = reader.assets().iter().map(|asset| asset.key.as_str()).collect();
        assert_eq!(keys, ["image:0"], "{}", format.name());
        assert_eq!(reader.assets()[0].media_type, format.names().media_type);
        assert!(reader.assets()[0].image.is_some());
        assert!(!reader.raw_asset(0).unwrap().is_empty());
        assert!(matches!(reader.position("image:7"), Err(Error::AssetNotFound { .. })));
    }
}

#[test]
fn a_copy_of_a_file_has_its_pixels_and_metadata() {
    for format in FORMATS.iter().copied() {
        let image = memory_image(&noise(1, 60, 70, SampleType::UInt8), 70, 60);
        let first = write(format, &image, &plain(format, image.layout()), threads(1)).unwrap();
        let reader = DatasetReader::from_source(Arc::new(MemorySource(first)), None, &OpenOptions::default()).unwrap();
        let provider = reader.image(0).unwrap();
        let second = write(format, &*provider, &reader.assets()[0].metadata, threads(1)).unwrap();
        let copy = DatasetReader::from_source(Arc::new(MemorySource(second.clone())), None, &OpenOptions::default());
        let copy = copy.unwrap();
        for (key, value) in reader.assets()[0].metadata.iter().filter(|(key, _)| !is_place(key)) {
            assert_eq!(copy.assets()[0].metadata.get(key), Some(value), "{} {key}", format.name());
        }
        if crate::support::tolerance(format) == 0 {
            assert_eq!(read(&*open(&second).unwrap(), threads(1)).unwrap(), read(&*provider, threads(1)).unwrap());
        }
    }
}

/// Tags with an offset or length in the file: they belong to one file.
fn is_place(key: &str) -> bool {
    ["273", "279", "324", "325"].contains(&key)
}
