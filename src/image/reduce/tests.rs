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

fn area(method: Reduction, nodata: Option<PadValue>, valid: Option<&[u8]>, samples: &[u8], width: u32) -> Vec<u8> {
    let reducer = Reducer::new(SampleType::UInt8, 1, method, nodata).unwrap();
    let window = Window::new(0, 0, width, samples.len() as u32 / width);
    let made = Window::new(0, 0, width.div_ceil(2), window.height.div_ceil(2));
    let mut out = vec![0; made.pixels() as usize];
    reducer.area(&Area { window, samples, valid }, made, &mut out);
    out
}

#[test]
fn the_most_frequent_value_is_the_first_that_occurs_so_often() {
    assert_eq!(area(Reduction::Mode, None, None, &[1, 2, 5, 5, 2, 1, 5, 5], 4), [2, 5]);
    assert_eq!(area(Reduction::Mode, None, None, &[1, 2, 3, 4], 2), [1]);
    assert_eq!(area(Reduction::Mode, Some(PadValue::Int(5)), Some(&[0, 1, 1, 1]), &[1, 2, 5, 5], 2), [2]);
    assert_eq!(area(Reduction::Mode, Some(PadValue::Int(5)), None, &[5; 4], 2), [5]);
}

#[test]
fn root_mean_squares_are_rounded_and_leave_out_nodata() {
    assert_eq!(area(Reduction::Rms, None, None, &[0, 0, 3, 4], 2), [3], "the root of 25 / 4 is 2.5");
    assert_eq!(area(Reduction::Rms, Some(PadValue::Int(0)), None, &[0, 0, 3, 4], 2), [4], "the root of 25 / 2");
    assert_eq!(area(Reduction::Rms, None, Some(&[0, 0, 0, 1]), &[9, 9, 3, 4], 2), [4]);
    assert!(Reducer::new(SampleType::Complex64, 1, Reduction::Rms, None).is_err());
}

#[test]
fn weights_of_a_kernel_sum_to_one_and_reach_as_far_as_it_states() {
    for method in [Reduction::Bilinear, Reduction::Cubic, Reduction::Gauss] {
        let kernel = method.kernel().unwrap();
        let line = |at| kernel.taps(at, (0, 100)).collect::<Vec<_>>();
        assert!((line(20).iter().map(|(_, weight)| weight).sum::<f64>() - 1.0).abs() < 1e-12);
        let (before, after) = kernel.reach();
        assert!(
            line(20).first().unwrap().0 + before as usize >= 40 && line(20).last().unwrap().0 <= 41 + after as usize
        );
        assert_eq!(area(method, None, None, &[77; 30], 6), [77; 9], "a constant stays, at the edges too");
        assert!(Reducer::new(SampleType::UInt8, 2, method, None).is_err());
    }
}

#[test]
fn kernels_leave_out_what_does_not_count() {
    for method in [Reduction::Bilinear, Reduction::Cubic, Reduction::Gauss] {
        let samples: Vec<u8> = (0..64).map(|n| if n % 8 < 4 { 200 } else { 50 }).collect();
        let valid: Vec<u8> = (0..64).map(|n| u8::from(n % 8 < 4)).collect();
        let nodata = Some(PadValue::Int(50));
        let expected = [200, 200, 50, 50].repeat(4);
        let found = area(method, nodata, None, &samples, 8);
        assert!(found.iter().zip(&expected).all(|(found, expected)| *expected == 50 || found == expected));
        assert_eq!(area(method, nodata, Some(&valid), &samples, 8)[..2], [200, 200]);
        assert_eq!(area(method, nodata, Some(&[0; 64]), &samples, 8), [50; 16]);
    }
    assert_eq!(
        area(Reduction::Bilinear, None, None, &[0, 0, 8, 8, 0, 0, 8, 8], 4),
        [1, 7],
        "8/7 and 48/7: no weight beyond the edge"
    );
}

#[test]
fn masked_pixels_do_not_count_in_averages() {
    assert_eq!(area(Reduction::Average, None, Some(&[1, 0, 0, 1]), &[2, 99, 99, 4], 2), [3]);
    assert_eq!(area(Reduction::Average, None, Some(&[0; 4]), &[2, 99, 99, 4], 2), [0]);
    let reducer = Reducer::new(SampleType::Float32, 1, Reduction::Average, None).unwrap();
    let samples = bytes(&[1.0f32, 9.0, 9.0, 4.0], f32::to_ne_bytes);
    let window = Window::new(0, 0, 2, 2);
    let mut out = [0; 4];
    reducer.area(&Area { window, samples: &samples, valid: Some(&[1, 0, 0, 1]) }, Window::new(0, 0, 1, 1), &mut out);
    assert_eq!(f32::from_ne_bytes(out), 2.5);
}

#[test]
fn methods_have_names() {
    assert_eq!(Reduction::by_name(" Gauss").unwrap(), Reduction::Gauss);
    assert!(Reduction::by_name("lanczos").unwrap_err().to_string().contains("nearest average bilinear cubic"));
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
