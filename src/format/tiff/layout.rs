//! Directories as bytes: entries, values, and the choice between TIFF and BigTIFF (TIFF 6.0 §2, BigTIFF).
//!
//! The choice is made after everything else is written. Every file reserves room for the longer header at its start; a file
//! that ends below 4 GiB gets the shorter one. BigTIFF is thus never chosen too late, and never needlessly. A file whose
//! directories come first (`cog.rs`) makes the same choice from the size of all its blocks.

use super::field::{Field, FieldType, FieldValue};
use crate::error::{Error, Result};
use crate::io::ByteOrder;

/// The byte order of written files.
pub(super) const BYTE_ORDER: ByteOrder = ByteOrder::Little;

/// Bytes reserved for the header: as many as a BigTIFF needs.
pub(super) const HEADER_BYTES: u64 = 16;

/// The end of a file: its directories, and the header that leads to them.
pub(super) struct FileEnd {
    /// The bytes after the last block.
    pub(super) bytes: Vec<u8>,
    /// The bytes at offset 0.
    pub(super) header: Vec<u8>,
}

/// The form of offsets and counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Classic,
    Big,
}

/// The largest offset of a classic TIFF.
pub(super) const LARGEST_OFFSET: u64 = u32::MAX as u64;

/// Lays out the directories, each with its fields in ascending order, after the first `end` bytes of the file.
///
/// # Errors
/// [`Error::Usage`] if a directory has more fields than TIFF can count.
pub(super) fn lay_out(directories: &[Vec<Field>], end: u64) -> Result<FileEnd> {
    check_counts(directories)?;
    let needs_big = directories.iter().flatten().any(is_wide);
    let classic = (!needs_big && end <= LARGEST_OFFSET).then(|| Kind::Classic.lay_out(directories, end));
    let fits = |file: &FileEnd| end + file.bytes.len() as u64 <= LARGEST_OFFSET;
    Ok(classic.filter(fits).unwrap_or_else(|| Kind::Big.lay_out(directories, end)))
}

/// # Errors
/// [`Error::Usage`] if a directory has more fields than TIFF can count.
pub(super) fn check_counts(directories: &[Vec<Field>]) -> Result<()> {
    match directories.iter().map(Vec::len).find(|fields| *fields > usize::from(u16::MAX)) {
        Some(large) => {
            Err(Error::usage("number of tags of an image:").found(large).allowed(format!("at most {}", u16::MAX)))
        }
        None => Ok(()),
    }
}

/// True for a field that only BigTIFF has.
pub(super) fn is_wide(field: &Field) -> bool {
    let is_nested = || matches!(&field.value, FieldValue::Directory(fields) if fields.iter().any(is_wide));
    matches!(field.kind, FieldType::Long8 | FieldType::SLong8 | FieldType::Ifd8) || is_nested()
}

impl Kind {
    fn lay_out(self, directories: &[Vec<Field>], end: u64) -> FileEnd {
        let unit = if self == Self::Classic { 2 } else { 8 };
        let start = end.next_multiple_of(unit);
        let mut bytes = vec![0; (start - end) as usize];
        bytes.extend(Chain { kind: self, unit, apart: &[] }.bytes(directories, start));
        let mut header = self.header();
        self.put(&mut header, start);
        FileEnd { bytes, header }
    }

    /// Bytes of a directory without values that do not fit into their entries, up to where those may begin.
    fn directory_bytes(self, fields: &[Field]) -> u64 {
        let bytes = match self {
            Self::Classic => 2 + 12 * fields.len() + 4,
            Self::Big => 8 + 20 * fields.len() + 8,
        };
        bytes as u64
    }

    /// Bytes of the header.
    pub(super) fn header_bytes(self) -> u64 {
        if self == Self::Classic { 8 } else { HEADER_BYTES }
    }

    /// The header without the offset of the first directory.
    pub(super) fn header(self) -> Vec<u8> {
        let order = if BYTE_ORDER == ByteOrder::Little { b"II" } else { b"MM" };
        let mut header = order.to_vec();
        match self {
            Self::Classic => header.extend(BYTE_ORDER.put_u16(42)),
            Self::Big => [43, 8, 0].iter().for_each(|number| header.extend(BYTE_ORDER.put_u16(*number))),
        }
        header
    }

    pub(super) fn put(self, out: &mut Vec<u8>, number: u64) {
        match self {
            Self::Classic => out.extend(BYTE_ORDER.put_u32(number as u32)),
            Self::Big => out.extend(BYTE_ORDER.put_u64(number)),
        }
    }

    /// Most bytes of a value that fits into its entry.
    fn word(self) -> usize {
        if self == Self::Classic { 4 } else { 8 }
    }
}

/// How the directories of a file follow one another.
pub(super) struct Chain<'a> {
    pub(super) kind: Kind,
    /// Directories and values begin at multiples of this.
    pub(super) unit: u64,
    /// Tags whose long values follow the last directory instead of their own.
    pub(super) apart: &'a [u16],
}

