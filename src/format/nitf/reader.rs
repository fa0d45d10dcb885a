//! Opening files: segments become assets.

use std::sync::Arc;

use super::geo::{Corners, Icords};
use super::image::NitfImage;
use super::pixels::Storage;
use super::segments::{Kind, Segment, Segments};
use super::values::to_metadata;
use crate::asset::{AssetInfo, AssetType, ImageFacts};
use crate::error::{Error, Result};
use crate::format::{ContainerReader, OpenOptions, Warning, WarningKind};
use crate::image::{Crs, Georeference, ImageProvider, Transform};
use crate::io::ByteSource;
use crate::limits::Limits;
use crate::metadata::Metadata;
use crate::schema::Record;

/// An open NITF or NSIF file.
pub(super) struct NitfReader {
    source: Arc<dyn ByteSource>,
    limits: Limits,
    metadata: Arc<Metadata>,
    segments: Vec<Segment>,
    assets: Vec<AssetInfo>,
    warnings: Vec<Warning>,
}

/// Opens a file: header and subheaders, no data.
///
/// # Errors
/// [`Error::Malformed`] where the file header cannot be read.
pub fn open(source: Arc<dyn ByteSource>, options: &OpenOptions) -> Result<Box<dyn ContainerReader>> {
    let file = Segments::open(&*source)?;
    let mut warnings = file.warnings.clone();
    let overflow = |area: &str, number: usize, warnings: &mut Vec<Warning>| {
        overflow(&*source, options.limits, &file, area, number, warnings)
    };
    let header_overflow = [overflow("UDHD", 0, &mut warnings), overflow("XHD", 0, &mut warnings)].concat();
    let metadata = Arc::new(to_metadata(&file.header, &header_overflow, file.raw.clone(), &mut warnings));
    let mut assets = Vec::new();
    for segment in &file.list {
        let mut bytes = Vec::new();
        for area in segment.kind.areas() {
            bytes.extend(overflow(area, segment.ordinal + 1, &mut warnings));
        }
        let metadata = to_metadata(&segment.subheader, &bytes, segment.raw.clone(), &mut warnings);
        assets.push(asset(segment, metadata));
    }
    Ok(Box::new(NitfReader { metadata, limits: options.limits, segments: file.list, assets, warnings, source }))
}

impl ContainerReader for NitfReader {
    fn metadata(&self) -> &Arc<Metadata> {
        &self.metadata
    }

    fn assets(&self) -> &[AssetInfo] {
        &self.assets
    }

    fn image(&self, position: usize) -> Result<Arc<dyn ImageProvider>> {
        let segment = self.segment(position)?;
        let compression = segment.subheader.text("IC").unwrap_or_default();
        if !matches!(compression, "NC" | "NM") {
            return Err(Error::unsupported("compression").field("IC").found(compression).segment(segment.key()));
        }
        let place = |error: Error| error.segment(segment.key());
        let storage = Storage::read(&segment.subheader).map_err(place)?;
        let data = (segment.data, segment.data_length.min(self.source.size().saturating_sub(segment.data)));
        let image =
            NitfImage::new(Arc::clone(&self.source), self.limits, storage, data, compression == "NM").map_err(place)?;
        Ok(Arc::new(image))
    }

    fn raw_asset(&self, position: usize) -> Result<Vec<u8>> {
        let segment = self.segment(position)?;
        self.limits.check_pixels("stored bytes of a segment", segment.data_length, self.source.size())?;
        self.source.read_range(segment.data, segment.data_length)
    }

    fn warnings(&self) -> &[Warning] {
        &self.warnings
    }
}

impl NitfReader {
    fn segment(&self, position: usize) -> Result<&Segment> {
        self.segments.get(position).ok_or_else(|| Error::out_of_range("asset").found(position))
    }
}

/// The TREs of the segment that takes what overflows from an area; none where its data cannot be read, which is told.
fn overflow(
    source: &dyn ByteSource,
    limits: Limits,
    file: &Segments,
    area: &str,
    number: usize,
    warnings: &mut Vec<Warning>,
) -> Vec<u8> {
    let Some(segment) = file.overflow(area, number) else { return Vec::new() };
    let bytes = limits
        .check_metadata("TRE_OVERFLOW", segment.data_length)
        .and_then(|()| source.read_range(segment.data, segment.data_length));
    bytes.unwrap_or_else(|error| {
        let warning = Warning::new(segment.key(), format!("the extensions of {area} cannot be read: {error}"));
        warnings.push(warning.of(WarningKind::File));
        Vec::new()
    })
}

fn asset(segment: &Segment, metadata: Metadata) -> AssetInfo {
    let header = &segment.subheader;
    let text = |name: &str| segment.text(name).to_owned();
    // A symbol of NITF 2.0 may be a bitmap or an object.
    let drawing = matches!(header.text("SFMT").or_else(|| header.text("STYPE")), Some("C"));
    let graphic = if drawing { "image/cgm" } else { "application/octet-stream" };
    let (kind, title, description, media_type, role) = match segment.kind {
        Kind::Image => (AssetType::Image, text("IID1"), text("IID2"), "image/nitf", "data"),
        Kind::Graphic => (AssetType::Graphics, text("SID"), text("SNAME"), graphic, "graphic"),
        // Its data is plain text, which later versions hold in text segments; their graphics are CGM alone.
        Kind::Label => (AssetType::Text, text("LID"), String::new(), "text/plain", "label"),
        Kind::Text => (AssetType::Text, text("TEXTID"), text("TXTITL"), "text/plain", "text"),
        Kind::Data => (AssetType::Data, text("DESID"), String::new(), "application/octet-stream", "data"),
        Kind::Reserved => (AssetType::Data, text("RESID"), String::new(), "application/octet-stream", "data"),
    };
    AssetInfo {
        key: segment.key(),
        title,
        description,
        roles: vec![role.to_owned()],
        media_type,
        kind,
        metadata: Arc::new(metadata),
        image: (segment.kind == Kind::Image).then(|| facts(header)),
    }
}

fn facts(header: &Record) -> ImageFacts {
    let compression = header.text("IC").unwrap_or_default();
    let compression = if compression == "NC" { "none" } else { compression };
    ImageFacts {
        georeference: georeference(header).unwrap_or_default(),
        nodata: None,
        compression: compression.to_owned(),
    }
}

/// The georeference of IGEOLO: pixel centres become edges. None where there is none, it cannot be read, or the corners are
/// no parallelogram.
fn georeference(header: &Record) -> Option<Georeference> {
    let form = Icords::from_code(header.text("ICORDS")?)?;
    let crate::schema::FieldData::Text(text) = header.get("IGEOLO")? else { return None };
    let (columns, rows) = (header.int("NCOLS")? as f64, header.int("NROWS")? as f64);
    let (crs, points) = match Corners::parse(form, text).ok()? {
        Corners::Geographic(points) => (Crs::Epsg(4326), points),
        Corners::Utm(zone, points) => (Crs::Epsg(zone.epsg()), points),
    };
    let [a, b, _, d] = points;
    let per = |from: (f64, f64), to: (f64, f64), pixels: f64| {
        let steps = (pixels - 1.0).max(1.0);
        ((to.0 - from.0) / steps, (to.1 - from.1) / steps)
    };
    let (column, row) = (per(a, b, columns), per(a, d, rows));
    let origin = (a.0 - f64::midpoint(column.0, row.0), a.1 - f64::midpoint(column.1, row.1));
    let transform = Transform([origin.0, column.0, row.0, origin.1, column.1, row.1]);
    Some(Georeference { transform: Some(transform), crs: Some(crs) })
}
