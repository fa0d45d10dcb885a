//! Pixels of a window of a level, and which of them count.

use crate::image::{Area, Window};

/// The pixels of a window.
#[derive(Clone)]
pub(super) struct Raster {
    pub(super) window: Window,
    /// Samples band after band.
    pub(super) samples: Vec<u8>,
    /// A byte for each pixel, zero for one that a mask excludes; `None` without a mask.
    pub(super) valid: Option<Vec<u8>>,
}

impl Raster {
    /// A window of `pixel` in every band, whose pixels do not count if there is a mask.
    pub(super) fn filled(window: Window, bands: usize, pixel: &[u8], is_masked: bool) -> Self {
        let pixels = window.pixels() as usize;
        Self { window, samples: pixel.repeat(bands * pixels), valid: is_masked.then(|| vec![0; pixels]) }
    }

    /// The bands as areas to be reduced. Samples have `size` bytes.
    pub(super) fn areas(&self, size: usize) -> impl Iterator<Item = Area<'_>> {
        let planes = self.samples.chunks_exact(self.window.pixels() as usize * size);
        planes.map(|samples| Area { window: self.window, samples, valid: self.valid.as_deref() })
    }

    /// Copies the pixels that both windows have.
    pub(super) fn copy_to(&self, to: &mut Self, size: usize) {
        let part = self.window.intersect(&to.window);
        if part.is_empty() {
            return;
        }
        let bytes = |window: Window, size: usize| window.pixels() as usize * size;
        let planes = self.samples.chunks_exact(bytes(self.window, size));
        for (from, target) in planes.zip(to.samples.chunks_exact_mut(bytes(to.window, size))) {
            copy_part(part, (from, self.window), (target, to.window), size);
        }
        if let (Some(from), Some(target)) = (&self.valid, &mut to.valid) {
            copy_part(part, (from, self.window), (target, to.window), 1);
        }
    }
}

/// Copies `part` from a plane with the values of one window to a plane with those of another one.
fn copy_part(part: Window, (from, of): (&[u8], Window), (to, at): (&mut [u8], Window), size: usize) {
    let start = |window: Window, y: u32| {
        ((y - window.y) as usize * window.width as usize + (part.x - window.x) as usize) * size
    };
    let length = part.width as usize * size;
    for y in part.y..part.bottom() {
        to[start(at, y)..][..length].copy_from_slice(&from[start(of, y)..][..length]);
    }
}
