//! The suffix of a file of an R-set: `scene.ntf.r2` is level 2 of `scene.ntf`.

use std::path::{Path, PathBuf};

/// The path without its suffix `.rN`, and N; `None` for a path without one. Case is ignored.
pub(crate) fn level_suffix(path: &Path) -> Option<(PathBuf, u32)> {
    let digits = path.extension()?.to_str()?.strip_prefix(['r', 'R'])?;
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    // A number that no level has still belongs to the suffix.
    is_number.then(|| (path.with_extension(""), digits.parse().unwrap_or(u32::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suffix_is_a_number_after_the_letter() {
        let found = |path: &str| level_suffix(Path::new(path));
        assert_eq!(found("a/scene.ntf.r12"), Some((PathBuf::from("a/scene.ntf"), 12)));
        assert_eq!(found("scene.R0"), Some((PathBuf::from("scene"), 0)));
        assert_eq!(found("scene.ntf.r99999999999"), Some((PathBuf::from("scene.ntf"), u32::MAX)));
        for path in ["scene.ntf", "scene.ntf.r", "scene.ntf.rset", "scene.r1.ntf", ".r1", "scene.ntf.r-1", "scene.r1x"]
        {
            assert_eq!(found(path), None, "{path}");
        }
    }
}
