//! Images that are copied with their stored bytes. An image that already has the requested encoding need not be decoded, and
//! one that cannot be decoded can still be copied.

use std::sync::Arc;

use super::super::names;
use super::super::pad::stated_pad;
use super::super::whole::{SegmentCoding, segment_coding};
use super::field_sets::IMAGE;
use super::given::{Given, structure};
use super::origin::is_of_header;
use super::titles;
use crate::error::Result;
use crate::format::{ImageRequest, WriteContext};
use crate::image::{BlockCoding, BlockStore};
use crate::schema::{Record, read};

/// Fields of the subheader that belong to the pixels, besides those that describe their stored bytes.
const OF_PIXELS: [&str; 3] = ["BAND_INFO", "IDATIM", "ICAT"];

/// An image whose stored bytes are copied.
pub(super) struct StoredPlan {
    pub(super) record: Record,
    pub(super) given: Given,
    pub(super) segment: Arc<dyn BlockStore>,
    pub(super) length: u64,
}

impl StoredPlan {
    /// The plan for an image whose file has these stored bytes, if they are those of a NITF file and the metadata request the
    /// encoding they have; `None` for any other image.
    ///
    /// # Errors
    /// [`Error::Usage`] for wrong metadata values.
    pub(super) fn new(
        image: &ImageRequest<'_>,
        segment: &Arc<dyn BlockStore>,
        context: &mut WriteContext<'_, '_>,
    ) -> Result<Option<Self>> {
        // Metadata of NITF 2.0 are renewed, and lack the fields that a writer makes from pixels. The image's own metadata still
        // describe its bytes.
        let is_own = |coding: &SegmentCoding| !coding.is_renewed || is_of_header(image.metadata, &coding.header);
        let Some(coding) = segment_coding(&**segment).filter(|coding| is_own(coding)) else { return Ok(None) };
        let known = context.warnings.len();
        let given = Given::new(structure("IMAGE"), image.metadata, context)?;
        let pad = given.pad.as_ref().map(stated_pad).transpose();
        // Metadata that do not come from a file leave the fields that describe the stored bytes as they are, unless they state
        // them.
        let is_new = image.metadata.origin().is_none() && given.original.is_none();
        let kept = |name: &str| coding.field(name).filter(|_| coding.is_renewed || is_new);
        let asked = |name: &str| given.get(name).or_else(|| kept(name)).cloned();
        let own_pad = coding.pad.filter(|_| is_new);
        let asked = pad.map(|pad| SegmentCoding::new(asked, pad.or(own_pad), Vec::new()));
        if !asked.is_ok_and(|asked| asked.decodes_like(coding)) {
            // The other way of writing adds its own warnings.
            context.warnings.truncate(known);
            return Ok(None);
        }
        let mut record = IMAGE.without_areas(&given.fields.without(IMAGE.following));
        let own = if is_new { read(structure("IMAGE"), &coding.header)?.0 } else { Record::new() };
        let of_pixels = OF_PIXELS.iter().filter_map(|name| Some((*name, own.get(name)?)));
        for (name, value) in coding.fields().filter(|_| coding.is_renewed || is_new).chain(of_pixels) {
            if record.get(name).is_none() && !IMAGE.following.contains(&name) {
                record.set(name, value.clone());
            }
        }
        titles::fill(names::IMAGE, &mut record, &given, (image.title, image.description, image.key), context)?;
        let mut length = 0;
        for block in segment.blocks() {
            length += segment.range(block)?.map_or(0, |range| range.end - range.start);
        }
        Ok(Some(Self { record, given, segment: Arc::clone(segment), length }))
    }
}
