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
    windows: Vec<Window>,
    /// The bands concerned, if only some are.
    bands: BTreeSet<u32>,
    /// True if a rectangle lacks every band.
    of_all_bands: bool,
    /// The first reason.
    reason: Option<String>,
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

    /// Records that `window` lacks a band, or all of them. An empty window is damage that costs no pixels.
    pub(crate) fn add(&self, window: Window, band: Option<u32>, reason: &impl std::fmt::Display) {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        found.reason.get_or_insert_with(|| reason.to_string());
        match band {
            Some(band) => _ = found.bands.insert(band),
            None => found.of_all_bands = true,
        }
        if window.is_empty() || found.windows.last() == Some(&window) {
            return;
        }
        // Blocks follow one another mostly in rows.
        match found.windows.last_mut() {
            Some(last) if (last.y, last.height, last.right()) == (window.y, window.height, window.x) => {
                last.width += window.width;
            }
            _ => found.windows.push(window),
        }
    }

    /// Takes what was recorded as rectangles and the reason; `None` without damage.
    pub(crate) fn take(&self) -> Option<(Vec<Window>, String)> {
        let found = std::mem::take(&mut *self.found.lock().unwrap_or_else(PoisonError::into_inner));
        found.reason.map(|reason| (found.windows, reason))
    }

    /// Takes what was recorded as a message; `None` without damage. `image` is the whole image.
    pub(crate) fn take_message(&self, image: Window) -> Option<String> {
        let found = std::mem::take(&mut *self.found.lock().unwrap_or_else(PoisonError::into_inner));
        let reason = found.reason?;
        let windows = joined(found.windows);
        if windows.is_empty() {
            return Some(format!("no pixel is missing, but the file is damaged: {reason}"));
        }
        let mut parts: Vec<String> = windows.iter().take(NAMED).map(|window| name(*window, image)).collect();
        if windows.len() > NAMED {
            parts.push(format!("{} more parts", windows.len() - NAMED));
        }
        let bands: Vec<String> = found.bands.iter().map(u32::to_string).collect();
        let bands = if found.of_all_bands { String::new() } else { format!(" of bands {}", bands.join(", ")) };
        Some(format!("{}{bands} are missing and have the fill value: {reason}", parts.join(", ")))
    }
}

/// The rectangles with neighbours joined, from the top down.
fn joined(mut windows: Vec<Window>) -> Vec<Window> {
    windows.sort_unstable_by_key(|window| (window.y, window.height, window.x));
    windows.dedup();
    let across = windows.into_iter().fold(Vec::new(), |mut joined: Vec<Window>, window| {
        match joined.last_mut() {
            Some(last) if (last.y, last.height, last.right()) == (window.y, window.height, window.x) => {
                last.width += window.width;
            }
            _ => joined.push(window),
        }
        joined
    });
    let mut columns = across;
    columns.sort_unstable_by_key(|window| (window.x, window.width, window.y));
    let mut down = columns.into_iter().fold(Vec::new(), |mut joined: Vec<Window>, window| {
        match joined.last_mut() {
            Some(last) if (last.x, last.width, last.bottom()) == (window.x, window.width, window.y) => {
                last.height += window.height;
            }
            _ => joined.push(window),
        }
        joined
    });
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
        gaps.add(Window::default(), None, &Error::malformed("checksum"));
        let message = gaps.take_message(Window::new(0, 0, 8, 8)).unwrap();
        assert_eq!(message, "no pixel is missing, but the file is damaged: malformed checksum");
    }
}
