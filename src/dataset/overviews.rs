//! Overviews and masks that a writer makes while it writes an image, in the file of the image.
//!
//! The levels are encoded on the workers that complete their blocks, and wait in a spool until the image is complete: a container
//! holds one image after another.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::settled::Settled;
use super::writer::{DatasetWriter, remote_encoder};
use crate::codec::{Encoded, ImageEncoder};
use crate::error::{Error, Result};
use crate::format::{Blocks, Format, ImageRequest, OverviewTerms, Overviews, is_indexed};
use crate::image::{BlockGrid, BlockIndex, ImageLayout, ImageProvider, MaskImage, Pixels, Reduction, Template};
use crate::io::Spool;
use crate::metadata::Metadata;
use crate::pipeline::{Control, LevelSink, Pyramid, Scratch, encode_block};

/// An image that follows the one that is written: an overview, or an overview of its mask.
struct Part {
    key: String,
    roles: Vec<String>,
    metadata: Metadata,
    template: Template,
    encoder: Arc<dyn ImageEncoder>,
    /// The layout, with the blocks of the file.
    layout: ImageLayout,
}

/// What is written beside an image.
struct Plan {
    terms: OverviewTerms,
    method: Reduction,
    /// The layouts of all levels down to the smallest overview, each half of the one before.
    levels: Vec<ImageLayout>,
    /// By level, from 1, the numbers in `parts` of the overview and of the overview of the mask.
    places: Vec<[Option<usize>; 2]>,
    parts: Vec<Part>,
    mask: Metadata,
}

/// Encodes the blocks of the levels, and keeps them.
struct LevelSpool<'p> {
    plan: &'p Plan,
    stored: Mutex<Stored>,
    scratch: Mutex<Vec<Scratch>>,
}

/// Encoded blocks by the number of their part.
struct Stored {
    spool: Spool,
    ranges: HashMap<(usize, BlockIndex), (u64, u64)>,
}

/// How reduced levels of an image are made by default: nearest if its samples are indices of a palette or classes, otherwise the
/// average.
pub(super) fn default_reduction(metadata: &Metadata, terms: Option<&OverviewTerms>) -> Reduction {
    let is_classes = terms.is_some_and(|terms| terms.is_classes);
    if is_classes || is_indexed(metadata) { Reduction::Nearest } else { Reduction::Average }
}

impl DatasetWriter {
    /// Writes an image, its overviews and its mask.
    ///
    /// # Errors
    /// As [`DatasetWriter::add_image`]; [`Error::Usage`] for factors, a method or a mask that do not suit the image, and for a
    /// key of an overview that is already used.
    pub(super) fn add_with_overviews(
        &mut self,
        image: &ImageRequest<'_>,
        overviews: &Overviews<'_>,
        control: &Control<'_>,
    ) -> Result<()> {
        let request = &ImageRequest { overviews: None, ..*image };
        let plan = Plan::new(self.format(), request, overviews, self.is_strict())?;
        let mask_key = format!("{}:mask", image.key);
        let mut keys = plan.parts.iter().map(|part| &part.key).chain(overviews.mask.map(|_| &mask_key));
        if let Some(used) = keys.find(|key| self.keys().contains(key)) {
            return Err(Error::usage("asset key already used:").found(used));
        }
        let sink = LevelSpool::new(&plan);
        let pyramid = Pyramid::new(plan.levels.clone(), plan.method, plan.terms.nodata, &sink);
        let pyramid = match overviews.mask {
            Some(mask) => pyramid.with_mask(mask),
            None => pyramid,
        };
        // After the first block, a refusal would cost the file.
        pyramid.check(request.provider.layout())?;
        self.add_image_with(request, &[&pyramid], control)?;
        let known = self.warnings.len();
        let added = self.add_parts(&plan, sink.stored(), control).and_then(|()| match overviews.mask {
            Some(mask) => self.add_mask(&mask_key, mask, &plan.mask, control),
            None => Ok(()),
        });
        // They repeat those about the image.
        self.warnings.truncate(known);
        added.inspect_err(|_| self.fail(image.key))
    }

    fn add_parts(&mut self, plan: &Plan, mut stored: Stored, control: &Control<'_>) -> Result<()> {
        for (number, part) in plan.parts.iter().enumerate() {
            let mut writer = self.begin_image(&part.request(), control)?;
            let grid = writer.layout().grid;
            for at in (0..grid.count()).map(|position| grid.at(position)) {
                control.poll()?;
                writer.append(stored.take(number, at)?)?;
            }
            writer.finish(control)?;
        }
        Ok(())
    }

    fn add_mask(
        &mut self,
        key: &str,
        mask: &dyn ImageProvider,
        metadata: &Metadata,
        control: &Control<'_>,
    ) -> Result<()> {
        let bits = MaskImage::new(mask);
        let roles = ["mask".to_owned()];
        self.add_image_with(&ImageRequest { roles: &roles, ..ImageRequest::new(key, &bits, metadata) }, &[], control)
    }
}

