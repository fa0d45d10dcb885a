//! The stream of another file as the data of an image segment: the tiles of a codestream (IC C8 and CD), or the scan of a JPEG file
//! (IC C3), are copied undecoded.

use std::sync::Arc;

use super::super::capacity::MAX_BLOCK;
use super::coded_rate::CodedRate;
use super::image_data::{Copied, ImageData, Space, check_length};
use super::plan::ImagePlan;
use super::{jpeg, stored_jpeg};
use crate::codec::jpeg::markers::EOI;
use crate::codestream::j2k::{Codestream, CodestreamInfo};
use crate::codestream::jpeg::Header;
use crate::codestream::stored_header;
use crate::error::Result;
use crate::format::{Begun, Blocks, ImageRequest, J2K_HINTS, StoredSettings};
use crate::image::{BlockStore, ImageProvider};
use crate::io::ByteSink;

/// A stream that is copied.
pub(super) struct StreamPlan {
    header: Vec<u8>,
    /// What follows the header.
    rest: Arc<dyn BlockStore>,
    /// Bytes of the stream.
    length: u64,
    rate: String,
}

impl StreamPlan {
    /// The stream of the image in its file, if the plan is one of the same coding, and the metadata ask for no other choice of
    /// the encoder.
    ///
    /// # Errors
    /// Errors of reading the header; [`crate::Error::Usage`] for more bytes than LI can state.
    pub(super) fn new(image: &ImageRequest<'_>, plan: &ImagePlan) -> Result<Option<Self>> {
        let Some(rest) = image.provider.stream().filter(|_| image.blocks != Blocks::Caller) else { return Ok(None) };
        if let Some(codestream) = stored_header::<Codestream>(&**rest) {
            return Self::of_codestream(image, plan, rest, codestream);
        }
        match stored_header::<Header>(&**rest).filter(|_| image.blocks == Blocks::Stored) {
            Some(header) => Self::of_jpeg(plan, rest, header),
            None => Ok(None),
        }
    }

    fn of_codestream(
        image: &ImageRequest<'_>,
        plan: &ImagePlan,
        tiles: &Arc<dyn BlockStore>,
        codestream: &Codestream,
    ) -> Result<Option<Self>> {
        let info = CodestreamInfo::of(&codestream.header);
        let is_hinted = J2K_HINTS.iter().any(|hint| image.metadata.get(hint).is_some());
        if is_hinted || !plan.takes_stream(&codestream.header.siz, &info) {
            return Ok(None);
        }
        let samples = image.provider.layout().grid.window().pixels() * info.bits.len() as u64;
        let rate = |length| {
            if info.is_reversible {
                CodedRate::Achieved { prefix: 'N', samples }.of(length)
            } else {
                CodedRate::lossy(length, samples)
            }
        };
        Self::with_header(codestream.raw_header()?, tiles, rate).map(Some)
    }

    /// The header gets the segment APP6 in place of the application segments of the file.
    fn of_jpeg(plan: &ImagePlan, scan: &Arc<dyn BlockStore>, header: &Header) -> Result<Option<Self>> {
        let Some(app6) = plan.takes_jpeg(header).filter(|_| ends_with_marker(&**scan)) else { return Ok(None) };
        Self::with_header(header.with_segments(app6)?, scan, |_| jpeg::RATE.to_owned()).map(Some)
    }

    fn with_header(header: Vec<u8>, rest: &Arc<dyn BlockStore>, rate: impl FnOnce(u64) -> String) -> Result<Self> {
        let mut length = header.len() as u64;
        for block in rest.blocks() {
            length += rest.range(block)?.map_or(0, |range| range.end - range.start);
        }
        check_length(length)?;
        Ok(Self { header, rest: Arc::clone(rest), length, rate: rate(length) })
    }

    /// The space of the segment's data.
    pub(super) fn space(&self) -> Space {
        Space { reserved: 0, appended: self.length }
    }

    /// Writes the header, which begins at `start`; the rest follows.
    ///
    /// # Errors
    /// If the sink fails.
    pub(super) fn open(self, start: u64, sink: &mut dyn ByteSink) -> Result<(Box<dyn ImageData>, Begun)> {
        sink.write(&self.header)?;
        Ok((Box::new(Copied { start, rate: Some(self.rate) }), Begun::Copy(self.rest)))
    }
}

/// The settings with which the stream or the JPEG blocks of another file are copied; `None` for an image of another coding.
pub(in super::super) fn settings_of_stored(image: &dyn ImageProvider) -> Option<StoredSettings> {
    of_codestream(image).or_else(|| of_jpeg(image)).or_else(|| stored_jpeg::settings(image))
}

fn of_codestream(image: &dyn ImageProvider) -> Option<StoredSettings> {
    let codestream = stored_header::<Codestream>(&**image.stream()?)?;
    let info = CodestreamInfo::of(&codestream.header);
    let block_size = (block_side(info.tile.0, info.columns)?, block_side(info.tile.1, info.rows)?);
    Some(StoredSettings { compression: info.compression(), block_size })
}

fn of_jpeg(image: &dyn ImageProvider) -> Option<StoredSettings> {
    let scan = image.stream()?;
    let header = stored_header::<Header>(&**scan)?;
    let (columns, rows) = (header.frame.columns.into(), header.frame.rows.into());
    let block_size = (block_side(columns, columns)?, block_side(rows, rows)?);
    let is_held = header.is_baseline() && jpeg::stored_color(header).is_some() && ends_with_marker(&**scan);
    is_held.then_some(StoredSettings { compression: "jpeg", block_size })
}

/// A side of the blocks of a segment for tiles of this side in an image of this side.
fn block_side(tile: u32, side: u32) -> Option<u32> {
    Some(tile.min(side)).filter(|block| *block <= MAX_BLOCK || *block == side)
}

/// True if a stream has its end marker, and nothing after it.
fn ends_with_marker(stream: &dyn BlockStore) -> bool {
    let end = stream.blocks().last().and_then(|block| stream.range(block).ok()?).map(|range| range.end);
    let mut marker = [0; 2];
    let is_read =
        end.and_then(|end| end.checked_sub(2)).is_some_and(|at| stream.source().read_at(at, &mut marker).is_ok());
    is_read && marker == [0xFF, EOI]
}
