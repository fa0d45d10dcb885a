//! A request as a container takes it: its settings are entries of the format, and what an image brings along from a file of
//! another format is translated.

use std::borrow::Cow;

use crate::asset::ImageFacts;
use crate::error::{Error, Result};
use crate::format::{Copied, FORMATS, Format, ImageRequest, SaveSettings, TextField, Warning, WarningKind, family};
use crate::image::{Georeference, ImageLayout};
use crate::metadata::Metadata;

/// The metadata and texts of a request. Those of a file of the same format are unchanged. From a file of another format come the
/// title and the description, made to fit, and the georeference and the nodata value, as precisely as the format states them.
/// One warning names everything else, and what the format refuses.
pub(crate) struct Settled<'i> {
    pub(crate) metadata: Cow<'i, Metadata>,
    pub(crate) title: Cow<'i, str>,
    pub(crate) description: Cow<'i, str>,
    losses: Losses,
}

/// What an image of a file of another format loses.
struct Losses {
    /// The key of the image in its file.
    key: String,
    /// Their names, with reasons in parentheses.
    names: Vec<String>,
    /// The names of those that its codestream has.
    in_stream: Vec<String>,
}

impl<'i> Settled<'i> {
    /// Settles `image` for a file of `format`. This is the only place that merges settings and metadata for a container.
    ///
    /// # Errors
    /// As [`Format::apply`] for the settings of the request, and for a georeference of theirs that no image has.
    pub(crate) fn new(format: &dyn Format, image: &ImageRequest<'i>, warnings: &mut Vec<Warning>) -> Result<Self> {
        let source = image.metadata.origin().and_then(|origin| family(origin.family()));
        let source = source.filter(|source| !is_same_family(*source, format));
        let mut left_out =
            source.map(|source| source.further_content(&read_in(source, image.metadata))).unwrap_or_default();
        let facts = image.copied.and_then(|copied| copied.asset.image.as_ref());
        if let (Some(source), None) = (source, facts)
            && source.states_location(image.metadata)
        {
            left_out.insert(0, "georeference".to_owned());
        }
        let metadata = usable(format, source, image);
        let mut settings = image.settings.cloned();
        if let (Some(settings), Some(facts)) = (&mut settings, facts) {
            complete(&mut settings.georeference, &facts.georeference);
        }
        let is_own = is_copy_of(format, &metadata)
            || image.copied.is_some_and(|copied| is_copy_of(format, &copied.asset.metadata));
        if let (Some(copied), Some(facts), false) = (image.copied, facts, is_own) {
            let with = With { format, metadata: &metadata, layout: image.provider.layout() };
            let found = with.facts(facts, copied.is_part, settings.as_ref(), &mut left_out);
            settings = found.or(settings);
        }
        let metadata = with_content(format, metadata, source, image, &mut left_out);
        let metadata = match settings {
            None => metadata,
            Some(settings) => {
                let layout = image.provider.layout();
                if settings.cloud_optimized && !format.keeps_companions() {
                    return Err(Error::usage("format of a Cloud Optimized GeoTIFF:")
                        .found(format.name())
                        .allowed("tiff"));
                }
                if settings.statistics && !format.keeps_statistics() {
                    return Err(Error::usage("format of a file with statistics:").found(format.name()).allowed("tiff"));
                }
                let settings = for_writing(settings, layout)?;
                // Warnings about choices are for a caller who made some.
                let mut silent = Vec::new();
                let notes = if image.settings.is_some() { &mut *warnings } else { &mut silent };
                Cow::Owned(format.apply(&settings, &metadata, layout, notes)?)
            }
        };
        let losses = Losses {
            key: image.copied.map_or(image.key, |copied| &copied.asset.key).to_owned(),
            names: left_out,
            in_stream: source.map_or(&[][..], Format::keys_of_stream).iter().map(|key| (*key).to_owned()).collect(),
        };
        warnings.extend(losses.warning(format));
        let copied = image.copied;
        let mut text = |own: &'i str, field: TextField| settled_text(format, (image.key, own), copied, field, warnings);
        Ok(Self {
            title: text(image.title, TextField::Title),
            description: text(image.description, TextField::Description),
            metadata,
            losses,
        })
    }

