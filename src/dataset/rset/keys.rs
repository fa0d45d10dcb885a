//! The keys of the levels of an R-set: `image:0:overview:2` is level 2 of `image:0`, which is called `image:0` in its own file.

/// What stands between the key of an image and the number of its level.
const OVERVIEW: &str = ":overview:";

/// The key in the set of what is called `key` in the file of a level.
pub(super) fn level_key(key: &str, level: usize) -> String {
    format!("{key}{OVERVIEW}{level}")
}

/// The key in the file of a level, and the number of the level; `None` for a key of the base.
pub(super) fn split_level(key: &str) -> Option<(&str, usize)> {
    let (image, digits) = key.rsplit_once(OVERVIEW)?;
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    // A number that no level has is still the number of a level.
    is_number.then(|| (image, digits.parse().unwrap_or(usize::MAX)))
}

/// True for the key that an image, or a mask of one, has in the file of a level.
pub(super) fn is_in_level(key: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let Some(rest) = key.strip_prefix("image:") else { return false };
    let (number, mask) = rest.split_once(':').map_or((rest, None), |(number, mask)| (number, Some(mask)));
    is_number(number) && mask.is_none_or(|mask| mask == "mask" || mask.strip_prefix("mask:").is_some_and(is_number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_a_level_ends_its_key() {
        assert_eq!(split_level("image:0:overview:12"), Some(("image:0", 12)));
        assert_eq!(split_level("scene:mask:overview:1"), Some(("scene:mask", 1)));
        assert_eq!(split_level("a:overview:1:overview:99999999999999999999"), Some(("a:overview:1", usize::MAX)));
        for key in ["image:0", "image:0:overview:", "image:0:overview:x", "overview:1", "image:0:overview:1:mask"] {
            assert_eq!(split_level(key), None, "{key}");
        }
        assert_eq!(split_level(&level_key("image:3", 7)), Some(("image:3", 7)));
    }

    #[test]
    fn images_and_masks_of_a_level_belong_to_the_set() {
        assert!(["image:0", "image:12", "image:0:mask", "image:0:mask:2"].iter().all(|key| is_in_level(key)));
        let others = ["image:", "image:x", "image:0:overview:1", "image:0:segment:0", "image:0:mask:x", "text:0"];
        assert!(!others.iter().any(|key| is_in_level(key)));
    }
}
