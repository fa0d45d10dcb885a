//! PROJJSON (schema 0.7): the parts of WKT 2 as JSON.

use serde_json::{Value, json};

use super::definition::{Definition, Ellipsoid, Geographic, Horizontal, Meridian, Projected, Vertical};
use super::method::{Given, Measure, Method};
use super::unit::{DEGREE, Named, Quantity, Unit, converted};
use super::wkt::axes;
use super::wkt_tree::shown;
use crate::error::{Error, Result};

/// The version of the form that is written.
const SCHEMA: &str = "https://proj.org/schemas/v0.7/projjson.schema.json";

/// The system of a PROJJSON text, with the code of the register that the text states for the whole.
///
/// # Errors
/// As for WKT.
pub(super) fn read(text: &str) -> Result<(Definition, Option<u32>)> {
    let root: Value = serde_json::from_str(text)
        .map_err(|error| Error::usage("crs: PROJJSON").found(error.to_string()).allowed("a JSON object"))?;
    let root = if kind(&root) == "BoundCRS" { &root["source_crs"] } else { &root };
    if kind(root) != "CompoundCRS" {
        return Ok((Definition { horizontal: read_horizontal(root)?, vertical: None }, code(root)));
    }
    let Some([horizontal, vertical]) = root["components"].as_array().map(Vec::as_slice) else {
        return Err(missing("components", "two systems"));
    };
    let vertical = Vertical {
        id: named(vertical),
        datum: named(first(vertical, &["datum", "datum_ensemble"])),
        unit: axis_unit(vertical, Quantity::Length).unwrap_or_else(Unit::metre),
    };
    Ok((Definition { horizontal: read_horizontal(horizontal)?, vertical: Some(vertical) }, code(root)))
}

fn read_horizontal(value: &Value) -> Result<Horizontal> {
    match kind(value) {
        "ProjectedCRS" => read_projected(value).map(Horizontal::Projected),
        "GeographicCRS" => read_geographic(value).map(Horizontal::Geographic),
        other => Err(Error::usage("crs: kind").found(shown(other)).allowed("GeographicCRS, ProjectedCRS, CompoundCRS")),
    }
}

fn read_geographic(value: &Value) -> Result<Geographic> {
    let datum = first(value, &["datum", "datum_ensemble"]);
    let ellipsoid = &datum["ellipsoid"];
    let id = named(ellipsoid);
    let length = |name: &str| quantity(&ellipsoid[name], Quantity::Length);
    let ellipsoid = match (length("semi_major_axis").or_else(|| length("radius")), length("semi_minor_axis")) {
        (Some(major), Some(minor)) => Ellipsoid::of_axes(id, major, minor),
        (Some(semi_major), None) => {
            Ellipsoid { id, semi_major, inverse_flattening: ellipsoid["inverse_flattening"].as_f64().unwrap_or(0.0) }
        }
        _ => return Err(missing("ellipsoid", "semi_major_axis")),
    };
    if !ellipsoid.is_valid() {
        return Err(missing("ellipsoid", "axes of an ellipsoid"));
    }
    let meridian = &datum["prime_meridian"];
    let meridian = match meridian["longitude"].as_f64() {
        Some(longitude) => Meridian { id: named(meridian), longitude },
        None => match quantity(&meridian["longitude"], Quantity::Angle) {
            Some(radians) => Meridian { id: named(meridian), longitude: converted(radians, 1.0, DEGREE) },
            None => Meridian::greenwich(),
        },
    };
    let unit = axis_unit(value, Quantity::Angle).unwrap_or_else(Unit::degree);
    Ok(Geographic { id: named(value), datum: named(datum), ellipsoid, meridian, unit })
}

fn read_projected(value: &Value) -> Result<Projected> {
    let base = read_geographic(&value["base_crs"])?;
    let unit = axis_unit(value, Quantity::Length).unwrap_or_else(Unit::metre);
    let (conversion, method) = (&value["conversion"], &value["conversion"]["method"]);
    let parameters = conversion["parameters"].as_array().map_or(&[][..], Vec::as_slice);
    let given = parameters.iter().map(|parameter| Given {
        name: named(parameter).name,
        code: code(parameter),
        value: parameter["value"].as_f64().unwrap_or(f64::NAN),
        unit: unit_size(&parameter["unit"]),
    });
    let given: Vec<_> = given.collect();
    let (method, values) =
        Method::of_definition((&named(method).name, code(method)), &given, (base.unit.size, unit.size))?;
    Ok(Projected { id: named(value), base, method, values, unit })
}

fn kind(value: &Value) -> &str {
    value["type"].as_str().unwrap_or("")
}

fn first<'v>(value: &'v Value, names: &[&str]) -> &'v Value {
    names.iter().map(|name| &value[*name]).find(|found| !found.is_null()).unwrap_or(&Value::Null)
}

fn named(value: &Value) -> Named {
    Named::new(value["name"].as_str().unwrap_or(""), code(value))
}

fn code(value: &Value) -> Option<u32> {
    let is_epsg = value["id"]["authority"].as_str().is_some_and(|name| name.eq_ignore_ascii_case("EPSG"));
    let code = &value["id"]["code"];
    let code = code.as_u64().or_else(|| code.as_str()?.parse().ok()).filter(|_| is_epsg)?;
    u32::try_from(code).ok()
}

