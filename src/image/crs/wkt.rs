//! Well-known text of a system: WKT 1 (OGC 01-009 and Esri's) and WKT 2 (ISO 19162:2019) are read, WKT 2 is written.

use std::fmt::Write;

use super::definition::{Definition, Ellipsoid, Geographic, Horizontal, Meridian, Projected, Vertical};
use super::method::{Given, Measure, Method};
use super::unit::{DEGREE, Named, Quantity, Unit, converted};
use super::wkt_tree::{Item, Node, quoted, shown};
use crate::error::{Error, Result};

const GEOGRAPHIC: [&str; 7] =
    ["GEOGCS", "GEOGCRS", "GEOGRAPHICCRS", "GEODCRS", "GEODETICCRS", "BASEGEOGCRS", "BASEGEODCRS"];
const PROJECTED: [&str; 3] = ["PROJCS", "PROJCRS", "PROJECTEDCRS"];
const COMPOUND: [&str; 2] = ["COMPD_CS", "COMPOUNDCRS"];
const VERTICAL: [&str; 4] = ["VERT_CS", "VERTCRS", "VERTICALCRS", "BASEVERTCRS"];
const DATUMS: [&str; 7] = ["DATUM", "GEODETICDATUM", "TRF", "ENSEMBLE", "VDATUM", "VERTICALDATUM", "VERT_DATUM"];
const UNITS: [&str; 3] = ["UNIT", "ANGLEUNIT", "LENGTHUNIT"];

/// The system of a text, with the code of the register that the text states for the whole.
///
/// # Errors
/// [`Error::Usage`] for a text that is not well-known text or lacks a part, and for a kind of system or projection that images do
/// not have.
pub(super) fn read(text: &str) -> Result<(Definition, Option<u32>)> {
    let root = Node::parse(text)?;
    let root = match root.keyword.as_str() {
        "BOUNDCRS" => root.child(&["SOURCECRS"]).and_then(|source| source.children().next()).unwrap_or(&root),
        _ => &root,
    };
    let is = |keywords: &[&str]| keywords.contains(&root.keyword.as_str());
    if is(&COMPOUND) {
        let vertical = root.child(&VERTICAL).ok_or_else(|| missing(root, "a vertical crs"))?;
        let horizontal = root.children().find(|node| node.keyword != "ID" && *node != vertical);
        let horizontal = horizontal.ok_or_else(|| missing(root, "a horizontal crs"))?;
        let definition =
            Definition { horizontal: read_horizontal(horizontal)?, vertical: Some(read_vertical(vertical)) };
        return Ok((definition, root.code()));
    }
    Ok((Definition { horizontal: read_horizontal(root)?, vertical: None }, root.code()))
}

fn read_horizontal(node: &Node) -> Result<Horizontal> {
    match node.keyword.as_str() {
        keyword if PROJECTED.contains(&keyword) => read_projected(node).map(Horizontal::Projected),
        keyword if GEOGRAPHIC.contains(&keyword) => read_geographic(node).map(Horizontal::Geographic),
        keyword => Err(Error::usage("crs: kind")
            .found(shown(keyword))
            .allowed("GEOGCRS, PROJCRS, COMPOUNDCRS, GEOGCS, PROJCS or COMPD_CS")),
    }
}

fn read_geographic(node: &Node) -> Result<Geographic> {
    let datum = node.child(&DATUMS).ok_or_else(|| missing(node, "a datum"))?;
    let ellipsoid = datum.child(&["ELLIPSOID", "SPHEROID"]).ok_or_else(|| missing(datum, "an ellipsoid"))?;
    let mut numbers = ellipsoid.numbers();
    let (axis, inverse_flattening) = (numbers.next().unwrap_or(0.0), numbers.next().unwrap_or(0.0));
    let semi_major = axis * unit_of(ellipsoid, Quantity::Length).map_or(1.0, |unit| unit.size);
    let ellipsoid = Ellipsoid { id: named(ellipsoid), semi_major, inverse_flattening };
    if !ellipsoid.is_valid() {
        let allowed = "a semi-major axis above 0, and an inverse flattening of 0 or above 1";
        return Err(Error::usage("crs: ellipsoid")
            .found(format!("{semi_major}, {inverse_flattening}"))
            .allowed(allowed));
    }
    let unit = unit_of(node, Quantity::Angle);
    let meridian = node.child(&["PRIMEM", "PRIMEMERIDIAN"]).or_else(|| datum.child(&["PRIMEM", "PRIMEMERIDIAN"]));
    let meridian = meridian.map_or_else(Meridian::greenwich, |meridian| {
        // WKT 1 states the longitude in degrees in practice, whatever the unit of the system.
        let size = unit_of(meridian, Quantity::Angle).map_or(DEGREE, |unit| unit.size);
        Meridian { id: named(meridian), longitude: converted(meridian.numbers().next().unwrap_or(0.0), size, DEGREE) }
    });
    let datum = Named { name: datum.name().replace('_', " "), code: datum.code() };
    Ok(Geographic { id: named(node), datum, ellipsoid, meridian, unit: unit.unwrap_or_else(Unit::degree) })
}

