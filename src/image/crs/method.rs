//! Methods of map projections and their parameters: names and codes of the EPSG register (or of PROJ, where the register has
//! none), of `GeoTIFF` (OGC 19-008r4 Annex C and E) and of WKT 1 (OGC 01-009).

use super::unit::{DEGREE, converted};
use super::wkt_tree::shown;
use crate::error::{Error, Result};

/// A method.
#[derive(Debug, PartialEq)]
pub(crate) struct Method {
    /// The name in WKT 2.
    pub(crate) name: &'static str,
    /// The code in the EPSG register.
    pub(crate) code: Option<u32>,
    /// The value of `ProjMethodGeoKey`. It may also hold codes of the EPSG register.
    pub(crate) geotiff: Option<u16>,
    /// Names in WKT 1, those of Esri too.
    wkt1: &'static [&'static str],
    /// The parameters.
    pub(crate) parameters: &'static [Parameter],
}

/// A parameter of a method.
#[derive(Debug, PartialEq)]
pub(crate) struct Parameter {
    /// The name in WKT 2.
    pub(crate) name: &'static str,
    /// The code in the EPSG register.
    pub(crate) code: u32,
    /// What its value is.
    pub(crate) measure: Measure,
    /// The `GeoKeys` that may hold it. The first is written.
    pub(crate) keys: &'static [u16],
    /// Names in WKT 1, those of Esri too.
    wkt1: &'static [&'static str],
}

/// What the value of a parameter is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Measure {
    /// An angle in degrees.
    Angle,
    /// A length in the unit of the system.
    Length,
    /// A factor.
    Scale,
}

/// A parameter in a definition.
#[derive(Debug, Clone)]
pub(super) struct Given {
    pub(super) name: String,
    pub(super) code: Option<u32>,
    pub(super) value: f64,
    /// The size of its unit, if it states one.
    pub(super) unit: Option<f64>,
}

impl Parameter {
    /// The value if a definition lacks the parameter.
    pub(crate) fn default(&self) -> f64 {
        if self.measure == Measure::Scale { 1.0 } else { 0.0 }
    }
}

const fn parameter(
    name: &'static str,
    code: u32,
    measure: Measure,
    keys: &'static [u16],
    wkt1: &'static [&'static str],
) -> Parameter {
    Parameter { name, code, measure, keys, wkt1 }
}

const LATITUDES: &[&str] = &["latitude_of_origin", "latitude_of_center", "central_parallel"];
const LONGITUDES: &[&str] = &["central_meridian", "longitude_of_center", "longitude_of_origin"];

const LATITUDE: Parameter =
    parameter("Latitude of natural origin", 8801, Measure::Angle, &[3081, 3089, 3085], LATITUDES);
const LONGITUDE: Parameter =
    parameter("Longitude of natural origin", 8802, Measure::Angle, &[3080, 3088, 3084], LONGITUDES);
const SCALE: Parameter =
    parameter("Scale factor at natural origin", 8805, Measure::Scale, &[3092, 3093], &["scale_factor"]);
const EASTING: Parameter = parameter("False easting", 8806, Measure::Length, &[3082, 3086, 3090], &["false_easting"]);
const NORTHING: Parameter =
    parameter("False northing", 8807, Measure::Length, &[3083, 3087, 3091], &["false_northing"]);
const CENTRAL_LATITUDE: Parameter = Parameter { keys: &[3089, 3081, 3085], ..LATITUDE };
const CENTRAL_LONGITUDE: Parameter = Parameter { keys: &[3088, 3080, 3084], ..LONGITUDE };

const FALSE_LATITUDE: Parameter =
    parameter("Latitude of false origin", 8821, Measure::Angle, &[3085, 3081, 3089], LATITUDES);
const FALSE_LONGITUDE: Parameter =
    parameter("Longitude of false origin", 8822, Measure::Angle, &[3084, 3080, 3088], LONGITUDES);
const FALSE_EASTING: Parameter =
    parameter("Easting at false origin", 8826, Measure::Length, &[3086, 3082, 3090], &["false_easting"]);
const FALSE_NORTHING: Parameter =
    parameter("Northing at false origin", 8827, Measure::Length, &[3087, 3083, 3091], &["false_northing"]);
/// The conic methods for which other software writes the keys of a natural origin.
const CONIC_LATITUDE: Parameter = Parameter { keys: &[3081, 3085, 3089], ..FALSE_LATITUDE };
const CONIC_LONGITUDE: Parameter = Parameter { keys: &[3080, 3084, 3088], ..FALSE_LONGITUDE };
const CONIC_EASTING: Parameter = Parameter { keys: &[3082, 3086, 3090], ..FALSE_EASTING };
const CONIC_NORTHING: Parameter = Parameter { keys: &[3083, 3087, 3091], ..FALSE_NORTHING };

