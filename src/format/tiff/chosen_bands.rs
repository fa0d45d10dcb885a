//! The metadata of an image of which only some bands are written.

use super::{gdal, tags};
use crate::metadata::{Metadata, Value};

/// The tags that describe all bands together: they do not hold for a choice of bands.
const OF_ALL_BANDS: [u16; 9] = [
    tags::BITS_PER_SAMPLE,
    tags::PHOTOMETRIC_INTERPRETATION,
    tags::SAMPLES_PER_PIXEL,
    280, // MinSampleValue
    281, // MaxSampleValue
    tags::EXTRA_SAMPLES,
    tags::SAMPLE_FORMAT,
    340, // SMinSampleValue
    341, // SMaxSampleValue
];

/// Leaves out what describes all bands together; items of `GDAL_METADATA` follow their bands.
pub(super) fn adjust(metadata: &mut Metadata, bands: &[u32]) {
    metadata.retain(|key| key.parse().map_or(true, |tag: u16| !OF_ALL_BANDS.contains(&tag)));
    let key = tags::GDAL_METADATA.to_string();
    if let Some(text) = metadata.get(&key).and_then(Value::as_text) {
        let chosen = gdal::of_bands(text, bands);
        metadata.set(key, chosen);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_holds_for_the_bands_is_left() {
        let xml = "<GDALMetadata>\n  <Item name=\"A\">1</Item>\n  <Item name=\"D\" sample=\"0\">red</Item>\n  \
                   <Item name=\"D\" sample=\"1\">green</Item>\n</GDALMetadata>\n";
        let mut metadata: Metadata =
            [("262", Value::from(2)), ("338", 0.into()), ("42112", xml.into()), ("GeoModelType", "Projected".into())]
                .into_iter()
                .collect();
        adjust(&mut metadata, &[1, 2]);
        assert!(metadata.get("262").is_none() && metadata.get("GeoModelType").is_some());
        let expected = "<GDALMetadata>\n  <Item name=\"A\">1</Item>\n  <Item name=\"D\" sample=\"0\">green</Item>\n\
                        </GDALMetadata>\n";
        assert_eq!(metadata.get("42112").and_then(Value::as_text), Some(expected));
    }
}