    /// Corrects the warning of what is lost after the codestream of the image was copied with all that it has.
    pub(crate) fn keep_stream(&self, format: &dyn Format, warnings: &mut Vec<Warning>) {
        let Losses { key, names, in_stream } = &self.losses;
        let names: Vec<String> = names.iter().filter(|name| !in_stream.contains(name)).cloned().collect();
        if names.len() < self.losses.names.len() {
            let old = self.losses.warning(format);
            warnings.retain(|warning| Some(warning) != old.as_ref());
            let losses = Losses { key: key.clone(), names, in_stream: Vec::new() };
            warnings.extend(losses.warning(format));
        }
    }

    /// Metadata of a file as a file of `format` takes them. Of those of a file of another format, none is taken over; one warning
    /// names what they state.
    pub(crate) fn of_file<'m>(
        format: &dyn Format,
        metadata: &'m Metadata,
        warnings: &mut Vec<Warning>,
    ) -> Cow<'m, Metadata> {
        let source = metadata.origin().and_then(|origin| family(origin.family()));
        let Some(source) = source.filter(|source| !is_same_family(*source, format)) else {
            return Cow::Borrowed(metadata);
        };
        let left_out = source.further_content_of_file(&read_in(source, metadata));
        if let Some(first) = left_out.first() {
            warnings.push(Warning::left_out(first.clone(), format.name(), &left_out));
        }
        let mut kept = metadata.clone();
        kept.retain(|key| !is_read(source, metadata, key));
        Cow::Owned(kept.with_origin(None))
    }

    /// The request in these terms.
    pub(crate) fn request<'s>(&'s self, image: &ImageRequest<'s>) -> ImageRequest<'s> {
        let (title, description) = (&*self.title, &*self.description);
        ImageRequest { metadata: &self.metadata, title, description, settings: None, copied: None, ..*image }
    }
}

impl Losses {
    fn warning(&self, format: &dyn Format) -> Option<Warning> {
        (!self.names.is_empty()).then(|| Warning::left_out(&*self.key, format.name(), &self.names))
    }
}

/// A file's format, and the image that is written to it.
struct With<'a> {
    format: &'a dyn Format,
    metadata: &'a Metadata,
    layout: &'a ImageLayout,
}

impl With<'_> {
    /// The settings with the georeference and nodata value of `facts`, as far as they have none and the format takes them.
    /// `None` if nothing needs to be set. What the format refuses comes to `left_out`, before the rest.
    fn facts(
        &self,
        facts: &ImageFacts,
        is_part: bool,
        given: Option<&SaveSettings>,
        left_out: &mut Vec<String>,
    ) -> Option<SaveSettings> {
        let mut settings = given.cloned().unwrap_or_default();
        let mut refused = Vec::new();
        let mut is_changed = !is_part;
        let mut add = |changed: SaveSettings, name: &str, settings: &mut SaveSettings| {
            let applied = for_writing(changed, self.layout).and_then(|changed| {
                self.format.apply(&changed, self.metadata, self.layout, &mut Vec::new()).map(|_| changed)
            });
            match applied {
                Ok(changed) => {
                    *settings = changed;
                    is_changed = true;
                }
                Err(error) => refused.push(format!("{name} ({error})")),
            }
        };
        let none = Georeference::default();
        if facts.georeference != none && settings.georeference == none && !self.format.states_location(self.metadata) {
            let georeference = facts.georeference.clone();
            add(SaveSettings { georeference, precise: true, ..settings.clone() }, "georeference", &mut settings);
        }
        if facts.nodata.is_some() && settings.nodata.is_none() {
            add(SaveSettings { nodata: facts.nodata, ..settings.clone() }, "nodata value", &mut settings);
        }
        left_out.splice(..0, refused);
        if is_changed && is_part && settings.block_size.is_none() {
            // The blocks of a part were chosen; a format that does not take them has its own.
            let grid = &self.layout.grid;
            let sized =
                SaveSettings { block_size: Some((grid.block_columns(), grid.block_rows())), ..settings.clone() };
            if self.format.apply(&sized, self.metadata, self.layout, &mut Vec::new()).is_ok() {
                settings = sized;
            }
        }
        is_changed.then_some(settings)
    }
}

