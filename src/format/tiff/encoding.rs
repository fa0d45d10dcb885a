//! Converts the format-neutral settings of a write to metadata of TIFF.

use super::{compression, gdal, geo, options, tags};
use crate::error::{Error, Result};
use crate::format::SaveSettings;
use crate::image::ImageLayout;
use crate::metadata::Metadata;

/// The tags and names for `settings`; settings that are `None` add nothing.
///
/// # Errors
/// [`Error::Usage`] for a setting that is illegal or does not suit the image, [`Error::Unsupported`] for a known
/// compression that cannot be written.
pub(super) fn metadata_of(settings: &SaveSettings, layout: &ImageLayout) -> Result<Metadata> {
    let mut metadata = Metadata::new();
    let word = settings.compression.as_deref();
    if let Some(word) = word {
        let allowed = compression::writable_words();
        match compression::by_word(word.trim()) {
            Some(found) if found.may_write => metadata.set("259", found.name),
            _ => return Err(Error::usage("compression:").found(format!("{word:?}")).allowed(allowed)),
        }
    }
    if settings.cloud_optimized {
        metadata.set(options::LAYOUT, options::COG);
    }
    if settings.statistics {
        metadata.set(options::STATISTICS, true);
    }
    if let Some((columns, rows)) = settings.block_size {
        if [columns, rows].iter().any(|side| *side == 0 || side % 16 != 0) {
            let error = Error::usage("block_size of a TIFF:").found(format!("({columns}, {rows})"));
            return Err(error.allowed("multiples of 16"));
        }
        metadata.set("322", columns);
        metadata.set("323", rows);
    }
    for (name, value) in geo::names_of(&settings.georeference)? {
        metadata.set(name, value);
    }
    if let Some(nodata) = settings.nodata {
        if !nodata.fits(layout.sample) {
            let error = Error::usage("nodata:").found(nodata);
            return Err(error.allowed(format!("a value that a sample of type {} can hold", layout.sample)));
        }
        metadata.set("42113", gdal::text_of(nodata));
    }
    if let Some(quality) = settings.quality {
        let compression = word.and_then(|word| compression::by_word(word.trim()));
        if !compression.is_some_and(compression::Compression::takes_quality) {
            return Err(Error::usage("quality for lossless compression:")
                .found(quality)
                .allowed("compression jpeg or webp, or no quality"));
        }
        if !(1.0..=100.0).contains(&quality) {
            return Err(Error::usage("quality:").found(quality).allowed("a number from 1 to 100"));
        }
        metadata.set("Quality", i64::from(quality.round() as i32));
    }
    Ok(metadata)
}

/// True if the setting `setting`, a key of [`metadata_of`], makes a value under `key` obsolete: another name of the same
/// tag, another form of the position, or any part of another reference system.
pub(super) fn replaces(setting: &str, key: &str) -> bool {
    let number = |key: &str| key.parse().ok().or_else(|| tags::by_name(key).map(|tag| tag.number));
    let tag = number(key);
    let is = |names: &[&str], numbers: &[u16]| {
        names.iter().any(|name| name.eq_ignore_ascii_case(key)) || tag.is_some_and(|tag| numbers.contains(&tag))
    };
    let position = is(
        &["GeoPixelScale", "GeoTiepoints", "GeoTransform"],
        &[tags::MODEL_PIXEL_SCALE, tags::MODEL_TIEPOINT, tags::MODEL_TRANSFORMATION],
    );
    match setting {
        "GeoTransform" => position,
        "GeoModelType" | "GeoProjectedCRS" | "GeoGeographicCRS" | "GeoVerticalCRS" => {
            let named = key.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("Geo"));
            let raw = is(&[], &[tags::GEO_KEY_DIRECTORY, tags::GEO_DOUBLE_PARAMS, tags::GEO_ASCII_PARAMS]);
            // The raster type (area or point) is independent of the reference system.
            (named || raw) && !position && !key.eq_ignore_ascii_case("GeoRasterType")
        }
        _ => tag.is_some() && tag == number(setting),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::{BlockGrid, PadValue, SampleType};

    fn encode(settings: &SaveSettings) -> Result<Metadata> {
        let grid = BlockGrid::new(30, 20, 30, 20).unwrap();
        metadata_of(settings, &ImageLayout::new(grid, 1, SampleType::UInt8).unwrap())
    }

    #[test]
    fn settings_become_tags() {
        let settings = SaveSettings {
            compression: Some("JPEG".to_owned()),
            block_size: Some((64, 32)),
            nodata: Some(PadValue::Int(7)),
            quality: Some(80.0),
            cloud_optimized: true,
            ..SaveSettings::default()
        };
        let expected: Metadata = [
            ("259", "JPEG".into()),
            ("Layout", "COG".into()),
            ("322", 64.into()),
            ("323", 32.into()),
            ("42113", "7".into()),
        ]
        .into_iter()
        .chain([("Quality", crate::metadata::Value::from(80))])
        .collect();
        assert_eq!(encode(&settings).unwrap(), expected);
        assert!(encode(&SaveSettings::default()).unwrap().is_empty());
    }

    #[test]
    fn a_setting_replaces_every_name_of_what_it_sets_and_nothing_else() {
        let replaced = [
            ("259", "Compression"),
            ("323", "TileHeight"),
            ("42113", "NoData"),
            ("GeoTransform", "33550"),
            ("GeoTransform", "geotiepoints"),
            ("GeoProjectedCRS", "GeoGeographicCRS"),
            ("GeoModelType", "34735"),
            ("GeoModelType", "GeoCitation"),
        ];
        assert!(replaced.iter().all(|(setting, key)| replaces(setting, key)));
        let kept = [
            ("259", "317"),
            ("GeoTransform", "GeoProjectedCRS"),
            ("GeoProjectedCRS", "GeoRasterType"),
            ("GeoProjectedCRS", "GeoPixelScale"),
            ("Quality", "270"),
            ("259", "NoSuchName"),
        ];
        assert!(!kept.iter().any(|(setting, key)| replaces(setting, key)));
    }

    #[test]
    fn wrong_settings_are_refused_by_name() {
        let default = SaveSettings::default;
        let word = |word: &str| SaveSettings { compression: Some(word.to_owned()), ..default() };
        let cases = [
            (word("zip9"), "compression"),
            (word(""), "deflate packbits lerc"),
            (word("jpegxl"), "lerc"),
            (word("j2k"), "compression"),
            (SaveSettings { block_size: Some((100, 64)), ..default() }, "block_size"),
            (SaveSettings { nodata: Some(PadValue::Int(256)), ..default() }, "nodata"),
            (SaveSettings { quality: Some(80.0), ..default() }, "quality"),
            (SaveSettings { quality: Some(f64::NAN), ..word("jpeg") }, "quality"),
            (SaveSettings { quality: Some(101.0), ..word("webp") }, "quality"),
            (SaveSettings { quality: Some(80.0), ..word("lerc") }, "jpeg or webp"),
        ];
        assert!(matches!(encode(&word("j2k")), Err(Error::Usage(_))));
        for (settings, part) in cases {
            let error = encode(&settings).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
