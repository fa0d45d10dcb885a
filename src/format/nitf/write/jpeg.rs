//! JPEG images (IC C3, M3 and I1; MIL-STD-188-198A, Joint BIIF Profile Table G-1): the quality, the colour, and the encoder of
//! blocks. Each block is a complete stream, or one for each band. The first stream names the image in its segment APP6.

use std::sync::Arc;

use super::super::ic::{Coding, Ic};
use super::super::pixels::{Mode, Storage};
use super::given::Given;
use super::sample_notes::SampleNotes;
use crate::codec::jpeg::segments::write_segment;
use crate::codec::jpeg::{ColorModel, Encoder, Rows, markers::APP0};
use crate::codec::{BlockPixels, Borrow, Encoded, Gathering, ImageEncoder, Pieces, Scratch};
use crate::codestream::jpeg::{Header, JpegOptions, JpegStream};
use crate::error::{Error, Result};
use crate::format::{Warning, WarningKind, WriteContext};
use crate::image::{BlockGrid, BlockIndex, ImageLayout, Interleave, Padding, SampleType};
use crate::schema::{FieldData, Record};

/// COMRAT on disk: general imagery, and tables in the stream. Other readers accept only this form, whatever the quality.
pub(super) const RATE: &str = "00.0";

/// The quality if COMRAT does not state one.
const DEFAULT_QUALITY: u8 = 75;

/// The longest side of an image of IC I1 (N0106-97).
const MAX_REDUCED: u32 = 2048;

/// The names of the bands in a stream of luminance and chrominance.
pub(super) const YCBCR: &str = "YCbCr601";

/// A JPEG image that is about to be written.
#[derive(Debug, Clone)]
pub(super) struct JpegPlan {
    quality: u8,
    color: ColorModel,
    /// The segment APP6, complete with its marker.
    pub(super) app6: Vec<u8>,
}

/// Encodes the blocks of an image, each as complete streams.
struct BlockStreams {
    encoder: Encoder,
    plan: JpegPlan,
    storage: Storage,
    gathering: Gathering,
    notes: SampleNotes,
}

/// Checks the pixels and the size of an image against its IC, and sets the fields that JPEG fixes.
///
/// # Errors
/// [`Error::Usage`] for what JPEG blocks cannot hold.
pub(super) fn set_fields(
    record: &mut Record,
    given: &Given,
    layout: &ImageLayout,
    ic: Ic,
    context: &mut WriteContext<'_, '_>,
) -> Result<()> {
    check(ic, layout, record)?;
    if record.text("PJUST") == Some("L") {
        // Streams hold values, not bits of a sample.
        record.set("PJUST", "R");
        if given.is_chosen("PJUST") {
            context.warnings.push(Warning::new(WarningKind::Metadata, "PJUST", "is R, not L, as JPEG stores values"));
        }
    }
    // The hint is a quality, which the file does not hold.
    record.set("COMRAT", RATE);
    Ok(())
}

fn check(ic: Ic, layout: &ImageLayout, record: &Record) -> Result<()> {
    let bits = record.int("NBPP").unwrap_or(0);
    if layout.sample != SampleType::UInt8 || bits != 8 {
        let found = format!("{} of {bits} bits", layout.sample);
        let error = Error::usage(format!("dtype of an image with IC {}:", ic.code)).found(found);
        return Err(error.allowed("uint8 of 8 bits (NBPP 8)"));
    }
    let (columns, rows) = (layout.grid.columns(), layout.grid.rows());
    if ic.coding == Coding::ReducedJpeg && columns.max(rows) > MAX_REDUCED {
        let error = Error::usage(format!("size of an image with IC {}:", ic.code)).found(format!("{columns} × {rows}"));
        return Err(error.allowed(format!("at most {MAX_REDUCED} × {MAX_REDUCED}; C3 holds larger images")));
    }
    Ok(())
}

