//! The assets of a file, built without reading the data of segments: names, roles, metadata, and facts about images.

use std::sync::Arc;

use super::MEDIA_TYPE;
use super::areas::{self, Area};
use super::capacity::{MAX_BLOCK, MAX_BLOCKS};
use super::chain::chains;
use super::geo;
use super::ic::{self, Ic};
use super::kind::Kind;
use super::names;
use super::pad::{PAD_CODE, pad_of};
use super::pixels::UNCOMPRESSED_BITS;
use super::rules::{file_findings, segment_findings};
use super::segments::{Segment, Segments};
use super::values::{FAMILY, to_metadata};
use super::version::Version;
use crate::asset::{AssetInfo, AssetType, ImageFacts};
use crate::error::{Error, Result};
use crate::format::{Warning, WarningKind};
use crate::image::{Georeference, PadValue};
use crate::io::ByteSource;
use crate::limits::Limits;
use crate::metadata::{Metadata, Value};
use crate::schema::{FieldData, Record, Structure, read, write};

/// The assets of a file.
pub(super) struct Assets {
    /// Metadata of the file.
    pub(super) metadata: Arc<Metadata>,
    pub(super) list: Vec<AssetInfo>,
    /// The positions of each asset's segments: one, or those of the parts of an image.
    pub(super) segments: Vec<Vec<usize>>,
}

impl Assets {
    /// Builds the assets from the headers. What cannot be read becomes a warning.
    pub(super) fn new(source: &dyn ByteSource, file: &Segments, limits: Limits, warnings: &mut Vec<Warning>) -> Self {
        let mut taken: Vec<usize> = Vec::new();
        let mut overflow = |record: &Record, areas: &[Area], number: usize, warnings: &mut Vec<Warning>| {
            let segments = areas
                .iter()
                .filter_map(|area| Some((area.name, file.overflow(area.name, number, area.overflow_in(record))?)));
            let segments: Vec<_> = segments.collect();
            taken.extend(segments.iter().map(|(_, segment)| segment.ordinal));
            let bytes = segments.iter().map(|(area, segment)| overflow(source, limits, segment, area, warnings));
            bytes.collect::<Vec<_>>().concat()
        };
        for (record, key) in std::iter::once((&file.header, "file header".to_owned()))
            .chain(file.list.iter().map(|segment| (&segment.subheader, segment.key())))
        {
            missing_overflows(file, record, &key, warnings);
        }
        let bytes = overflow(&file.header, areas::HEADER, 0, warnings);
        let metadata = to_metadata(file.header.clone(), &bytes, warnings);
        let metadata = Arc::new(of_header(metadata, file.version.file_header(), file.raw.clone()));
        let mut all = Vec::new();
        for segment in &file.list {
            let bytes = overflow(&segment.subheader, segment.kind.areas(), segment.ordinal + 1, warnings);
            let mut metadata = to_metadata(segment.subheader.clone(), &bytes, warnings);
            let is_image = segment.kind == Kind::Image;
            let data = (segment.data, segment.data_length);
            let pad = is_image.then(|| pad_of(source, &segment.subheader, data)).flatten();
            warnings.extend(pad.and_then(|(_, code)| odd_pad(segment, code)));
            let pad = pad.map(|(value, _)| value);
            match pad {
                Some(PadValue::Int(value)) => metadata.append(PAD_CODE, value),
                Some(PadValue::Float(value)) => metadata.append(PAD_CODE, value),
                None => {}
            }
            if let Some(message) = odd_samples(segment) {
                warnings.push(Warning::new(WarningKind::Conformance, segment.key(), message));
            }
            let metadata = of_header(metadata, file.version.subheader(segment.kind), segment.raw.clone());
            let georeference = georeference(segment, &metadata, warnings);
            all.push(asset(segment, metadata, pad, georeference));
        }
        for (segment, info) in file.list.iter().zip(&mut all).filter(|(segment, _)| segment.holds_overflow()) {
            if taken.contains(&segment.ordinal) {
                info.roles.push("overflow".to_owned());
                continue;
            }
            let (area, item) = (segment.text("DESOFLW"), segment.subheader.int("DESITEM").unwrap_or(0));
            let message = format!(
                "{} holds the overflow of {area} of segment {item}, which is missing or does not refer to it",
                segment.key()
            );
            warnings.push(Warning::new(WarningKind::File, segment.key(), message));
        }
        let chains = chains(&file.list);
        let mut assets = Self { metadata, list: Vec::new(), segments: Vec::new() };
        for (position, info) in all.iter().enumerate() {
            let Some(chain) = chains.iter().find(|chain| chain.contains(&position)) else {
                assets.push(info.clone(), vec![position]);
                continue;
            };
            if chain[0] == position {
                let last = &file.list[*chain.last().unwrap_or(&position)];
                assets.push(joined(file.version, info, last, chain, &all), chain.clone());
            }
            let number = position - chain[0];
            let key = format!("{}:segment:{number}", all[chain[0]].key);
            assets.push(AssetInfo { key, roles: vec!["segment".to_owned()], ..info.clone() }, vec![position]);
        }
        assets
    }

