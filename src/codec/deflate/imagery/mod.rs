//! An encoder for imagery: prefix codes for each segment, and matches only where images typically have them.
//!
//! After a predictor, imagery is noise around zero. General encoders spend most of their time on a search for repetitions in
//! such bytes and find few. Most are runs (flat areas) or repeat bytes of the row above (edges, blocks of an earlier lossy
//! compression). This encoder looks only at these two places, and takes a match only if it costs fewer bits than its
//! literals.

mod matches;
mod repeats;
mod stream;

pub(super) use matches::{Arrangement, Finder};
pub(super) use stream::compress;