const FIRST: Parameter =
    parameter("Latitude of 1st standard parallel", 8823, Measure::Angle, &[3078], &["standard_parallel_1"]);
const SECOND: Parameter =
    parameter("Latitude of 2nd standard parallel", 8824, Measure::Angle, &[3079], &["standard_parallel_2"]);

const POLE_LATITUDE: Parameter = Parameter { keys: &[3081, 3089], ..LATITUDE };
const POLE_LONGITUDE: Parameter = Parameter { keys: &[3095, 3080], ..LONGITUDE };
const POLE_PARALLEL: Parameter = parameter(
    "Latitude of standard parallel",
    8832,
    Measure::Angle,
    &[3081, 3078],
    &["standard_parallel_1", "latitude_of_origin"],
);
const POLE_ORIGIN: Parameter = parameter("Longitude of origin", 8833, Measure::Angle, &[3095, 3080], LONGITUDES);

const OBLIQUE_LATITUDE: Parameter =
    parameter("Latitude of projection centre", 8811, Measure::Angle, &[3089, 3081], LATITUDES);
const OBLIQUE_LONGITUDE: Parameter =
    parameter("Longitude of projection centre", 8812, Measure::Angle, &[3088, 3080], LONGITUDES);
const AZIMUTH: Parameter = parameter("Azimuth at projection centre", 8813, Measure::Angle, &[3094], &["azimuth"]);
const GRID_ANGLE: Parameter = parameter(
    "Angle from Rectified to Skew Grid",
    8814,
    Measure::Angle,
    &[3096],
    &["rectified_grid_angle", "XY_Plane_Rotation"],
);
const OBLIQUE_SCALE: Parameter =
    parameter("Scale factor at projection centre", 8815, Measure::Scale, &[3093, 3092], &["scale_factor"]);
const OBLIQUE_EASTING: Parameter =
    parameter("Easting at projection centre", 8816, Measure::Length, &[3082, 3090], &["false_easting"]);
const OBLIQUE_NORTHING: Parameter =
    parameter("Northing at projection centre", 8817, Measure::Length, &[3083, 3091], &["false_northing"]);

const KROVAK_LONGITUDE: Parameter = parameter("Longitude of origin", 8833, Measure::Angle, &[3088, 3080], LONGITUDES);
const CONE_ANGLE: Parameter = parameter("Co-latitude of cone axis", 1036, Measure::Angle, &[3094], &["azimuth"]);
const PSEUDO_PARALLEL: Parameter =
    parameter("Latitude of pseudo standard parallel", 8818, Measure::Angle, &[3078], &["pseudo_standard_parallel_1"]);
const PSEUDO_SCALE: Parameter =
    parameter("Scale factor on pseudo standard parallel", 8819, Measure::Scale, &[3093, 3092], &["scale_factor"]);

const fn method(
    name: &'static str,
    code: u32,
    geotiff: u16,
    wkt1: &'static [&'static str],
    parameters: &'static [Parameter],
) -> Method {
    let code = if code == 0 { None } else { Some(code) };
    Method { name, code, geotiff: if geotiff == 0 { None } else { Some(geotiff) }, wkt1, parameters }
}

const AT_ORIGIN: &[Parameter] = &[LATITUDE, LONGITUDE, SCALE, EASTING, NORTHING];
const AT_CENTER: &[Parameter] = &[CENTRAL_LATITUDE, CENTRAL_LONGITUDE, EASTING, NORTHING];
const WITHOUT_SCALE: &[Parameter] = &[LATITUDE, LONGITUDE, EASTING, NORTHING];
const BY_MERIDIAN: &[Parameter] = &[CENTRAL_LONGITUDE, EASTING, NORTHING];
const BETWEEN_PARALLELS: &[Parameter] =
    &[CONIC_LATITUDE, CONIC_LONGITUDE, FIRST, SECOND, CONIC_EASTING, CONIC_NORTHING];
const KROVAK: &[Parameter] =
    &[OBLIQUE_LATITUDE, KROVAK_LONGITUDE, CONE_ANGLE, PSEUDO_PARALLEL, PSEUDO_SCALE, EASTING, NORTHING];

