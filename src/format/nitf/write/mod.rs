//! Writing NITF and NSIF files.

mod areas;
mod asked;
mod bands;
mod block_offsets;
mod blocks;
mod clevel;
mod clock;
mod copy;
mod data;
mod encoding;
mod field_sets;
mod given;
mod header;
mod levels;
mod location;
mod modern;
mod parts;
mod plan;
mod titles;
mod work_grid;
mod writer;

pub(super) use encoding::{metadata_of, notice, replaces};
pub(super) use header::Flavour;
pub(super) use writer::create;

#[cfg(test)]
mod tests;
