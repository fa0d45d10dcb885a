//! The main header of a codestream, and the parameters that tile-part headers may replace (T.800 Annex A.2 to A.9).

mod check;

use std::collections::BTreeMap;

use super::markers::{self, Cap, Coc, Cod, CodingStyle, Com, Continued, Quantization, Rgn, Siz, Tlm, write_segment};
use super::wire::{Fields, Wire};
use crate::error::{Error, Result};
use crate::io::{ByteSource, Lookahead};

/// The main header: what precedes the first tile-part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MainHeader {
    /// Size of image, tiles and components.
    pub siz: Siz,
    /// Capabilities, if the codestream states any.
    pub cap: Option<Cap>,
    /// The parameters of tiles that do not state their own.
    pub parameters: Parameters,
    /// Lengths of tile-parts.
    pub tlm: Vec<Tlm>,
    /// Packed packet headers.
    pub ppm: Vec<Continued>,
    /// Comments.
    pub comments: Vec<Com>,
}

/// The coding parameters in the main header or in the header of a tile's first tile-part.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Parameters {
    /// Coding style.
    pub cod: Option<Cod>,
    /// Coding style of some components.
    pub coc: BTreeMap<u16, Coc>,
    /// Quantisation.
    pub qcd: Option<Quantization>,
    /// Quantisation of some components.
    pub qcc: BTreeMap<u16, Quantization>,
    /// Regions of interest of some components.
    pub rgn: BTreeMap<u16, Rgn>,
    /// Changes of progression order.
    pub poc: Vec<ProgressionChange>,
}

/// An entry of POC (A.6.6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ProgressionChange {
    /// `RSpoc`: first resolution.
    pub first_resolution: u8,
    /// `CSpoc`: first component.
    pub first_component: u16,
    /// `LYEpoc`: the layer after the last.
    pub end_layer: u16,
    /// `REpoc`: the resolution after the last.
    pub end_resolution: u8,
    /// `CEpoc`: the component after the last; 0 for 256 in one byte and for 16 384 in two.
    pub end_component: u16,
    /// Ppoc: the progression order.
    pub progression: u8,
}

/// The most components whose numbers take one byte.
const NARROW: usize = 256;

/// The markers of Part 2 (T.801 Table A.1) that change the meaning of the samples.
const PART_2: std::ops::RangeInclusive<u16> = 0xFF70..=0xFF7F;

/// First read of a main header: enough for most.
const FIRST_READ: u64 = 4096;

impl MainHeader {
    /// Reads and checks the main header of the codestream that begins at `start`. Returns it with the offset of the first SOT.
    ///
    /// # Errors
    /// [`Error::Malformed`] with the marker and its offset; [`Error::Unsupported`] for parts of the standard that are not
    /// implemented.
    pub(crate) fn read(source: &mut Lookahead<'_>, start: u64) -> Result<(Self, u64)> {
        if source.get(start, 2)? != markers::SOC.to_be_bytes() {
            return Err(Error::malformed("codestream: does not begin with SOC").at(start));
        }
        let mut at = start + 2;
        let (mut siz, mut cap, mut parameters) = (None, None, Parameters::default());
        let (mut tlm, mut ppm, mut comments) = (Vec::new(), Vec::new(), Vec::new());
        loop {
            let marker = source.get(at, 2)?;
            if markers::ALONE.contains(&u16::from_be_bytes([marker[0], marker[1]])) {
                at += 2;
                continue;
            }
            let (marker, bytes) = segment(source, at)?;
            if marker == markers::SOT {
                break;
            }
            let length = bytes.len() as u64 + 4;
            let mut read = || -> Result<()> {
                let wide = match (&siz, marker) {
                    (None, markers::SIZ) => {
                        siz = Some(check::siz(Fields::all::<Siz>("SIZ", bytes)?)?);
                        return Ok(());
                    }
                    (None, _) => return Err(Error::malformed("main header: SIZ does not come first")),
                    (Some(siz), _) => siz.components.0.len() > NARROW,
                };
                match marker {
                    markers::SIZ => return Err(Error::malformed("main header: SIZ occurs twice")),
                    markers::CAP => cap = Some(Fields::all("CAP", bytes)?),
                    markers::TLM => tlm.push(Fields::all("TLM", bytes)?),
                    markers::PPM => ppm.push(Fields::all("PPM", bytes)?),
                    markers::COM => comments.push(Fields::all("COM", bytes)?),
                    _ => parameters.take(marker, bytes, wide)?,
                }
                Ok(())
            };
            read().map_err(|error| error.at(at))?;
            at += length;
        }
        let siz = siz.ok_or_else(|| Error::malformed("main header: SIZ is missing").at(at))?;
        let header = Self { siz, cap, parameters, tlm, ppm, comments };
        check::main(&header).map_err(|error| error.at(start))?;
        Ok((header, at))
    }

