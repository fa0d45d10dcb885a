//! The time that new files carry: the system's, or that of `SOURCE_DATE_EPOCH`, for reproducible builds.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::error::{Error, Result};
use crate::schema::datetime_of;

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
