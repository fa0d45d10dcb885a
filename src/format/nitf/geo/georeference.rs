//! Converts an affine georeference to fields and TREs of an image, and back.
//!
//! Fields hold the centres of the corner pixels; a transform refers to their edges. IGEOLO rounds to a second of arc or a
//! metre, BLOCKA (STDI-0002-1 App E) to a millionth of a degree. GEOLOB with GEOPSB (App P) is exact if a whole number of
//! pixels goes round the globe.

use super::igeolo::{Corners, Icords, wrapped};
use super::utm::{Utm, UtmZone};
use crate::error::{Error, Result};
use crate::image::corners::{Quad, beside, in_one_piece, is_mirrored};
use crate::image::{Crs, Georeference, ImageLayout, Transform};
use crate::metadata::{Metadata, Value};
use crate::schema::{FieldData, Record};

/// A second of arc in degrees, the unit of IGEOLO's `G`.
const SECOND: f64 = 1.0 / 3600.0;

/// The coordinate reference systems that a georeference may have.
const ALLOWED: &str = "EPSG:4326, EPSG:32601 to 32660 or 32701 to 32760 (geographic or UTM on WGS 84)";

/// The share of the unit of IGEOLO by which corners may differ from it and still be exact.
const EXACT: f64 = 1e-6;

/// Half the unit of BLOCKA in degrees, and a little for the rounding of floating-point numbers.
const HALF_BLOCKA: f64 = 0.500_01e-6;

/// The metadata entries for a georeference; empty if it is. `precise` adds the TREs that give the exact location, unless IGEOLO
/// does. `wanted` is the form of IGEOLO that the caller has chosen, if any.
///
/// # Errors
/// [`Error::Usage`] for a reference system that NITF cannot express or the form wanted cannot hold, and for half a
/// georeference.
pub(crate) fn describe(
    georeference: &Georeference,
    layout: &ImageLayout,
    wanted: Option<Icords>,
    precise: bool,
) -> Result<Vec<(&'static str, Value)>> {
    let size = (f64::from(layout.grid.columns()), f64::from(layout.grid.rows()));
    let edges = georeference.outer_corners(layout.grid.columns(), layout.grid.rows());
    let (edges, crs) = match (edges, &georeference.crs) {
        (None, None) => return Ok(Vec::new()),
        (Some(edges), Some(crs)) => (edges, crs),
        (Some(_), None) => return Err(Error::usage("corners or transform without a crs:").allowed(ALLOWED)),
        (None, Some(crs)) => return Err(Error::usage("crs without corners or a transform:").found(crs)),
    };
    let edges = if matches!(crs.codes(), Some((4326, _))) { in_one_piece(edges) } else { edges };
    let points = inward(edges, size);
    let (usual, corners) = match zone_of(crs)? {
        None => (Icords::Geographic, Corners::Geographic(points)),
        Some(zone) => (if zone.is_south() { Icords::UtmSouth } else { Icords::UtmNorth }, Corners::Utm(zone, points)),
    };
    let form = wanted.unwrap_or(usual);
    let text = corners.format(form)?;
    let is_exact = Corners::parse(form, &text).is_ok_and(|stored| stored.distance(&corners) <= EXACT * form.unit());
    let mut entries = vec![("ICORDS", form.code().into()), ("IGEOLO", text.into())];
    if precise && !is_exact {
        entries.push(("BLOCKA", block(&to_geographic(&corners), layout)));
        if let (Corners::Geographic(_), Some(transform)) = (&corners, &georeference.transform) {
            entries.extend(grid(transform, layout));
        }
    }
    Ok(entries)
}

/// A warning message if the form of IGEOLO is coarser than half a pixel.
pub(crate) fn precision(georeference: &Georeference, layout: &ImageLayout, wanted: Option<Icords>) -> Option<String> {
    let [a, b, _, d] = georeference.outer_corners(layout.grid.columns(), layout.grid.rows())?;
    let zone = zone_of(georeference.crs.as_ref()?).ok()?;
    let (unit, name) = match (zone, wanted) {
        (Some(_), _) => (1.0, "a metre"),
        (None, Some(Icords::Decimal)) => (1e-3, "a thousandth of a degree"),
        (None, _) => (SECOND, "a second of arc"),
    };
    let (columns, rows) = (layout.grid.columns(), layout.grid.rows());
    let across = (b.0 - a.0).hypot(b.1 - a.1) / f64::from(columns);
    let down = (d.0 - a.0).hypot(d.1 - a.1) / f64::from(rows);
    let pixel = across.min(down);
    (columns.max(rows) > 1 && unit > pixel / 2.0).then(|| {
        format!("corners are rounded to {name}, more than half a pixel of {pixel}; precise=True adds finer ones")
    })
}

