//! An affine georeference as fields and TREs of an image, and back.
//!
//! Fields have the centres of the corner pixels, a transform their edges. IGEOLO rounds to a second of arc or a metre; BLOCKA
//! (STDI-0002-1 App E) to a millionth of a degree; GEOLOB with GEOPSB (App P) is exact where whole numbers of pixels go round
//! the globe.

use super::igeolo::{Corners, Icords};
use super::utm::{Utm, UtmZone};
use crate::error::{Error, Result};
use crate::image::{Crs, Georeference, ImageLayout, Transform};
use crate::metadata::{Metadata, Value};
use crate::schema::{FieldData, Record};

/// Degrees of a second of arc, the unit of IGEOLO's `G`.
const SECOND: f64 = 1.0 / 3600.0;

/// What a georeference may be in.
const ALLOWED: &str = "EPSG:4326, EPSG:32601 to 32660 and 32701 to 32760 (geographic or UTM on WGS 84)";

/// The entries that say where an image lies; with `precise` the TREs that say it exactly, too. Nothing for no georeference.
///
/// # Errors
/// [`Error::Usage`] for a reference system NITF has no form for, or half a georeference.
pub fn describe(
    georeference: &Georeference,
    layout: &ImageLayout,
    precise: bool,
) -> Result<Vec<(&'static str, Value)>> {
    let (transform, crs) = match (&georeference.transform, &georeference.crs) {
        (None, None) => return Ok(Vec::new()),
        (Some(transform), Some(crs)) => (transform, crs),
        (Some(_), None) => return Err(Error::usage("transform without a crs:").allowed(ALLOWED)),
        (None, Some(crs)) => return Err(Error::usage("crs without corners or a transform:").found(crs)),
    };
    let points = centres(transform, layout);
    let (form, corners) = match zone_of(crs)? {
        None => (Icords::Geographic, Corners::Geographic(points)),
        Some(zone) => (if zone.is_south() { Icords::UtmSouth } else { Icords::UtmNorth }, Corners::Utm(zone, points)),
    };
    let mut entries = vec![("ICORDS", form.code().into()), ("IGEOLO", corners.format(form)?.into())];
    if precise {
        let geographic = to_geographic(&corners);
        entries.push(("BLOCKA", block(&geographic, layout)));
        if matches!(corners, Corners::Geographic(_)) {
            entries.extend(grid(transform, layout));
        }
    }
    Ok(entries)
}

/// A warning where the form of IGEOLO is coarser than half a pixel.
pub fn precision(georeference: &Georeference, layout: &ImageLayout) -> Option<String> {
    let g = georeference.transform?.0;
    let zone = zone_of(georeference.crs.as_ref()?).ok()?;
    let (unit, name) = if zone.is_some() { (1.0, "a metre") } else { (SECOND, "a second of arc") };
    let pixel = g[1].hypot(g[4]).min(g[2].hypot(g[5]));
    let several = layout.grid.columns() > 1 || layout.grid.rows() > 1;
    (several && unit > pixel / 2.0).then(|| {
        format!("corners are stored to {name}, more than half a pixel of {pixel}; precise=True adds exact ones")
    })
}

/// The georeference of an image: of GEOLOB or BLOCKA where they agree with IGEOLO, else of IGEOLO. None where there is none,
/// or its corners are no parallelogram.
pub(in super::super) fn read(header: &Record, metadata: &Metadata) -> Option<Georeference> {
    let form = Icords::from_code(header.text("ICORDS")?)?;
    let FieldData::Text(text) = header.get("IGEOLO")? else { return None };
    let (columns, rows) = (header.int("NCOLS")? as f64, header.int("NROWS")? as f64);
    let coarse = Corners::parse(form, text).ok()?;
    let corners = finer(metadata, &coarse, rows).unwrap_or(coarse);
    let (crs, points) = match corners {
        Corners::Geographic(points) => (Crs::Epsg(4326), points),
        Corners::Utm(zone, points) => (Crs::Epsg(zone.epsg()), points),
    };
    let transform = exact(metadata, &points, columns, rows).unwrap_or_else(|| from_centres(&points, columns, rows));
    Some(Georeference { transform: Some(transform), crs: Some(crs) })
}

/// The zone of a UTM system; none for the geographic one.
fn zone_of(crs: &Crs) -> Result<Option<UtmZone>> {
    match crs {
        Crs::Epsg(4326) => Ok(None),
        Crs::Epsg(code) => match UtmZone::from_epsg(*code) {
            Some(zone) => Ok(Some(zone)),
            None => Err(Error::usage("crs that NITF cannot express:").found(crs).allowed(ALLOWED)),
        },
        Crs::UserDefined(_) => Err(Error::usage("crs that NITF cannot express:").found(crs).allowed(ALLOWED)),
    }
}

/// The centres of the corner pixels.
fn centres(transform: &Transform, layout: &ImageLayout) -> [(f64, f64); 4] {
    let (right, bottom) = (f64::from(layout.grid.columns()) - 0.5, f64::from(layout.grid.rows()) - 0.5);
    [(0.5, 0.5), (right, 0.5), (right, bottom), (0.5, bottom)].map(|(column, row)| transform.apply(column, row))
}

