//! An open TIFF file: its directories as assets, sorted into images, their overviews and their masks.

use std::collections::HashMap;
use std::sync::Arc;

use super::directory::{Directory, DirectoryReader};
use super::field::FieldValue;
use super::{compression, gdal, geo, origin, storage, store, tags};
use crate::asset::{AssetInfo, AssetType, ImageFacts};
use crate::error::{Error, Result};
use crate::format::{ContainerReader, OpenOptions, Warning, WarningKind};
use crate::image::{BlockStore, Georeference, ImageProvider, PadValue, StoredImage, Transform};
use crate::io::{ByteSource, Lazy, MemorySource};
use crate::limits::Limits;
use crate::metadata::{Metadata, Value};

/// An open TIFF file.
struct TiffReader {
    source: Arc<dyn ByteSource>,
    limits: Limits,
    metadata: Arc<Metadata>,
    assets: Vec<AssetInfo>,
    warnings: Vec<Warning>,
    directories: Vec<Directory>,
    facts: Vec<Facts>,
    places: Vec<Place>,
    images: Vec<Lazy<Arc<StoredImage>>>,
}

/// The facts of a directory that determine its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Facts {
    /// `NewSubfileType` bit 0, or `SubfileType` 2: a smaller version of another image.
    reduced: bool,
    /// `NewSubfileType` bit 2, or photometric 4: a mask of the valid pixels of another image.
    mask: bool,
    /// The directory that lists this one among its `SubIFDs`.
    parent: Option<usize>,
    /// Columns and rows; zero if the directory does not state them.
    size: (u32, u32),
}

/// A directory's place among the assets.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    /// Key of the asset.
    key: String,
    /// The asset's roles.
    roles: Vec<&'static str>,
    /// The directory that it is an overview or a mask of.
    of: Option<usize>,
}

/// The media type of assets.
const MEDIA_TYPE: &str = "image/tiff";

/// `PhotometricInterpretation` of a mask.
const PHOTOMETRIC_MASK: u64 = 4;

/// Reads the directories of a file.
///
/// Every field becomes metadata of its asset, under its tag's number. Arrays of block offsets and lengths (tags 273, 279,
/// 288, 289, 324, 325) are left out beyond 1024 values: they would exceed all other metadata and do not describe the image.
/// A field that lies outside of the file, or would take more than 64 MiB, is left out with a warning. The metadata of the
/// file as a whole is empty: TIFF has none.
///
/// # Errors
/// [`Error::Malformed`] if the first directory cannot be read, and with `strict` for every other directory that lies outside of
/// the file, occurs twice, or exceeds the limit; without it these become warnings. [`Error::Limit`] for too many values. An
/// image's other defects are reported when that image is requested.
pub(super) fn open(source: Arc<dyn ByteSource>, options: &OpenOptions) -> Result<Box<dyn ContainerReader>> {
    let limits = options.limits;
    let (mut reader, first) = DirectoryReader::open(&*source, &limits)?;
    let Chain { directories, parents, damage } = Chain::read(&mut reader, first, &limits)?;
    let mut warnings: Vec<Warning> = Chain::warnings(&damage).collect();
    if let Some(error) = damage.into_iter().next().filter(|_| options.strict) {
        return Err(error);
    }
    let form = origin::form(reader.order, reader.big);
    let metadata = Arc::new(Metadata::new().read_from(origin::FAMILY, form, reader.header));
    let facts: Vec<Facts> =
        directories.iter().zip(parents).map(|(directory, parent)| Facts::read(directory, parent)).collect();
    let places = arrange(&facts);
    let mut assets: Vec<AssetInfo> = Vec::with_capacity(directories.len());
    for (position, directory) in directories.iter().enumerate() {
        let mut asset = asset(directory, &places[position]);
        if let (Some(owner), Some(image)) = (places[position].of, &mut asset.image) {
            inherit(image, &assets[owner], facts[owner].size, facts[position].size);
        }
        assets.push(asset);
    }
    warnings.extend(directories.iter().flat_map(lost_fields));
    let images = directories.iter().map(|_| Lazy::default()).collect();
    Ok(Box::new(TiffReader { source, limits, metadata, assets, warnings, directories, facts, places, images }))
}

