//! The bilinear mapping from a chip to its full image that the four points of ICHIPB define (STDI-0002-1 App B).

/// Four points, each (row, column): upper left, upper right, lower left, lower right.
pub type Points = [(f64, f64); 4];

/// The most steps of Newton's method, which doubles the correct digits with each step.
const STEPS: usize = 30;

/// The largest factor that a mapping of scales and offsets leaves out. The fields of ICHIPB hold thousandths of a pixel.
const TURN: f64 = 2e-3;

/// Maps rows and columns of a chip to those of the full image and back. Points may lie outside of both.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bilinear {
    /// The first point of the chip.
    origin: (f64, f64),
    /// Rows and columns from the first point of the chip to the last; 1 if they coincide.
    size: (f64, f64),
    /// The row of the full image as factors of 1, u, v and u·v. Both u (columns) and v (rows) run from 0 to 1 across the chip.
    row: [f64; 4],
    /// The column of the full image, likewise.
    column: [f64; 4],
}

impl Bilinear {
    /// The mapping that takes the points of a chip to those of the full image. In a chip of one row or column the points
    /// coincide; `scale`, the width of a chip pixel in pixels of the full image, then gives the distance to the next one.
    ///
    /// Returns `None` if the points are not quadrilaterals.
    pub fn new(chip: &Points, full: &Points, scale: f64) -> Option<Self> {
        let (mut chip, mut full) = (*chip, *full);
        let size = (chip[3].0 - chip[0].0, chip[3].1 - chip[0].1);
        if size.0 == 0.0 {
            for corner in [2, 3] {
                chip[corner].0 += 1.0;
                full[corner].0 += scale;
            }
        }
        if size.1 == 0.0 {
            for corner in [1, 3] {
                chip[corner].1 += 1.0;
                full[corner].1 += scale;
            }
        }
        let origin = chip[0];
        let size = (if size.0 == 0.0 { 1.0 } else { size.0 }, if size.1 == 0.0 { 1.0 } else { size.1 });
        // The first point has u = v = 0, so its position is the first factor. The other points give the other factors.
        let others = [chip[1], chip[2], chip[3]].map(|point| share(point, origin, size));
        let equations = others.map(|(u, v)| [u, v, u * v]);
        let rest = |first: f64, values: [f64; 3]| solve(equations, values.map(|value| value - first));
        let [u, v, both] = rest(full[0].0, [full[1].0, full[2].0, full[3].0])?;
        let row = [full[0].0, u, v, both];
        let [u, v, both] = rest(full[0].1, [full[1].1, full[2].1, full[3].1])?;
        let column = [full[0].1, u, v, both];
        let turns = row[1] * column[2] - row[2] * column[1];
        if turns == 0.0 || !turns.is_finite() || !row.iter().chain(&column).all(|factor| factor.is_finite()) {
            return None;
        }
        // Rounding errors of the solution would make an affine mapping a bent one.
        let noise = 1e-12 * full.iter().fold(1.0, |most: f64, (row, column)| most.max(row.abs()).max(column.abs()));
        let clean = |factor: f64| if factor.abs() < noise { 0.0 } else { factor };
        Some(Self { origin, size, row: row.map(clean), column: column.map(clean) })
    }

    /// The position in the full image of a (row, column) of the chip.
    pub fn point_to_full(&self, point: (f64, f64)) -> (f64, f64) {
        let (u, v) = share(point, self.origin, self.size);
        (sum_in_pairs(&self.row, u, v), sum_in_pairs(&self.column, u, v))
    }

    /// Replaces points of the chip with their positions in the full image.
    ///
    /// The result for several points may differ in the last bit from that for each alone: the first versions took both from
    /// a BLAS library. For a single point it adds in pairs; for several it fuses each product with the sum.
    pub fn to_full(&self, rows: &mut [f64], columns: &mut [f64]) {
        if let ([row], [column]) = (&mut *rows, &mut *columns) {
            (*row, *column) = self.point_to_full((*row, *column));
            return;
        }
        for (row, column) in rows.iter_mut().zip(columns) {
            let (u, v) = share((*row, *column), self.origin, self.size);
            (*row, *column) = (sum_fused(&self.row, u, v), sum_fused(&self.column, u, v));
        }
    }

