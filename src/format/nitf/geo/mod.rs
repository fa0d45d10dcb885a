//! Where an image lies, in the ways NITF says it: corners as text (IGEOLO) over WGS 84, UTM and MGRS.

mod igeolo;
mod mgrs;
mod place;
mod utm;

pub use igeolo::{Corners, Icords};
pub use mgrs::{from_mgrs, to_mgrs};
pub(super) use place::read;
pub use place::{describe, precision};
pub use utm::{Utm, UtmZone};
