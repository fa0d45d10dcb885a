use proptest::prelude::*;

use super::*;
use crate::codec::{CodecParams, deflate, jpeg};
use crate::image::{ImageProvider, Interleave, MemoryImage, Pixels};
use crate::metadata::{Metadata, Value};

fn plan_of(
    shape: [usize; 3],
    sample: SampleType,
    roles: &[&str],
    entries: &[(&str, Value)],
) -> Result<(WritePlan, Vec<Warning>)> {
    let bytes = vec![0; shape.iter().product::<usize>() * sample.bytes()];
    let image = MemoryImage::from_pixels(Pixels::from_vec(bytes, shape, sample, Interleave::Band)?, 64, 64)?;
    let provider: &dyn ImageProvider = &image;
    let metadata: Metadata = entries.iter().cloned().collect();
    let roles: Vec<String> = roles.iter().map(|role| (*role).to_owned()).collect();
    let (title, description) = ("title", "description");
    let request =
        ImageRequest { title, description, roles: &roles, ..ImageRequest::new("image:0", provider, &metadata) };
    let mut warnings = Vec::new();
    WritePlan::new(&request, &mut warnings).map(|plan| (plan, warnings))
}

fn plan(sample: SampleType, entries: &[(&str, Value)]) -> Result<WritePlan> {
    plan_of([1, 300, 330], sample, &[], entries).map(|(plan, _)| plan)
}

fn warnings(sample: SampleType, entries: &[(&str, Value)]) -> usize {
    plan_of([1, 300, 330], sample, &[], entries).unwrap().1.len()
}

fn value(plan: &WritePlan, tag: u16) -> Option<&FieldValue> {
    plan.fields.iter().find(|field| field.tag == tag).map(|field| &field.value)
}

fn number(plan: &WritePlan, tag: u16) -> Option<u64> {
    value(plan, tag).and_then(FieldValue::first)
}

#[test]
fn defaults_are_deflated_tiles_with_the_predictor_of_the_type() {
    for sample in SampleType::ALL {
        let plan = plan(sample, &[]).unwrap();
        let predictor = match sample {
            sample if sample.is_complex() => None,
            sample if sample.is_float() => Some(3),
            _ => Some(2),
        };
        assert_eq!((number(&plan, 259), number(&plan, 317)), (Some(8), predictor), "{sample}");
        assert_eq!((number(&plan, 322), number(&plan, 323), number(&plan, 278)), (Some(256), Some(256), None));
        assert_eq!(number(&plan, 258), Some(sample.bits().into()));
    }
}

#[test]
fn an_uncompressed_image_smaller_than_a_tile_is_not_padded_to_one() {
    let small = |compression: &str| {
        let (plan, _) = plan_of([1, 20, 300], SampleType::UInt8, &[], &[("259", compression.into())]).unwrap();
        (plan.storage.grid.block_columns(), plan.storage.grid.block_rows())
    };
    assert_eq!(small("None"), (256, 32));
    assert_eq!(small("LZW"), (256, 256));
}

#[test]
fn tiles_of_very_many_bands_follow_the_shape_of_the_image_and_a_bound_on_bytes() {
    let tile = |shape, entries: &[(&str, Value)]| {
        let (plan, _) = plan_of(shape, SampleType::UInt8, &[], entries).unwrap();
        (number(&plan, 322).unwrap(), number(&plan, 323).unwrap())
    };
    assert_eq!(tile([1000, 10, 10], &[]), (256, 256));
    assert_eq!(tile([3000, 10, 10], &[]), (16, 16));
    assert_eq!(tile([20_000, 1, 1], &[]), (16, 16));
    assert_eq!(tile([3000, 300, 10], &[]), (16, 256));
    assert_eq!(tile([3000, 200, 200], &[]), (112, 112));
    assert_eq!(tile([3000, 10, 10], &[("TileWidth", 32.into())]), (32, 256));
    assert_eq!(tile([20_000, 10, 10], &[("TileWidth", 32.into())]), (32, 16));
}

#[test]
fn strips_are_written_if_rows_are_given_and_no_tile() {
    let strips = |rows: i64| plan(SampleType::UInt8, &[("278", rows.into())]).unwrap();
    assert_eq!((strips(7).storage.tiled, number(&strips(7), 278)), (false, Some(7)));
    assert_eq!(number(&strips(1000), 278), Some(300));
    assert_eq!(number(&strips(0), 278), Some(300), "strips of about 256 KiB");
    let both = [("278", Value::from(7)), ("322", 64.into())];
    assert!(plan(SampleType::UInt8, &both).unwrap().storage.tiled);
    assert_eq!(warnings(SampleType::UInt8, &both), 1);
}

