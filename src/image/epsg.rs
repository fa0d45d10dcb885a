//! Coordinate reference systems of the EPSG register: their kinds and parts.

mod kind;
mod table;

pub(crate) use self::kind::Kind;
use self::table::{COMPOUND, FLAT, RANGES};

/// The kind of a system that is not compound; `None` for any other code.
pub(crate) fn kind(code: u32) -> Option<Kind> {
    let code = u16::try_from(code).ok()?;
    let after = RANGES.partition_point(|(first, ..)| *first <= code);
    let (_, last, kind) = RANGES[..after].last()?;
    (code <= *last).then_some(*kind)
}

/// True for the code of a system of latitude and longitude.
pub(crate) fn is_geographic(code: i64) -> bool {
    u32::try_from(code).ok().and_then(kind).is_some_and(|kind| matches!(kind, Kind::Geographic | Kind::Geographic3D))
}

/// The horizontal and the vertical part of a system, if it has both; [`joined`] is the reverse.
pub(crate) fn parts(code: u32) -> Option<(u16, u16)> {
    let code = u16::try_from(code).ok()?;
    if let Ok(place) = FLAT.binary_search_by_key(&code, |(code, _)| *code) {
        return Some((FLAT[place].1, code));
    }
    let place = COMPOUND.binary_search_by_key(&code, |(code, ..)| *code).ok()?;
    let (_, horizontal, vertical) = COMPOUND[place];
    Some((horizontal, vertical))
}

/// The system with these parts: a compound one, or one with ellipsoidal height, which is its own vertical part (OGC
/// 19-008r4 §7.4.3 allows codes of three-dimensional geographic systems there, and GDAL reads and writes them).
pub(crate) fn joined(horizontal: u16, vertical: u16) -> Option<u16> {
    if FLAT.contains(&(vertical, horizontal)) {
        return Some(vertical);
    }
    COMPOUND.iter().find(|(_, h, v)| (*h, *v) == (horizontal, vertical)).map(|(code, ..)| *code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_the_kind_of_the_register() {
        let cases = [
            (4326, Some(Kind::Geographic)),
            (4979, Some(Kind::Geographic3D)),
            (4978, Some(Kind::Geocentric)),
            (32618, Some(Kind::Projected)),
            (3857, Some(Kind::Projected)),
            (5773, Some(Kind::Vertical)),
            (0, None),
            (1, None),
            (32767, None),
            (999_999, None),
        ];
        for (code, expected) in cases {
            assert_eq!(kind(code), expected, "{code}");
        }
    }

    #[test]
    fn a_compound_system_has_two_parts_and_is_found_by_them() {
        assert_eq!(parts(9707), Some((4326, 5773)));
        assert_eq!(joined(4326, 5773), Some(9707));
        assert_eq!(parts(4326), None);
        assert_eq!((parts(4979), joined(4326, 4979)), (Some((4326, 4979)), Some(4979)));
    }

    #[test]
    fn the_tables_are_ascending_without_overlap() {
        assert!(RANGES.windows(2).all(|pair| pair[0].1 < pair[1].0));
        assert!(RANGES.iter().all(|(first, last, _)| first <= last));
        assert!(COMPOUND.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert!(FLAT.windows(2).all(|pair| pair[0].0 < pair[1].0));
        for (spatial, flat) in FLAT {
            assert_eq!(kind(u32::from(*spatial)), Some(Kind::Geographic3D), "{spatial}");
            assert_eq!(kind(u32::from(*flat)), Some(Kind::Geographic), "{spatial}");
        }
        for (code, horizontal, vertical) in COMPOUND {
            assert!(matches!(kind(u32::from(*horizontal)), Some(Kind::Geographic | Kind::Projected)), "{code}");
            assert_eq!(kind(u32::from(*vertical)), Some(Kind::Vertical), "{code}");
        }
    }
}
