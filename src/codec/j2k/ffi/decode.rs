//! Decodes a codestream, or a part of it.

use super::handle::{Codec, Image, Stream};
use crate::error::{Error, Result};

/// What to decode.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Request<'a> {
    /// The parts of a codestream, which follow one another.
    pub codestream: &'a [&'a [u8]],
    /// The area (x0, y0, x1, y1) of the reference grid; `None` for all of it.
    pub area: Option<[u32; 4]>,
    /// Resolutions to discard.
    pub reduction: u8,
    /// Quality layers to decode; 0 for all.
    pub layers: u32,
    /// The components to decode, if the components are not transformed together; none for all.
    pub components: &'a [u32],
    /// True to report data that end early as an error.
    pub is_strict: bool,
}

/// Decoded components.
pub(crate) struct Decoded {
    image: Image,
    /// The decoder's warnings, which do not concern pixels: data that are lost are an error if the request is strict.
    #[cfg(test)]
    pub warnings: Vec<String>,
}

/// The samples of a component.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plane<'d> {
    /// Columns.
    pub columns: u32,
    /// In row order.
    pub samples: &'d [i32],
}

/// Decodes a codestream that this crate has checked.
///
/// # Errors
/// [`Error::Malformed`] with the decoder's message.
pub(crate) fn decode(request: &Request<'_>) -> Result<Decoded> {
    let no_memory = || Error::unsupported("codestream: the decoder has no memory left");
    let mut codec = Codec::new().ok_or_else(no_memory)?;
    let mut stream = Stream::new(request.codestream).ok_or_else(no_memory)?;
    let decoded = run(&mut codec, &mut stream, request)?;
    let messages = codec.take_messages();
    if let Some(image) = decoded {
        return Ok(Decoded {
            image,
            #[cfg(test)]
            warnings: messages.warnings,
        });
    }
    let reasons = if messages.errors.is_empty() { messages.warnings } else { messages.errors };
    let reasons = if reasons.is_empty() { "no reason".to_owned() } else { reasons.join("; ") };
    Err(Error::malformed("codestream: OpenJPEG reports").found(reasons))
}

/// The decoded image; `None` if the decoder reports an error.
fn run(codec: &mut Codec, stream: &mut Stream<'_>, request: &Request<'_>) -> Result<Option<Image>> {
    let area = request.area.map(|area| signed(area).ok_or(area)).transpose().map_err(|area| {
        Error::unsupported("area of the reference grid:").found(format!("{area:?}")).allowed("less than 2^31")
    })?;
    if !codec.set_up(request.reduction, request.layers, request.is_strict) {
        return Ok(None);
    }
    let Some(mut image) = codec.read_header(stream) else { return Ok(None) };
    let is_decoded = codec.set_components(request.components)
        && area.is_none_or(|area| codec.set_area(&mut image, area))
        && codec.decode(stream, &mut image);
    Ok(is_decoded.then_some(image))
}

fn signed(area: [u32; 4]) -> Option<[i32; 4]> {
    let [x0, y0, x1, y1] = area.map(|edge| i32::try_from(edge).ok());
    Some([x0?, y0?, x1?, y1?])
}

impl Decoded {
    /// The planes of the decoded components, in the order of the codestream.
    ///
    /// # Errors
    /// [`Error::Malformed`] if one was not decoded.
    pub(crate) fn planes(&self) -> Result<Vec<Plane<'_>>> {
        let planes = self.image.components().zip(0..).map(|(component, number)| {
            let samples = component.samples.filter(|samples| !samples.is_empty() || component.rows == 0);
            let missing = || Error::malformed("codestream: component without data:").found(number);
            Ok(Plane { columns: component.columns, samples: samples.ok_or_else(missing)? })
        });
        planes.collect()
    }
}
