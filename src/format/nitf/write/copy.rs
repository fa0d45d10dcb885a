//! Images that are copied with their stored bytes: what a file holds in the encoding that is asked for need not be decoded, and
//! what cannot be decoded here can be copied all the same.

use super::super::names;
use super::super::pad::{pad_of, stated_pad};
use super::field_sets::{IMAGE, IMAGE_ENCODING};
use super::given::{Given, structure};
use super::origin::is_of_header;
use super::titles;
use crate::error::Result;
use crate::format::{Blocks, ImageRequest, WriteContext};
use crate::image::StoredImage;
use crate::schema::Record;

/// An image whose stored bytes are copied.
pub(super) struct StoredPlan {
    pub(super) record: Record,
    pub(super) given: Given,
    pub(super) stored: StoredImage,
}

impl StoredPlan {
    /// The plan for an image of a NITF file whose metadata asks for the encoding it has; none for any other image.
    ///
    /// # Errors
    /// [`Error::Usage`] for metadata values that are none.
    pub(super) fn new(image: &ImageRequest<'_>, context: &mut WriteContext<'_, '_>) -> Result<Option<Self>> {
        if image.blocks == Blocks::Caller {
            return Ok(None);
        }
        let Some(stored) = image.provider.stored().filter(|stored| stored.format == "nitf") else { return Ok(None) };
        // Only metadata that comes from the very header of the image can describe its bytes.
        if !is_of_header(image.metadata, &stored.header) {
            return Ok(None);
        }
        let known = context.warnings.len();
        let given = Given::new(structure("IMAGE"), image.metadata, context)?;
        let same = |name: &&str| given.original.as_ref().and_then(|original| original.get(name)) == given.get(name);
        let same_pad = || given.original.as_ref().is_some_and(|original| has_pad(original, &given, stored));
        if given.original.is_none() || !IMAGE_ENCODING.iter().all(same) || !same_pad() {
            // The other way to write it warns itself.
            context.warnings.truncate(known);
            return Ok(None);
        }
        let mut record = given.fields.without(IMAGE.following).without(IMAGE.areas);
        titles::fill(names::IMAGE, &mut record, &given, (image.title, image.description, image.key), true, context)?;
        Ok(Some(Self { record, given, stored: stored.clone() }))
    }
}

/// True where the pad pixel code that is asked for is the one of the stored mask table.
fn has_pad(original: &Record, given: &Given, stored: &StoredImage) -> bool {
    let there = pad_of(&*stored.source, original, (stored.offset, stored.length));
    match (&given.pad, there) {
        (None, None) => true,
        (Some(wanted), Some((there, _))) => stated_pad(wanted)
            .is_ok_and(|wanted| wanted == there || (wanted.to_f64().is_nan() && there.to_f64().is_nan())),
        _ => false,
    }
}
