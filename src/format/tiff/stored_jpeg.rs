//! JPEG blocks of a TIFF that are copied undecoded: encoding them again would lose more. Colour and tables of the copy are those of
//! the stored blocks, which the directory then states.

use super::compression::{self, Compression};
use super::content::REDUCED;
use super::field::{Field, FieldType, FieldValue};
use super::options::Options;
use super::{tags, values};
use crate::codec::Coding;
use crate::codec::jpeg::{ColorModel, Params};
use crate::format::{Blocks, ImageRequest, Warning, WarningKind, jpeg_coding};
use crate::image::{BlockForm, BlockGrid, BlockStore, Interleave};

/// The JPEG blocks of the file that a request copies.
#[derive(Clone, Copy)]
pub(super) struct StoredJpeg<'a> {
    store: &'a dyn BlockStore,
    pub(super) coding: &'a Coding,
    pub(super) params: &'a Params,
}

/// The JPEG blocks of the image, if the request allows to copy them and the metadata state neither a quality nor other colours.
pub(super) fn of<'a>(request: &ImageRequest<'a>, options: &Options<'_>) -> Option<StoredJpeg<'a>> {
    if request.blocks != Blocks::Stored || options.quality.is_some() {
        return None;
    }
    let store = &**request.provider.in_file()?.store()?;
    let (coding, params) = jpeg_coding(store)?;
    states_colors(options, params.color).then_some(StoredJpeg { store, coding, params })
}

/// The warning that a lossy image is encoded again as it was, although the caller chose neither the compression nor a quality.
pub(super) fn second_loss(compression: &Compression, subfile: u64, options: &Options<'_>) -> Option<Warning> {
    let given = options.get(tags::COMPRESSION).filter(|given| !options.is_chosen(*given))?;
    let is_again = compression.code == compression::JPEG && options.quality.is_none() && subfile & REDUCED == 0;
    let message = "the pixels of a JPEG image are encoded as JPEG again, which loses more: choose a quality, or a lossless \
                   compression";
    is_again.then(|| Warning::new(WarningKind::Metadata, given.key, message))
}

/// True if the metadata state these colours, or none.
fn states_colors(options: &Options<'_>, stored: ColorModel) -> bool {
    let stated =
        |tag: u16| options.get(tag).map(|given| values::unsigned(tag, given.key, given.value).unwrap_or_default());
    let photometric = match stored {
        ColorModel::Rgb => Some(2),
        ColorModel::Cmyk => Some(5),
        ColorModel::YCbCr { .. } => Some(6),
        ColorModel::Independent => None,
    };
    let is_same = |found: Vec<u64>| match photometric {
        Some(photometric) => found == [photometric],
        None => !matches!(found[..], [2 | 5 | 6]),
    };
    let factors = match stored {
        ColorModel::YCbCr { horizontal, vertical } => Some(vec![u64::from(horizontal), vertical.into()]),
        _ => None,
    };
    stated(tags::PHOTOMETRIC_INTERPRETATION).is_none_or(is_same)
        && factors.is_none_or(|factors| stated(tags::YCBCR_SUB_SAMPLING).is_none_or(|found| found == factors))
}

impl StoredJpeg<'_> {
    /// True if a file with blocks of this grid and order takes the blocks as they are.
    pub(super) fn fits(&self, grid: BlockGrid, interleave: Interleave, is_cropped: bool) -> bool {
        let bands = self.store.layout().bands;
        let form = BlockForm { grid, bands, interleave, is_cropped, coding: self.coding };
        self.store.form().is_some_and(|stored| form.takes(&stored))
    }

    /// `JPEGTables`, if the blocks need them.
    pub(super) fn tables_field(&self) -> Option<Field> {
        let tables = self.params.tables.as_ref()?;
        let value = FieldValue::Bytes(tables.to_vec());
        Some(Field { tag: tags::JPEG_TABLES, kind: FieldType::Undefined, value })
    }
}
