use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use super::*;
use crate::asset::AssetInfo;
use crate::codec::jpeg::{ColorModel, Params};
use crate::codec::{BlockShape, CodecParams, PixelCoding, Scratch};
use crate::dataset::write_image;
use crate::format::{ContainerReader, ImageRequest, OpenOptions, Warning, WriteContext};
use crate::image::{
    Block, BlockGrid, BlockIndex, Crs, Gaps, Georeference, ImageProvider, Interleave, MemoryImage, PadValue,
    PartialImage, Pixels, SampleType, Window,
};
use crate::io::{ByteSink, MemorySink, MemorySource, Prepared};
use crate::metadata::Value;
use crate::pipeline::{Concurrency, Control, ReadRequest, read_region};

/// Gradients and a texture, band after band.
fn picture(columns: u32, rows: u32, bands: u32) -> MemoryImage {
    let (width, height) = (columns as usize, rows as usize);
    let sample = |i: usize| {
        let (band, x, y) = (i / (width * height), i % width, i / width % height);
        (x / 3 * (band + 1) + y / 2 + (x * 7 + y * 13) % 11) as u8
    };
    let bytes = (0..width * height * bands as usize).map(sample).collect();
    let shape = [bands as usize, height, width];
    MemoryImage::from_pixels(Pixels::from_vec(bytes, shape, SampleType::UInt8, Interleave::Band).unwrap(), 100, 30)
        .unwrap()
}

fn request<'a>(provider: &'a dyn ImageProvider, metadata: &'a Metadata) -> ImageRequest<'a> {
    ImageRequest::new("image:0", provider, metadata)
}

fn written(image: &ImageRequest<'_>, threads: usize) -> Result<(Vec<u8>, Vec<Warning>)> {
    let (sink, target) = MemorySink::new();
    let mut writer = Jpeg.create(Box::new(sink))?.0;
    let mut warnings = Vec::new();
    let control = Control::default();
    let concurrency = Concurrency::new(threads).unwrap();
    let mut context = WriteContext { concurrency, control: &control, warnings: &mut warnings, strict: false };
    write_image(&mut *writer, image, &mut context)?;
    writer.finish(&mut context)?.publish()?;
    let bytes = target.lock().unwrap().clone();
    Ok((bytes, warnings))
}

fn opened(bytes: &[u8]) -> Result<Box<dyn ContainerReader>> {
    Ok(Jpeg.open(Arc::new(MemorySource(bytes.to_vec())), &OpenOptions::default())?.0)
}

fn pixels(image: &dyn ImageProvider, window: Window) -> Result<Vec<u8>> {
    let request = ReadRequest { window, ..ReadRequest::whole(image) };
    let mut out = vec![0; request.bytes(image) as usize];
    read_region(image, &request, &mut out, Concurrency::new(3).unwrap(), &Control::default())?;
    Ok(out)
}

fn all(image: &dyn ImageProvider) -> Result<Vec<u8>> {
    pixels(image, image.layout().grid.window())
}

fn mean_difference(a: &[u8], b: &[u8]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| f64::from(a.abs_diff(*b))).sum::<f64>() / a.len() as f64
}

fn one(key: &str, value: impl Into<Value>) -> Metadata {
    let mut metadata = Metadata::new();
    metadata.set(key, value);
    metadata
}

#[test]
fn grey_and_colour_come_back_at_any_size() {
    for (columns, rows) in [(1, 1), (17, 3), (300, 256), (300, 257), (40, 1111)] {
        for bands in [1, 3] {
            let image = picture(columns, rows, bands);
            let (bytes, warnings) = written(&request(&image, &one("JPEG_SUBSAMPLING", "4:4:4")), 2).unwrap();
            assert!(warnings.is_empty());
            let reader = opened(&bytes).unwrap();
            let found = reader.image(0).unwrap();
            assert_eq!((found.layout().bands, found.layout().grid.rows()), (bands, rows));
            // Quality 85 quantises the texture, an eleventh of whose steps is one level.
            let mean = mean_difference(&all(&image).unwrap(), &all(&*found).unwrap());
            assert!(mean < 4.0, "{bands} bands of {columns} × {rows}: {mean}");
        }
    }
}