/// The metadata without what was read from a file of the format `source`, and without the keys under which other formats state
/// where the image lies.
fn usable<'i>(format: &dyn Format, source: Option<&dyn Format>, image: &ImageRequest<'i>) -> Cow<'i, Metadata> {
    let mut metadata = Cow::Borrowed(image.metadata);
    if let Some(source) = source {
        let mut kept = image.metadata.clone();
        kept.retain(|key| !is_read(source, image.metadata, key));
        metadata = Cow::Owned(kept.with_origin(None));
    }
    // Some formats share keys.
    let of_others = |key: &str| !format.is_location_key(key) && FORMATS.iter().any(|other| other.is_location_key(key));
    if image.copied.is_some_and(|copied| copied.is_part) && metadata.iter().any(|(key, _)| of_others(key)) {
        metadata.to_mut().retain(|key| !of_others(key));
    }
    metadata
}

/// The metadata with the sensor model and the descriptions of bands that the image has in a file of another format, unless they state
/// some. Of what cannot be stated, `left_out` gets the name and the reason.
fn with_content<'i>(
    format: &dyn Format,
    mut metadata: Cow<'i, Metadata>,
    source: Option<&dyn Format>,
    image: &ImageRequest<'i>,
    left_out: &mut Vec<String>,
) -> Cow<'i, Metadata> {
    let mut add = |name: &str, entries: Result<Metadata>, metadata: &mut Cow<'i, Metadata>| match entries {
        Ok(entries) => entries.iter().for_each(|(key, value)| metadata.to_mut().set(key, value.clone())),
        Err(error) => left_out.push(format!("{name} ({error})")),
    };
    let model = of_other(format, source, image, |source, metadata| source.rpc(metadata));
    if let Some(model) = model.filter(|_| format.rpc(&metadata).is_none()) {
        add("RPC", model.and_then(|model| format.rpc_entries(&model)), &mut metadata);
    }
    let descriptions = of_other(format, source, image, |source, metadata| source.band_descriptions(metadata));
    let bands = image.provider.layout().bands as usize;
    let fits = |found: &Vec<_>| found.len() <= bands && format.band_descriptions(&metadata).is_none();
    if let Some(mut descriptions) = descriptions.filter(fits) {
        descriptions.resize(bands, None);
        add("band descriptions", format.band_description_entries(&descriptions, &metadata), &mut metadata);
    }
    metadata
}

/// What the metadata of the image state in a file of another format.
fn of_other<T>(
    format: &dyn Format,
    source: Option<&dyn Format>,
    image: &ImageRequest<'_>,
    of: impl Fn(&dyn Format, &Metadata) -> Option<T>,
) -> Option<T> {
    match (source, image.copied) {
        (Some(source), _) => of(source, &read_in(source, image.metadata)),
        (None, Some(copied)) if !is_copy_of(format, &copied.asset.metadata) => {
            let origin = copied.asset.metadata.origin();
            origin.and_then(|origin| family(origin.family())).and_then(|source| of(source, &copied.asset.metadata))
        }
        _ => None,
    }
}

/// True for an entry that was read from a file of the format `source`, or replaces one.
fn is_read(source: &dyn Format, metadata: &Metadata, key: &str) -> bool {
    source.owns_key(key) || !metadata.is_chosen(key)
}

