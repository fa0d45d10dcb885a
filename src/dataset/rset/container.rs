//! The files of an R-set as one container: the assets of the base, and the images of the levels as overviews.

use std::sync::Arc;

use super::super::reader::DatasetReader;
use super::keys::{is_in_level, level_key};
use crate::asset::{AssetInfo, AssetType, ImageFacts};
use crate::error::{Error, Result};
use crate::format::{ContainerReader, Warning, WarningKind};
use crate::image::{Georeference, ImageLayout, ImageProvider, LeveledImage};
use crate::metadata::Metadata;

/// The assets of the base keep their keys. `image:0` of level 2 is `image:0:overview:2`; its role is `overview`, and if its file
/// does not place it, it lies where the image lies. Other assets of a level are not listed. If the base itself holds an asset
/// called like one of a level, that of the level is listed, with a warning.
pub(super) struct RsetContainer {
    base: Box<dyn ContainerReader>,
    /// The files of the levels, from the largest.
    levels: Vec<DatasetReader>,
    assets: Vec<AssetInfo>,
    places: Vec<Place>,
    warnings: Vec<Warning>,
}

/// Where an asset lies.
#[derive(Clone, Copy)]
struct Place {
    /// 0 is the base.
    level: usize,
    /// The position among the assets of its file.
    position: usize,
}

impl RsetContainer {
    /// The set of a base and its levels, from the largest.
    pub(super) fn new(base: Box<dyn ContainerReader>, levels: Vec<DatasetReader>) -> Self {
        let mut set = Self { base, levels, assets: Vec::new(), places: Vec::new(), warnings: Vec::new() };
        let of_levels = set.assets_of_levels();
        let is_hidden = |asset: &AssetInfo| of_levels.iter().any(|(of_level, _)| of_level.key == asset.key);
        for (position, asset) in set.base.assets().iter().enumerate() {
            if is_hidden(asset) {
                let message = "the base holds this asset too; that of the level is listed";
                set.warnings.push(Warning::new(WarningKind::File, &asset.key, message));
                continue;
            }
            set.assets.push(asset.clone());
            set.places.push(Place { level: 0, position });
        }
        for (asset, place) in of_levels {
            set.assets.push(asset);
            set.places.push(place);
        }
        set.warnings.extend(set.base.warnings().iter().cloned());
        for level in &set.levels {
            let named = |warning: &Warning| {
                let message = format!("{} ({})", warning.message, name(level));
                Warning::new(warning.kind, &warning.key, message)
            };
            set.warnings.extend(level.warnings().iter().map(named));
        }
        let misfits: Vec<_> = set.images().filter_map(|(place, key)| set.misfit(place, key)).collect();
        set.warnings.extend(misfits);
        set
    }

    /// The images of the levels, and masks of them, as assets of the set.
    fn assets_of_levels(&self) -> Vec<(AssetInfo, Place)> {
        let mut found = Vec::new();
        for (level, file) in (1..).zip(&self.levels) {
            for (position, asset) in file.assets().iter().enumerate().filter(|(_, asset)| is_in_level(&asset.key)) {
                let owner = self.base.assets().iter().find(|owner| owner.key == asset.key);
                let mut roles = vec!["overview".to_owned()];
                roles.extend(asset.roles.iter().filter(|role| !matches!(role.as_str(), "data" | "overview")).cloned());
                let key = level_key(&asset.key, level);
                let image = asset.image.as_ref().map(|facts| placed(facts, owner, level));
                found.push((AssetInfo { key, roles, image, ..asset.clone() }, Place { level, position }));
            }
        }
        found
    }

    /// The images of the base that are listed.
    fn images(&self) -> impl Iterator<Item = (Place, &str)> {
        let listed = self.places.iter().zip(&self.assets);
        let images = listed.filter(|(place, asset)| place.level == 0 && asset.kind == AssetType::Image);
        images.map(|(place, asset)| (*place, asset.key.as_str()))
    }

    /// The image at a place of the base, its levels in the files of the set, and the number of those files.
    fn leveled(&self, place: Place, key: &str) -> Result<(Arc<dyn ImageProvider>, usize, usize)> {
        let image = self.base.image(place.position)?;
        let in_files = |level: usize| {
            let wanted = level_key(key, level);
            let position = self.assets.iter().position(|asset| asset.key == wanted)?;
            let Place { level, position } = self.places[position];
            self.levels.get(level.checked_sub(1)?)?.image(position).ok()
        };
        let levels: Vec<_> = (1..=self.levels.len()).map_while(in_files).collect();
        let files = levels.len();
        if files == 0 {
            return Ok((image, 0, 0));
        }
        let (leveled, count) = LeveledImage::new(image, levels);
        Ok((Arc::new(leveled), count, files))
    }

    /// A warning if the next level of an image does not have half its size, or has other bands or samples.
    fn misfit(&self, place: Place, key: &str) -> Option<Warning> {
        // An image that cannot be opened is an error when it is requested.
        let (image, count, files) = self.leveled(place, key).ok()?;
        let level = (count < files).then_some(count + 1)?;
        let file = self.levels.get(count)?;
        let position = file.position(key).ok()?;
        let found = facts(file.image(position).ok()?.layout(), 0);
        let expected = facts(image.layout(), level);
        let message = format!("not a resolution level of {key}: got {found}, expected {expected} ({})", name(file));
        Some(Warning::new(WarningKind::File, level_key(key, level), message))
    }

    fn place(&self, position: usize) -> Result<Place> {
        self.places.get(position).copied().ok_or_else(|| Error::out_of_range("asset").found(position))
    }
}

impl ContainerReader for RsetContainer {
    fn metadata(&self) -> &Arc<Metadata> {
        self.base.metadata()
    }

    fn assets(&self) -> &[AssetInfo] {
        &self.assets
    }

    fn image(&self, position: usize) -> Result<Arc<dyn ImageProvider>> {
        let place = self.place(position)?;
        match place.level.checked_sub(1) {
            None => self.leveled(place, &self.assets[position].key).map(|(image, ..)| image),
            Some(level) => self.levels[level].image(place.position),
        }
    }

    fn raw_asset(&self, position: usize) -> Result<Vec<u8>> {
        let place = self.place(position)?;
        match place.level.checked_sub(1) {
            None => self.base.raw_asset(place.position),
            Some(level) => self.levels[level].raw_asset(place.position),
        }
    }

    fn warnings(&self) -> &[Warning] {
        &self.warnings
    }
}

/// The facts of an image of a level. Without a georeference of its own it has that of its owner, reduced.
fn placed(facts: &ImageFacts, owner: Option<&AssetInfo>, level: usize) -> ImageFacts {
    let of_owner = owner.and_then(|owner| owner.image.as_ref()).map(|owner| &owner.georeference);
    match of_owner.filter(|_| facts.georeference == Georeference::default()) {
        Some(georeference) => ImageFacts { georeference: georeference.reduced(level as u32), ..facts.clone() },
        None => facts.clone(),
    }
}

/// The path of a file of the set, or the word for a stream.
fn name(file: &DatasetReader) -> String {
    file.source().path().map_or_else(|| "stream".to_owned(), |path| path.display().to_string())
}

/// Size, bands and samples of an image reduced by 2^`level`.
fn facts(layout: &ImageLayout, level: usize) -> String {
    let reduced = |length: u32| (0..level).fold(length, |length, _| length.div_ceil(2));
    let (columns, rows) = (reduced(layout.grid.columns()), reduced(layout.grid.rows()));
    format!("{} bands of {columns} × {rows} {}", layout.bands, layout.sample)
}
