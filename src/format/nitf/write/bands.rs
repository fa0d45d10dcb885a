//! The default meaning of bands: IREP, ICAT and `BAND_INFO` by the number and type of the bands (2500C Table A-2, Joint BIIF
//! Profile Table 5.13-3).

use super::super::rules::suits;
use super::given::Given;
use super::jpeg::was_converted;
use crate::error::{Error, Result};
use crate::format::{Warning, WarningKind, WriteContext};
use crate::image::{ImageLayout, SampleType};
use crate::schema::{FieldData, Record};

/// Fills IREP, ICAT, NBANDS, XBANDS and `BAND_INFO` of an image subheader. `stored` is the representation that the coding
/// requires, whatever the metadata state.
///
/// # Errors
/// [`Error::Usage`] if there are more bands than NITF can count, or `BAND_INFO` was given for another number of bands.
pub(super) fn fill(
    record: &mut Record,
    given: &Given,
    layout: &ImageLayout,
    stored: Option<&str>,
    context: &mut WriteContext<'_, '_>,
) -> Result<()> {
    let bands = layout.bands;
    if bands > 99_999 {
        return Err(Error::usage("bands:").found(bands).allowed("1 to 99999"));
    }
    record.set("NBANDS", if bands > 9 { 0 } else { bands });
    if bands > 9 {
        record.set("XBANDS", bands);
    }
    let info = band_info(given, bands)?;
    let has_table = info.as_ref().is_some_and(|info| info.iter().any(|band| band.int("NLUTS").unwrap_or(0) > 0));
    let converted = stored.is_none() && was_converted(given);
    let representation = match stored {
        Some(stored) => stored.to_owned(),
        None => representation(given, layout, has_table, converted && !given.is_chosen("IREP")),
    };
    if stored.is_none() && !converted {
        context.warnings.extend(replaced(given, layout, &representation));
    }
    let has_new_roles = stored.is_some() || (converted && !given.is_chosen("BAND_INFO"));
    if record.get("ICAT").is_none() {
        record.set("ICAT", category(&representation));
    }
    let mut info = info.unwrap_or_else(|| vec![Record::new(); bands as usize]);
    for (band, number) in info.iter_mut().zip(0..) {
        if has_new_roles || band.get("IREPBAND").is_none() {
            band.set("IREPBAND", role(&representation, number, band.int("NLUTS").unwrap_or(0) > 0));
        }
    }
    record.set("IREP", representation);
    record.set("BAND_INFO", info);
    Ok(())
}

/// The bands as given, each with the number of its tables; `None` if nothing usable was given.
fn band_info(given: &Given, bands: u32) -> Result<Option<Vec<Record>>> {
    let Some(FieldData::Group(info)) = given.get("BAND_INFO") else { return Ok(None) };
    if info.len() != bands as usize {
        if given.is_copy() && !given.is_chosen("BAND_INFO") {
            return Ok(None);
        }
        let error = Error::usage("number of records in BAND_INFO:").found(info.len());
        return Err(error.allowed(format!("{bands}, one for each band")));
    }
    let mut info = info.clone();
    for band in &mut info {
        let tables = band.group("LUTS");
        let (count, entries) = match tables.first().and_then(|table| table.get("LUTD")) {
            Some(FieldData::Bytes(bytes)) => (tables.len() as u64, bytes.len() as u64),
            _ => continue,
        };
        for (name, value) in [("NELUT", entries), ("NLUTS", count)] {
            if band.get(name).is_none() {
                band.set(name, value);
            }
        }
    }
    Ok(Some(info))
}

/// The warning that a copied IREP does not suit the bands and is replaced. An image of other bands than those of its file has an IREP
/// of its own.
fn replaced(given: &Given, layout: &ImageLayout, representation: &str) -> Option<Warning> {
    let Some(FieldData::Text(copied)) = given.get("IREP") else { return None };
    let count = |name: &str| given.get(name).and_then(FieldData::to_int).unwrap_or(0);
    let has_its_bands = count("NBANDS").max(count("XBANDS")) == i128::from(layout.bands);
    let message =
        format!("is {representation}, not {}, which was copied: {} bands do not suit it", copied.trim(), layout.bands);
    (has_its_bands && copied.trim() != representation.trim())
        .then(|| Warning::new(WarningKind::Metadata, "IREP", message))
}

/// IREP: as chosen, as copied if it suits the bands, else by the number and type of the bands.
fn representation(given: &Given, layout: &ImageLayout, has_table: bool, is_stale: bool) -> String {
    if let Some(FieldData::Text(text)) = given.get("IREP")
        && !is_stale
        && (given.is_chosen("IREP") || suits(text.trim(), layout.bands))
    {
        return text.clone();
    }
    default_representation(layout, has_table).to_owned()
}

/// IREP by the number and type of the bands, if the metadata do not have it.
pub(crate) fn default_representation(layout: &ImageLayout, has_table: bool) -> &'static str {
    let colours = matches!(layout.sample, SampleType::UInt8 | SampleType::UInt16);
    match layout.bands {
        _ if layout.sample.is_complex() => "NODISPLY",
        1 if has_table => "RGB/LUT",
        1 => "MONO",
        3 if colours => "RGB",
        _ => "MULTI",
    }
}

fn category(representation: &str) -> &'static str {
    match representation {
        "NODISPLY" => "SAR",
        "MULTI" => "MS",
        "POLAR" => "WIND",
        _ => "VIS",
    }
}

/// The role of a band by its number, in an image of this representation.
fn role(representation: &str, band: u32, has_table: bool) -> &'static str {
    match (representation, band) {
        ("RGB", 0) => "R",
        ("RGB", 1) => "G",
        ("RGB", 2) => "B",
        ("YCbCr601", 0) => "Y",
        ("YCbCr601", 1) => "Cb",
        ("YCbCr601", 2) => "Cr",
        ("RGB/LUT", _) => "LU",
        ("MONO" | "MULTI", _) if has_table => "LU",
        ("MONO", _) | ("MULTI", 0) => "M",
        _ => "",
    }
}
