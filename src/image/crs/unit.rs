//! Units of angles and lengths, and names of the EPSG register.

use std::f64::consts::PI;

/// A name, with the code of the EPSG register if it has one.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Named {
    /// The name.
    pub(crate) name: String,
    /// The code in the EPSG register.
    pub(crate) code: Option<u32>,
}

/// A unit.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Unit {
    /// Its name.
    pub(crate) id: Named,
    /// Its size in metres or radians.
    pub(crate) size: f64,
}

/// The size of a degree in radians.
pub(crate) const DEGREE: f64 = PI / 180.0;

/// Units of angles in the EPSG register: code, name, size in radians.
const ANGLES: [(u32, &str, f64); 8] = [
    (9102, "degree", DEGREE),
    (9101, "radian", 1.0),
    (9103, "arc-minute", DEGREE / 60.0),
    (9104, "arc-second", DEGREE / 3600.0),
    (9105, "grad", PI / 200.0),
    (9106, "gon", PI / 200.0),
    (9108, "degree", DEGREE),
    (9122, "degree", DEGREE),
];

/// Units of lengths in the EPSG register: code, name, size in metres.
const LENGTHS: [(u32, &str, f64); 15] = [
    (9001, "metre", 1.0),
    (9002, "foot", 0.3048),
    (9003, "US survey foot", 1200.0 / 3937.0),
    (9005, "Clarke's foot", 0.304_797_265_4),
    (9014, "fathom", 1.8288),
    (9030, "nautical mile", 1852.0),
    (9031, "German legal metre", 1.000_001_359_7),
    (9036, "kilometre", 1000.0),
    (9037, "Clarke's yard", 0.914_391_796_2),
    (9039, "Clarke's link", 0.201_166_195_164),
    (9040, "British yard (Sears 1922)", 0.914_398_414_616_029),
    (9041, "British foot (Sears 1922)", 0.304_799_471_538_676),
    (9042, "British chain (Sears 1922)", 20.116_765_121_552_632),
    (9084, "Indian yard", 0.914_398_530_744_441),
    (9094, "Gold Coast foot", 0.304_799_710_181_509),
];

/// What a unit measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quantity {
    /// Angles: the size of a unit is in radians.
    Angle,
    /// Lengths: the size of a unit is in metres.
    Length,
}

impl Quantity {
    fn units(self) -> &'static [(u32, &'static str, f64)] {
        match self {
            Self::Angle => &ANGLES,
            Self::Length => &LENGTHS,
        }
    }
}

/// A value in another unit, of which the sizes are given. Between units of the same size it stays exact.
pub(crate) fn converted(value: f64, from: f64, to: f64) -> f64 {
    if is_near(from, to) { value } else { value * from / to }
}

/// True for the sizes of the same unit: texts round them.
fn is_near(size: f64, other: f64) -> bool {
    (size - other).abs() <= 1e-9 * other.abs()
}

impl Unit {
    /// The unit with a code of the EPSG register; `None` if the table lacks it.
    pub(crate) fn of_code(quantity: Quantity, code: u32) -> Option<Self> {
        let (code, name, size) = *quantity.units().iter().find(|(other, ..)| *other == code)?;
        Some(Self { id: Named::new(name, Some(code)), size })
    }

    /// The unit of a size, by the name and code of the register if that has one of the same size.
    pub(crate) fn of_size(quantity: Quantity, size: f64, name: &str) -> Self {
        match quantity.units().iter().find(|(.., other)| is_near(*other, size)) {
            Some((code, name, size)) => Self { id: Named::new(name, Some(*code)), size: *size },
            None => Self { id: Named::new(name, None), size },
        }
    }

    /// Degrees.
    pub(crate) fn degree() -> Self {
        Self::of_size(Quantity::Angle, DEGREE, "degree")
    }

    /// Metres.
    pub(crate) fn metre() -> Self {
        Self::of_size(Quantity::Length, 1.0, "metre")
    }
}

impl Named {
    /// A name with a code.
    pub(crate) fn new(name: &str, code: Option<u32>) -> Self {
        Self { name: name.to_owned(), code }
    }
}
