//! The decoder on blocks that the coder made, and on damaged ones, and its slow twin.

use super::*;
use crate::codec::j2k::part1::Segment;

const SHAPES: [(usize, usize); 16] = [
    (1, 1),
    (1, 2),
    (2, 1),
    (3, 5),
    (4, 4),
    (7, 3),
    (5, 64),
    (17, 8),
    (33, 13),
    (64, 3),
    (3, 64),
    (64, 64),
    (1024, 4),
    (4, 1024),
    (1, 1024),
    (1024, 1),
];

/// A coded block as the decoder gets it.
struct Case {
    coded: CodedBlock,
    shape: HtShape,
}

impl Case {
    /// Codes a block of magnitudes of `bits`; the planes below `fraction` are left out. `None` if nothing is coded.
    fn new(values: &[i64], (width, height): (usize, usize), bits: u32, fraction: u32, passes: Passes) -> Option<Self> {
        let block = BlockSamples::new(values, width, width, height, fraction)?;
        let coded = HtCoder::default().encode(&block, passes);
        let causal = passes == Passes::Three { causal: true };
        let shape = HtShape { width, height, of_band: bits - fraction, planes: coded.planes, causal };
        (coded.planes > 0).then_some(Self { coded, shape })
    }

    /// The bytes of the cleanup pass, and those of others of the first `passes`.
    fn bytes(&self, passes: usize) -> (&[u8], &[u8]) {
        let last = self.coded.passes[passes - 1].length as usize;
        self.coded.bytes[..last].split_at(self.coded.passes[0].length as usize)
    }

    fn segments(&self, passes: usize) -> Vec<Segment<'_>> {
        let (first, second) = self.bytes(passes);
        let cleanup = Segment { passes: 1, bytes: first };
        if passes == 1 { vec![cleanup] } else { vec![cleanup, Segment { passes: passes as u32 - 1, bytes: second }] }
    }

    /// What the slow twin makes of the first passes: twice the samples, with the middle of what is not known.
    fn by_twin(&self, passes: usize) -> Option<Vec<i64>> {
        let (first, second) = self.bytes(passes);
        let HtShape { width, height, of_band, planes, causal } = self.shape;
        let refinement = (passes > 1 && !second.is_empty()).then_some((second, passes > 2));
        let planes = (planes - 1, of_band - (planes - 1) + 1);
        let samples = twin::decode(first, refinement, (width, height), planes, causal)?;
        let double = |(magnitude, is_negative, plane): (u64, bool, u32)| {
            let double = if magnitude == 0 { 0 } else { (2 * magnitude as i64 + 1) << plane };
            if is_negative { -double } else { double }
        };
        Some(samples.into_iter().map(double).collect())
    }
}