#[test]
fn the_file_is_the_same_for_any_number_of_threads_and_any_source() {
    let image = picture(500, 1500, 3);
    let metadata = Metadata::new();
    let (bytes, _) = written(&request(&image, &metadata), 1).unwrap();
    for threads in [2, 5] {
        assert!(written(&request(&image, &metadata), threads).unwrap().0 == bytes);
    }
    // The same pixels, interleaved by pixel and in other blocks.
    let planes = all(&image).unwrap();
    let together: Vec<u8> = (0..500 * 1500).flat_map(|i| [0, 1, 2].map(|band| planes[band * 750_000 + i])).collect();
    let view = Pixels::from_vec(together, [3, 1500, 500], SampleType::UInt8, Interleave::Pixel).unwrap();
    let same = MemoryImage::from_pixels(view.clone(), 500, 1500).unwrap();
    assert!(written(&request(&same, &metadata), 2).unwrap().0 == bytes);
    let grid = BlockGrid::new(500, 1500, 128, 50).unwrap();
    let mut blocks = MemoryImage::new(ImageLayout::new(grid, 3, SampleType::UInt8).unwrap());
    for at in (0..grid.count()).map(|position| grid.at(position)) {
        blocks.set_block(at, view.window(grid.block_window(at)).unwrap()).unwrap();
    }
    assert!(written(&request(&blocks, &metadata), 2).unwrap().0 == bytes);
}

#[test]
fn bands_decoded_apart_are_the_image_decoded_as_a_whole() {
    let image = picture(600, 2000, 3);
    for subsampling in ["4:2:0", "4:4:0", "4:2:2", "4:4:4"] {
        let (bytes, _) = written(&request(&image, &one("JPEG_SUBSAMPLING", subsampling)), 2).unwrap();
        let reader = opened(&bytes).unwrap();
        let found = reader.image(0).unwrap();
        assert!(found.layout().grid.count() > 2 && found.layout().grid.block_rows().is_multiple_of(16));
        let params = Params { color: ColorModel::YCbCr { horizontal: 1, vertical: 1 }, ..Params::default() };
        let decoder = params.decoder(&PixelCoding::new(3, SampleType::UInt8));
        let mut whole = vec![0; 600 * 2000 * 3];
        decoder.decode(BlockShape::new(600, 2000), &bytes, &mut whole, &mut Scratch::default()).unwrap();
        let whole = Pixels::from_vec(whole, [3, 2000, 600], SampleType::UInt8, Interleave::Pixel).unwrap();
        let whole = MemoryImage::from_pixels(whole, 600, 2000).unwrap();
        for window in [whole.layout().grid.window(), Window::new(3, 500, 50, 700), Window::new(599, 1999, 1, 1)] {
            assert!(pixels(&*found, window).unwrap() == pixels(&whole, window).unwrap(), "{subsampling} {window:?}");
        }
    }
}

/// A source that notes the offset and the length of each read.
struct Counting(Vec<u8>, Mutex<Vec<(u64, usize)>>);

impl crate::io::ByteSource for Counting {
    fn size(&self) -> u64 {
        self.0.len() as u64
    }
    fn read_at(&self, offset: u64, out: &mut [u8]) -> Result<()> {
        self.1.lock().unwrap().push((offset, out.len()));
        out.copy_from_slice(&self.0[offset as usize..][..out.len()]);
        Ok(())
    }
}

#[test]
fn the_header_is_read_once() {
    for application in [100, 60_000] {
        let (bytes, _) = written(&request(&picture(64, 48, 3), &one("JPEG_APP7", vec![7; application])), 1).unwrap();
        let source = Arc::new(Counting(bytes, Mutex::default()));
        let reader = Jpeg.open(Arc::<Counting>::clone(&source), &OpenOptions::default()).unwrap().0;
        let header = reader.assets()[0].metadata.raw().len();
        let whole = pixels(&*reader.image(0).unwrap(), Window::new(0, 0, 64, 48)).unwrap();
        assert!(whole == pixels(&*opened(&source.0).unwrap().image(0).unwrap(), Window::new(0, 0, 64, 48)).unwrap());
        let reads = source.1.lock().unwrap();
        let of_header = |(offset, length): &(u64, usize)| header.saturating_sub(*offset as usize).min(*length);
        assert_eq!(reads.iter().map(of_header).sum::<usize>(), header, "{reads:?}");
    }
}

#[test]
fn a_window_reads_the_data_of_its_bands_alone() {
    let (bytes, _) = written(&request(&picture(1000, 3000, 1), &Metadata::new()), 2).unwrap();
    let source = Arc::new(Counting(bytes, Mutex::default()));
    let reader = Jpeg.open(Arc::<Counting>::clone(&source), &OpenOptions::default()).unwrap().0;
    let image = reader.image(0).unwrap();
    pixels(&*image, Window::new(0, 0, 10, 10)).unwrap();
    source.1.lock().unwrap().clear();
    pixels(&*image, Window::new(0, 2900, 10, 10)).unwrap();
    let read: usize = source.1.lock().unwrap().iter().map(|(_, length)| length).sum();
    assert!(read > 0 && read * 3 < source.0.len(), "{read} of {} bytes", source.0.len());
    source.1.lock().unwrap().clear();
    pixels(&*image, Window::new(500, 2950, 10, 10)).unwrap();
    assert!(source.1.lock().unwrap().is_empty(), "the band was kept");
}

