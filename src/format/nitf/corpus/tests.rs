//! What the manifest of the corpus says of each file, against what is read of it.

use std::path::PathBuf;
use std::sync::Arc;

use super::json::Json;
use super::sha256::sha256;
use crate::asset::AssetType;
use crate::error::Error;
use crate::format::nitf::chain::chains;
use crate::format::nitf::open;
use crate::format::nitf::segments::{Kind, Segments};
use crate::format::{ContainerReader, OpenOptions};
use crate::io::{FileSource, MemorySource};
use crate::pipeline::{Concurrency, Control, ReadRequest, read_region};
use crate::schema::{FieldData, Record};

/// The folder and what its manifest says of the files of this format.
pub(super) fn corpus() -> Option<(PathBuf, Vec<Json>)> {
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/data/corpus");
    let root = std::env::var_os("OSML_IO_CORPUS").map_or(beside, PathBuf::from);
    let text = std::fs::read_to_string(root.join("manifest.json")).ok()?;
    let files = Json::parse(&text).get("files").list().to_vec();
    let files = files.into_iter().filter(|file| file.get("format").text() == "nitf").collect();
    Some((root, files))
}

fn number_of(record: &Record, name: &str) -> i128 {
    record.int(name).unwrap_or(-1)
}

/// Compares a value of the manifest with a field; the manifest has no padding and numbers as such.
fn same(record: &Record, name: &str, expected: &Json) -> bool {
    let column = |field: &str, expected: &[Json]| {
        let Some(FieldData::Group(bands)) = record.get("BAND_INFO") else { return false };
        expected.iter().zip(bands).all(|(expected, band)| same(band, field, expected))
    };
    match (name, expected) {
        ("NUMLABEL", value) => same(record, "NUML", value),
        ("NBANDS", Json::Number(count)) => {
            let bands = number_of(record, "NBANDS");
            (if bands == 0 { number_of(record, "XBANDS") } else { bands }) as f64 == *count
        }
        ("ILOC", Json::Text(place)) if place.starts_with('(') => {
            let text = record.text("ILOC").unwrap_or_default();
            let number = |part: &str| part.parse::<i32>().unwrap_or(i32::MIN);
            format!("({}, {})", number(&text[..5]), number(&text[5..])) == *place
        }
        ("IREPBAND" | "ISUBCAT" | "NLUTS", Json::List(values)) => column(name, values),
        (_, Json::Number(value)) => number_of(record, name) as f64 == *value,
        (_, Json::Text(value)) => record.text(name).unwrap_or_default() == value.trim(),
        (_, Json::Null) => record.text(name).unwrap_or_default().is_empty(),
        _ => panic!("{name}: {expected:?}"),
    }
}

/// Compares the header and image subheaders of the manifest with those read; gives what differs.
fn differences(header: &Json, file: &Segments) -> Vec<String> {
    let mut wrong = Vec::new();
    let images: Vec<_> = file.list.iter().filter(|segment| segment.kind == Kind::Image).collect();
    for (name, expected) in header.entries() {
        let listed = |kind: Kind, field: &str| {
            let found = file.list.iter().filter(|segment| segment.kind == kind).map(|segment| segment.text(field));
            found.eq(expected.list().iter().map(Json::text))
        };
        let fits = match name.as_str() {
            "image_segments" => {
                for (image, expected) in images.iter().zip(expected.list()) {
                    for (name, expected) in expected.entries().iter().filter(|(name, _)| name != "tres") {
                        if !same(&image.subheader, name, expected) {
                            let found = image.subheader.get(name);
                            wrong.push(format!("{} {name}: {found:?}, not {expected:?}", image.key()));
                        }
                    }
                }
                images.len() == expected.list().len()
            }
            "graphic_segments" => listed(Kind::Graphic, "SID"),
            "text_segments" => listed(Kind::Text, "TEXTID"),
            "des_segments" => listed(Kind::Data, "DESID"),
            "file_tres" => true,
            name => same(&file.header, name, expected),
        };
        if !fits {
            wrong.push(format!("{name}: {:?}, not {expected:?}", file.header.get(name)));
        }
    }
    wrong
}

/// The extensions the manifest lists that are no metadata of the file or the image.
fn missing_extensions(header: &Json, reader: &dyn ContainerReader) -> Vec<String> {
    let mut missing = Vec::new();
    let tags = |list: &Json| list.list().iter().map(|tag| tag.text().to_owned()).collect::<Vec<_>>();
    missing.extend(tags(header.get("file_tres")).into_iter().filter(|tag| reader.metadata().get(tag).is_none()));
    let images = reader.assets().iter().filter(|asset| asset.kind == AssetType::Image);
    for (image, expected) in images.zip(header.get("image_segments").list()) {
        missing.extend(tags(expected.get("tres")).into_iter().filter(|tag| image.metadata.get(tag).is_none()));
    }
    missing
}

