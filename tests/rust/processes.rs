//! Blocks encoded by other processes: the file equals that of a single process.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use osml_io::Result;
use osml_io::codec::Encoded;
use osml_io::dataset::{DatasetWriter, remote_encoder};
use osml_io::format::{FORMATS, Format, by_name};
use osml_io::image::{BlockIndex, MemoryImage, Pixels, SampleType, Template};
use osml_io::io::MemorySink;
use osml_io::metadata::Metadata;
use osml_io::pipeline::{Control, Scratch, Statistics, encode_block};

use crate::support::{file_metadata, image_for, leaves_out_blocks, memory_image, plain, request, threads, write};

/// The task of a child: the format, its share of the blocks, and their folder.
const TASK: &str = "OSML_IO_TEST_ENCODE";

/// Number of children that encode a file, each every third block.
const CHILDREN: u64 = 3;

/// An image whose blocks have a size that no format uses. It leaves some blocks of each format incomplete.
fn image(format: &dyn Format) -> MemoryImage {
    memory_image(&image_for(format, 3, 700, 650, SampleType::UInt8), 128, 100)
}

/// Metadata that results in several blocks in each format.
fn metadata(format: &dyn Format, image: &dyn osml_io::image::ImageProvider) -> Metadata {
    let mut metadata = plain(format, image.layout());
    if format.names().media_type.ends_with("nitf") {
        metadata.set("NPPBH", 256);
        metadata.set("NPPBV", 192);
        // One of the two without compression, one with the default.
        if format.name() == "nitf" {
            metadata.set("IC", "NC");
        }
    }
    if format.names().media_type == "image/jp2" {
        metadata.set("J2K_TILE_SIZE", "192 256");
    }
    metadata
}

/// The image's part of a block.
fn part(image: &MemoryImage, grid: osml_io::image::BlockGrid, at: BlockIndex) -> Pixels {
    use osml_io::image::ImageProvider;
    image.pixels().unwrap().window(grid.block_window(at)).unwrap()
}

/// Does nothing by itself; the tests below run it in other processes.
#[test]
fn child_that_encodes() {
    let Ok(task) = env::var(TASK) else { return };
    let [format, turn, folder] = task.splitn(3, ' ').collect::<Vec<_>>()[..] else { panic!("{task}") };
    let (format, turn) = (by_name(format).unwrap(), turn.parse::<u64>().unwrap());
    let image = image(format);
    let metadata = metadata(format, &image);
    // The encoder is made without pixels, as in a process that gets them from elsewhere.
    let template = Template::of(&image);
    let (encoder, layout) =
        remote_encoder(format, &file_metadata(format), &request(&template, &metadata), false).unwrap();
    let mut scratch = Scratch::default();
    for position in (0..layout.grid.count()).filter(|position| position % CHILDREN == turn) {
        let at = layout.grid.at(position);
        let block = encode_block(&*encoder, &layout, at, &part(&image, layout.grid, at), &mut scratch).unwrap();
        fs::write(Path::new(folder).join(format!("{position}.block")), block.to_bytes()).unwrap();
    }
}

/// The blocks of an image in descending order, encoded by children of this process.
fn encoded_elsewhere(format: &dyn Format) -> Vec<Encoded> {
    let folder = tempfile::tempdir().unwrap();
    let children: Vec<_> = (0..CHILDREN)
        .map(|turn| {
            Command::new(env::current_exe().unwrap())
                .args(["--exact", "processes::child_that_encodes"])
                .env(TASK, format!("{} {turn} {}", format.name(), folder.path().display()))
                .output()
                .unwrap()
        })
        .collect();
    for child in &children {
        assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stderr));
    }
    let mut paths: Vec<PathBuf> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    let number = |path: &PathBuf| path.file_stem().unwrap().to_string_lossy().parse::<u64>().unwrap();
    paths.sort_by_key(|path| std::cmp::Reverse(number(path)));
    paths.iter().map(|path| Encoded::from_bytes(&fs::read(path).unwrap()).unwrap()).collect()
}

#[test]
fn blocks_that_other_processes_encode_make_the_same_file() {
    for format in FORMATS.iter().copied() {
        let image = image(format);
        let metadata = metadata(format, &image);
        let expected = write(format, &image, &metadata, threads(2)).unwrap();
        let blocks = encoded_elsewhere(format);
        assert!(blocks.len() > 1, "{}", format.name());
        let bytes = appended(format, &image, &metadata, blocks).unwrap();
        assert!(bytes == expected, "{}", format.name());
    }
}

fn appended(
    format: &'static dyn Format,
    image: &MemoryImage,
    metadata: &Metadata,
    blocks: Vec<Encoded>,
) -> Result<Vec<u8>> {
    let (sink, target) = MemorySink::new();
    let mut writer = DatasetWriter::to_sink(Box::new(sink), format, threads(1))?;
    writer.set_metadata(&file_metadata(format))?;
    let control = Control::default();
    let mut open = writer.begin_image(&request(image, metadata), &control)?;
    blocks.into_iter().try_for_each(|block| open.append(block))?;
    open.finish(&control)?;
    writer.close()?;
    let bytes = target.lock().unwrap().clone();
    Ok(bytes)
}

