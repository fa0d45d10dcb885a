//! The subheaders of an image that is cut into segments because one cannot hold it (SIDD volume 2 §2.4.2; Joint BIIF Profile):
//! each but the first is attached to the one before, below it.

use super::super::geo::{Corners, Icords};
use super::clock::now;
use super::levels::{self, Levels, format_location};
use super::plan::ImagePlan;
use super::writer::size_of;
use crate::error::{Error, Result};
use crate::schema::{FieldData, Record};

/// Characters of an identifier before the number of a segment.
const BASE: usize = 7;

/// The subheader of part `number`, with its place among what the file displays.
///
/// # Errors
/// [`Error::Usage`] for a display level that is taken.
pub(super) fn record(plan: &mut ImagePlan, number: usize, key: &str, levels: &mut Levels) -> Result<Record> {
    if plan.record.get("IDATIM").is_none() {
        plan.record.set("IDATIM", now()?);
    }
    let mut record = plan.record.clone();
    let count = plan.places.parts().len();
    if count > 1 {
        let part = plan.places.parts()[number];
        record.set("NROWS", part.rows);
        record.set("NBPC", part.rows.div_ceil(plan.storage.grid.block_rows()));
        let name = record.text("IID1").unwrap_or_default();
        let base: String = name.trim_end_matches(|c: char| c.is_ascii_digit()).chars().take(BASE).collect();
        record.set("IID1", format!("{base}{:03}", number + 1));
        cut_corners(&mut record, plan.storage.grid.rows(), part.first_row, part.rows)?;
    }
    match number.checked_sub(1).map(|before| plan.places.parts()[before]) {
        None => levels.assign(&mut record, &plan.given, levels::IMAGE)?,
        Some(before) => levels.attach(&mut record, before.rows)?,
    }
    levels.add(key, &record, levels::IMAGE, size_of(&record));
    Ok(record)
}

impl Levels {
    /// Attaches an image to the one that was added last, `rows` below its first row.
    fn attach(&self, record: &mut Record, rows: u32) -> Result<()> {
        let parent = self.last().ok_or_else(|| Error::usage("attachment to no image"))?;
        record.set("IDLVL", self.free()?);
        record.set("IALVL", parent);
        record.set("ILOC", format_location(rows.into(), 0));
        Ok(())
    }
}

/// Sets IGEOLO to the corners of rows `first` to `first + count` of an image of `rows` rows.
fn cut_corners(record: &mut Record, rows: u32, first: u32, count: u32) -> Result<()> {
    let Some(form) = record.text("ICORDS").and_then(Icords::from_code) else { return Ok(()) };
    let Some(FieldData::Text(text)) = record.get("IGEOLO") else { return Ok(()) };
    let Ok(corners) = Corners::parse(form, text) else { return Ok(()) };
    let steps = f64::from(rows - 1).max(1.0);
    let at = |from: (f64, f64), to: (f64, f64), row: u32| {
        let share = f64::from(row) / steps;
        (from.0 + (to.0 - from.0) * share, from.1 + (to.1 - from.1) * share)
    };
    let (top, bottom) = (first, first + count - 1);
    let cut = |[a, b, c, d]: [(f64, f64); 4]| [at(a, d, top), at(b, c, top), at(b, c, bottom), at(a, d, bottom)];
    let cut = match corners {
        Corners::Geographic(points) => Corners::Geographic(cut(points)),
        Corners::Utm(zone, points) => Corners::Utm(zone, cut(points)),
    };
    record.set("IGEOLO", cut.format(form)?);
    Ok(())
}