/// The mode if none is given: P for colour, which is then stored as luminance and chrominance; S for other images of several
/// bands.
pub(super) fn default_mode(given: &Given, layout: &ImageLayout) -> &'static str {
    let is_color = match given.get("IREP") {
        Some(FieldData::Text(text)) if given.is_chosen("IREP") => matches!(text.trim(), "RGB" | YCBCR),
        _ => true,
    };
    match layout.bands {
        1 => "B",
        3 if is_color && odd_roles(given).is_none() => "P",
        _ => "S",
    }
}

/// The roles of the bands as given, if these are not red, green and blue, or luminance and chrominance, in this order.
fn odd_roles(given: &Given) -> Option<String> {
    let Some(FieldData::Group(bands)) = given.get("BAND_INFO") else { return None };
    let roles: Vec<&str> = bands.iter().map(|band| band.text("IREPBAND").unwrap_or_default().trim()).collect();
    let is_usual = roles.iter().all(|role| role.is_empty()) || roles == ["R", "G", "B"] || roles == ["Y", "Cb", "Cr"];
    (!is_usual && bands.len() == 3).then(|| roles.join(" "))
}

/// The representation of an image whose pixels are stored as luminance and chrominance, in mode P; `None` in other modes.
///
/// # Errors
/// [`Error::Usage`] for another number of bands than 3, another chosen IREP than RGB and `YCbCr601`, or other roles of bands.
pub(super) fn stored_representation(
    record: &Record,
    given: &Given,
    layout: &ImageLayout,
    context: &mut WriteContext<'_, '_>,
) -> Result<Option<&'static str>> {
    if record.text("IMODE") != Some("P") {
        return Ok(None);
    }
    if layout.bands != 3 {
        let error = Error::usage("bands of a JPEG image with IMODE P:").found(layout.bands);
        return Err(error.allowed("3 (red, green, blue), or IMODE B or S"));
    }
    if let Some(roles) = odd_roles(given) {
        let error = Error::usage("value of").field("IREPBAND").found(roles);
        return Err(error.allowed("R G B for a JPEG image with IMODE P, or IMODE B or S"));
    }
    let chosen = record.text("IREP").map(str::trim).filter(|_| given.is_chosen("IREP"));
    match chosen {
        Some(YCBCR) | None => {}
        Some("RGB") => {
            let message = "is YCbCr601, not RGB, as JPEG stores luminance and chrominance in IMODE P";
            context.warnings.push(Warning::new(WarningKind::Metadata, "IREP", message));
        }
        Some(other) => {
            let error = Error::usage("value of").field("IREP").found(other);
            return Err(error.allowed("YCbCr601 for a JPEG image with IMODE P, or IMODE B or S"));
        }
    }
    Ok(Some(YCBCR))
}

/// True if the metadata are copied from an image whose luminance and chrominance its decoder made red, green and blue. A plain
/// mapping does not state the IC of its file any more, but keeps the COMRAT of JPEG.
pub(super) fn was_converted(given: &Given) -> bool {
    let of_original = |name: &str| given.original.as_ref().and_then(|original| original.text(name)).map(str::trim);
    let is_jpeg = match of_original("IC") {
        Some(code) => Ic::from_code(code).is_some_and(Ic::is_jpeg),
        None => matches!(given.get("COMRAT"), Some(FieldData::Text(rate)) if is_rate(rate)),
    };
    is_jpeg && of_original("IREP") == Some(YCBCR)
}

/// True for a COMRAT of JPEG, such as `00.0`.
pub(super) fn is_rate(text: &str) -> bool {
    matches!(text.as_bytes(), [a, b, b'.', c] if [a, b, c].into_iter().all(u8::is_ascii_digit))
}

/// The bands and the mode of an image that can have a stream with this header as its only block; `None` for a stream of other
/// colours.
pub(super) fn stored_color(header: &Header) -> Option<(u32, Mode)> {
    match (header.color(), header.frame.components.len()) {
        (ColorModel::Independent, 1) => Some((1, Mode::Block)),
        (ColorModel::YCbCr { .. }, 3) => Some((3, Mode::Pixel)),
        _ => None,
    }
}

