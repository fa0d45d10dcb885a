//! Markers and headers of ITU-T T.81 (Table B.1, §B.2).

use crate::error::{Error, Result};

/// Start of frame, baseline: the first of sixteen codes. Three of them have other meanings.
pub(crate) const SOF0: u8 = 0xC0;
/// Define Huffman tables.
pub(crate) const DHT: u8 = 0xC4;
/// Reserved for extensions, among the codes of frames.
const JPG: u8 = 0xC8;
/// Define arithmetic coding conditioning, among the codes of frames.
const DAC: u8 = 0xCC;
/// First of eight restart markers.
pub(crate) const RST0: u8 = 0xD0;
/// Last of eight restart markers.
pub(crate) const RST7: u8 = 0xD7;
/// Start of image.
pub(crate) const SOI: u8 = 0xD8;
/// End of image.
pub(crate) const EOI: u8 = 0xD9;
/// Start of scan.
pub(crate) const SOS: u8 = 0xDA;
/// Define quantisation tables.
pub(crate) const DQT: u8 = 0xDB;
/// Define number of lines.
pub(crate) const DNL: u8 = 0xDC;
/// Define restart interval.
pub(crate) const DRI: u8 = 0xDD;
/// First of sixteen application segments.
pub(crate) const APP0: u8 = 0xE0;
/// Adobe's application segment, which names the colour transform.
pub(crate) const APP14: u8 = 0xEE;
/// Comment.
pub(crate) const COM: u8 = 0xFE;
/// For temporary private use in arithmetic coding; has no payload.
const TEM: u8 = 0x01;

/// The bytes before the colour transform in Adobe's segment: the name, a version and two times sixteen flags.
const ADOBE_TRANSFORM_AT: usize = 11;

/// The coding process of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Process {
    /// Discrete cosine transform, one pass, two tables of each kind (SOF0).
    Baseline,
    /// The same with four tables and 12 bits allowed (SOF1).
    Extended,
    /// Discrete cosine transform in several passes (SOF2).
    Progressive,
    /// Lossless prediction (SOF3).
    Lossless,
}

/// A frame header (§B.2.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FrameHeader {
    /// The coding process.
    pub process: Process,
    /// Bits of a sample.
    pub precision: u8,
    /// Rows of the image.
    pub rows: u16,
    /// Columns of the image.
    pub columns: u16,
    /// Its components, one to four.
    pub components: Vec<FrameComponent>,
}

/// A component of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FrameComponent {
    /// Its identifier, which scans refer to.
    pub id: u8,
    /// Horizontal sampling factor, 1 to 4.
    pub horizontal: u8,
    /// Vertical sampling factor, 1 to 4.
    pub vertical: u8,
    /// Quantisation table, 0 to 3.
    pub table: u8,
}

/// A scan header (§B.2.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ScanHeader {
    /// Positions in the frame of the scan's components.
    pub components: Vec<usize>,
    /// First coefficient, or the predictor of the lossless process.
    pub start: u8,
    /// Number of omitted low bits, or the point transform of the lossless process.
    pub shift: u8,
}

/// True for a marker without a payload.
pub(crate) const fn stands_alone(marker: u8) -> bool {
    matches!(marker, SOI | EOI | RST0..=RST7 | TEM)
}

/// True for the start of a frame of any kind.
pub(crate) const fn is_frame(marker: u8) -> bool {
    matches!(marker, SOF0..=0xCF) && !matches!(marker, DHT | JPG | DAC)
}

/// The colour transform in Adobe's segment: 0 none, 1 YCbCr, 2 YCCK.
pub(crate) fn adobe_transform(payload: &[u8]) -> Option<u8> {
    payload.starts_with(b"Adobe").then(|| payload.get(ADOBE_TRANSFORM_AT).copied()).flatten()
}

