//! One error type. Its kind states what the caller can do; its context states where and why.

use std::borrow::Cow;
use std::fmt;
use std::path::{Path, PathBuf};

/// The result of every fallible operation of the crate.
pub type Result<T> = std::result::Result<T, Error>;

/// What went wrong, classified by what the caller can do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The input violates its standard.
    #[error("{}malformed {}", prefix(.0.path.as_deref()), .0)]
    Malformed(Box<Detail>),
    /// The input or the request is valid, but this crate does not implement it.
    #[error("{}unsupported {}", prefix(.0.path.as_deref()), .0)]
    Unsupported(Box<Detail>),
    /// A configured limit would be exceeded.
    #[error(
        "{}{what} would need {needed} bytes, the limit is {allowed}{}",
        prefix(.path.as_deref()),
        knob.map(|knob| format!("; raise it with `{knob}`")).unwrap_or_default()
    )]
    Limit {
        /// What would be allocated.
        what: Cow<'static, str>,
        /// Bytes it would need.
        needed: u64,
        /// Bytes the limit allows.
        allowed: u64,
        /// The option that raises the limit, if there is one in every language.
        knob: Option<&'static str>,
        /// The file, if it is known.
        path: Option<PathBuf>,
    },
    /// A wrong call or option.
    #[error("{0}")]
    Usage(Box<Detail>),
    /// An index, window, band or level outside the valid range.
    #[error("{}", .0.text(" out of range"))]
    OutOfRange(Box<Detail>),
    /// A key that does not name an asset.
    #[error("no asset {key:?}; available: {}", list(.available))]
    AssetNotFound {
        /// The requested key.
        key: String,
        /// The available keys.
        available: Vec<String>,
    },
    /// The operating system reported an error.
    #[error("{}{source}", prefix(.path.as_deref()))]
    Io {
        /// The file, if there is one.
        path: Option<PathBuf>,
        /// The error of the operating system.
        source: std::io::Error,
    },
    /// Raised by a caller's provider, stream or callback; the original error is the source.
    #[error("{origin} failed: {source}")]
    External {
        /// The code that raised it, e.g. `get_block(3, 4)`.
        origin: Cow<'static, str>,
        /// The original error.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The caller's progress callback or signal requested a stop.
    #[error("cancelled by the caller")]
    Cancelled,
    /// A worker panicked. This is a defect of the library; the panic is contained.
    #[error("internal error in a worker: {0}")]
    Panic(String),
}

/// The context of an error: subject, place, value found, values allowed.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Detail {
    /// What is wrong, e.g. `strip byte count`.
    pub subject: Cow<'static, str>,
    /// The field, tag or argument.
    pub field: Option<String>,
    /// The segment or directory.
    pub segment: Option<String>,
    /// Byte offset in the input.
    pub offset: Option<u64>,
    /// The value found.
    pub found: Option<String>,
    /// The values allowed.
    pub allowed: Option<String>,
    /// The file, if it is known.
    pub path: Option<PathBuf>,
}

impl Error {
    /// The input violates its standard: `subject` names the structure or rule.
    pub fn malformed(subject: impl Into<Cow<'static, str>>) -> Self {
        Self::Malformed(Detail::boxed(subject))
    }

    /// The input or the request is valid, but this crate does not implement it.
    pub fn unsupported(subject: impl Into<Cow<'static, str>>) -> Self {
        Self::Unsupported(Detail::boxed(subject))
    }

    /// A wrong call or option.
    pub fn usage(subject: impl Into<Cow<'static, str>>) -> Self {
        Self::Usage(Detail::boxed(subject))
    }

    /// An index outside the valid range.
    pub fn out_of_range(subject: impl Into<Cow<'static, str>>) -> Self {
        Self::OutOfRange(Detail::boxed(subject))
    }

    /// A system error on the file `path`.
    pub fn io(path: impl AsRef<Path>, source: std::io::Error) -> Self {
        Self::Io { path: Some(path.as_ref().to_path_buf()), source }
    }

