use proptest::prelude::*;

use super::method::METHODS;
use super::*;
use crate::image::Georeference;

const TRANSVERSE: &str = r#"PROJCS["site",GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563]],
    PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433]],PROJECTION["Transverse_Mercator"],PARAMETER["latitude_of_origin",10],
    PARAMETER["central_meridian",15],PARAMETER["scale_factor",0.9999],PARAMETER["false_easting",500000],UNIT["US survey foot",0.304800609601219]]"#;

fn projected(crs: &Crs) -> Projected {
    match crs.definition().unwrap().horizontal {
        Horizontal::Projected(projected) => projected,
        Horizontal::Geographic(geographic) => panic!("{geographic:?}"),
    }
}

#[test]
fn codes_of_the_register_are_taken() {
    assert_eq!(Crs::from_epsg(32_766).unwrap(), Crs::Epsg(32_766));
    for code in [0, -1, 1023, 32_767, i64::MAX] {
        let error = Crs::from_epsg(code).unwrap_err().to_string();
        assert_eq!(error, format!("crs: got {code}, expected an EPSG code from 1024 to 32766"));
    }
    let reserved = Georeference { crs: Some(Crs::Epsg(40_000)), ..Georeference::default() };
    assert!(reserved.for_writing(1, 1).is_err());
}

#[test]
fn texts_of_codes_are_the_code() {
    for text in [
        "EPSG:4326",
        "epsg:4326 ",
        "4326",
        "OGC:CRS84",
        "urn:ogc:def:crs:EPSG::4326",
        "urn:ogc:def:crs:EPSG:9.8:4326",
        "urn:ogc:def:crs:OGC:1.3:CRS84",
        "http://www.opengis.net/def/crs/OGC/1.3/CRS84",
        "https://www.opengis.net/def/crs/EPSG/0/4326",
    ] {
        assert_eq!(Crs::from_text(text).unwrap(), Crs::Epsg(4326), "{text}");
    }
    assert_eq!(Crs::from_text("EPSG:32618+5773").unwrap().to_string(), "EPSG:32618+5773");
    assert_eq!(Crs::from_text("EPSG:4326+5773").unwrap(), Crs::Epsg(9707));
    for text in ["", "WGS 84", "OGC:4326", "EPSG:", "EPSG:4.5", "EPSG:99999", "EPSG:4326+", "+4326", "EPSG:٤٣٢٦"] {
        assert!(Crs::from_text(text).is_err(), "{text}");
    }
    let error = Crs::from_text("+proj=utm +zone=18").unwrap_err().to_string();
    assert!(error.contains("pyproj.CRS(text)"), "{error}");
}

