//! The subheaders of an image that is split because one segment cannot hold it (SIDD volume 2 §2.4.2; Joint BIIF Profile). Each
//! but the first is attached to the one before, below it.

use super::super::geo::{Corners, Icords};
use super::clock::now;
use super::levels::{self, Levels, image_size};
use super::location::format_location;
use super::plan::ImagePlan;
use crate::error::{Error, Result};
use crate::schema::{FieldData, Record};

/// The subheader of part `number`, with its place among the images and graphics of the file.
///
/// # Errors
/// [`Error::Usage`] for a display level that is taken.
pub(super) fn record(plan: &mut ImagePlan, number: usize, key: &str, levels: &mut Levels) -> Result<Record> {
    if plan.record.get("IDATIM").is_none() {
        plan.record.set("IDATIM", now()?);
    }
    let mut record = plan.record.clone();
    let parts = plan.segments();
    if let (Some(last), true) = (parts.last(), parts.len() > 1) {
        let rows = parts[number].len() as u32;
        record.set("NROWS", rows);
        record.set("NBPC", rows.div_ceil(plan.block_rows()));
        record.set("IID1", identifier(record.text("IID1").unwrap_or_default(), number, parts.len()));
        cut_corners(&mut record, last.end, parts[number].start, rows)?;
    }
    match number.checked_sub(1).map(|before| &parts[before]) {
        None => levels.assign(&mut record, &plan.given, levels::IMAGE)?,
        Some(before) => levels.attach(&mut record, before.len() as u32)?,
    }
    levels.add(key, &record, levels::IMAGE, image_size(&record));
    Ok(record)
}

/// The identifier of part `number` of `count`. Digits at its end count up if that does not make it longer; otherwise all parts
/// have the same identifier. It is never cut, because it identifies a long title.
fn identifier(name: &str, number: usize, count: usize) -> String {
    let (stem, digits) = name.split_at(name.trim_end_matches(|c: char| c.is_ascii_digit()).len());
    let turn = |number: usize| digits.parse::<usize>().ok().and_then(|first| first.checked_add(number));
    let fits = |number: usize| number.to_string().len() <= digits.len();
    match (turn(number), turn(count - 1)) {
        (Some(number), Some(last)) if fits(last) => format!("{stem}{number:0width$}", width = digits.len()),
        _ => name.to_owned(),
    }
}

impl Levels {
    /// Attaches an image to the one added last, `rows` below its first row.
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

#[cfg(test)]
mod tests {
    use super::identifier;

    #[test]
    fn identifiers_count_up_where_there_is_room() {
        let names = |name: &str, count| (0..count).map(|number| identifier(name, number, count)).collect::<Vec<_>>();
        assert_eq!(names("SICD001", 3), ["SICD001", "SICD002", "SICD003"]);
        assert_eq!(names("image_8", 2), ["image_8", "image_9"]);
        assert_eq!(names("image_8", 3), ["image_8"; 3]);
        assert_eq!(names("A long tit", 2), ["A long tit"; 2]);
        assert_eq!(names("", 2), ["", ""]);
    }
}
