//! The palette of an indexed image, from the metadata of any format.

use super::palette_form::PaletteForm;
use super::{j2k, nitf, png, tiff};
use crate::error::Result;
use crate::image::Palette;
use crate::metadata::Metadata;

/// The form of each format that has palettes, in the order in which they are tried.
const FORMS: [&PaletteForm; 4] = [&nitf::PALETTE, &tiff::PALETTE, &png::PALETTE, &j2k::PALETTE];

/// The palette in the metadata of an indexed image of one band; `None` if the samples are not indices.
///
/// # Errors
/// [`crate::Error::Malformed`] for a palette with tables of different lengths or illegal values.
pub fn palette_of(metadata: &Metadata) -> Result<Option<Palette>> {
    for form in FORMS {
        if let Some(found) = (form.palette)(metadata)? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// True if the metadata states that the samples of an image are indices, which must not be averaged.
pub fn is_indexed(metadata: &Metadata) -> bool {
    FORMS.iter().any(|form| (form.is_indexed)(metadata))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::Value;

    fn list(values: &[u64]) -> Value {
        Value::List(values.iter().map(|value| (*value).into()).collect())
    }

    fn found(entries: Vec<(&str, Value)>) -> Option<Palette> {
        let metadata: Metadata = entries.into_iter().collect();
        let palette = palette_of(&metadata).unwrap();
        assert_eq!(palette.is_some(), is_indexed(&metadata));
        palette
    }

    fn luts(tables: &[&[u8]]) -> Value {
        let luts = Value::List(tables.iter().map(|table| table.to_vec().into()).collect());
        let count = tables.len().to_string();
        Value::List(vec![Value::Map(vec![("NLUTS".into(), count.into()), ("LUTS".into(), luts)])])
    }

    #[test]
    fn each_format_has_words_for_a_palette() {
        let rgb = Palette::from_bytes(vec![vec![1, 4], vec![2, 5], vec![3, 6]]).unwrap();
        assert_eq!(found(vec![("BAND_INFO", luts(&[&[1, 4], &[2, 5], &[3, 6]]))]), Some(rgb.clone()));
        assert_eq!(
            found(vec![("262", 3.into()), ("320", list(&[256, 1024, 512, 1280, 771, 1542]))]),
            Some(rgb.clone())
        );
        assert_eq!(found(vec![("PNG_PALETTE", Value::List(vec![list(&[1, 2, 3]), list(&[4, 5, 6])]))]), Some(rgb));
        assert_eq!(found(vec![("262", 1.into()), ("BAND_INFO", luts(&[]))]), None);
    }

    #[test]
    fn two_tables_of_grey_are_the_halves_of_sixteen_bits() {
        let halves = luts(&[&[1, 2], &[255, 0]]);
        let words = Palette::from_words(&[vec![511, 512]]).unwrap();
        assert_eq!(found(vec![("BAND_INFO", halves.clone()), ("IREP", "MONO    ".into())]), Some(words.clone()));
        assert_ne!(found(vec![("BAND_INFO", halves), ("IREP", "MULTI".into())]), Some(words));
    }

    #[test]
    fn tables_that_do_not_fit_together_are_an_error() {
        for entries in [
            vec![("BAND_INFO", luts(&[&[1, 2], &[1]]))],
            vec![("262", 3.into()), ("320", list(&[1, 2, 3, 4]))],
            vec![("PNG_PALETTE", list(&[1, 2]))],
            vec![("PNG_PALETTE", list(&[1, 2, 256]))],
        ] {
            assert!(palette_of(&entries.into_iter().collect()).is_err());
        }
    }
}
