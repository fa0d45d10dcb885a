//! The location of an image as NITF stores it: corners as text (IGEOLO) in WGS 84, UTM and MGRS.

mod georeference;
mod igeolo;
mod mgrs;
mod utm;

pub(super) use georeference::{between, degrees, read};
pub(crate) use georeference::{describe, precision};
pub(super) use igeolo::wrapped;
pub(crate) use igeolo::{Corners, Icords};
#[cfg(feature = "python")]
pub(crate) use mgrs::{from_mgrs, to_mgrs};
#[cfg(feature = "python")]
pub(crate) use utm::{Utm, UtmZone};