impl ContainerReader for TiffReader {
    fn metadata(&self) -> &Arc<Metadata> {
        &self.metadata
    }

    fn assets(&self) -> &[AssetInfo] {
        &self.assets
    }

    fn image(&self, position: usize) -> Result<Arc<dyn ImageProvider>> {
        self.tiff_image(position).map(|image| image as Arc<dyn ImageProvider>)
    }

    fn raw_asset(&self, position: usize) -> Result<Vec<u8>> {
        stored_bytes(&**self.tiff_image(position)?.store(), &self.limits)
    }

    fn warnings(&self) -> &[Warning] {
        &self.warnings
    }
}

impl TiffReader {
    fn tiff_image(&self, position: usize) -> Result<Arc<StoredImage>> {
        let image = self.images.get(position).ok_or_else(|| Error::out_of_range("asset").found(position))?;
        let image = image.get_or_make(|| {
            let image = self.single_image(position)?;
            let levels = self.levels(position, &image);
            Ok(Arc::new(image.with_levels(levels)))
        })?;
        Ok(Arc::clone(image))
    }

    fn single_image(&self, position: usize) -> Result<StoredImage> {
        let nodata = self.assets[position].image.as_ref().and_then(|image| image.nodata);
        store::image(Arc::clone(&self.source), self.limits, &self.directories[position], nodata)
    }

    /// The overviews of an image with half, a quarter … of its size, up to the first gap.
    fn levels(&self, position: usize, image: &StoredImage) -> Vec<Arc<dyn ImageProvider>> {
        let overviews = || (0..self.places.len()).filter(|other| self.places[*other].of == Some(position));
        let mut levels: Vec<Arc<dyn ImageProvider>> = Vec::new();
        let mut size = self.facts[position].size;
        while size.0 > 1 || size.1 > 1 {
            size = (size.0.div_ceil(2), size.1.div_ceil(2));
            let found = overviews().find(|other| {
                let facts = self.facts[*other];
                facts.reduced && facts.mask == self.facts[position].mask && facts.size == size
            });
            let Some(Ok(level)) = found.map(|other| self.single_image(other)) else { break };
            let (full, reduced) = (image.layout(), level.layout());
            if (full.bands, full.sample) != (reduced.bands, reduced.sample) {
                break;
            }
            levels.push(Arc::new(level));
        }
        levels
    }
}

/// The stored bytes of all blocks, joined in the order of the directory's arrays.
///
/// # Errors
/// [`Error::Limit`] if they are more than the limits allow, or any error of reading.
fn stored_bytes(store: &dyn BlockStore, limits: &Limits) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    for block in store.blocks() {
        let Some(range) = store.range(block)? else { continue };
        store.check_inside(block, &range)?;
        let length = range.end - range.start;
        let total = (out.len() as u64).saturating_add(length);
        limits.check_pixels("stored bytes of an image", total, store.source().size())?;
        out.extend_from_slice(&store.source().read_range(range.start, length)?);
    }
    Ok(out)
}

/// The directories of a file.
#[derive(Default)]
struct Chain {
    /// Every directory of the chain, each followed by its sub-directories.
    directories: Vec<Directory>,
    /// The directory that lists each of these among its `SubIFDs`.
    parents: Vec<Option<usize>>,
    /// Why directories after the first cannot be read.
    damage: Vec<Error>,
}