/// The methods. Of those with the same `GeoTIFF` code, the first is meant unless [`Method::of_geotiff`] finds otherwise.
#[rustfmt::skip]
pub(super) static METHODS: &[Method] = &[
    method("Transverse Mercator", 9807, 1, &["Transverse_Mercator", "Gauss_Kruger"], AT_ORIGIN),
    method("Transverse Mercator (South Orientated)", 9808, 27, &["Transverse_Mercator_South_Orientated"], AT_ORIGIN),
    method("Popular Visualisation Pseudo Mercator", 1024, 1024, &["Mercator_Auxiliary_Sphere"], WITHOUT_SCALE),
    method("Mercator (variant A)", 9804, 7, &["Mercator_1SP"], AT_ORIGIN),
    method("Mercator (variant B)", 9805, 7, &["Mercator_2SP", "Mercator"], &[FIRST, LONGITUDE, EASTING, NORTHING]),
    method("Lambert Conic Conformal (2SP)", 9802, 8, &["Lambert_Conformal_Conic_2SP", "Lambert_Conformal_Conic"],
        &[FALSE_LATITUDE, FALSE_LONGITUDE, FIRST, SECOND, FALSE_EASTING, FALSE_NORTHING]),
    method("Lambert Conic Conformal (1SP)", 9801, 9, &["Lambert_Conformal_Conic_1SP"], AT_ORIGIN),
    method("Lambert Azimuthal Equal Area", 9820, 10, &["Lambert_Azimuthal_Equal_Area"], AT_CENTER),
    method("Lambert Azimuthal Equal Area (Spherical)", 1027, 10, &[], AT_CENTER),
    method("Albers Equal Area", 9822, 11, &["Albers_Conic_Equal_Area", "Albers"], BETWEEN_PARALLELS),
    method("Azimuthal Equidistant", 1125, 12, &["Azimuthal_Equidistant"], AT_CENTER),
    method("Modified Azimuthal Equidistant", 9832, 12, &[], AT_CENTER),
    method("Equidistant Conic", 1119, 13, &["Equidistant_Conic"], BETWEEN_PARALLELS),
    method("Stereographic", 0, 14, &["Stereographic"], &[CENTRAL_LATITUDE, CENTRAL_LONGITUDE, SCALE, EASTING, NORTHING]),
    method("Polar Stereographic (variant A)", 9810, 15, &[], &[POLE_LATITUDE, POLE_LONGITUDE, SCALE, EASTING, NORTHING]),
    method("Polar Stereographic (variant B)", 9829, 15,
        &["Polar_Stereographic", "Stereographic_North_Pole", "Stereographic_South_Pole"],
        &[POLE_PARALLEL, POLE_ORIGIN, EASTING, NORTHING]),
    method("Oblique Stereographic", 9809, 16, &["Oblique_Stereographic", "Double_Stereographic"], AT_ORIGIN),
    method("Equidistant Cylindrical", 1028, 17, &["Equirectangular", "Equidistant_Cylindrical", "Plate_Carree"],
        &[FIRST, CENTRAL_LONGITUDE, EASTING, NORTHING]),
    method("Equidistant Cylindrical (Spherical)", 1029, 17, &[], &[FIRST, CENTRAL_LONGITUDE, EASTING, NORTHING]),
    method("Cassini-Soldner", 9806, 18, &["Cassini_Soldner", "Cassini"], WITHOUT_SCALE),
    method("Gnomonic", 0, 19, &["Gnomonic"], AT_CENTER),
    method("Miller Cylindrical", 0, 20, &["Miller_Cylindrical"], BY_MERIDIAN),
    method("Orthographic", 9840, 21, &["Orthographic"], AT_CENTER),
    method("American Polyconic", 9818, 22, &["Polyconic"], WITHOUT_SCALE),
    method("Robinson", 0, 23, &["Robinson"], BY_MERIDIAN),
    method("Sinusoidal", 0, 24, &["Sinusoidal"], BY_MERIDIAN),
    method("Van Der Grinten", 0, 25, &["VanDerGrinten", "Van_der_Grinten_I"], BY_MERIDIAN),
    method("New Zealand Map Grid", 9811, 26, &["New_Zealand_Map_Grid"], WITHOUT_SCALE),
    method("Hotine Oblique Mercator (variant A)", 9812, 3,
        &["Hotine_Oblique_Mercator", "Hotine_Oblique_Mercator_Azimuth_Natural_Origin", "Rectified_Skew_Orthomorphic_Natural_Origin"],
        &[OBLIQUE_LATITUDE, OBLIQUE_LONGITUDE, AZIMUTH, GRID_ANGLE, OBLIQUE_SCALE, EASTING, NORTHING]),
    method("Hotine Oblique Mercator (variant B)", 9815, 9815,
        &["Hotine_Oblique_Mercator_Azimuth_Center", "Rectified_Skew_Orthomorphic_Center"],
        &[OBLIQUE_LATITUDE, OBLIQUE_LONGITUDE, AZIMUTH, GRID_ANGLE, OBLIQUE_SCALE, OBLIQUE_EASTING, OBLIQUE_NORTHING]),
    method("Krovak", 9819, 9819, &[], KROVAK),
    method("Krovak (North Orientated)", 1041, 1041, &["Krovak"], KROVAK),
];

/// Letters and digits in lower case: names differ in blanks, underscores and brackets.
fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect()
}

