//! A coordinate reference system by its parameters, in the terms of ISO 19111.

use super::method::Method;
use super::unit::{Named, Unit};

/// A system for the positions of pixels.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Definition {
    /// The system of east and north.
    pub(crate) horizontal: Horizontal,
    /// The system of heights, if the system is a compound one.
    pub(crate) vertical: Option<Vertical>,
}

/// A horizontal system.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Horizontal {
    /// Longitude and latitude.
    Geographic(Geographic),
    /// A map projection.
    Projected(Projected),
}

/// A system of longitude and latitude.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Geographic {
    /// The system's name.
    pub(crate) id: Named,
    /// The datum.
    pub(crate) datum: Named,
    /// The ellipsoid of the datum.
    pub(crate) ellipsoid: Ellipsoid,
    /// The prime meridian.
    pub(crate) meridian: Meridian,
    /// The unit of angles.
    pub(crate) unit: Unit,
}

/// An ellipsoid of revolution.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ellipsoid {
    /// Its name.
    pub(crate) id: Named,
    /// The semi-major axis in metres.
    pub(crate) semi_major: f64,
    /// The inverse flattening; 0 for a sphere.
    pub(crate) inverse_flattening: f64,
}

/// A prime meridian.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Meridian {
    /// Its name.
    pub(crate) id: Named,
    /// The longitude from Greenwich in degrees.
    pub(crate) longitude: f64,
}

/// A projected system.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Projected {
    /// The system's name.
    pub(crate) id: Named,
    /// The geographic system that is projected.
    pub(crate) base: Geographic,
    /// The method of the projection.
    pub(crate) method: &'static Method,
    /// The value of each parameter of the method: angles in degrees, lengths in the unit of the system.
    pub(crate) values: Vec<f64>,
    /// The unit of east and north.
    pub(crate) unit: Unit,
}

/// A system of heights.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Vertical {
    /// The system's name.
    pub(crate) id: Named,
    /// The datum.
    pub(crate) datum: Named,
    /// The unit of heights.
    pub(crate) unit: Unit,
}

impl Meridian {
    /// The meridian of Greenwich.
    pub(crate) fn greenwich() -> Self {
        Self { id: Named::new("Greenwich", Some(8901)), longitude: 0.0 }
    }
}

impl Ellipsoid {
    /// The ellipsoid with two half axes in metres.
    pub(crate) fn of_axes(id: Named, semi_major: f64, semi_minor: f64) -> Self {
        let flattening = (semi_major - semi_minor) / semi_major;
        Self { id, semi_major, inverse_flattening: if flattening == 0.0 { 0.0 } else { 1.0 / flattening } }
    }

    /// True if the numbers are those of an ellipsoid.
    pub(crate) fn is_valid(&self) -> bool {
        let f = self.inverse_flattening;
        self.semi_major.is_finite() && self.semi_major > 0.0 && f.is_finite() && (f == 0.0 || f > 1.0)
    }
}

impl Definition {
    /// The name of the system.
    pub(crate) fn name(&self) -> String {
        let name = match &self.horizontal {
            Horizontal::Geographic(geographic) => &geographic.id.name,
            Horizontal::Projected(projected) => &projected.id.name,
        };
        match &self.vertical {
            Some(vertical) => format!("{name} + {}", vertical.id.name),
            None => name.clone(),
        }
    }
}
