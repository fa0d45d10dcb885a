//! The rules for values of the main header (T.800 Tables A.9 to A.30). Decoders rely on them.

use super::{MainHeader, Parameters};
use crate::codec::j2k::geometry::TileGrid;
use crate::codec::j2k::markers::{Cod, CodingStyle, Quantization, Siz};
use crate::error::{Error, Result};

/// The most components (Table A.9).
const MOST_COMPONENTS: usize = 16_384;

/// The most bits of a sample (Table A.11).
const MOST_BITS: u8 = 38;

/// The most tiles: Isot has 16 bits.
const MOST_TILES: u64 = 65_535;

/// Checks sizes, tiles and components.
pub(super) fn siz(siz: Siz) -> Result<Siz> {
    let Siz { end, origin, tile, tile_origin, components, .. } = &siz;
    let axes = [("X", end.x, origin.x, tile.x, tile_origin.x), ("Y", end.y, origin.y, tile.y, tile_origin.y)];
    for (axis, end, origin, tile, tile_origin) in axes {
        if origin >= end {
            return Err(malformed(
                &format!("{axis}Osiz, {axis}siz"),
                format!("{origin}, {end}"),
                "an image with pixels",
            ));
        }
        let first_end = u64::from(tile_origin) + u64::from(tile);
        if tile == 0 || tile_origin > origin || first_end <= u64::from(origin) {
            let found = format!("{tile}, {tile_origin}");
            return Err(malformed(
                &format!("{axis}Tsiz, {axis}TOsiz"),
                found,
                "a first tile that holds the image's origin",
            ));
        }
    }
    let count = components.0.len();
    if count == 0 || count > MOST_COMPONENTS {
        return Err(malformed("Csiz", count, format!("1 to {MOST_COMPONENTS}")));
    }
    for component in &components.0 {
        let bits = (component.depth & 0x7F) + 1;
        if bits > MOST_BITS {
            return Err(malformed("Ssiz", format!("{bits} bits"), format!("1 to {MOST_BITS} bits")));
        }
        if component.dx == 0 || component.dy == 0 {
            return Err(malformed("XRsiz, YRsiz", format!("{}, {}", component.dx, component.dy), "at least 1"));
        }
    }
    let (across, down) = TileGrid::new(&siz).count();
    if u64::from(across) * u64::from(down) > MOST_TILES {
        return Err(malformed("tiles", format!("{across} × {down}"), format!("at most {MOST_TILES}")));
    }
    Ok(siz)
}

/// Checks that the parameters are there and fit together.
pub(super) fn main(header: &MainHeader) -> Result<()> {
    for (name, missing) in [("COD", header.parameters.cod.is_none()), ("QCD", header.parameters.qcd.is_none())] {
        if missing {
            return Err(Error::malformed("main header: missing marker segment").found(name));
        }
    }
    header.parameters.check(&header.siz)
}

impl Parameters {
    /// Checks the parameters of an image or of a tile (after those of the image: [`Parameters::over`]).
    ///
    /// # Errors
    /// [`Error::Malformed`] with the field, its value and what the standard allows.
    pub(crate) fn check(&self, siz: &Siz) -> Result<()> {
        let components = &siz.components.0;
        let named = self.coc.keys().chain(self.qcc.keys()).chain(self.rgn.keys());
        if let Some(component) = named.copied().find(|component| usize::from(*component) >= components.len()) {
            return Err(malformed("component", component, format!("less than {}", components.len())));
        }
        if let Some(cod) = &self.cod {
            default_style(cod, siz)?;
        }
        for coc in self.coc.values() {
            style(&coc.coding, coc.style)?;
        }
        if let Some(rgn) = self.rgn.values().find(|rgn| rgn.style != 0) {
            return Err(malformed("Srgn", rgn.style, "0"));
        }
        for component in 0..components.len() as u16 {
            if let (Some(coding), Some(steps)) = (self.coding(component), self.quantization(component)) {
                quantization(steps, coding)?;
            }
        }
        if let Some(change) = self.poc.iter().find(|change| change.progression > 4) {
            return Err(malformed("Ppoc", change.progression, "0 to 4"));
        }
        Ok(())
    }
}

fn default_style(cod: &Cod, siz: &Siz) -> Result<()> {
    if cod.progression > 4 {
        return Err(malformed("progression order", cod.progression, "0 to 4"));
    }
    if cod.layers == 0 {
        return Err(malformed("layers", 0, "1 to 65535"));
    }
    match (cod.component_transform, &siz.components.0[..]) {
        (0, _) => {}
        (1, [first, second, third, ..])
            if [second, third].iter().all(|part| (part.dx, part.dy) == (first.dx, first.dy)) => {}
        (1, _) => return Err(malformed("component transform", 1, "0: the first three components differ")),
        (other, _) => return Err(malformed("component transform", other, "0 or 1")),
    }
    style(&cod.coding, cod.style)
}

/// Checks `SPcod` or `SPcoc`; bit 0 of Scod or Scoc states whether precinct sizes follow.
fn style(coding: &CodingStyle, stated: u8) -> Result<()> {
    if coding.levels > 32 {
        return Err(malformed("decomposition levels", coding.levels, "0 to 32"));
    }
    if coding.block_width > 8 || coding.block_height > 8 || coding.block_width + coding.block_height > 8 {
        let found = format!("{}, {}", coding.block_width, coding.block_height);
        return Err(malformed("code-block size", found, "0 to 8 each, together at most 8"));
    }
    if coding.wavelet > 1 {
        return Err(malformed("transformation", coding.wavelet, "0 or 1"));
    }
    let expected = if stated & 1 == 1 { usize::from(coding.levels) + 1 } else { 0 };
    if coding.precincts.len() != expected {
        return Err(malformed("precinct sizes", coding.precincts.len(), expected));
    }
    let is_empty = |size: &u8| size.trailing_zeros() >= 4 || size >> 4 == 0;
    if coding.precincts.iter().skip(1).any(is_empty) {
        return Err(malformed("precinct size", 0, "1 to 15 above the lowest resolution"));
    }
    Ok(())
}

fn quantization(steps: &Quantization, coding: &CodingStyle) -> Result<()> {
    let bands = 3 * usize::from(coding.levels) + 1;
    let needed = match steps.style & 31 {
        0 => bands,
        1 => 2,
        2 => 2 * bands,
        other => return Err(malformed("quantisation style", other, "0, 1 or 2")),
    };
    // Steps of further bands are not used.
    if steps.steps.len() < needed {
        return Err(malformed("quantisation steps", format!("{} bytes", steps.steps.len()), format!("{needed} bytes")));
    }
    Ok(())
}

fn malformed(field: &str, found: impl std::fmt::Display, allowed: impl std::fmt::Display) -> Error {
    Error::malformed("codestream header").field(field).found(found).allowed(allowed)
}
