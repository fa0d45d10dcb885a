//! Descriptions of bands as items of `GDAL_METADATA` with the role `description`.

use super::{gdal, tags};
use crate::metadata::{Metadata, Value};

const ROLE: &str = " role=\"description\"";

/// The characters that a document escapes (XML 1.0 §2.4). GDAL escapes the text of an item before it becomes a text of the document,
/// which is escaped again.
const ESCAPES: [(char, &str); 4] = [('<', "&lt;"), ('>', "&gt;"), ('"', "&quot;"), ('&', "&amp;")];

/// The descriptions in the metadata of an image, up to the last band that has one; `None` if no band has.
pub(super) fn of_metadata(metadata: &Metadata) -> Option<Vec<Option<String>>> {
    let xml = metadata.get(&tags::GDAL_METADATA.to_string()).and_then(Value::as_text)?;
    let mut found: Vec<Option<String>> = Vec::new();
    for item in xml.split("<Item").skip(1) {
        let (attributes, rest) = item.split_once('>')?;
        let sample = attributes.split_once("sample=\"").and_then(|(_, rest)| rest.split('"').next());
        let Some(band) = sample.and_then(|sample| sample.parse::<u16>().ok()).map(usize::from) else { continue };
        let text = rest.split_once("</Item>").map_or("", |(text, _)| text);
        if attributes.contains(ROLE) && !text.is_empty() {
            found.resize(found.len().max(band + 1), None);
            found[band] = Some(unescaped(&unescaped(text)));
        }
    }
    Some(found).filter(|found| !found.is_empty())
}

/// The entry with these descriptions; other items of the metadata stay.
pub(super) fn entries(descriptions: &[Option<String>], metadata: &Metadata) -> Metadata {
    let key = tags::GDAL_METADATA.to_string();
    let items = descriptions.iter().enumerate().filter_map(|(band, text)| Some((band, text.as_ref()?)));
    let items = items.map(|(band, text)| {
        let text = escaped(&escaped(text));
        format!("\n  <Item name=\"DESCRIPTION\" sample=\"{band}\"{ROLE}>{text}</Item>")
    });
    let old = metadata.get(&key).and_then(Value::as_text).unwrap_or_default();
    let xml = gdal::with_items(old, &items.collect::<String>());
    [(&*key, Value::from(xml))].into_iter().collect()
}

fn escaped(text: &str) -> String {
    ESCAPES.iter().rev().fold(text.to_owned(), |text, (plain, escape)| text.replace(*plain, escape))
}

fn unescaped(text: &str) -> String {
    ESCAPES.iter().fold(text.to_owned(), |text, (plain, escape)| text.replace(escape, &plain.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptions_are_written_beside_other_items_and_read_back() {
        let other = "<GDALMetadata>\n  <Item name=\"A\">1</Item>\n</GDALMetadata>\n";
        let descriptions = [Some("a < b & \"c\"".to_owned()), None, Some("&lt;".to_owned())];
        for old in [None, Some(other)] {
            let metadata: Metadata = old.map(|old| ("42112", Value::from(old))).into_iter().collect();
            assert_eq!(of_metadata(&metadata), None);
            let written = entries(&descriptions, &metadata);
            let text = written.get("42112").and_then(Value::as_text).unwrap();
            assert_eq!(text.contains("name=\"A\""), old.is_some());
            assert!(
                text.contains("sample=\"0\" role=\"description\">a &amp;lt; b &amp;amp; &amp;quot;c&amp;quot;</Item>")
            );
            assert!(text.starts_with("<GDALMetadata>\n") && text.ends_with("</Item>\n</GDALMetadata>\n"));
            assert_eq!(of_metadata(&written).unwrap(), descriptions);
        }
    }
}
