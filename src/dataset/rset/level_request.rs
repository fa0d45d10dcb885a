//! The requests for the reduced levels of an image: its own request, with what a smaller size changes.

use super::super::settled::complete;
use crate::asset::{AssetInfo, ImageFacts};
use crate::error::{Error, Result};
use crate::format::{Blocks, Copied, Format, ImageRequest, SaveSettings, Warning, WarningKind};
use crate::image::{Asked, BlockGrid, Georeference, ImageLayout, ImageProvider, PadValue, Template};
use crate::metadata::Metadata;

/// The levels of an image, from the largest.
pub(super) struct Levels<'i> {
    image: &'i ImageRequest<'i>,
    of: Vec<Level>,
    nodata: Option<PadValue>,
}

/// What the request for a level has of its own.
pub(super) struct Level {
    template: Template,
    metadata: Metadata,
    settings: Option<SaveSettings>,
    /// The asset that the image copies, with the georeference of the level.
    asset: Option<AssetInfo>,
    notes: Vec<String>,
}

/// The longest side of an overview.
const OVERVIEW_SIDE: u64 = 256;

impl<'i> Levels<'i> {
    /// `count` levels of `image` in files of `format`.
    ///
    /// # Errors
    /// [`Error::Usage`] for more levels than halve the image, and for a georeference that no image has; errors of the image's
    /// `has_block`.
    pub(super) fn new(format: &dyn Format, image: &'i ImageRequest<'i>, count: usize) -> Result<Self> {
        let layout = image.provider.layout();
        let most = most_levels(layout);
        if count > most {
            let size = format!("{} × {}", layout.grid.columns(), layout.grid.rows());
            let allowed = format!("at most {most} for an image of {size}");
            return Err(Error::usage("levels of an R-set:").found(count).allowed(allowed));
        }
        let facts = image.copied.and_then(|copied| copied.asset.image.as_ref());
        let place = place(format, image, facts)?;
        let asked = Asked::new(image.provider);
        let levels = (1..=count).map(|level| Level::new(format, (image, &asked), &place, level as u8));
        let nodata = image.settings.and_then(|settings| settings.nodata);
        let nodata = nodata.or_else(|| facts.and_then(|facts| facts.nodata));
        Ok(Self { image, of: levels.collect::<Result<_>>()?, nodata })
    }

    /// True if there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.of.is_empty()
    }

    /// The nodata value of the image, which averages ignore.
    pub(super) fn nodata(&self) -> Option<PadValue> {
        self.nodata
    }

    /// The sizes of the levels, and which of their blocks have pixels.
    pub(super) fn templates(&self) -> impl Iterator<Item = &Template> {
        self.of.iter().map(|level| &level.template)
    }

    /// The requests for the levels, in files of their own.
    pub(super) fn requests(&self) -> impl Iterator<Item = ImageRequest<'_>> {
        self.of.iter().map(|level| {
            let copied = level.asset.as_ref().map(|asset| Copied { asset, is_part: false });
            let (provider, metadata, settings) = (&level.template, &level.metadata, level.settings.as_ref());
            ImageRequest { provider, metadata, settings, copied, blocks: Blocks::Caller, ..*self.image }
        })
    }

    /// What the metadata of the levels lack: warnings, of which levels have equal ones.
    pub(super) fn warnings(&self) -> Vec<Warning> {
        let mut warnings = Vec::new();
        for note in self.of.iter().flat_map(|level| &level.notes) {
            let (key, message) = note.split_once(": ").unwrap_or((self.image.key, note));
            let message = format!("levels: {message}");
            let warning = Warning::new(WarningKind::Metadata, key, message);
            if !warnings.contains(&warning) {
                warnings.push(warning);
            }
        }
        warnings
    }
}