/// The entries that were read from a file of the format `source`, or replace those.
fn read_in(source: &dyn Format, metadata: &Metadata) -> Metadata {
    let mut read = metadata.clone();
    read.retain(|key| is_read(source, metadata, key));
    read
}

/// Completes half a georeference by that of the image.
pub(super) fn complete(given: &mut Georeference, of_image: &Georeference) {
    let is_placed = given.transform.is_some() || given.corners.is_some();
    match (is_placed, &given.crs) {
        (true, None) => given.crs.clone_from(&of_image.crs),
        (false, Some(_)) => (given.transform, given.corners) = (of_image.transform, of_image.corners),
        _ => {}
    }
}

fn for_writing(settings: SaveSettings, layout: &ImageLayout) -> Result<SaveSettings> {
    let georeference = settings.georeference.for_writing(layout.grid.columns(), layout.grid.rows())?;
    Ok(SaveSettings { georeference, ..settings })
}

/// The text of a request, or else that of the asset it copies, made to fit. A text of the request is left out with a warning
/// if the format has no place for it.
fn settled_text<'i>(
    format: &dyn Format,
    (key, own): (&'i str, &'i str),
    copied: Option<Copied<'i>>,
    field: TextField,
    warnings: &mut Vec<Warning>,
) -> Cow<'i, str> {
    let copied = copied.filter(|_| own.is_empty());
    let text = match (copied, field) {
        (None, _) => own,
        (Some(copied), TextField::Title) => &copied.asset.title,
        (Some(copied), TextField::Description) => &copied.asset.description,
    };
    if !own.is_empty() && !format.has_text(field) {
        let message = format!("the {} is left out: {} cannot hold it", field.name(), format.name());
        warnings.push(Warning::new(WarningKind::Metadata, key, message));
        return Cow::Borrowed("");
    }
    let Some(Copied { asset, .. }) = copied else { return Cow::Borrowed(text) };
    let is_own = is_copy_of(format, &asset.metadata);
    match format.fitted_text(field, text).filter(|_| !is_own) {
        None => Cow::Borrowed(text),
        Some(fitted) => {
            let message = format!("the {} does not fit {}: {}", field.name(), format.name(), fitted.changes);
            warnings.push(Warning::new(WarningKind::Metadata, &asset.key, message));
            Cow::Owned(fitted.text)
        }
    }
}

/// True if the metadata come from a file of a format that has the same keys.
fn is_copy_of(format: &dyn Format, metadata: &Metadata) -> bool {
    let source = metadata.origin().and_then(|origin| family(origin.family()));
    source.is_some_and(|source| is_same_family(source, format))
}

