//! Chips: turns the metadata of an image into those of a part of it.

mod bilinear;
mod blocka;
mod corners;
mod fields;
mod grids;
mod ichipb;
mod metadata;
mod part;

pub use bilinear::{Bilinear, Points};
pub use ichipb::ChipPoints;
pub(super) use metadata::{CHIP_KEYS, make_level};
pub use metadata::{adjust_others, make_chip};
pub use part::Part;
