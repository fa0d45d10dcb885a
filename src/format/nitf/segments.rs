//! The segments of a file: the places of their subheaders and data, by the lengths in the file header.

use super::capacity::MAX_HEADER;
use super::kind::Kind;
use super::streaming::{known, replaced_header};
use super::subheader::{odd_numbers, read_before, read_subheader, shifted};
use super::version::{Version, is_nitf, text};
use crate::error::{Error, Result};
use crate::format::{Warning, WarningKind};
use crate::io::{ByteSource, Lookahead};
use crate::schema::{FieldData, Record, read};

/// A segment: its parsed subheader, and the place of its data.
#[derive(Debug, Clone)]
pub(super) struct Segment {
    pub(super) kind: Kind,
    /// Ordinal among its kind, from 0. A segment that cannot be read keeps its number.
    pub(super) ordinal: usize,
    pub(super) subheader: Record,
    /// The bytes the subheader was read from.
    pub(super) raw: Vec<u8>,
    pub(super) data: u64,
    /// Bytes of the data according to the file header; a damaged file may end earlier.
    pub(super) data_length: u64,
}

/// The file header and its segments.
#[derive(Debug, Clone)]
pub(super) struct Segments {
    pub(super) version: Version,
    pub(super) header: Record,
    pub(super) raw: Vec<u8>,
    pub(super) list: Vec<Segment>,
    pub(super) warnings: Vec<Warning>,
}

/// The key of warnings about the file header.
const FILE: &str = "file header";

/// The least number of bytes read at the beginning of a file, which is all of a small one.
const FIRST_READ: u64 = 16 << 10;

/// The least number of bytes read elsewhere: short segments follow each other closely.
const READ: u64 = 4 << 10;

/// Fields of the file header, the last first. A header that cannot be read as a whole may be read up to one of these.
const RECOVERED: [&str; 8] = ["XHDL", "UDHDL", "NUMRES", "NUMDES", "NUMT", "NUML", "NUMX", "NUMS"];

/// The entry of a segment in the file header.
struct Entry {
    kind: Kind,
    ordinal: usize,
    /// Bytes of the subheader and of the data; `None` if they are not known.
    lengths: [Option<u64>; 2],
}

impl Segments {
    /// Reads the file header and every subheader, but no data.
    ///
    /// # Errors
    /// [`Error::Malformed`] if the file header cannot be read. A subheader that cannot be read becomes a warning, and its
    /// segment is left out; the others stay usable.
    pub(super) fn open(source: &dyn ByteSource) -> Result<Self> {
        let mut file = Lookahead::new(source, FIRST_READ, READ)?;
        let first = file.up_to(0, 9)?;
        let version = is_nitf(first).ok_or_else(|| {
            let found = String::from_utf8_lossy(first).into_owned();
            Error::malformed("file header").field("FHDR, FVER").found(found).allowed(Version::MAGIC.join(", ")).at(0)
        })?;
        let (header, raw, note) = read_header(&mut file, version)?;
        let mut out = Self { version, header, raw, list: Vec::new(), warnings: Vec::new() };
        if let Some(note) = note {
            out.warn(FILE, note);
        }
        out.take_replaced_header(&mut file);
        let entries = out.entries();
        let begin = out.first_segment(&mut file, &entries);
        out.check_length(&file, begin, &entries);
        out.read_segments(&mut file, begin, &entries);
        Ok(out)
    }

    /// The data extension segment that takes the overflow of an area of segment `number`, counted from 1; 0 is the file header
    /// (2500C §5.8.3.4).
    ///
    /// If several segments claim the overflow, the one that the index of the area, `index`, names is chosen. `None` if the
    /// index is 0.
    pub(super) fn overflow(&self, area: &str, number: usize, index: i128) -> Option<&Segment> {
        if index == 0 {
            return None;
        }
        let candidates = || self.overflows_of(area, number);
        candidates().find(|segment| segment.ordinal as i128 + 1 == index).or_else(|| candidates().next())
    }