impl Plan {
    fn new(format: &dyn Format, image: &ImageRequest<'_>, overviews: &Overviews<'_>, strict: bool) -> Result<Self> {
        let settled = Settled::new(format, image, &mut Vec::new())?;
        let terms = format.overview_terms(&settled.metadata).ok_or_else(|| {
            Error::usage("overviews and masks in a file of the format").found(format.name()).allowed("tiff")
        })?;
        let method = overviews.resampling.unwrap_or_else(|| default_reduction(image.metadata, Some(&terms)));
        let template = Template::of(image.provider);
        let (_, full) = remote_encoder(
            format,
            &Metadata::new(),
            &ImageRequest { provider: &template, ..settled.request(image) },
            strict,
        )?;
        let stored = overviews.levels.exponents(&full.grid)?;
        let mut plan = Self {
            mask: format.mask_metadata(&full.grid),
            terms,
            method,
            levels: vec![],
            places: vec![],
            parts: vec![],
        };
        for exponent in 1..=stored.last().copied().unwrap_or(0) {
            let grid = full.grid.reduced(exponent).ok_or_else(|| Error::usage("overview without pixels"))?;
            let grid = BlockGrid::new(grid.columns(), grid.rows(), full.grid.block_columns(), full.grid.block_rows())?;
            let level = ImageLayout { grid, ..full.clone() };
            let mut places = [None, None];
            if let Some(number) = stored.iter().position(|known| *known == exponent) {
                places[0] = Some(plan.parts.len());
                let key = |owner: &str| format!("{}{owner}:overview:{}", image.key, number + 1);
                let template = Template::new(level.clone(), image.provider.is_dense());
                let metadata = plan.terms.metadata.clone();
                plan.parts.push(Part::new(format, key(""), &["overview"], metadata, template, strict)?);
                if overviews.mask.is_some() {
                    places[1] = Some(plan.parts.len());
                    let template = Template::new(MaskImage::layout_of(&level, grid), false);
                    let roles = ["overview", "mask"];
                    plan.parts.push(Part::new(format, key(":mask"), &roles, plan.mask.clone(), template, strict)?);
                }
            }
            plan.levels.push(level);
            plan.places.push(places);
        }
        Ok(plan)
    }
}

impl Part {
    fn new(
        format: &dyn Format,
        key: String,
        roles: &[&str],
        metadata: Metadata,
        template: Template,
        strict: bool,
    ) -> Result<Self> {
        let roles: Vec<String> = roles.iter().map(|role| (*role).to_owned()).collect();
        let request = ImageRequest { roles: &roles, ..ImageRequest::new(&key, &template, &metadata) };
        let (encoder, layout) = remote_encoder(format, &Metadata::new(), &request, strict)?;
        Ok(Self { key, roles, metadata, template, encoder, layout })
    }

    fn request(&self) -> ImageRequest<'_> {
        let request = ImageRequest::new(&self.key, &self.template, &self.metadata);
        ImageRequest { roles: &self.roles, blocks: Blocks::Caller, ..request }
    }
}

impl<'p> LevelSpool<'p> {
    fn new(plan: &'p Plan) -> Self {
        let stored = Stored { spool: Spool::new(), ranges: HashMap::new() };
        Self { plan, stored: Mutex::new(stored), scratch: Mutex::default() }
    }

    fn stored(self) -> Stored {
        self.stored.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, part: Option<usize>, at: BlockIndex, pixels: Option<Pixels>) -> Result<()> {
        let (Some(number), Some(pixels)) = (part, pixels) else { return Ok(()) };
        let part = &self.plan.parts[number];
        let spare = || self.scratch.lock().unwrap_or_else(PoisonError::into_inner);
        let mut scratch = spare().pop().unwrap_or_default();
        let block = encode_block(&*part.encoder, &part.layout, at, &pixels, &mut scratch)?.to_bytes();
        spare().push(scratch);
        let mut stored = self.stored.lock().unwrap_or_else(PoisonError::into_inner);
        let range = stored.spool.append(&block)?;
        stored.ranges.insert((number, at), range);
        Ok(())
    }
}

impl LevelSink for LevelSpool<'_> {
    fn take(&self, level: usize, at: BlockIndex, pixels: Option<Pixels>) -> Result<()> {
        self.keep(self.plan.places[level - 1][0], at, pixels)
    }

    fn take_mask(&self, level: usize, at: BlockIndex, pixels: Option<Pixels>) -> Result<()> {
        self.keep(self.plan.places[level - 1][1], at, pixels)
    }
}

impl Stored {
    /// A block of a part; absent if the image has no pixels for it.
    fn take(&mut self, part: usize, at: BlockIndex) -> Result<Encoded> {
        let Some((start, length)) = self.ranges.remove(&(part, at)) else { return Ok(Encoded::absent(at)) };
        let mut bytes = vec![0; length as usize];
        self.spool.read(start, &mut bytes)?;
        Encoded::from_bytes(&bytes)
    }
}
