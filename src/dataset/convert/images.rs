//! Writes the images and other assets of a file to another one.

use super::options::ConvertOptions;
use super::progress::Stages;
use super::selection::Selection;
use crate::asset::{AssetInfo, AssetType};
use crate::dataset::{DatasetReader, DatasetWriter};
use crate::error::{Error, Result};
use crate::format::{
    Blocks, Content, Copied, DataRequest, ImageRequest, OverviewLevels, Overviews, SaveSettings, Warning, WarningKind,
};
use crate::image::ImageProvider;
use crate::metadata::Metadata;
use crate::pipeline::Control;

/// A conversion, before anything is written.
pub(super) struct Conversion<'c> {
    reader: &'c DatasetReader,
    writer: &'c mut DatasetWriter,
    options: &'c ConvertOptions,
    /// The positions of the images to write.
    images: Vec<usize>,
    /// The names of assets that are not taken over.
    lost: Vec<String>,
}

impl<'c> Conversion<'c> {
    /// Chooses the images to write.
    ///
    /// # Errors
    /// [`Error::AssetNotFound`] for an unknown key and for a file without images; [`Error::Usage`] for the key of an asset that is
    /// not an image.
    pub(super) fn new(
        reader: &'c DatasetReader,
        writer: &'c mut DatasetWriter,
        options: &'c ConvertOptions,
    ) -> Result<Self> {
        let main = options.position(reader)?;
        if reader.assets()[main].kind != AssetType::Image {
            return Err(Error::usage("asset is not an image:").found(&reader.assets()[main].key));
        }
        let is_single = options.asset.is_some()
            || options.is_selection()
            || options.settings.cloud_optimized
            || !writer.format().holds_several_images();
        let all = images_of(reader);
        let (images, lost) = if is_single {
            let others = all.into_iter().filter(|position| *position != main && options.asset.is_none());
            let name = |position: usize| reader.assets()[position].key.clone();
            (vec![main], others.map(name).collect())
        } else {
            (all, Vec::new())
        };
        Ok(Self { reader, writer, options, images, lost })
    }

    /// Writes everything and finishes the file. Returns the number of images.
    ///
    /// # Errors
    /// As [`super::convert_into`].
    pub(super) fn run(&mut self, control: &Control<'_>) -> Result<u64> {
        let stages = Stages::new(self.weights()?);
        let report = |done, total| stages.report(control, done, total);
        let counted = &control.with_progress(&report);
        self.writer.set_metadata(self.reader.metadata())?;
        for position in self.images.clone() {
            if self.options.is_selection() {
                self.add_part(position, counted)?;
            } else {
                self.add_whole(position, counted)?;
            }
        }
        self.add_others()?;
        self.writer.finish(counted)?;
        stages.complete(control)?;
        Ok(self.images.len() as u64)
    }

    /// What is not taken over, beside what the warnings of the writer name.
    pub(super) fn into_lost(self) -> Vec<String> {
        self.lost
    }

    /// The blocks of each image, and of the masks and overviews that follow.
    fn weights(&self) -> Result<Vec<u64>> {
        let follows = !self.options.is_selection() && self.writer.format().keeps_companions();
        let companions = self.images.iter().flat_map(|position| self.reader.companions(*position));
        let all = self.images.iter().copied().chain(companions.filter(|_| follows));
        all.map(|position| Ok(self.reader.image(position)?.layout().grid.count())).collect()
    }

    /// Writes an image as it is, its masks and its overviews.
    fn add_whole(&mut self, position: usize, control: &Control<'_>) -> Result<()> {
        let (image, asset) = (self.reader.image(position)?, &self.reader.assets()[position]);
        let settings = self.settings(&*image, asset);
        let metadata = self.metadata(asset);
        let overviews = Overviews { levels: &OverviewLevels::Auto, resampling: None, mask: None };
        let makes_overviews = settings.cloud_optimized && !self.keeps_overviews(position);
        let request = ImageRequest {
            metadata: &metadata,
            settings: Some(&settings),
            overviews: makes_overviews.then_some(&overviews),
            blocks: Blocks::Stored,
            ..ImageRequest::copy_of(&asset.key, &*image, asset)
        };
        self.writer.add_image_of(self.reader, position, &request, control)
    }

