use super::super::read::read;
use super::*;
use crate::image::Crs;

fn write(copied: &[Field], names: &[(&str, Value)]) -> Result<Vec<Field>> {
    let names = names.iter().map(|(key, value)| Name { key, value, chosen: true }).collect();
    fields(Given { tags: copied.to_vec(), names, copied: !copied.is_empty() }, &mut Vec::new())
}

fn utm() -> Vec<Field> {
    let names = [
        ("GeoModelType", Value::from("Projected")),
        ("GeoCitation", Value::from("PCS Name = WGS 84 / UTM zone 18N|Primem = Greenwich|")),
        ("GeoProjectedCRS", Value::from("32618")),
        ("GeoPixelScale", Value::from("[0.5, 0.5, 0.0]")),
        ("GeoTiepoints", Value::from("[0, 0, 0, 300000.0, 4500000.0, 0.0]")),
    ];
    write(&[], &names).unwrap()
}

/// The metadata that a reader returns for these tags, with one name changed.
fn changed(tags: &[Field], name: &str, value: impl Into<Value>) -> Vec<Field> {
    let mut names = read(tags).1;
    let value = value.into();
    match names.iter_mut().find(|(known, _)| known == name) {
        Some(entry) => entry.1 = value,
        None => names.push((name.to_owned(), value)),
    }
    let names: Vec<_> = names.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
    write(tags, &names).unwrap()
}

#[test]
fn the_specification_s_example_places_the_image_in_utm() {
    let (georeference, _) = read(&utm());
    assert_eq!(georeference.crs, Some(Crs::Epsg(32618)));
    assert_eq!(georeference.transform.map(|t| t.0), Some([300_000.0, 0.5, 0.0, 4_500_000.0, 0.0, -0.5]));
    let tags: Vec<_> = utm().iter().map(|field| field.tag).collect();
    assert_eq!(tags, [MODEL_PIXEL_SCALE, MODEL_TIEPOINT, GEO_KEY_DIRECTORY, GEO_ASCII_PARAMS]);
}

#[test]
fn an_unchanged_copy_is_written_verbatim() {
    let mut tags = utm();
    tags.push(Field { tag: 50_844, kind: FieldType::Double, value: FieldValue::Floats(vec![1.0; 92]) });
    let names = read(&tags).1;
    let names: Vec<_> = names.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
    assert_eq!(write(&tags, &names).unwrap(), tags);
}

#[test]
fn a_new_crs_replaces_the_copied_one_with_its_citation() {
    let (georeference, names) = read(&changed(&utm(), "GeoProjectedCRS", "32619"));
    assert_eq!(georeference.crs, Some(Crs::Epsg(32619)));
    assert!(names.iter().all(|(name, _)| name != "GeoCitation"), "it names another zone");
    let (georeference, names) = read(&changed(&utm(), "GeoGeographicCRS", 4326));
    assert_eq!(georeference.crs, Some(Crs::Epsg(4326)));
    assert!(names.contains(&("GeoModelType".to_owned(), Value::from("Geographic"))));
}

#[test]
fn a_new_scale_or_transform_replaces_the_copied_one() {
    let scaled = read(&changed(&utm(), "GeoPixelScale", "[1, 2, 0]")).0.transform;
    assert_eq!(scaled.map(|t| t.0), Some([300_000.0, 1.0, 0.0, 4_500_000.0, 0.0, -2.0]));
    let south_up = [0.0, 1.0, 0.0, 0.0, 0.0, 1.0];
    let tags = changed(&utm(), "GeoTransform", south_up.map(Value::from).to_vec());
    assert_eq!(read(&tags).0.transform, Some(Transform(south_up)));
    assert!(tags.iter().all(|field| field.tag != MODEL_PIXEL_SCALE && field.tag != MODEL_TIEPOINT));
}

#[test]
fn a_new_raster_type_keeps_the_edges_where_they_are() {
    let tags = changed(&utm(), "GeoRasterType", "PixelIsPoint");
    assert_eq!(read(&tags).0.transform, read(&utm()).0.transform);
    let position = Position::from_fields(&tags);
    assert_eq!(position.tiepoints, Some(vec![0.0, 0.0, 0.0, 300_000.25, 4_499_999.75, 0.0]));
}

#[test]
fn a_name_and_a_tag_that_were_not_read_together_may_not_differ() {
    let tags = Position { scale: Some(vec![2.0, 2.0, 0.0]), ..Position::default() }.to_fields();
    let (scale, tiepoints) = (Value::from("[1, 1, 0]"), Value::from("[0, 0, 0, 0, 0, 0]"));
    let names = [("GeoPixelScale", &scale), ("GeoTiepoints", &tiepoints)];
    let names = names.map(|(key, value)| Name { key, value, chosen: true }).to_vec();
    let error = fields(Given { tags, names, copied: false }, &mut Vec::new()).unwrap_err();
    assert!(error.to_string().contains("GeoPixelScale"), "{error}");
}

