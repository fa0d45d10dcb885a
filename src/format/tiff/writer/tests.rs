use std::sync::{Arc, Mutex, PoisonError};

use super::super::directory::{Directory, DirectoryReader};
use super::*;
use crate::dataset::write_image;
use crate::image::{BlockIndex, ImageProvider, Interleave, MemoryImage, Pixels, SampleType};
use crate::io::{AtomicFile, MemorySink, MemorySource};
use crate::limits::Limits;
use crate::metadata::Value;
use crate::pipeline::{Concurrency, Control};

/// An image whose sample bytes are 0, 1, 2 … in the order band, row, column.
fn counting(bands: usize, rows: usize, columns: usize, sample: SampleType) -> MemoryImage {
    let bytes = (0..bands * rows * columns * sample.bytes()).map(|i| i as u8).collect();
    let pixels = Pixels::from_vec(bytes, [bands, rows, columns], sample, Interleave::Band).unwrap();
    MemoryImage::from_pixels(pixels, 64, 64).unwrap()
}

struct Asset<'a> {
    key: &'a str,
    roles: &'a [&'a str],
    image: MemoryImage,
    metadata: Metadata,
}

fn asset(image: MemoryImage, metadata: &[(&str, Value)]) -> Asset<'static> {
    Asset { key: "image:0", roles: &[], image, metadata: metadata.iter().cloned().collect() }
}