/// The transform with these centres of corner pixels. Of an image of one row or column, a pixel is taken to be square.
fn from_centres(points: &[(f64, f64); 4], columns: f64, rows: f64) -> Transform {
    let [a, b, _, d] = *points;
    let step = |from: (f64, f64), to: (f64, f64), steps: f64| ((to.0 - from.0) / steps, (to.1 - from.1) / steps);
    let (column, row) = match (columns > 1.0, rows > 1.0) {
        (true, true) => (step(a, b, columns - 1.0), step(a, d, rows - 1.0)),
        (true, false) => {
            let column = step(a, b, columns - 1.0);
            (column, (column.1, -column.0))
        }
        (false, true) => {
            let row = step(a, d, rows - 1.0);
            ((-row.1, row.0), row)
        }
        (false, false) => ((0.0, 0.0), (0.0, 0.0)),
    };
    let origin = (a.0 - f64::midpoint(column.0, row.0), a.1 - f64::midpoint(column.1, row.1));
    Transform([origin.0, column.0, row.0, origin.1, column.1, row.1])
}

fn to_geographic(corners: &Corners) -> [(f64, f64); 4] {
    match corners {
        Corners::Geographic(points) => *points,
        Corners::Utm(zone, points) => {
            points.map(|(easting, northing)| Utm { zone: *zone, easting, northing }.to_geographic())
        }
    }
}

fn map(entries: Vec<(&str, Value)>) -> Value {
    Value::Map(entries.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// BLOCKA of an image that is one block.
fn block(points: &[(f64, f64); 4], layout: &ImageLayout) -> Value {
    let text = |(longitude, latitude): (f64, f64)| Value::from(format!("{latitude:+010.6}{longitude:+011.6}"));
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

/// GEOPSB and GEOLOB of an image whose rows and columns are parallels and meridians, where they can say it to a tenth of a
/// pixel.
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

/// The corners of a single BLOCKA, where they are those of IGEOLO but for its rounding.
fn finer(metadata: &Metadata, coarse: &Corners, rows: f64) -> Option<Corners> {
    let mut blocks = metadata.get_all("BLOCKA");
    let (Value::Map(fields), None) = (blocks.next()?, blocks.next()) else { return None };
    let get = |name: &str| fields.iter().find(|(field, _)| field == name).map(|(_, value)| value);
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
    let (found, rough, unit) = match coarse {
        Corners::Geographic(points) => (Corners::Geographic(places), points, 1e-3),
        Corners::Utm(zone, points) => {
            let projected = places.map(|(longitude, latitude)| zone.project(longitude, latitude));
            (Corners::Utm(*zone, projected.map(|point| (point.easting, point.northing))), points, 1.0)
        }
    };
    let (Corners::Geographic(fine) | Corners::Utm(_, fine)) = &found;
    let close = fine.iter().zip(rough).all(|(a, b)| (a.0 - b.0).abs() <= unit && (a.1 - b.1).abs() <= unit);
    close.then_some(found)
}

/// The transform of GEOLOB in degrees, where it puts the corners where they are but for rounding.
fn exact(metadata: &Metadata, points: &[(f64, f64); 4], columns: f64, rows: f64) -> Option<Transform> {
    let field = |tag: &str, name: &str| match metadata.get(tag)? {
        Value::Map(fields) => fields.iter().find(|(field, _)| field == name).map(|(_, value)| value),
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

    /// What is written, read again.
    fn back(transform: Transform, epsg: u32, precise: bool) -> Transform {
        let layout = layout(200, 100);
        let georeference = Georeference { transform: Some(transform), crs: Some(Crs::Epsg(epsg)) };
        let mut header: Record = [("NCOLS", 200), ("NROWS", 100)].into_iter().collect();
        let mut metadata = Metadata::new();
        for (name, value) in describe(&georeference, &layout, precise).unwrap() {
            match value {
                Value::Text(text) => header.set(name, text),
                value => metadata.set(name, value),
            }
        }
        let found = read(&header, &metadata).unwrap();
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
    fn what_nitf_cannot_say_is_an_error() {
        let transform = Some(Transform([0.0, 1.0, 0.0, 0.0, 0.0, -1.0]));
        let say = |transform, crs| describe(&Georeference { transform, crs }, &layout(4, 4), false);
        for crs in [Some(Crs::Epsg(3857)), Some(Crs::UserDefined("mine".to_owned())), None] {
            assert!(matches!(say(transform, crs), Err(Error::Usage(_))));
        }
        assert!(say(None, Some(Crs::Epsg(4326))).is_err());
        assert!(say(Some(Transform([500.0, 1.0, 0.0, 0.0, 0.0, -1.0])), Some(Crs::Epsg(4326))).is_err());
    }

    #[test]
    fn coarse_fields_are_told() {
        let georeference = |pixel: f64, epsg| Georeference {
            transform: Some(Transform([0.0, pixel, 0.0, 0.0, 0.0, -pixel])),
            crs: Some(Crs::Epsg(epsg)),
        };
        assert!(precision(&georeference(0.5, 32_601), &layout(9, 9)).is_some());
        assert!(precision(&georeference(10.0, 32_601), &layout(9, 9)).is_none());
        assert!(precision(&georeference(1e-5, 4326), &layout(9, 9)).is_some());
        assert!(precision(&georeference(0.01, 4326), &layout(9, 9)).is_none());
    }
}
