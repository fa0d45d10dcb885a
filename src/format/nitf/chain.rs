//! Large images that are split by rows into several segments (SICD NGA.STND.0024-2, SIDD NGA.STND.0025-2 §2.4.2).

use super::ic::Ic;
use super::kind::Kind;
use super::segments::Segment;

/// Fields that the segments of an image have in common.
const COMMON: [&str; 11] =
    ["NCOLS", "NBANDS", "XBANDS", "PVTYPE", "NBPP", "ABPP", "PJUST", "IREP", "ICAT", "IMODE", "IC"];

/// The split images: for each, the positions in `segments` of its two or more parts, from the first row down.
///
/// The rule is strict, so that images that merely lie below each other stay separate. Parts follow each other and are alike in
/// everything but their rows. Each is attached to the one before and begins on the row after it. All but the last have the same
/// number of rows. Their identifiers are equal or count up.
pub(super) fn chains(segments: &[Segment]) -> Vec<Vec<usize>> {
    let mut chains = Vec::new();
    let mut chain: Vec<usize> = Vec::new();
    for position in 0..segments.len() {
        if let Some(first) = chain.first()
            && chain.last().is_some_and(|last| follows(&segments[*first], &segments[*last], &segments[position]))
        {
            chain.push(position);
            continue;
        }
        chains.extend((chain.len() > 1).then(|| std::mem::take(&mut chain)));
        chain.clear();
        if begins(&segments[position]) {
            chain.push(position);
        }
    }
    chains.extend((chain.len() > 1).then_some(chain));
    chains
}

/// True if a segment may be the first part of an image. Parts that cannot be decoded stay separate, as each can be copied.
fn begins(segment: &Segment) -> bool {
    segment.kind == Kind::Image
        && Ic::from_code(segment.text("IC")).is_some_and(|ic| ic.is_decoded)
        && number(segment, "IALVL") == Some(0)
}

/// True if `next` is the part after `last` of the image that begins with `first`.
fn follows(first: &Segment, last: &Segment, next: &Segment) -> bool {
    next.kind == Kind::Image
        && next.ordinal == last.ordinal + 1
        && COMMON.iter().all(|field| next.text(field) == first.text(field))
        && next.text("IMAG") == first.text("IMAG")
        && next.subheader.get("BAND_INFO") == first.subheader.get("BAND_INFO")
        && rows_follow(first, last, next).unwrap_or(false)
        && is_attached(last, next).unwrap_or(false)
        && names_follow(last.text("IID1"), next.text("IID1"))
}

/// True if all parts but the last have the rows of the first, in whole blocks of the same size.
fn rows_follow(first: &Segment, last: &Segment, next: &Segment) -> Option<bool> {
    let [rows, last_rows, next_rows] = [first, last, next].map(|segment| number(segment, "NROWS"));
    let (rows, next_rows) = (rows?, next_rows?);
    let height = block_side(first, "NPPBV", "NROWS")?;
    let next_height = block_side(next, "NPPBV", "NROWS")?;
    Some(
        last_rows? == rows
            && next_rows <= rows
            && rows.checked_rem(height)? == 0
            && block_side(next, "NPPBH", "NCOLS")? == block_side(first, "NPPBH", "NCOLS")?
            && (next_height == height || (next_rows < rows && next_height < height)),
    )
}

/// The side of a block; 0000 means the whole image.
fn block_side(segment: &Segment, block: &str, image: &str) -> Option<i128> {
    match number(segment, block)? {
        0 => number(segment, image),
        side => Some(side),
    }
}

/// True if the part is attached to the one before and begins on the row after it.
fn is_attached(last: &Segment, next: &Segment) -> Option<bool> {
    let level = number(last, "IDLVL")?;
    let (row, column) = next.text("ILOC").split_at_checked(5)?;
    Some(
        number(next, "IALVL")? == level
            && number(next, "IDLVL")? == level + 1
            && row.parse::<i128>().ok()? == number(last, "NROWS")?
            && column.parse::<i128>().ok()? == 0,
    )
}

/// True if the identifiers are equal, or end in numbers that count up.
fn names_follow(last: &str, next: &str) -> bool {
    let split = |name: &'_ str| name.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    let (stem, number) = last.split_at(split(last));
    let (next_stem, next_number) = next.split_at(split(next));
    last == next
        || (stem == next_stem
            && number.len() == next_number.len()
            && number.parse::<u64>().is_ok_and(|number| next_number.parse() == Ok(number + 1)))
}

