//! Images whose blocks are in the file, sorted into full images and what belongs to them.

use super::blocks::BlockRanges;
use super::content::{MASK, REDUCED};
use super::field::{Field, FieldType, FieldValue};
use super::tags;

/// An image whose blocks are in the file.
pub(super) struct Written {
    pub(super) key: String,
    /// Every field except block offsets and lengths, in ascending order of tags.
    pub(super) fields: Vec<Field>,
    pub(super) tiled: bool,
    /// True if the file was requested to be a COG.
    pub(super) is_cog: bool,
    /// Where the blocks lie.
    pub(super) ranges: BlockRanges,
}

/// A full image, and the masks and overviews that belong to it. A reader takes those that follow an image for its own.
#[derive(Default)]
pub(super) struct Group {
    full: Option<Written>,
    parts: Vec<Written>,
}

impl Written {
    /// The directory, with the blocks where they lie.
    pub(super) fn into_directory(self) -> Vec<Field> {
        let (offsets, counts) = if self.tiled {
            (tags::TILE_OFFSETS, tags::TILE_BYTE_COUNTS)
        } else {
            (tags::STRIP_OFFSETS, tags::STRIP_BYTE_COUNTS)
        };
        let mut fields = self.fields;
        fields.push(range_field(offsets, self.ranges.offsets));
        fields.push(range_field(counts, self.ranges.counts));
        fields.sort_by_key(|field| field.tag);
        fields
    }

    fn number(&self, tag: u16) -> u64 {
        let field = self.fields.iter().find(|field| field.tag == tag);
        field.and_then(|field| field.value.first()).unwrap_or(0)
    }

    fn has(&self, bit: u64) -> bool {
        self.number(tags::NEW_SUBFILE_TYPE) & bit != 0
    }

    fn is_full(&self) -> bool {
        !self.has(REDUCED | MASK)
    }

    /// Columns and rows.
    fn size(&self) -> [u64; 2] {
        [self.number(tags::IMAGE_WIDTH), self.number(tags::IMAGE_LENGTH)]
    }

    /// True if the blocks of a mask lie over those of this image, one over one.
    fn is_cut_as(&self, mask: &Self) -> bool {
        let tile = |image: &Self| [tags::TILE_WIDTH, tags::TILE_LENGTH].map(|tag| image.number(tag));
        self.size() == mask.size() && tile(self) == tile(mask) && self.ranges.len() == mask.ranges.len()
    }
}

impl Group {
    /// The images in the order of the file: each full image with its parts. A part belongs to the image whose key its own
    /// begins with, otherwise to the full image before it, or to the first.
    pub(super) fn all(images: Vec<Written>) -> Vec<Self> {
        let keys: Vec<String> = images.iter().filter(|image| image.is_full()).map(|image| image.key.clone()).collect();
        let mut groups: Vec<Self> = keys.iter().map(|_| Self::default()).collect();
        groups.resize_with(groups.len().max(1), Self::default);
        let mut last = 0;
        for image in images {
            if image.is_full() {
                last = keys.iter().position(|key| *key == image.key).unwrap_or(0);
                groups[last].full = Some(image);
                continue;
            }
            let owns =
                |key: &String| image.key.strip_prefix(key.as_str()).is_some_and(|ending| ending.starts_with(':'));
            let owner = keys.iter().enumerate().filter(|(_, key)| owns(key)).max_by_key(|(_, key)| key.len());
            groups[owner.map_or(last, |(owner, _)| owner)].parts.push(image);
        }
        groups
    }

    /// The images as a COG has them: the full image, its masks, the overviews and the masks of overviews, each from the largest
    /// to the smallest.
    pub(super) fn sorted(mut self) -> Self {
        self.parts.sort_by_key(|part| {
            let [columns, rows] = part.size();
            (part.has(REDUCED), part.has(REDUCED) && part.has(MASK), std::cmp::Reverse(columns * rows))
        });
        self
    }

    /// The full image, if the file has one.
    pub(super) fn full(&self) -> Option<&Written> {
        self.full.as_ref()
    }

    /// The images in order.
    pub(super) fn images(&self) -> impl Iterator<Item = &Written> {
        self.full.iter().chain(&self.parts)
    }

    /// The images in order.
    pub(super) fn into_images(self) -> impl Iterator<Item = Written> {
        self.full.into_iter().chain(self.parts)
    }

    /// True if the full image has overviews.
    pub(super) fn has_overviews(&self) -> bool {
        self.parts.iter().any(|part| part.has(REDUCED) && !part.has(MASK))
    }

