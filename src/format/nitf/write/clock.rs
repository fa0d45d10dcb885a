//! The time that new files carry: the system's, or the one `SOURCE_DATE_EPOCH` says, so that builds can be repeated.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::error::{Error, Result};

/// The environment variable of <https://reproducible-builds.org/specs/source-date-epoch/>: seconds since 1970.
const VARIABLE: &str = "SOURCE_DATE_EPOCH";

/// The last second of the year 9999, which is the last a field of fourteen digits can say.
const LAST: u64 = 253_402_300_799;

/// Now, as `CCYYMMDDhhmmss` in UTC.
///
/// # Errors
/// [`Error::Usage`] where the variable is no number of seconds.
pub(super) fn now() -> Result<String> {
    let seconds = match std::env::var(VARIABLE) {
        Ok(text) if !text.trim().is_empty() => {
            let seconds = text.trim().parse().ok().filter(|seconds| *seconds <= LAST);
            let wrong =
                || Error::usage("environment variable").field(VARIABLE).found(&text).allowed("seconds since 1970");
            seconds.ok_or_else(wrong)?
        }
        _ => SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs()),
    };
    Ok(format(seconds))
}

/// Seconds since 1970 as `CCYYMMDDhhmmss`.
fn format(seconds: u64) -> String {
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = civil(days);
    format!("{year:04}{month:02}{day:02}{:02}{:02}{:02}", rest / 3600, rest / 60 % 60, rest % 60)
}

/// The date of a day since 1970 in the Gregorian calendar, counted from 1 March of the year 0 in eras of 400 years.
fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let (year, month) = if month < 10 { (0, month + 3) } else { (1, month - 9) };
    (era * 400 + year_of_era + year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_become_dates() {
        for (seconds, text) in [
            (0, "19700101000000"),
            (951_782_399, "20000228235959"),
            (951_782_400, "20000229000000"),
            (1_078_099_199, "20040229235959"),
            (1_735_689_600, "20250101000000"),
            (4_107_542_400, "21000301000000"),
            (LAST, "99991231235959"),
        ] {
            assert_eq!(format(seconds), text);
        }
    }
}