impl FrameHeader {
    /// Parses the payload of the frame marker `marker` at `offset`.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for processes and precisions that this crate does not decode, [`Error::Malformed`] for values
    /// outside the standard's ranges.
    pub(crate) fn parse(marker: u8, payload: &[u8], offset: u64) -> Result<Self> {
        let process = process(marker).map_err(|error| error.at(offset))?;
        let bad = |what: &'static str| Error::malformed(what).segment("SOF").at(offset);
        let (fixed, rest) = payload.split_at_checked(6).ok_or_else(|| bad("frame header: too short"))?;
        let precision = fixed[0];
        let (rows, columns) = (u16::from_be_bytes([fixed[1], fixed[2]]), u16::from_be_bytes([fixed[3], fixed[4]]));
        let count = usize::from(fixed[5]);
        if columns == 0 {
            return Err(bad("columns").found(0).allowed("1 to 65535"));
        }
        if rows == 0 {
            return Err(Error::unsupported("JPEG height defined after the image (DNL)").at(offset));
        }
        let (is_supported, allowed) = match process {
            Process::Lossless => ((2..=16).contains(&precision), "2 to 16"),
            Process::Extended => (matches!(precision, 8 | 12), "8 or 12"),
            Process::Baseline | Process::Progressive => (precision == 8, "8"),
        };
        if !is_supported {
            return Err(Error::unsupported("JPEG sample precision").found(precision).allowed(allowed).at(offset));
        }
        if !(1..=4).contains(&count) {
            return Err(Error::unsupported("number of JPEG components").found(count).allowed("1 to 4").at(offset));
        }
        if rest.len() != 3 * count {
            return Err(bad("frame header: length does not fit its components").found(payload.len()));
        }
        let components = rest.chunks_exact(3).map(|part| FrameComponent {
            id: part[0],
            horizontal: part[1] >> 4,
            vertical: part[1] & 15,
            table: part[2],
        });
        let frame = Self { process, precision, rows, columns, components: components.collect() };
        frame.check(offset)?;
        Ok(frame)
    }

    /// The largest sampling factors.
    pub(crate) fn sampling(&self) -> (u8, u8) {
        let largest = |factor: fn(&FrameComponent) -> u8| self.components.iter().map(factor).max().unwrap_or(1);
        (largest(|part| part.horizontal), largest(|part| part.vertical))
    }

    /// Columns and rows of an MCU of a scan with all components. The MCU of a single component is one data unit, whatever its
    /// sampling factors (§A.2.2).
    pub(crate) fn mcu(&self) -> (u32, u32) {
        let side = self.data_unit();
        if self.components.len() == 1 {
            return (side, side);
        }
        let (horizontal, vertical) = self.sampling();
        (side * u32::from(horizontal), side * u32::from(vertical))
    }

    /// MCUs across and down of a scan with all components.
    pub(super) fn units(&self) -> (u32, u32) {
        let (columns, rows) = self.mcu();
        (u32::from(self.columns).div_ceil(columns), u32::from(self.rows).div_ceil(rows))
    }

    /// Data units across and down of a component in a scan of its own. An only component is not subsampled.
    pub(super) fn own_units(&self, part: FrameComponent) -> (u32, u32) {
        if self.components.len() == 1 {
            return self.units();
        }
        let (horizontal, vertical) = self.sampling();
        let side = |length: u16, own: u8, most: u8| {
            (u32::from(length) * u32::from(own)).div_ceil(most.into()).div_ceil(self.data_unit())
        };
        (side(self.columns, part.horizontal, horizontal), side(self.rows, part.vertical, vertical))
    }

    /// Data units across and down of a component, padded to whole MCUs.
    pub(super) fn padded_units(&self, part: FrameComponent) -> (u32, u32) {
        let (across, down) = self.units();
        if self.components.len() == 1 {
            return (across, down);
        }
        (across * u32::from(part.horizontal), down * u32::from(part.vertical))
    }

    /// True if this crate decodes the entropy-coded data itself: the lossless process, and samples of 12 bits.
    pub(super) fn has_own_decoder(&self) -> bool {
        self.process == Process::Lossless || self.precision > 8
    }

