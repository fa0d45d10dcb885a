//! Kinds of coordinate reference systems in the EPSG register.

/// The kind of a coordinate reference system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Latitude and longitude.
    Geographic,
    /// Latitude, longitude and height above the ellipsoid.
    Geographic3D,
    /// Earth-centred X, Y, Z.
    Geocentric,
    /// A map projection.
    Projected,
    /// Heights or depths alone.
    Vertical,
}