    /// An error raised by the caller's code.
    pub fn external(
        origin: impl Into<Cow<'static, str>>,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::External { origin: origin.into(), source: source.into() }
    }

    /// Adds the field, tag or argument the error is about.
    #[must_use]
    pub fn field(self, field: impl fmt::Display) -> Self {
        self.with(|detail| detail.field = Some(field.to_string()))
    }

    /// Adds the segment or directory the error is in.
    #[must_use]
    pub fn segment(self, segment: impl fmt::Display) -> Self {
        self.with(|detail| detail.segment = Some(segment.to_string()))
    }

    /// Adds the byte offset in the input.
    #[must_use]
    pub fn at(self, offset: u64) -> Self {
        self.with(|detail| detail.offset = Some(offset))
    }

    /// Adds the value found.
    #[must_use]
    pub fn found(self, found: impl fmt::Display) -> Self {
        self.with(|detail| detail.found = Some(found.to_string()))
    }

    /// Adds the values allowed.
    #[must_use]
    pub fn allowed(self, allowed: impl fmt::Display) -> Self {
        self.with(|detail| detail.allowed = Some(allowed.to_string()))
    }

    /// The context, if errors of this kind have one.
    pub(crate) fn detail(&self) -> Option<&Detail> {
        match self {
            Self::Malformed(detail) | Self::Unsupported(detail) | Self::Usage(detail) | Self::OutOfRange(detail) => {
                Some(detail)
            }
            _ => None,
        }
    }

    /// Adds the file that the error is about, if it is an error of a file and names none yet.
    #[must_use]
    pub(crate) fn in_file(mut self, file: Option<&Path>) -> Self {
        if let Self::Malformed(detail) | Self::Unsupported(detail) = &mut self {
            detail.path = detail.path.take().or_else(|| file.map(Path::to_path_buf));
        } else if let Self::Limit { path, .. } = &mut self {
            *path = path.take().or_else(|| file.map(Path::to_path_buf));
        }
        self
    }

    /// The file that the error is about, if it is known.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Malformed(detail) | Self::Unsupported(detail) => detail.path.as_deref(),
            Self::Limit { path, .. } | Self::Io { path, .. } => path.as_deref(),
            _ => None,
        }
    }

    fn with(mut self, change: impl FnOnce(&mut Detail)) -> Self {
        if let Self::Malformed(detail) | Self::Unsupported(detail) | Self::Usage(detail) | Self::OutOfRange(detail) =
            &mut self
        {
            change(detail);
        }
        self
    }
}

impl From<std::io::Error> for Error {
    fn from(source: std::io::Error) -> Self {
        Self::Io { path: None, source }
    }
}

impl Detail {
    fn boxed(subject: impl Into<Cow<'static, str>>) -> Box<Self> {
        Box::new(Self { subject: subject.into(), ..Self::default() })
    }

    /// The message, with `fault` after the subject and the field.
    fn text(&self, fault: &str) -> String {
        let field = self.field.as_ref().map(|field| format!(" {field}")).unwrap_or_default();
        let subject = format!("{}{field}{fault}", self.subject);
        // A subject may already end in a colon.
        let colon = if self.field.is_none() && subject.ends_with(':') { "" } else { ":" };
        let values = match (&self.found, &self.allowed) {
            (Some(found), Some(allowed)) => format!("{colon} got {}, expected {allowed}", beginning(found)),
            (Some(found), None) => format!("{colon} {found}"),
            (None, Some(allowed)) => format!("{colon} expected {allowed}"),
            (None, None) => String::new(),
        };
        let segment = self.segment.as_ref().map(|segment| format!(" in {segment}")).unwrap_or_default();
        let offset = self.offset.map(|offset| format!(" at byte {offset}")).unwrap_or_default();
        format!("{subject}{values}{segment}{offset}")
    }
}

impl fmt::Display for Detail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text(""))
    }
}

