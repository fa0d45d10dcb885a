//! Converts an image file to another format, block by block, without Python.
//!
//! ```sh
//! cargo run --release --example convert -- input.tif output.png
//! ```

use std::io::Write;
use std::process::ExitCode;

use osml_io::dataset::{DatasetReader, DatasetWriter};
use osml_io::format::{ImageRequest, OpenOptions};
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

/// Writes the first image of `input` to `output`. The extension of `output` selects the format.
fn convert(input: &str, output: &str) -> Result<String> {
    let reader = DatasetReader::open(input, None, &OpenOptions::default())?;
    let position = reader.default_image()?;
    let asset = &reader.assets()[position];
    let provider = reader.image(position)?;
    let layout = provider.layout();

    // `close` creates or replaces `output`; an earlier error leaves an existing file untouched.
    let mut writer = DatasetWriter::create(output, None, Concurrency::resolve(None)?)?;
    // The same format keeps all metadata, masks and overviews. Another format keeps the georeference, the nodata value and the
    // texts; warnings name the rest.
    let request = ImageRequest::copy_of("image:0", &*provider, asset);
    writer.add_image_of(&reader, position, &request, &Control::default())?;
    writer.close()?;

    let mut lines = vec![format!(
        "{} {} × {}, {} × {} → {}",
        reader.format().name(),
        layout.grid.columns(),
        layout.grid.rows(),
        layout.bands,
        layout.sample,
        writer.format().name(),
    )];
    lines.extend(writer.take_warnings().iter().map(|warning| format!("warning: {}: {}", warning.key, warning.message)));
    Ok(lines.join("\n"))
}