/// The georeference of an image; `None` if it has none. It is that of GEOLOB or BLOCKA if they agree with IGEOLO and are finer,
/// else that of IGEOLO. Corners that are not a parallelogram to within their rounding have no transform.
///
/// # Errors
/// [`Error::Malformed`] if ICORDS is unknown or IGEOLO cannot be read.
pub(in super::super) fn read(header: &Record, metadata: &Metadata) -> Result<Option<Georeference>> {
    // In NITF 2.0, `N` means that IGEOLO is left out.
    let (Some(code), Some(FieldData::Text(text))) = (header.text("ICORDS"), header.get("IGEOLO")) else {
        return Ok(None);
    };
    let Some(form) = Icords::from_code(code) else {
        let blank = code.is_empty();
        return if blank {
            Ok(None)
        } else {
            Err(Error::malformed("ICORDS").found(format!("{code:?}")).allowed("U, G, N, S, D or C"))
        };
    };
    let number = |name: &str| header.int(name).map_or(1.0, |number| number as f64);
    let size = (number("NCOLS"), number("NROWS"));
    let coarse = match Corners::parse(form, text)? {
        Corners::Geographic(points) => Corners::Geographic(around_the_globe(points, size)),
        utm @ Corners::Utm(..) => utm,
    };
    let finer = finer(metadata, &coarse, size.1);
    // The last digit of BLOCKA is a millionth of a degree, on the ground about a tenth of a metre.
    let unit = match (&finer, &coarse) {
        (None, _) => form.unit(),
        (Some(_), Corners::Geographic(_)) => 1e-6,
        (Some(_), Corners::Utm(..)) => 0.12,
    };
    let is_fine = finer.is_some();
    let corners = finer.unwrap_or(coarse);
    let (crs, points) = match corners {
        Corners::Geographic(points) => (Crs::Epsg(4326), points),
        Corners::Utm(zone, points) => (Crs::Epsg(zone.epsg()), points),
    };
    if let Some(transform) = exact(metadata, &points, size) {
        return Ok(Some(Georeference { transform: Some(transform), crs: Some(crs), corners: None }));
    }
    let [a, b, c, d] = points;
    // The distance of the corners from a parallelogram; rounding moves each by half a unit.
    let gap = (a.0 - b.0 + c.0 - d.0).abs().max((a.1 - b.1 + c.1 - d.1).abs());
    let transform = (gap <= 2.01 * unit).then(|| from_centres(&points, size)).filter(|transform| {
        let [_, a, b, _, c, d] = transform.0;
        a * d != b * c
    });
    if let Some(transform) = transform.filter(|_| is_fine).and_then(|found| simplest(found, &corners, size, unit)) {
        return Ok(Some(Georeference { transform: Some(transform), crs: Some(crs), corners: None }));
    }
    Ok(Some(Georeference { transform, crs: Some(crs), corners: Some(outward(points, size)) }))
}

/// Corners of an image of more than half the globe, whose longitudes are at least half a turn apart. With the shorter way
/// round, which is right for all other images, it would be mirrored; the longer way makes its pixels more nearly square.
fn around_the_globe(points: Quad, (columns, rows): (f64, f64)) -> Quad {
    let [a, b, c, d] = points;
    if !is_mirrored(points) {
        return points;
    }
    // The deviation of a pixel from a square.
    let skew = |[a, b, _, d]: Quad| {
        let side = |p: (f64, f64), q: (f64, f64), steps: f64| (q.0 - p.0).hypot(q.1 - p.1) / (steps - 1.0).max(1.0);
        (side(a, b, columns) / side(a, d, rows)).ln().abs()
    };
    let turned = |p: (f64, f64), turn: f64| (p.0 + turn, p.1);
    let others = [360.0, -360.0]
        .into_iter()
        .flat_map(|turn| [[a, turned(b, turn), turned(c, turn), d], [a, b, turned(c, turn), turned(d, turn)]]);
    let good = others.filter(|other| !is_mirrored(*other) && skew(*other) < skew(points));
    good.min_by(|x, y| skew(*x).total_cmp(&skew(*y))).unwrap_or(points)
}

