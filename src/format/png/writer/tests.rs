use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::dataset::{DatasetReader, DatasetWriter};
use crate::format::png::Png;
use crate::format::{OpenOptions, Warning};
use crate::image::{BlockGrid, ImageLayout, Interleave, MemoryImage, PadValue, Pixels, SampleType};
use crate::io::{MemorySink, MemorySource};
use crate::pipeline::{Concurrency, Control, ReadRequest, read_region};

pub(in super::super) fn image(
    bands: usize,
    rows: usize,
    columns: usize,
    sample: SampleType,
    bytes: Vec<u8>,
) -> MemoryImage {
    let pixels = Pixels::from_vec(bytes, [bands, rows, columns], sample, Interleave::Band).unwrap();
    MemoryImage::from_pixels(pixels, 64, 64).unwrap()
}

/// Bytes of a scene: a slope with some bits of noise.
pub(in super::super) fn scene(count: usize, columns: usize, noise: u32) -> Vec<u8> {
    let mut state = 7u32;
    let mut next = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        if noise == 0 { 0 } else { (state >> 24 >> (8 - noise)) as u8 }
    };
    (0..count).map(|i| ((i % columns) / 3 + i / columns / 2) as u8).map(|slope| slope.wrapping_add(next())).collect()
}

pub(in super::super) fn write(
    image: &MemoryImage,
    metadata: &Metadata,
    threads: usize,
) -> Result<(Vec<u8>, Vec<Warning>)> {
    let (sink, target) = MemorySink::new();
    let mut writer = DatasetWriter::to_sink(Box::new(sink), &Png, Concurrency::new(threads).unwrap())?;
    let request = ImageRequest::new("image:0", image, metadata);
    writer.add_image(&request, &Control::default())?;
    let warnings = writer.take_warnings();
    writer.close()?;
    let bytes = std::mem::take(&mut *target.lock().unwrap());
    Ok((bytes, warnings))
}

/// Decodes with the `png` crate, and returns native samples, band after band.
fn decode(bytes: &[u8]) -> Vec<u8> {
    let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
    let mut out = vec![0; reader.output_buffer_size().unwrap()];
    reader.next_frame(&mut out).unwrap();
    reader.finish().unwrap();
    let info = reader.info();
    let (samples, size) = (info.color_type.samples(), info.bytes_per_pixel() / info.color_type.samples());
    crate::simd::swap_bytes(&mut out, size);
    let mut planes = vec![vec![0; out.len() / samples]; samples];
    let mut slices: Vec<&mut [u8]> = planes.iter_mut().map(Vec::as_mut_slice).collect();
    crate::simd::deinterleave(&out, size, &mut slices);
    planes.concat()
}

/// The zlib stream of a file, all IDAT chunks joined.
fn stream(bytes: &[u8]) -> Vec<u8> {
    let source = MemorySource(bytes);
    let mut chunks = chunk::Chunks::new(&source).unwrap();
    let mut out = Vec::new();
    while let Some(chunk) = chunks.next().unwrap() {
        let (data, right) = chunks.data(&chunk).unwrap();
        assert!(right && chunk.whole);
        if chunk.kind == Kind::IDAT {
            out.extend(data);
        }
    }
    out
}

#[test]
fn every_kind_of_image_comes_back_from_other_software_for_any_number_of_threads() {
    for sample in [SampleType::UInt8, SampleType::UInt16] {
        for bands in 1..=4 {
            for (rows, columns) in [(1, 1), (1, 9), (9, 1), (130, 70), (3, 5000), (900, 1200)] {
                let count = bands * rows * columns * sample.bytes();
                let raw = scene(count, columns, 3);
                let image = image(bands, rows, columns, sample, raw.clone());
                let (one, _) = write(&image, &Metadata::new(), 1).unwrap();
                assert!(decode(&one) == raw, "{sample} {bands} {rows} {columns}");
                assert!(write(&image, &Metadata::new(), 3).unwrap().0 == one);
                let size = rows * (columns * bands * sample.bytes() + 1);
                let mut inflated = vec![0; size];
                let count = libdeflater::Decompressor::new().zlib_decompress(&stream(&one), &mut inflated).unwrap();
                assert_eq!(count, size);
            }
        }
    }
}

