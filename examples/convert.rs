//! Converts an image file into any other format, block by block, without Python.
//!
//! ```sh
//! cargo run --release --example convert -- input.tif output.png
//! ```

use std::io::Write;
use std::process::ExitCode;

use osml_io::asset::AssetInfo;
use osml_io::dataset::{DatasetReader, DatasetWriter};
use osml_io::format::{Format, ImageRequest, OpenOptions, SaveSettings};
use osml_io::image::{Georeference, ImageLayout};
use osml_io::metadata::Metadata;
use osml_io::pipeline::{Concurrency, Control};
use osml_io::{Error, Result};

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let result = match arguments.as_slice() {
        [input, output] => convert(input, output),
        _ => Err(Error::usage("usage: convert INPUT OUTPUT")),
    };
    let text = match &result {
        Ok(text) => text.clone(),
        Err(error) => format!("error: {error}"),
    };
    let written = writeln!(std::io::stderr(), "{text}");
    if result.is_ok() && written.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Writes the first image of `input` to `output`, whose extension says in which format.
fn convert(input: &str, output: &str) -> Result<String> {
    let reader = DatasetReader::open(input, None, &OpenOptions::default())?;
    let position = reader.default_image()?;
    let asset = &reader.assets()[position];
    let provider = reader.image(position)?;
    let layout = provider.layout();

    // Nothing appears at `output` before `close`; an error on the way leaves what was there.
    let mut writer = DatasetWriter::create(output, None, Concurrency::resolve(None)?)?;
    let metadata = metadata_for(asset, layout, reader.format(), writer.format())?;
    let request = ImageRequest {
        title: &asset.title,
        description: &asset.description,
        roles: &["data".to_owned()],
        ..ImageRequest::new("image:0", &*provider, &metadata)
    };
    writer.add_image(&request, &Control::default())?;
    writer.close()?;

    let mut lines = vec![format!(
        "{} {} × {}, {} × {} → {}",
        reader.format().name,
        layout.grid.columns(),
        layout.grid.rows(),
        layout.bands,
        layout.sample,
        writer.format().name,
    )];
    let warnings = writer.take_warnings();
    lines.extend(warnings.iter().map(|warning| format!("warning: {}: {}", warning.key, warning.message)));
    Ok(lines.join("\n"))
}

/// The image's own metadata where the format stays; otherwise what the other format has words for.
fn metadata_for(asset: &AssetInfo, layout: &ImageLayout, from: &Format, to: &Format) -> Result<Metadata> {
    if from.name == to.name {
        return Ok((*asset.metadata).clone());
    }
    let facts = asset.image.clone().unwrap_or_default();
    let settings = SaveSettings { georeference: facts.georeference, nodata: facts.nodata, ..SaveSettings::default() };
    let plain = SaveSettings { georeference: Georeference::default(), nodata: None, ..settings.clone() };
    // A format that can hold neither place nor nodata says so; the pixels are still worth having.
    (to.encoding)(&settings, layout).or_else(|_| (to.encoding)(&plain, layout))
}