/// The zone of a UTM system; `None` for the geographic system.
fn zone_of(crs: &Crs) -> Result<Option<UtmZone>> {
    match crs.codes() {
        Some((4326, _)) => Ok(None),
        Some((code, _)) if UtmZone::from_epsg(code).is_some() => Ok(UtmZone::from_epsg(code)),
        _ => Err(Error::usage("crs that NITF cannot express:").found(crs).allowed(ALLOWED)),
    }
}

/// The point at fraction `u` of the way across and `v` of the way down a quadrilateral.
pub(in super::super) fn between([a, b, c, d]: Quad, u: f64, v: f64) -> (f64, f64) {
    let at = |a: f64, b: f64, c: f64, d: f64| (1.0 - v) * ((1.0 - u) * a + u * b) + v * ((1.0 - u) * d + u * c);
    (at(a.0, b.0, c.0, d.0), at(a.1, b.1, c.1, d.1))
}

/// The centres of the corner pixels of an image with these outer corners.
fn inward(edges: Quad, (columns, rows): (f64, f64)) -> Quad {
    let (u, v) = (0.5 / columns, 0.5 / rows);
    [(u, v), (1.0 - u, v), (1.0 - u, 1.0 - v), (u, 1.0 - v)].map(|(u, v)| between(edges, u, v))
}

/// The outer corners of an image with these centres of corner pixels.
fn outward(points: Quad, (columns, rows): (f64, f64)) -> Quad {
    // The pixels of an image of one row or column are taken to be square.
    if columns <= 1.0 || rows <= 1.0 {
        return from_centres(&points, (columns, rows)).corners(columns as u32, rows as u32);
    }
    let (u, v) = (0.5 / (columns - 1.0), 0.5 / (rows - 1.0));
    [(-u, -v), (1.0 + u, -v), (1.0 + u, 1.0 + v), (-u, 1.0 + v)].map(|(u, v)| between(points, u, v))
}

/// The transform with these centres of corner pixels, by least squares, which halves the error of rounding. The pixels of an
/// image of one row or column are taken to be square.
fn from_centres(points: &Quad, (columns, rows): (f64, f64)) -> Transform {
    let [a, b, c, d] = *points;
    let half = |p: (f64, f64), q: (f64, f64), r: (f64, f64), s: (f64, f64), steps: f64| {
        (f64::midpoint(p.0 - q.0, r.0 - s.0) / steps, f64::midpoint(p.1 - q.1, r.1 - s.1) / steps)
    };
    let (column, row) = match (columns > 1.0, rows > 1.0) {
        (true, true) => (half(b, a, c, d, columns - 1.0), half(d, a, c, b, rows - 1.0)),
        (true, false) => {
            let column = half(b, a, c, d, columns - 1.0);
            (column, (column.1, -column.0))
        }
        (false, true) => {
            let row = half(d, a, c, b, rows - 1.0);
            ((-row.1, row.0), row)
        }
        (false, false) => ((0.0, 0.0), (0.0, 0.0)),
    };
    let centre = ((a.0 + b.0 + c.0 + d.0) / 4.0, (a.1 + b.1 + c.1 + d.1) / 4.0);
    let origin = |centre: f64, column: f64, row: f64| centre - columns / 2.0 * column - rows / 2.0 * row;
    let (x, y) = (origin(centre.0, column.0, row.0), origin(centre.1, column.1, row.1));
    Transform([x, column.0, row.0, y, column.1, row.1])
}

/// The transform with the fewest decimals near `found` that has the corners of BLOCKA, rounded to `unit`: that of the image
/// before it was rounded, if its numbers were round. `None` for an image of one row or column.
fn simplest(found: Transform, corners: &Corners, (columns, rows): (f64, f64), unit: f64) -> Option<Transform> {
    let rounded = |value: f64, tolerance: f64| {
        let decimals = (0..=9).map(|digits| 10f64.powi(digits)).map(|scale| (value * scale).round() / scale);
        decimals.into_iter().find(|rounded| (rounded - value).abs() <= tolerance).unwrap_or(value)
    };
    if columns <= 1.0 || rows <= 1.0 {
        return None;
    }
    let [_, a, b, _, c, d] = found.0;
    let (of_columns, of_rows) = (unit / (columns - 1.0), unit / (rows - 1.0));
    let [a, b, c, d] = [(a, of_columns), (b, of_rows), (c, of_columns), (d, of_rows)].map(|(x, near)| rounded(x, near));
    let (x, y) = found.apply(columns / 2.0, rows / 2.0);
    let origin = |centre: f64, column: f64, row: f64| rounded(centre - columns / 2.0 * column - rows / 2.0 * row, unit);
    let transform = Transform([origin(x, a, b), a, b, origin(y, c, d), c, d]);
    let centres = [(0.5, 0.5), (columns - 0.5, 0.5), (columns - 0.5, rows - 0.5), (0.5, rows - 0.5)];
    let points = centres.map(|(column, row)| transform.apply(column, row));
    let placed = match corners {
        Corners::Geographic(_) => Corners::Geographic(points),
        Corners::Utm(zone, _) => Corners::Utm(*zone, points),
    };
    let difference = Corners::Geographic(to_geographic(&placed)).distance(&Corners::Geographic(to_geographic(corners)));
    (difference <= HALF_BLOCKA).then_some(transform)
}

