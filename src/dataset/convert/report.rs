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

/// The warnings of the writer, of which those about what is left out become one, together with `lost`; and the names in it.
pub(super) fn joined(writer: &mut DatasetWriter, lost: &[String]) -> (Vec<Warning>, Vec<String>) {
    let (left_out, mut warnings): (Vec<_>, Vec<_>) =
        writer.take_warnings().into_iter().partition(|warning| !warning.left_out.is_empty());
    let mut names: Vec<String> = Vec::new();
    for name in left_out.iter().flat_map(|warning| &warning.left_out).chain(lost) {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    let mut texts = sentences(&left_out);
    if !lost.is_empty() {
        texts.push(format!("{} does not have: {}", writer.format().name(), lost.join(", ")));
    }
    if !texts.is_empty() {
        let key = left_out.first().map_or("source", |warning| &warning.key);
        let warning = Warning::new(WarningKind::Metadata, key, texts.join("; "));
        warnings.push(Warning { left_out: names.clone(), ..warning });
    }
    (warnings, names)
}

/// The messages of warnings. A message about a single value begins with a verb: it follows all keys that have it.
fn sentences(warnings: &[Warning]) -> Vec<String> {
    let mut texts: Vec<String> = Vec::new();
    for (number, warning) in warnings.iter().enumerate() {
        let message = &warning.message;
        let same = |other: &&Warning| other.message == *message;
        if warnings[..number].iter().any(|other| same(&other)) {
            continue;
        }
        if message.starts_with("is ") {
            let keys: Vec<&str> = warnings.iter().filter(same).map(|other| &*other.key).collect();
            texts.push(format!("{}: {message}", keys.join(", ")));
        } else {
            texts.push(message.clone().into_owned());
        }
    }
    texts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_messages_are_one_sentence() {
        let warning = |key: &str, message: &'static str| Warning::new(WarningKind::Metadata, key, message);
        let all = [warning("A", "is left out"), warning("B", "tiff leaves out: x"), warning("C", "is left out")];
        assert_eq!(sentences(&all), ["A, C: is left out", "tiff leaves out: x"]);
    }
}