impl Chain {
    /// Reads the directories. Damage after the first one does not keep the images before from being read.
    ///
    /// # Errors
    /// [`Error::Malformed`] if the first directory cannot be read, [`Error::Limit`] for too many values.
    fn read(reader: &mut DirectoryReader<'_>, first: u64, limits: &Limits) -> Result<Self> {
        let mut chain = Self::default();
        let mut seen = HashMap::new();
        // Offsets of the directories to read, the next one last.
        let mut waiting = vec![(first, None)];
        while let Some((offset, parent)) = waiting.pop() {
            if offset == 0 {
                continue;
            }
            let number = chain.directories.len();
            if let Some(known) = seen.insert(offset, number) {
                seen.insert(offset, known);
                // Some writers both list the sub-directories of an image and chain them.
                if parent.is_none() || chain.parents.get(known) != Some(&parent) {
                    let error = Error::malformed("directory: it occurs for the second time");
                    chain.damage.push(error.segment(format!("IFD {number}")).at(offset));
                }
                continue;
            }
            if number == limits.max_directories {
                let allowed = format!("at most {}", limits.max_directories);
                chain.damage.push(Error::malformed("file: too many directories").found(number + 1).allowed(allowed));
                break;
            }
            let (directory, next) = match reader.directory(number, offset) {
                Err(error @ Error::Malformed(_)) if number > 0 => {
                    chain.damage.push(error);
                    continue;
                }
                read => read?,
            };
            waiting.push((next, parent));
            if let Ok(Some(FieldValue::Unsigned(offsets))) = directory.get(tags::SUB_IFDS) {
                waiting.extend(offsets.iter().rev().map(|offset| (*offset, Some(number))));
            }
            chain.directories.push(directory);
            chain.parents.push(parent);
        }
        if chain.directories.is_empty() {
            return Err(Error::malformed("file: no directory").at(4));
        }
        Ok(chain)
    }

    /// A warning for each damage.
    fn warnings(damage: &[Error]) -> impl Iterator<Item = Warning> {
        damage.iter().map(|error| Warning::new(WarningKind::File, "IFD", format!("a directory is left out: {error}")))
    }
}

impl Facts {
    /// Reads the facts of a directory. Illegal values count as absent; those that matter are reported with the image.
    fn read(directory: &Directory, parent: Option<usize>) -> Self {
        let unsigned = |tag| directory.unsigned(tag).ok().flatten();
        let bits = unsigned(tags::NEW_SUBFILE_TYPE).unwrap_or(u64::from(unsigned(tags::SUBFILE_TYPE) == Some(2)));
        let size = |tag| directory.u32_or(tag, 0).unwrap_or(0);
        Self {
            reduced: bits & 1 != 0,
            mask: bits & 4 != 0 || unsigned(tags::PHOTOMETRIC_INTERPRETATION) == Some(PHOTOMETRIC_MASK),
            parent,
            size: (size(tags::IMAGE_WIDTH), size(tags::IMAGE_LENGTH)),
        }
    }
}

/// Determines keys and roles. Images of the chain are `image:0`, `image:1` …. The overviews of an image are
/// `image:0:overview:1` …, both in the chain and among its sub-directories. Its mask is `image:0:mask` (further ones
/// `image:0:mask:2` …), with overviews `image:0:mask:overview:1` …. Other sub-directories are `image:0:sub:1` ….
fn arrange(directories: &[Facts]) -> Vec<Place> {
    let mut places: Vec<Place> = Vec::with_capacity(directories.len());
    // The last image of each chain and its mask, to which the following overviews belong.
    let mut last: HashMap<Option<usize>, (usize, Option<usize>)> = HashMap::new();
    let mut counts: HashMap<(Option<usize>, &str), usize> = HashMap::new();
    for (position, facts) in directories.iter().enumerate() {
        let current = last.get(&facts.parent).copied();
        let image = current.map(|(image, _)| image).or(facts.parent);
        let mask = current.and_then(|(_, mask)| mask);
        let (of, word) = match facts {
            Facts { reduced: true, mask: true, .. } if mask.is_some() => (mask, "overview"),
            Facts { mask: true, .. } => (image, "mask"),
            Facts { reduced: true, .. } => (image, "overview"),
            _ => (facts.parent, "sub"),
        };
        let count = counts.entry((of, if of.is_some() { word } else { "image" })).or_default();
        *count += 1;
        let key = match of {
            None => format!("image:{}", *count - 1),
            Some(owner) if word == "mask" && *count == 1 => format!("{}:mask", places[owner].key),
            Some(owner) => format!("{}:{word}:{count}", places[owner].key),
        };
        let mut roles = Vec::new();
        roles.extend((facts.reduced && word != "mask").then_some("overview"));
        roles.extend(facts.mask.then_some("mask"));
        roles.extend((!facts.reduced && !facts.mask).then_some("data"));
        match facts {
            Facts { reduced: false, mask: false, .. } => _ = last.insert(facts.parent, (position, None)),
            Facts { reduced: false, mask: true, .. } => {
                last.entry(facts.parent).and_modify(|(_, mask)| *mask = Some(position));
            }
            _ => {}
        }
        places.push(Place { key, roles, of: of.filter(|_| word != "sub") });
    }
    places
}