    fn overflows_of(&self, area: &str, number: usize) -> impl Iterator<Item = &Segment> {
        self.list.iter().filter(move |segment| {
            segment.holds_overflow()
                && segment.subheader.text("DESOFLW") == Some(area)
                && segment.subheader.int("DESITEM") == Some(number as i128)
        })
    }

    /// Replaces the header at the beginning of a streamed file by the one at its end.
    fn take_replaced_header(&mut self, file: &mut Lookahead<'_>) {
        if self.version.is_20() || known(&self.header, "FL").is_some() {
            return;
        }
        match replaced_header(file, self.version) {
            Ok(Some((header, raw))) => (self.header, self.raw) = (header, raw),
            Ok(None) => {
                self.warn(FILE, "the file length (FL) is not known, and no header at the end of the file states it");
            }
            Err(error) => self.warn(FILE, format!("the header at the end of the file cannot be read: {error}")),
        }
    }

    /// The segments that the header lists.
    fn entries(&mut self) -> Vec<Entry> {
        let mut entries = Vec::new();
        for kind in Kind::ALL {
            let [group, ..] = kind.names();
            let Some(FieldData::Group(lengths)) = self.header.get(group) else { continue };
            let of = |record: &Record, name: &str| {
                // In NITF 2.0, which has no streams, all nines are a length like any other.
                if self.version.is_20() {
                    record.int(name).and_then(|value| u64::try_from(value).ok())
                } else {
                    known(record, name)
                }
            };
            for (ordinal, record) in lengths.iter().enumerate() {
                let [_, subheader, data] = kind.names();
                entries.push(Entry { kind, ordinal, lengths: [of(record, subheader), of(record, data)] });
            }
        }
        if let Some(note) = odd_numbers(self.version.file_header(), &self.header) {
            self.departs(FILE, note);
        }
        entries
    }

    /// The place of the first segment: after the header, on whose end HL and the fields should agree. If they do not, the place
    /// that looks like a subheader is chosen.
    fn first_segment(&mut self, file: &mut Lookahead<'_>, entries: &[Entry]) -> u64 {
        let end = self.raw.len() as u64;
        let length = known(&self.header, "HL");
        if length == Some(end) {
            return end;
        }
        let marker = entries.first().map(|entry| entry.kind.marker());
        let mut fits =
            |offset: u64| marker.is_some_and(|marker| file.get(offset, 2).is_ok_and(|bytes| bytes == marker));
        let begin = length.filter(|length| !fits(end) && fits(*length)).unwrap_or(end);
        let found = self.header.get("HL").map(ToString::to_string).unwrap_or_default();
        self.warn(
            FILE,
            format!("HL is {found}, but the fields end at byte {end}; segments are read from byte {begin}"),
        );
        begin
    }

    /// Compares the length of the file with FL and with the lengths of its segments.
    fn check_length(&mut self, file: &Lookahead<'_>, begin: u64, entries: &[Entry]) {
        let size = file.size();
        if let Some(length) = known(&self.header, "FL")
            && length != size
        {
            let how = if length > size { "shorter" } else { "longer" };
            self.warn(FILE, format!("the file is {how} than FL states: {size} bytes, not {length}"));
        }
        let lengths: Option<u64> = entries
            .iter()
            .flat_map(|entry| entry.lengths)
            .try_fold(begin, |sum, length| length.and_then(|length| sum.checked_add(length)));
        if let (Some(sum), Some(length)) = (lengths, known(&self.header, "FL"))
            && sum != length
        {
            self.warn(FILE, format!("FL is {length}, but the lengths of the header and the segments add up to {sum}"));
        }
        if let Some(note) = encryption(&self.header) {
            self.warn(FILE, note);
        }
        if let Some(number) = self.header.int("NUMX")
            && number != 0
        {
            self.warn(FILE, format!("NUMX is {number}, but this version has no segments of that kind"));
        }
    }

