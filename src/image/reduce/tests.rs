use proptest::prelude::*;

use super::*;

fn bytes<T: Copy, const N: usize>(values: &[T], to: impl Fn(T) -> [u8; N]) -> Vec<u8> {
    values.iter().flat_map(|value| to(*value)).collect()
}

fn reduced(sample: SampleType, levels: u8, method: Reduction, nodata: Option<PadValue>, rows: &[Vec<u8>]) -> Vec<u8> {
    let reducer = Reducer::new(sample, levels, method, nodata).unwrap();
    let length = (rows[0].len() / sample.bytes()).div_ceil(reducer.factor()) * sample.bytes();
    let rows: Vec<&[u8]> = rows.iter().map(Vec::as_slice).collect();
    let reduce = |rows: &[&[u8]]| {
        let mut out = vec![0; length];
        reducer.row(rows, &mut out);
        out
    };
    rows.chunks(reducer.factor()).flat_map(reduce).collect()
}

fn floats(rows: &[&[f32]], nodata: Option<PadValue>) -> Vec<f32> {
    let rows: Vec<_> = rows.iter().map(|row| bytes(row, f32::to_ne_bytes)).collect();
    let out = reduced(SampleType::Float32, 1, Reduction::Average, nodata, &rows);
    out.as_chunks().0.iter().map(|bytes| f32::from_ne_bytes(*bytes)).collect()
}

#[test]
fn halves_are_rounded_up_and_nodata_does_not_count() {
    let rows = [vec![0, 4, 0, 0], vec![6, 8, 0, 0]];
    let average = |nodata| reduced(SampleType::UInt8, 1, Reduction::Average, nodata, &rows);
    assert_eq!(average(None), [5, 0]);
    assert_eq!(average(Some(PadValue::Int(0))), [6, 0]);
    assert_eq!(average(Some(PadValue::Int(-1))), [5, 0], "a value that no sample has");
    let rows = [vec![0xff, 0xfe], vec![0xff, 0xff]];
    assert_eq!(reduced(SampleType::Int8, 1, Reduction::Average, None, &rows), [0xff], "-1.25");
    let rows = [vec![0xff, 0xff], vec![0xfe, 0xfe]];
    assert_eq!(reduced(SampleType::Int8, 1, Reduction::Average, None, &rows), [0xff], "-1.5 rounds up to -1");
}

#[test]
fn real_numbers_are_averaged_without_nan() {
    const NAN: f32 = f32::NAN;
    assert_eq!(floats(&[&[0., 1., 2., 3.], &[4., 5., 6., 7.], &[8., 9., 10., 11.]], None), [2.5, 4.5, 8.5, 10.5]);
    let found = floats(&[&[NAN, 4., NAN, NAN], &[6., 8., NAN, NAN]], Some(PadValue::Float(f64::NAN)));
    assert!(found[0] == 6.0 && found[1].is_nan());
    let half = bytes(&[0x3c00u16, 0x4000], u16::to_ne_bytes);
    assert_eq!(reduced(SampleType::Float16, 1, Reduction::Average, None, &[half]), 0x3e00u16.to_ne_bytes(), "1.5");
}

#[test]
fn parts_of_complex_numbers_are_averaged_apart() {
    let rows = [bytes(&[1.0f64, 2.0, 3.0, 6.0], f64::to_ne_bytes)];
    assert_eq!(
        reduced(SampleType::Complex128, 1, Reduction::Average, None, &rows),
        bytes(&[2.0f64, 4.0], f64::to_ne_bytes)
    );
}

#[test]
fn the_nearest_pixel_is_from_the_middle() {
    let rows = [vec![1, 2, 3, 4, 5], vec![6, 7, 8, 9, 10], vec![11, 12, 13, 14, 15]];
    assert_eq!(reduced(SampleType::UInt8, 1, Reduction::Nearest, None, &rows), [7, 9, 10, 12, 14, 15]);
    assert_eq!(reduced(SampleType::UInt8, 3, Reduction::Nearest, None, &rows), [15]);
    assert!(Reducer::new(SampleType::UInt8, 15, Reduction::Nearest, None).is_err());
}

/// Averages with integers of any size, without shortcuts.
fn plain(values: &[Vec<i128>], factor: usize, nodata: Option<i128>) -> Vec<i128> {
    let mut out = Vec::new();
    for rows in values.chunks(factor) {
        for column in (0..rows[0].len()).step_by(factor) {
            let part = rows.iter().flat_map(|row| row[column..].iter().take(factor));
            let part: Vec<_> = part.copied().filter(|value| Some(*value) != nodata).collect();
            let count = part.len() as i128;
            let doubled = 2 * part.iter().sum::<i128>() + count;
            out.push(if count == 0 { nodata.unwrap() } else { doubled.div_euclid(2 * count) });
        }
    }
    out
}

macro_rules! twins {
    ($($name:ident $type:ty, $sample:ident;)*) => {
        proptest! {
            $(#[test]
            fn $name(
                width in 1usize..40,
                values in proptest::collection::vec(prop_oneof![any::<$type>(), Just(<$type>::MAX), Just(<$type>::MIN)], 40..400),
                levels in 0u8..5,
                with_nodata: bool,
            ) {
                let rows: Vec<_> = values.chunks_exact(width).collect();
                let nodata = with_nodata.then_some(<$type>::MAX);
                let wide: Vec<Vec<i128>> = rows.iter().map(|row| row.iter().map(|value| i128::from(*value)).collect()).collect();
                let expected = plain(&wide, 1 << levels, nodata.map(i128::from));
                let rows: Vec<_> = rows.iter().map(|row| bytes(row, <$type>::to_ne_bytes)).collect();
                let nodata = nodata.map(|value| PadValue::Int(value.into()));
                let found = reduced(SampleType::$sample, levels, Reduction::Average, nodata, &rows);
                let found = found.as_chunks().0.iter().map(|bytes| i128::from(<$type>::from_ne_bytes(*bytes)));
                prop_assert_eq!(found.collect::<Vec<_>>(), expected);
            })*
        }
    };
}
twins! {
    averages_of_u8 u8, UInt8;
    averages_of_i16 i16, Int16;
    averages_of_u32 u32, UInt32;
    averages_of_i64 i64, Int64;
    averages_of_u64 u64, UInt64;
}
