//! Universal Transverse Mercator on WGS 84: Krüger's series to the sixth order in the third flattening, whose error is far
//! below a millimetre within the zones (Karney, "Transverse Mercator with an accuracy of a few nanometers", 2011, gives
//! the coefficients).

use crate::error::{Error, Result};

/// Semi-major axis of WGS 84 in metres.
const A: f64 = 6_378_137.0;
/// Flattening of WGS 84.
const F: f64 = 1.0 / 298.257_223_563;
/// Scale on the central meridian.
const K0: f64 = 0.9996;
/// Easting of the central meridian in metres.
const FALSE_EASTING: f64 = 500_000.0;
/// Northing of the equator in the south in metres.
const FALSE_NORTHING: f64 = 10_000_000.0;

/// A zone of UTM.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct UtmZone {
    number: u8,
    south: bool,
}

/// A point in a zone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Utm {
    /// The zone.
    pub zone: UtmZone,
    /// Metres to the east, 500 000 on the central meridian.
    pub easting: f64,
    /// Metres to the north, 0 on the equator in the north, 10 000 000 in the south.
    pub northing: f64,
}

impl UtmZone {
    /// Zone `number` of the northern or southern hemisphere.
    ///
    /// # Errors
    /// [`Error::Usage`] for a number outside of 1 to 60.
    pub(crate) fn new(number: u8, south: bool) -> Result<Self> {
        if (1..=60).contains(&number) {
            Ok(Self { number, south })
        } else {
            Err(Error::usage("UTM zone").found(number).allowed("1 to 60"))
        }
    }

    /// The zone of an EPSG code 326zz or 327zz.
    pub(crate) fn from_epsg(code: u32) -> Option<Self> {
        let (south, number) = match code {
            32_601..=32_660 => (false, code - 32_600),
            32_701..=32_760 => (true, code - 32_700),
            _ => return None,
        };
        Some(Self { number: number as u8, south })
    }

    /// The zone's EPSG code.
    pub(crate) fn epsg(self) -> u32 {
        u32::from(self.number) + if self.south { 32_700 } else { 32_600 }
    }

    /// 1 to 60.
    pub(crate) fn number(self) -> u8 {
        self.number
    }

    /// True in the southern hemisphere.
    pub(crate) fn is_south(self) -> bool {
        self.south
    }

    /// The longitude of the central meridian in degrees.
    pub(crate) fn central_meridian(self) -> f64 {
        f64::from(self.number) * 6.0 - 183.0
    }

    /// The point at a longitude and latitude in degrees, which may lie outside of the zone's own six degrees.
    pub(crate) fn project(self, longitude: f64, latitude: f64) -> Utm {
        let series = Series::new();
        let (lambda, phi) = ((longitude - self.central_meridian()).to_radians(), latitude.to_radians());
        // Conformal latitude: tau' from tau = tan phi.
        let tau = phi.tan();
        let sigma = (series.e * (series.e * tau / tau.hypot(1.0)).atanh()).sinh();
        let tau_conformal = tau * sigma.hypot(1.0) - sigma * tau.hypot(1.0);
        let xi = tau_conformal.atan2(lambda.cos());
        let eta = (lambda.sin() / tau_conformal.hypot(lambda.cos())).asinh();
        let (mut x, mut y) = (eta, xi);
        for (j, alpha) in (1..).zip(series.alpha) {
            let (two_j_xi, two_j_eta) = (2.0 * f64::from(j) * xi, 2.0 * f64::from(j) * eta);
            y += alpha * two_j_xi.sin() * two_j_eta.cosh();
            x += alpha * two_j_xi.cos() * two_j_eta.sinh();
        }
        let scale = K0 * series.radius;
        let north = if self.south { FALSE_NORTHING } else { 0.0 };
        Utm { zone: self, easting: FALSE_EASTING + scale * x, northing: north + scale * y }
    }
}

impl Utm {
    /// Longitude and latitude in degrees.
    pub(crate) fn to_geographic(self) -> (f64, f64) {
        let series = Series::new();
        let scale = K0 * series.radius;
        let north = if self.zone.south { FALSE_NORTHING } else { 0.0 };
        let (xi, eta) = ((self.northing - north) / scale, (self.easting - FALSE_EASTING) / scale);
        let (mut x, mut y) = (eta, xi);
        for (j, beta) in (1..).zip(series.beta) {
            let (two_j_xi, two_j_eta) = (2.0 * f64::from(j) * xi, 2.0 * f64::from(j) * eta);
            y -= beta * two_j_xi.sin() * two_j_eta.cosh();
            x -= beta * two_j_xi.cos() * two_j_eta.sinh();
        }
        let tau_conformal = y.sin() / x.sinh().hypot(y.cos());
        let lambda = x.sinh().atan2(y.cos());
        let tau = series.tau(tau_conformal);
        (self.zone.central_meridian() + lambda.to_degrees(), tau.atan().to_degrees())
    }
}

