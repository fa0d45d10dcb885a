//! The pixels that a damaged file lacks, found while an image is read in part.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use super::grid::Window;

/// A record of missing pixels, and the sample that stands for them.
#[derive(Debug)]
pub(crate) struct Gaps {
    fill: Vec<u8>,
    found: Mutex<Found>,
}

#[derive(Debug, Default)]
struct Found {
    /// Rectangles without pixels, in pixels of the image that is read; neighbours may be joined.
    missing: Vec<Window>,
    /// Rectangles whose pixels come from damaged data.
    doubtful: Vec<Window>,
    /// The bands concerned, if only some are.
    bands: BTreeSet<u32>,
    /// True if a rectangle lacks every band.
    of_all_bands: bool,
    /// Row and column of the first damage in the image, and its reason. Threads find damage in any order.
    reason: Option<((u32, u32), String)>,
}

/// What a record holds.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Damage {
    /// Rectangles without pixels.
    pub missing: Vec<Window>,
    /// Rectangles whose pixels come from damaged data.
    pub doubtful: Vec<Window>,
    /// The reason of the first damage in the image.
    pub reason: String,
}

/// Most rectangles that a message names.
const NAMED: usize = 3;

impl Gaps {
    /// A record without gaps; `fill` is one sample in native byte order.
    pub(crate) fn new(fill: Vec<u8>) -> Self {
        Self { fill, found: Mutex::default() }
    }

    /// The sample for missing pixels.
    pub(crate) fn fill(&self) -> &[u8] {
        &self.fill
    }

    /// Records that `window` lacks a band, or all of them.
    pub(crate) fn add(&self, window: Window, band: Option<u32>, reason: &impl std::fmt::Display) {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        found.explain(window, reason);
        match band {
            Some(band) => _ = found.bands.insert(band),
            None => found.of_all_bands = true,
        }
        append(&mut found.missing, window);
    }

    /// Records that `window` has all pixels, but from damaged data: they may be wrong, or lack detail.
    pub(crate) fn add_doubtful(&self, window: Window, reason: &impl std::fmt::Display) {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        found.explain(window, reason);
        append(&mut found.doubtful, window);
    }

    /// Takes what was recorded; `None` without damage.
    pub(crate) fn take(&self) -> Option<Damage> {
        let Found { missing, doubtful, reason, .. } = self.take_found();
        reason.map(|(_, reason)| Damage { missing, doubtful, reason })
    }

    /// Takes what was recorded as a message; `None` without damage. `image` is the whole image.
    pub(crate) fn take_message(&self, image: Window) -> Option<String> {
        let found = self.take_found();
        let (_, reason) = found.reason?;
        let named = |windows: Vec<Window>| {
            let windows = joined(windows);
            let mut parts: Vec<String> = windows.iter().take(NAMED).map(|window| name(*window, image)).collect();
            if windows.len() > NAMED {
                parts.push(format!("{} more parts", windows.len() - NAMED));
            }
            parts.join(", ")
        };
        let bands: Vec<String> = found.bands.iter().map(u32::to_string).collect();
        let bands = if found.of_all_bands { String::new() } else { format!(" of bands {}", bands.join(", ")) };
        let missing = if found.missing.is_empty() {
            "no pixel is missing".to_owned()
        } else {
            format!("{}{bands} are missing and have the fill value", named(found.missing))
        };
        if found.doubtful.is_empty() {
            return Some(format!("{missing}: {reason}"));
        }
        Some(format!("{missing}, but {} may be wrong or lack detail: {reason}", named(found.doubtful)))
    }