#[test]
fn metadata_is_kept_on_copy() {
    let profile: Vec<u8> = [0; 16].into_iter().chain(*b"RGB ").chain((0..150_000).map(|i| i as u8)).collect();
    let mut metadata = Metadata::new();
    metadata.set("JPEG_QUALITY", "93");
    metadata.set("JPEG_SUBSAMPLING", "4:2:2");
    metadata.set("JPEG_DENSITY", "300 200 1");
    metadata.append("JPEG_COMMENT", "one");
    metadata.append("JPEG_COMMENT", vec![0xFF, 0xFE]);
    metadata.set("JPEG_EXIF", b"II*\0anything".to_vec());
    metadata.set("JPEG_ICC_PROFILE", profile);
    metadata.set("JPEG_APP1", b"http://ns.adobe.com/xap/1.0/\0<x/>".to_vec());
    metadata.set("JPEG_APP13", b"Photoshop 3.0\0".to_vec());
    let image = picture(64, 48, 3);
    let (bytes, warnings) = written(&request(&image, &metadata), 1).unwrap();
    assert!(warnings.is_empty());
    let reader = opened(&bytes).unwrap();
    let AssetInfo { metadata: found, description, media_type, .. } = &reader.assets()[0];
    assert_eq!((description.as_str(), *media_type), ("one", "image/jpeg"));
    assert_eq!(found.get("JPEG_QUALITY").and_then(Value::to_int), Some(93));
    assert_eq!(found.get("JPEG_DENSITY").and_then(Value::to_floats), Some(vec![300.0, 200.0, 1.0]));
    for key in ["JPEG_SUBSAMPLING", "JPEG_EXIF", "JPEG_ICC_PROFILE", "JPEG_APP1", "JPEG_APP13"] {
        assert_eq!(found.get(key), metadata.get(key), "{key}");
    }
    assert!(found.get_all("JPEG_COMMENT").eq(metadata.get_all("JPEG_COMMENT")));
    assert!(bytes.starts_with(found.raw()) && found.raw().len() > 150_000);
    // Metadata that was read is written unchanged. The pixels count as those of the file.
    let (again, warnings) = written(&request(&image, found), 1).unwrap();
    assert!(again == bytes && warnings.len() == 1 && warnings[0].message.contains("loses more"));
    assert_eq!(reader.raw_asset(0).unwrap(), bytes);
}

#[test]
fn illegal_hints_are_errors_that_name_key_value_and_what_is_allowed() {
    let image = picture(16, 16, 3);
    let message = |key: &str, value: Value| written(&request(&image, &one(key, value)), 1).unwrap_err().to_string();
    assert_eq!(
        message("JPEG_QUALITY", 101.into()),
        "value of JPEG_QUALITY: got 101, expected an integer from 1 to 100"
    );
    assert!(message("JPEG_QUALITY", "high".into()).contains("\"high\""));
    assert!(message("JPEG_SUBSAMPLING", "4:1:1".into()).contains("4:2:0 4:2:2 4:4:0 4:4:4"));
    assert!(message("JPEG_DENSITY", vec![Value::from(0), 1.into(), 1.into()].into()).contains("JPEG_DENSITY"));
    assert!(message("JPEG_EXIF", "text".into()).contains("expected bytes"));
    assert!(message("JPEG_COMMENT", "x".repeat(65_534).into()).contains("at most 65533"));
    assert!(message("JPEG_APP7", vec![0; 65_534].into()).contains("JPEG_APP7"));
}

#[test]
fn an_unused_key_is_a_warning() {
    let mut metadata = one("NODATA", 0);
    metadata.set("JPEG_PROCESS", "progressive");
    metadata.set("JPEG_APP2", b"MPF\0offsets".to_vec());
    metadata.set("JPEG_ICC_PROFILE", [[0; 16].as_slice(), b"CMYK"].concat());
    let (bytes, warnings) = written(&request(&picture(16, 16, 1), &metadata), 1).unwrap();
    let keys: Vec<_> = warnings.iter().map(|warning| warning.key.as_str()).collect();
    assert_eq!(keys, ["NODATA", "JPEG_APP2", "JPEG_ICC_PROFILE"]);
    assert!(opened(&bytes).unwrap().assets()[0].metadata.get("JPEG_APP2").is_none());
}

