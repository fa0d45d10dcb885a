//! Images that are copied with their stored bytes: what a file holds in the encoding that is asked for need not be decoded, and
//! what cannot be decoded here can be copied all the same.

use super::given::{Given, structure};
use crate::error::Result;
use crate::format::{ImageRequest, WriteContext};
use crate::image::StoredImage;
use crate::io::ByteSink;
use crate::schema::Record;

/// The fields of the subheader that say how pixels are stored.
const ENCODING: [&str; 18] = [
    "NROWS", "NCOLS", "PVTYPE", "ABPP", "PJUST", "IC", "COMRAT", "NBANDS", "XBANDS", "IMODE", "NBPR", "NBPC", "NPPBH",
    "NPPBV", "NBPP", "TPXCD", "ISYNC", "IREP",
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
        if image.metadata.raw() != stored.header {
            return Ok(None);
        }
        let known = context.warnings.len();
        let given = Given::new(structure("IMAGE"), image.metadata, context)?;
        let same = |name: &&str| given.original.as_ref().and_then(|original| original.get(name)) == given.get(name);
        if given.original.is_none() || !ENCODING.iter().all(same) {
            // The other way to write it warns itself.
            context.warnings.truncate(known);
            return Ok(None);
        }
        let computed = ["IM", "UDIDL", "UDOFL", "UDID", "IXSHDL", "IXSOFL", "IXSHD"];
        let record = given.fields.without(&computed);
        Ok(Some(Self { record, given, length: stored.length, stored: stored.clone() }))
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