fn write_to(sink: Box<dyn ByteSink>, assets: &[Asset<'_>], threads: usize) -> Result<Vec<Warning>> {
    let mut warnings = Vec::new();
    let control = Control::default();
    let concurrency = Concurrency::new(threads).unwrap();
    let mut context = WriteContext { concurrency, control: &control, warnings: &mut warnings, strict: false };
    let mut writer = create(sink)?;
    for Asset { key, roles, image, metadata } in assets {
        let roles: Vec<String> = roles.iter().map(|role| (*role).to_owned()).collect();
        let (title, description) = ("a title", "");
        let request = ImageRequest { title, description, roles: &roles, ..ImageRequest::new(key, image, metadata) };
        write_image(&mut *writer, &request, &mut context)?;
    }
    writer.finish(&mut context)?.publish()?;
    Ok(warnings)
}

fn bytes_of(assets: &[Asset<'_>], threads: usize) -> Result<Vec<u8>> {
    let (sink, target): (_, Arc<Mutex<Vec<u8>>>) = MemorySink::new();
    write_to(Box::new(sink), assets, threads)?;
    let bytes = target.lock().unwrap_or_else(PoisonError::into_inner).clone();
    Ok(bytes)
}

fn directories(file: &[u8]) -> Vec<Directory> {
    let source = MemorySource(file.to_vec());
    let limits = Limits::default();
    let (mut reader, mut next) = DirectoryReader::open(&source, &limits).unwrap();
    let mut found = Vec::new();
    while next != 0 {
        assert_eq!(next % 2, 0);
        let (directory, after) = reader.directory(found.len(), next).unwrap();
        assert!(directory.fields.is_sorted_by_key(|field| field.tag));
        found.push(directory);
        next = after;
    }
    found
}

fn numbers(directory: &Directory, tag: u16) -> Vec<u64> {
    match directory.get(tag).unwrap() {
        Some(FieldValue::Unsigned(values)) => values.clone(),
        _ => Vec::new(),
    }
}

#[test]
fn a_small_file_has_exactly_the_bytes_of_the_standard() {
    let file =
        bytes_of(&[asset(counting(1, 2, 3, SampleType::UInt16), &[("259", "None".into()), ("278", 1.into())])], 1)
            .unwrap();
    let entry = |tag: u16, kind: u16, count: u32, value: [u8; 4]| {
        [&tag.to_le_bytes()[..], &kind.to_le_bytes(), &count.to_le_bytes(), &value].concat()
    };
    let entries = [
        entry(254, 4, 1, [0; 4]),
        entry(256, 3, 1, [3, 0, 0, 0]),
        entry(257, 3, 1, [2, 0, 0, 0]),
        entry(258, 3, 1, [16, 0, 0, 0]),
        entry(259, 3, 1, [1, 0, 0, 0]),
        entry(262, 3, 1, [1, 0, 0, 0]),
        entry(269, 2, 8, [190, 0, 0, 0]),
        entry(273, 4, 2, [198, 0, 0, 0]),
        entry(277, 3, 1, [1, 0, 0, 0]),
        entry(278, 3, 1, [1, 0, 0, 0]),
        entry(279, 4, 2, [206, 0, 0, 0]),
        entry(284, 3, 1, [1, 0, 0, 0]),
        entry(339, 3, 1, [1, 0, 0, 0]),
    ];
    let expected = [
        &b"II*\0\x1c\0\0\0"[..],
        &[0; 8],
        &(0..12).collect::<Vec<u8>>(),
        &[13, 0],
        &entries.concat(),
        &[0; 4],
        b"a title\0",
        &[16, 0, 0, 0, 22, 0, 0, 0],
        &[6, 0, 0, 0, 6, 0, 0, 0],
    ];
    assert_eq!(file, expected.concat());
}

#[test]
fn bands_stored_apart_follow_one_another_plane_by_plane() {
    let metadata = [("259", 1.into()), ("284", "Planar".into()), ("322", 16.into()), ("323", 16.into())];
    let file = bytes_of(&[asset(counting(2, 16, 20, SampleType::UInt8), &metadata)], 1).unwrap();
    let directory = &directories(&file)[0];
    let (offsets, counts) = (numbers(directory, tags::TILE_OFFSETS), numbers(directory, tags::TILE_BYTE_COUNTS));
    assert_eq!(counts, [256; 4]);
    let first_row = |tile: usize| &file[offsets[tile] as usize..][..16];
    assert_eq!(first_row(0), (0..16).collect::<Vec<u8>>());
    assert_eq!(first_row(1), [&[16, 17, 18, 19][..], &[0; 12]].concat());
    assert_eq!(first_row(2), (64..80).collect::<Vec<u8>>());
}

#[test]
fn blocks_in_place_and_blocks_appended_hold_the_same_bytes_for_any_number_of_threads() {
    for (bands, planar) in [(1, 1), (3, 1), (3, 2)] {
        for layout in [("322", 32), ("278", 7)] {
            let metadata = [("259", 1.into()), ("284", planar.into()), (layout.0, layout.1.into())];
            let assets = [asset(counting(bands, 45, 77, SampleType::Int16), &metadata)];
            let appended = bytes_of(&assets, 1).unwrap();
            let folder = tempfile::tempdir().unwrap();
            for threads in [1, 3] {
                let path = folder.path().join("a.tif");
                write_to(Box::new(AtomicFile::create(&path).unwrap()), &assets, threads).unwrap();
                let placed = std::fs::read(&path).unwrap();
                assert_eq!(pixels(&placed), pixels(&appended), "{bands} bands, planar {planar}, {layout:?}");
                assert_eq!(bytes_of(&assets, threads).unwrap(), appended);
            }
        }
    }
}

/// The stored bytes of every block.
fn pixels(file: &[u8]) -> Vec<Vec<u8>> {
    let directory = &directories(file)[0];
    let either = |tile, strip| [numbers(directory, tile), numbers(directory, strip)].concat();
    let offsets = either(tags::TILE_OFFSETS, tags::STRIP_OFFSETS);
    let counts = either(tags::TILE_BYTE_COUNTS, tags::STRIP_BYTE_COUNTS);
    assert_eq!(offsets.len(), counts.len());
    offsets.iter().zip(counts).map(|(at, count)| file[*at as usize..][..count as usize].to_vec()).collect()
}

#[test]
fn absent_blocks_take_no_space() {
    let mut image = MemoryImage::new(counting(1, 128, 128, SampleType::UInt8).layout().clone());
    let block = Pixels::from_vec(vec![1; 64 * 64], [1, 64, 64], SampleType::UInt8, Interleave::Band).unwrap();
    image.set_block(BlockIndex { row: 1, column: 0 }, block).unwrap();
    for compression in [1, 8] {
        let metadata = [("259", compression.into()), ("322", 64.into()), ("323", 64.into())];
        let file = bytes_of(&[asset(image.clone(), &metadata)], 2).unwrap();
        let directory = &directories(&file)[0];
        let offsets = numbers(directory, tags::TILE_OFFSETS);
        assert_eq!(offsets.iter().map(|at| *at > 0).collect::<Vec<_>>(), [false, false, true, false]);
        let counts = numbers(directory, tags::TILE_BYTE_COUNTS);
        assert_eq!(counts.iter().map(|count| *count > 0).collect::<Vec<_>>(), [false, false, true, false]);
    }
}

#[test]
fn images_are_a_chain_of_directories_and_overviews_have_no_place_of_their_own() {
    let geo = [
        ("GeoProjectedCRS", Value::from(32618)),
        ("GeoTransform", Value::from("[0, 1, 0, 0, 0, -1]")),
        ("50844", vec![Value::from(1.5); 92].into()),
    ];
    let named = |key: &'static str, roles: &'static [&'static str]| Asset {
        key,
        roles,
        ..asset(counting(1, 20, 20, SampleType::UInt8), &geo)
    };
    let assets = [
        named("image:0", &["data"]),
        named("image:0:overview:1", &[]),
        named("a", &["overview"]),
        named("image:0:overview:3", &["data"]),
        named("b", &["mask"]),
    ];
    let found = directories(&bytes_of(&assets, 1).unwrap());
    let kinds: Vec<_> = found.iter().map(|directory| numbers(directory, tags::NEW_SUBFILE_TYPE)[0]).collect();
    assert_eq!(kinds, [0, 1, 1, 0, 4]);
    let placed = found.iter().map(|directory| {
        let tags = [tags::GEO_KEY_DIRECTORY, tags::MODEL_PIXEL_SCALE, tags::MODEL_TIEPOINT, 50_844];
        tags.iter().filter(|tag| directory.get(**tag).unwrap().is_some()).count()
    });
    assert_eq!(placed.collect::<Vec<_>>(), [4, 0, 0, 4, 4]);
}

#[test]
fn a_file_without_images_is_refused() {
    assert!(bytes_of(&[], 1).is_err());
}

#[test]
fn metadata_of_the_file_is_answered_with_a_warning() {
    let mut writer = create(Box::new(MemorySink::new().0)).unwrap();
    let (mut warnings, control) = (Vec::new(), Control::default());
    let concurrency = Concurrency::new(1).unwrap();
    let mut context = WriteContext { concurrency, control: &control, warnings: &mut warnings, strict: false };
    writer.set_metadata(&Metadata::new(), &mut context).unwrap();
    writer.set_metadata(&[("259", 5)].into_iter().collect(), &mut context).unwrap();
    assert_eq!(warnings.len(), 1);
}