/// Longitudes and latitudes of points of an image, in pixels; `None` without a transform in a system that NITF has.
pub(in super::super) fn degrees(place: &Georeference, points: Quad) -> Option<Quad> {
    let transform = place.transform?;
    let points = points.map(|(column, row)| transform.apply(column, row));
    Some(to_geographic(&match zone_of(place.crs.as_ref()?).ok()? {
        None => Corners::Geographic(points),
        Some(zone) => Corners::Utm(zone, points),
    }))
}

fn to_geographic(corners: &Corners) -> Quad {
    match corners {
        Corners::Geographic(points) => *points,
        Corners::Utm(zone, points) => {
            points.map(|(easting, northing)| Utm { zone: *zone, easting, northing }.to_geographic())
        }
    }
}

fn map(entries: Vec<(&str, Value)>) -> Value {
    Value::Map(entries.into_iter().map(|(name, value)| (name.into(), value)).collect())
}

/// BLOCKA of an image that is one block.
fn block(points: &Quad, layout: &ImageLayout) -> Value {
    let text =
        |(longitude, latitude): (f64, f64)| Value::from(format!("{latitude:+010.6}{:+011.6}", wrapped(longitude)));
    let [first, last_column, last, last_row] = points.map(text);
    map(vec![
        ("BLOCK_INSTANCE", "01".into()),
        ("L_LINES", layout.grid.rows().min(99_999).into()),
        ("FRLC_LOC", last_column),
        ("LRLC_LOC", last),
        ("LRFC_LOC", last_row),
        ("FRFC_LOC", first),
    ])
}

/// GEOPSB and GEOLOB of an image whose rows and columns are parallels and meridians; empty if they cannot express it to a tenth
/// of a pixel.
fn grid(transform: &Transform, layout: &ImageLayout) -> Vec<(&'static str, Value)> {
    let [west, across, turned, north, tilted, down] = transform.0;
    if turned != 0.0 || tilted != 0.0 || across <= 0.0 || down >= 0.0 {
        return Vec::new();
    }
    let (around, over) = ((360.0 / across).round(), (360.0 / -down).round());
    let drift = |count: f64, step: f64, pixels: u32| ((360.0 / count - step) / step).abs() * f64::from(pixels);
    let exact = drift(around, across, layout.grid.columns()) < 0.1 && drift(over, -down, layout.grid.rows()) < 0.1;
    if !exact || !(1.0..1e9).contains(&around) || !(1.0..1e9).contains(&over) {
        return Vec::new();
    }
    let place = |value: f64| Value::from(format!("{value:+015.10}"));
    let system = map(vec![("TYP", "GEO".into()), ("UNI", "DEG".into())]);
    let location = map(vec![
        ("ARV", format!("{around:09.0}").into()),
        ("BRV", format!("{over:09.0}").into()),
        ("LSO", place(west)),
        ("PSO", place(north)),
    ]);
    vec![("GEOPSB", system), ("GEOLOB", location)]
}

