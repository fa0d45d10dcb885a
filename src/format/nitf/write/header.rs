//! The file header, completed once every segment is known: lengths, time, and the complexity level, which is the greatest level
//! that any feature of the file requires (2500C Table A-10, Joint BIIF Profile Table G-1).

use std::time::{SystemTime, UNIX_EPOCH};

use super::super::areas;
use super::super::capacity::{MAX_FILE, MAX_SEGMENTS};
use super::super::rules::file_findings;
use super::areas::{Overflow, fill as fill_areas};
use super::field_sets::HEADER;
use super::given::{Given, structure};
use crate::error::{Error, Result};
use crate::format::{Finding, WriteContext};
use crate::metadata::Metadata;
use crate::schema::{FieldData, Record, datetime_of, write};

/// The originating station of files whose caller does not name one: the field may not be blank.
pub(in super::super) const STATION: &str = "OSML-IO";

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
        let overflows = fill_areas(&mut record, &given.tres, areas::HEADER)?;
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
        for area in areas::HEADER {
            if let Some(ordinal) = overflow(area.name) {
                record.set(area.index, ordinal as u64);
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

/// The environment variable of <https://reproducible-builds.org/specs/source-date-epoch/>: seconds since 1970.
const VARIABLE: &str = "SOURCE_DATE_EPOCH";

/// Now, as `CCYYMMDDhhmmss` in UTC.
///
/// # Errors
/// [`Error::Usage`] if the variable is not a number of seconds.
pub(super) fn now() -> Result<String> {
    let wrong = |text: &str| {
        Error::usage("environment variable")
            .field(VARIABLE)
            .found(text)
            .allowed("seconds since 1970, up to the year 9999")
    };
    match std::env::var(VARIABLE) {
        Ok(text) if !text.trim().is_empty() => {
            let seconds = text.trim().parse::<i64>();
            seconds.ok().filter(|seconds| *seconds >= 0).and_then(datetime_of).ok_or_else(|| wrong(&text))
        }
        _ => {
            let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
            datetime_of(seconds as i64).ok_or_else(|| wrong("the clock"))
        }
    }
}

/// The features of a file that determine its level.
#[derive(Debug, Clone, Default)]
pub(super) struct Features {
    /// The level that the images require, each by itself.
    pub(super) images: u8,
    /// Bands of all images.
    pub(super) bands: u64,
    /// The last row or column of the common coordinate system.
    pub(super) extent: i64,
    pub(super) file_bytes: u64,
    pub(super) image_segments: usize,
    pub(super) graphic_segments: usize,
    pub(super) graphic_bytes: u64,
    pub(super) text_segments: usize,
    pub(super) data_segments: usize,
}

/// The levels. The limits below are those of 03, 05, 06 and 07, in that order; a file beyond them has level 09.
const LEVELS: [u8; 5] = [3, 5, 6, 7, 9];
const EXTENT: [u64; 4] = [2047, 8191, 65_535, 99_999_999];
const FILE_BYTES: [u64; 4] = [(50 << 20) - 1, (1 << 30) - 1, (2 << 30) - 1, (10 << 30) - 1];
const SIDE: [u64; 4] = [2048, 8192, 65_536, 99_999_999];
const BLOCK: [u64; 4] = [2048, 8192, 8192, 8192];
const BANDS: [u64; 4] = [9, 255, 255, 999];
const IMAGES: [u64; 4] = [20, 100, 100, 100];
const GRAPHICS: [u64; 4] = [100, 100, 100, 100];
const GRAPHIC_BYTES: [u64; 4] = [1 << 20, 2 << 20, 2 << 20, 2 << 20];
const TEXTS: [u64; 4] = [32, 32, 32, 32];
const DATA: [u64; 4] = [10, 10, 50, 100];

impl Features {
    /// The level.
    pub(super) fn level(&self) -> u8 {
        [
            level_of(self.extent.max(0) as u64, EXTENT),
            level_of(self.file_bytes, FILE_BYTES),
            // The bands of all images together count only if they exceed what one image may have.
            if self.bands > BANDS[3] { LEVELS[4] } else { LEVELS[0] },
            level_of(self.image_segments as u64, IMAGES),
            level_of(self.graphic_segments as u64, GRAPHICS),
            level_of(self.graphic_bytes, GRAPHIC_BYTES),
            level_of(self.text_segments as u64, TEXTS),
            level_of(self.data_segments as u64, DATA),
        ]
        .into_iter()
        .fold(self.images.max(LEVELS[0]), u8::max)
    }
}

/// The level that an image segment requires.
pub(super) fn image_level(subheader: &Record) -> u8 {
    let number = |name: &str| subheader.int(name).map_or(0, |value| value.max(0) as u64);
    let sides = [number("NROWS"), number("NCOLS")].map(|side| level_of(side, SIDE));
    let blocks = [number("NPPBH"), number("NPPBV")].map(|side| if side == 0 { 9 } else { level_of(side, BLOCK) });
    let bands = level_of(number("NBANDS") + number("XBANDS"), BANDS);
    let deep_colour = subheader.text("IREP") == Some("RGB") && number("NBPP") > 8;
    sides.into_iter().chain(blocks).chain([bands, if deep_colour { 6 } else { 3 }]).fold(LEVELS[0], u8::max)
}

fn level_of(value: u64, limits: [u64; 4]) -> u8 {
    LEVELS[limits.iter().position(|limit| value <= *limit).unwrap_or(limits.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_greatest_demand_decides() {
        assert_eq!(Features::default().level(), 3);
        assert_eq!(Features { extent: 2048, ..Features::default() }.level(), 5);
        assert_eq!(Features { file_bytes: 50 << 20, ..Features::default() }.level(), 5);
        assert_eq!(Features { file_bytes: 10 << 30, images: 6, ..Features::default() }.level(), 9);
        assert_eq!(Features { data_segments: 11, ..Features::default() }.level(), 6);
        assert_eq!(Features { bands: 999, ..Features::default() }.level(), 3);
        assert_eq!(Features { bands: 1000, ..Features::default() }.level(), 9);
    }

    #[test]
    fn an_image_asks_by_its_sides_blocks_bands_and_depth() {
        let image = |entries: &[(&str, u64)]| {
            let mut record: Record = [("IREP", "RGB")].into_iter().collect();
            for (name, value) in
                [("NROWS", 100), ("NCOLS", 100), ("NPPBH", 100), ("NPPBV", 100), ("NBPP", 8), ("NBANDS", 3)]
                    .iter()
                    .chain(entries)
            {
                record.set(*name, *value);
            }
            image_level(&record)
        };
        assert_eq!(image(&[]), 3);
        assert_eq!(image(&[("NCOLS", 2049)]), 5);
        assert_eq!(image(&[("NPPBV", 4096)]), 5);
        assert_eq!(image(&[("NPPBV", 0)]), 9);
        assert_eq!(image(&[("NBPP", 16)]), 6);
        assert_eq!(image(&[("NBANDS", 0), ("XBANDS", 300)]), 7);
    }
}
