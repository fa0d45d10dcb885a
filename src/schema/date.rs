//! Times and dates of the NITF family, `CCYYMMDDhhmmss` and CCYYMMDD in UTC, and conversion of ISO 8601 text to them.

/// A time of fourteen characters: unchanged, completed with hyphens for unknown parts at the end, or converted from ISO 8601
/// (UTC without a zone; fractions of a second are dropped). `None` if the text is not a time.
pub(super) fn datetime(text: &str) -> Option<String> {
    let text = text.trim();
    let pairs = text.len() <= 14
        && text.len().is_multiple_of(2)
        && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    if pairs && !is_iso(text) {
        return Some(format!("{text:-<14}")).filter(|text| is_datetime(text));
    }
    let (day, time) = iso(text)?;
    let Some(time) = time else { return Some(format!("{}------", digits(day)?)) };
    datetime_of(seconds(day) + time)
}

/// A date of eight characters: unchanged, or converted from ISO 8601. `None` if the text is not a date.
pub(super) fn date(text: &str) -> Option<String> {
    let text = text.trim();
    if is_date(text) {
        return Some(text.to_owned());
    }
    datetime(text).map(|time| time[..8].to_owned()).filter(|date| is_date(date))
}

/// A time or a date in ISO 8601 as fourteen characters; a date is its midnight. `None` for any other text.
pub(crate) fn iso_datetime(text: &str) -> Option<String> {
    let (day, time) = iso(text.trim())?;
    datetime_of(seconds(day) + time.unwrap_or(0))
}

/// A time in seconds since 1970, UTC, as fourteen characters. `None` if the year does not have four digits.
pub(crate) fn datetime_of(seconds: i64) -> Option<String> {
    let (days, rest) = (seconds.div_euclid(DAY), seconds.rem_euclid(DAY));
    let (hours, minutes, seconds) = (rest / 3600, rest / 60 % 60, rest % 60);
    Some(format!("{}{hours:02}{minutes:02}{seconds:02}", digits(civil(days))?))
}

/// True for `CCYYMMDDhhmmss` of an existing time; `--` may replace any unknown pair.
pub(super) fn is_datetime(text: &str) -> bool {
    let Some(pairs) = pairs(text).filter(|pairs| pairs.len() == 7) else { return false };
    let within = |place: usize, low: u32, high: u32| pairs[place].is_none_or(|value| (low..=high).contains(&value));
    within(4, 0, 23) && within(5, 0, 59) && within(6, 0, 59) && is_day(pairs[0], pairs[1], pairs[2], pairs[3])
}

/// True for CCYYMMDD of an existing day.
pub(super) fn is_date(text: &str) -> bool {
    let pairs = pairs(text).filter(|pairs| pairs.len() == 4 && pairs.iter().all(Option::is_some));
    pairs.is_some_and(|pairs| is_day(pairs[0], pairs[1], pairs[2], pairs[3]))
}

/// The pairs of digits; `None` for each unknown one. `None` for text with other characters.
fn pairs(text: &str) -> Option<Vec<Option<u32>>> {
    let pair = |pair: &[u8]| match pair {
        b"--" => Some(None),
        [a, b] if a.is_ascii_digit() && b.is_ascii_digit() => {
            Some(Some(u32::from(a - b'0') * 10 + u32::from(b - b'0')))
        }
        _ => None,
    };
    text.as_bytes().chunks(2).map(pair).collect()
}

/// True if the month has that day; an unknown year may be a leap year.
fn is_day(century: Option<u32>, year: Option<u32>, month: Option<u32>, day: Option<u32>) -> bool {
    let leap = match (century, year) {
        (Some(century), Some(year)) => is_leap(i64::from(century * 100 + year)),
        _ => true,
    };
    let days = match month {
        Some(month @ 1..=12) => month_days(i64::from(month), leap),
        Some(_) => return false,
        None => 31,
    };
    day.is_none_or(|day| (1..=days).contains(&i64::from(day)))
}

fn is_leap(year: i64) -> bool {
    (year % 4 == 0 && year % 100 != 0) || year % 400 == 0
}

fn month_days(month: i64, leap: bool) -> i64 {
    match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

const DAY: i64 = 86_400;

/// Year, month and day.
type Day = (i64, i64, i64);

/// True for text that begins like an ISO 8601 date: `2024-05`. Pairs with hyphens for unknown ones have two of them.
fn is_iso(text: &str) -> bool {
    matches!(text.as_bytes(), [_, _, _, _, b'-', month, ..] if *month != b'-') && !text.starts_with('-')
}

/// The day and the time, if stated, of ISO 8601 text. The time is in seconds from midnight UTC.
fn iso(text: &str) -> Option<(Day, Option<i64>)> {
    let date = text.get(..10)?;
    let number = |text: &str| text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse::<i64>().ok()).flatten();
    let [year, month, day] = date.split('-').map(number).collect::<Option<Vec<_>>>()?.try_into().ok()?;
    let dashed = date.as_bytes()[4] == b'-' && date.as_bytes()[7] == b'-';
    let sound = dashed && (1..=12).contains(&month) && (1..=month_days(month, is_leap(year))).contains(&day);
    if !sound {
        return None;
    }
    let rest = &text[10..];
    if rest.is_empty() {
        return Some(((year, month, day), None));
    }
    let rest = rest.strip_prefix(['T', 't', ' '])?;
    let zone_at = rest.find(['Z', 'z', '+', '-']).unwrap_or(rest.len());
    let (clock, zone) = rest.split_at(zone_at);
    Some(((year, month, day), Some(clock_seconds(clock)? - zone_seconds(zone)?)))
}