    /// Replaces points of the full image with their positions in the chip: the inverse of [`Bilinear::to_full`].
    pub fn from_full(&self, rows: &mut [f64], columns: &mut [f64]) {
        // One step is exact if the mapping is affine, which it nearly always is.
        let steps = if self.row[3] == 0.0 && self.column[3] == 0.0 { 1 } else { STEPS };
        for (row, column) in rows.iter_mut().zip(columns) {
            let (mut u, mut v) = (0.0, 0.0);
            for _ in 0..steps {
                let last = (u, v);
                (u, v) = self.step((*row, *column), u, v);
                if (u, v) == last {
                    break;
                }
            }
            (*row, *column) = (self.origin.0 + v * self.size.0, self.origin.1 + u * self.size.1);
        }
    }

    /// (scale, offset) of rows and of columns: `full = scale * chip + offset`. `None` if the chip is turned, skewed or bent
    /// against the full image.
    pub fn scales_and_offsets(&self) -> Option<[(f64, f64); 2]> {
        let [turned, bent] = [[self.row[1], self.column[2]], [self.row[3], self.column[3]]];
        if turned.into_iter().chain(bent).any(|factor| factor.abs() > TURN) {
            return None;
        }
        let (down, right) = (self.row[2] / self.size.0, self.column[1] / self.size.1);
        Some([(down, self.row[0] - down * self.origin.0), (right, self.column[0] - right * self.origin.1)])
    }

    /// One step of Newton's method towards the u and v of a point of the full image.
    fn step(&self, (row, column): (f64, f64), u: f64, v: f64) -> (f64, f64) {
        let at = |[one, of_u, of_v, of_both]: [f64; 4]| one + of_u * u + of_v * v + of_both * u * v;
        let (down, right) = (row - at(self.row), column - at(self.column));
        // The derivatives of row and column with respect to u and v.
        let (a, b) = (self.row[1] + self.row[3] * v, self.row[2] + self.row[3] * u);
        let (c, d) = (self.column[1] + self.column[3] * v, self.column[2] + self.column[3] * u);
        let determinant = a * d - b * c;
        (u + (down * d - right * b) / determinant, v + (right * a - down * c) / determinant)
    }
}

/// The u and v of a (row, column) of the chip.
fn share((row, column): (f64, f64), origin: (f64, f64), size: (f64, f64)) -> (f64, f64) {
    ((column - origin.1) / size.1, (row - origin.0) / size.0)
}

fn sum_in_pairs(factors: &[f64; 4], u: f64, v: f64) -> f64 {
    (factors[0] + factors[1] * u) + factors[2].mul_add(v, factors[3] * (u * v))
}

fn sum_fused(factors: &[f64; 4], u: f64, v: f64) -> f64 {
    factors[3].mul_add(u * v, factors[2].mul_add(v, factors[1].mul_add(u, factors[0])))
}