fn number(segment: &Segment, field: &str) -> Option<i128> {
    segment.subheader.int(field)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Record;

    /// A part with the given fields in place of the usual ones.
    fn part(ordinal: usize, changes: &[(&str, &str)]) -> Segment {
        let mut record: Record = [
            ("IID1", format!("SICD{:03}", ordinal + 1)),
            ("NROWS", "00000100".to_owned()),
            ("NCOLS", "00000050".to_owned()),
            ("PVTYPE", "INT".to_owned()),
            ("IC", "NC".to_owned()),
            ("NBANDS", "2".to_owned()),
            ("IMODE", "P".to_owned()),
            ("NPPBH", "0050".to_owned()),
            ("NPPBV", "0100".to_owned()),
            ("IDLVL", format!("{:03}", ordinal + 1)),
            ("IALVL", format!("{ordinal:03}")),
            ("ILOC", if ordinal == 0 { "0000000000" } else { "0010000000" }.to_owned()),
        ]
        .into_iter()
        .collect();
        for (name, value) in changes {
            record.set(*name, *value);
        }
        Segment { kind: Kind::Image, ordinal, subheader: record, raw: Vec::new(), data: 0, data_length: 0 }
    }

    #[test]
    fn parts_of_one_image_are_found() {
        let last = part(2, &[("NROWS", "00000030"), ("NPPBV", "0030")]);
        let parts = [part(0, &[]), part(1, &[]), last];
        assert_eq!(chains(&parts), [vec![0, 1, 2]]);
        // Unblocked, with more rows than a block may have.
        let unblocked = [("NPPBV", "0000"), ("NPPBH", "0000"), ("IID1", "SAME")];
        assert_eq!(chains(&[part(0, &unblocked), part(1, &unblocked)]), [vec![0, 1]]);
        // Blocked, the last with fewer rows.
        let blocks = [("NPPBV", "0020")];
        let last = part(1, &[("NPPBV", "0020"), ("NROWS", "00000007")]);
        assert_eq!(chains(&[part(0, &blocks), last]), [vec![0, 1]]);
        // Two images one after the other, and segments that belong to neither.
        let second = part(2, &[("IALVL", "000"), ("ILOC", "0000000000"), ("IID1", "SICD001")]);
        let mut text = part(4, &[]);
        text.kind = Kind::Text;
        let file = [part(0, &[]), part(1, &[]), second, part(3, &[("IID1", "SICD002")]), text];
        assert_eq!(chains(&file), [vec![0, 1], vec![2, 3]]);
        assert!(chains(&[]).is_empty());
    }

    #[test]
    fn what_breaks_the_rule_is_not_joined() {
        for change in [
            ("NCOLS", "00000051"),
            ("NBANDS", "3"),
            ("PVTYPE", "SI"),
            ("IC", "NM"),
            ("IMODE", "B"),
            ("IREP", "MONO"),
            ("NROWS", "00000101"),
            ("NPPBH", "0025"),
            ("NPPBV", "0050"),
            ("IDLVL", "003"),
            ("IALVL", "000"),
            ("ILOC", "0010000001"),
            ("ILOC", "0009900000"),
            ("ILOC", "100"),
            ("IID1", "SICD003"),
            ("IID1", "SIDD002"),
            ("IID1", "SICD2"),
            ("BAND_INFO", "x"),
            ("NROWS", "x"),
        ] {
            assert!(chains(&[part(0, &[]), part(1, &[change])]).is_empty(), "{change:?}");
        }
        let compressed = [("IC", "C7")];
        assert!(chains(&[part(0, &compressed), part(1, &compressed)]).is_empty());
        // Nothing follows a part with fewer rows, or one whose rows are not whole blocks.
        let short = [("NROWS", "00000030")];
        let rows = [("ILOC", "0003000000"), ("NROWS", "00000030")];
        assert_eq!(chains(&[part(0, &[]), part(1, &short), part(2, &rows)]), [vec![0, 1]]);
        let odd = [("NPPBV", "0030")];
        assert!(chains(&[part(0, &odd), part(1, &odd)]).is_empty());
        // A segment that cannot be read breaks the chain.
        assert!(chains(&[part(0, &[]), part(2, &[("IALVL", "001"), ("IID1", "SICD002")])]).is_empty());
    }
}
