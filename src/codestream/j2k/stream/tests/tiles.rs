//! Tiles that the encoder wrote, decoded by this crate and by OpenJPEG.

use proptest::prelude::*;

use super::*;
use crate::codec::j2k::geometry::Rect;
use crate::codec::j2k::header::MainHeader;
use crate::codec::j2k::index::{Index, TilePart};
use crate::codec::j2k::packed_headers::PackedHeaders;
use crate::codec::j2k::part1::tests::blocks::cases;
use crate::codec::j2k::stored_tile::StoredTile;
use crate::codec::j2k::tile_decoder::{self, DecodedPlane, DecodedSamples, DecodedTile, TileRequest};
use crate::error::{Error, Result};
use crate::image::IdleThreads;
use crate::io::{ByteSource, MemorySource};
use crate::limits::Limits;

/// Passes each tile of a codestream to `take`.
pub(super) fn each_tile(stream: &[u8], take: impl FnMut(&StoredTile<'_>)) -> Result<()> {
    each_tile_in(stream, true, take)
}

/// As [`each_tile`]; if `is_strict` is false, of tiles that are damaged what is there.
fn each_tile_in(stream: &[u8], is_strict: bool, mut take: impl FnMut(&StoredTile<'_>)) -> Result<()> {
    let source = MemorySource(stream.to_vec());
    let source: &dyn ByteSource = &source;
    let (header, first) = MainHeader::read(&mut MainHeader::look_ahead(source)?, 0)?;
    let index = Index::read(source, &header, first, &Limits::default())?;
    let packed = PackedHeaders::read(&header.ppm)?;
    let (across, down) = crate::codec::j2k::geometry::TileGrid::new(&header.siz).count();
    for tile in 0..across * down {
        let parts = if is_strict { index.tile(tile as u16)? } else { index.parts_of(tile as u16)? };
        let end = |part: &TilePart| if is_strict { part.bytes.end } else { part.bytes.end.min(stream.len() as u64) };
        let range = |part: &TilePart| stream.get(part.bytes.start as usize..end(part) as usize);
        let bytes: Option<Vec<_>> = parts.iter().map(range).collect();
        let bytes = bytes.ok_or_else(|| Error::malformed("a tile-part is incomplete"))?;
        take(&StoredTile::read(&header, &packed, parts, &bytes, &Limits::default(), is_strict)?);
    }
    Ok(())
}

/// The samples of a decoded tile, which have at most 31 bits.
fn samples(decoded: &DecodedTile) -> Vec<(u32, Vec<i32>)> {
    let narrow = |plane: &DecodedPlane<'_>| match plane.samples {
        DecodedSamples::Narrow(samples) => (plane.columns, samples.to_vec()),
        DecodedSamples::Wide(_) => panic!("samples of more than 31 bits"),
    };
    decoded.planes().unwrap().iter().map(narrow).collect()
}

/// What OpenJPEG makes of a part of a tile. Of a tile with high-throughput blocks it decodes no parts: these are cut from the
/// whole. It refuses such blocks in bands of more than 30 planes, which only lossless tiles have.
fn by_openjpeg(tile: &StoredTile<'_>, request: &TileRequest<'_>) -> Option<Vec<(u32, Vec<i32>)>> {
    let coding = tile.parameters.coding(0).unwrap();
    if !coding.is_high_throughput() {
        return Some(samples(&tile_decoder::decode_other(tile, request).unwrap()));
    }
    let whole = match tile_decoder::decode_other(tile, &TileRequest { area: tile.rect, ..*request }) {
        Err(error) if coding.wavelet == 1 && error.to_string().contains("larger than 30") => return None,
        decoded => samples(&decoded.unwrap()),
    };
    let (all, part) = (tile.rect.reduced(request.reduction), request.area.reduced(request.reduction));
    let (first, columns) = ((part.x0 - all.x0) as usize, part.width() as usize);
    let crop = |(width, samples): (u32, Vec<i32>)| {
        let rows = samples.chunks_exact(width as usize).skip((part.y0 - all.y0) as usize).take(part.height() as usize);
        (part.width(), rows.flat_map(|row| row[first..first + columns].to_vec()).collect())
    };
    Some(whole.into_iter().map(crop).collect())
}

/// The largest difference between what the two decoders make of parts of each tile. `corners` choose the parts.
fn difference(stream: &[u8], corners: &[(f64, f64, f64, f64)], reductions: std::ops::RangeInclusive<u8>) -> u32 {
    let mut largest = 0;
    each_tile(stream, |tile| {
        assert!(tile_decoder::is_own(tile));
        let rect = tile.rect;
        let parts = corners.iter().map(|(x, y, width, height)| {
            let at = |first: u32, length: u32, part: f64| first + (f64::from(length) * part) as u32;
            let (x0, y0) = (at(rect.x0, rect.width(), *x), at(rect.y0, rect.height(), *y));
            let end = |from: u32, to: u32, part: f64| (from + 1 + (f64::from(to - from) * part) as u32).min(to);
            Rect { x0, y0, x1: end(x0, rect.x1, *width), y1: end(y0, rect.y1, *height) }
        });
        for area in std::iter::once(rect).chain(parts) {
            for reduction in reductions.clone() {
                let levels = tile.parameters.coding(0).unwrap().levels;
                let reduction = reduction.min(levels);
                let reduced = area.reduced(reduction);
                // OpenJPEG refuses parts without samples.
                if reduced.is_empty() {
                    continue;
                }
                let request = TileRequest { area, reduction, components: &[], idle: &IdleThreads::default() };
                let own = samples(&tile_decoder::decode(tile, &request).unwrap());
                let Some(other) = by_openjpeg(tile, &request) else { continue };
                assert_eq!(own.len(), other.len());
                for ((columns, own), (other_columns, other)) in own.iter().zip(&other) {
                    assert_eq!((columns, own.len()), (other_columns, other.len()), "{area:?} by {reduction}");
                    let differences = own.iter().zip(other).map(|(a, b)| a.abs_diff(*b));
                    largest = largest.max(differences.max().unwrap_or(0));
                }
            }
        }
    })
    .unwrap();
    largest
}

fn corner() -> impl Strategy<Value = (f64, f64, f64, f64)> {
    (0.0..1.0, 0.0..1.0, 0.0..1.0, 0.0..1.0)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(150)))]

    #[test]
    fn lossless_tiles_are_what_openjpeg_decodes_in_every_part(
        options in choices(), (rows, columns) in (1u32..90, 1u32..90), tile in (1u32..100, 1u32..100), bands in 1u32..5,
        kind in 0usize..6, spare in 0u32..8, noise in prop::sample::select(vec![0.0, 0.05, 1.0]),
        corners in prop::collection::vec(corner(), 3), is_high in any::<bool>(),
    ) {
        let (options, most) = if is_high { (high_throughput(options), 26) } else { (options, 28) };
        let sample = [SampleType::UInt8, SampleType::Int8, SampleType::UInt16, SampleType::Int16, SampleType::UInt32, SampleType::Int32][kind];
        let bits = sample.bits().min(most) - spare.min(sample.bits() - 1);
        let (layout, pixels, _) = image(bands, rows, columns, sample, bits, noise);
        let tile = (tile.0.max(columns / 4), tile.1.max(rows / 4));
        let stream = written(&layout, tile, bits, &options, &pixels, 1);
        prop_assert_eq!(difference(&stream, &corners, 0..=3), 0);
    }

    #[test]
    fn lossy_tiles_are_nearly_what_openjpeg_decodes_in_every_part(
        options in choices(), (rows, columns) in (8u32..90, 8u32..90), bands in 1u32..4, rate in 0.3f64..8.0, wide in any::<bool>(),
        corners in prop::collection::vec(corner(), 3), is_high in any::<bool>(),
    ) {
        let options = if is_high { high_throughput(options) } else { options };
        let sample = if wide { SampleType::UInt16 } else { SampleType::UInt8 };
        let (layout, pixels, _) = image(bands, rows, columns, sample, sample.bits(), 0.3);
        let options = J2kOptions { rate: Rate::Bits(rate), layers: options.layers.min(3), precincts: Vec::new(), profile: None, ..options };
        let options = J2kOptions { block_style: options.block_style & !Style::PREDICTABLE, ..options };
        let stream = written(&layout, (columns, rows), sample.bits(), &options, &pixels, 1);
        // OpenJPEG multiplies high-pass coefficients by 1.625732422 for 2 / K, which is 1.625786.
        let bound = if wide { 4 } else { 1 };
        let found = difference(&stream, &corners, 0..=2);
        prop_assert!(found <= bound, "{}", found);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(if cfg!(debug_assertions) { 300 } else { 20_000 })))]

    /// Arithmetic is checked in this build, so an overflow is a panic.
    #[test]
    fn damaged_tiles_are_errors_or_samples(
        options in choices(), (rows, columns) in (1u32..40, 1u32..40), bands in 1u32..4, lossy in any::<bool>(), corner in corner(), is_high in any::<bool>(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0usize..5), 1..6), in_header in prop::bool::weighted(0.3),
        region in prop::option::weighted(0.3, 1u8..40), cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let (layout, pixels, _) = image(bands, rows, columns, SampleType::UInt8, 8, 0.5);
        let rate = if lossy { Rate::Bits(3.0) } else { Rate::Lossless };
        let options = if is_high { high_throughput(options) } else { options };
        let block_style = if lossy { options.block_style & !Style::PREDICTABLE } else { options.block_style };
        let mut stream = written(&layout, (columns, rows), 8, &J2kOptions { rate, block_style, ..options }, &pixels, 1);
        if let Some(shift) = region {
            // OpenJPEG decodes tiles with RGN.
            let sot = stream.windows(2).position(|two| two == [0xFF, 0x90]).unwrap();
            stream.splice(sot..sot, [0xFF, 0x5E, 0, 5, 0, 0, shift]);
        }
        let start = stream.windows(2).position(|two| two == [0xFF, 0x93]).unwrap() + 2;
        for (at, value, kind) in damage {
            let (first, length) = if in_header { (0, start) } else { (start, stream.len() - start) };
            let at = first + at.index(length.max(1)).min(stream.len() - first - 1);
            match kind {
                0 => stream[at] = value,
                1 => stream[at] ^= 1 << (value % 8),
                2 => stream[at] = 0xFF,
                3 => stream[at..].iter_mut().take(usize::from(value)).for_each(|byte| *byte = value),
                _ => stream[at] = 0,
            }
        }
        let decode = |tile: &StoredTile<'_>| {
            let samples = tile.rect.area() * tile.header.siz.components.0.len() as u64;
            if samples > 1 << 16 {
                return;
            }
            let Rect { x0, y0, x1, y1 } = tile.rect;
            let part = Rect {
                x0: x0 + (f64::from(x1 - x0 - 1) * corner.0) as u32,
                y0: y0 + (f64::from(y1 - y0 - 1) * corner.1) as u32,
                x1,
                y1,
            };
            for (area, reduction) in [(tile.rect, 0), (part, 0), (part, 1)] {
                drop(tile_decoder::decode(tile, &TileRequest { area, reduction, components: &[], idle: &IdleThreads::default() }));
            }
        };
        drop(each_tile(&stream, decode));
        if let Some(cut) = cut {
            stream.truncate(start + cut.index((stream.len() - start).max(1)));
        }
        drop(each_tile_in(&stream, false, decode));
    }
}

