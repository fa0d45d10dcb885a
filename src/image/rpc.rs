//! The sensor model of rational polynomials that several formats store (STDI-0002-1 App E: RPC00B).

use crate::error::{Error, Result};

/// Coefficients of a polynomial.
pub const TERMS: usize = 20;

/// A sensor model. With `L`, `P` and `H` the normalized longitude, latitude and height, for example
/// `L = (longitude - LONG_OFF) / LONG_SCALE`, the row of a ground point is
/// `LINE_OFF + LINE_SCALE · LINE_NUM(L, P, H) / LINE_DEN(L, P, H)`, and the column likewise. Rows and columns count from 0 at
/// the centre of the first pixel, angles are degrees, heights metres.
#[derive(Debug, Clone, PartialEq)]
pub struct Rpc {
    /// `ERR_BIAS` and `ERR_RAND` in metres; `None` if unknown.
    pub errors: [Option<f64>; 2],
    /// Offsets in the order of [`Rpc::AXES`].
    pub offsets: [f64; 5],
    /// Scales in the order of [`Rpc::AXES`]; none is 0.
    pub scales: [f64; 5],
    /// The polynomials in the order of [`Rpc::POLYNOMIALS`], each with its terms in the order of RPC00B.
    pub polynomials: [[f64; TERMS]; 4],
}