#[test]
fn what_the_format_cannot_hold_is_refused_before_the_first_byte() {
    struct Watched(Arc<AtomicU64>);
    impl ByteSink for Watched {
        fn position(&self) -> u64 {
            self.0.load(Ordering::Relaxed)
        }
        fn write(&mut self, bytes: &[u8]) -> Result<()> {
            self.0.fetch_add(bytes.len() as u64, Ordering::Relaxed);
            Ok(())
        }
        fn patch(&mut self, _: u64, _: &[u8]) -> Result<()> {
            Ok(())
        }
        fn prepare<'s>(self: Box<Self>) -> Result<Prepared<'s>> {
            Ok(Prepared::stream(|| Ok(())))
        }
    }
    let image = |columns, rows, bands, sample| {
        let grid = BlockGrid::new(columns, rows, columns, rows).unwrap();
        MemoryImage::new(ImageLayout::new(grid, bands, sample).unwrap())
    };
    for (image, part) in [
        (image(65_536, 1, 1, SampleType::UInt8), "columns of a JPEG file: got 65536, expected at most 65535"),
        (image(1, 70_000, 1, SampleType::UInt8), "rows of a JPEG file: got 70000"),
        (image(8, 8, 4, SampleType::UInt8), "bands of a JPEG file: got 4, expected 1 (grey) or 3"),
        (image(8, 8, 3, SampleType::UInt16), "dtype of a JPEG file: got uint16, expected uint8"),
    ] {
        let count = Arc::new(AtomicU64::new(0));
        let mut writer = Jpeg.create(Box::new(Watched(Arc::clone(&count)))).unwrap().0;
        let (control, metadata, mut warnings) = (Control::default(), Metadata::new(), Vec::new());
        let concurrency = Concurrency::new(1).unwrap();
        let mut context = WriteContext { concurrency, control: &control, warnings: &mut warnings, strict: false };
        let error = writer.begin_image(&request(&image, &metadata), &mut context).err().unwrap();
        assert!(matches!(error, Error::Usage(_)) && error.to_string().contains(part), "{error}");
        assert_eq!(count.load(Ordering::Relaxed), 0);
    }
}

#[test]
fn a_file_holds_one_image() {
    let (sink, _) = MemorySink::new();
    let mut writer = Jpeg.create(Box::new(sink)).unwrap().0;
    let (control, metadata, mut warnings) = (Control::default(), Metadata::new(), Vec::new());
    let concurrency = Concurrency::new(1).unwrap();
    let mut context = WriteContext { concurrency, control: &control, warnings: &mut warnings, strict: false };
    let image = picture(8, 8, 1);
    writer.set_metadata(&one("JPEG_QUALITY", 40), &mut context).unwrap();
    write_image(&mut *writer, &request(&image, &metadata), &mut context).unwrap();
    assert!(matches!(writer.begin_image(&request(&image, &metadata), &mut context), Err(Error::Usage(_))));
    assert!(writer.set_metadata(&one("JPEG_QUALITY", 41), &mut context).is_err());
    let (sink, _) = MemorySink::new();
    let empty = Jpeg.create(Box::new(sink)).unwrap().0;
    assert!(matches!(empty.finish(&mut context).err(), Some(Error::Usage(_))));
}

#[test]
fn absent_blocks_are_filled_with_a_warning() {
    let grid = BlockGrid::new(32, 512, 32, 256).unwrap();
    let mut layout = ImageLayout::new(grid, 1, SampleType::UInt8).unwrap();
    layout.pad = PadValue::Int(77);
    let image = MemoryImage::new(layout);
    assert!(matches!(image.block(BlockIndex::default()), Ok(Block::Absent)));
    let (bytes, warnings) = written(&request(&image, &Metadata::new()), 2).unwrap();
    assert_eq!(warnings.len(), 1);
    let found = opened(&bytes).unwrap().image(0).unwrap();
    assert!(all(&*found).unwrap().iter().all(|sample| *sample == 77));
}

