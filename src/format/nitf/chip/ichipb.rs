//! ICHIPB: the location of a chip's pixels in the image it was cut from (STDI-0002-1 App B).

use super::bilinear::{Bilinear, Points};
use super::fields::Fields;
use super::part::Part;
use crate::error::{Error, Result};
use crate::metadata::{Metadata, Value};

const TAG: &str = "ICHIPB";

/// The four points in the numbering of their fields: upper left, upper right, lower left, lower right.
const CORNERS: [&str; 4] = ["11", "12", "21", "22"];

/// Four points of a chip and their positions in the full image. Rows and columns count from the edge of the first pixel, as in
/// the fields. Between the points and beyond them, the mapping is bilinear.
struct Mapping {
    chip: Points,
    full: Points,
    /// Pixels of the full image along each side of a pixel of the chip.
    scale: f64,
    full_rows: u32,
    full_columns: u32,
    /// `ANAMRPH_CORR` and `SCANBLK_NUM`.
    others: [i128; 2],
}

/// The points of an ICHIPB. Rows and columns count from the centre of the first pixel.
#[derive(Debug, Clone, PartialEq)]
pub struct ChipPoints {
    /// Four points in the chip.
    pub chip: Points,
    /// The same points in the full image.
    pub full: Points,
    /// The width of a pixel of the chip in pixels of the full image.
    pub scale: f64,
    /// Rows of the full image; `None` if unknown.
    pub full_rows: Option<u32>,
    /// Columns of the full image; `None` if unknown.
    pub full_columns: Option<u32>,
}

impl ChipPoints {
    /// The points in the fields of an ICHIPB, or in its bytes.
    ///
    /// # Errors
    /// [`Error::Usage`] for a dewarped image, for blank numbers, and for points that are not quadrilaterals; any error from
    /// reading the bytes.
    pub fn read(ichipb: &Value) -> Result<Self> {
        let mapping = Mapping::read(ichipb)?;
        // The fields count from the edge of the first pixel.
        let inward = |points: Points| points.map(|(row, column)| (row - 0.5, column - 0.5));
        let known = |count: u32| (count != 0).then_some(count);
        let found = Self {
            chip: inward(mapping.chip),
            full: inward(mapping.full),
            scale: mapping.scale,
            full_rows: known(mapping.full_rows),
            full_columns: known(mapping.full_columns),
        };
        bilinear(&found.chip, &found.full, found.scale).map(|_| found)
    }
}

/// The mapping of four points.
fn bilinear(chip: &Points, full: &Points, scale: f64) -> Result<Bilinear> {
    Bilinear::new(chip, full, scale).ok_or_else(|| {
        let found = format!("{chip:?} in the chip, {full:?} in the full image");
        Error::usage("ICHIPB points:").found(found).allowed("quadrilaterals")
    })
}

/// Sets the ICHIPB of a part. An ICHIPB of the image is composed with it, so that a chip of a chip refers to the first image.
/// Returns a note if the two cannot be composed: the ICHIPB of the image is then kept.
///
/// # Errors
/// [`Error::Usage`] for numbers that do not fit their fields.
pub(super) fn update(metadata: &mut Metadata, part: &Part) -> Result<Option<String>> {
    let own = Mapping::of_part(part);
    let mapping = match metadata.get(TAG).map(|value| Mapping::read(value)?.compose(&own)) {
        None => own,
        Some(Ok(mapping)) => mapping,
        Some(Err(error)) => {
            return Ok(Some(format!("kept as it is, which is that of the image and not of the chip: {error}")));
        }
    };
    metadata.set(TAG, mapping.fields()?);
    Ok(None)
}

impl Mapping {
    fn of_part(part: &Part) -> Self {
        let (bottom, right) = (f64::from(part.rows) - 0.5, f64::from(part.columns) - 0.5);
        let [a, b, c, d] = part.centres().map(|(column, row)| (row, column));
        Self {
            chip: [(0.5, 0.5), (0.5, right), (bottom, 0.5), (bottom, right)],
            full: [a, b, d, c],
            scale: part.scale.into(),
            full_rows: part.full_rows,
            full_columns: part.full_columns,
            others: [0, 0],
        }
    }

    fn read(value: &Value) -> Result<Self> {
        let fields = Fields::typed(TAG, value)?;
        let whole = |name: &str| fields.get(name).map_or(Some(0), Value::to_int);
        let count = |name: &str| whole(name).and_then(|count| u32::try_from(count).ok());
        let wrong = |name: &str| Error::usage(TAG).field(name).found("no number").allowed("a whole number");
        if whole("XFRM_FLAG") != Some(0) {
            return Err(Error::usage("XFRM_FLAG of the ICHIPB of a dewarped image, which points cannot describe:")
                .found(fields.text("XFRM_FLAG")?)
                .allowed("00"));
        }
        let points = |prefix: &str| -> Result<Points> {
            let mut points = Points::default();
            for (point, corner) in points.iter_mut().zip(CORNERS) {
                let number = |axis: &str| fields.number(&format!("{prefix}_{axis}_{corner}"));
                *point = (number("ROW")?, number("COL")?);
            }
            Ok(points)
        };
        let scale = if fields.get("SCALE_FACTOR").is_some() { fields.number("SCALE_FACTOR")? } else { 0.0 };
        let others = ["ANAMRPH_CORR", "SCANBLK_NUM"];
        let [first, second] = others.map(|name| whole(name).ok_or_else(|| wrong(name)));
        Ok(Self {
            chip: points("OP")?,
            full: points("FI")?,
            scale: if scale == 0.0 { 1.0 } else { scale },
            full_rows: count("FI_ROW").ok_or_else(|| wrong("FI_ROW"))?,
            full_columns: count("FI_COL").ok_or_else(|| wrong("FI_COL"))?,
            others: [first?, second?],
        })
    }

