//! The fields of a directory that do not describe the storage of its pixels: nodata, georeference, texts, and any other tag of
//! the metadata.

use super::field::{Field, FieldType, FieldValue};
use super::options::Options;
use super::tags::{self, Treatment};
use super::{gdal, geo};
use crate::error::{Error, Result};
use crate::format::{ImageRequest, Warning, WarningKind};
use crate::metadata::Value;

/// Bits of `NewSubfileType` (TIFF 6.0 §8).
pub(super) const REDUCED: u64 = 1;
pub(super) const PAGE: u64 = 2;
pub(super) const MASK: u64 = 4;

/// `PhotometricInterpretation` of YCbCr.
const YCBCR: u64 = 6;

/// The fields of a request for an image whose `NewSubfileType` is `subfile`, stored with the interpretation `photometric`.
///
/// # Errors
/// [`Error::Usage`] for a chosen value that its tag cannot have.
pub(super) fn fields(
    request: &ImageRequest<'_>,
    options: &Options<'_>,
    (subfile, photometric): (u64, u64),
    warnings: &mut Vec<Warning>,
) -> Result<Vec<Field>> {
    let mut fields = Vec::new();
    fields.extend(nodata(request, options, warnings)?);
    fields.extend(old_subfile_type(subfile, options, warnings)?);
    let mut geo_tags = Vec::new();
    for (tag, given) in &options.tags {
        match treatment(*tag, options) {
            Treatment::Setting | Treatment::Computed => {}
            Treatment::Coding(codes) if options.was_any(tags::COMPRESSION, codes) => {}
            Treatment::Coding(_) => {
                warnings.push(Warning::new(
                    WarningKind::Metadata,
                    given.key,
                    "belongs to another compression and is ignored",
                ));
            }
            Treatment::YCbCr if photometric == YCBCR || options.was_any(tags::PHOTOMETRIC_INTERPRETATION, &[YCBCR]) => {
            }
            Treatment::Pointer => {
                let found = options.directory(*tag, *given);
                if found.is_none() {
                    let message = match given.value {
                        Value::Map(_) => "is ignored: a directory is only copied from a file, unchanged",
                        _ => "is an offset into another file and is ignored",
                    };
                    warnings.push(Warning::new(WarningKind::Metadata, given.key, message));
                }
                fields.extend(found);
            }
            Treatment::Geo => geo_tags.extend(options.field(*tag, *given, warnings)?),
            Treatment::Plain | Treatment::YCbCr => fields.extend(options.field(*tag, *given, warnings)?),
        }
    }
    // A full image states the georeference for its masks and reduced images (OGC 21-026), unless a file has it in one of these.
    let read = options.read_number(tags::NEW_SUBFILE_TYPE);
    let read = read.or_else(|| options.read_number(tags::SUBFILE_TYPE).map(bits_of_old_type)).unwrap_or(0);
    if subfile & (REDUCED | MASK) == 0 || read & (REDUCED | MASK) != 0 {
        let given = geo::Given { tags: geo_tags, names: options.geo_names(), copied: options.is_copy() };
        fields.extend(geo::fields(given, warnings)?);
    }
    for (tag, text) in [(tags::DOCUMENT_NAME, request.title), (tags::IMAGE_DESCRIPTION, request.description)] {
        if !text.is_empty() && options.get(tag).is_none() {
            fields.push(text_field(tag, text));
        }
    }
    Ok(fields)
}

/// `NewSubfileType`: from the roles, else the key, else the metadata. The page bit comes from the metadata alone.
///
/// # Errors
/// [`Error::Usage`] for a chosen value that is not a number.
pub(super) fn subfile_type(request: &ImageRequest<'_>, options: &Options<'_>) -> Result<u64> {
    let given = match options.number(tags::NEW_SUBFILE_TYPE)? {
        Some(bits) => bits,
        None => options.number(tags::SUBFILE_TYPE)?.map_or(0, bits_of_old_type),
    };
    let has = |role: &str| request.roles.iter().any(|known| known == role);
    let bits = |reduced: bool, mask: bool| u64::from(reduced) * REDUCED + u64::from(mask) * MASK;
    let known = ["data", "overview", "mask"].into_iter().any(has);
    let (reduced, mask) = (request.key.contains(":overview:"), request.key.contains(":mask"));
    Ok(if known {
        bits(has("overview"), has("mask")) | (given & PAGE)
    } else if reduced || mask {
        bits(reduced, mask) | (given & PAGE)
    } else {
        given & (REDUCED | PAGE | MASK)
    })
}

fn nodata(request: &ImageRequest<'_>, options: &Options<'_>, warnings: &mut Vec<Warning>) -> Result<Option<Field>> {
    let Some(given) = options.get(tags::GDAL_NODATA) else { return Ok(None) };
    if !options.is_chosen(given) {
        return options.field(tags::GDAL_NODATA, given, warnings);
    }
    let text = gdal::nodata_text(given.key, given.value, request.provider.layout().sample)?;
    Ok(Some(text_field(tags::GDAL_NODATA, &text)))
}

/// `SubfileType`, if it agrees with `NewSubfileType`: readers let it override that.
fn old_subfile_type(subfile: u64, options: &Options<'_>, warnings: &mut Vec<Warning>) -> Result<Option<Field>> {
    let Some(given) = options.get(tags::SUBFILE_TYPE) else { return Ok(None) };
    let old = options.number(tags::SUBFILE_TYPE)?.unwrap_or(0);
    if bits_of_old_type(old) == subfile & (REDUCED | PAGE) {
        return options.field(tags::SUBFILE_TYPE, given, warnings);
    }
    let error = Error::usage("metadata value of").field(tags::describe(tags::SUBFILE_TYPE)).found(old);
    let error = error.allowed(format!("a value that agrees with NewSubfileType {subfile}"));
    options.refuse(given.key, error, warnings).map(|()| None)
}

/// The bits of `NewSubfileType` for a value of `SubfileType`: 2 is a reduced image, 3 a page of several.
fn bits_of_old_type(old: u64) -> u64 {
    match old {
        2 => REDUCED,
        3 => PAGE,
        _ => 0,
    }
}

/// The treatment of a tag. A tag that the table lacks is an offset if it was read as one.
fn treatment(tag: u16, options: &Options<'_>) -> Treatment {
    let is_offset = || matches!(options.types.get(&tag), Some(FieldType::Ifd | FieldType::Ifd8));
    match tags::by_number(tag) {
        Some(row) => row.treatment,
        None if is_offset() && !options.get(tag).is_some_and(|given| options.is_chosen(given)) => Treatment::Pointer,
        None => Treatment::Plain,
    }
}

fn text_field(tag: u16, text: &str) -> Field {
    Field { tag, kind: FieldType::Ascii, value: FieldValue::Text(text.as_bytes().to_vec()) }
}
