//! The codestream of another file as the data of an image segment (IC C8 and CD): its tiles are copied undecoded.

use std::sync::Arc;

use super::super::capacity::MAX_BLOCK;
use super::coded_rate::CodedRate;
use super::image_data::{Copied, ImageData, Space, check_length};
use super::plan::ImagePlan;
use super::stored_jpeg;
use crate::codestream::j2k::{Codestream, CodestreamInfo};
use crate::codestream::stored_header;
use crate::error::Result;
use crate::format::{Begun, Blocks, ImageRequest, J2K_HINTS, StoredSettings};
use crate::image::{BlockStore, ImageProvider};
use crate::io::ByteSink;

/// A codestream that is copied.
pub(super) struct StreamPlan {
    header: Vec<u8>,
    /// What follows the main header.
    tiles: Arc<dyn BlockStore>,
    /// Bytes of the codestream.
    length: u64,
    rate: String,
}

impl StreamPlan {
    /// The codestream of the image in its file, if the plan is one of the same coding, and the metadata ask for no other choice of
    /// the encoder.
    ///
    /// # Errors
    /// Errors of reading the main header; [`crate::Error::Usage`] for more bytes than LI can state.
    pub(super) fn new(image: &ImageRequest<'_>, plan: &ImagePlan) -> Result<Option<Self>> {
        let stored = image.provider.stream().filter(|_| image.blocks != Blocks::Caller);
        let Some((tiles, codestream)) = stored.and_then(|tiles| Some((tiles, stored_header::<Codestream>(&**tiles)?)))
        else {
            return Ok(None);
        };
        let info = CodestreamInfo::of(&codestream.header);
        let is_hinted = J2K_HINTS.iter().any(|hint| image.metadata.get(hint).is_some());
        if is_hinted || !plan.takes_stream(&codestream.header.siz, &info) {
            return Ok(None);
        }
        let header = codestream.raw_header()?;
        let mut length = header.len() as u64;
        for block in tiles.blocks() {
            length += tiles.range(block)?.map_or(0, |range| range.end - range.start);
        }
        check_length(length)?;
        let samples = image.provider.layout().grid.window().pixels() * info.bits.len() as u64;
        let rate = if info.is_reversible {
            CodedRate::Achieved { prefix: 'N', samples }.of(length)
        } else {
            CodedRate::lossy(length, samples)
        };
        Ok(Some(Self { header, tiles: Arc::clone(tiles), length, rate }))
    }

    /// The space of the segment's data.
    pub(super) fn space(&self) -> Space {
        Space { reserved: 0, appended: self.length }
    }

    /// Writes the main header, which begins at `start`; the tiles follow.
    ///
    /// # Errors
    /// If the sink fails.
    pub(super) fn open(self, start: u64, sink: &mut dyn ByteSink) -> Result<(Box<dyn ImageData>, Begun)> {
        sink.write(&self.header)?;
        Ok((Box::new(Copied { start, rate: Some(self.rate) }), Begun::Copy(self.tiles)))
    }
}

/// The settings with which the codestream or the JPEG blocks of another file are copied; `None` for an image of another coding.
pub(in super::super) fn settings_of_stored(image: &dyn ImageProvider) -> Option<StoredSettings> {
    of_codestream(image).or_else(|| stored_jpeg::settings(image))
}

fn of_codestream(image: &dyn ImageProvider) -> Option<StoredSettings> {
    let codestream = stored_header::<Codestream>(&**image.stream()?)?;
    let info = CodestreamInfo::of(&codestream.header);
    let side = |tile: u32, side: u32| Some(tile.min(side)).filter(|block| *block <= MAX_BLOCK || *block == side);
    let block_size = (side(info.tile.0, info.columns)?, side(info.tile.1, info.rows)?);
    Some(StoredSettings { compression: info.compression(), block_size })
}
