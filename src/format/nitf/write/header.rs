//! The file header, completed once every segment is known.

use super::super::capacity::{MAX_FILE, MAX_SEGMENTS};
use super::super::rules::file_findings;
use super::areas::{self, Overflow};
use super::clevel::Features;
use super::clock::now;
use super::field_sets::HEADER;
use super::given::{Given, structure};
use crate::error::{Error, Result};
use crate::format::{Finding, WriteContext};
use crate::metadata::Metadata;
use crate::schema::{FieldData, Record, write};

/// The originating station of files whose caller does not name one: the field may not be blank.
const STATION: &str = "OSML-IO";

/// The two names of the format, which share one structure: NITF 2.1, and NSIF 1.0 of NATO.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Flavour {
    Nitf,
    Nsif,
}

/// Bytes of the subheader and of the data of each segment, by kind in the order of the file.
#[derive(Debug, Clone, Default)]
pub(super) struct Lengths {
    pub(super) images: Vec<(u64, u64)>,
    pub(super) graphics: Vec<(u64, u64)>,
    pub(super) texts: Vec<(u64, u64)>,
    pub(super) data: Vec<(u64, u64)>,
    pub(super) reserved: Vec<(u64, u64)>,
}

/// The names of a kind's counter, group and two lengths, and its segments.
type KindLengths<'a> = ([&'static str; 4], &'a [(u64, u64)]);

/// The caller's values for the file.
pub(super) struct FileHeader {
    given: Given,
    record: Record,
    level: Option<i128>,
    pub(super) overflows: Vec<Overflow>,
}

impl Flavour {
    /// FHDR and the allowed values of FVER; the first of these is written.
    fn magic(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::Nitf => ("NITF", &["02.10"]),
            Self::Nsif => ("NSIF", &["01.00", "01.01"]),
        }
    }
}

impl Lengths {
    /// Each kind's counter, group and fields of lengths in the header, and its segments.
    fn kinds(&self) -> [KindLengths<'_>; 5] {
        [
            (["NUMI", "IMAGE_SEGMENTS", "LISH", "LI"], &self.images),
            (["NUMS", "GRAPHIC_SEGMENTS", "LSSH", "LS"], &self.graphics),
            (["NUMT", "TEXT_SEGMENTS", "LTSH", "LT"], &self.texts),
            (["NUMDES", "DATA_SEGMENTS", "LDSH", "LD"], &self.data),
            (["NUMRES", "RESERVED_SEGMENTS", "LRESH", "LRE"], &self.reserved),
        ]
    }

    /// Bytes of all segments.
    pub(super) fn total(&self) -> u64 {
        self.kinds().iter().flat_map(|(_, segments)| segments.iter()).fold(0, |sum, (header, data)| sum + header + data)
    }
}

impl FileHeader {
    /// Checks the metadata that a caller gives for a file.
    ///
    /// # Errors
    /// [`Error::Usage`] that names a field and its value.
    pub(super) fn new(flavour: Flavour, metadata: &Metadata, context: &mut WriteContext<'_, '_>) -> Result<Self> {
        let given = Given::new(structure("HEADER"), metadata, context)?;
        let mut record = HEADER.stated(&given.fields);
        // A copied FDT is the time of another file.
        let date = match given.get("FDT") {
            Some(date) if !given.is_copy() || given.is_chosen("FDT") => date.clone(),
            _ => now()?.into(),
        };
        record.set("FDT", date);
        if record.text("OSTAID").is_none_or(str::is_empty) {
            if given.is_chosen("OSTAID") {
                return Err(Error::usage("value of").field("OSTAID").found("\" \"").allowed("not blank"));
            }
            record.set("OSTAID", STATION);
        }
        let (magic, versions) = flavour.magic();
        record.set("FHDR", chosen_of(&given, "FHDR", &[magic])?);
        record.set("FVER", chosen_of(&given, "FVER", versions)?);
        let overflows = areas::fill(&mut record, &given.tres, areas::HEADER)?;
        let level = match given.get("CLEVEL").filter(|_| given.is_chosen("CLEVEL")) {
            Some(value) => {
                let level = value.to_int().filter(|level| (1..=99).contains(level));
                let wrong = || Error::usage("value of").field("CLEVEL").found(value).allowed("01 to 99");
                Some(level.ok_or_else(wrong)?)
            }
            None => None,
        };
        let header = Self { given, record, level, overflows };
        // Values that do not fit their fields are reported now, while nothing is written.
        header.length(&Lengths::default())?;
        Ok(header)
    }

    /// Bytes of the header of a file with these segments.
    ///
    /// # Errors
    /// [`Error::Usage`] if there are more segments than a file can have.
    pub(super) fn length(&self, lengths: &Lengths) -> Result<u64> {
        let bytes = write(structure("HEADER"), &self.with_lengths(lengths, 388, 388, 3)?)?;
        Ok(bytes.len() as u64)
    }