#[test]
fn names_that_contradict_each_other_are_refused_and_equal_ones_are_not() {
    let names = |step: f64| {
        [
            ("GeoTransform", Value::List([5.0, step, 0.0, 9.0, 0.0, -step].map(Value::from).to_vec())),
            ("GeoPixelScale", Value::from("[1, 1, 0]")),
            ("GeoTiepoints", Value::from("[0, 0, 0, 5, 9, 0]")),
        ]
    };
    assert!(write(&[], &names(2.0)).is_err());
    assert!(write(&[], &names(1.0)).is_ok());
}

#[test]
fn illegal_values_are_refused_by_name() {
    let cases = [
        ("GeoPixelScale", "[0.5]"),
        ("GeoPixelScale", "[0.5, 0.5"),
        ("GeoPixelScale", "half"),
        ("GeoTiepoints", "[0, 0, 0, 1]"),
        ("GeoTransform", "[1, 2, 3, 4, 5]"),
        ("GeoTransform", "[0, 0, 0, 0, 0, 0]"),
        ("GeoTransform", "[0, nan, 0, 0, 0, 1]"),
        ("GeoModelType", "Flat"),
        ("GeoRasterType", "3"),
        ("GeoProjectedCRS", ""),
        ("GeoProjectedCRS", "UTM 18"),
        ("GeoProjectedCRS", "-1"),
        ("GeoProjectedCRS", "4326"),
        ("GeoGeographicCRS", "32618"),
        ("GeoCitation", "a\0b"),
    ];
    for (name, value) in cases {
        let error = write(&[], &[(name, Value::from(value))]).unwrap_err().to_string();
        assert!(error.contains(name), "{name} {value}: {error}");
    }
    assert!(write(&[], &[("GeoModelType", Value::from("Projected"))]).is_err());
    assert!(write(&[], &[("GeoPixelScale", Value::from("[1, 1, 0]"))]).is_err());
}

#[test]
fn an_unknown_name_suggests_the_nearest() {
    let error = write(&[], &[("GeoPixelScales", Value::from("1"))]).unwrap_err();
    assert!(error.to_string().contains("did you mean GeoPixelScale?"), "{error}");
}

#[test]
fn a_code_that_is_not_in_the_register_is_written_with_a_warning() {
    let mut warnings = Vec::new();
    let value = Value::from(30_000);
    let given = Given { names: vec![Name { key: "GeoProjectedCRS", value: &value, chosen: true }], ..Given::default() };
    assert_eq!(read(&fields(given, &mut warnings).unwrap()).0.crs, Some(Crs::Epsg(30_000)));
    assert_eq!(warnings.len(), 1);
}

#[test]
fn vertical_and_three_dimensional_systems_make_it_revision_1_1() {
    let minor = |names: &[(&str, Value)]| keys_of(&write(&[], names).unwrap()).unwrap().minor;
    assert_eq!(minor(&[("GeoGeographicCRS", Value::from(4326))]), 0);
    assert_eq!(minor(&[("GeoGeographicCRS", Value::from(4979))]), 1);
    assert_eq!(minor(&[("GeoGeographicCRS", Value::from(4326)), ("GeoVerticalCRS", Value::from(5773))]), 1);
}

#[test]
fn names_that_were_read_are_not_validated_and_yield_to_chosen_tags() {
    let tags = Position { scale: Some(vec![9.0, 0.0, 0.0]), tiepoints: Some(vec![0.0; 6]), ..Position::default() };
    let tags = tags.to_fields();
    let (old, citation, bad) = (Value::from("[1, 1, 0]"), Value::from("here"), Value::from("somewhere"));
    let read = |key, value| Name { key, value, chosen: false };
    let names = vec![
        read("GeoPixelScale", &old),
        read("GeoRasterType", &bad),
        Name { key: "GeoCitation", value: &citation, chosen: true },
    ];
    let mut warnings = Vec::new();
    let found = fields(Given { tags: tags.clone(), names, copied: true }, &mut warnings).unwrap();
    assert!(tags.iter().all(|field| found.contains(field)));
    assert_eq!(warnings.iter().map(|warning| warning.key.as_str()).collect::<Vec<_>>(), ["GeoRasterType"]);
    assert!(read_citation(&found).is_some());
}

fn read_citation(fields: &[Field]) -> Option<Value> {
    read(fields).1.into_iter().find(|(name, _)| name == "GeoCitation").map(|(_, value)| value)
}

#[test]
fn a_citation_in_latin_1_is_read_and_keeps_its_bytes_beside_a_new_key() {
    let directory = [1, 1, 0, 1, 1026, 34737, 7, 0].to_vec();
    let tags = vec![
        Field { tag: GEO_KEY_DIRECTORY, kind: FieldType::Short, value: FieldValue::Unsigned(directory) },
        Field { tag: GEO_ASCII_PARAMS, kind: FieldType::Ascii, value: FieldValue::Text(b"Qu\xe9bec|".to_vec()) },
    ];
    assert_eq!(read_citation(&tags), Some("Québec".into()));
    let found = changed(&tags, "GeoProjLinearUnits", "Metre");
    let text = found.iter().find(|field| field.tag == GEO_ASCII_PARAMS).map(|field| &field.value);
    assert_eq!(text, Some(&FieldValue::Text(b"Qu\xe9bec|".to_vec())));
}
