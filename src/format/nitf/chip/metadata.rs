//! Turns the metadata of an image into those of a chip of it.

use super::super::NITF;
use super::part::Part;
use super::{blocka, corners, grids, ichipb};
use crate::error::Result;
use crate::format::{family, is_key_of_another};
use crate::image::{Georeference, ImageLayout, Window};
use crate::metadata::{Metadata, Value};

/// The keys that may differ between an image and a chip of it. New ones are added in this order.
pub(in super::super) const CHIP_KEYS: [&str; 16] = [
    "NROWS", "NCOLS", "NBPR", "NBPC", "NPPBH", "NPPBV", "IALVL", "ILOC", "IMAG", "ICHIPB", "ICORDS", "IGEOLO",
    "BLOCKA", "GEOPSB", "GEOLOB", "MAPLOB",
];

/// The TREs that locate an image, each with the function that computes it for a part.
const TRES: [(&str, TreOfPart); 3] =
    [("BLOCKA", blocka::of_part), ("GEOLOB", grids::geolob), ("MAPLOB", grids::maplob)];

type TreOfPart = fn(&Metadata, &Georeference, &Part) -> Result<Value>;

/// Turns the metadata of an image into those of a part of it, which has blocks of `block` (columns, rows). `place` is the
/// georeference of the image. Returns warnings for the caller, each of which begins with its key.
///
/// - Sizes and blocks, if the metadata have them, are those of the part. IMAG follows its scale, and nothing is attached.
/// - ICHIPB gives the location of the part in the full image.
/// - IGEOLO, BLOCKA, GEOLOB and MAPLOB are those of the part. One that cannot be computed is left out, with a note.
///
/// # Errors
/// [`crate::Error::Usage`] for a part whose location does not fit the fields of ICHIPB.
pub fn make_chip(metadata: &mut Metadata, place: &Georeference, part: &Part, block: (u32, u32)) -> Result<Vec<String>> {
    set_sizes(metadata, part, block);
    if part.scale > 1 {
        let text = match metadata.get("IMAG") {
            Some(Value::Text(text)) => text.clone(),
            Some(value) => value.to_string(),
            None => "1.0".to_owned(),
        };
        metadata.set("IMAG", magnification(&text, part.scale));
    }
    let mut notes = Vec::new();
    notes.extend(ichipb::update(metadata, part)?.map(|note| format!("ICHIPB: {note}")));
    for (tag, of_part) in TRES {
        if metadata.get(tag).is_none() {
            continue;
        }
        match of_part(metadata, place, part) {
            Ok(value) => metadata.set(tag, value),
            Err(error) => {
                metadata.remove(tag);
                notes.push(format!("{tag}: left out of the part: {error}"));
            }
        }
    }
    // Last: the finer TREs of an image without IGEOLO are those of the part.
    notes.extend(corners::update(metadata, place, part).map(|note| format!("IGEOLO: {note}")));
    Ok(notes)
}

/// Turns the metadata of an image with this layout into those of the image reduced by 2^`level`, as [`make_chip`] does. The size of
/// the blocks stays.
///
/// # Errors
/// As [`make_chip`].
pub(in super::super) fn make_level(
    metadata: &mut Metadata,
    place: &Georeference,
    layout: &ImageLayout,
    level: u8,
) -> Result<Vec<String>> {
    let full = (layout.grid.columns(), layout.grid.rows());
    let halved = |length: u32| u64::from(length).div_ceil(1 << level) as u32;
    let window = Window::new(0, 0, halved(full.0), halved(full.1));
    let stated = |key: &str| metadata.get(key).and_then(Value::to_int).and_then(|side| u32::try_from(side).ok());
    // A side of 0 is that of the image (2500C table A-3, NPPBH).
    let side = |key: &str, whole: u32| stated(key).filter(|side| *side > 0).unwrap_or(whole);
    let block = (side("NPPBH", window.width), side("NPPBV", window.height));
    make_chip(metadata, place, &Part::new(window, level, full), block)
}