/// True for formats that share the keys of metadata, such as NITF and NSIF.
fn is_same_family(one: &dyn Format, other: &dyn Format) -> bool {
    one.names().media_type == other.names().media_type
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asset::{AssetInfo, AssetType};
    use crate::format::by_name;
    use crate::image::{BlockGrid, ImageLayout};
    use crate::image::{Crs, MemoryImage, PadValue, SampleType, Transform};
    use crate::metadata::Value;

    fn image() -> MemoryImage {
        let grid = BlockGrid::new(32, 16, 16, 16).unwrap();
        MemoryImage::new(ImageLayout::new(grid, 1, SampleType::UInt8).unwrap())
    }

    /// An image of a TIFF at a place that NITF can hold if the code is that of a UTM zone.
    fn asset(epsg: u32) -> AssetInfo {
        let entries = [("256", Value::from(32)), ("315", "nobody".into()), ("GeoModelType", "Projected".into())];
        let transform = Some(Transform([300_000.0, 10.0, 0.0, 4_500_000.0, 0.0, -10.0]));
        let georeference = Georeference { transform, crs: Some(Crs::Epsg(epsg)), corners: None };
        AssetInfo {
            key: "image:0".to_owned(),
            title: "title".to_owned(),
            description: "one\ntwo".to_owned(),
            roles: Vec::new(),
            media_type: "image/tiff",
            kind: AssetType::Image,
            metadata: std::sync::Arc::new(entries.into_iter().collect::<Metadata>().read_from(
                "tiff",
                "II42",
                Vec::new(),
            )),
            image: Some(ImageFacts { georeference, nodata: Some(PadValue::Int(7)), compression: String::new() }),
        }
    }

    /// What `check` sees of the asset in a file of the format, and the texts of warnings.
    fn settled(asset: &AssetInfo, metadata: &Metadata, format: &str, check: impl Fn(&Settled<'_>)) -> Vec<String> {
        let (image, mut warnings) = (image(), Vec::new());
        let copied = Some(Copied { asset, is_part: false });
        let request = ImageRequest { copied, ..ImageRequest::new("scene", &image, metadata) };
        check(&Settled::new(by_name(format).unwrap(), &request, &mut warnings).unwrap());
        warnings.into_iter().map(|warning| format!("{}: {}", warning.key, warning.message)).collect()
    }

    #[test]
    fn metadata_of_the_same_format_are_unchanged() {
        let asset = asset(32_618);
        let warnings = settled(&asset, &asset.metadata, "tiff", |found| {
            assert!(matches!(found.metadata, Cow::Borrowed(_)) && found.description == "one\ntwo");
        });
        assert!(warnings.is_empty());
        let warnings = settled(&asset, &Metadata::new(), "tiff", |found| assert!(found.metadata.is_empty()));
        assert!(warnings.is_empty());
    }

    #[test]
    fn another_format_has_the_place_the_nodata_value_and_fitted_texts() {
        let asset = asset(32_618);
        let mut metadata = Metadata::clone(&asset.metadata);
        metadata.set("TGTID", "TARGET");
        let warnings = settled(&asset, &metadata, "nitf", |found| {
            let text = |key: &str| found.metadata.get(key).and_then(Value::as_text);
            assert_eq!((text("ICORDS"), text("IC"), text("TGTID")), (Some("N"), Some("NM"), Some("TARGET")));
            assert!(found.metadata.get("315").is_none() && found.metadata.get("BLOCKA").is_none());
            assert_eq!((&*found.title, &*found.description), ("title", "one two"));
        });
        assert_eq!(warnings[0], "image:0: nitf cannot hold and leaves out: Artist");
        assert!(warnings.len() == 2 && warnings[1].contains("the description does not fit nitf"));
    }

    #[test]
    fn what_a_format_refuses_is_named_with_the_reason() {
        let asset = asset(3857);
        let nitf = settled(&asset, &asset.metadata, "nitf", |found| assert!(found.metadata.get("IGEOLO").is_none()));
        assert!(nitf[0].contains("georeference (") && nitf[0].contains("EPSG:3857") && !nitf[0].contains("nodata"));
        let png = settled(&asset, &asset.metadata, "png", |found| assert!(found.metadata.is_empty()));
        assert!(
            ["georeference (", "nodata value (", "Artist"].iter().all(|name| png[0].contains(name)) && png.len() == 1
        );
    }

    #[test]
    fn half_a_georeference_is_completed() {
        let of_image = asset(32_618).image.unwrap().georeference;
        let mut crs = Georeference { crs: Some(Crs::Epsg(32_619)), ..Georeference::default() };
        complete(&mut crs, &of_image);
        assert_eq!((crs.transform, crs.crs), (of_image.transform, Some(Crs::Epsg(32_619))));
        let mut transform = Georeference { transform: of_image.transform, ..Georeference::default() };
        complete(&mut transform, &of_image);
        assert_eq!(transform.crs, of_image.crs);
        let mut none = Georeference::default();
        complete(&mut none, &of_image);
        assert_eq!(none, Georeference::default());
    }
}