    fn read_segments(&mut self, file: &mut Lookahead<'_>, begin: u64, entries: &[Entry]) {
        let mut offset = Some(begin);
        for (index, entry) in entries.iter().enumerate() {
            let Some(start) = self.place(file, offset, entry, &entries[index..]) else {
                self.warn(entry.key(), "the segment is left out: the length of a segment before it is not known");
                continue;
            };
            offset = match read_subheader(file, self.version, entry.kind, start, entry.lengths[0]) {
                Ok(subheader) => {
                    if let Some(note) = odd_numbers(self.version.subheader(entry.kind), &subheader.record) {
                        self.departs(entry.key(), format!("the subheader {note}"));
                    }
                    if let Some(note) = encryption(&subheader.record) {
                        self.warn(entry.key(), note);
                    }
                    for note in subheader.notes {
                        self.warn(entry.key(), format!("the subheader {note}"));
                    }
                    let data = start.saturating_add(Self::settled(file, start, subheader.length, &entries[index..]));
                    let data_length = self.data_length(entry, data, file.size(), &entries[index + 1..]);
                    self.list.push(Segment {
                        kind: entry.kind,
                        ordinal: entry.ordinal,
                        subheader: subheader.record,
                        raw: subheader.raw,
                        data,
                        data_length,
                    });
                    Some(data.saturating_add(data_length))
                }
                Err(error) => {
                    self.warn(
                        entry.key(),
                        format!("the segment is left out because its subheader cannot be read: {error}"),
                    );
                    entry.lengths[0]
                        .zip(entry.lengths[1])
                        .map(|(first, second)| start.saturating_add(first).saturating_add(second))
                }
            };
        }
    }

    /// Bytes of a subheader whose fields reach beyond the length that the header states: the length that puts the next segment,
    /// or the end of the file, where it must be. If neither length does, the fields are trusted.
    fn settled(file: &mut Lookahead<'_>, start: u64, fields: u64, rest: &[Entry]) -> u64 {
        let [Some(stated), Some(data)] = rest[0].lengths else { return fields };
        if stated >= fields {
            return fields;
        }
        let size = file.size();
        let mut fits = |length: u64| {
            let end = start.saturating_add(length).saturating_add(data);
            match rest.get(1) {
                Some(next) => file.up_to(end, 2).is_ok_and(|bytes| bytes.starts_with(next.kind.marker())),
                None => end == size,
            }
        };
        if !fits(fields) && fits(stated) { stated } else { fields }
    }

    /// The place of a segment: `start`, or, if no subheader is there, the place that its length and those after it give from
    /// the end of the file, provided a subheader is there. One wrong length then costs only its own segment.
    fn place(&mut self, file: &mut Lookahead<'_>, start: Option<u64>, entry: &Entry, rest: &[Entry]) -> Option<u64> {
        let size = file.size();
        // The whole subheader is requested, so that one read serves this check and the parser.
        let length = entry.lengths[0].unwrap_or(2).min(MAX_HEADER);
        let mut fits =
            |offset: u64| file.up_to(offset, length).is_ok_and(|bytes| bytes.starts_with(entry.kind.marker()));
        if start.is_some_and(&mut fits) {
            return start;
        }
        let mut lengths = rest.iter().flat_map(|entry| entry.lengths);
        let left = lengths.try_fold(0u64, |sum, length| length.and_then(|length| sum.checked_add(length)));
        let other = left.and_then(|left| size.checked_sub(left));
        let Some(other) = other.filter(|other| *other >= self.raw.len() as u64 && fits(*other)) else { return start };
        self.warn(
            entry.key(),
            format!(
                "the subheader is not where the lengths before it put it, but at byte {other}, where those after it do"
            ),
        );
        Some(other)
    }

    /// Bytes of the data of a segment. If the header does not state them, they are what the segments after it leave of the
    /// file.
    fn data_length(&mut self, entry: &Entry, data: u64, size: u64, after: &[Entry]) -> u64 {
        let left = size.saturating_sub(data);
        if let Some(length) = entry.lengths[1] {
            if length > left {
                self.warn(
                    entry.key(),
                    format!("the data reach past the end of the file: {length} bytes are stated, {left} are left"),
                );
            }
            return length;
        }
        let others = after.iter().flat_map(|entry| entry.lengths).map(|length| length.unwrap_or(0));
        let length = left.saturating_sub(others.fold(0, u64::saturating_add));
        self.warn(entry.key(), format!("the length of the data is not known; the remaining {length} bytes are used"));
        length
    }