fn read_projected(node: &Node) -> Result<Projected> {
    let base = node.child(&GEOGRAPHIC).ok_or_else(|| missing(node, "a geographic crs"))?;
    let base = read_geographic(base)?;
    let unit = unit_of(node, Quantity::Length).unwrap_or_else(Unit::metre);
    // WKT 1 has no conversion around its parameters.
    let conversion = node.child(&["CONVERSION"]).unwrap_or(node);
    let method = conversion.child(&["METHOD", "PROJECTION"]).ok_or_else(|| missing(node, "a projection method"))?;
    let given = conversion.children().filter(|child| child.keyword == "PARAMETER").map(|parameter| Given {
        name: parameter.name().to_owned(),
        code: parameter.code(),
        value: parameter.numbers().next().unwrap_or(f64::NAN),
        unit: parameter.child(&[UNITS.as_slice(), &["SCALEUNIT"]].concat()).and_then(|unit| unit.numbers().next()),
    });
    let given: Vec<_> = given.collect();
    let units = (base.unit.size, unit.size);
    let name = name_of(node, method)?;
    let (method, values) = Method::of_definition((name, method.code()), &given, units)?;
    Ok(Projected { id: named(node), base, method, values, unit })
}

/// The name of a method. In WKT 1, other parts of the system may change what it means.
fn name_of<'n>(node: &Node, method: &'n Node) -> Result<&'n str> {
    let to_east = |axis: &Node| axis.items.get(1) == Some(&Item::Word("EAST".to_owned()));
    if method.keyword == "PROJECTION" && method.name() == "Krovak" && node.child(&["AXIS"]).is_some_and(to_east) {
        return Ok("Krovak (North Orientated)");
    }
    let Some(extension) = node.child(&["EXTENSION"]) else { return Ok(method.name()) };
    let text = extension.items.get(1);
    match text {
        // Mercator on a sphere, with latitudes of an ellipsoid.
        Some(Item::Text(text)) if text.contains("+proj=merc") && text.contains("+nadgrids=@null") => {
            Ok("Popular Visualisation Pseudo Mercator")
        }
        _ => Err(Error::usage("crs: EXTENSION").found(shown(&format!("{text:?}"))).allowed("that of Pseudo Mercator")),
    }
}

fn read_vertical(node: &Node) -> Vertical {
    let datum = node.child(&DATUMS).map_or_else(Named::default, named);
    Vertical { id: named(node), datum, unit: unit_of(node, Quantity::Length).unwrap_or_else(Unit::metre) }
}

fn named(node: &Node) -> Named {
    Named::new(node.name(), node.code())
}

/// The unit that a node states, or else its first axis.
fn unit_of(node: &Node, quantity: Quantity) -> Option<Unit> {
    let axis = || node.child(&["AXIS"]).and_then(|axis| axis.child(&UNITS));
    let unit = node.child(&UNITS).or_else(axis)?;
    let size = unit.numbers().next().filter(|size| size.is_finite() && *size > 0.0)?;
    Some(Unit::of_size(quantity, size, unit.name()))
}

fn missing(node: &Node, part: &'static str) -> Error {
    Error::usage("crs:").found(format!("{} without {part}", shown(&node.keyword))).allowed(part)
}

/// WKT 2 of a system, in one line.
pub(super) fn write(definition: &Definition) -> String {
    let horizontal = match &definition.horizontal {
        Horizontal::Geographic(geographic) => write_geographic(geographic),
        Horizontal::Projected(projected) => write_projected(projected),
    };
    let Some(vertical) = &definition.vertical else { return horizontal };
    let vertical = format!(
        "VERTCRS[{},VDATUM[{}{}],CS[vertical,1],AXIS[\"gravity-related height (H)\",up],{}{}]",
        quoted(&vertical.id.name),
        quoted(&vertical.datum.name),
        id(&vertical.datum),
        write_unit("LENGTHUNIT", &vertical.unit),
        id(&vertical.id)
    );
    format!("COMPOUNDCRS[{},{horizontal},{vertical}]", quoted(&definition.name()))
}

fn write_geographic(geographic: &Geographic) -> String {
    format!(
        "GEOGCRS[{},{},CS[ellipsoidal,2],AXIS[\"geodetic latitude (Lat)\",north],AXIS[\"geodetic longitude (Lon)\",east],{}{}]",
        quoted(&geographic.id.name),
        write_datum(geographic),
        write_unit("ANGLEUNIT", &geographic.unit),
        id(&geographic.id)
    )
}