/// `hh:mm`, `hh:mm:ss` or `hh:mm:ss.fff` in seconds.
fn clock_seconds(clock: &str) -> Option<i64> {
    let mut parts = clock.split(':');
    let mut part = |most: i64| -> Option<i64> {
        let text = parts.next()?;
        let whole = text.split_once('.').map_or(text, |(whole, _)| whole);
        let value = if whole.len() == 2 { whole.parse().ok()? } else { return None };
        (0..=most).contains(&value).then_some(value)
    };
    let (hours, minutes) = (part(23)?, part(59)?);
    let seconds = if clock.len() > 5 { part(59)? } else { 0 };
    parts.next().is_none().then_some(hours * 3600 + minutes * 60 + seconds)
}

/// `Z`, `+hh:mm`, `-hhmm` or an empty zone in seconds.
fn zone_seconds(zone: &str) -> Option<i64> {
    if zone.is_empty() || zone.eq_ignore_ascii_case("Z") {
        return Some(0);
    }
    let sign = if zone.starts_with('-') { -1 } else { 1 };
    let digits = zone[1..].replace(':', "");
    let (hours, minutes): (i64, i64) = match digits.len() {
        2 => (digits.parse().ok()?, 0),
        4 => (digits.get(..2)?.parse().ok()?, digits.get(2..)?.parse().ok()?),
        _ => return None,
    };
    ((0..24).contains(&hours) && (0..60).contains(&minutes)).then_some(sign * (hours * 3600 + minutes * 60))
}

/// Seconds from 1970 to the beginning of a day.
fn seconds((year, month, day): Day) -> i64 {
    // Years begin in March, so the leap day is the last day (the usual day count of the proleptic calendar).
    let (year, month) = if month < 3 { (year - 1, month + 9) } else { (year, month - 3) };
    let days =
        365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + (153 * month + 2) / 5 + day;
    (days - 719_469) * DAY
}

/// The day that begins this many days after 1970 began.
fn civil(days: i64) -> Day {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (year + era * 400 + next, month, day)
}

fn digits((year, month, day): Day) -> Option<String> {
    (0..=9999).contains(&year).then(|| format!("{year:04}{month:02}{day:02}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_become_times() {
        for (seconds, text) in [
            (0, Some("19700101000000")),
            (-1, Some("19691231235959")),
            (951_782_399, Some("20000228235959")),
            (951_782_400, Some("20000229000000")),
            (1_078_099_199, Some("20040229235959")),
            (1_735_689_600, Some("20250101000000")),
            (4_107_542_400, Some("21000301000000")),
            (253_402_300_799, Some("99991231235959")),
            (253_402_300_800, None),
            (i64::MAX, None),
        ] {
            assert_eq!(datetime_of(seconds).as_deref(), text);
        }
    }

    #[test]
    fn times_are_accepted_as_digits_and_as_iso_text() {
        let cases = [
            ("20240506070809", Some("20240506070809")),
            ("--------------", Some("--------------")),
            ("", Some("--------------")),
            ("20240506", Some("20240506------")),
            ("202405------", Some("202405--------")),
            ("20--0229------", Some("20--0229------")),
            ("2024-05-06", Some("20240506------")),
            ("2024-05-06T07:08:09+00:00", Some("20240506070809")),
            ("2024-05-06 07:08:09.75", Some("20240506070809")),
            ("2024-01-01T00:30:00+01:00", Some("20231231233000")),
            ("2024-02-28T23:59:59-0001", Some("20240229000059")),
            ("2024-05-06T07:08Z", Some("20240506070800")),
            ("20230229000000", None),
            ("2023-02-29", None),
            ("20241301000000", None),
            ("20240506240000", None),
            ("2024-05-06T07:08:09+99:00", None),
            ("2024-05-06T7:8", None),
            ("yesterday", None),
            ("2024050607080", None),
            ("é", None),
        ];
        for (text, expected) in cases {
            assert_eq!(datetime(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn dates_are_accepted_as_digits_and_as_iso_text() {
        let cases = [
            ("20240229", Some("20240229")),
            ("2024-02-29", Some("20240229")),
            ("2024-02-29T23:00:00-02:00", Some("20240301")),
            ("202402--", None),
            ("20240230", None),
        ];
        for (text, expected) in cases {
            assert_eq!(date(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn day_counts_are_inverse_over_four_centuries() {
        for days in -200_000..200_000 {
            assert_eq!(seconds(civil(days)), days * DAY);
        }
        assert_eq!(civil(0), (1970, 1, 1));
    }
}
