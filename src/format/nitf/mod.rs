//! Reads and writes NITF 2.1 and NSIF 1.0 (MIL-STD-2500C, Joint BIIF Profile); reads NITF 2.0 (MIL-STD-2500A). The structures
//! are data, every segment has its metadata, and the pixels of uncompressed images are read and written.

mod areas;
mod assets;
mod band_descriptions;
mod bilevel_blocks;
mod capacity;
mod chain;
pub mod chip;
mod chosen_bands;
mod coded_store;
mod des;
mod fields;
mod further;
pub(crate) mod geo;
mod ic;
mod j2k_store;
mod joined;
mod jpeg_blocks;
mod jpeg_levels;
mod kind;
mod layouts;
mod mask;
mod names;
mod pad;
mod palette;
mod pixels;
mod reader;
mod rpc;
mod rules;
mod segments;
mod store;
mod streaming;
mod subheader;
mod tables;
mod tre;
mod typed;
mod values;
mod version;
mod vq_blocks;
mod whole;
mod write;

pub use layouts::{des_layout, des_names, header, register_des, register_tre, tre_layout, tre_layouts, tre_names};
pub(super) use palette::PALETTE;
pub use rpc::{read_rpc, rpc_fields};
pub use tables::{decode_table, encode_table, table, table_ids};
pub use tre::{Tre, TreBody, parse_tres, write_tre_fields, write_tres};
pub use typed::{typed, typed_des, typed_tre};
#[cfg(feature = "python")]
pub(crate) use write::{default_representation, text_format};

use std::sync::Arc;

use super::{
    FittedText, Format, FormatNames, NewFile, OpenFile, OpenOptions, SaveSettings, StoredSettings, TextField, Warning,
};
use crate::error::Result;
use crate::image::{Georeference, ImageLayout, ImageProvider, Rpc};
use crate::io::{ByteSink, ByteSource};
use crate::metadata::Metadata;
use version::{Version, is_nitf};
use write::Flavour;

/// NITF 2.1 or NSIF 1.0: the same structures under two names.
pub(super) struct Nitf {
    names: FormatNames,
    flavour: Flavour,
}

/// NITF 2.1.
pub(super) static NITF: Nitf = Nitf {
    names: FormatNames {
        name: "nitf",
        aliases: &["nitf21", "nitf2.1", "jbp"],
        extensions: &["ntf", "nitf"],
        media_type: MEDIA_TYPE,
    },
    flavour: Flavour::Nitf,
};

/// NSIF 1.0.
pub(super) static NSIF: Nitf = Nitf {
    names: FormatNames {
        name: "nsif",
        aliases: &["nsif10", "nsif1.0"],
        extensions: &["nsf", "nsif"],
        media_type: MEDIA_TYPE,
    },
    flavour: Flavour::Nsif,
};

impl Format for Nitf {
    fn names(&self) -> &FormatNames {
        &self.names
    }

    fn matches(&self, first: &[u8]) -> bool {
        let is_nsif = is_nitf(first).map(|version| version == Version::Nsif10);
        is_nsif == Some(matches!(self.flavour, Flavour::Nsif))
    }

    /// Header fields and TREs, which are spelt in capitals, digits and underscores, and the hints for JPEG 2000.
    fn owns_key(&self, key: &str) -> bool {
        let is_capital = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
        key.starts_with(J2K_PREFIX) || (!key.is_empty() && key.chars().all(is_capital))
    }

    fn open(&self, source: Arc<dyn ByteSource>, options: &OpenOptions) -> Result<OpenFile> {
        reader::open(source, options).map(OpenFile)
    }

    fn create(&self, sink: Box<dyn ByteSink>) -> Result<NewFile> {
        Ok(NewFile(Box::new(write::create(sink, self.flavour)?)))
    }

    fn apply(
        &self,
        settings: &SaveSettings,
        metadata: &Metadata,
        layout: &ImageLayout,
        warnings: &mut Vec<Warning>,
    ) -> Result<Metadata> {
        write::apply(settings, metadata, layout, warnings)
    }

    fn further_content(&self, metadata: &Metadata) -> Vec<String> {
        further::names(metadata)
    }

    fn further_content_of_file(&self, metadata: &Metadata) -> Vec<String> {
        further::names_of_file(metadata)
    }

    fn is_location_key(&self, key: &str) -> bool {
        further::is_location_key(key)
    }

    fn rpc(&self, metadata: &Metadata) -> Option<Result<Rpc>> {
        rpc::of_metadata(metadata)
    }

    fn rpc_entries(&self, model: &Rpc) -> Result<Metadata> {
        rpc::entries(model)
    }

    fn band_descriptions(&self, metadata: &Metadata) -> Option<Vec<Option<String>>> {
        band_descriptions::of_metadata(metadata)
    }

    fn band_description_entries(&self, descriptions: &[Option<String>], metadata: &Metadata) -> Result<Metadata> {
        band_descriptions::entries(descriptions, metadata)
    }

    fn states_location(&self, metadata: &Metadata) -> bool {
        metadata.get("IGEOLO").is_some()
    }

    fn adjust_to_level(
        &self,
        metadata: &mut Metadata,
        place: &Georeference,
        layout: &ImageLayout,
        level: u8,
    ) -> Result<Vec<String>> {
        // If the metadata do not state a place, the request or the image that is copied has it.
        let is_stated = metadata.iter().any(|(key, _)| self.is_location_key(key));
        let place = if is_stated { place.clone() } else { Georeference::default() };
        chip::make_level(metadata, &place, layout, level)
    }

    fn adjust_to_bands(&self, metadata: &mut Metadata, bands: &[u32]) {
        chosen_bands::adjust(metadata, bands);
    }

    fn fitted_text(&self, field: TextField, text: &str) -> Option<FittedText> {
        write::fitted_text(field, text)
    }

    fn holds_several_images(&self) -> bool {
        true
    }

    fn settings_of_stored(&self, image: &dyn ImageProvider) -> Option<StoredSettings> {
        write::settings_of_stored(image)
    }
}

const MEDIA_TYPE: &str = "application/vnd.nitf";

/// How metadata keys of hints for JPEG 2000 begin.
const J2K_PREFIX: &str = "J2K_";

#[cfg(test)]
mod damage_tests;
#[cfg(test)]
mod des_tests;
#[cfg(test)]
mod layout_tests;
#[cfg(test)]
mod tests;
