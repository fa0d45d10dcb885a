//! The bytes of an image segment as one block. An image whose compression is not decoded has no other blocks. Any image can be
//! copied in this way, mask table included.

use std::any::Any;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use super::segments::Segment;
use super::store::SegmentData;
use crate::codec::Scratch;
use crate::error::{Detail, Error, Result};
use crate::image::{BlockCoding, BlockGrid, BlockStore, ImageLayout, Interleave, PadValue, Piece, StoredBlock, Window};
use crate::io::ByteSource;
use crate::schema::FieldData;

/// The fields of an image subheader that describe its stored bytes. The bytes can be copied only if none of these is changed.
const FIELDS: [&str; 17] = [
    "NROWS", "NCOLS", "PVTYPE", "ABPP", "PJUST", "IC", "COMRAT", "NBANDS", "XBANDS", "IMODE", "NBPR", "NBPC", "NPPBH",
    "NPPBV", "NBPP", "ISYNC", "IREP",
];

/// What reading the pixels of an image that is not decoded needs, and what is possible without.
const NEEDED: &str = "a compression that is decoded: a part or a changed image needs pixels. The image of the file itself can be \
                      added, also with changed metadata: its stored bytes are copied";

/// The coding of an image segment's bytes: the fields of its subheader that describe them, and the pad pixel of its mask table.
#[derive(Debug, Clone)]
pub(super) struct SegmentCoding {
    fields: Vec<Option<FieldData>>,
    pub(super) pad: Option<PadValue>,
    /// True if the metadata of the image are renewed when it is written: it is of NITF 2.0.
    pub(super) is_renewed: bool,
    /// The subheader as it stands in the file, which identifies metadata that come from it.
    pub(super) header: Vec<u8>,
}

/// What the coding of a segment is made from.
pub(super) struct Described {
    pub(super) segment: Arc<Segment>,
    pub(super) pad: Option<PadValue>,
    /// True if the segment is of NITF 2.0.
    pub(super) is_renewed: bool,
}

/// An error of a kind, without its context; and the context.
type Reason = (fn(Box<Detail>) -> Error, Box<Detail>);

/// An image segment as one block.
pub(super) struct WholeSegment {
    data: SegmentData,
    layout: ImageLayout,
    described: Described,
    /// Made when a writer asks for it.
    coding: OnceLock<SegmentCoding>,
    /// The reason why the pixels are not decoded, if it is not their compression.
    reason: Option<Reason>,
}

impl SegmentCoding {
    /// The coding that the fields of a subheader describe.
    pub(super) fn new(field: impl Fn(&str) -> Option<FieldData>, pad: Option<PadValue>, header: Vec<u8>) -> Self {
        Self { fields: FIELDS.into_iter().map(field).collect(), pad, is_renewed: false, header }
    }

    /// The fields that are present.
    pub(super) fn fields(&self) -> impl Iterator<Item = (&'static str, &FieldData)> {
        FIELDS.into_iter().zip(&self.fields).filter_map(|(name, data)| Some((name, data.as_ref()?)))
    }

    /// A field.
    pub(super) fn field(&self, name: &str) -> Option<&FieldData> {
        self.fields().find(|(known, _)| *known == name).map(|(_, data)| data)
    }

    /// IC.
    fn compression(&self) -> String {
        self.field("IC").map(ToString::to_string).unwrap_or_default()
    }
}

impl BlockCoding for SegmentCoding {
    fn decodes_like(&self, other: &dyn BlockCoding) -> bool {
        let is_nan = |pad: Option<PadValue>| pad.is_some_and(|pad| pad.to_f64().is_nan());
        let other: &dyn Any = other;
        other.downcast_ref().is_some_and(|other: &Self| {
            // Blanks at the end of a text are padding.
            let is_same = |(a, b): (&Option<FieldData>, &Option<FieldData>)| match (a, b) {
                (Some(FieldData::Text(a)), Some(FieldData::Text(b))) => a.trim_end() == b.trim_end(),
                (a, b) => a == b,
            };
            self.fields.iter().zip(&other.fields).all(is_same)
                && (self.pad == other.pad || (is_nan(self.pad) && is_nan(other.pad)))
        })
    }
}