    /// Writes the selected part of an image and of its mask.
    fn add_part(&mut self, position: usize, control: &Control<'_>) -> Result<()> {
        let Selection { image, asset, mask, is_part, notes } = Selection::new(self.reader, position, self.options)?;
        let settings = self.options.settings.clone();
        let metadata = self.metadata(&asset);
        let levels = if settings.cloud_optimized { OverviewLevels::Auto } else { OverviewLevels::Factors(Vec::new()) };
        let keeps_mask = mask.is_some() && self.writer.format().keeps_companions();
        if mask.is_some() && !keeps_mask {
            self.lost.push(format!("{}:mask", asset.key));
        }
        let overviews = Overviews { levels: &levels, resampling: None, mask: mask.as_deref().filter(|_| keeps_mask) };
        let request = ImageRequest {
            metadata: &metadata,
            settings: Some(&settings),
            overviews: (keeps_mask || settings.cloud_optimized).then_some(&overviews),
            copied: Some(Copied { asset: &asset, is_part }),
            ..ImageRequest::copy_of(&asset.key, &*image, &asset)
        };
        self.writer.add_image(&request, control)?;
        for note in notes {
            let (key, message) = note.split_once(": ").unwrap_or((&asset.key, &note));
            let warning = Warning::new(WarningKind::Metadata, key, message.to_owned());
            self.writer.warnings.push(Warning { left_out: vec![key.to_owned()], ..warning });
        }
        Ok(())
    }

    /// Adds texts, graphics and other data, if the format has them.
    fn add_others(&mut self) -> Result<()> {
        let reader = self.reader;
        for (position, asset) in reader.assets().iter().enumerate() {
            let is_overflow = asset.roles.iter().any(|role| role == "overflow");
            if asset.kind == AssetType::Image || asset.is_part() || is_overflow {
                continue;
            }
            let stored = reader.raw_asset(position)?;
            let data = DataRequest {
                key: &asset.key,
                title: &asset.title,
                description: &asset.description,
                roles: &asset.roles,
                kind: asset.kind,
                media_type: asset.media_type,
                metadata: &asset.metadata,
                content: Content::Bytes(&stored),
            };
            match self.writer.add_data(&data) {
                Err(Error::Unsupported(_)) => self.lost.push(asset.key.clone()),
                other => other?,
            }
        }
        Ok(())
    }

    /// The settings of the request. Without choices for the coding, they are those with which the stored bytes can be copied.
    fn settings(&self, image: &dyn ImageProvider, asset: &AssetInfo) -> SaveSettings {
        let mut settings = self.options.settings.clone();
        let is_own = asset.media_type == self.writer.format().names().media_type;
        let has_nodata = asset.image.as_ref().is_some_and(|facts| facts.nodata.is_some());
        if self.is_coding_open()
            && !is_own
            && !has_nodata
            && let Some(stored) = self.writer.format().settings_of_stored(image)
        {
            settings.compression = Some(stored.compression.to_owned());
            settings.block_size = Some(stored.block_size);
        }
        settings
    }

    /// True if the options leave the coding to the formats.
    fn is_coding_open(&self) -> bool {
        let SaveSettings { compression, block_size, quality, .. } = &self.options.settings;
        compression.is_none() && block_size.is_none() && quality.is_none() && self.options.metadata.is_empty()
    }

    /// True if the overviews of the file suit the image as it is written.
    fn keeps_overviews(&self, position: usize) -> bool {
        let is_overview = |asset: &AssetInfo| asset.roles.iter().any(|role| role == "overview");
        let mut companions = self.reader.companions(position).into_iter();
        self.is_coding_open() && companions.any(|other| is_overview(&self.reader.assets()[other]))
    }

    fn metadata(&self, asset: &AssetInfo) -> Metadata {
        if self.options.metadata.is_empty() {
            return Metadata::clone(&asset.metadata);
        }
        self.options.metadata.over(&asset.metadata)
    }
}

/// The positions of the images of a file, without parts of others, and without masks and overviews of others.
fn images_of(reader: &DatasetReader) -> Vec<usize> {
    let images = (0..reader.assets().len()).filter(|position| {
        let asset = &reader.assets()[*position];
        asset.kind == AssetType::Image && !asset.is_part()
    });
    let images: Vec<usize> = images.collect();
    let companions: Vec<usize> = images.iter().flat_map(|position| reader.companions(*position)).collect();
    images.into_iter().filter(|position| !companions.contains(position)).collect()
}