    fn push(&mut self, info: AssetInfo, segments: Vec<usize>) {
        self.list.push(info);
        self.segments.push(segments);
    }
}

/// Checks a file strictly: a warning and a broken rule of the standard are errors.
///
/// # Errors
/// [`Error::Malformed`] for the first warning or broken rule.
pub(super) fn check(file: &Segments, warnings: &[Warning]) -> Result<()> {
    if let Some(warning) = warnings.first() {
        return Err(Error::malformed(format!("file: {}", warning.message)).segment(&warning.key));
    }
    if file.version.is_20() {
        return Ok(());
    }
    let headers =
        file.list.iter().map(|segment| (file.version.subheader(segment.kind), &segment.subheader, segment.key()));
    for (structure, record, key) in
        headers.chain([(file.version.file_header(), &file.header, "file header".to_owned())])
    {
        // Writing checks every value against its row of the table.
        if let Err(Error::Usage(detail)) = write(structure, &record.forgotten()) {
            return Err(Error::Malformed(detail).segment(key));
        }
    }
    let findings =
        file.list.iter().flat_map(|segment| segment_findings(segment.kind, &segment.subheader, &segment.key()));
    match file_findings(&file.header).into_iter().chain(findings).next() {
        Some(finding) => Err(finding.into_malformed()),
        None => Ok(()),
    }
}

/// Warns of areas whose index names a segment that does not take their overflow.
fn missing_overflows(file: &Segments, record: &Record, key: &str, warnings: &mut Vec<Warning>) {
    let number =
        key.rsplit_once(':').and_then(|(_, number)| number.parse::<usize>().ok()).map_or(0, |number| number + 1);
    for area in areas::all() {
        let (Area { name, index, .. }, named) = (area, area.overflow_in(record));
        let found = file.overflow(name, number, named).map(|segment| segment.ordinal as i128 + 1);
        if named > 0 && found != Some(named) {
            let message = format!(
                "{index} of {key} names data extension segment {named}, which does not hold the overflow of {name}"
            );
            warnings.push(Warning::new(WarningKind::File, *index, message));
        }
    }
}

/// The TREs of the segment that takes the overflow of `area`; empty, with a warning, if its data cannot be read.
fn overflow(
    source: &dyn ByteSource,
    limits: Limits,
    segment: &Segment,
    area: &str,
    warnings: &mut Vec<Warning>,
) -> Vec<u8> {
    let bytes = limits
        .check_metadata("TRE_OVERFLOW", segment.data_length)
        .and_then(|()| source.read_range(segment.data, segment.data_length));
    bytes.unwrap_or_else(|error| {
        let message = format!("the overflow of {area} cannot be read: {error}");
        warnings.push(Warning::new(WarningKind::File, segment.key(), message));
        Vec::new()
    })
}