#[test]
fn headers_and_counts_are_those_of_other_readers() {
    let Some((root, files)) = corpus() else { return };
    let mut wrong = Vec::new();
    for entry in &files {
        let path = entry.get("path").text();
        let source = FileSource::open(root.join(path)).unwrap();
        let header = entry.get("reference").get("header");
        let malformed = entry.get("class").text() == "nitf malformed";
        match Segments::open(&source) {
            Err(Error::Malformed(_)) if malformed => {}
            Err(error) => wrong.push(format!("{path}: {error}")),
            Ok(_) if entry.get("expect").text() == "error" => wrong.push(format!("{path} is no error")),
            Ok(file) => {
                wrong.extend(differences(header, &file).into_iter().map(|what| format!("{path}: {what}")));
                let kinds: Vec<_> = Kind::ALL
                    .iter()
                    .map(|kind| (kind, file.list.iter().filter(|segment| segment.kind == *kind).count()))
                    .collect();
                for (kind, field) in [
                    (Kind::Image, "NUMI"),
                    (Kind::Graphic, "NUMS"),
                    (Kind::Label, "NUML"),
                    (Kind::Text, "NUMT"),
                    (Kind::Data, "NUMDES"),
                    (Kind::Reserved, "NUMRES"),
                ] {
                    let count = kinds.iter().find(|(found, _)| **found == kind).map_or(0, |(_, count)| *count);
                    // A damaged file may have a segment that cannot be read, which is told.
                    let told = malformed && !file.warnings.is_empty();
                    if file.header.int(field).unwrap_or(0) != count as i128 && !told {
                        wrong.push(format!("{path}: {count} segments of {field}"));
                    }
                }
                if std::env::var_os("OSML_IO_CORPUS_WARNINGS").is_some() {
                    file.warnings
                        .iter()
                        .for_each(|warning| wrong.push(format!("{path}: {}: {}", warning.key, warning.message)));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_file_opens_with_its_assets_and_extensions() {
    let Some((root, files)) = corpus() else { return };
    let mut wrong = Vec::new();
    for entry in &files {
        let path = entry.get("path").text();
        let source = Arc::new(FileSource::open(root.join(path)).unwrap());
        match open(source, &OpenOptions::default()) {
            Err(Error::Malformed(_)) if entry.get("class").text() == "nitf malformed" => {}
            Err(error) => wrong.push(format!("{path}: {error}")),
            Ok(reader) => {
                let header = entry.get("reference").get("header");
                let mut missing = missing_extensions(header, &*reader);
                // Extensions that overflowed, of NITF 2.0 as well, are found where they belong.
                let all = entry.get("images").list().iter().flat_map(|image| image.get("gdal_tres").list());
                let known = |tag: &str| {
                    let mut metadata = reader.assets().iter().map(|asset| &asset.metadata).chain([reader.metadata()]);
                    metadata.any(|metadata| metadata.get(tag).is_some())
                };
                if entry.get("class").text() != "nitf malformed" {
                    missing.extend(all.map(|tag| tag.text().to_owned()).filter(|tag| !known(tag)));
                }
                if !missing.is_empty() {
                    wrong.push(format!("{path}: no {}", missing.join(" ")));
                }
                for (position, asset) in reader.assets().iter().enumerate() {
                    let raw = reader.raw_asset(position);
                    if entry.get("class").text() != "nitf malformed" && raw.is_err() {
                        wrong.push(format!("{path}: {}: {:?}", asset.key, raw.err()));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn ordinary_images_are_not_joined() {
    let Some((root, files)) = corpus() else { return };
    for entry in &files {
        let path = entry.get("path").text();
        if let Ok(file) = Segments::open(&FileSource::open(root.join(path)).unwrap()) {
            assert!(chains(&file.list).is_empty(), "{path}");
        }
    }
}

/// Pixels in order of bands, little-endian.
fn pixels(reader: &dyn ContainerReader, position: usize) -> crate::error::Result<Vec<u8>> {
    let image = reader.image(position)?;
    let request = ReadRequest::whole(&*image);
    let mut out = vec![0; request.bytes(&*image) as usize];
    read_region(&*image, &request, &mut out, Concurrency::new(1).unwrap(), &Control::default())?;
    if cfg!(target_endian = "big") {
        crate::simd::swap_bytes(&mut out, image.layout().sample.swap_unit());
    }
    Ok(out)
}

#[test]
fn pixels_of_uncompressed_images_are_those_of_other_readers() {
    let Some((root, files)) = corpus() else { return };
    let mut wrong = Vec::new();
    let mut decoded = 0;
    for entry in &files {
        let path = entry.get("path").text();
        let Ok(bytes) = std::fs::read(root.join(path)) else { continue };
        let Ok(reader) = open(Arc::new(MemorySource(bytes)), &OpenOptions::default()) else { continue };
        let positions = reader.assets().iter().enumerate().filter(|(_, asset)| asset.kind == AssetType::Image);
        for ((position, asset), image) in positions.zip(entry.get("images").list()) {
            let compression = asset.image.as_ref().unwrap().compression.as_str();
            let variants = image.get("variants").list();
            if !matches!(compression, "none" | "NM") || entry.get("expect").text() != "decode" || variants.is_empty() {
                continue;
            }
            match pixels(&*reader, position) {
                Err(error) => wrong.push(format!("{path} {}: {error}", asset.key)),
                Ok(pixels) => {
                    let hash = sha256(&pixels);
                    decoded += 1;
                    if !variants.iter().any(|variant| variant.get("sha256").text() == hash) {
                        let shapes: Vec<_> = variants
                            .iter()
                            .map(|variant| (variant.get("shape").clone(), variant.get("dtype").text().to_owned()))
                            .collect();
                        wrong.push(format!(
                            "{path} {}: other pixels, {} bytes, of {shapes:?}",
                            asset.key,
                            pixels.len()
                        ));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{decoded} decoded; {} differences:\n{}", wrong.len(), wrong.join("\n"));
}
