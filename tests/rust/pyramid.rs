//! Reduced levels of an image, made in the pass that writes the image, into files that appear together.

use std::sync::{Arc, Mutex};

use osml_io::dataset::{DatasetReader, DatasetWriter, ImageWriter, publish_all};
use osml_io::format::{Format, ImageRequest, OpenOptions, by_name};
use osml_io::image::{
    BlockGrid, BlockIndex, ImageLayout, ImageProvider, Pixels, ReducedImage, Reduction, SampleType, Template,
};
use osml_io::io::MemorySource;
use osml_io::metadata::Metadata;
use osml_io::pipeline::{Control, LevelSink, Pyramid, Scratch, Statistics, Tap, encode_block};
use osml_io::{Result, codec::Encoded};

use crate::support::{lossless, memory_image, noise, open, plain, read, threads};

const LEVELS: u32 = 3;

/// Encodes blocks on the worker that completed them, and appends them on the thread that appends the image's own blocks.
struct LevelFiles<'w> {
    writers: Vec<Mutex<ImageWriter<'w>>>,
    encoded: Mutex<Vec<(usize, Encoded)>>,
}

impl LevelSink for LevelFiles<'_> {
    fn take(&self, level: usize, at: BlockIndex, pixels: Option<Pixels>) -> Result<()> {
        let (encoder, layout) = {
            let writer = self.writers[level - 1].lock().unwrap();
            (Arc::clone(writer.encoder()), writer.layout().clone())
        };
        let block = match pixels {
            Some(pixels) => encode_block(&*encoder, &layout, at, &pixels, &mut Scratch::default())?,
            None => Encoded::absent(at),
        };
        self.encoded.lock().unwrap().push((level, block));
        Ok(())
    }

    fn settle(&self) -> Result<()> {
        for (level, block) in self.encoded.lock().unwrap().drain(..) {
            self.writers[level - 1].lock().unwrap().append(block)?;
        }
        Ok(())
    }
}

fn level_layout(layout: &ImageLayout, level: u32) -> ImageLayout {
    let halved = |n: u32| n.div_ceil(1 << level);
    let grid = BlockGrid::new(
        halved(layout.grid.columns()),
        halved(layout.grid.rows()),
        layout.grid.block_columns(),
        layout.grid.block_rows(),
    );
    ImageLayout { grid: grid.unwrap(), ..layout.clone() }
}

/// Writes an image and its levels; returns their bytes, and the number of blocks that were copied undecoded.
fn written(format: &dyn Format, image: &dyn ImageProvider, metadata: &Metadata) -> (Vec<Vec<u8>>, u64) {
    let format = by_name(format.name()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let paths: Vec<_> = (0..=LEVELS).map(|level| folder.path().join(format!("image.r{level}"))).collect();
    let create = |path: &_| DatasetWriter::create(path, Some(format.name()), threads(3)).unwrap();
    let mut base = create(&paths[0]);
    let mut others: Vec<_> = paths[1..].iter().map(create).collect();
    let control = Control::default();
    let templates: Vec<_> =
        (1..=LEVELS).map(|level| Template::new(level_layout(image.layout(), level), true)).collect();
    let begun = others.iter_mut().zip(&templates).map(|(writer, template)| {
        let metadata = plain(format, template.layout());
        writer.begin_image(&ImageRequest::new("image:0", template, &metadata), &control).unwrap()
    });
    let sink = LevelFiles { writers: begun.map(Mutex::new).collect(), encoded: Mutex::default() };
    let layouts = sink.writers.iter().map(|writer| writer.lock().unwrap().layout().clone()).collect();
    let pyramid = Pyramid::new(layouts, Reduction::Average, None, &sink);
    let statistics = Statistics::new(None);
    let taps: [&dyn Tap; 2] = [&pyramid, &statistics];
    base.add_image_with(&ImageRequest::new("image:0", image, metadata), &taps, &control).unwrap();
    assert_eq!(statistics.into_bands().len(), image.layout().bands as usize);
    sink.writers.into_iter().for_each(|writer| writer.into_inner().unwrap().finish(&control).unwrap());
    let copied = base.copied_blocks();
    let mut all: Vec<_> = std::iter::once(&mut base).chain(&mut others).collect();
    for writer in &mut all {
        writer.finish(&control).unwrap();
    }
    publish_all(all).unwrap();
    (paths.iter().map(|path| std::fs::read(path).unwrap()).collect(), copied)
}

/// Level by level, the image reduced by two.
fn expected(image: Arc<dyn ImageProvider>) -> Vec<Vec<u8>> {
    let mut levels = vec![image];
    for level in 0..LEVELS as usize {
        let half = ReducedImage::new(Arc::clone(&levels[level]), 1, Reduction::Average, None).unwrap();
        levels.push(Arc::new(half));
    }
    levels.iter().map(|level| read(&**level, threads(2)).unwrap()).collect()
}

#[test]
fn levels_are_written_in_the_pass_that_writes_the_image() {
    for format in lossless() {
        let pixels = noise(3, 301, 277, SampleType::UInt8);
        let image: Arc<dyn ImageProvider> = Arc::new(memory_image(&pixels, 64, 50));
        let metadata = plain(format, image.layout());
        let (files, _) = written(format, &*image, &metadata);
        for (file, expected) in files.iter().zip(expected(image)) {
            assert!(read(&*open(file).unwrap(), threads(2)).unwrap() == expected, "{}", format.name());
        }
    }
}

#[test]
fn an_image_that_is_copied_undecoded_has_levels_too() {
    let format = by_name("nitf").unwrap();
    let pixels = noise(1, 200, 150, SampleType::UInt8);
    let image: Arc<dyn ImageProvider> = Arc::new(memory_image(&pixels, 64, 64));
    let (files, _) = written(format, &*image, &plain(format, image.layout()));
    let source = Arc::new(MemorySource(files[0].clone()));
    let reader = DatasetReader::from_source(source, None, &OpenOptions::default()).unwrap();
    let stored = reader.image(0).unwrap();
    let (again, copied) = written(format, &*stored, &reader.assets()[0].metadata);
    assert!(copied > 0);
    for (copy, expected) in again.iter().zip(expected(image)) {
        assert!(read(&*open(copy).unwrap(), threads(2)).unwrap() == expected);
    }
}
