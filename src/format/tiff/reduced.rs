//! The metadata of the overviews of an image, and of its mask.

use super::options;
use super::tags::{self, Treatment};
use crate::format::{OverviewTerms, is_indexed};
use crate::image::{BlockGrid, PadValue};
use crate::metadata::{Metadata, Value};

/// How an image with this metadata is reduced and stored. An overview keeps how its pixels are coded and what they mean; texts,
/// the georeference and other tags stand once, with the image.
pub(super) fn terms(metadata: &Metadata) -> OverviewTerms {
    let number = |key: &str| key.parse().ok().or_else(|| tags::by_name(key).map(|tag| tag.number));
    let mut kept = metadata.clone();
    kept.retain(|key| match number(key) {
        Some(tags::NEW_SUBFILE_TYPE | tags::SUBFILE_TYPE) => false,
        Some(number) => tags::by_number(number).is_some_and(|tag| {
            matches!(tag.treatment, Treatment::Setting | Treatment::Computed | Treatment::Coding(_) | Treatment::YCbCr)
        }),
        None => options::is_name(key) && !key.eq_ignore_ascii_case(options::STATISTICS),
    });
    let value = |tag: u16| metadata.iter().find(|(key, _)| number(key) == Some(tag)).map(|(_, value)| value);
    let nodata = value(tags::GDAL_NODATA).and_then(|value| match value {
        Value::Int(value) => Some(PadValue::Int(*value)),
        Value::Float(value) => Some(PadValue::Float(*value)),
        value => PadValue::parse(value.as_text()?.trim_end_matches('\0')),
    });
    let is_thematic = value(tags::GDAL_METADATA).and_then(Value::as_text).is_some_and(is_thematic);
    OverviewTerms { metadata: kept, nodata, is_classes: is_indexed(metadata) || is_thematic }
}

/// The metadata of a mask for an image with these blocks. Its blocks are those of the image, so that each may follow that of the
/// image in the file.
pub(super) fn mask(grid: &BlockGrid) -> Metadata {
    [("259", Value::from("Deflate")), ("322", grid.block_columns().into()), ("323", grid.block_rows().into())]
        .into_iter()
        .collect()
}

/// True if an item of the tag `GDAL_METADATA` states that samples are classes.
fn is_thematic(xml: &str) -> bool {
    xml.split("<Item").skip(1).any(|item| {
        let (attributes, rest) = item.split_once('>').unwrap_or((item, ""));
        let text = rest.split_once('<').map_or(rest, |(text, _)| text).trim();
        attributes.contains("name=\"LAYER_TYPE\"") && text.eq_ignore_ascii_case("thematic")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_overview_keeps_the_coding_and_the_meaning_of_its_pixels() {
        let metadata: Metadata = [
            ("Compression", Value::from("LZW")),
            ("270", "a description".into()),
            ("GeoProjectedCRS", 32_618.into()),
            ("33550", vec![Value::from(1.0), 1.0.into(), 0.0.into()].into()),
            ("NoData", "-9999".into()),
            ("Quality", 80.into()),
            ("NewSubfileType", 2.into()),
            ("65000", 7.into()),
        ]
        .into_iter()
        .collect();
        let terms = terms(&metadata);
        let keys: Vec<_> = terms.metadata.iter().map(|(key, _)| key).collect();
        assert_eq!(keys, ["Compression", "NoData", "Quality"]);
        assert_eq!((terms.nodata, terms.is_classes), (Some(PadValue::Int(-9999)), false));
    }

    #[test]
    fn classes_are_indices_of_a_palette_and_thematic_layers() {
        let of = |key, value: Value| terms(&[(key, value)].into_iter().collect()).is_classes;
        assert!(of("262", 3.into()) && !of("262", 1.into()));
        let item =
            |text: &str| format!("<GDALMetadata><Item name=\"LAYER_TYPE\" sample=\"0\">{text}</Item></GDALMetadata>");
        assert!(of("42112", item("thematic").into()) && !of("42112", item("athematic").into()));
    }
}