/// The georeference of the first image of a file in memory, and its `Geo…` names with their values.
///
/// # Errors
/// [`Error::Malformed`] for a header or a directory that cannot be read.
pub(in crate::format) fn read_georeference(
    bytes: &[u8],
    limits: &Limits,
) -> Result<(Georeference, Vec<(String, Value)>)> {
    let source = MemorySource(bytes);
    let (mut reader, first) = DirectoryReader::open(&source, limits)?;
    let (directory, _) = reader.directory(0, first)?;
    Ok(geo::read(&directory.fields))
}

fn asset(directory: &Directory, place: &Place) -> AssetInfo {
    let fields = &directory.fields;
    let mut metadata: Metadata =
        fields.iter().map(|field| (field.tag.to_string(), field.value.to_metadata())).collect();
    let (georeference, names) = geo::read(fields);
    for (name, value) in names {
        metadata.append(name, value);
    }
    let compression = directory.unsigned(tags::COMPRESSION).ok().flatten().unwrap_or(1);
    AssetInfo {
        key: place.key.clone(),
        title: directory.text(tags::DOCUMENT_NAME),
        description: directory.text(tags::IMAGE_DESCRIPTION),
        roles: place.roles.iter().map(|role| (*role).to_owned()).collect(),
        media_type: MEDIA_TYPE,
        kind: AssetType::Image,
        metadata: Arc::new(origin::read_from(metadata, directory)),
        image: Some(ImageFacts {
            georeference,
            nodata: nodata(directory),
            compression: compression::by_code(compression)
                .map_or_else(|| compression.to_string(), |compression| compression.word.to_owned()),
        }),
    }
}

/// The nodata value of a directory as its samples hold it.
fn nodata(directory: &Directory) -> Option<PadValue> {
    let stated = gdal::nodata(&directory.fields)?;
    Some(storage::sample_type(directory).map_or(stated, |(sample, _)| stated.rounded(sample)))
}

/// Gives an overview or a mask the georeference of its image, with the size of the pixels scaled (OGC 21-026 keeps
/// georeferences out of reduced images).
fn inherit(image: &mut ImageFacts, owner: &AssetInfo, full: (u32, u32), size: (u32, u32)) {
    let Some(owner) = &owner.image else { return };
    let georeference = &mut image.georeference;
    if georeference.transform.is_some() || georeference.crs.is_some() || size.0 == 0 || size.1 == 0 {
        return;
    }
    let (x, y) = (f64::from(full.0) / f64::from(size.0), f64::from(full.1) / f64::from(size.1));
    let scaled = |g: [f64; 6]| Transform([g[0], g[1] * x, g[2] * y, g[3], g[4] * x, g[5] * y]);
    georeference.transform = owner.georeference.transform.map(|Transform(g)| scaled(g));
    georeference.crs.clone_from(&owner.georeference.crs);
}

/// Warnings about fields that the metadata lacks.
fn lost_fields(directory: &Directory) -> impl Iterator<Item = Warning> {
    let segment = directory.segment();
    directory.lost().map(move |(tag, reason)| {
        Warning::new(
            WarningKind::File,
            tag.to_string(),
            format!("the tag is left out of the metadata: {reason} ({segment})"),
        )
    })
}

#[cfg(test)]
mod tests;