    fn take_found(&self) -> Found {
        std::mem::take(&mut *self.found.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Found {
    /// Keeps a reason if its place is before that of the one that is known.
    fn explain(&mut self, Window { x, y, .. }: Window, reason: &impl std::fmt::Display) {
        if self.reason.as_ref().is_none_or(|(place, _)| (y, x) < *place) {
            self.reason = Some(((y, x), reason.to_string()));
        }
    }
}

/// Appends a rectangle to a list. Blocks follow one another mostly in rows.
fn append(windows: &mut Vec<Window>, window: Window) {
    if windows.last() != Some(&window) {
        append_joined(windows, window, Window::joined_across);
    }
}

/// Appends a rectangle to a list, or joins it to the last one.
fn append_joined(windows: &mut Vec<Window>, window: Window, joined: fn(Window, Window) -> Option<Window>) {
    match windows.last_mut().and_then(|last| Some((joined(*last, window)?, last))) {
        Some((both, last)) => *last = both,
        None => windows.push(window),
    }
}

/// The rectangles with neighbours joined, from the top down.
fn joined(mut windows: Vec<Window>) -> Vec<Window> {
    windows.sort_unstable_by_key(|window| (window.y, window.height, window.x));
    windows.dedup();
    let (mut across, mut down) = (Vec::new(), Vec::new());
    for window in windows {
        append_joined(&mut across, window, Window::joined_across);
    }
    across.sort_unstable_by_key(|window| (window.x, window.width, window.y));
    for window in across {
        append_joined(&mut down, window, Window::joined_down);
    }
    down.sort_unstable_by_key(|window| (window.y, window.x));
    down
}

fn name(window: Window, image: Window) -> String {
    let rows = format!("rows {} to {}", window.y, window.bottom() - 1);
    if (window.x, window.width) == (image.x, image.width) {
        return rows;
    }
    format!("{rows} of columns {} to {}", window.x, window.right() - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    #[test]
    fn blocks_in_any_order_become_few_rectangles() {
        let gaps = Gaps::new(vec![0]);
        let image = Window::new(0, 0, 32, 40);
        assert_eq!(gaps.take_message(image), None);
        for (x, y) in [(16, 24), (0, 32), (0, 16), (16, 16), (0, 24), (16, 32), (16, 8)] {
            gaps.add(Window::new(x, y, 16, 8), None, &Error::malformed("block"));
        }
        let message = gaps.take_message(image).unwrap();
        let expected =
            "rows 8 to 15 of columns 16 to 31, rows 16 to 39 are missing and have the fill value: malformed block";
        assert_eq!(message, expected);
        assert_eq!(gaps.take_message(image), None);
    }

    #[test]
    fn bands_are_named_if_only_some_are_missing() {
        let gaps = Gaps::new(vec![0]);
        for band in [2, 1] {
            gaps.add(Window::new(0, 3, 8, 5), Some(band), &Error::malformed("strip"));
        }
        let message = gaps.take_message(Window::new(0, 0, 8, 8)).unwrap();
        assert_eq!(message, "rows 3 to 7 of bands 1, 2 are missing and have the fill value: malformed strip");
    }

    #[test]
    fn doubtful_pixels_are_named_and_the_reason_is_that_of_the_first_damage() {
        let (gaps, image) = (Gaps::new(vec![0]), Window::new(0, 0, 8, 8));
        gaps.add_doubtful(Window::new(0, 4, 4, 4), &Error::malformed("tile 2"));
        let message = gaps.take_message(image).unwrap();
        let expected =
            "no pixel is missing, but rows 4 to 7 of columns 0 to 3 may be wrong or lack detail: malformed tile 2";
        assert_eq!(message, expected);
        gaps.add(Window::new(4, 4, 4, 4), None, &Error::malformed("tile 3"));
        gaps.add_doubtful(Window::new(0, 4, 4, 4), &Error::malformed("tile 2"));
        let message = gaps.take_message(image).unwrap();
        let expected = "rows 4 to 7 of columns 4 to 7 are missing and have the fill value, but rows 4 to 7 of columns \
            0 to 3 may be wrong or lack detail: malformed tile 2";
        assert_eq!(message, expected);
        assert_eq!(gaps.take(), None);
    }
}
