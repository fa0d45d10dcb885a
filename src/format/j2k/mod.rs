//! JPEG 2000: JP2, JPX and JPH files (T.800 Annex I, T.801, T.814 Annex D), and codestreams without a file around them.
//!
//! A file holds one image: the first codestream. `docs/formats/j2k.md` lists the metadata keys.

mod geo;
mod header;
mod header_boxes;
mod metadata;
mod options;
mod palette;
mod reader;
mod writer;

pub(super) use palette::PALETTE;

use std::sync::Arc;

use super::request::merge;
use super::{Format, FormatNames, NewFile, OpenFile, OpenOptions, SaveSettings, TextField, Warning};
use crate::codestream::j2k::SIGNATURE;
use crate::codestream::j2k::is_codestream;
use crate::error::{Error, Result};
use crate::image::{Georeference, ImageLayout};
use crate::io::{ByteSink, ByteSource};
use crate::metadata::{Metadata, Value};

/// The formats: files of boxes, and codestreams without boxes. By default, the blocks of the last two are those of Part 15.
pub(super) static JP2: J2k = J2k { is_boxed: true, high_throughput: false, names: &JP2_NAMES };
pub(super) static J2K: J2k = J2k { is_boxed: false, high_throughput: false, names: &J2K_NAMES };
pub(super) static JPH: J2k = J2k { is_boxed: true, high_throughput: true, names: &JPH_NAMES };
pub(super) static JHC: J2k = J2k { is_boxed: false, high_throughput: true, names: &JHC_NAMES };

/// A format.
#[derive(Clone, Copy)]
pub(super) struct J2k {
    /// True if boxes are around the codestream.
    is_boxed: bool,
    /// True if the blocks of files that are written are those of Part 15 by default.
    high_throughput: bool,
    names: &'static FormatNames,
}

impl Format for J2k {
    fn names(&self) -> &FormatNames {
        self.names
    }

    fn matches(&self, first: &[u8]) -> bool {
        if self.is_boxed { first.starts_with(SIGNATURE) } else { is_codestream(first) }
    }

    fn owns_key(&self, key: &str) -> bool {
        key.starts_with(KEY_PREFIX)
    }

    fn open(&self, source: Arc<dyn ByteSource>, options: &OpenOptions) -> Result<OpenFile> {
        reader::open(source, options).map(OpenFile)
    }

    fn create(&self, sink: Box<dyn ByteSink>) -> Result<NewFile> {
        Ok(NewFile(writer::create(sink, *self)))
    }

    fn apply(
        &self,
        settings: &SaveSettings,
        metadata: &Metadata,
        _layout: &ImageLayout,
        _warnings: &mut Vec<Warning>,
    ) -> Result<Metadata> {
        if !self.is_boxed {
            settings.refuse_georeference("JPEG 2000 codestream (.j2k)")?;
        }
        Ok(merge(metadata, &encoding(settings)?, replaces))
    }

    fn has_text(&self, _: TextField) -> bool {
        false
    }

    fn further_content(&self, metadata: &Metadata) -> Vec<String> {
        let is_further = |key: &str| {
            metadata::KEPT.contains(&key) || (key.starts_with(metadata::UUID) && !geo::is_location_key(key))
        };
        let states = |(key, value): &(&str, &Value)| is_further(key) && !metadata::names_program(key, value);
        metadata.iter().filter(states).map(|(key, _)| key.to_owned()).collect()
    }

    fn keys_of_stream(&self) -> &[&str] {
        &[metadata::COMMENT]
    }

    fn is_location_key(&self, key: &str) -> bool {
        geo::is_location_key(key)
    }

    fn adjust_to_bands(&self, metadata: &mut Metadata, _: &[u32]) {
        metadata.retain(|key| !metadata::OF_COMPONENTS.contains(&key));
    }

    fn adjust_to_part(&self, metadata: &mut Metadata, place: &Georeference) -> Vec<String> {
        // The boxes are made again from the names.
        metadata.retain(|key| geo::is_key(key) || !geo::is_location_key(key));
        super::geo_payload::adjust_to_part(metadata, place)
    }
}

static JP2_NAMES: FormatNames =
    FormatNames { name: "jp2", aliases: &["jpeg2000"], extensions: &["jp2", "jpx", "jpf"], media_type: MEDIA_TYPE };

static J2K_NAMES: FormatNames =
    FormatNames { name: "j2k", aliases: &["j2c", "jpc"], extensions: &["j2k", "j2c", "jpc"], media_type: MEDIA_TYPE };

static JPH_NAMES: FormatNames = FormatNames { name: "jph", aliases: &[], extensions: &["jph"], media_type: MEDIA_TYPE };

static JHC_NAMES: FormatNames = FormatNames { name: "jhc", aliases: &[], extensions: &["jhc"], media_type: MEDIA_TYPE };

const MEDIA_TYPE: &str = "image/jp2";

/// The words for the compression of a file.
const COMPRESSIONS: [&str; 5] = ["j2k", "jpeg2000", "lossless", "lossy", "htj2k"];

/// Bits per pixel and band of `lossy` without a quality.
const LOSSY_RATE: f64 = 2.0;

/// How every metadata key begins.
const KEY_PREFIX: &str = "J2K_";

/// The settings as metadata entries.
fn encoding(settings: &SaveSettings) -> Result<Metadata> {
    let mut metadata = Metadata::new();
    if let Some(word) = &settings.compression {
        match word.trim().to_ascii_lowercase().as_str() {
            "htj2k" => metadata.set(options::HIGH_THROUGHPUT, true),
            "j2k" | "jpeg2000" => metadata.set(options::HIGH_THROUGHPUT, false),
            "lossy" if settings.quality.is_none() => metadata.set(options::RATE, LOSSY_RATE),
            "lossy" => {}
            "lossless" if settings.quality.is_none() => {}
            "lossless" => {
                let error = Error::usage("quality of a lossless JPEG 2000 file:");
                return Err(error.found(settings.quality.unwrap_or_default()).allowed("none, or another compression"));
            }
            _ => {
                let error = Error::usage("compression of a JPEG 2000 file").found(word);
                return Err(error.allowed(COMPRESSIONS.join(", ")));
            }
        }
    }
    if let Some(nodata) = settings.nodata {
        let allowed = "none, as JPEG 2000 files cannot store it";
        return Err(Error::usage("nodata of a JPEG 2000 file").found(nodata).allowed(allowed));
    }
    if let Some((columns, rows)) = settings.block_size {
        if columns == 0 || rows == 0 {
            let error = Error::usage("block_size of a JPEG 2000 file").found(format!("({columns}, {rows})"));
            return Err(error.allowed("at least 1"));
        }
        metadata.set(metadata::TILE_SIZE, Value::List(vec![columns.into(), rows.into()]));
    }
    if let Some(quality) = settings.quality {
        metadata.set(options::RATE, options::rate(Some(quality), "quality")?);
    }
    for (name, value) in super::geo_payload::names_of(&settings.georeference)? {
        metadata.set(name, value);
    }
    Ok(metadata)
}

/// True if an entry of [`encoding`] under `setting` makes one under `key` obsolete.
fn replaces(setting: &str, key: &str) -> bool {
    setting == key || geo::is_key(setting) && geo::is_key(key)
}