/// Adjusts what the metadata of an image of another format hold to a part of it, which lies at `place`. Keys of other formats
/// than that of the file are left out. Returns warnings for the caller, each of which begins with its key.
pub fn adjust_others(metadata: &mut Metadata, place: &Georeference) -> Vec<String> {
    let source = metadata.origin().and_then(|origin| family(origin.family()));
    if let Some(source) = source.filter(|source| source.names().media_type != NITF.names.media_type) {
        return source.adjust_to_part(metadata, place);
    }
    metadata.retain(|key| !is_key_of_another(&NITF.names, key));
    Vec::new()
}

fn set_sizes(metadata: &mut Metadata, part: &Part, block: (u32, u32)) {
    let texts = [
        ("NROWS", format!("{:08}", part.rows)),
        ("NCOLS", format!("{:08}", part.columns)),
        ("NBPR", format!("{:04}", part.columns.div_ceil(block.0))),
        ("NBPC", format!("{:04}", part.rows.div_ceil(block.1))),
        ("NPPBH", format!("{:04}", block.0)),
        ("NPPBV", format!("{:04}", block.1)),
        ("IALVL", "000".to_owned()),
        ("ILOC", "0".repeat(10)),
    ];
    for (name, text) in texts {
        // The writer fills in what the image does not have either.
        if metadata.get(name).is_some() {
            metadata.set(name, text);
        }
    }
}

/// IMAG (2500C Table A-3) of an image reduced by `scale`; `text` is the IMAG of the image: `1.0 `, `/2  ` for a half.
fn magnification(text: &str, scale: u32) -> String {
    let number = |text: &str| text.trim().parse::<f64>().ok().filter(|number| number.is_finite());
    let own = match text.trim().strip_prefix('/') {
        Some(over) => number(over).filter(|over| *over != 0.0).map(|over| 1.0 / over),
        None => number(text),
    };
    let factor = own.unwrap_or(1.0) / f64::from(scale);
    let over = if factor > 0.0 { (1.0 / factor).round_ties_even() } else { 0.0 };
    if over > 1.0 && over <= 999.0 && (over * factor - 1.0).abs() < 1e-9 {
        return format!("{:<4}", format!("/{over}"));
    }
    let decimals = format!("{:.3}", factor.max(0.001));
    if factor < 0.9995 {
        return decimals[1..].to_owned();
    }
    format!("{:<4}", format!("{:0<3}", decimals[..4].trim_end_matches('0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn magnifications() {
        let cases = [
            ("1.0 ", 2, "/2  "),
            ("/2  ", 4, "/8  "),
            ("/512", 2, ".001"),
            ("2.0 ", 2, "1.0 "),
            ("4.0 ", 2, "2.0 "),
            ("0.3 ", 2, ".150"),
            ("5.0 ", 2, "2.5 "),
            ("", 2, "/2  "),
            ("/0  ", 4, "/4  "),
            ("nan ", 2, "/2  "),
            ("-1. ", 2, ".001"),
            ("9999", 2, "4999"),
        ];
        for (old, scale, new) in cases {
            assert_eq!(magnification(old, scale), new, "{old} {scale}");
        }
    }

    #[test]
    fn only_what_the_image_has_is_set_and_damage_is_left_out() {
        let mut metadata: Metadata =
            [("NROWS", Value::from("00000300")), ("BLOCKA", Value::Bytes(vec![1]))].into_iter().collect();
        let part = Part::new(Window::new(0, 0, 10, 20), 1, (500, 300));
        let notes = make_chip(&mut metadata, &Georeference::default(), &part, (10, 20)).unwrap();
        assert!(notes.len() == 1 && notes[0].starts_with("BLOCKA: left out of the part"));
        let keys: Vec<_> = metadata.iter().map(|(key, _)| key).collect();
        assert_eq!(keys, ["NROWS", "IMAG", "ICHIPB"]);
        assert_eq!(metadata.get("NROWS"), Some(&"00000020".into()));
    }
}