    /// The mapping to the full image of a chip of this chip; `inner` maps that chip to this one.
    fn compose(self, inner: &Self) -> Result<Self> {
        let bilinear = bilinear(&self.chip, &self.full, self.scale)?;
        let known = |own: u32, other: u32| if own == 0 { other } else { own };
        Ok(Self {
            chip: inner.chip,
            full: inner.full.map(|point| bilinear.point_to_full(point)),
            scale: inner.scale * self.scale,
            full_rows: known(self.full_rows, inner.full_rows),
            full_columns: known(self.full_columns, inner.full_columns),
            others: self.others,
        })
    }

    /// The fields in their exact widths.
    fn fields(&self) -> Result<Value> {
        let mut fields: Vec<(String, String)> = vec![
            ("XFRM_FLAG".to_owned(), "00".to_owned()),
            ("SCALE_FACTOR".to_owned(), text("SCALE_FACTOR", self.scale, 10, 5)?),
            ("ANAMRPH_CORR".to_owned(), format!("{:02}", self.others[0])),
            ("SCANBLK_NUM".to_owned(), format!("{:02}", self.others[1])),
        ];
        for (prefix, points) in [("OP", self.chip), ("FI", self.full)] {
            for (corner, (row, column)) in CORNERS.iter().zip(points) {
                for (axis, value) in [("ROW", row), ("COL", column)] {
                    let name = format!("{prefix}_{axis}_{corner}");
                    let value = text(&name, value, 12, 3)?;
                    fields.push((name, value));
                }
            }
        }
        for (name, count) in [("FI_ROW", self.full_rows), ("FI_COL", self.full_columns)] {
            fields.push((name.to_owned(), text(name, count.into(), 8, 0)?));
        }
        Ok(Value::Map(fields.into_iter().map(|(name, value)| (name.into(), value.into())).collect()))
    }
}

/// A number with so many decimals, in a field of this width.
fn text(name: &str, value: f64, width: usize, decimals: usize) -> Result<String> {
    // A zero has no sign.
    let text = format!("{:0width$.decimals$}", value + 0.0);
    if text.len() == width {
        return Ok(text);
    }
    Err(Error::usage(TAG).field(name).found(value).allowed(format!("at most {width} characters")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::Window;

    fn chip(metadata: &mut Metadata, window: Window, level: u8, full: (u32, u32)) -> Option<String> {
        update(metadata, &Part::new(window, level, full)).unwrap()
    }

    fn get(metadata: &Metadata, name: &str) -> f64 {
        Fields::typed(TAG, metadata.get(TAG).unwrap()).unwrap().number(name).unwrap()
    }

    #[test]
    fn a_chip_of_a_chip_refers_to_the_first_image() {
        let mut metadata = Metadata::new();
        assert_eq!(chip(&mut metadata, Window::new(100, 200, 350, 90), 0, (500, 300)), None);
        assert_eq!(
            metadata.get(TAG).map(|value| Fields::typed(TAG, value).unwrap().text("SCALE_FACTOR").unwrap()).unwrap(),
            "1.0"
        );
        assert_eq!((get(&metadata, "FI_COL_22"), get(&metadata, "OP_ROW_21")), (449.5, 89.5));
        assert_eq!(chip(&mut metadata, Window::new(5, 6, 1, 20), 1, (350, 90)), None);
        assert_eq!((get(&metadata, "SCALE_FACTOR"), get(&metadata, "FI_ROW")), (2.0, 300.0));
        // The centre of the two by two pixels that begin at column 110, row 212.
        assert_eq!((get(&metadata, "FI_COL_11"), get(&metadata, "FI_ROW_11")), (111.0, 213.0));
        assert_eq!(get(&metadata, "FI_COL_12"), 111.0);
        assert_eq!(chip(&mut metadata, Window::new(0, 2, 1, 3), 0, (1, 20)), None);
        assert_eq!((get(&metadata, "FI_COL_22"), get(&metadata, "FI_ROW_22")), (111.0, 221.0));
    }

    #[test]
    fn what_cannot_be_composed_stays() {
        let mut metadata: Metadata = [(TAG, Value::Bytes(b"damaged".to_vec()))].into_iter().collect();
        let before = metadata.clone();
        assert!(chip(&mut metadata, Window::new(0, 0, 9, 9), 0, (9, 9)).unwrap().starts_with("kept as it is"));
        assert_eq!(metadata, before);
        let points = [(0.5, 0.5), (0.5, 9.5), (9.5, 0.5), (9.5, 9.5)];
        let flat = Mapping {
            chip: points,
            full: [(1.0, 1.0); 4],
            ..Mapping::of_part(&Part::new(Window::new(0, 0, 9, 9), 0, (9, 9)))
        };
        let error = ChipPoints::read(&flat.fields().unwrap()).unwrap_err().to_string();
        assert!(error.contains("expected quadrilaterals"), "{error}");
    }

    #[test]
    fn points_count_from_the_centre_of_the_first_pixel() {
        let part = Part::new(Window::new(100, 200, 35, 9), 0, (500, 0));
        let found = ChipPoints::read(&Mapping::of_part(&part).fields().unwrap()).unwrap();
        assert_eq!((found.chip[0], found.chip[3]), ((0.0, 0.0), (8.0, 34.0)));
        assert_eq!((found.full[0], found.full[3]), ((200.0, 100.0), (208.0, 134.0)));
        assert_eq!((found.scale, found.full_rows, found.full_columns), (1.0, None, Some(500)));
    }
}