fn is_named(name: &str, known: &[&str]) -> bool {
    let name = plain(name);
    known.iter().any(|known| plain(known) == name)
}

impl Method {
    /// The method of a definition and the values of its parameters. Angles and lengths without a unit are in the units of
    /// the system, of which the sizes are given.
    ///
    /// # Errors
    /// [`Error::Usage`] for a method that the table lacks, and for a parameter that the method lacks.
    pub(super) fn of_definition(
        (name, code): (&str, Option<u32>),
        given: &[Given],
        (angle, length): (f64, f64),
    ) -> Result<(&'static Self, Vec<f64>)> {
        let by_code = METHODS.iter().find(|method| code.is_some() && method.code == code);
        let by_name = || METHODS.iter().find(|method| is_named(name, &[method.name]) || is_named(name, method.wkt1));
        let Some(method) = by_code.or_else(by_name) else {
            let allowed = "a projection of GeoTIFF 1.1, e.g. Transverse Mercator";
            return Err(Error::usage("crs: projection method").found(shown(name)).allowed(allowed));
        };
        let method = method.variant(name, given);
        let mut values: Vec<f64> = method.parameters.iter().map(Parameter::default).collect();
        for parameter in given {
            let is = |known: &Parameter| match parameter.code {
                Some(code) if code == known.code => true,
                _ => is_named(&parameter.name, &[known.name]) || is_named(&parameter.name, known.wkt1),
            };
            // In Esri's form, the parallel of a cone that touches the ellipsoid is that of the origin, and the directions of the
            // axes are parameters.
            let repeated: &[&str] = match method.code {
                Some(9801) => &["standard_parallel_1"],
                Some(9819 | 1041) => &["x_scale", "y_scale", "xy_plane_rotation"],
                _ => &[],
            };
            if is_named(&parameter.name, repeated) {
                continue;
            }
            let Some(place) = method.parameters.iter().position(is) else {
                // Parameters that change nothing: a definition may state those that the method lacks.
                if parameter.value == 0.0 || parameter.value == 1.0 {
                    continue;
                }
                let names: Vec<_> = method.parameters.iter().map(|known| known.name).collect();
                let error = Error::usage("crs: parameter of").field(method.name).found(shown(&parameter.name));
                return Err(error.allowed(names.join(", ")));
            };
            let (unit, own) = match method.parameters[place].measure {
                Measure::Angle => (parameter.unit.unwrap_or(angle), DEGREE),
                Measure::Length => (parameter.unit.unwrap_or(length), length),
                Measure::Scale => (1.0, 1.0),
            };
            values[place] = converted(parameter.value, unit, own);
        }
        if values.iter().any(|value| !value.is_finite()) {
            return Err(Error::usage("crs: parameter of").field(method.name).allowed("finite numbers"));
        }
        Ok((method, values))
    }

    /// The variant that is meant by a name of WKT 1 that several share.
    fn variant(&'static self, name: &str, given: &[Given]) -> &'static Self {
        let value = |known: &str| given.iter().find(|other| is_named(&other.name, &[known])).map(|other| other.value);
        if is_named(name, &["Lambert_Conformal_Conic"]) && value("standard_parallel_2").is_none() {
            return of_code(9801);
        }
        let at_pole = value("latitude_of_origin").is_some_and(|latitude| latitude.abs() == 90.0);
        if is_named(name, &["Polar_Stereographic", "Stereographic"]) && at_pole {
            return of_code(9810);
        }
        if is_named(name, &["Krovak"]) && value("x_scale") == Some(-1.0) {
            return of_code(1041);
        }
        self
    }

    /// The parameters with their names in Esri's form of WKT 1.
    pub(super) fn esri(&self) -> impl Iterator<Item = &'static str> {
        self.parameters.iter().map(|parameter| match parameter.code {
            // Of the words for the origin, those of a centre.
            8801 | 8802 | 8811 | 8833 => parameter.wkt1[1],
            _ => parameter.wkt1[0],
        })
    }

    /// The method with a value of `ProjMethodGeoKey`, for the numbers of the other keys.
    pub(crate) fn of_geotiff(code: u16, number: impl Fn(u16) -> Option<f64>) -> Option<&'static Self> {
        let is = |method: &&Self| method.geotiff == Some(code) || method.code == Some(code.into());
        let latitude = number(3081).or_else(|| number(3089)).unwrap_or(90.0);
        match code {
            7 if number(3078).is_some() => Some(of_code(9805)),
            15 if latitude.abs() != 90.0 => Some(of_code(9829)),
            _ => METHODS.iter().find(is),
        }
    }
}

/// The method with a code of the register that is in the table.
pub(super) fn of_code(code: u32) -> &'static Method {
    METHODS.iter().find(|method| method.code == Some(code)).expect("the method is in the table")
}