/// The coefficients of Krüger's series.
struct Series {
    /// First eccentricity.
    e: f64,
    /// Radius of the circle with the meridian's length.
    radius: f64,
    alpha: [f64; 6],
    beta: [f64; 6],
}

impl Series {
    fn new() -> Self {
        let n = F / (2.0 - F);
        let p = |coefficients: &[f64], first: i32| {
            coefficients.iter().zip(first..).map(|(c, power)| c * n.powi(power)).sum::<f64>()
        };
        let radius = A / (1.0 + n) * (1.0 + n.powi(2) / 4.0 + n.powi(4) / 64.0 + n.powi(6) / 256.0);
        let alpha = [
            p(&[0.5, -2. / 3., 5. / 16., 41. / 180., -127. / 288., 7891. / 37_800.], 1),
            p(&[13. / 48., -3. / 5., 557. / 1440., 281. / 630., -1_983_433. / 1_935_360.], 2),
            p(&[61. / 240., -103. / 140., 15_061. / 26_880., 167_603. / 181_440.], 3),
            p(&[49_561. / 161_280., -179. / 168., 6_601_661. / 7_257_600.], 4),
            p(&[34_729. / 80_640., -3_418_889. / 1_995_840.], 5),
            p(&[212_378_941. / 319_334_400.], 6),
        ];
        let beta = [
            p(&[0.5, -2. / 3., 37. / 96., -1. / 360., -81. / 512., 96_199. / 604_800.], 1),
            p(&[1. / 48., 1. / 15., -437. / 1440., 46. / 105., -1_118_711. / 3_870_720.], 2),
            p(&[17. / 480., -37. / 840., -209. / 4480., 5569. / 90_720.], 3),
            p(&[4397. / 161_280., -11. / 504., -830_251. / 7_257_600.], 4),
            p(&[4583. / 161_280., -108_847. / 3_991_680.], 5),
            p(&[20_648_693. / 638_668_800.], 6),
        ];
        Self { e: (F * (2.0 - F)).sqrt(), radius, alpha, beta }
    }

    /// The tangent of the latitude from that of the conformal latitude, by Newton's method.
    fn tau(&self, conformal: f64) -> f64 {
        let e2 = self.e * self.e;
        let mut tau = conformal / (1.0 - e2);
        for _ in 0..6 {
            let sigma = (self.e * (self.e * tau / tau.hypot(1.0)).atanh()).sinh();
            let found = tau * sigma.hypot(1.0) - sigma * tau.hypot(1.0);
            let slope = (1.0 - e2) * found.hypot(1.0) * tau.hypot(1.0) / (1.0 + (1.0 - e2) * tau * tau);
            let step = (conformal - found) / slope;
            tau += step;
            if step.abs() < 1e-15 * tau.abs().max(1.0) {
                break;
            }
        }
        tau
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn points_agree_with_proj_to_a_tenth_of_a_millimetre() {
        #[allow(clippy::unreadable_literal, reason = "a table that a program wrote")]
        // Longitude, latitude, EPSG code, easting, northing by PROJ 9.
        let cases = include!("utm_cases.in");
        for (longitude, latitude, epsg, easting, northing) in cases {
            let point = UtmZone::from_epsg(epsg).unwrap().project(longitude, latitude);
            assert!((point.easting - easting).abs() < 1e-4, "{longitude} {latitude}: {} {easting}", point.easting);
            assert!((point.northing - northing).abs() < 1e-4, "{longitude} {latitude}: {} {northing}", point.northing);
        }
    }

    proptest! {
        #[test]
        fn there_and_back(number in 1u8..=60, south: bool, offset in -4.0..4.0f64, latitude in -84.0..84.0f64) {
            let zone = UtmZone::new(number, south).unwrap();
            let longitude = zone.central_meridian() + offset;
            let (x, y) = zone.project(longitude, latitude).to_geographic();
            prop_assert!((x - longitude).abs() < 1e-10 && (y - latitude).abs() < 1e-10, "{} {}", x - longitude, y - latitude);
        }
    }
}