/// Decodes segments; returns twice the samples.
fn decoded<M: Sample + Into<u64>>(segments: &[Segment<'_>], shape: HtShape) -> crate::error::Result<Vec<i64>> {
    let mut decoder = HtDecoder::<M>::default();
    decoder.decode(shape, segments.iter().copied())?;
    let value = |(double, is_negative): (M, bool)| {
        let double: u64 = double.into();
        if is_negative { -(double as i64) } else { double as i64 }
    };
    Ok((0..shape.height).flat_map(|y| decoder.row(y, 0..shape.width).map(value).collect::<Vec<_>>()).collect())
}

#[test]
fn cleanup_passes_decode_exactly() {
    let mut random = Random::new(30);
    for shape in SHAPES {
        for kind in Kind::ALL {
            for bits in [1, 2, 3, 5, 9, 13, 16, 24, 30, 31, 34, 37, 38] {
                let values = samples(kind, shape.0 * shape.1, bits, &mut random);
                let Some(case) = Case::new(&values, shape, bits, 0, Passes::Cleanup) else { continue };
                let doubled: Vec<i64> = values.iter().map(|value| 2 * value + value.signum()).collect();
                assert!(decoded::<u64>(&case.segments(1), case.shape).unwrap() == doubled, "{shape:?} {kind:?} {bits}");
                let narrow = decoded::<u32>(&case.segments(1), case.shape);
                assert!(bits > 30 || narrow.unwrap() == doubled, "{shape:?} {kind:?} {bits}");
            }
        }
    }
}

#[test]
fn any_block_decodes_exactly() {
    let mut random = Random::new(33);
    let (mut coder, mut decoder) = (HtCoder::default(), HtDecoder::<u32>::default());
    for round in 0..cases(2000) {
        let width = 1 + random.below(if round % 16 == 0 { 1024 } else { 70 });
        let height = 1 + random.below((4096 / width).min(70));
        let (kind, bits) = (Kind::ALL[random.below(Kind::ALL.len())], 1 + random.below(30) as u32);
        let values = samples(kind, width * height, bits, &mut random);
        let block = BlockSamples::new(&values, width, width, height, 0).unwrap();
        let result = coder.encode(&block, Passes::Cleanup);
        if result.planes == 0 {
            continue;
        }
        let shape = HtShape { width, height, of_band: bits, planes: 1, causal: false };
        decoder.decode(shape, std::iter::once(Segment { passes: 1, bytes: &result.bytes })).unwrap();
        for (y, row) in values.chunks_exact(width).enumerate() {
            let found = decoder.row(y, 0..width);
            let is_equal = |((double, is_negative), value): ((u32, bool), &i64)| {
                i64::from(double) == 2 * value.abs() + i64::from(*value != 0)
                    && (is_negative == (*value < 0) || *value == 0)
            };
            assert!(found.zip(row).all(is_equal), "{round}: {width} × {height} {kind:?} {bits}");
        }
    }
}

#[test]
fn every_number_of_passes_decodes_as_by_the_twin() {
    let mut random = Random::new(31);
    let mut refined = 0;
    for shape in SHAPES {
        for kind in Kind::ALL {
            for (bits, fraction, causal) in [(2, 0, false), (5, 0, true), (9, 3, false), (9, 0, true), (30, 2, false)] {
                let values = samples(kind, shape.0 * shape.1, bits, &mut random);
                let Some(case) = Case::new(&values, shape, bits, fraction, Passes::Three { causal }) else { continue };
                for passes in 1..=case.coded.passes.len() {
                    let found = decoded::<u32>(&case.segments(passes), case.shape).unwrap();
                    assert!(Some(found) == case.by_twin(passes), "{shape:?} {kind:?} {bits} {fraction} {passes}");
                }
                if case.coded.passes.len() < 3 {
                    continue;
                }
                refined += 1;
                // Magnitudes are exact, but for single ones without a neighbour in the cleanup pass.
                let found = decoded::<u64>(&case.segments(3), case.shape).unwrap();
                for (found, value) in found.iter().zip(&values) {
                    let whole = value.abs() >> fraction;
                    let exact = value.signum() * (2 * whole + i64::from(whole > 0));
                    assert!(*found == exact || whole == 1 && *found == 0, "{shape:?} {kind:?}: {found} of {value}");
                }
            }
        }
    }
    assert!(refined > 100, "{refined}");
}

#[test]
fn damaged_segments_decode_as_by_the_twin_or_not_at_all() {
    let mut random = Random::new(32);
    let rounds = cases(3000) as usize;
    let mut errors = 0;
    for round in 0..rounds {
        let shape = SHAPES[round % 11];
        let kind = Kind::ALL[1 + random.below(6)];
        let bits = 2 + random.below(12) as u32;
        let values = samples(kind, shape.0 * shape.1, bits, &mut random);
        let passes = if round % 2 == 0 { Passes::Cleanup } else { Passes::Three { causal: round % 4 == 1 } };
        let Some(mut case) = Case::new(&values, shape, bits, 0, passes) else { continue };
        for _ in 0..=random.below(4) {
            let at = random.below(case.coded.bytes.len());
            case.coded.bytes[at] = if random.below(3) == 0 { 0xFF } else { random.next() as u8 };
        }
        let passes = case.coded.passes.len();
        let found = decoded::<u32>(&case.segments(passes), case.shape);
        errors += usize::from(found.is_err());
        assert!(found.ok() == case.by_twin(passes), "{round}: {shape:?} {kind:?} {bits}");
        drop(decoded::<u64>(&case.segments(passes), case.shape));
    }
    assert!(errors > rounds / 50, "{errors}");
}

#[test]
fn segments_that_cannot_be_are_errors() {
    let shape = HtShape { width: 4, height: 4, of_band: 8, planes: 1, causal: false };
    // No room for the lengths, a length of 1, one beyond the segment.
    for bytes in [&[7][..], &[0, 1, 0], &[0, 0x34, 0x12]] {
        assert!(decoded::<u32>(&[Segment { passes: 1, bytes }], shape).is_err(), "{bytes:?}");
    }
    // A sample that has more bits than the band.
    let case = Case::new(&[200, 0, 0, 0], (2, 2), 8, 0, Passes::Cleanup).unwrap();
    assert!(decoded::<u32>(&case.segments(1), HtShape { of_band: 6, ..case.shape }).is_err());
    assert!(decoded::<u32>(&case.segments(1), HtShape { of_band: 8, ..case.shape }).is_ok());
}

#[test]
fn the_last_set_with_bytes_counts_and_goes_further_down() {
    let coarse = Case::new(&[5, -9, 0, 3], (2, 2), 8, 0, Passes::Cleanup).unwrap();
    let fine = Case::new(&[83, -149, 11, 48], (2, 2), 12, 0, Passes::Three { causal: false }).unwrap();
    let shape = HtShape { of_band: 12, planes: 5, ..coarse.shape };
    let empty = |passes| Segment { passes, bytes: &[] };
    assert!(decoded::<u32>(&[], shape).unwrap() == [0; 4]);
    assert!(decoded::<u32>(&[empty(4), empty(2)], shape).unwrap() == [0; 4]);
    // The fourth cleanup pass codes plane 1, and what follows it plane 0.
    let (cleanup, rest) = fine.bytes(3);
    let segments = [
        Segment { passes: 1, bytes: coarse.bytes(1).0 },
        empty(2),
        Segment { passes: 7, bytes: cleanup },
        Segment { passes: 2, bytes: rest },
    ];
    assert_eq!(decoded::<u32>(&segments, shape).unwrap(), [167, -299, 23, 97]);
    assert_eq!(
        decoded::<u32>(&segments[..1], shape).unwrap(),
        [5, -9, 0, 3].map(|value: i64| (2 * value + value.signum()) << 4)
    );
    // Without the bytes of the refinement, the plane above remains.
    assert_eq!(decoded::<u32>(&segments[..3], shape).unwrap(), [166, -298, 22, 98]);
}
