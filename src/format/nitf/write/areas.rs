//! TREs in the areas of headers, and their overflow into separate segments (2500C §5.8).

use super::super::areas::Area;
use super::super::tre::{Tre, TreBody, write_tres};
use crate::error::Result;
use crate::schema::Record;

/// Bytes of the overflow index at the beginning of an area.
const INDEX: usize = 3;

/// TREs that did not fit an area.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Overflow {
    pub(super) area: Area,
    pub(super) bytes: Vec<u8>,
}

impl Area {
    /// The offset of this area's overflow index in a header that ends with the areas `areas`.
    pub(super) fn index_offset(self, areas: &[Self], record: &Record, header_bytes: usize) -> usize {
        let mut end = header_bytes;
        for area in areas.iter().rev() {
            let length = record.int(area.length).unwrap_or(0) as usize;
            if *area == self {
                return end - length;
            }
            // The five digits of the length precede the area.
            end -= length + 5;
        }
        end
    }
}

/// Fills the areas of `record` with TREs: each goes to the area it came from, else to the last. From the first TRE that does
/// not fit its area on, the TREs of that area overflow, so that they stay in order. No TRE is cut.
///
/// # Errors
/// Any error of [`write_tres`].
pub(super) fn fill(
    record: &mut Record,
    tres: &[(Tre, Option<String>)],
    areas: &'static [Area],
) -> Result<Vec<Overflow>> {
    let mut overflows = Vec::new();
    for (place, area) in areas.iter().enumerate() {
        let is_last = place + 1 == areas.len();
        let mut bytes = Vec::new();
        let mut rest = Vec::new();
        for (tre, wanted) in tres {
            let here = match wanted.as_deref() {
                Some(name) if areas.iter().any(|area| area.name == name) => area.name == name,
                _ => is_last,
            };
            if !here {
                continue;
            }
            let encoded = encode(tre)?;
            if rest.is_empty() && INDEX + bytes.len() + encoded.len() <= area.most {
                bytes.extend(encoded);
            } else {
                rest.extend(encoded);
            }
        }
        for name in [area.name, area.length, area.index] {
            record.remove(name);
        }
        if !bytes.is_empty() || !rest.is_empty() {
            record.set(area.length, (INDEX + bytes.len()) as u64);
            record.set(area.name, bytes);
        }
        if !rest.is_empty() {
            overflows.push(Overflow { area: *area, bytes: rest });
        }
    }
    Ok(overflows)
}

/// The bytes of a TRE. An area that could not be read has no tag, and its bytes are kept.
fn encode(tre: &Tre) -> Result<Vec<u8>> {
    match &tre.body {
        TreBody::Bytes(bytes) if tre.tag.is_empty() => Ok(bytes.clone()),
        _ => write_tres(std::slice::from_ref(tre)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::areas::{IMAGE, TEXT};
    use super::*;

    fn tre(tag: &str, length: usize) -> Tre {
        Tre { tag: tag.to_owned(), body: TreBody::Bytes(vec![b'x'; length]) }
    }

    #[test]
    fn tres_stay_in_their_area_and_in_order() {
        let mut record = Record::new();
        let tres = [
            (tre("AAAAAA", 10), Some("UDID".to_owned())),
            (tre("BBBBBB", 99_000), None),
            (tre("CCCCCC", 2000), None),
            (tre("DDDDDD", 5), Some("IXSHD".to_owned())),
            (tre("EEEEEE", 7), Some("UDHD".to_owned())),
        ];
        let overflows = fill(&mut record, &tres, IMAGE).unwrap();
        assert_eq!((record.int("UDIDL"), record.int("IXSHDL")), (Some(24), Some(99_014)));
        assert_eq!(overflows.len(), 1);
        assert_eq!((overflows[0].area.name, overflows[0].bytes.len()), ("IXSHD", 2011 + 16 + 18));
        // … 00024 UDOFL UDID 99014 IXSOFL IXSHD
        let header = 200_000;
        assert_eq!(IMAGE[1].index_offset(IMAGE, &record, header), header - 99_014);
        assert_eq!(IMAGE[0].index_offset(IMAGE, &record, header + 99_014), header - 5 - 24);
    }

    #[test]
    fn an_area_may_hold_nothing_but_the_index_of_its_overflow() {
        let mut record = Record::new();
        let overflows = fill(&mut record, &[(tre("AAAAAA", 9800), None)], TEXT).unwrap();
        assert_eq!((record.int("TXSHDL"), overflows[0].bytes.len()), (Some(3), 9811));
    }
}