    /// True if the number of a component takes two bytes in marker segments.
    pub(crate) fn is_wide(&self) -> bool {
        self.siz.components.0.len() > NARROW
    }

    /// A look-ahead that suits the header of a codestream.
    ///
    /// # Errors
    /// If the source cannot be read.
    pub(crate) fn look_ahead(source: &dyn ByteSource) -> Result<Lookahead<'_>> {
        Lookahead::new(source, FIRST_READ, FIRST_READ)
    }

    /// Appends SOC and the segments of the header.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        markers::SOC.write(out);
        write_segment(markers::SIZ, |out| self.siz.write(out), out);
        if let Some(cap) = &self.cap {
            write_segment(markers::CAP, |out| cap.write(out), out);
        }
        self.parameters.write(self.is_wide(), out);
        self.tlm.iter().for_each(|tlm| write_segment(markers::TLM, |out| tlm.write(out), out));
        self.ppm.iter().for_each(|ppm| write_segment(markers::PPM, |out| ppm.write(out), out));
        self.comments.iter().for_each(|comment| write_segment(markers::COM, |out| comment.write(out), out));
    }
}

impl Parameters {
    /// Takes a segment with parameters; other segments are ignored.
    ///
    /// # Errors
    /// [`Error::Malformed`] for wrong fields.
    pub(crate) fn take(&mut self, marker: u16, bytes: &[u8], wide: bool) -> Result<()> {
        let name = markers::name(marker);
        let component = || -> Result<(u16, &[u8])> {
            let mut fields = Fields::new(name, bytes);
            Ok((component_number(&mut fields, wide)?, fields.rest()))
        };
        match marker {
            markers::COD => self.cod = Some(Fields::all(name, bytes)?),
            markers::QCD => self.qcd = Some(Fields::all(name, bytes)?),
            markers::COC => {
                let (component, bytes) = component()?;
                self.coc.insert(component, Fields::all(name, bytes)?);
            }
            markers::QCC => {
                let (component, bytes) = component()?;
                self.qcc.insert(component, Fields::all(name, bytes)?);
            }
            markers::RGN => {
                let (component, bytes) = component()?;
                self.rgn.insert(component, Fields::all(name, bytes)?);
            }
            markers::POC => self.poc.extend(progression_changes(bytes, wide)?),
            extension if PART_2.contains(&extension) => {
                return Err(Error::unsupported("marker segment of Part 2:").found(format!("{extension:04X}")));
            }
            _ => {}
        }
        Ok(())
    }

    /// The parameters of a tile: its own before those of the main header (A.6: tile COC, tile COD, main COC, main COD).
    #[must_use]
    pub(crate) fn over(&self, main: &Self) -> Self {
        let mut all = main.clone();
        if let Some(cod) = &self.cod {
            all.cod = Some(cod.clone());
            all.coc.clear();
        }
        if let Some(qcd) = &self.qcd {
            all.qcd = Some(qcd.clone());
            all.qcc.clear();
        }
        all.coc.extend(self.coc.iter().map(|(component, coc)| (*component, coc.clone())));
        all.qcc.extend(self.qcc.iter().map(|(component, qcc)| (*component, qcc.clone())));
        all.rgn.extend(self.rgn.iter().map(|(component, rgn)| (*component, rgn.clone())));
        if !self.poc.is_empty() {
            all.poc.clone_from(&self.poc);
        }
        all
    }