impl Chain<'_> {
    /// The directories, each with its fields in ascending order, as bytes that begin at offset `start`.
    pub(super) fn bytes(&self, directories: &[Vec<Field>], start: u64) -> Vec<u8> {
        let apart = directories.iter().fold(start, |at, fields| self.end(fields, at));
        let (mut bytes, mut last) = (Vec::new(), Vec::new());
        for (number, fields) in directories.iter().enumerate() {
            let at = start + bytes.len() as u64;
            let values = self.values_from(fields, at);
            let mut further = Vec::new();
            match self.kind {
                Kind::Classic => bytes.extend(BYTE_ORDER.put_u16(fields.len() as u16)),
                Kind::Big => bytes.extend(BYTE_ORDER.put_u64(fields.len() as u64)),
            }
            for field in fields {
                let is_apart = self.apart.contains(&field.tag);
                let (place, out) = if is_apart { (apart, &mut last) } else { (values, &mut further) };
                self.entry(field, place, &mut bytes, out);
            }
            let next = if number + 1 < directories.len() { self.end(fields, at) } else { 0 };
            self.kind.put(&mut bytes, next);
            bytes.resize((values - start) as usize, 0);
            bytes.extend(further);
        }
        bytes.extend(last);
        bytes
    }

    /// Writes an entry. A value that does not fit into it is appended to `further`, which begins at offset `values`.
    fn entry(&self, field: &Field, values: u64, out: &mut Vec<u8>, further: &mut Vec<u8>) {
        let place = values + further.len() as u64;
        let (kind, mut value) = match &field.value {
            FieldValue::Directory(fields) => {
                further.extend(self.nested().bytes(std::slice::from_ref(fields), place));
                let kind = if self.kind == Kind::Classic { FieldType::Long } else { FieldType::Long8 };
                let mut offset = Vec::new();
                self.kind.put(&mut offset, place);
                (kind, offset)
            }
            _ => (field.kind, field.to_bytes(BYTE_ORDER)),
        };
        out.extend(BYTE_ORDER.put_u16(field.tag));
        out.extend(BYTE_ORDER.put_u16(kind.code()));
        self.kind.put(out, field.value.count() as u64);
        if value.len() <= self.kind.word() {
            value.resize(self.kind.word(), 0);
            out.extend(value);
        } else {
            self.kind.put(out, place);
            let end = (place + value.len() as u64).next_multiple_of(self.unit);
            further.extend(value);
            further.resize((end - values) as usize, 0);
        }
    }

    /// The end of a directory that begins at `at`, with the values that follow it.
    fn end(&self, fields: &[Field], at: u64) -> u64 {
        let values = fields.iter().filter(|field| !self.apart.contains(&field.tag));
        values.fold(self.values_from(fields, at), |at, field| match &field.value {
            FieldValue::Directory(fields) => self.nested().end(fields, at),
            value => {
                let length = (value.count() * field.kind.bytes()) as u64;
                if length > self.kind.word() as u64 { (at + length).next_multiple_of(self.unit) } else { at }
            }
        })
    }

    /// The layout of a directory inside a field.
    fn nested(&self) -> Chain<'static> {
        Chain { kind: self.kind, unit: self.unit, apart: &[] }
    }

    /// Where the values of a directory that begins at `at` may begin.
    fn values_from(&self, fields: &[Field], at: u64) -> u64 {
        (at + self.kind.directory_bytes(fields)).next_multiple_of(self.unit)
    }
}

#[cfg(test)]
mod tests {
    use super::super::field::FieldValue;
    use super::*;

    fn field(tag: u16, kind: FieldType, values: &[u64]) -> Field {
        Field { tag, kind, value: FieldValue::Unsigned(values.to_vec()) }
    }

    #[test]
    fn a_small_file_is_classic_and_every_byte_lies_where_the_standard_requires() {
        let fields = vec![
            field(256, FieldType::Short, &[7]),
            field(258, FieldType::Short, &[8, 8, 8]),
            field(273, FieldType::Long, &[16]),
        ];
        let file = lay_out(&[fields.clone(), fields], 17).unwrap();
        assert_eq!(file.header, [b'I', b'I', 42, 0, 18, 0, 0, 0]);
        let first = [
            &[0u8][..],
            &[3, 0],
            &[0, 1, 3, 0, 1, 0, 0, 0, 7, 0, 0, 0],
            &[2, 1, 3, 0, 3, 0, 0, 0, 60, 0, 0, 0],
            &[17, 1, 4, 0, 1, 0, 0, 0, 16, 0, 0, 0],
            &[66, 0, 0, 0],
            &[8, 0, 8, 0, 8, 0],
        ];
        assert_eq!(file.bytes[..49], first.concat());
        assert_eq!(file.bytes[49 + 2 + 36..][..4], [0, 0, 0, 0]);
        assert_eq!(file.bytes.len(), 1 + 2 * 48);
    }

    #[test]
    fn big_is_what_does_not_fit_below_4_gib_or_has_64_bit_numbers() {
        let small = vec![vec![field(256, FieldType::Short, &[7])]];
        let is_big = |directories: &[Vec<Field>], end| lay_out(directories, end).unwrap().header[2] == 43;
        // One directory of one entry is 2 + 12 + 4 bytes.
        assert!(!is_big(&small, LARGEST_OFFSET - 19));
        assert!(is_big(&small, LARGEST_OFFSET - 17));
        assert!(is_big(&small, 1 << 40));
        assert!(is_big(&[vec![field(65_000, FieldType::Long8, &[1])]], 16));
    }

    #[test]
    fn a_big_file_aligns_to_8_bytes() {
        let fields = vec![field(258, FieldType::Short, &[8; 5]), field(324, FieldType::Long8, &[1 << 40, 2])];
        let file = lay_out(&[fields], (1 << 40) + 3).unwrap();
        assert_eq!(file.header[..8], [b'I', b'I', 43, 0, 8, 0, 0, 0]);
        assert_eq!(file.header[8..], ((1u64 << 40) + 8).to_le_bytes());
        let entries = &file.bytes[5 + 8..];
        assert_eq!(entries[12..20], ((1u64 << 40) + 8 + 56).to_le_bytes());
        assert_eq!(entries[32..40], ((1u64 << 40) + 8 + 56 + 16).to_le_bytes());
        assert_eq!(file.bytes.len(), 5 + 56 + 16 + 16);
    }
}
