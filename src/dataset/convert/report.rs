//! The result of a conversion.

use crate::dataset::DatasetWriter;
use crate::format::{Warning, WarningKind};

/// What a conversion did.
#[derive(Debug, Clone, PartialEq)]
pub struct ConversionReport {
    /// The name of the format of the source.
    pub source_format: &'static str,
    /// The name of the format of the target.
    pub format: &'static str,
    /// The number of images written, without masks and overviews.
    pub images: u64,
    /// The number of blocks written, masks and overviews that were copied included.
    pub blocks: u64,
    /// How many of them were copied undecoded.
    pub copied_blocks: u64,
    /// Bytes of the source.
    pub bytes_in: u64,
    /// Bytes of the target.
    pub bytes_out: u64,
    /// Seconds that the conversion took, without publishing the file.
    pub seconds: f64,
    /// The names of what the source has and the target does not: assets, metadata, `georeference`, `nodata value`, `RPC`.
    pub lost: Vec<String>,
    /// All warnings; one of them names what is lost, with the reasons.
    pub warnings: Vec<Warning>,
}

/// Something that is not taken over, and the reason if there is one.
pub(super) struct Lost {
    pub(super) name: String,
    pub(super) reason: Option<String>,
}

/// The warnings of the writer, of which those about what is left out become one, together with `lost`; and the names in it.
pub(super) fn joined(writer: &mut DatasetWriter, lost: Vec<Lost>) -> (Vec<Warning>, Vec<String>) {
    let (left_out, mut warnings): (Vec<_>, Vec<_>) =
        writer.take_warnings().into_iter().partition(|warning| !warning.left_out.is_empty());
    let mut names: Vec<String> = Vec::new();
    let own = lost.iter().map(|lost| &lost.name);
    for name in left_out.iter().flat_map(|warning| &warning.left_out).chain(own) {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    let text = |lost: Lost| match lost.reason {
        Some(reason) => format!("{} ({reason})", lost.name),
        None => lost.name,
    };
    // A message about a single value begins with a verb, and has its key as the subject.
    let sentence = |warning: &Warning| match warning.message.strip_prefix("is ") {
        Some(rest) => format!("{} is {rest}", warning.key),
        None => warning.message.clone().into_owned(),
    };
    let mut texts: Vec<String> = left_out.iter().map(sentence).collect();
    if !lost.is_empty() {
        let named: Vec<String> = lost.into_iter().map(text).collect();
        texts.push(format!("{} does not have: {}", writer.format().name(), named.join(", ")));
    }
    if !texts.is_empty() {
        let key = left_out.first().map_or("source", |warning| &warning.key);
        let warning = Warning::new(WarningKind::Metadata, key, texts.join("; "));
        warnings.push(Warning { left_out: names.clone(), ..warning });
    }
    (warnings, names)
}