    /// The coding style of a component.
    pub(crate) fn coding(&self, component: u16) -> Option<&CodingStyle> {
        let own = self.coc.get(&component).map(|coc| &coc.coding);
        own.or_else(|| self.cod.as_ref().map(|cod| &cod.coding))
    }

    /// The quantisation of a component.
    pub(crate) fn quantization(&self, component: u16) -> Option<&Quantization> {
        self.qcc.get(&component).or(self.qcd.as_ref())
    }

    fn write(&self, wide: bool, out: &mut Vec<u8>) {
        if let Some(cod) = &self.cod {
            write_segment(markers::COD, |out| cod.write(out), out);
        }
        for (component, coc) in &self.coc {
            write_segment(markers::COC, |out| write_for(*component, wide, coc, out), out);
        }
        if let Some(qcd) = &self.qcd {
            write_segment(markers::QCD, |out| qcd.write(out), out);
        }
        for (component, qcc) in &self.qcc {
            write_segment(markers::QCC, |out| write_for(*component, wide, qcc, out), out);
        }
        for (component, rgn) in &self.rgn {
            write_segment(markers::RGN, |out| write_for(*component, wide, rgn, out), out);
        }
        if !self.poc.is_empty() {
            write_segment(markers::POC, |out| self.poc.iter().for_each(|change| change.write(wide, out)), out);
        }
    }
}

impl ProgressionChange {
    fn write(&self, wide: bool, out: &mut Vec<u8>) {
        self.first_resolution.write(out);
        write_for(self.first_component, wide, &self.end_layer, out);
        self.end_resolution.write(out);
        write_for(self.end_component, wide, &self.progression, out);
    }
}

/// The marker at an offset, and the bytes of its segment after the length.
///
/// # Errors
/// [`Error::Malformed`] if no marker segment begins there, or it ends past the source.
pub(crate) fn segment<'l>(source: &'l mut Lookahead<'_>, at: u64) -> Result<(u16, &'l [u8])> {
    let start = source.get(at, 4)?;
    let (marker, length) = (u16::from_be_bytes([start[0], start[1]]), u16::from_be_bytes([start[2], start[3]]));
    if marker < 0xFF4F || length < 2 {
        let found = format!("{marker:04X} {length:04X}");
        return Err(Error::malformed("marker segment:")
            .found(found)
            .allowed("a marker and a length of at least 2")
            .at(at));
    }
    Ok((marker, source.get(at + 4, u64::from(length) - 2)?))
}

fn component_number(fields: &mut Fields<'_>, wide: bool) -> Result<u16> {
    if wide { u16::read(fields) } else { u8::read(fields).map(u16::from) }
}

fn write_for(component: u16, wide: bool, segment: &impl Wire, out: &mut Vec<u8>) {
    if wide {
        component.write(out);
    } else {
        // The caller derives `wide` from the number of components.
        (component as u8).write(out);
    }
    segment.write(out);
}

fn progression_changes(bytes: &[u8], wide: bool) -> Result<Vec<ProgressionChange>> {
    let mut fields = Fields::new("POC", bytes);
    let count = bytes.len() / if wide { 9 } else { 7 };
    let mut changes = Vec::with_capacity(count);
    for _ in 0..count {
        changes.push(ProgressionChange {
            first_resolution: u8::read(&mut fields)?,
            first_component: component_number(&mut fields, wide)?,
            end_layer: u16::read(&mut fields)?,
            end_resolution: u8::read(&mut fields)?,
            end_component: component_number(&mut fields, wide)?,
            progression: u8::read(&mut fields)?,
        });
    }
    if changes.is_empty() || !fields.rest().is_empty() {
        return Err(Error::malformed("length of the marker segment POC:").found(bytes.len()));
    }
    Ok(changes)
}

#[cfg(test)]
mod tests;