/// The beginning of the text of a value: a reference system as WKT or a table of numbers would fill pages.
fn beginning(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let end = line.char_indices().nth(LONGEST_VALUE).map_or(line.len(), |(end, _)| end);
    if end < text.len() { format!("{}…", &line[..end]) } else { text.to_owned() }
}

/// The characters of a value in a message.
const LONGEST_VALUE: usize = 200;

/// The known name nearest to `name` by edit distance, ignoring case: for "did you mean" in messages about options.
pub(crate) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = name.to_ascii_lowercase();
    known
        .into_iter()
        .map(|candidate| (edit_distance(&wanted, &candidate.to_ascii_lowercase()), candidate))
        .min()
        .filter(|(distance, _)| *distance <= wanted.len().max(3) / 2)
        .map(|(_, candidate)| candidate)
}

fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let substitute = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = substitute.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

fn list(keys: &[String]) -> String {
    if keys.is_empty() { "none".to_owned() } else { keys.join(", ") }
}

fn prefix(path: Option<&Path>) -> String {
    path.map(|path| format!("{}: ", path.display())).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_has_the_place_the_value_and_the_allowed_values() {
        let error =
            Error::malformed("tag").field("TileWidth").found(17).allowed("multiple of 16").segment("IFD 0").at(42);
        assert_eq!(error.to_string(), "malformed tag TileWidth: got 17, expected multiple of 16 in IFD 0 at byte 42");
    }

    #[test]
    fn a_message_has_the_beginning_of_a_long_value() {
        let text = |found: &str| Error::usage("crs:").found(found).allowed("a code").to_string();
        assert_eq!(text("GEOGCS[\n  DATUM"), "crs: got GEOGCS[…, expected a code");
        assert_eq!(text(&"é".repeat(5000)), format!("crs: got {}…, expected a code", "é".repeat(LONGEST_VALUE)));
        assert_eq!(
            text(&"é".repeat(LONGEST_VALUE)),
            format!("crs: got {}, expected a code", "é".repeat(LONGEST_VALUE))
        );
    }

    #[test]
    fn a_message_names_the_range_before_the_values() {
        let error = Error::out_of_range("band").found(7).allowed("0 to 2");
        assert_eq!(error.to_string(), "band out of range: got 7, expected 0 to 2");
        assert_eq!(Error::out_of_range("resolution level").found(3).to_string(), "resolution level out of range: 3");
    }

    #[test]
    fn a_subject_that_ends_in_a_colon_gets_no_second_one() {
        assert_eq!(Error::usage("asset is not an image:").found("text:0").to_string(), "asset is not an image: text:0");
        assert_eq!(Error::usage("wrong value of").field("rows").found(0).to_string(), "wrong value of rows: 0");
    }

    #[test]
    fn errors_of_a_file_name_it_once() {
        let (file, other) = (Path::new("a.tif"), Path::new("b.tif"));
        let error = Error::malformed("tag").in_file(Some(file)).in_file(Some(other)).in_file(None);
        assert_eq!((error.to_string().as_str(), error.path()), ("a.tif: malformed tag", Some(file)));
        assert_eq!(Error::usage("mode").in_file(Some(file)).path(), None);
        let limit = |knob| Error::Limit { what: "image".into(), needed: 9, allowed: 5, knob, path: None };
        let text = "a.tif: image would need 9 bytes, the limit is 5; raise it with `max_bytes`";
        assert_eq!(limit(Some("max_bytes")).in_file(Some(file)).to_string(), text);
        assert_eq!(limit(None).to_string(), "image would need 9 bytes, the limit is 5");
    }

    #[test]
    fn nearest_finds_a_misspelling_and_nothing_far_away() {
        let known = ["GeoModelType", "GeoRasterType", "GeoProjectedCRS"];
        assert_eq!(nearest("georastertyp", known), Some("GeoRasterType"));
        assert_eq!(nearest("zzz", known), None);
    }
}