#[test]
fn a_block_comes_once_and_from_the_grid_and_missing_ones_are_named_or_absent() {
    for format in FORMATS.iter().copied() {
        let image = image(format);
        let metadata = metadata(format, &image);
        let (sink, _) = MemorySink::new();
        let mut writer = DatasetWriter::to_sink(Box::new(sink), format, threads(1)).unwrap();
        let control = Control::default();
        let mut open = writer.begin_image(&request(&image, &metadata), &control).unwrap();
        let (layout, encoder) = (open.layout().clone(), open.encoder().clone());
        let first = BlockIndex::default();
        let pixels = part(&image, layout.grid, first);
        let block = encode_block(&*encoder, &layout, first, &pixels, &mut Scratch::default()).unwrap();
        open.append(block.clone()).unwrap();
        let twice = open.append(block).unwrap_err().to_string();
        assert!(twice.contains("already appended: (0, 0)"), "{twice}");
        let outside = BlockIndex { row: layout.grid.down(), column: 0 };
        assert!(matches!(open.append(Encoded::absent(outside)), Err(osml_io::Error::OutOfRange(_))));
        assert!(encode_block(&*encoder, &layout, outside, &pixels, &mut Scratch::default()).is_err());
        let finished = open.finish(&control);
        if leaves_out_blocks(format) {
            finished.unwrap();
            writer.close().unwrap();
        } else {
            let error = finished.unwrap_err().to_string();
            assert!(error.contains("blocks of image:0 are missing"), "{error}");
            assert!(writer.close().is_err(), "{}", format.name());
        }
    }
}

#[test]
fn nothing_else_is_written_before_an_image_is_complete() {
    let format = by_name("tiff").unwrap();
    let image = image(format);
    let metadata = Metadata::new();
    let (sink, target) = MemorySink::new();
    let mut writer = DatasetWriter::to_sink(Box::new(sink), format, threads(1)).unwrap();
    let _ = writer.begin_image(&request(&image, &metadata), &Control::default()).unwrap();
    let error = writer.close().unwrap_err().to_string();
    assert!(error.contains("not complete: image:0"), "{error}");
    assert!(target.lock().unwrap().is_empty());
}

#[test]
fn statistics_are_those_of_the_pixels_for_any_number_of_threads() {
    for format in FORMATS.iter().copied() {
        let image = image(format);
        let metadata = metadata(format, &image);
        let found: Vec<_> = [1, 3]
            .map(|count| {
                let statistics = Statistics::new(None);
                let (sink, _) = MemorySink::new();
                let mut writer = DatasetWriter::to_sink(Box::new(sink), format, threads(count)).unwrap();
                writer.add_image_with(&request(&image, &metadata), &[&statistics], &Control::default()).unwrap();
                statistics.into_bands()
            })
            .into();
        assert_eq!(found[0], found[1], "{}", format.name());
        assert_eq!(found[0].len(), 3, "{}", format.name());
        let all = image_for(format, 3, 700, 650, SampleType::UInt8);
        let bytes = all.contiguous(osml_io::image::Interleave::Band).unwrap();
        for (band, samples) in found[0].iter().zip(bytes.chunks_exact(700 * 650)) {
            let (least, most) = (samples.iter().min().unwrap(), samples.iter().max().unwrap());
            let sum: u64 = samples.iter().map(|sample| u64::from(*sample)).sum();
            assert_eq!((band.minimum, band.maximum), (f64::from(*least), f64::from(*most)), "{}", format.name());
            assert_eq!((band.count, band.sum), (700 * 650, sum as f64));
        }
    }
}

#[test]
fn a_block_of_another_image_is_refused() {
    let encoded = |format: &dyn Format| {
        let image = image(format);
        let metadata = metadata(format, &image);
        let (encoder, layout) =
            remote_encoder(format, &file_metadata(format), &request(&image, &metadata), false).unwrap();
        let at = layout.grid.at(0);
        encode_block(&*encoder, &layout, at, &part(&image, layout.grid, at), &mut Scratch::default()).unwrap()
    };
    for format in FORMATS.iter().copied() {
        let image = image(format);
        let metadata = metadata(format, &image);
        let (sink, _) = MemorySink::new();
        let mut writer = DatasetWriter::to_sink(Box::new(sink), format, threads(1)).unwrap();
        let mut open = writer.begin_image(&request(&image, &metadata), &Control::default()).unwrap();
        let others = FORMATS.iter().filter(|other| other.names().media_type != format.names().media_type);
        for other in others {
            let error = open.append(encoded(*other)).unwrap_err().to_string();
            assert!(error.contains("another image: (0, 0)"), "{} {}: {error}", format.name(), other.name());
        }
        open.append(encoded(format)).unwrap();
    }
}
