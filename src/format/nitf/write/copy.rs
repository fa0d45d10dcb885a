//! Images that are copied with their stored bytes: what a file holds in the encoding that is asked for need not be decoded, and
//! what cannot be decoded here can be copied all the same.

use super::super::image::pad_of;
use super::given::{Given, structure};
use super::names;
use super::origin::is_of_header;
use super::plan::pad_value;
use crate::error::Result;
use crate::format::{ImageRequest, WriteContext};
use crate::image::StoredImage;
use crate::io::ByteSink;
use crate::schema::Record;

/// The fields of the subheader that say how pixels are stored.
const ENCODING: [&str; 17] = [
    "NROWS", "NCOLS", "PVTYPE", "ABPP", "PJUST", "IC", "COMRAT", "NBANDS", "XBANDS", "IMODE", "NBPR", "NBPC", "NPPBH",
    "NPPBV", "NBPP", "ISYNC", "IREP",
];

/// Bytes copied at once.
const PIECE: u64 = 4 << 20;

/// An image whose stored bytes are copied.
pub(super) struct StoredPlan {
    pub(super) record: Record,
    pub(super) given: Given,
    pub(super) length: u64,
    stored: StoredImage,
}

impl StoredPlan {
    /// The plan for an image of a NITF file whose metadata asks for the encoding it has; none for any other image.
    ///
    /// # Errors
    /// [`Error::Usage`] for metadata values that are none.
    pub(super) fn new(image: &ImageRequest<'_>, context: &mut WriteContext<'_, '_>) -> Result<Option<Self>> {
        let Some(stored) = image.provider.stored().filter(|stored| stored.format == "nitf") else { return Ok(None) };
        // Only metadata that comes from the very header of the image can describe its bytes.
        if !is_of_header(image.metadata, &stored.header) {
            return Ok(None);
        }
        let known = context.warnings.len();
        let given = Given::new(structure("IMAGE"), image.metadata, context)?;
        let same = |name: &&str| given.original.as_ref().and_then(|original| original.get(name)) == given.get(name);
        let same_pad = || given.original.as_ref().is_some_and(|original| has_pad(original, &given, stored));
        if given.original.is_none() || !ENCODING.iter().all(same) || !same_pad() {
            // The other way to write it warns itself.
            context.warnings.truncate(known);
            return Ok(None);
        }
        let computed = ["IM", "NICOM", "UDIDL", "UDOFL", "UDID", "IXSHDL", "IXSOFL", "IXSHD"];
        let mut record = given.fields.without(&computed);
        names::IMAGE.fill(&mut record, &given, (image.title, image.description, image.key), true, context)?;
        Ok(Some(Self { record, given, length: stored.length, stored: stored.clone() }))
    }
}

/// True where the pad pixel code that is asked for is the one of the stored mask table.
fn has_pad(original: &Record, given: &Given, stored: &StoredImage) -> bool {
    let there = pad_of(&*stored.source, original, (stored.offset, stored.length));
    match (&given.pad, there) {
        (None, None) => true,
        (Some(wanted), Some((there, _))) => pad_value(wanted)
            .is_ok_and(|wanted| wanted == there || (wanted.to_f64().is_nan() && there.to_f64().is_nan())),
        _ => false,
    }
}

/// Copies the stored bytes.
///
/// # Errors
/// Where reading or writing fails, and what the caller's control says.
pub(super) fn copy_bytes(plan: &StoredPlan, sink: &mut dyn ByteSink, context: &WriteContext<'_, '_>) -> Result<()> {
    let stored = &plan.stored;
    stored.source.check_unchanged()?;
    let total = stored.length.div_ceil(PIECE);
    context.control.progress(0, total)?;
    for piece in 0..total {
        context.control.poll()?;
        let start = piece * PIECE;
        let bytes = stored.source.read_range(stored.offset + start, PIECE.min(stored.length - start));
        sink.write(&bytes.map_err(|error| error.segment("the image that is copied"))?)?;
        context.control.progress(piece + 1, total)?;
    }
    Ok(())
}