/// The speed of both decoders: `cargo test --release --lib tiles::nanoseconds -- --ignored --nocapture`.
#[test]
#[ignore = "it measures"]
#[allow(clippy::print_stdout, reason = "the measurement is its result")]
fn nanoseconds_per_sample() {
    const SIDE: u32 = 1024;
    let cells = [
        ("3 × 8 bits lossless", 3, SampleType::UInt8, 8, 0.01, Rate::Lossless),
        ("3 × 8 bits, 1 bit", 3, SampleType::UInt8, 8, 0.01, Rate::Bits(1.0)),
        ("16 bits lossless", 1, SampleType::UInt16, 11, 0.02, Rate::Lossless),
        ("16 bits, 2 bits", 1, SampleType::UInt16, 11, 0.02, Rate::Bits(2.0)),
    ];
    let cells = cells.into_iter().flat_map(|cell| [(cell, true), (cell, false)]);
    for ((name, bands, sample, bits, noise, rate), high_throughput) in cells {
        let (layout, pixels, _) = image(bands, SIDE, SIDE, sample, bits, noise);
        let options = J2kOptions { rate, high_throughput, ..J2kOptions::default() };
        let stream = written(&layout, (SIDE, SIDE), bits, &options, &pixels, 1);
        let name = if high_throughput { format!("HT {name}") } else { name.to_owned() };
        let bits = 8.0 * stream.len() as f64 / f64::from(bands * SIDE * SIDE);
        let window = |side: u32| Rect { x0: 300, y0: 500, x1: 300 + side, y1: 500 + side };
        each_tile(&stream, |tile| {
            for (what, area, reduction) in [
                ("whole", tile.rect, 0),
                ("by 2", tile.rect, 1),
                ("by 8", tile.rect, 3),
                ("256²", window(256), 0),
                ("64²", window(64), 0),
            ] {
                let request = TileRequest { area, reduction, components: &[], idle: &IdleThreads::default() };
                let time = |decode: &dyn Fn() -> DecodedTile| {
                    let mut best = f64::MAX;
                    for _ in 0..5 {
                        let start = std::time::Instant::now();
                        drop(decode());
                        best = best.min(start.elapsed().as_secs_f64());
                    }
                    best * 1e9 / f64::from(bands) / area.reduced(reduction).area() as f64
                };
                let own = time(&|| tile_decoder::decode(tile, &request).unwrap());
                let other = time(&|| tile_decoder::decode_other(tile, &request).unwrap());
                println!("{name} ({bits:.2} bits), {what}: {own:.1} ns, OpenJPEG {other:.1} ns: {:.1}", other / own);
            }
        })
        .unwrap();
    }
}