/// Powers of L, P and H in each term of RPC00B.
#[rustfmt::skip]
const POWERS: [[usize; 3]; TERMS] = [
    [0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [1, 0, 1], [0, 1, 1], [2, 0, 0], [0, 2, 0], [0, 0, 2],
    [1, 1, 1], [3, 0, 0], [1, 2, 0], [1, 0, 2], [2, 1, 0], [0, 3, 0], [0, 1, 2], [2, 0, 1], [0, 2, 1], [0, 0, 3],
];

/// Binomial coefficients up to the third power.
const BINOMIALS: [[f64; 4]; 4] =
    [[1.0, 0.0, 0.0, 0.0], [1.0, 1.0, 0.0, 0.0], [1.0, 2.0, 1.0, 0.0], [1.0, 3.0, 3.0, 1.0]];

impl Rpc {
    /// The fields of the errors.
    pub const ERRORS: [&'static str; 2] = ["ERR_BIAS", "ERR_RAND"];
    /// What has an offset (`_OFF`) and a scale (`_SCALE`).
    pub const AXES: [&'static str; 5] = ["LINE", "SAMP", "LAT", "LONG", "HEIGHT"];
    /// The fields of the polynomials.
    pub const POLYNOMIALS: [&'static str; 4] = ["LINE_NUM_COEFF", "LINE_DEN_COEFF", "SAMP_NUM_COEFF", "SAMP_DEN_COEFF"];

    /// The model, if it is one.
    ///
    /// # Errors
    /// [`Error::Usage`] for numbers that are not finite and scales of 0.
    pub fn checked(self) -> Result<Self> {
        let numbers = self.errors.iter().flatten().chain(&self.offsets).chain(&self.scales);
        if let Some(number) = numbers.chain(self.polynomials.as_flattened()).find(|number| !number.is_finite()) {
            return Err(Error::usage("number of the RPC:").found(number).allowed("a finite number"));
        }
        match self.scales.iter().position(|scale| *scale == 0.0) {
            Some(axis) => Err(Error::usage("RPC")
                .field(format!("{}_SCALE", Self::AXES[axis]))
                .found(0)
                .allowed("any other number")),
            None => Ok(self),
        }
    }

    /// The same model in the pixels of a part: a pixel of the part is `scale` of these pixels wide, and its first pixel has its
    /// centre at `offset`; rows first, then columns.
    #[must_use]
    pub fn in_part(mut self, [rows, columns]: [(f64, f64); 2]) -> Self {
        for (axis, (scale, offset)) in [rows, columns].into_iter().enumerate() {
            self.offsets[axis] = (self.offsets[axis] - offset) / scale;
            self.scales[axis] /= scale;
        }
        self
    }

    /// The same model with other offsets and scales, in the polynomials as precise as numbers are.
    #[must_use]
    pub fn with_offsets_and_scales(&self, offsets: [f64; 5], scales: [f64; 5]) -> Self {
        // Latitude and longitude have the other order in the terms.
        let ground = [3, 2, 4];
        let factors = ground.map(|axis| scales[axis] / self.scales[axis]);
        let shifts = ground.map(|axis| (offsets[axis] - self.offsets[axis]) / self.scales[axis]);
        let mut polynomials = self.polynomials;
        if (factors, shifts) != ([1.0; 3], [0.0; 3]) {
            polynomials = polynomials.map(|polynomial| substituted(&polynomial, factors, shifts));
        }
        for axis in [0, 1] {
            // off + scale · n/d = off' + scale' · n'/d with n' = (scale · n + (off - off') · d) / scale'.
            let (shift, scale) = (self.offsets[axis] - offsets[axis], self.scales[axis]);
            if shift != 0.0 || scale != scales[axis] {
                let denominator = polynomials[2 * axis + 1];
                for (numerator, denominator) in polynomials[2 * axis].iter_mut().zip(denominator) {
                    *numerator = (scale * *numerator + shift * denominator) / scales[axis];
                }
            }
        }
        Self { errors: self.errors, offsets, scales, polynomials }
    }
}

/// The coefficients of the same polynomial in other variables v': v = scale · v' + offset.
fn substituted(coefficients: &[f64; TERMS], scales: [f64; 3], offsets: [f64; 3]) -> [f64; TERMS] {
    let mut found = *coefficients;
    for (axis, (scale, offset)) in scales.into_iter().zip(offsets).enumerate() {
        let before = found;
        found = [0.0; TERMS];
        for (term, powers) in POWERS.iter().enumerate() {
            // The expansion of (scale · v' + offset)ⁿ.
            let n = powers[axis];
            for (m, binomial) in BINOMIALS[n][..=n].iter().enumerate() {
                let mut lower = *powers;
                lower[axis] = m;
                let place = POWERS.iter().position(|known| *known == lower).expect("lower powers have a term");
                let factor = binomial * scale.powi(m as i32) * offset.powi((n - m) as i32);
                found[place] += factor * before[term];
            }
        }
    }
    found
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A model whose numbers are all different.
    pub(crate) fn model() -> Rpc {
        let polynomial = |first: f64| std::array::from_fn(|term| first + term as f64 / 128.0);
        Rpc {
            errors: [Some(4.25), None],
            offsets: [10_500.0, 9200.0, 38.4321, -77.1234, 250.0],
            scales: [10_501.0, 9201.0, 0.1234, 0.1456, 500.0],
            polynomials: [0.5, 1.0, -0.25, 2.0].map(polynomial),
        }
    }

    fn value(polynomial: &[f64; TERMS], at: [f64; 3]) -> f64 {
        let term = |powers: &[usize; 3]| (0..3).map(|axis| at[axis].powi(powers[axis] as i32)).product::<f64>();
        POWERS.iter().zip(polynomial).map(|(powers, coefficient)| coefficient * term(powers)).sum()
    }

    /// Row and column of a longitude, latitude and height.
    fn project(model: &Rpc, ground: [f64; 3]) -> [f64; 2] {
        let normalized = |place: usize, axis: usize| (ground[place] - model.offsets[axis]) / model.scales[axis];
        let at = [normalized(0, 3), normalized(1, 2), normalized(2, 4)];
        let quotient = |place: usize| value(&model.polynomials[place], at) / value(&model.polynomials[place + 1], at);
        [0, 1].map(|axis| model.offsets[axis] + model.scales[axis] * quotient(2 * axis))
    }

    #[test]
    fn other_offsets_and_scales_keep_the_model() {
        let model = model();
        let (offsets, scales) = ([10_400.0, 9300.5, 38.4, -77.1, 240.0], [10_000.0, 9000.0, 0.12, 0.15, 510.0]);
        let other = model.with_offsets_and_scales(offsets, scales);
        assert_ne!(other.polynomials, model.polynomials);
        for ground in [[-77.1, 38.45, 300.0], [-77.05, 38.3, 0.0]] {
            let [one, two] = [&model, &other].map(|model| project(model, ground));
            assert!((one[0] - two[0]).abs() < 1e-6 && (one[1] - two[1]).abs() < 1e-6, "{one:?} {two:?}");
        }
        assert_eq!(model.with_offsets_and_scales(model.offsets, model.scales), model);
    }

    #[test]
    fn a_part_has_its_own_pixels() {
        let (model, ground) = (model(), [-77.1, 38.45, 300.0]);
        let [row, column] = project(&model, ground);
        let [part_row, part_column] = project(&model.in_part([(2.0, 100.5), (4.0, 31.5)]), ground);
        assert!(((row - 100.5) / 2.0 - part_row).abs() < 1e-6 && ((column - 31.5) / 4.0 - part_column).abs() < 1e-6);
    }

    #[test]
    fn numbers_that_are_no_model_are_refused() {
        assert!(model().checked().is_ok());
        let mut zero = model();
        zero.scales[2] = 0.0;
        assert!(zero.checked().unwrap_err().to_string().contains("LAT_SCALE"));
        let mut endless = model();
        endless.polynomials[3][19] = f64::NAN;
        assert!(endless.checked().is_err());
    }
}