/// The unit of the first axis.
fn axis_unit(value: &Value, quantity: Quantity) -> Option<Unit> {
    let unit = &value["coordinate_system"]["axis"][0]["unit"];
    let name = unit.as_str().or_else(|| unit["name"].as_str()).unwrap_or("");
    unit_size(unit).map(|size| Unit::of_size(quantity, size, name))
}

/// The size of a unit, which is a name or an object.
fn unit_size(unit: &Value) -> Option<f64> {
    match unit.as_str() {
        Some("degree") => Some(DEGREE),
        Some("metre" | "unity") => Some(1.0),
        _ => unit["conversion_factor"].as_f64().filter(|size| size.is_finite() && *size > 0.0),
    }
}

/// A number, or a value with a unit, in metres or radians.
fn quantity(value: &Value, kind: Quantity) -> Option<f64> {
    let size = if kind == Quantity::Angle { DEGREE } else { 1.0 };
    match value.as_f64() {
        Some(number) => Some(number * size),
        None => Some(value["value"].as_f64()? * unit_size(&value["unit"]).unwrap_or(size)),
    }
}

fn missing(part: &'static str, allowed: &'static str) -> Error {
    Error::usage("crs: PROJJSON:").field(part).allowed(allowed)
}

/// PROJJSON of a system.
pub(super) fn write(definition: &Definition) -> Value {
    let mut root = match &definition.horizontal {
        Horizontal::Geographic(geographic) => write_geographic(geographic),
        Horizontal::Projected(projected) => write_projected(projected),
    };
    if let Some(vertical) = &definition.vertical {
        let axis = axis(("Gravity-related height", "H"), "up", &write_unit("LinearUnit", &vertical.unit));
        let height = with_id(
            &vertical.id,
            json!({
                "type": "VerticalCRS",
                "name": vertical.id.name,
                "datum": with_id(&vertical.datum, json!({"type": "VerticalReferenceFrame", "name": vertical.datum.name})),
                "coordinate_system": {"subtype": "vertical", "axis": [axis]},
            }),
        );
        root = json!({"type": "CompoundCRS", "name": definition.name(), "components": [root, height]});
    }
    root["$schema"] = Value::from(SCHEMA);
    root
}

fn write_geographic(geographic: &Geographic) -> Value {
    let Geographic { id, datum, ellipsoid, meridian, unit } = geographic;
    let mut shape = json!({"name": ellipsoid.id.name});
    if ellipsoid.inverse_flattening == 0.0 {
        shape["radius"] = number(ellipsoid.semi_major);
    } else {
        shape["semi_major_axis"] = number(ellipsoid.semi_major);
        shape["inverse_flattening"] = number(ellipsoid.inverse_flattening);
    }
    let meridian = with_id(&meridian.id, json!({"name": meridian.id.name, "longitude": number(meridian.longitude)}));
    let frame = json!({
        "type": "GeodeticReferenceFrame",
        "name": datum.name,
        "ellipsoid": with_id(&ellipsoid.id, shape),
        "prime_meridian": meridian,
    });
    let mut root = json!({"type": "GeographicCRS", "name": id.name, "datum": with_id(datum, frame)});
    let unit = write_unit("AngularUnit", unit);
    let (latitude, longitude) = (("Geodetic latitude", "Lat"), ("Geodetic longitude", "Lon"));
    root["coordinate_system"] = json!({
        "subtype": "ellipsoidal",
        "axis": [axis(latitude, "north", &unit), axis(longitude, "east", &unit)],
    });
    with_id(id, root)
}

fn write_projected(Projected { id, base, method, values, unit }: &Projected) -> Value {
    let parameters = method.parameters.iter().zip(values).map(|(parameter, value)| {
        let unit = match parameter.measure {
            Measure::Angle => Value::from("degree"),
            Measure::Length => write_unit("LinearUnit", unit),
            Measure::Scale => Value::from("unity"),
        };
        let named = Named::new(parameter.name, Some(parameter.code));
        with_id(&named, json!({"name": parameter.name, "value": number(*value), "unit": unit}))
    });
    let axes = axes(method, values).map(|(name, direction)| {
        let (name, short) = name.trim_end_matches(')').split_once(" (").unwrap_or((name, name));
        axis((name, short), direction, &write_unit("LinearUnit", unit))
    });
    let root = json!({
        "type": "ProjectedCRS",
        "name": id.name,
        "base_crs": write_geographic(base),
        "conversion": {
            "name": "unnamed",
            "method": with_id(&Named::new(method.name, method.code), json!({"name": method.name})),
            "parameters": parameters.collect::<Vec<_>>(),
        },
        "coordinate_system": {"subtype": "Cartesian", "axis": axes},
    });
    with_id(id, root)
}

fn axis((name, abbreviation): (&str, &str), direction: &str, unit: &Value) -> Value {
    json!({"name": name, "abbreviation": abbreviation, "direction": direction, "unit": unit})
}

fn write_unit(kind: &str, unit: &Unit) -> Value {
    match unit.id.code {
        Some(9102) => Value::from("degree"),
        Some(9001) => Value::from("metre"),
        _ => json!({"type": kind, "name": unit.id.name, "conversion_factor": unit.size}),
    }
}

/// A number, as an integer if it is one.
fn number(value: f64) -> Value {
    if value.fract() == 0.0 && value.abs() < 1e15 { Value::from(value as i64) } else { Value::from(value) }
}

fn with_id(named: &Named, mut value: Value) -> Value {
    if let Some(code) = named.code {
        value["id"] = json!({"authority": "EPSG", "code": code});
    }
    value
}
