//! Writing NITF and NSIF files.

mod areas;
mod bands;
mod blocks;
mod coded;
mod coded_rate;
mod copy;
mod data;
mod encoding;
mod field_sets;
mod given;
mod header;
mod image_data;
mod j2k;
mod jpeg;
mod levels;
mod location;
mod origin;
mod plan;
mod sample_notes;
mod stored_jpeg;
mod stream_copy;
mod titles;
mod uncompressed;
mod writer;

#[cfg(feature = "python")]
pub(crate) use bands::default_representation;
#[cfg(feature = "python")]
pub(crate) use data::text_format;
pub(super) use encoding::apply;
pub(super) use header::{Flavour, STATION};
pub(super) use stream_copy::settings_of_stored;
pub(super) use titles::fitted_text;
pub(super) use writer::create;

#[cfg(test)]
mod tests;