    /// Warns of content that departs from the standard but can be read.
    fn departs(&mut self, key: impl Into<String>, message: impl Into<std::borrow::Cow<'static, str>>) {
        self.warnings.push(Warning::new(WarningKind::Conformance, key, message));
    }

    /// Warns of content that cannot be read or is not where it should be.
    fn warn(&mut self, key: impl Into<String>, message: impl Into<std::borrow::Cow<'static, str>>) {
        self.warnings.push(Warning::new(WarningKind::File, key, message));
    }
}

impl Segment {
    /// True for a data extension that takes the overflow of an area. The last two names are those of NITF 2.0.
    pub(super) fn holds_overflow(&self) -> bool {
        let id = text(&self.subheader, "DESID");
        self.kind == Kind::Data
            && (id == "TRE_OVERFLOW"
                || (matches!(id, "Registered Extensions" | "Controlled Extensions")
                    && self.subheader.text("DESOFLW").is_some_and(|area| !area.is_empty())))
    }

    /// The segment's key in a dataset.
    pub(super) fn key(&self) -> String {
        format!("{}:{}", self.kind.name(), self.ordinal)
    }

    /// The text of a field by its name in NITF 2.1, or by its name in NITF 2.0.
    pub(super) fn text(&self, name: &str) -> &str {
        text(&self.subheader, name)
    }
}

impl Entry {
    fn key(&self) -> String {
        format!("{}:{}", self.kind.name(), self.ordinal)
    }
}

/// A note on a segment that is marked as encrypted, which no version supports (2500C Table A-1).
fn encryption(record: &Record) -> Option<String> {
    let value = record.text("ENCRYP").unwrap_or("0");
    (!matches!(value, "0" | "")).then(|| format!("ENCRYP is {value:?}: encrypted content cannot be read"))
}

/// The file header, its bytes, and a note on the part that could not be read.
fn read_header(file: &mut Lookahead<'_>, version: Version) -> Result<(Record, Vec<u8>, Option<String>)> {
    let most = file.size().min(MAX_HEADER);
    let mut length = 4096;
    loop {
        let bytes = file.up_to(0, length)?;
        match read(version.file_header(), bytes) {
            Ok((record, used)) => return Ok((record, bytes[..used].to_vec(), None)),
            Err(error) if length >= most => {
                let recovered = RECOVERED.iter().find_map(|field| recover_header(version, field, bytes, &error));
                return recovered.ok_or_else(|| shifted(error, 0).segment(FILE));
            }
            // The header may be longer than the bytes read so far.
            Err(_) => length = (length * 8).min(most),
        }
    }
}

/// The part of a file header before a field that cannot be read. If the field is a count of segments, the segments listed
/// before it are accepted only if the first of them is where HL puts it: otherwise the lengths may be wrong as well.
fn recover_header(
    version: Version,
    field: &str,
    bytes: &[u8],
    error: &Error,
) -> Option<(Record, Vec<u8>, Option<String>)> {
    let (record, used) = read_before(version.file_header(), field, bytes)?;
    let length = known(&record, "HL").and_then(|length| usize::try_from(length).ok());
    // A header that ends beyond the file lacks too much.
    if length.is_some_and(|length| length > bytes.len()) {
        return None;
    }
    let end = length.filter(|end| (used..=bytes.len()).contains(end));
    if field.starts_with("NUM") {
        let listed =
            |kind: &&Kind| matches!(record.get(kind.names()[0]), Some(FieldData::Group(list)) if !list.is_empty());
        let first = Kind::ALL.iter().find(listed)?;
        if !bytes.get(end?..)?.starts_with(first.marker()) {
            return None;
        }
    }
    let note =
        format!("the header cannot be read from {field} on, and segments that it may list there are left out: {error}");
    // The bytes of the header keep the part that cannot be read.
    Some((record, bytes[..end.unwrap_or(used)].to_vec(), Some(note)))
}