#[test]
fn a_definition_that_states_its_code_is_the_code() {
    let text = TRANSVERSE.replace("219]]", r#"219],AUTHORITY["EPSG","32618"]]"#);
    assert_eq!(Crs::from_text(&text).unwrap(), Crs::Epsg(32_618));
    let unknown = TRANSVERSE.replace("219]]", r#"219],AUTHORITY["EPSG","99999"]]"#);
    assert!(matches!(Crs::from_text(&unknown).unwrap(), Crs::Wkt(_)));
}

#[test]
fn wkt_1_has_the_parameters_of_its_projection() {
    let found = projected(&Crs::from_text(TRANSVERSE).unwrap());
    assert_eq!((found.method.code, found.values.as_slice()), (Some(9807), &[10.0, 15.0, 0.9999, 500_000.0, 0.0][..]));
    assert_eq!((found.unit.id.code, found.base.id.code), (Some(9003), Some(4326)));
}

#[test]
fn variants_are_told_apart() {
    let of = |projection: &str, parameters: &[(&str, f64)]| {
        let stated = |(name, value): &(&str, f64)| format!(r#",PARAMETER["{name}",{value}]"#);
        let parameters = parameters.iter().map(stated).collect::<Vec<_>>().concat();
        let start = TRANSVERSE.find("PROJECTION").unwrap();
        let text = format!(r#"{}PROJECTION["{projection}"]{parameters},UNIT["metre",1]]"#, &TRANSVERSE[..start]);
        projected(&Crs::from_text(&text).unwrap()).method.code
    };
    assert_eq!(of("Polar_Stereographic", &[("latitude_of_origin", 90.0), ("scale_factor", 0.994)]), Some(9810));
    assert_eq!(of("Polar_Stereographic", &[("latitude_of_origin", -71.0)]), Some(9829));
    assert_eq!(of("Stereographic_North_Pole", &[("standard_parallel_1", 71.0)]), Some(9829));
    assert_eq!(
        of("Lambert_Conformal_Conic", &[("standard_parallel_1", 46.0), ("latitude_of_origin", 46.0)]),
        Some(9801)
    );
    assert_eq!(
        of("Lambert_Conformal_Conic", &[("standard_parallel_1", 46.0), ("standard_parallel_2", 4.0)]),
        Some(9802)
    );
    assert_eq!(of("Mercator_2SP", &[("standard_parallel_1", 46.0)]), Some(9805));
    assert_eq!(of("Krovak", &[("x_scale", -1.0), ("xy_plane_rotation", 90.0)]), Some(1041));
}

#[test]
fn what_is_not_a_system_of_an_image_is_refused_by_name() {
    let cases = [
        (TRANSVERSE.replace("Transverse_Mercator", "Magic"), "projection method: got \"Magic\""),
        (TRANSVERSE.replace("false_easting", "magic"), "parameter of Transverse Mercator: got \"magic\""),
        (TRANSVERSE.replace("6378137", "-1"), "ellipsoid: got -1, 298"),
        (TRANSVERSE.replace("SPHEROID", "SPHERE"), "without an ellipsoid"),
        (r#"LOCAL_CS["a",UNIT["metre",1]]"#.to_owned(), "kind: got \"LOCAL_CS\""),
        (r#"{"type": "TemporalCRS"}"#.to_owned(), "kind: got \"TemporalCRS\""),
        ("{".to_owned(), "PROJJSON: got EOF"),
        (format!("PROJCS[\"{}\"]", "long ".repeat(1000)), "without a geographic crs"),
    ];
    for (text, expected) in cases {
        let error = Crs::from_text(&text).unwrap_err();
        assert!(matches!(error, Error::Usage(_)), "{error}");
        let error = error.to_string();
        assert!(error.starts_with("crs:") && error.contains(expected) && error.len() < 300, "{error}");
    }
}

/// A system with a method and any values.
fn any_projected() -> impl Strategy<Value = Definition> {
    let method = (0..METHODS.len()).prop_map(|place| &METHODS[place]);
    let unit = prop::sample::select(vec![1.0, 0.3048, 1200.0 / 3937.0, 0.123_456]);
    let base = prop::sample::select(vec![4326_u32, 4267, 4807, 4314]);
    let vertical = prop::option::of(prop::sample::select(vec![5773_u32, 5703]));
    (method, prop::collection::vec(-80.0..80.0, 7), unit, base, vertical, "[a-zA-Z\" /]{1,20}").prop_map(
        |(method, numbers, unit, base, vertical, name)| {
            let values = method.parameters.iter().zip(numbers);
            let values =
                values.map(|(known, value): (_, f64)| if known.measure == Measure::Scale { 0.99 } else { value });
            let horizontal = Horizontal::Projected(Projected {
                id: Named { name, code: None },
                base: geographic(base).unwrap(),
                method,
                values: values.collect(),
                unit: Unit::of_size(Quantity::Length, unit, "span"),
            });
            Definition { horizontal, vertical: vertical.and_then(vertical_of) }
        },
    )
}

proptest! {
    #[test]
    fn every_definition_is_read_back_from_both_forms(definition in any_projected()) {
        let crs = Crs::from(&definition);
        prop_assert_eq!(crs.definition().unwrap(), definition);
        prop_assert_eq!(&Crs::from_text(&crs.to_string()).unwrap(), &crs);
        prop_assert_eq!(&Crs::from_text(&crs.to_projjson().unwrap()).unwrap(), &crs);
    }

    #[test]
    fn no_text_is_a_panic(text in ".{0,200}", at in 0_usize..400, with in ".{0,3}") {
        let _ = Crs::from_text(&text);
        let place = TRANSVERSE.char_indices().map(|(place, _)| place).nth(at.min(TRANSVERSE.len() - 1)).unwrap();
        let _ = Crs::from_text(&format!("{}{with}{}", &TRANSVERSE[..place], &TRANSVERSE[place + 1..]));
    }
}