/// The corners of a single BLOCKA, if they agree with those of IGEOLO to within its rounding. `None` also if they are those of
/// IGEOLO rounded to BLOCKA's unit: then IGEOLO is exact.
fn finer(metadata: &Metadata, coarse: &Corners, rows: f64) -> Option<Corners> {
    let mut blocks = metadata.get_all("BLOCKA");
    let (Value::Map(fields), None) = (blocks.next()?, blocks.next()) else { return None };
    let get = |name: &str| fields.iter().find(|(field, _)| **field == *name).map(|(_, value)| value);
    let lines = get("L_LINES")?.to_int()?;
    if lines != rows.min(99_999.0) as i128 {
        return None;
    }
    let place = |name: &str| {
        let text = get(name)?.as_text()?;
        let number = |text: &str| text.parse::<f64>().ok().filter(|_| text.starts_with(['+', '-']));
        Some((number(text.get(10..21)?)?, number(text.get(..10)?)?))
    };
    let places = [place("FRFC_LOC")?, place("FRLC_LOC")?, place("LRLC_LOC")?, place("LRFC_LOC")?];
    if Corners::Geographic(places).distance(&Corners::Geographic(to_geographic(coarse))) <= HALF_BLOCKA {
        return None;
    }
    let (found, rough, unit) = match coarse {
        Corners::Geographic(points) => (Corners::Geographic(places), points, 1e-3),
        Corners::Utm(zone, points) => {
            let projected = places.map(|(longitude, latitude)| zone.project(longitude, latitude));
            (Corners::Utm(*zone, projected.map(|point| (point.easting, point.northing))), points, 1.0)
        }
    };
    let found = match found {
        Corners::Geographic(mut places) => {
            for (place, rough) in places.iter_mut().zip(rough) {
                place.0 = beside(place.0, rough.0);
            }
            Corners::Geographic(places)
        }
        utm @ Corners::Utm(..) => utm,
    };
    let (Corners::Geographic(fine) | Corners::Utm(_, fine)) = &found;
    let close = fine.iter().zip(rough).all(|(a, b)| (a.0 - b.0).abs() <= unit && (a.1 - b.1).abs() <= unit);
    close.then_some(found)
}