    /// Classifies the file like its highest segment, unless the caller gives a class (2500C §5.1.8).
    ///
    /// # Errors
    /// [`Error::Usage`] if the caller is strict and has given a lower class.
    pub(super) fn classify(&mut self, classes: &[String], context: &mut WriteContext<'_, '_>) -> Result<()> {
        let rank = |class: &str| "URCST".find(class.trim()).unwrap_or(0);
        let highest = classes.iter().map(String::as_str).max_by_key(|class| rank(class)).unwrap_or("U");
        match self.record.text("FSCLAS") {
            None | Some("") => self.record.set("FSCLAS", highest),
            Some(class) if rank(class) < rank(highest) => {
                let (place, value) = ("FSCLAS".to_owned(), class.to_owned());
                let rule = format!("{highest} or higher, the class of a segment").into();
                context.report(Finding { clause: "2500C §5.1.8", place, value, rule })?;
            }
            Some(_) => {}
        }
        Ok(())
    }

    /// The bytes of the header. `overflow` gives the ordinal of the segment that takes the overflow of an area.
    ///
    /// # Errors
    /// [`Error::Usage`] if the file is larger than the header can state.
    pub(super) fn complete(
        &self,
        lengths: &Lengths,
        features: &mut Features,
        overflow: impl Fn(&str) -> Option<usize>,
        context: &mut WriteContext<'_, '_>,
    ) -> Result<Vec<u8>> {
        let header = self.length(lengths)?;
        let file = header + lengths.total();
        check_file(file)?;
        features.file_bytes = file;
        let mut record = self.with_lengths(lengths, file, header, self.level(features, context)?)?;
        for (area, index) in [("UDHD", "UDHOFL"), ("XHD", "XHDLOFL")] {
            if let Some(ordinal) = overflow(area) {
                record.set(index, ordinal as u64);
            }
        }
        self.given.report(file_findings(&record), &[], context)?;
        let bytes = write(structure("HEADER"), &record)?;
        self.given.check_computed(structure("HEADER"), HEADER.following, &bytes)?;
        Ok(bytes)
    }

    /// The record, for its security fields.
    pub(super) fn record(&self) -> &Record {
        &self.record
    }

    fn with_lengths(&self, lengths: &Lengths, file: u64, header: u64, level: u8) -> Result<Record> {
        let mut record = self.record.clone();
        record.set("CLEVEL", u32::from(level));
        record.set("FL", file);
        record.set("HL", header);
        for ([count, group, subheader, data], segments) in lengths.kinds() {
            if segments.len() > MAX_SEGMENTS {
                return Err(Error::usage("segments of a kind:")
                    .field(count)
                    .found(segments.len())
                    .allowed(MAX_SEGMENTS));
            }
            let turn =
                |(header, bytes): &(u64, u64)| [(subheader, *header), (data, *bytes)].into_iter().collect::<Record>();
            record.set(count, segments.len() as u64);
            record.set(group, segments.iter().map(turn).collect::<Vec<_>>());
        }
        Ok(record)
    }

    /// CLEVEL: the level that the features require, or a higher one if the caller gives it.
    fn level(&self, features: &Features, context: &mut WriteContext<'_, '_>) -> Result<u8> {
        let computed = features.level();
        match self.level.map(u8::try_from) {
            Some(Ok(level)) if level >= computed => Ok(level),
            Some(_) => {
                context.report(Finding {
                    clause: "2500C Table A-10",
                    place: "CLEVEL".to_owned(),
                    value: self.level.unwrap_or(0).to_string(),
                    rule: format!("{computed:02} or higher for the content of the file").into(),
                })?;
                Ok(computed)
            }
            None => Ok(computed),
        }
    }
}

/// The value of a field with a few allowed values: the chosen one, else the first.
///
/// # Errors
/// [`Error::Usage`] if another value was chosen.
fn chosen_of(given: &Given, name: &str, allowed: &[&'static str]) -> Result<&'static str> {
    let Some(value) = given.get(name).filter(|_| given.is_chosen(name)) else { return Ok(allowed[0]) };
    let text = if let FieldData::Text(text) = value { text.trim() } else { "" };
    let wrong = || Error::usage("value of").field(name).found(value).allowed(allowed.join(", "));
    allowed.iter().find(|known| **known == text).copied().ok_or_else(wrong)
}

/// Checks the size of a file.
///
/// # Errors
/// [`Error::Usage`] if the size is more than a header can state.
pub(super) fn check_file(bytes: u64) -> Result<()> {
    if bytes > MAX_FILE {
        return Err(Error::usage("bytes of a NITF file:").found(bytes).allowed(format!("at most {MAX_FILE}")));
    }
    Ok(())
}

/// The classification in a subheader whose security fields have this prefix.
pub(super) fn class_of(record: &Record, prefix: &str) -> String {
    record.text(&format!("{prefix}CLAS")).filter(|class| !class.is_empty()).unwrap_or("U").to_owned()
}