/// Both decoders on every tile of the codestreams in the files of a folder.
#[test]
#[ignore = "it reads the files of OSML_IO_CORPUS"]
#[allow(clippy::print_stdout, reason = "the counts are its result")]
fn tiles_of_real_files_are_what_openjpeg_decodes() {
    let mut folders = vec![std::path::PathBuf::from(std::env::var("OSML_IO_CORPUS").unwrap())];
    let (mut own, mut others, mut worst) = (0, 0, Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let bytes = std::fs::read(&path).unwrap();
            let Some(start) = bytes.windows(4).position(|four| four == [0xFF, 0x4F, 0xFF, 0x51]) else { continue };
            let (mut largest, mut note) = (0, String::new());
            let read = each_tile(&bytes[start..], |tile| {
                if !tile_decoder::is_own(tile) {
                    others += 1;
                    return;
                }
                own += 1;
                for reduction in [0, 2] {
                    let request =
                        TileRequest { area: tile.rect, reduction, components: &[], idle: &IdleThreads::default() };
                    let pair = (tile_decoder::decode(tile, &request), tile_decoder::decode_other(tile, &request));
                    match pair {
                        (Ok(own), Ok(other)) => {
                            for ((_, own), (_, other)) in samples(&own).iter().zip(&samples(&other)) {
                                let differences = own.iter().zip(other).map(|(a, b)| a.abs_diff(*b));
                                largest = largest.max(differences.max().unwrap_or(0));
                            }
                        }
                        (Err(_), Err(_)) => {}
                        (own, other) => note = format!("{reduction}: {:?} {:?}", own.err(), other.err()),
                    }
                }
            });
            if largest > 0 || !note.is_empty() || read.is_err() {
                worst.push(format!("{}: {largest} {note} {:?}", path.display(), read.err()));
            }
        }
    }
    println!("{own} tiles by this crate, {others} by OpenJPEG");
    for line in worst {
        println!("{line}");
    }
}