impl JpegPlan {
    /// The plan of an image with this storage.
    ///
    /// # Errors
    /// [`Error::Usage`] for a quality out of range.
    pub(super) fn new(given: &Given, storage: &Storage, context: &mut WriteContext<'_, '_>) -> Result<Self> {
        let (mode, is_color) = match storage.mode {
            Mode::Pixel => (b'P', true),
            Mode::Sequential => (b'S', false),
            Mode::Block | Mode::Row => (b'B', false),
        };
        context.warnings.extend(second_loss(given));
        // Samples that were copied as luminance and chrominance from an uncompressed image are stored as they are.
        let is_copied = |value: &FieldData| *value == FieldData::Text(YCBCR.to_owned()) && !given.is_chosen("IREP");
        let is_stored = given.get("IREP").is_some_and(is_copied) && !was_converted(given);
        let color = if is_color && !is_stored {
            ColorModel::YCbCr { horizontal: 2, vertical: 2 }
        } else {
            ColorModel::Independent
        };
        Ok(Self { quality: quality(given)?, color, app6: app6(mode, &storage.grid, is_color) })
    }

    /// The image as one stream, if it is a single block without padding. Bands of rows are then encoded apart.
    ///
    /// # Errors
    /// None for a checked image.
    pub(super) fn stream(&self, storage: &Storage, layout: &ImageLayout) -> Result<Option<JpegStream>> {
        let grid = storage.grid;
        let is_whole = (grid.block_columns(), grid.block_rows()) == (grid.columns(), grid.rows());
        // Samples beyond ABPP are noted block by block.
        if !is_whole || storage.planes() > 1 || storage.actual_bits < storage.bits {
            return Ok(None);
        }
        let Self { quality, color, app6 } = self.clone();
        JpegStream::new(layout, JpegOptions { quality, color, segments: app6, restarts: true }).map(Some)
    }

    /// The encoder of the blocks. Blocks that the provider does not have are absent if `is_masked`, and hold `pad` otherwise.
    ///
    /// # Errors
    /// None for a checked image.
    pub(super) fn encoder(
        self,
        storage: Storage,
        is_masked: bool,
        finds_pads: bool,
        pad: &[u8],
    ) -> Result<Arc<dyn ImageEncoder>> {
        let is_by_pixel = storage.mode == Mode::Pixel;
        let gathering = Gathering {
            // Bands are coded one by one, and pad pixels are found in pixels.
            interleave: if is_by_pixel && finds_pads { Interleave::Pixel } else { Interleave::Band },
            padding: Padding::Replicate(pad.to_vec()),
            absent: (!is_masked).then(|| pad.to_vec()),
            borrow: match (finds_pads, is_by_pixel) {
                (true, _) => Borrow::Nothing,
                (false, true) => Borrow::Block(Interleave::Pixel),
                (false, false) => Borrow::Bands,
            },
        };
        let encoder = Encoder::new(storage.bands / storage.planes(), self.color, self.quality)?;
        let notes = SampleNotes::new(&storage, pad, finds_pads);
        Ok(Arc::new(BlockStreams { encoder, plan: self, storage, gathering, notes }))
    }
}

impl ImageEncoder for BlockStreams {
    fn gathering(&self) -> &Gathering {
        &self.gathering
    }

    fn identity(&self) -> String {
        format!("NITF {:?} {:?} {:?} {}", self.plan, self.storage, self.gathering, self.notes.finds_pads())
    }

