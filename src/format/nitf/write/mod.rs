//! Writing NITF and NSIF files.

mod areas;
mod asked;
mod bands;
mod blocks;
mod clevel;
mod clock;
mod copy;
mod data;
mod encoding;
mod fields;
mod given;
mod header;
mod levels;
mod modern;
mod names;
mod origin;
mod parts;
mod place;
mod plan;
mod rules;
mod writer;

pub(super) use encoding::{metadata_of, notice, replaces};
pub(super) use fields::to_record;
pub(super) use given::PAD_CODE;
pub(super) use header::Flavour;
pub(super) use names::{Names, comment};
pub(super) use place::MAX_BLOCKS;
pub(super) use plan::MAX_BLOCK;
pub(super) use rules::{file_findings, segment_findings};
pub(super) use writer::create;

#[cfg(test)]
mod tests;