#[test]
fn neutral_settings_become_metadata_or_errors() {
    let layout = picture(8, 8, 1).layout().clone();
    let encoding = |change: fn(&mut SaveSettings)| {
        let mut settings = SaveSettings::default();
        change(&mut settings);
        Jpeg.apply(&settings, &Metadata::new(), &layout, &mut Vec::new())
    };
    let good = encoding(|settings| {
        settings.quality = Some(60.0);
        settings.compression = Some("JPEG".to_owned());
    });
    assert_eq!(good.unwrap().get("JPEG_QUALITY").and_then(Value::to_int), Some(60));
    for change in [
        (|settings| settings.quality = Some(0.5)) as fn(&mut SaveSettings),
        |settings| settings.compression = Some("lzw".to_owned()),
        |settings| settings.block_size = Some((256, 256)),
        |settings| settings.nodata = Some(PadValue::ZERO),
        |settings| settings.georeference = Georeference { crs: Some(Crs::Epsg(4326)), ..Georeference::default() },
    ] {
        assert!(matches!(encoding(change), Err(Error::Usage(_))));
    }
}

#[test]
fn a_file_that_ends_early_is_an_error_wherever_it_is_cut() {
    let image = picture(40, 600, 3);
    let (bytes, _) = written(&request(&image, &Metadata::new()), 1).unwrap();
    for length in (0..bytes.len() - 2).step_by(7).chain(bytes.len() - 40..bytes.len() - 2) {
        let found = opened(&bytes[..length]).and_then(|reader| all(&*reader.image(0)?));
        assert!(matches!(found, Err(Error::Malformed(_))), "{length} of {} bytes", bytes.len());
    }
    let read = |length: usize| all(&*opened(&bytes[..length]).unwrap().image(0).unwrap()).unwrap();
    assert!(read(bytes.len() - 2) == read(bytes.len()), "only the end marker is missing");
}

#[test]
fn the_rows_of_a_cut_file_are_read_in_part() {
    for (rows, name) in [(600, "in bands"), (40, "as a whole")] {
        let image = picture(40, rows, 3);
        let (bytes, _) = written(&request(&image, &Metadata::new()), 1).unwrap();
        let whole = all(&*opened(&bytes).unwrap().image(0).unwrap()).unwrap();
        let start = bytes.windows(2).position(|two| two == [0xFF, 0xDA]).unwrap();
        let cut = opened(&bytes[..(start + 2 * bytes.len()) / 3]).unwrap().image(0).unwrap();
        assert!(matches!(all(&*cut), Err(Error::Malformed(_))), "{name}");
        let gaps = Arc::new(Gaps::new(vec![9]));
        let found = all(&PartialImage::new(cut, &gaps)).unwrap();
        let message = gaps.take_message(image.layout().grid.window()).unwrap();
        let first: usize = message["rows ".len()..].split(' ').next().unwrap().parse().unwrap();
        assert!((1..rows as usize).contains(&first), "{name}: {message}");
        for band in 0..3 {
            let row = |pixels: &[u8], y: usize| pixels[(band * rows as usize + y) * 40..][..40].to_vec();
            // Chrominance is interpolated between rows.
            assert!((0..first - 2).all(|y| row(&found, y) == row(&whole, y)), "{name}");
            assert!((first..rows as usize).all(|y| row(&found, y) == [9; 40]), "{name}");
        }
    }
}

#[test]
fn restart_markers_out_of_order_are_an_error() {
    let (mut bytes, _) = written(&request(&picture(40, 600, 1), &Metadata::new()), 1).unwrap();
    let place = bytes.windows(2).position(|two| two == [0xFF, 0xD3]).unwrap();
    bytes[place + 1] = 0xD5;
    let error = all(&*opened(&bytes).unwrap().image(0).unwrap()).unwrap_err().to_string();
    assert_eq!(error, format!("malformed JPEG restart marker: got 0xFFD5, expected 0xFFD3 at byte {place}"));
}

#[test]
fn no_mutation_makes_the_reader_panic() {
    let files = [(40, 600, 3), (33, 20, 1), (90, 300, 1)].map(|(columns, rows, bands)| {
        written(&request(&picture(columns, rows, bands), &Metadata::new()), 1).unwrap().0
    });
    let mut state = 7_u32;
    let mut random = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as usize
    };
    for _ in 0..1500 {
        let mut bytes = files[random() % files.len()].clone();
        // Most of a file is pixels: apply half of the changes to headers.
        let reach = if random() % 2 == 0 { 700.min(bytes.len()) } else { bytes.len() };
        for _ in 0..=random() % 3 {
            let place = random() % reach;
            bytes[place] = if random() % 3 == 0 { 0xFF } else { random() as u8 };
        }
        let Ok(reader) = opened(&bytes) else { continue };
        let image = reader.image(0).unwrap();
        // Do not decode a large image that only a damaged header claims.
        if image.layout().image_bytes() < 1 << 24 {
            let _ = all(&*image);
        }
    }
}