/// Datum, ellipsoid and prime meridian.
fn write_datum(Geographic { datum, ellipsoid, meridian, .. }: &Geographic) -> String {
    format!(
        "DATUM[{},ELLIPSOID[{},{},{},LENGTHUNIT[\"metre\",1]{}]{}],PRIMEM[{},{},{}{}]",
        quoted(&datum.name),
        quoted(&ellipsoid.id.name),
        ellipsoid.semi_major,
        ellipsoid.inverse_flattening,
        id(&ellipsoid.id),
        id(datum),
        quoted(&meridian.id.name),
        meridian.longitude,
        write_unit("ANGLEUNIT", &Unit::degree()),
        id(&meridian.id)
    )
}

fn write_projected(Projected { id: own, base, method, values, unit }: &Projected) -> String {
    let mut parameters = String::new();
    for (parameter, value) in method.parameters.iter().zip(values) {
        let unit = match parameter.measure {
            Measure::Angle => write_unit("ANGLEUNIT", &Unit::degree()),
            Measure::Length => write_unit("LENGTHUNIT", unit),
            Measure::Scale => "SCALEUNIT[\"unity\",1]".to_owned(),
        };
        let named = Named::new(parameter.name, Some(parameter.code));
        // Writing to a text cannot fail.
        let _ = write!(parameters, ",PARAMETER[{},{value},{unit}{}]", quoted(parameter.name), id(&named));
    }
    let [first, second] = axes(method, values).map(|(name, direction)| format!("AXIS[{},{direction}]", quoted(name)));
    format!(
        "PROJCRS[{},BASEGEOGCRS[{},{}{}],CONVERSION[\"unnamed\",METHOD[{}{}]{parameters}],CS[Cartesian,2],{first},{second},{}{}]",
        quoted(&own.name),
        quoted(&base.id.name),
        write_datum(base),
        id(&base.id),
        quoted(method.name),
        id(&Named::new(method.name, method.code)),
        write_unit("LENGTHUNIT", unit),
        id(own)
    )
}

/// The axes of the systems of a method: name and direction.
pub(super) fn axes(method: &Method, values: &[f64]) -> [(&'static str, &'static str); 2] {
    let (east, north) = match method.code {
        Some(9808) => return [("westing (Y)", "west"), ("southing (X)", "south")],
        Some(9819) => return [("southing (X)", "south"), ("westing (Y)", "west")],
        // Both axes lead away from the pole.
        Some(9810 | 9829) if values[0] > 0.0 => ("south", "south"),
        Some(9810 | 9829) => ("north", "north"),
        _ => ("east", "north"),
    };
    [("easting (E)", east), ("northing (N)", north)]
}

/// The name of Pseudo Mercator in Esri's form of WKT 1.
pub(crate) const AUXILIARY_SPHERE: &str = "Mercator_Auxiliary_Sphere";

/// Esri's form of WKT 1 of a Krovak or Pseudo Mercator projection, which other software writes to a citation: they have no code in
/// `GeoTIFF`.
pub(crate) fn esri(Projected { id, base, method, values, unit }: &Projected) -> String {
    let mut parameters = String::new();
    let is_pseudo_mercator = method.code == Some(1024);
    let on_sphere = ["Standard_Parallel_1", "Central_Meridian", "False_Easting", "False_Northing"];
    let names: Vec<&str> = if is_pseudo_mercator { on_sphere.to_vec() } else { method.esri().collect() };
    for (name, value) in names.iter().zip(values) {
        // Writing to a text cannot fail.
        let _ = write!(parameters, ",PARAMETER[\"{name}\",{value}]");
    }
    if method.code == Some(1041) {
        parameters += ",PARAMETER[\"X_Scale\",-1],PARAMETER[\"Y_Scale\",1],PARAMETER[\"XY_Plane_Rotation\",90]";
    }
    if is_pseudo_mercator {
        parameters += ",PARAMETER[\"Auxiliary_Sphere_Type\",0]";
    }
    let projection = if is_pseudo_mercator { AUXILIARY_SPHERE } else { "Krovak" };
    let is_wgs84 = base.datum.name.starts_with("World Geodetic System 1984");
    let datum = if is_wgs84 { "D_WGS_1984".to_owned() } else { base.datum.name.replace(' ', "_") };
    let ellipsoid = &base.ellipsoid;
    format!(
        "PROJCS[{},GEOGCS[{},DATUM[{},SPHEROID[{},{},{}]],PRIMEM[{},{}],UNIT[{},{}]],PROJECTION[{}]{parameters},UNIT[{},{}]]",
        quoted(&id.name),
        quoted(&base.id.name),
        quoted(&datum),
        quoted(&ellipsoid.id.name),
        ellipsoid.semi_major,
        ellipsoid.inverse_flattening,
        quoted(&base.meridian.id.name),
        base.meridian.longitude,
        quoted(&base.unit.id.name),
        base.unit.size,
        quoted(projection),
        quoted(&unit.id.name),
        unit.size
    )
}

fn write_unit(keyword: &str, unit: &Unit) -> String {
    format!("{keyword}[{},{}]", quoted(&unit.id.name), unit.size)
}

fn id(named: &Named) -> String {
    named.code.map_or_else(String::new, |code| format!(",ID[\"EPSG\",{code}]"))
}