/// The transform of GEOLOB in degrees, if its corners agree with `points` to within rounding.
fn exact(metadata: &Metadata, points: &Quad, (columns, rows): (f64, f64)) -> Option<Transform> {
    let field = |tag: &str, name: &str| match metadata.get(tag)? {
        Value::Map(fields) => fields.iter().find(|(field, _)| **field == *name).map(|(_, value)| value),
        _ => None,
    };
    let degrees =
        field("GEOPSB", "UNI")?.as_text()?.trim() == "DEG" && field("GEOPSB", "TYP")?.as_text()?.trim() == "GEO";
    let number = |name: &str| field("GEOLOB", name)?.as_text()?.trim().parse::<f64>().ok();
    let (around, over) = (number("ARV")?, number("BRV")?);
    if !degrees || around < 1.0 || over < 1.0 {
        return None;
    }
    let transform = Transform([number("LSO")?, 360.0 / around, 0.0, number("PSO")?, 0.0, -360.0 / over]);
    let corners = [(0.5, 0.5), (columns - 0.5, 0.5), (columns - 0.5, rows - 0.5), (0.5, rows - 0.5)];
    let close = corners.iter().zip(points).all(|((column, row), (x, y))| {
        let at = transform.apply(*column, *row);
        (at.0 - x).abs() <= 1e-3 && (at.1 - y).abs() <= 1e-3
    });
    close.then_some(transform)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::{BlockGrid, SampleType};

    fn layout(columns: u32, rows: u32) -> ImageLayout {
        ImageLayout::new(BlockGrid::new(columns, rows, columns, rows).unwrap(), 1, SampleType::UInt8).unwrap()
    }

    /// Writes a georeference and reads it again.
    fn back(transform: Transform, epsg: u32, precise: bool) -> Transform {
        let layout = layout(200, 100);
        let georeference = Georeference { transform: Some(transform), crs: Some(Crs::Epsg(epsg)), corners: None };
        let mut header: Record = [("NCOLS", 200), ("NROWS", 100)].into_iter().collect();
        let mut metadata = Metadata::new();
        for (name, value) in describe(&georeference, &layout, None, precise).unwrap() {
            match value {
                Value::Text(text) => header.set(name, text),
                value => metadata.set(name, value),
            }
        }
        let found = read(&header, &metadata).unwrap().unwrap();
        assert_eq!(found.crs, Some(Crs::Epsg(epsg)));
        found.transform.unwrap()
    }

    fn worst(a: Transform, b: Transform) -> f64 {
        let corners = a.corners(200, 100).into_iter().zip(b.corners(200, 100));
        corners.map(|(a, b)| (a.0 - b.0).abs().max((a.1 - b.1).abs())).fold(0.0, f64::max)
    }

    #[test]
    fn corners_come_back_within_the_precision_of_their_field() {
        let utm = Transform([300_000.25, 10.0, 1.5, 4_500_000.75, 1.0, -10.0]);
        assert!(worst(back(utm, 32_618, false), utm) <= 1.1);
        assert!(worst(back(utm, 32_718, false), utm) <= 1.1);
        assert!(worst(back(utm, 32_618, true), utm) <= 0.2);
        let degrees = Transform([-77.123_456, 0.001, 0.0, 38.2, 0.0, -0.001]);
        assert!(worst(back(degrees, 4326, false), degrees) <= 1.1 * SECOND);
        let third = Transform([-77.123_456, 1.0 / 3600.0, 0.0, 38.2, 0.0, -1.0 / 1800.0]);
        assert!(worst(back(third, 4326, true), third) <= 1e-9, "whole numbers of pixels are exact");
        let turned = Transform([-77.123_456, 0.001, 0.0002, 38.2, 0.0001, -0.001]);
        assert!(worst(back(turned, 4326, true), turned) <= 2e-6);
    }

    #[test]
    fn round_numbers_come_back_exactly_and_a_whole_number_of_units_needs_no_tre() {
        let utm = |x: f64, pixel: f64| Transform([x, pixel, 0.0, 4_500_000.0, 0.0, -pixel]);
        for (transform, epsg) in [
            (utm(300_000.0, 10.0), 32_618),
            (utm(300_000.0, 15.0), 32_618),
            (utm(300_000.0, 1.0), 32_718),
            (utm(300_000.5, 0.3), 32_618),
            (Transform([300_000.0, 2.0, 1.0, 4_500_000.0, 1.0, -2.0]), 32_618),
            (Transform([10.0, 1e-4, 0.0, 50.0, 0.0, -1e-4]), 4326),
        ] {
            assert_eq!(back(transform, epsg, true), transform);
        }
        let names = |transform| {
            let place = Georeference { transform: Some(transform), crs: Some(Crs::Epsg(32_618)), corners: None };
            let entries = describe(&place, &layout(200, 100), None, true).unwrap();
            entries.into_iter().map(|(name, _)| name).collect::<Vec<_>>()
        };
        assert_eq!(names(utm(300_000.0, 10.0)), ["ICORDS", "IGEOLO"]);
        assert_eq!(names(utm(300_000.0, 15.0)), ["ICORDS", "IGEOLO", "BLOCKA"]);
    }

    #[test]
    fn images_around_the_globe_and_across_the_antimeridian_come_back() {
        for (west, across, north) in
            [(-180.0, 1.8, 90.0), (0.0, 1.8, 90.0), (-100.0, 1.0, 50.0), (179.5, 0.01, 10.0), (100.0, 1.3, 65.0)]
        {
            let transform = Transform([west, across, 0.0, north, 0.0, -across]);
            for precise in [false, true] {
                assert!(worst(back(transform, 4326, precise), transform) <= 1.1 * SECOND, "{west} {across} {precise}");
            }
        }
        // An image whose rows run from the bottom up stays as it is.
        let upside_down = Transform([10.0, 0.001, 0.0, 50.0, 0.0, 0.001]);
        assert!(worst(back(upside_down, 4326, false), upside_down) <= 1.1 * SECOND);
    }

    #[test]
    fn a_georeference_that_nitf_cannot_hold_is_an_error() {
        let transform = Some(Transform([0.0, 1.0, 0.0, 0.0, 0.0, -1.0]));
        let written =
            |transform, crs| describe(&Georeference { transform, crs, corners: None }, &layout(4, 4), None, false);
        for crs in [Some(Crs::Epsg(3857)), Some(Crs::UserDefined("mine".to_owned())), None] {
            assert!(matches!(written(transform, crs), Err(Error::Usage(_))));
        }
        assert!(written(None, Some(Crs::Epsg(4326))).is_err());
        assert!(written(Some(Transform([500.0, 1.0, 0.0, 0.0, 0.0, -1.0])), Some(Crs::Epsg(4326))).is_err());
    }

    #[test]
    fn coarse_fields_become_a_warning() {
        let georeference = |pixel: f64, epsg| Georeference {
            transform: Some(Transform([0.0, pixel, 0.0, 0.0, 0.0, -pixel])),
            crs: Some(Crs::Epsg(epsg)),
            corners: None,
        };
        assert!(precision(&georeference(0.5, 32_601), &layout(9, 9), None).is_some());
        assert!(precision(&georeference(10.0, 32_601), &layout(9, 9), None).is_none());
        assert!(precision(&georeference(1e-5, 4326), &layout(9, 9), None).is_some());
        assert!(precision(&georeference(0.01, 4326), &layout(9, 9), None).is_none());
    }
}