    /// The numbers of the images, from the smallest level to the full image, each with that of its mask; then those of
    /// other masks without a mask.
    pub(super) fn levels(&self) -> Vec<(usize, Option<usize>)> {
        let images: Vec<_> = self.images().collect();
        let mut masks: Vec<usize> = (0..images.len()).filter(|number| images[*number].has(MASK)).collect();
        let mut levels = Vec::new();
        for number in (0..images.len()).rev().filter(|number| !images[*number].has(MASK)) {
            let mask = masks.iter().position(|mask| images[*mask].size() == images[number].size());
            levels.push((number, mask.map(|place| masks.remove(place))));
        }
        levels.extend(masks.into_iter().map(|mask| (mask, None)));
        levels
    }

    /// True if each mask belongs to an image of the same blocks.
    pub(super) fn interleaves(&self) -> bool {
        let images: Vec<_> = self.images().collect();
        self.levels().into_iter().all(|(image, mask)| match mask {
            Some(mask) => images[image].is_cut_as(images[mask]),
            None => !images[image].has(MASK),
        })
    }

    /// True if the group has masks.
    pub(super) fn has_masks(&self) -> bool {
        self.parts.iter().any(|part| part.has(MASK))
    }
}

/// A field of offsets or sizes, of 64 bits only if a value needs them.
fn range_field(tag: u16, values: Vec<u64>) -> Field {
    let wide = values.iter().any(|value| *value > u64::from(u32::MAX));
    Field { tag, kind: if wide { FieldType::Long8 } else { FieldType::Long }, value: FieldValue::Unsigned(values) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(key: &str, bits: u64, side: u64) -> Written {
        let number = |tag, value| Field { tag, kind: FieldType::Long, value: FieldValue::Unsigned(vec![value]) };
        let fields = [
            (tags::NEW_SUBFILE_TYPE, bits),
            (tags::IMAGE_WIDTH, side),
            (tags::IMAGE_LENGTH, side),
            (tags::TILE_WIDTH, 16),
            (tags::TILE_LENGTH, 16),
        ];
        let fields = fields.map(|(tag, value)| number(tag, value)).to_vec();
        Written { key: key.to_owned(), fields, tiled: true, is_cog: false, ranges: BlockRanges::default() }
    }

    fn keys(groups: &[Group]) -> Vec<Vec<&str>> {
        groups.iter().map(|group| group.images().map(|image| image.key.as_str()).collect()).collect()
    }

    #[test]
    fn parts_belong_to_their_image_by_key_whenever_they_were_added() {
        let images = vec![
            image("b:overview:1", REDUCED, 20),
            image("a", 0, 40),
            image("b", 0, 40),
            image("x", REDUCED, 20),
            image("a:mask", MASK, 40),
        ];
        assert_eq!(keys(&Group::all(images)), [vec!["a", "a:mask"], vec!["b", "b:overview:1", "x"]]);
        assert_eq!(keys(&Group::all(vec![image("x", REDUCED, 20), image("a", 0, 40)])), [["a", "x"]]);
        assert_eq!(keys(&Group::all(vec![image("x", REDUCED, 20)])), [["x"]]);
    }

    #[test]
    fn images_go_from_large_to_small_and_tiles_from_small_to_large() {
        let images = vec![
            image("a:mask:overview:1", REDUCED | MASK, 20),
            image("a:overview:2", REDUCED, 10),
            image("a:mask", MASK, 40),
            image("a:overview:1", REDUCED, 20),
            image("a", 0, 40),
        ];
        let group = Group::all(images).remove(0).sorted();
        assert_eq!(group.levels(), [(3, None), (2, Some(4)), (0, Some(1))]);
        assert_eq!(keys(&[group]), [["a", "a:mask", "a:overview:1", "a:overview:2", "a:mask:overview:1"]]);
    }

    #[test]
    fn masks_are_interleaved_only_if_each_has_an_image_of_the_same_blocks() {
        let full = || image("a", 0, 40);
        let group = Group::all(vec![full(), image("a:mask", MASK, 40)]).remove(0);
        assert_eq!((group.levels(), group.interleaves()), (vec![(0, Some(1))], true));
        let group = Group::all(vec![full(), image("a:mask", MASK, 41)]).remove(0);
        assert_eq!((group.levels(), group.interleaves()), (vec![(0, None), (1, None)], false));
        let mut other = image("a:mask", MASK, 40);
        other.ranges.offsets.push(7);
        let group = Group::all(vec![full(), other]).remove(0);
        assert_eq!((group.levels(), group.interleaves()), (vec![(0, Some(1))], false));
    }
}
