//! The location of an image as NITF stores it: corners as text (IGEOLO) in WGS 84, UTM and MGRS.

mod georeference;
mod igeolo;
mod mgrs;
mod utm;

pub(super) use georeference::{between, read};
pub use georeference::{describe, precision};
pub use igeolo::{Corners, Icords};
pub(super) use igeolo::{near, wrapped};
pub use mgrs::{from_mgrs, to_mgrs};
pub use utm::{Utm, UtmZone};