#[test]
fn predictors_suit_their_samples() {
    for (sample, predictor) in [
        (SampleType::Float32, "Horizontal"),
        (SampleType::UInt16, "FloatingPoint"),
        (SampleType::Complex64, "Horizontal"),
        (SampleType::UInt8, "Vertical"),
    ] {
        let error = plan(sample, &[("Predictor", predictor.into())]).err().unwrap().to_string();
        assert!(error.contains(predictor), "{error}");
    }
    assert_eq!(warnings(SampleType::UInt8, &[("317", 2.into()), ("259", 1.into())]), 1);
    // Metadata copied from an image of integers, used for floats.
    let copy = [("256", Value::from(1)), ("257", 1.into()), ("317", 2.into())];
    assert_eq!(number(&plan(SampleType::Float32, &copy).unwrap(), 317), Some(3));
}

#[test]
fn compressions_that_are_not_written_are_named() {
    let error = |value: Value| plan(SampleType::UInt8, &[("259", value)]).err().unwrap();
    for name in ["JPEGXL", "SGILog", "JPEG2000", "OldJPEG", "CCITTFax4"] {
        let error = error(name.into());
        assert!(matches!(error, Error::Unsupported(_)) && error.to_string().contains(name), "{error}");
    }
    assert!(error("Deflated9".into()).to_string().contains("Deflate"));
    assert_eq!(number(&plan(SampleType::UInt8, &[("259", 32_946.into())]).unwrap(), 259), Some(8));
    let copy = [("256", Value::from(1)), ("257", 1.into()), ("259", 4.into())];
    assert_eq!(number(&plan(SampleType::UInt8, &copy).unwrap(), 259), Some(8));
}

/// The codec's parameters of a plan.
fn params<P: CodecParams>(plan: &WritePlan) -> &P {
    plan.form.coding.params.as_any().downcast_ref().unwrap()
}

#[test]
fn levels_and_quality_are_checked_before_the_first_byte() {
    let level = |compression: &str, level: i64| {
        plan(SampleType::UInt8, &[("259", compression.into()), ("CompressionLevel", level.into())])
    };
    assert_eq!(params::<deflate::Params>(&level("Deflate", 9).unwrap()).level, Some(9));
    assert!(level("Deflate", 13).is_err() && level("ZSTD", 23).is_err());
    assert_eq!(warnings(SampleType::UInt8, &[("259", 5.into()), ("CompressionLevel", 3.into())]), 1);
    let jpeg = |quality: Value| plan(SampleType::UInt8, &[("259", 7.into()), ("Quality", quality)]);
    assert_eq!(params::<jpeg::Params>(&jpeg("85".into()).unwrap()).quality, Some(85));
    assert!(jpeg(0.into()).is_err() && jpeg(101.into()).is_err() && jpeg("high".into()).is_err());
    assert!(plan(SampleType::UInt16, &[("259", 7.into())]).is_err());
}

#[test]
fn illegal_sizes_and_values_are_refused_by_name() {
    let cases: [(&str, Value); 11] = [
        ("TileWidth", 0.into()),
        ("TileWidth", 100.into()),
        ("TileHeight", (-256).into()),
        ("TileLength", "".into()),
        ("TileWidth", 1.5.into()),
        ("TileWidth", f64::NAN.into()),
        ("TileWidth", 65_536.into()),
        ("TileWidth", 4_294_967_280u32.into()),
        ("PlanarConfiguration", 3.into()),
        ("RowsPerStrip", (-1).into()),
        ("42113", 256.into()),
    ];
    for (key, value) in cases {
        let mut entries = vec![(key, value.clone())];
        if value.to_int() >= Some(65_536) {
            entries.push(("TileLength", value.clone()));
        }
        let error = plan(SampleType::UInt8, &entries).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(
            error.contains(key.trim_end_matches("Height")) || error.contains("TileLength"),
            "{key} {value}: {error}"
        );
    }
}

#[test]
fn titles_stand_in_the_directory_unless_metadata_has_its_own() {
    let own = plan(SampleType::UInt8, &[("270", "mine".into())]).unwrap();
    assert_eq!(value(&own, tags::IMAGE_DESCRIPTION), Some(&FieldValue::Text(b"mine".to_vec())));
    assert_eq!(value(&own, tags::DOCUMENT_NAME), Some(&FieldValue::Text(b"title".to_vec())));
}