    fn encode<'p>(
        &self,
        _: BlockIndex,
        pixels: BlockPixels<'p>,
        out: &mut Encoded,
        _: &mut Scratch,
    ) -> Result<Pieces<'p>> {
        let is_planar = self.gathering.interleave == Interleave::Band && matches!(pixels, BlockPixels::Gathered(_));
        let rows = if is_planar { Rows::Planar } else { Rows::Interleaved };
        let planes = match &pixels {
            BlockPixels::Borrowed(bytes) => vec![*bytes],
            BlockPixels::Bands(bands) => bands.clone(),
            BlockPixels::Gathered(raw) => raw.chunks_exact(raw.len() / self.storage.planes() as usize).collect(),
        };
        out.set_receipt(&match &pixels {
            BlockPixels::Gathered(raw) => self.notes.of_gathered(raw, raw.len() / self.storage.planes() as usize),
            _ => self.notes.of_planes(&planes),
        });
        let grid = self.storage.grid;
        let side = |length: u32| {
            let error = || Error::usage("side of a JPEG block:").found(length).allowed(format!("1 to {}", u16::MAX));
            u16::try_from(length).map_err(|_| error())
        };
        let shape = (side(grid.block_columns())?, side(grid.block_rows())?);
        for plane in planes {
            out.piece(|bytes| {
                // The first stream in the file gets the segment APP6 when it is appended.
                self.encoder.write_stream(rows(plane), shape, &[], true, bytes);
                Ok(())
            })?;
        }
        Ok(Pieces::Appended)
    }
}

/// The quality that COMRAT states as a hint. A copied COMRAT describes the tables of another stream.
fn quality(given: &Given) -> Result<u8> {
    let Some(value) = given.get("COMRAT").filter(|_| given.is_chosen("COMRAT")) else { return Ok(DEFAULT_QUALITY) };
    let number = match value {
        FieldData::Text(text) => text.trim().parse().ok(),
        other => other.to_float(),
    };
    match number {
        Some(0.0) => Ok(DEFAULT_QUALITY),
        Some(quality) if (0.0..=99.9).contains(&quality) => Ok((quality.round() as u8).max(1)),
        _ => {
            let error = Error::usage("value of").field("COMRAT").found(value);
            Err(error.allowed("a quality of 00.1 to 99.9 for a JPEG image; 00.0 is the default, 75"))
        }
    }
}

/// The warning that an image of JPEG blocks is encoded again. A reduced image has other pixels.
fn second_loss(given: &Given) -> Option<Warning> {
    let ic = given.original.as_ref().and_then(|original| original.text("IC")).map(str::trim);
    let is_again = ic.and_then(Ic::from_code).is_some_and(Ic::is_jpeg)
        && !["COMRAT", "IC", "IMAG"].into_iter().any(|name| given.is_chosen(name));
    let message =
        "the pixels of a JPEG image are encoded as JPEG again, which loses more: state a quality, or a lossless IC";
    is_again.then(|| Warning::new(WarningKind::Metadata, "COMRAT", message))
}

/// The segment APP6 (MIL-STD-188-198A): the mode, the blocks, and the colour of the image and of its streams.
fn app6(mode: u8, grid: &BlockGrid, is_color: bool) -> Vec<u8> {
    let (across, down) = ((grid.across() as u16).to_be_bytes(), (grid.down() as u16).to_be_bytes());
    // The colour of the image: RGB; the colour of the stream: luminance and chrominance.
    let [image_color, stream_color] = if is_color { [1, 2] } else { [0, 0] };
    let (precision, class, baseline, embedded_tables) = (8, 0, 1, 0);
    let fields = [image_color, precision, class, baseline, embedded_tables, stream_color, precision];
    // No filter was applied across or down, and no flag is set.
    let rest = [1, 1, 0, 0];
    let mut out = Vec::new();
    write_segment(APP0 + 6, &[b"NITF\0", &[2, 0], &[mode], &across, &down, &fields, &rest], &mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_stream_names_the_image() {
        let grid = BlockGrid::new(2048, 2048, 256, 256).unwrap();
        let grey: Vec<u8> = app6(b'B', &grid, false);
        assert_eq!(
            grey,
            b"\xFF\xE6\x00\x19NITF\0\x02\x00B\x00\x08\x00\x08\x00\x08\x00\x01\x00\x00\x08\x01\x01\x00\x00"
        );
        let color = app6(b'P', &grid, true);
        assert_eq!((color.len(), color[11], color[16], color[21]), (27, b'P', 1, 2));
    }
}