/// A note on a bit depth that an uncompressed image cannot have (2500C Table A-2(A)).
fn odd_samples(segment: &Segment) -> Option<String> {
    let header = &segment.subheader;
    let ic = header.text("IC").and_then(Ic::from_code);
    if segment.kind != Kind::Image || !ic.is_some_and(Ic::is_uncompressed) {
        return None;
    }
    let (stored, actual) = (header.int("NBPP")?, header.int("ABPP")?);
    if !UNCOMPRESSED_BITS.iter().any(|bits| i128::from(*bits) == stored) {
        return Some(format!(
            "NBPP is {stored}, not one of {}",
            UNCOMPRESSED_BITS.map(|bits| bits.to_string()).join(", ")
        ));
    }
    (!(1..=stored).contains(&actual)).then(|| format!("ABPP is {actual}, not 1 to {stored} (NBPP)"))
}

/// A warning of a pad pixel code that does not fit a sample.
fn odd_pad(segment: &Segment, (code, bits): (u64, u32)) -> Option<Warning> {
    let stored = u32::try_from(segment.subheader.int("NBPP")?).ok()?;
    let message = format!("the pad pixel code {code} ({bits} bits) of {} does not fit a sample", segment.key());
    (stored < 64 && code >> stored != 0).then(|| Warning::new(WarningKind::File, PAD_CODE, message))
}

/// The georeference of an image. Corners that cannot be read become a warning.
fn georeference(segment: &Segment, metadata: &Metadata, warnings: &mut Vec<Warning>) -> Georeference {
    if segment.kind != Kind::Image {
        return Georeference::default();
    }
    geo::read(&segment.subheader, metadata).map_or_else(
        |error| {
            let message = format!("the corners of {} cannot be read: {error}", segment.key());
            warnings.push(Warning::new(WarningKind::File, "IGEOLO", message));
            Georeference::default()
        },
        Option::unwrap_or_default,
    )
}

fn asset(segment: &Segment, metadata: Metadata, pad: Option<PadValue>, georeference: Georeference) -> AssetInfo {
    let header = &segment.subheader;
    let text = |name: &str| segment.text(name).to_owned();
    // A symbol of NITF 2.0 may be a bitmap or an object.
    let drawing = matches!(header.text("SFMT").or_else(|| header.text("STYPE")), Some("C"));
    let graphic = if drawing { "image/cgm" } else { "application/octet-stream" };
    let (kind, (title, description), media_type, role) = match segment.kind {
        Kind::Image => (AssetType::Image, names::IMAGE.read(header).into_title(), MEDIA_TYPE, "data"),
        Kind::Graphic => (AssetType::Graphics, names::GRAPHIC.read(header).into_title(), graphic, "graphic"),
        // A label holds plain text, which later versions keep in text segments: their graphics are only CGM.
        Kind::Label => (AssetType::Text, (text("LID"), String::new()), "text/plain", "label"),
        Kind::Text => (AssetType::Text, (text_title(segment), String::new()), "text/plain", "text"),
        Kind::Data => (AssetType::Data, (text("DESID"), String::new()), data_type(segment.text("DESID")), "data"),
        Kind::Reserved => (AssetType::Data, (text("RESID"), String::new()), "application/octet-stream", "data"),
    };
    let image = (segment.kind == Kind::Image).then(|| {
        let compression = ic::reported(header.text("IC").unwrap_or_default()).to_owned();
        ImageFacts { georeference, nodata: pad, compression }
    });
    let (key, roles) = (segment.key(), vec![role.to_owned()]);
    AssetInfo { key, title, description, roles, media_type, kind, metadata: Arc::new(metadata), image }
}

/// The title of a text, or its identifier if it has no title.
fn text_title(segment: &Segment) -> String {
    let title = segment.text("TXTITL");
    if title.is_empty() { segment.text("TEXTID") } else { title }.to_owned()
}