impl Level {
    fn new(
        format: &dyn Format,
        (image, asked): (&ImageRequest<'_>, &dyn ImageProvider),
        place: &Georeference,
        level: u8,
    ) -> Result<Self> {
        let full = asked.layout();
        let layout = reduced(full, level)?;
        let mut metadata = image.metadata.clone();
        let notes = format.adjust_to_level(&mut metadata, place, full, level)?;
        let settings = image.settings.map(|settings| {
            // A georeference that only the metadata state is adjusted there.
            let is_given = settings.georeference != Georeference::default();
            let georeference = if is_given { place.reduced(level.into()) } else { Georeference::default() };
            SaveSettings { georeference, ..settings.clone() }
        });
        let asset = image.copied.map(|Copied { asset, .. }| {
            let facts = asset.image.as_ref();
            let georeference = |facts: &ImageFacts| facts.georeference.reduced(level.into());
            let image = facts.map(|facts| ImageFacts { georeference: georeference(facts), ..facts.clone() });
            AssetInfo { image, ..asset.clone() }
        });
        let template = Template::new(layout, asked.is_dense());
        let template = if asked.is_dense() { template } else { present(template, asked, level)? };
        Ok(Self { template, metadata, settings, asset, notes })
    }
}

/// The number of levels that reduce an image to an overview: halved until neither side exceeds 256 pixels.
pub fn default_levels(columns: u32, rows: u32) -> u32 {
    (0..u32::BITS).find(|level| u64::from(columns.max(rows)) <= OVERVIEW_SIDE << level).unwrap_or(u32::BITS)
}

/// The number of times that halving the image changes its size.
fn most_levels(layout: &ImageLayout) -> usize {
    let longest = layout.grid.columns().max(layout.grid.rows());
    (u32::BITS - (longest - 1).leading_zeros()) as usize
}

/// The georeference of the image: that of its settings, or else of the file it is in, or else of its metadata.
fn place(format: &dyn Format, image: &ImageRequest<'_>, facts: Option<&ImageFacts>) -> Result<Georeference> {
    let of_file = || facts.map(|facts| facts.georeference.clone());
    let given =
        image.settings.map(|settings| &settings.georeference).filter(|given| **given != Georeference::default());
    if let Some(given) = given {
        let mut given = given.clone();
        if let Some(facts) = facts {
            complete(&mut given, &facts.georeference);
        }
        let grid = &image.provider.layout().grid;
        return given.for_writing(grid.columns(), grid.rows());
    }
    let of_file = of_file().filter(|found| *found != Georeference::default());
    Ok(of_file.or_else(|| format.georeference(image.metadata)).unwrap_or_default())
}

/// The layout of a level, in blocks of the image's size.
fn reduced(full: &ImageLayout, level: u8) -> Result<ImageLayout> {
    let halved = |length: u32| u64::from(length).div_ceil(1 << level) as u32;
    let (columns, rows) = (halved(full.grid.columns()), halved(full.grid.rows()));
    let grid = BlockGrid::new(columns, rows, full.grid.block_columns(), full.grid.block_rows())?;
    Ok(ImageLayout { grid, ..full.clone() })
}

/// The template of a level, with the blocks for which the image has pixels.
fn present(template: Template, image: &dyn ImageProvider, level: u8) -> Result<Template> {
    let (grid, whole) = (template.layout().grid, image.layout().grid.window());
    let has_pixels = |at| {
        let window = grid.block_window(at);
        let scaled = |length: u32| (u64::from(length) << level).min(u32::MAX.into()) as u32;
        let source =
            crate::image::Window::new(scaled(window.x), scaled(window.y), scaled(window.width), scaled(window.height));
        image.has_pixels(source.intersect(&whole))
    };
    let blocks = grid.blocks_of(grid.window()).map(has_pixels).collect::<Result<_>>()?;
    Ok(template.with_blocks(blocks))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::by_name;
    use crate::image::Interleave;
    use crate::image::{BlockIndex, Crs, MemoryImage, Pixels, SampleType, Transform, Window};
    use crate::metadata::Value;

    fn image(columns: u32, rows: u32) -> MemoryImage {
        let grid = BlockGrid::new(columns, rows, 16, 16).unwrap();
        MemoryImage::new(ImageLayout::new(grid, 1, SampleType::UInt8).unwrap())
    }

    #[test]
    fn an_image_has_levels_until_one_pixel_is_left() {
        for (size, levels) in [((1, 1), 0), ((2, 1), 1), ((3, 3), 2), ((4, 4), 2), ((5, 1), 3), ((1024, 100), 10)] {
            let (image, metadata) = (image(size.0, size.1), Metadata::new());
            let request = ImageRequest::new("image:0", &image, &metadata);
            let levels_of = |count| Levels::new(by_name("png").unwrap(), &request, count);
            assert_eq!(most_levels(image.layout()), levels, "{size:?}");
            let found = levels_of(levels).unwrap();
            let last = found.templates().last().map(|last| last.layout().grid.window().pixels());
            assert!(last.is_none_or(|pixels| pixels == 1));
            assert!(levels_of(levels + 1).is_err());
        }
    }

    #[test]
    fn an_overview_has_at_most_256_pixels_a_side() {
        let sizes = [(1, 1), (256, 256), (257, 1), (512, 512), (1024, 513), (40_000, 40_000), (u32::MAX, 1)];
        assert_eq!(sizes.map(|(columns, rows)| default_levels(columns, rows)), [0, 0, 1, 1, 2, 8, 24]);
    }

    #[test]
    fn pixels_of_a_level_are_larger_on_the_ground() {
        let (image, metadata) = (image(30, 20), Metadata::new());
        let transform = Some(Transform([100.0, 2.0, 0.0, 50.0, 0.0, -2.0]));
        let georeference = Georeference { transform, crs: Some(Crs::Epsg(32_618)), corners: None };
        let settings = SaveSettings { georeference, nodata: Some(PadValue::Int(3)), ..SaveSettings::default() };
        let request = ImageRequest { settings: Some(&settings), ..ImageRequest::new("image:0", &image, &metadata) };
        let levels = Levels::new(by_name("tiff").unwrap(), &request, 2).unwrap();
        let second = levels.requests().nth(1).unwrap();
        let georeference = &second.settings.unwrap().georeference;
        assert_eq!(georeference.transform, Some(Transform([100.0, 8.0, 0.0, 50.0, 0.0, -8.0])));
        assert_eq!((levels.nodata(), levels.warnings()), (Some(PadValue::Int(3)), Vec::new()));
    }

    #[test]
    fn a_georeference_in_metadata_is_that_of_the_level() {
        let image = image(32, 16);
        let tiff: Metadata = [
            ("GeoModelType", Value::from("Projected")),
            ("GeoProjectedCRS", "32618".into()),
            ("GeoPixelScale", "[0.5, 0.5, 0.0]".into()),
            ("GeoTiepoints", "[0, 0, 0, 10.0, 20.0, 0.0]".into()),
        ]
        .into_iter()
        .collect();
        let request = ImageRequest::new("image:0", &image, &tiff);
        let levels = Levels::new(by_name("tiff").unwrap(), &request, 1).unwrap();
        let level = levels.requests().next().unwrap();
        let expected = [10.0, 1.0, 0.0, 20.0, 0.0, -1.0].map(Value::from).to_vec();
        assert_eq!(level.metadata.get("GeoTransform"), Some(&expected.into()));
        assert!(level.metadata.get("GeoPixelScale").is_none() && level.metadata.get("GeoModelType").is_some());
        let nitf: Metadata = [
            ("ICORDS", Value::from("G")),
            ("IGEOLO", "100000N0100000E100000N0110000E090000N0110000E090000N0100000E".into()),
        ]
        .into_iter()
        .collect();
        let request = ImageRequest::new("image:0", &image, &nitf);
        let levels = Levels::new(by_name("nitf").unwrap(), &request, 2).unwrap();
        let level = levels.requests().nth(1).unwrap();
        assert_eq!(level.metadata.get("IMAG"), Some(&"/4  ".into()));
        assert!(level.metadata.get("ICHIPB").is_some() && level.metadata.get("IGEOLO") != nitf.get("IGEOLO"));
    }

    #[test]
    fn a_block_of_a_level_is_present_if_the_image_has_pixels_for_it() {
        let mut image = image(96, 32);
        let block = Pixels::from_vec(vec![7; 256], [1, 16, 16], SampleType::UInt8, Interleave::Band).unwrap();
        image.set_block(BlockIndex { row: 1, column: 2 }, block).unwrap();
        let metadata = Metadata::new();
        let request = ImageRequest::new("image:0", &image, &metadata);
        let levels = Levels::new(by_name("tiff").unwrap(), &request, 1).unwrap();
        let template = levels.templates().next().unwrap();
        let has = |column| template.has_block(BlockIndex { row: 0, column }).unwrap();
        assert_eq!([has(0), has(1), has(2)], [false, true, false]);
        assert!(template.has_pixels(Window::new(0, 0, 17, 1)).unwrap() && !template.is_dense());
    }
}
