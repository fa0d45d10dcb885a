//! Requests for a part of an image.

use crate::error::{Error, Result};
use crate::image::{ImageProvider, Window};

/// The part of an image to read.
#[derive(Debug, Clone)]
pub struct ReadRequest {
    /// The rectangle, inside the image.
    pub window: Window,
    /// The bands, in output order.
    pub bands: Vec<u32>,
    /// One sample in native byte order, for pixels of absent blocks.
    pub fill: Vec<u8>,
}

impl ReadRequest {
    /// The whole image.
    pub fn whole(provider: &dyn ImageProvider) -> Self {
        let layout = provider.layout();
        Self { window: layout.grid.window(), bands: (0..layout.bands).collect(), fill: layout.pad_bytes() }
    }

    /// Bytes of the output.
    pub fn bytes(&self, provider: &dyn ImageProvider) -> u64 {
        let sample = self.bands.len() as u64 * provider.layout().sample.bytes() as u64;
        self.window.pixels().saturating_mul(sample)
    }

    /// Checks that the image has the window and the bands.
    pub(super) fn check(&self, provider: &dyn ImageProvider) -> Result<()> {
        let layout = provider.layout();
        if self.window.is_empty() || self.window.intersect(&layout.grid.window()) != self.window {
            return Err(Error::out_of_range("window").found(format!("{:?}", self.window)).allowed(format!(
                "{} × {}",
                layout.grid.columns(),
                layout.grid.rows()
            )));
        }
        match self.bands.iter().find(|band| **band >= layout.bands) {
            Some(band) => Err(Error::out_of_range("band").found(band).allowed(format!("0–{}", layout.bands - 1))),
            None => Ok(()),
        }
    }
}