#[test]
fn repeating_data_and_the_small_setting_come_back() {
    let classes: Vec<u8> = (0..700 * 1000).map(|i| [3, 3, 7, 200][(i / 37 + i / 7000) % 4]).collect();
    let scene = scene(700 * 1000, 1000, 2);
    for raw in [classes, scene, vec![9; 700 * 1000]] {
        let image = image(1, 700, 1000, SampleType::UInt8, raw.clone());
        let small: Metadata = [("PNG_COMPRESSION", "small")].into_iter().collect();
        let sizes = [Metadata::new(), small].map(|metadata| {
            let (bytes, _) = write(&image, &metadata, 2).unwrap();
            assert!(decode(&bytes) == raw);
            bytes.len()
        });
        assert!(sizes[1] <= sizes[0] + sizes[0] / 50, "{sizes:?}");
    }
}

#[test]
fn a_palette_makes_a_palette_image_and_bounds_its_samples() {
    let palette = Value::List((0..3).map(|i| Value::List(vec![i.into(), 9.into(), 255.into()])).collect());
    let metadata: Metadata = [("PNG_PALETTE", palette)].into_iter().collect();
    let good = image(1, 2, 3, SampleType::UInt8, vec![0, 1, 2, 2, 1, 0]);
    let (bytes, warnings) = write(&good, &metadata, 1).unwrap();
    assert_eq!((bytes[25], warnings.len()), (3, 0));
    assert_eq!(decode(&bytes), [0, 1, 2, 2, 1, 0]);
    let bad = image(1, 2, 3, SampleType::UInt8, vec![0, 1, 2, 3, 1, 0]);
    let error = write(&bad, &metadata, 1).unwrap_err();
    assert_eq!(error.to_string(), "sample as index into PNG_PALETTE: got 3, expected 0 to 2");
}

#[test]
fn what_png_cannot_hold_is_refused_before_the_first_byte() {
    let refused = |image: &MemoryImage| {
        let (sink, _) = MemorySink::new();
        let mut writer = PngWriter { sink: Box::new(sink), image: OnlyImage::new("PNG") };
        let metadata = Metadata::new();
        let request = ImageRequest::new("image:0", image, &metadata);
        let (control, mut warnings) = (Control::default(), Vec::new());
        let concurrency = Concurrency::new(1).unwrap();
        let error = writer
            .begin_image(
                &request,
                &mut WriteContext { concurrency, control: &control, warnings: &mut warnings, strict: false },
            )
            .err()
            .unwrap();
        assert_eq!(writer.sink.position(), 0);
        error.to_string()
    };
    let float = image(1, 1, 1, SampleType::Float32, vec![0; 4]);
    assert_eq!(refused(&float), "dtype of a PNG file: got float32, expected uint8 or uint16");
    assert!(refused(&image(5, 1, 1, SampleType::UInt8, vec![0; 5])).contains("bands of a PNG file: got 5"));
    let grid = BlockGrid::new(u32::MAX, 1, 1, 1).unwrap();
    let wide = MemoryImage::new(ImageLayout::new(grid, 1, SampleType::UInt8).unwrap());
    assert!(refused(&wide).contains("size of a PNG file: got"));
    let grid = BlockGrid::new(1 << 30, 1, 1, 1).unwrap();
    let wide = MemoryImage::new(ImageLayout::new(grid, 4, SampleType::UInt16).unwrap());
    assert!(refused(&wide).contains("row of a PNG file: got"));
}

#[test]
fn a_file_holds_exactly_one_image() {
    let (sink, _) = MemorySink::new();
    let mut writer = DatasetWriter::to_sink(Box::new(sink), &Png, Concurrency::new(1).unwrap()).unwrap();
    let (image, metadata) = (image(1, 1, 1, SampleType::UInt8, vec![0]), Metadata::new());
    let request = ImageRequest::new("a", &image, &metadata);
    writer.add_image(&request, &Control::default()).unwrap();
    let second = writer.add_image(&ImageRequest { key: "b", ..request }, &Control::default()).unwrap_err();
    assert!(matches!(second, Error::Usage(_)));
    let (sink, target) = MemorySink::new();
    let mut writer = DatasetWriter::to_sink(Box::new(sink), &Png, Concurrency::new(1).unwrap()).unwrap();
    assert!(matches!(writer.close(), Err(Error::Usage(_))));
    assert!(target.lock().unwrap().is_empty());
}

