//! Sorts directories into images, their overviews and their masks, and gives them asset keys.

use std::collections::HashMap;

use super::directory::Directory;
use super::tags;
use crate::error::Result;

/// The facts of a directory that determine its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Facts {
    /// `NewSubfileType` bit 0, or `SubfileType` 2: a smaller version of another image.
    pub(super) reduced: bool,
    /// `NewSubfileType` bit 2, or photometric 4: a mask of the valid pixels of another image.
    pub(super) mask: bool,
    /// The directory that lists this one among its `SubIFDs`.
    pub(super) parent: Option<usize>,
    /// Columns and rows; zero if the directory does not state them.
    pub(super) size: (u32, u32),
}

/// A directory's place among the assets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// Key of the asset.
    pub(super) key: String,
    /// The asset's roles.
    pub(super) roles: Vec<&'static str>,
    /// The directory that it is an overview or a mask of.
    pub(super) of: Option<usize>,
}

const PHOTOMETRIC_MASK: u64 = 4;

impl Facts {
    /// Reads the facts of a directory.
    ///
    /// # Errors
    /// [`crate::Error::Malformed`] for a field that is not an unsigned integer.
    pub(super) fn read(directory: &Directory, parent: Option<usize>) -> Result<Self> {
        let new_type = directory.unsigned(tags::NEW_SUBFILE_TYPE)?;
        let old_type = directory.unsigned(tags::SUBFILE_TYPE)?;
        let bits = new_type.unwrap_or(u64::from(old_type == Some(2)));
        let photometric = directory.unsigned(tags::PHOTOMETRIC_INTERPRETATION)?;
        let size = |tag| directory.u32_or(tag, 0);
        Ok(Self {
            reduced: bits & 1 != 0,
            mask: bits & 4 != 0 || photometric == Some(PHOTOMETRIC_MASK),
            parent,
            size: (size(tags::IMAGE_WIDTH)?, size(tags::IMAGE_LENGTH)?),
        })
    }
}

/// Determines keys and roles. Images of the chain are `image:0`, `image:1` …. The overviews of an image are
/// `image:0:overview:1` …, both in the chain and among its sub-directories. Its mask is `image:0:mask` (further ones
/// `image:0:mask:2` …), with overviews `image:0:mask:overview:1` …. Other sub-directories are `image:0:sub:1` ….
pub(super) fn arrange(directories: &[Facts]) -> Vec<Place> {
    let mut places: Vec<Place> = Vec::with_capacity(directories.len());
    // The last image of each chain and its mask, to which the following overviews belong.
    let mut last: HashMap<Option<usize>, (usize, Option<usize>)> = HashMap::new();
    let mut counts: HashMap<(Option<usize>, &str), usize> = HashMap::new();
    for (position, facts) in directories.iter().enumerate() {
        let current = last.get(&facts.parent).copied();
        let image = current.map(|(image, _)| image).or(facts.parent);
        let mask = current.and_then(|(_, mask)| mask);
        let (of, word) = match facts {
            Facts { reduced: true, mask: true, .. } if mask.is_some() => (mask, "overview"),
            Facts { mask: true, .. } => (image, "mask"),
            Facts { reduced: true, .. } => (image, "overview"),
            _ => (facts.parent, "sub"),
        };
        let count = counts.entry((of, if of.is_some() { word } else { "image" })).or_default();
        *count += 1;
        let key = match of {
            None => format!("image:{}", *count - 1),
            Some(owner) if word == "mask" && *count == 1 => format!("{}:mask", places[owner].key),
            Some(owner) => format!("{}:{word}:{count}", places[owner].key),
        };
        let mut roles = Vec::new();
        roles.extend((facts.reduced && word != "mask").then_some("overview"));
        roles.extend(facts.mask.then_some("mask"));
        roles.extend((!facts.reduced && !facts.mask).then_some("data"));
        match facts {
            Facts { reduced: false, mask: false, .. } => _ = last.insert(facts.parent, (position, None)),
            Facts { reduced: false, mask: true, .. } => {
                last.entry(facts.parent).and_modify(|(_, mask)| *mask = Some(position));
            }
            _ => {}
        }
        places.push(Place { key, roles, of: of.filter(|_| word != "sub") });
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(directories: &[(u8, Option<usize>)]) -> Vec<String> {
        let facts = |(bits, parent): &(u8, Option<usize>)| Facts {
            reduced: bits & 1 != 0,
            mask: bits & 4 != 0,
            parent: *parent,
            size: (1, 1),
        };
        let places = arrange(&directories.iter().map(facts).collect::<Vec<_>>());
        places.into_iter().map(|place| format!("{} {}", place.key, place.roles.join("+"))).collect()
    }

    #[test]
    fn overviews_and_masks_belong_to_the_image_before_them() {
        let chain = [0, 4, 1, 1, 5, 0, 1, 5].map(|bits| (bits, None));
        let expected = [
            "image:0 data",
            "image:0:mask mask",
            "image:0:overview:1 overview",
            "image:0:overview:2 overview",
            "image:0:mask:overview:1 overview+mask",
            "image:1 data",
            "image:1:overview:1 overview",
            "image:1:mask mask",
        ];
        assert_eq!(keys(&chain), expected);
    }

    #[test]
    fn sub_directories_belong_to_their_parent() {
        let tree = [(1, None), (0, None), (1, Some(1)), (0, Some(1)), (1, Some(1)), (0, None)];
        let expected = [
            "image:0 overview",
            "image:1 data",
            "image:1:overview:1 overview",
            "image:1:sub:1 data",
            "image:1:sub:1:overview:1 overview",
            "image:2 data",
        ];
        assert_eq!(keys(&tree), expected);
    }
}