/// The coding of the stored bytes of an image; `None` for an image of another format.
pub(super) fn segment_coding(store: &dyn BlockStore) -> Option<&SegmentCoding> {
    let coding: &dyn Any = store.coding()?;
    coding.downcast_ref()
}

impl WholeSegment {
    /// The segment of an image with this layout. `reason` is why its pixels are not decoded, if it is not their compression.
    ///
    /// # Errors
    /// [`Error::Usage`] for a layout that no image can have.
    pub(super) fn new(
        data: SegmentData,
        layout: &ImageLayout,
        described: Described,
        reason: Option<Error>,
    ) -> Result<Self> {
        let grid = layout.grid;
        let grid = BlockGrid::new(grid.columns(), grid.rows(), grid.columns(), grid.rows())?;
        let reason = match reason {
            Some(Error::Unsupported(detail)) => Some((Error::Unsupported as _, detail)),
            Some(Error::Malformed(detail)) => Some((Error::Malformed as _, detail)),
            _ => None,
        };
        Ok(Self { data, layout: ImageLayout { grid, ..layout.clone() }, described, coding: OnceLock::new(), reason })
    }

    fn segment_coding(&self) -> &SegmentCoding {
        self.coding.get_or_init(|| {
            let Described { segment, pad, is_renewed } = &self.described;
            let coding = SegmentCoding::new(|name| segment.subheader.get(name).cloned(), *pad, segment.raw.clone());
            SegmentCoding { is_renewed: *is_renewed, ..coding }
        })
    }

    fn undecoded(&self) -> Error {
        let compression = || Error::unsupported("compression").field("IC").found(self.segment_coding().compression());
        let reason = self.reason.as_ref().map(|(kind, detail)| kind(detail.clone()));
        reason.unwrap_or_else(|| compression().allowed(NEEDED)).segment(&self.data.key)
    }
}

impl BlockStore for WholeSegment {
    fn source(&self) -> &Arc<dyn ByteSource> {
        &self.data.source
    }

    fn layout(&self) -> &ImageLayout {
        &self.layout
    }

    fn interleave(&self) -> Interleave {
        Interleave::Pixel
    }

    fn has_block(&self, _: StoredBlock) -> Result<bool> {
        Ok(true)
    }

    fn is_dense(&self) -> bool {
        true
    }

    fn range(&self, _: StoredBlock) -> Result<Option<Range<u64>>> {
        Ok(Some(self.data.range.clone()))
    }

    fn coding(&self) -> Option<&dyn BlockCoding> {
        Some(self.segment_coding())
    }

    fn piece(&self, _: StoredBlock, _: Window) -> Result<Option<Piece>> {
        Err(self.undecoded())
    }

    fn decode(&self, _: StoredBlock, _: &Piece, _: &[&[u8]], _: &mut [u8], _: &mut Scratch) -> Result<()> {
        Err(self.undecoded())
    }

    fn name(&self, _: StoredBlock) -> String {
        self.data.key.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codings_are_alike_if_fields_and_pads_are() {
        let coding = |ic: &str, pad, header: &[u8]| {
            let field = |name: &str| (name == "IC").then(|| FieldData::Text(ic.to_owned()));
            SegmentCoding::new(field, pad, header.to_vec())
        };
        let nan = Some(PadValue::Float(f64::NAN));
        assert!(coding("C8", None, b"a").decodes_like(&coding("C8", None, b"b")));
        assert!(coding("NM", nan, b"").decodes_like(&coding("NM", nan, b"")));
        assert!(!coding("NM", nan, b"").decodes_like(&coding("NM", Some(PadValue::ZERO), b"")));
        assert!(!coding("C8", None, b"").decodes_like(&coding("M8", None, b"")));
    }
}
