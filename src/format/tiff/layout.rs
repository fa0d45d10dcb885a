//! Directories as bytes: entries, values, and the choice between TIFF and BigTIFF (TIFF 6.0 §2, BigTIFF).
//!
//! The choice is made after everything else is written. Every file reserves room for the longer header at its start; a file
//! that ends below 4 GiB gets the shorter one. BigTIFF is thus never chosen too late, and never needlessly.

use super::field::{Field, FieldType};
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
enum Kind {
    Classic,
    Big,
}

/// The largest offset of a classic TIFF.
const LARGEST_OFFSET: u64 = u32::MAX as u64;

/// Lays out the directories, each with its fields in ascending order, after the first `end` bytes of the file.
///
/// # Errors
/// [`Error::Usage`] if a directory has more fields than TIFF can count.
pub(super) fn lay_out(directories: &[Vec<Field>], end: u64) -> Result<FileEnd> {
    if let Some(large) = directories.iter().map(Vec::len).find(|fields| *fields > usize::from(u16::MAX)) {
        return Err(Error::usage("number of tags of an image:").found(large).allowed(format!("at most {}", u16::MAX)));
    }
    let wide = |kind| matches!(kind, FieldType::Long8 | FieldType::SLong8 | FieldType::Ifd8);
    let needs_big = directories.iter().flatten().any(|field| wide(field.kind));
    let classic = (!needs_big && end <= LARGEST_OFFSET).then(|| Kind::Classic.lay_out(directories, end));
    let fits = |file: &FileEnd| end + file.bytes.len() as u64 <= LARGEST_OFFSET;
    Ok(classic.filter(fits).unwrap_or_else(|| Kind::Big.lay_out(directories, end)))
}

impl Kind {
    fn lay_out(self, directories: &[Vec<Field>], end: u64) -> FileEnd {
        let mut bytes = Vec::new();
        let position = |bytes: &Vec<u8>| end + bytes.len() as u64;
        self.align(&mut bytes, end);
        let mut header = self.header();
        self.put(&mut header, position(&bytes));
        for (number, fields) in directories.iter().enumerate() {
            let mut values = position(&bytes) + self.directory_bytes(fields);
            let mut further = Vec::new();
            match self {
                Self::Classic => bytes.extend(BYTE_ORDER.put_u16(fields.len() as u16)),
                Self::Big => bytes.extend(BYTE_ORDER.put_u64(fields.len() as u64)),
            }
            for field in fields {
                self.entry(field, values, &mut bytes, &mut further);
                self.align(&mut further, values);
            }
            values += further.len() as u64;
            let next = if number + 1 < directories.len() { values } else { 0 };
            self.put(&mut bytes, next);
            bytes.extend(further);
        }
        FileEnd { bytes, header }
    }

    /// Writes an entry. A value that does not fit into it is appended to `further`, which begins at offset `values`.
    fn entry(self, field: &Field, values: u64, out: &mut Vec<u8>, further: &mut Vec<u8>) {
        let mut value = field.to_bytes(BYTE_ORDER);
        out.extend(BYTE_ORDER.put_u16(field.tag));
        out.extend(BYTE_ORDER.put_u16(field.kind.code()));
        self.put(out, field.value.count() as u64);
        if value.len() <= self.word() {
            value.resize(self.word(), 0);
            out.extend(value);
        } else {
            self.put(out, values + further.len() as u64);
            further.extend(value);
        }
    }

    /// Bytes of a directory without values that do not fit into their entries, up to where those may begin.
    fn directory_bytes(self, fields: &[Field]) -> u64 {
        let bytes = match self {
            Self::Classic => 2 + 12 * fields.len() + 4,
            Self::Big => 8 + 20 * fields.len() + 8,
        };
        bytes as u64
    }

    /// The header without the offset of the first directory.
    fn header(self) -> Vec<u8> {
        let order = if BYTE_ORDER == ByteOrder::Little { b"II" } else { b"MM" };
        let mut header = order.to_vec();
        match self {
            Self::Classic => header.extend(BYTE_ORDER.put_u16(42)),
            Self::Big => [43, 8, 0].iter().for_each(|number| header.extend(BYTE_ORDER.put_u16(*number))),
        }
        header
    }

    fn put(self, out: &mut Vec<u8>, number: u64) {
        match self {
            Self::Classic => out.extend(BYTE_ORDER.put_u32(number as u32)),
            Self::Big => out.extend(BYTE_ORDER.put_u64(number)),
        }
    }

    /// Pads `bytes`, which begin at offset `start`, to where a directory or a value may begin.
    fn align(self, bytes: &mut Vec<u8>, start: u64) {
        let unit = if self == Self::Classic { 2 } else { 8 };
        let position = start + bytes.len() as u64;
        bytes.resize(bytes.len() + (position.next_multiple_of(unit) - position) as usize, 0);
    }

    /// Most bytes of a value that fits into its entry.
    fn word(self) -> usize {
        if self == Self::Classic { 4 } else { 8 }
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
