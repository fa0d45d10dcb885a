//! An encoder for imagery: prefix codes made for each segment, and matches only where images have them.
//!
//! After a predictor, imagery is noise around zero. Searching such bytes for what stood anywhere before, as general
//! encoders do, takes most of their time and finds little. What there is to find are mostly runs (flat areas) and bytes
//! that are those of the row above (edges, blocks of an earlier lossy compression). Only these two places are looked at,
//! and a match is taken only where it costs fewer bits than its bytes do as literals.

mod matches;
mod repeats;
mod stream;

pub(super) use matches::{Arrangement, Finder};
pub(super) use stream::compress;
