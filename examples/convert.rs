//! Converts an image file to another format, block by block, without Python.
//!
//! ```sh
//! cargo run --release --example convert -- input.tif output.png
//! ```

use std::io::Write;
use std::process::ExitCode;

use osml_io::{ConvertOptions, Error, Result};

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

/// Writes the content of `input` to `output`. The extension of `output` selects the format; an error leaves an existing file as it
/// was.
fn convert(input: &str, output: &str) -> Result<String> {
    // The same format keeps everything. Another format keeps the georeference, the sensor model, the nodata value and the texts; a
    // warning names the rest.
    let report = osml_io::convert(input, output, &ConvertOptions::default())?;
    let mut lines = vec![format!(
        "{} → {}: {} images, {} blocks, {} of them copied undecoded",
        report.source_format, report.format, report.images, report.blocks, report.copied_blocks,
    )];
    lines.extend(report.warnings.iter().map(|warning| format!("warning: {}: {}", warning.key, warning.message)));
    Ok(lines.join("\n"))
}
