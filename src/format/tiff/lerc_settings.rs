//! The choices of LERC: the largest error, and the compression of its blobs (`LercParameters`).

use super::compression::{self, Compression};
use super::field::{Field, FieldType, FieldValue};
use super::options::{Given, Options};
use super::{tags, values};
use crate::codec::lerc::{Further, Params};
use crate::error::{Error, Result};
use crate::format::{Warning, WarningKind};

/// The number of the version that is written, Lerc2 2.4.
const VERSION: u64 = 4;

/// The settings of an image.
pub(super) struct LercSettings {
    pub(super) params: Params,
    /// The values of the tag; `None` for another compression.
    tag: Option<[u64; 2]>,
}

impl LercSettings {
    /// Reads the settings of an image with this compression.
    ///
    /// # Errors
    /// [`Error::Usage`] for a chosen value that is not legal.
    pub(super) fn read(compression: &Compression, options: &Options<'_>, warnings: &mut Vec<Warning>) -> Result<Self> {
        let tag = options.get(tags::LERC_PARAMETERS);
        if compression.code != compression::LERC {
            let chosen = tag.filter(|given| options.is_chosen(*given));
            for given in options.max_error.into_iter().chain(chosen) {
                let message = format!("is ignored: compression {} is not LERC", compression.name);
                warnings.push(Warning::new(WarningKind::Metadata, given.key, message));
            }
            return Ok(Self { params: Params::default(), tag: None });
        }
        let max_error = options.max_error.map_or(Ok(0.0), max_error)?;
        let numbers = tag.and_then(|given| values::unsigned(tags::LERC_PARAMETERS, given.key, given.value).ok());
        let stated = numbers.and_then(|numbers| {
            let (version, further) = (*numbers.first()?, numbers.get(1).copied().unwrap_or(0));
            Some((version, Further::from_number(further)?, further))
        });
        // Blobs of other versions may be copied.
        let legal = |given: Given<'_>| stated.filter(|found| found.0 == VERSION || !options.is_chosen(given));
        let (version, further, number) = match tag.map(|given| (given, legal(given))) {
            None => (VERSION, Further::None, 0),
            Some((_, Some(found))) => found,
            Some((given, None)) => {
                let error = values::wrong(tags::LERC_PARAMETERS, given.key, given.value);
                options.refuse(
                    given.key,
                    error.allowed("[4, 0], [4, 1] with Deflate or [4, 2] with ZSTD"),
                    warnings,
                )?;
                (VERSION, Further::None, 0)
            }
        };
        Ok(Self { params: Params { further, max_error }, tag: Some([version, number]) })
    }

    /// The tag.
    pub(super) fn field(&self) -> Option<Field> {
        let value = FieldValue::Unsigned(self.tag?.to_vec());
        Some(Field { tag: tags::LERC_PARAMETERS, kind: FieldType::Long, value })
    }
}

fn max_error(given: Given<'_>) -> Result<f64> {
    let error = given.value.to_float().filter(|error| error.is_finite() && *error >= 0.0);
    error
        .ok_or_else(|| Error::usage("metadata value of").field(given.key).found(given.value).allowed("a number from 0"))
}
