//! Properties of every table: written values are read back, whatever they are, and no bytes make a reader panic.

use std::path::PathBuf;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::layouts::{des_names, header, tre_layouts, tre_names};
use super::*;
use crate::io::{ByteSource, FileSource};
use crate::schema::generate::record;
use crate::schema::{FieldData, Record, Structure, read, read_whole, write};

const HEADERS: [&str; 6] = ["HEADER", "IMAGE", "GRAPHIC", "TEXT", "DATA", "RESERVED"];

/// Every structure of the crate's tables.
fn structures() -> Vec<&'static Structure> {
    let mut structures: Vec<&Structure> = HEADERS.iter().map(|name| header(name).unwrap()).collect();
    for name in tre_names() {
        let tag = name.split('.').next().unwrap();
        structures.extend(tre_layouts(tag).unwrap().into_iter().filter(|layout| layout.name == name));
    }
    for name in des_names() {
        let (id, version) = name.split_once('.').unwrap_or((name, "1"));
        structures.extend(des_layout(id, version.parse().unwrap(), usize::MAX).unwrap());
    }
    structures
}

/// What the round trip of a record changes, if anything.
fn round_trip(structure: &Structure, record: &Record) -> std::result::Result<(), String> {
    let bytes = write(structure, record).map_err(|error| error.to_string())?;
    let (back, size) = read(structure, &bytes).map_err(|error| error.to_string())?;
    if size != bytes.len() {
        return Err(format!("{} bytes are written, {size} read", bytes.len()));
    }
    if let Some((old, new)) = record.iter().zip(back.iter()).find(|(old, new)| old != new) {
        return Err(format!("{old:?} becomes {new:?}"));
    }
    if back != *record {
        return Err(format!("{} fields become {}", record.len(), back.len()));
    }
    let again = write(structure, &back).map_err(|error| error.to_string())?;
    let whole = read_whole(structure, &bytes).map_err(|error| error.to_string())?;
    if again == bytes && whole.is_some() { Ok(()) } else { Err("the bytes are not written again".to_owned()) }
}

