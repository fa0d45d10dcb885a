//! Prints the README's tables of supported formats and codecs from their registries.
//!
//! ```sh
//! cargo run --example support_table
//! ```

use std::fmt::Write;
use std::process::ExitCode;

use osml_io::codec::CODECS;
use osml_io::format::FORMATS;

fn main() -> ExitCode {
    match std::io::Write::write_all(&mut std::io::stdout(), support_table().as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// The tables in Markdown.
pub(crate) fn support_table() -> String {
    let mut table = String::from("| format | extensions | read | write | notes |\n|---|---|---|---|---|\n");
    for format in FORMATS {
        let extensions: Vec<_> = format.names().extensions.iter().map(|name| format!("`.{name}`")).collect();
        let note = note(format.name());
        let _ = writeln!(table, "| `{}` | {} | yes | yes | {note} |", format.name(), extensions.join(" "));
    }
    table += "\n| codec of blocks | read | write | lossless |\n|---|---|---|---|\n";
    for codec in CODECS {
        let (write, lossless) = (yes(codec.encodes()), yes(codec.lossless));
        let _ = writeln!(table, "| {} | yes | {write} | {lossless} |", codec.name);
    }
    table
}

fn yes(is: bool) -> &'static str {
    if is { "yes" } else { "no" }
}

/// Notes that the registries do not contain.
fn note(format: &str) -> &'static str {
    NOTES.iter().find(|(name, _)| *name == format).map_or("", |(_, note)| note)
}

const NOTES: &[(&str, &str)] = &[
    (
        "tiff",
        "GeoTIFF and BigTIFF; tiles and strips; samples of 8 to 128 bits, from 1 bit on reading; see [TIFF](docs/formats/tiff.md)",
    ),
    (
        "png",
        "8 and 16 bits, grey to RGBA, palette; 1, 2, 4 bits and interlaced on reading; see [PNG](docs/formats/png.md)",
    ),
    (
        "jpeg",
        "8 bits, grey and RGB; four inks, progressive, lossless and 12 bits on reading; lossy; see [JPEG](docs/formats/jpeg.md)",
    ),
    (
        "nitf",
        "NITF 2.1; uncompressed, masked, JPEG and JPEG 2000; bi-level, vector quantisation and lossless JPEG on reading; 8 to 64 bits; TREs, texts, graphics, data extensions; also 2.0 on reading; see [NITF](docs/formats/nitf.md)",
    ),
    (
        "jp2",
        "JP2 with GeoJP2; 1 to 38 bits; lossless or by rate, also as HTJ2K; JPX on reading; see [JPEG 2000](docs/formats/j2k.md)",
    ),
    ("j2k", "codestreams without boxes, the same; see [JPEG 2000](docs/formats/j2k.md)"),
    ("jph", "the same as `jp2`, HTJ2K by default; see [JPEG 2000](docs/formats/j2k.md)"),
    ("jhc", "the same as `j2k`, HTJ2K by default; see [JPEG 2000](docs/formats/j2k.md)"),
    ("nsif", "NSIF 1.0, the same; see [NITF](docs/formats/nitf.md)"),
];