/// The solution of three linear equations, by elimination with partial pivoting; `None` if it is not unique. The order of
/// the operations is that of LAPACK's `dgesv`.
fn solve(mut left: [[f64; 3]; 3], mut right: [f64; 3]) -> Option<[f64; 3]> {
    for column in 0..3 {
        for row in 1..3 {
            let known = (0..row.min(column)).fold(0.0, |sum, k| left[row][k].mul_add(left[k][column], sum));
            left[row][column] -= known;
        }
        let larger =
            |best: usize, row: usize| if left[row][column].abs() > left[best][column].abs() { row } else { best };
        let pivot = (column..3).fold(column, larger);
        left.swap(column, pivot);
        right.swap(column, pivot);
        if left[column][column] == 0.0 {
            return None;
        }
        let inverse = 1.0 / left[column][column];
        left[column + 1..].iter_mut().for_each(|row| row[column] *= inverse);
    }
    for known in 0..3 {
        for row in known + 1..3 {
            right[row] = (-left[row][known]).mul_add(right[known], right[row]);
        }
    }
    for known in (0..3).rev() {
        right[known] *= 1.0 / left[known][known];
        for row in 0..known {
            right[row] = (-left[row][known]).mul_add(right[known], right[row]);
        }
    }
    Some(right)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SQUARE: Points = [(0.0, 0.0), (0.0, 9.0), (4.0, 0.0), (4.0, 9.0)];

    fn to_full(mapping: &Bilinear, row: f64, column: f64) -> (f64, f64) {
        mapping.point_to_full((row, column))
    }

    fn from_full(mapping: &Bilinear, row: f64, column: f64) -> (f64, f64) {
        let (mut rows, mut columns) = ([row], [column]);
        mapping.from_full(&mut rows, &mut columns);
        (rows[0], columns[0])
    }

    #[test]
    fn a_rectangle_has_scales_and_offsets() {
        let full = SQUARE.map(|(row, column)| (2.0 * row + 100.5, 3.0 * column + 200.5));
        let mapping = Bilinear::new(&SQUARE, &full, 1.0).unwrap();
        assert_eq!(mapping.scales_and_offsets(), Some([(2.0, 100.5), (3.0, 200.5)]));
        assert_eq!(to_full(&mapping, 1.0, 2.0), (102.5, 206.5));
        assert_eq!(from_full(&mapping, 102.5, 206.5), (1.0, 2.0));
    }

    #[test]
    fn a_turned_chip_has_no_scales() {
        let full = SQUARE.map(|(row, column)| (column, -row));
        let mapping = Bilinear::new(&SQUARE, &full, 1.0).unwrap();
        assert_eq!(mapping.scales_and_offsets(), None);
        assert_eq!(to_full(&mapping, 1.0, 2.0), (2.0, -1.0));
    }

    #[test]
    fn the_scale_gives_the_next_row_and_column_of_a_single_pixel() {
        let mapping = Bilinear::new(&[(0.0, 0.0); 4], &[(7.0, 8.0); 4], 4.0).unwrap();
        assert_eq!(to_full(&mapping, 1.0, 2.0), (11.0, 16.0));
        assert_eq!(from_full(&mapping, 11.0, 16.0), (1.0, 2.0));
    }

    #[test]
    fn points_that_coincide_are_refused() {
        assert_eq!(Bilinear::new(&SQUARE, &[(7.0, 7.0); 4], 1.0), None);
        assert_eq!(Bilinear::new(&SQUARE, &SQUARE.map(|(row, _)| (row, row)), 1.0), None);
        assert_eq!(Bilinear::new(&SQUARE, &SQUARE.map(|(row, _)| (row, f64::NAN)), 1.0), None);
    }

    #[test]
    fn equations_are_solved_in_any_order() {
        let (left, right) = ([[0.0, 2.0, 0.0], [0.0, 0.0, 4.0], [8.0, 0.0, 0.0]], [2.0, 8.0, 24.0]);
        assert_eq!(solve(left, right), Some([3.0, 1.0, 2.0]));
        assert_eq!(solve([[1.0, 2.0, 3.0]; 3], right), None);
    }

    proptest! {
        /// A quadrilateral of the full image: a rectangle that is turned, scaled, and bent by up to a fifth.
        #[test]
        fn from_full_inverts_to_full(
            rows in 2.0..5000.0, columns in 2.0..5000.0, bend in prop::array::uniform8(-0.2..0.2),
            scale in 0.1..20.0, angle in 0.0..std::f64::consts::TAU, v in -0.1..1.1, u in -0.1..1.1,
        ) {
            let (bottom, right): (f64, f64) = (rows - 1.0, columns - 1.0);
            let chip = [(0.0, 0.0), (0.0, right), (bottom, 0.0), (bottom, right)];
            let (sin, cos) = f64::sin_cos(angle);
            let full: Points = std::array::from_fn(|at| {
                let (row, column) = (chip[at].0 / bottom + bend[2 * at], chip[at].1 / right + bend[2 * at + 1]);
                (1e4 + 1e3 * scale * (row * cos - column * sin), 2e4 + 1e3 * scale * (row * sin + column * cos))
            });
            let mapping = Bilinear::new(&chip, &full, 1.0).unwrap();
            for (point, expected) in chip.iter().zip(full) {
                let found = to_full(&mapping, point.0, point.1);
                prop_assert!((found.0 - expected.0).abs() < 1e-6 && (found.1 - expected.1).abs() < 1e-6);
            }
            let inside = (v * bottom, u * right);
            let there = to_full(&mapping, inside.0, inside.1);
            let back = from_full(&mapping, there.0, there.1);
            prop_assert!((back.0 - inside.0).abs() < 1e-6 && (back.1 - inside.1).abs() < 1e-6, "{inside:?} {back:?}");
            // A point is at the same position alone and among others, to rounding errors.
            let (mut many_rows, mut many_columns) = ([inside.0, 0.0], [inside.1, 0.0]);
            mapping.to_full(&mut many_rows, &mut many_columns);
            prop_assert!((many_rows[0] - there.0).abs() < 1e-9 && (many_columns[0] - there.1).abs() < 1e-9);
        }
    }
}