    /// Columns and rows of a data unit: a block of the cosine transform, or a sample.
    fn data_unit(&self) -> u32 {
        if self.process == Process::Lossless { 1 } else { 8 }
    }

    /// True for sampling factors in common use: no subsampling, or chrominance with fewer samples than luminance.
    pub(super) fn has_common_sampling(&self) -> bool {
        let factors = |part: &FrameComponent| (part.horizontal, part.vertical);
        match self.components.as_slice() {
            [_] => true,
            [luminance, chrominance @ ..] if chrominance.len() == 2 => {
                matches!(luminance.horizontal, 1 | 2 | 4)
                    && matches!(luminance.vertical, 1 | 2)
                    && chrominance.iter().all(|part| factors(part) == (1, 1))
            }
            components => components.iter().all(|part| factors(part) == (1, 1)),
        }
    }

    fn check(&self, offset: u64) -> Result<()> {
        for (position, part) in self.components.iter().enumerate() {
            let bad = |what: &'static str| Error::malformed(what).segment("SOF").at(offset);
            if !(1..=4).contains(&part.horizontal) || !(1..=4).contains(&part.vertical) {
                return Err(bad("sampling factors")
                    .found(format!("{} × {}", part.horizontal, part.vertical))
                    .allowed("1 to 4"));
            }
            if part.table > 3 {
                return Err(bad("quantisation table").found(part.table).allowed("0 to 3"));
            }
            if self.components[..position].iter().any(|other| other.id == part.id) {
                return Err(bad("duplicate component identifier").found(part.id));
            }
        }
        Ok(())
    }
}

impl ScanHeader {
    /// Parses the payload of a scan marker at `offset`.
    ///
    /// # Errors
    /// [`Error::Malformed`] if the scan does not match the frame.
    pub(crate) fn parse(frame: &FrameHeader, payload: &[u8], offset: u64) -> Result<Self> {
        let bad = |what: &'static str| Error::malformed(what).segment("SOS").at(offset);
        let count = payload.first().map_or(0, |count| usize::from(*count));
        if !(1..=4).contains(&count) || payload.len() != 4 + 2 * count {
            return Err(bad("scan header: length does not fit its components").found(payload.len()));
        }
        let mut components = Vec::with_capacity(count);
        for part in payload[1..=2 * count].chunks_exact(2) {
            let place = frame.components.iter().position(|component| component.id == part[0]);
            let place = place.ok_or_else(|| bad("component missing from the frame").found(part[0]))?;
            if components.contains(&place) {
                return Err(bad("duplicate component").found(part[0]));
            }
            if part[1] >> 4 > 3 || part[1] & 15 > 3 {
                return Err(bad("Huffman tables").found(format!("{:#04x}", part[1])).allowed("0 to 3"));
            }
            components.push(place);
        }
        let [start, _, shifts] = payload[1 + 2 * count..] else { return Err(bad("scan header: too short")) };
        let (high, shift) = (shifts >> 4, shifts & 15);
        if frame.process == Process::Lossless {
            if !(1..=7).contains(&start) || shift >= frame.precision {
                return Err(bad("predictor and point transform").found(format!("{start}, {shift}")));
            }
        } else if start > 63 || high > 13 || shift > 13 {
            return Err(bad("spectral selection or successive approximation").found(format!("{start}, {shifts:#04x}")));
        }
        Ok(Self { components, start, shift })
    }
}

fn process(marker: u8) -> Result<Process> {
    let name = match marker - SOF0 {
        0 => return Ok(Process::Baseline),
        1 => return Ok(Process::Extended),
        2 => return Ok(Process::Progressive),
        3 => return Ok(Process::Lossless),
        5..=7 => "hierarchical",
        9..=11 => "arithmetic coding",
        _ => "hierarchical with arithmetic coding",
    };
    Err(Error::unsupported("JPEG process").field(format!("SOF{}", marker - SOF0)).found(name))
}