#[test]
fn settings_without_a_meaning_are_refused() {
    let settings = SaveSettings::default;
    assert!(encoding(&settings()).unwrap().is_empty());
    assert!(encoding(&SaveSettings { compression: Some("Deflate".into()), ..settings() }).is_ok());
    for bad in [
        SaveSettings { compression: Some("lzw".into()), ..settings() },
        SaveSettings { quality: Some(75.0), ..settings() },
        SaveSettings { block_size: Some((256, 256)), ..settings() },
        SaveSettings { nodata: Some(PadValue::Int(0)), ..settings() },
    ] {
        assert!(matches!(encoding(&bad), Err(Error::Usage(_))), "{bad:?}");
    }
}

#[test]
fn absent_blocks_are_filled_with_a_warning() {
    let grid = BlockGrid::new(70, 70, 64, 64).unwrap();
    let mut layout = ImageLayout::new(grid, 1, SampleType::UInt16).unwrap();
    layout.pad = PadValue::Int(513);
    let (bytes, warnings) = write(&MemoryImage::new(layout), &Metadata::new(), 1).unwrap();
    assert_eq!(decode(&bytes), 513u16.to_ne_bytes().repeat(70 * 70));
    assert_eq!(warnings.len(), 1);
}

#[test]
fn metadata_of_file_and_image_and_titles_are_merged() {
    let (sink, target) = MemorySink::new();
    let mut writer = DatasetWriter::to_sink(Box::new(sink), &Png, Concurrency::new(1).unwrap()).unwrap();
    let file: Metadata = [("PNG_TEXT_Author", "file"), ("PNG_TEXT_Source", "file")].into_iter().collect();
    let metadata: Metadata = [("PNG_TEXT_Author", "image"), ("PNG_TEXT_Title", "old")].into_iter().collect();
    writer.set_metadata(&file).unwrap();
    let image = image(1, 1, 1, SampleType::UInt8, vec![0]);
    let request = ImageRequest { title: "new", ..ImageRequest::new("a", &image, &metadata) };
    writer.add_image(&request, &Control::default()).unwrap();
    writer.close().unwrap();
    let bytes = target.lock().unwrap().clone();
    let reader =
        DatasetReader::from_source(Arc::new(MemorySource(bytes)), Some("png"), &OpenOptions::default()).unwrap();
    let text = |keyword: &str| {
        reader.metadata().get(&format!("PNG_TEXT_{keyword}")).and_then(Value::as_text).map(str::to_owned)
    };
    assert_eq!(["Author", "Source", "Title"].map(text), ["image", "file", "new"].map(|text| Some(text.to_owned())));
    assert_eq!(reader.assets()[0].title, "new");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_image_comes_back_from_both_decoders(
        bands in 1usize..5, rows in 1usize..200, columns in 1usize..200, wide in any::<bool>(), noise in 0u32..9,
    ) {
        let sample = if wide { SampleType::UInt16 } else { SampleType::UInt8 };
        let raw = scene(bands * rows * columns * sample.bytes(), columns, noise);
        let image = image(bands, rows, columns, sample, raw.clone());
        let (bytes, warnings) = write(&image, &Metadata::new(), 2).unwrap();
        prop_assert!(warnings.is_empty());
        prop_assert!(decode(&bytes) == raw);
        let reader = DatasetReader::from_source(Arc::new(MemorySource(bytes)), None, &OpenOptions::default()).unwrap();
        let provider = reader.image(0).unwrap();
        let request = ReadRequest::whole(&*provider);
        let mut out = vec![0; request.bytes(&*provider) as usize];
        read_region(&*provider, &request, &mut out, Concurrency::new(2).unwrap(), &Control::default()).unwrap();
        prop_assert!(out == raw);
    }
}
