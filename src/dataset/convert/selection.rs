//! The part of an image that is written: a window, a resolution level, bands. Its metadata are those of the part.

use std::sync::Arc;

use super::options::ConvertOptions;
use crate::asset::{AssetInfo, ImageFacts};
use crate::dataset::DatasetReader;
use crate::dataset::one_liners::inside;
use crate::error::Result;
use crate::format::nitf::chip::{Part, adjust_others, make_chip};
use crate::format::{Format, family, is_indexed};
use crate::image::{
    BandsImage, Georeference, ImageProvider, ReducedImage, Reduction, Rpc, Window, WindowImage, at_level,
};
use crate::metadata::Metadata;

/// A part of an image of a file.
pub(super) struct Selection {
    pub(super) image: Arc<dyn ImageProvider>,
    /// The asset with the metadata and facts of the part.
    pub(super) asset: AssetInfo,
    /// The same part of the mask.
    pub(super) mask: Option<Arc<dyn ImageProvider>>,
    /// True if the part has fewer pixels than the image.
    pub(super) is_part: bool,
    /// What is left out of the metadata, each text after its key.
    pub(super) notes: Vec<String>,
}

/// The window of a resolution level.
#[derive(Clone, Copy)]
struct Cut {
    level: u8,
    window: Window,
    method: Reduction,
}

impl Selection {
    /// The part of the image at a position that the options select.
    ///
    /// # Errors
    /// [`crate::Error::OutOfRange`] for a window outside of the image, and for a band or level that does not exist.
    pub(super) fn new(reader: &DatasetReader, position: usize, options: &ConvertOptions) -> Result<Self> {
        let (full, asset) = (reader.image(position)?, &reader.assets()[position]);
        let facts = asset.image.clone().unwrap_or_default();
        let grid = full.layout().grid;
        let method = if is_indexed(&asset.metadata) { Reduction::Nearest } else { Reduction::Average };
        let (_, rows, columns) = options.shape(reader)?;
        let whole = Window::new(0, 0, columns, rows);
        let window = options.window.map_or(Ok(whole), |window| inside(window, whole))?;
        let cut = Cut { level: options.level, window, method };
        let is_part = options.level > 0 || window != whole;
        let mask = reader.mask(position).map(|mask| reader.image(mask)).transpose()?;
        let of_mask = Cut { method: Reduction::Nearest, ..cut };
        let mut selection = Self {
            image: if is_part { cut.of(&full, &facts)? } else { full },
            asset: asset.clone(),
            mask: mask.map(|mask| of_mask.of(&mask, &ImageFacts::default())).transpose()?,
            is_part,
            notes: Vec::new(),
        };
        if is_part {
            selection.place(&Part::new(window, options.level, (grid.columns(), grid.rows())), &facts)?;
        }
        if let Some(bands) = &options.bands {
            selection.choose(bands.clone())?;
        }
        Ok(selection)
    }

    /// Gives the asset the metadata and the georeference of a part of it.
    fn place(&mut self, part: &Part, facts: &ImageFacts) -> Result<()> {
        let place = &facts.georeference;
        let transform = place.transform.map(|transform| part.transform(&transform));
        let georeference = Georeference { transform, crs: place.crs.clone(), corners: None };
        if place.corners.is_some() && transform.is_none() {
            self.notes.push("georeference: left out of the part: it is not a transform".to_owned());
        }
        let mut metadata = Metadata::clone(&self.asset.metadata);
        let source = metadata.origin().and_then(|origin| family(origin.family()));
        let model = source.and_then(|source| source.rpc(&metadata)).and_then(Result::ok);
        let notes = adjust_others(&mut metadata, &georeference);
        let has_kept_model = source.is_none_or(|source| source.rpc(&metadata).is_some());
        match (source, model.filter(|_| !has_kept_model)) {
            (Some(source), Some(model)) => state_model(source, model, part, &mut metadata)?,
            _ => self.notes.extend(notes),
        }
        if source.is_some_and(|source| source.is_location_key(CHIP)) {
            let grid = self.image.layout().grid;
            self.notes.extend(make_chip(&mut metadata, place, part, (grid.block_columns(), grid.block_rows()))?);
        }
        self.asset.metadata = Arc::new(metadata);
        self.asset.image = Some(ImageFacts { georeference, compression: String::new(), ..facts.clone() });
        Ok(())
    }

    /// Leaves only these bands.
    fn choose(&mut self, bands: Vec<u32>) -> Result<()> {
        if bands.iter().copied().eq(0..self.image.layout().bands) {
            return Ok(());
        }
        let mut metadata = Metadata::clone(&self.asset.metadata);
        if let Some(source) = metadata.origin().and_then(|origin| family(origin.family())) {
            source.adjust_to_bands(&mut metadata, &bands);
        }
        self.image = Arc::new(BandsImage::new(Arc::clone(&self.image), bands)?);
        self.asset.metadata = Arc::new(metadata);
        Ok(())
    }
}

impl Cut {
    /// The window of an image at the level, which is made if the image does not have it.
    fn of(&self, full: &Arc<dyn ImageProvider>, facts: &ImageFacts) -> Result<Arc<dyn ImageProvider>> {
        let pixels = match at_level(Arc::clone(full), self.level.into()) {
            Ok(stored) => stored,
            Err(_) => Arc::new(ReducedImage::new(Arc::clone(full), self.level, self.method, facts.nodata)?),
        };
        Ok(Arc::new(WindowImage::new(pixels, self.window)?))
    }
}

/// Adds the sensor model in the pixels of the part.
fn state_model(source: &dyn Format, model: Rpc, part: &Part, metadata: &mut Metadata) -> Result<()> {
    let scale = f64::from(part.scale);
    let first = |start: u32| (scale, f64::from(start) + scale / 2.0 - 0.5);
    let model = model.in_part([first(part.y), first(part.x)]);
    for (key, value) in source.rpc_entries(&model)?.iter() {
        metadata.set(key, value.clone());
    }
    Ok(())
}

/// The tag of a NITF that states where a part lies in its image.
const CHIP: &str = "ICHIPB";