/// The media type of a data extension's data.
fn data_type(id: &str) -> &'static str {
    if matches!(id, "XML_DATA_CONTENT" | "SICD_XML" | "SIDD_XML") {
        "application/xml"
    } else {
        "application/octet-stream"
    }
}

/// The metadata, marked as those of a header of this structure.
fn of_header(metadata: Metadata, structure: &'static Structure, raw: Vec<u8>) -> Metadata {
    metadata.read_from(FAMILY, structure.name.as_str(), raw)
}

/// The header of the first segment, with the values that differ for the whole image.
fn whole_header(metadata: &Metadata, structure: &Structure) -> Vec<u8> {
    let Ok((mut record, _)) = read(structure, metadata.raw()) else { return metadata.raw().to_vec() };
    for name in ["NROWS", "NBPC", "NPPBV", "IGEOLO"] {
        if let Some(text) = metadata.get(name).and_then(Value::as_text) {
            record.set(name, text);
        }
    }
    write(structure, &record).unwrap_or_else(|_| metadata.raw().to_vec())
}

/// An image of several segments: the metadata of the first, with the rows of all and the corners of the last.
fn joined(version: Version, first: &AssetInfo, last: &Segment, chain: &[usize], all: &[AssetInfo]) -> AssetInfo {
    let number = |position: &usize, name: &str| all[*position].metadata.get(name).and_then(Value::to_int).unwrap_or(0);
    let total = |name: &str| chain.iter().map(|position| number(position, name)).sum::<i128>();
    let mut metadata = (*first.metadata).clone();
    let rows = number(&chain[0], "NROWS");
    // Blocks of a whole segment (NPPBV 0000) become blocks of that many rows, or one block of the whole image if the field
    // cannot hold that number.
    let (block, down) = match number(&chain[0], "NPPBV") {
        0 if rows > i128::from(MAX_BLOCK) => (0, 1),
        0 => (rows, total("NBPC")),
        _ if total("NBPC") > i128::from(MAX_BLOCKS) => (0, 1),
        block => (block, total("NBPC")),
    };
    metadata.set("NROWS", format!("{:08}", total("NROWS")));
    metadata.set("NBPC", format!("{down:04}"));
    metadata.set("NPPBV", format!("{block:04}"));
    // Extensions and comments that only later segments have are kept.
    let structure = version.subheader(Kind::Image);
    for position in &chain[1..] {
        for (key, value) in all[*position].metadata.iter() {
            let is_new = !metadata.get_all(key).any(|known| known == value);
            if is_new && !structure.has(key) && key != PAD_CODE {
                metadata.append(key, value.clone());
            }
        }
        let comments = |metadata: &Metadata| match metadata.get("ICOM") {
            Some(Value::List(comments)) => comments.clone(),
            _ => Vec::new(),
        };
        let mut joined = comments(&metadata);
        joined.extend(comments(&all[*position].metadata));
        joined.dedup();
        if joined.len() > comments(&metadata).len() && joined.len() <= 9 {
            metadata.set("ICOM", Value::List(joined));
        }
    }
    let corners = |metadata: &Metadata| metadata.get("IGEOLO").and_then(|text| text.as_text().map(str::to_owned));
    if let (Some(top), Some(FieldData::Text(bottom))) = (corners(&metadata), last.subheader.get("IGEOLO"))
        && let (Some(top), Some(bottom)) = (top.get(..30), bottom.get(30..60))
    {
        metadata.set("IGEOLO", format!("{top}{bottom}"));
    }
    let header: Record = metadata.iter().filter_map(|(name, value)| value.as_text().map(|text| (name, text))).collect();
    // A copy is compared with the header it came from, which is the header of the whole image.
    let raw = whole_header(&metadata, structure);
    let metadata = of_header(metadata, structure, raw);
    let facts = first.image.clone().unwrap_or_default();
    let georeference = geo::read(&header, &metadata).ok().flatten().unwrap_or_default();
    AssetInfo { metadata: Arc::new(metadata), image: Some(ImageFacts { georeference, ..facts }), ..first.clone() }
}