#[test]
fn every_structure_reads_back_what_it_writes() {
    let mut wrong = Vec::new();
    for structure in structures() {
        let config = Config { cases: 60, failure_persistence: None, ..Config::default() };
        let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
        let outcome = runner
            .run(&any::<u64>(), |seed| round_trip(structure, &record(structure, seed)).map_err(TestCaseError::fail));
        wrong.extend(outcome.err().map(|error| format!("{}: {error}", structure.name)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_copy_without_the_memory_of_a_file_is_legal_too() {
    for structure in structures() {
        for seed in 0..20 {
            let (back, _) = read(structure, &write(structure, &record(structure, seed)).unwrap()).unwrap();
            let copy: Record = back.iter().map(|(name, data)| (name.to_owned(), data.clone())).collect();
            assert_eq!(write(structure, &copy).unwrap(), write(structure, &back).unwrap(), "{}", structure.name);
        }
    }
}

/// Bytes derived from a seed.
fn noise(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    (0..length).map(|_| next()).collect()
}

#[test]
fn bytes_of_any_kind_survive_and_make_nothing_panic() {
    for structure in structures() {
        for seed in 0..30 {
            let good = write(structure, &record(structure, seed)).unwrap();
            let mut bent = good.clone();
            for place in noise(1 + good.len() / 40, seed) {
                let at = usize::from(place) * 41 % bent.len().max(1);
                bent.get_mut(at).into_iter().for_each(|byte| *byte = place);
            }
            for bytes in [noise(good.len(), seed), bent, good[..good.len() / 2].to_vec()] {
                if let Ok(Some(record)) = read_whole(structure, &bytes) {
                    assert_eq!(write(structure, &record).unwrap(), bytes, "{}", structure.name);
                }
            }
        }
    }
}

#[test]
fn areas_of_random_bodies_survive_byte_for_byte() {
    for name in tre_names() {
        let tag = name.split('.').next().unwrap();
        for layout in tre_layouts(tag).unwrap() {
            for seed in 0..20 {
                let length = write(layout, &record(layout, seed)).unwrap().len();
                let body = noise(length, seed + 99);
                let area = [format!("{tag:<6}{length:05}").as_bytes(), &body].concat();
                assert_eq!(write_tres(&parse_tres(&area).unwrap()).unwrap(), area, "{name}");
            }
        }
    }
}

/// The folder of sample files; `None` if there is none.
fn corpus() -> Option<PathBuf> {
    let given = std::env::var_os("OSML_IO_CORPUS").map(PathBuf::from);
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/data/corpus");
    Some(given.unwrap_or_else(beside)).filter(|folder| folder.is_dir())
}

fn files(folder: PathBuf, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(path, found);
        } else {
            found.push(path);
        }
    }
}

/// The areas of TREs of a file of NITF 2.1 or NSIF 1.0; `None` for another file or one whose header cannot be read.
fn areas(source: &dyn ByteSource) -> Option<Vec<Vec<u8>>> {
    let magic = source.read_range(0, 9.min(source.size())).ok()?;
    if !matches!(magic.as_slice(), b"NITF02.10" | b"NSIF01.00" | b"NSIF01.01") {
        return None;
    }
    let file = super::segments::Segments::open(source).ok()?;
    let names = ["UDHD", "XHD", "UDID", "IXSHD", "SXSHD", "TXSHD"];
    let of = |record: &Record| names.map(|name| record.get(name).cloned());
    let headers = file.list.iter().map(|segment| &segment.subheader).chain([&file.header]);
    let mut areas: Vec<Vec<u8>> = headers
        .flat_map(of)
        .filter_map(|data| if let Some(FieldData::Bytes(area)) = data { Some(area) } else { None })
        .collect();
    for segment in file.list.iter().filter(|segment| segment.subheader.text("DESID") == Some("TRE_OVERFLOW")) {
        areas.extend(source.read_range(segment.data, segment.data_length).ok());
    }
    Some(areas)
}

#[test]
fn every_tre_of_the_corpus_is_written_back_byte_for_byte() {
    let Some(folder) = corpus() else { return };
    let mut paths = Vec::new();
    files(folder, &mut paths);
    paths.sort();
    let (mut read_files, mut fields, mut clean, mut unknown, mut odd) = (0, 0, 0, 0, 0);
    let mut notes = Vec::new();
    for path in &paths {
        let Ok(source) = FileSource::open(path) else { continue };
        let Some(areas) = areas(&source) else { continue };
        read_files += 1;
        for area in areas {
            let Ok(tres) = parse_tres(&area) else {
                notes.push(format!("{}: an area cannot be read", path.display()));
                continue;
            };
            assert_eq!(write_tres(&tres).unwrap(), area, "{}", path.display());
            for tre in tres {
                match &tre.body {
                    TreBody::Fields(record) => {
                        fields += 1;
                        let copy: Record = record.iter().map(|(name, data)| (name.to_owned(), data.clone())).collect();
                        match write_tre_fields(&tre.tag, &copy) {
                            Ok(_) => clean += 1,
                            Err(error) => notes.push(format!("{}: {error}", path.display())),
                        }
                    }
                    TreBody::Bytes(bytes) if tre_layout(&tre.tag, bytes.len()).unwrap().is_none() => {
                        unknown += 1;
                        notes.push(format!("{}: {} of {} bytes", path.display(), tre.tag, bytes.len()));
                    }
                    TreBody::Bytes(bytes) => {
                        odd += 1;
                        notes.push(format!("{}: {} does not follow, {} bytes", path.display(), tre.tag, bytes.len()));
                    }
                }
            }
        }
    }
    notes.sort();
    let (total, notes) = (fields + unknown + odd, notes.join("\n"));
    let report = format!(
        "{read_files} files, {total} TREs: {fields} have fields ({clean} keep every rule), {unknown} have no layout, {odd} \
         do not follow theirs\n{notes}\n"
    );
    std::io::Write::write_all(&mut std::io::stderr(), report.as_bytes()).unwrap();
    assert!(odd * 20 <= total, "{report}");
}