#[test]
fn facts_of_another_image_s_storage_are_not_copied_and_its_pointers_are_reported() {
    let copy: Vec<(&str, Value)> =
        [("256", 9), ("257", 9), ("258", 16), ("273", 8), ("277", 4), ("330", 8), ("339", 3)]
            .into_iter()
            .map(|(key, value)| (key, Value::from(value)))
            .collect();
    let plan = plan(SampleType::UInt8, &copy).unwrap();
    let expected = [(256, Some(330)), (257, Some(300)), (258, Some(8)), (273, None), (277, Some(1)), (339, Some(1))];
    for (tag, value) in expected {
        assert_eq!(number(&plan, tag), value, "tag {tag}");
    }
    assert_eq!(warnings(SampleType::UInt8, &copy), 1);
}

#[test]
fn roles_win_over_the_metadata_s_subfile_type() {
    let kind = |roles: &[&str]| {
        let (plan, _) = plan_of([1, 9, 9], SampleType::UInt8, roles, &[("254", 3.into())]).unwrap();
        number(&plan, 254).unwrap()
    };
    assert_eq!((kind(&["data"]), kind(&["mask"]), kind(&[]), kind(&["thumbnail"])), (2, 6, 3, 3));
}

#[test]
fn one_strip_of_a_huge_copied_image_is_cut() {
    let grid = BlockGrid::new(70_000, 70_000, 512, 512).unwrap();
    let image = MemoryImage::new(ImageLayout::new(grid, 1, SampleType::UInt8).unwrap());
    let strips = |copied: &[(&str, Value)]| {
        let metadata: Metadata = copied.iter().cloned().chain([("278", Value::from(70_000))]).collect();
        let options = Options::new(&metadata, &mut Vec::new())?;
        let none = compression::by_code(compression::NONE.into()).unwrap();
        super::grid(image.layout(), none, false, &options, &mut Vec::new())
    };
    assert!(strips(&[]).is_err());
    let (grid, tiled) = strips(&[("256", 70_000.into()), ("257", 70_000.into())]).unwrap();
    assert_eq!((grid.block_columns(), grid.block_rows(), tiled), (70_000, 3, false));
}

/// Any value that metadata may have under the number of a tag.
fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[0-9a-zA-Z ,]{0,12}".prop_map(Value::from),
        prop::collection::vec(any::<u8>(), 0..9).prop_map(Value::from),
        prop::collection::vec(any::<u16>().prop_map(Value::from), 0..9).prop_map(Value::from),
        prop::collection::vec(any::<f64>().prop_map(Value::from), 0..17).prop_map(Value::from),
    ]
}

/// Numbers of tags: those of storage and georeference, and a private one.
fn any_tag() -> impl Strategy<Value = u32> {
    let geo = prop::sample::select(vec![33_550u32, 33_922, 34_264, 34_735, 34_736, 34_737, 42_113, 50_844, 65_000]);
    prop_oneof![4 => 0u32..400, 3 => geo]
}

proptest! {
    #[test]
    fn any_metadata_is_a_plan_in_order_or_an_error(
        entries in prop::collection::vec((any_tag(), any_value()), 0..6),
    ) {
        let entries: Vec<_> = entries.into_iter().map(|(tag, value)| (tag.to_string(), value)).collect();
        let entries: Vec<_> = entries.iter().map(|(tag, value)| (tag.as_str(), value.clone())).collect();
        if let Ok((plan, _)) = plan_of([3, 5, 6], SampleType::UInt16, &[], &entries) {
            prop_assert!(plan.fields.windows(2).all(|pair| pair[0].tag < pair[1].tag));
            prop_assert!(plan.fields.iter().all(|field| field.value.count() > 0));
        }
    }

    /// A copy never fails for what was read, and leaves no tag out without a warning.
    #[test]
    fn any_metadata_that_was_read_is_a_plan(
        entries in prop::collection::vec((any_tag().prop_filter("a tag", |tag| *tag > 0), any_value()), 0..9),
    ) {
        let read = entries.iter().map(|(tag, value)| (tag.to_string(), value.clone()));
        let size = [("256".to_owned(), Value::from(6)), ("257".to_owned(), 5.into())];
        let entries: Vec<_> = read.chain(size).collect();
        let entries: Vec<_> = entries.iter().map(|(tag, value)| (tag.as_str(), value.clone())).collect();
        let (plan, warnings) = plan_of([3, 5, 6], SampleType::UInt16, &[], &entries).unwrap();
        prop_assert!(plan.fields.windows(2).all(|pair| pair[0].tag < pair[1].tag));
        for (key, _) in &entries {
            let tag: u16 = key.parse().unwrap();
            let is_named = || warnings.iter().any(|warning| warning.key == *key);
            let is_storage = || (254..=400).contains(&tag);
            prop_assert!(value(&plan, tag).is_some() || is_storage() || is_named(), "{tag}");
        }
    }
}
