//! Display levels, attachments and places of images and graphics in the common coordinate system (2500C §5.3).

use super::super::capacity::MAX_LEVEL;
use super::given::Given;
use super::location::{format_location, parse_location};
use crate::error::{Error, Result};
use crate::format::Finding;
use crate::schema::{FieldData, Record};

/// The names of the fields in a kind of subheader: display level, attachment level, location.
pub(super) type Names = [&'static str; 3];

pub(super) const IMAGE: Names = ["IDLVL", "IALVL", "ILOC"];
pub(super) const GRAPHIC: Names = ["SDLVL", "SALVL", "SLOC"];

/// An image or graphic that is displayed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Displayed {
    pub(super) key: String,
    pub(super) level: u32,
    pub(super) attached_to: u32,
    /// Row and column relative to the parent.
    pub(super) location: (i64, i64),
    /// Rows and columns.
    pub(super) size: (u32, u32),
}

/// What a file displays so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Levels(Vec<Displayed>);

impl Levels {
    /// Attaches an image to the one added last, `rows` below its first row.
    pub(super) fn attach(&self, record: &mut Record, rows: u32) -> Result<()> {
        let parent = self.last().ok_or_else(|| Error::usage("attachment to no image"))?;
        record.set("IDLVL", self.free()?);
        record.set("IALVL", parent);
        record.set("ILOC", format_location(rows.into(), 0));
        Ok(())
    }

    /// Sets the level, attachment and location of an image or graphic in its subheader: as given, else an unused level.
    ///
    /// # Errors
    /// [`Error::Usage`] for a chosen level that is taken, and if no level is left.
    pub(super) fn assign(&self, record: &mut Record, given: &Given, names: Names) -> Result<()> {
        let [level_name, parent_name, location_name] = names;
        let wanted = given.get(level_name).and_then(FieldData::to_int);
        let taken = |level: i128| self.0.iter().any(|other| i128::from(other.level) == level);
        let is_wrong = given.get(level_name).is_some() && wanted.is_none();
        let level = match wanted {
            // A wrong value is refused with the rest of the subheader.
            None if is_wrong && given.is_chosen(level_name) => 0,
            Some(level) if !taken(level) => level,
            Some(level) if given.is_chosen(level_name) => {
                let error = Error::usage("value of").field(level_name).found(level);
                return Err(error.allowed("a level that no other image or graphic of the file has"));
            }
            _ => i128::from(self.free()?),
        };
        if !(is_wrong && given.is_chosen(level_name)) && wanted != Some(level) {
            record.set(level_name, level);
        }
        // A copied attachment is meaningless if its parent was not copied first.
        let parent = given.get(parent_name).and_then(FieldData::to_int).unwrap_or(0);
        if parent != 0 && !taken(parent) && !given.is_chosen(parent_name) {
            record.set(parent_name, 0);
            record.set(location_name, "0000000000");
        }
        if let Some(location) = record.get(location_name) {
            record.set(
                location_name,
                parse_location(location_name, location).map(|(row, column)| format_location(row, column))?,
            );
        }
        Ok(())
    }

    /// Adds an image or graphic whose subheader is complete.
    pub(super) fn add(&mut self, key: &str, record: &Record, names: Names, size: (u32, u32)) {
        let [level, parent, location] = names;
        let number = |name: &str| record.int(name).and_then(|value| u32::try_from(value).ok()).unwrap_or(0);
        let location = record.get(location).and_then(|data| parse_location(location, data).ok()).unwrap_or_default();
        self.0.push(Displayed {
            key: key.to_owned(),
            level: number(level),
            attached_to: number(parent),
            location,
            size,
        });
    }

    /// The lowest unused level.
    ///
    /// # Errors
    /// [`Error::Usage`] if no level is left.
    pub(super) fn free(&self) -> Result<u32> {
        let full = || Error::usage("images and graphics of a file:").found(self.0.len() + 1).allowed(MAX_LEVEL);
        (1..=MAX_LEVEL).find(|level| self.0.iter().all(|other| other.level != *level)).ok_or_else(full)
    }

    /// The level that was added last.
    pub(super) fn last(&self) -> Option<u32> {
        self.0.last().map(|item| item.level)
    }

    /// The last row and column that any image or graphic of the file covers, from the origin of the common coordinate system.
    pub(super) fn extent(&self) -> (i64, i64) {
        self.0.iter().fold((0, 0), |(row, column), item| {
            let (y, x) = self.place(item);
            (row.max(y + i64::from(item.size.0) - 1), column.max(x + i64::from(item.size.1) - 1))
        })
    }

    /// Findings for items that are attached to an unused level.
    pub(super) fn findings(&self) -> Vec<Finding> {
        let missing =
            |item: &&Displayed| item.attached_to != 0 && !self.0.iter().any(|other| other.level == item.attached_to);
        let findings = self.0.iter().filter(missing).map(|item| Finding {
            clause: "2500C §5.3.2",
            place: format!("attachment level of {}", item.key),
            value: format!("{:03}", item.attached_to),
            rule: "the display level of an image or graphic of the file, or 000".into(),
        });
        findings.collect()
    }

    /// The place of an item: its location added to those of its parents.
    fn place(&self, item: &Displayed) -> (i64, i64) {
        let (mut row, mut column) = item.location;
        let mut parent = item.attached_to;
        // A chain of parents has at most as many items as the file; a circle ends there.
        for _ in 0..self.0.len() {
            let Some(next) = self.0.iter().find(|other| other.level == parent && parent != 0) else { break };
            row += next.location.0;
            column += next.location.1;
            parent = next.attached_to;
        }
        (row, column)
    }
}

/// Rows and columns of an image by its subheader.
pub(super) fn image_size(record: &Record) -> (u32, u32) {
    let side = |name: &str| record.int(name).and_then(|side| u32::try_from(side).ok()).unwrap_or(0);
    (side("NROWS"), side("NCOLS"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(level: u32, attached_to: u32, location: (i64, i64)) -> Displayed {
        Displayed { key: format!("image:{level}"), level, attached_to, location, size: (100, 50) }
    }

    #[test]
    fn places_add_up_along_attachments() {
        let levels = Levels(vec![item(1, 0, (10, 20)), item(2, 1, (100, -5)), item(3, 2, (100, 0))]);
        assert_eq!(levels.place(&levels.0[2]), (210, 15));
        assert_eq!(levels.extent(), (309, 69));
        assert!(levels.findings().is_empty());
        let circle = Levels(vec![item(1, 2, (1, 1)), item(2, 1, (1, 1)), item(3, 9, (0, 0))]);
        assert_eq!(circle.findings().len(), 1);
        let _ = circle.extent();
    }
}
