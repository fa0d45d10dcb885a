//! Image file directories: finds, checks and reads them, without the pixels they describe (TIFF 6.0 §2, BigTIFF).

use std::borrow::Cow;

use super::field::{Field, FieldType, FieldValue};
use super::tags;
use crate::error::{Error, Result};
use crate::io::{ByteOrder, ByteSource};
use crate::limits::Limits;

/// A directory: its fields, and the positions of its long arrays.
#[derive(Debug)]
pub(super) struct Directory {
    /// Its place in the order of reading, from 0.
    pub(super) number: usize,
    /// Its offset in the file.
    pub(super) offset: u64,
    /// Byte order of the file.
    pub(super) order: ByteOrder,
    /// The fields that could be read, in file order; arrays of block offsets and lengths only if they are short.
    pub(super) fields: Vec<Field>,
    /// The arrays of block offsets and lengths, long or short.
    arrays: Vec<Array>,
    /// Tags of fields that could not be read, and why.
    lost: Vec<(u16, &'static str)>,
    /// Tags of fields whose type is unknown, with the type. Readers skip such fields (TIFF 6.0 §2).
    skipped: Vec<(u16, u16)>,
    /// The directory's own bytes: number of entries, entries, offset of the next directory.
    pub(super) raw: Vec<u8>,
    /// True for a BigTIFF.
    pub(super) big: bool,
}

/// Values that lie somewhere in the file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Array {
    /// The tag.
    pub(super) tag: u16,
    /// The type of the values.
    pub(super) kind: FieldType,
    /// The number of values.
    pub(super) count: u64,
    /// Offset of the first value.
    pub(super) offset: u64,
}

/// Reads directories. It reads the source in pieces of [`PIECE`] and keeps the last one: directories and their values are
/// mostly close together.
pub(super) struct DirectoryReader<'a> {
    source: &'a dyn ByteSource,
    limits: &'a Limits,
    /// Byte order of the file.
    pub(super) order: ByteOrder,
    /// The file's header.
    pub(super) header: Vec<u8>,
    /// True for a BigTIFF.
    pub(super) big: bool,
    piece: Vec<u8>,
    piece_offset: u64,
    metadata_bytes: u64,
    /// The number of directories around the one that is read.
    depth: usize,
}

/// Bytes read from a file at once. The headers of most files fit in the first piece.
const PIECE: u64 = 32 << 10;

/// Most entries of an array of block offsets or lengths that is shown as metadata.
const SHOWN_PLACES: u64 = 1024;

/// Tags of arrays of offsets and lengths in the file.
const PLACES: [u16; 6] = [
    tags::STRIP_OFFSETS,
    tags::STRIP_BYTE_COUNTS,
    tags::TILE_OFFSETS,
    tags::TILE_BYTE_COUNTS,
    tags::FREE_OFFSETS,
    tags::FREE_BYTE_COUNTS,
];

/// Most memory of the values of one field. Longer values are private data of other programs, such as the layers of an image
/// editor, and would only delay opening the image.
const LONGEST_VALUE: u64 = 64 << 20;

/// How deep directories may be nested in fields: an EXIF directory has one for interoperability.
const DEEPEST: usize = 2;

/// Approximate memory of one field without its values.
const ENTRY_BYTES: u64 = 128;

/// Memory of one number of a list, as metadata.
const VALUE_BYTES: u64 = size_of::<crate::metadata::Value>() as u64;

impl<'a> DirectoryReader<'a> {
    /// Reads the header; also returns the offset of the first directory.
    ///
    /// # Errors
    /// [`Error::Malformed`] if it is not a header of TIFF or BigTIFF.
    pub(super) fn open(source: &'a dyn ByteSource, limits: &'a Limits) -> Result<(Self, u64)> {
        let mut reader = Self {
            source,
            limits,
            order: ByteOrder::Little,
            header: Vec::new(),
            big: false,
            piece: Vec::new(),
            piece_offset: 0,
            metadata_bytes: 0,
            depth: 0,
        };
        let start: [u8; 4] = reader.array(0)?;
        reader.order = match [start[0], start[1]] {
            [b'I', b'I'] => ByteOrder::Little,
            [b'M', b'M'] => ByteOrder::Big,
            _ => {
                return Err(Error::malformed("byte order of the header")
                    .found(bytes_text(&start[..2]))
                    .allowed("II or MM"));
            }
        };
        let first = match reader.order.u16([start[2], start[3]]) {
            42 => u64::from(reader.u32(4)?),
            43 => {
                let sizes = (reader.u16(4)?, reader.u16(6)?);
                if sizes != (8, 0) {
                    let found = format!("{}, {}", sizes.0, sizes.1);
                    return Err(Error::malformed("header: size of offsets").found(found).allowed("8, 0").at(4));
                }
                reader.big = true;
                reader.u64(8)?
            }
            version => return Err(Error::malformed("header: version").found(version).allowed("42 or 43").at(2)),
        };
        let length = if reader.big { 16 } else { 8 };
        reader.header = reader.bytes(0, length)?.to_vec();
        Ok((reader, first))
    }

    /// Reads directory number `number` at `offset`; also returns the offset of the next one, 0 if there is none.
    ///
    /// # Errors
    /// [`Error::Malformed`] if it does not lie in the file, [`Error::Limit`] if it has too many values.
    pub(super) fn directory(&mut self, number: usize, offset: u64) -> Result<(Directory, u64)> {
        let (count_bytes, entry_bytes, next_bytes) = if self.big { (8, 20, 8) } else { (2, 12, 4) };
        let outside =
            || Error::malformed("directory: extends past the end of the file").segment(segment(number)).at(offset);
        let count = if self.big { self.u64(offset) } else { self.u16(offset).map(u64::from) }.map_err(|_| outside())?;
        let entries_end = count.checked_mul(entry_bytes).and_then(|bytes| bytes.checked_add(count_bytes));
        // A file that ends after the last entry is truncated, but complete enough: it has no next directory.
        let room = self.source.size() - offset;
        let length =
            entries_end.filter(|end| *end <= room).ok_or_else(|| outside().found(format!("{count} entries")))?;
        self.charge(count.saturating_mul(ENTRY_BYTES))?;
        let raw = self.bytes(offset, (length + next_bytes).min(room))?.to_vec();
        let next = match raw.get(length as usize..(length + next_bytes) as usize) {
            Some(bytes) => self.number(bytes),
            None => 0,
        };
        let mut directory = Directory {
            number,
            offset,
            order: self.order,
            fields: Vec::with_capacity(count.min(64) as usize),
            arrays: Vec::new(),
            lost: Vec::new(),
            skipped: Vec::new(),
            raw: Vec::new(),
            big: self.big,
        };
        let entries = raw[count_bytes as usize..length as usize].chunks_exact(entry_bytes as usize);
        for (entry, start) in entries.zip((offset + count_bytes..).step_by(entry_bytes as usize)) {
            self.entry(entry, start, &mut directory)?;
        }
        directory.raw = raw;
        self.read_nested(&mut directory);
        Ok((directory, next))
    }

    /// Replaces offsets of directories inside fields by their fields. An offset that does not lead to one stays a number.
    fn read_nested(&mut self, directory: &mut Directory) {
        for field in directory.fields.iter_mut().filter(|field| tags::DIRECTORIES.contains(&field.tag)) {
            let FieldValue::Unsigned(offsets) = &field.value else { continue };
            let (&[offset], true) = (offsets.as_slice(), self.depth < DEEPEST) else { continue };
            self.depth += 1;
            let nested = self.directory(directory.number, offset);
            self.depth -= 1;
            if let Ok((nested, _)) = nested
                && nested.lost.is_empty()
                && !nested.fields.is_empty()
            {
                // The form of the file determines the type of the offset, not the other way round.
                *field = Field { kind: FieldType::Long, value: FieldValue::Directory(nested.fields), ..*field };
            }
        }
    }

    /// Reads the field of one entry, which begins at `start` of the file.
    fn entry(&mut self, entry: &[u8], start: u64, directory: &mut Directory) -> Result<()> {
        let tag = self.order.u16([entry[0], entry[1]]);
        let code = self.order.u16([entry[2], entry[3]]);
        // Values of an unknown type have an unknown size.
        let Some(kind) = FieldType::from_code(code) else {
            directory.skipped.push((tag, code));
            return Ok(());
        };
        let (count, value) = entry[4..].split_at(if self.big { 8 } else { 4 });
        let count = self.number(count);
        let length = count.checked_mul(kind.bytes() as u64);
        let inline = length.filter(|length| *length <= value.len() as u64);
        let offset = if inline.is_some() { start + (entry.len() - value.len()) as u64 } else { self.number(value) };
        let array = Array { tag, kind, count, offset };
        let there = self.source.size().saturating_sub(offset) / kind.bytes() as u64;
        if PLACES.contains(&tag) && (1..count).contains(&there) {
            // The blocks whose places the file still holds can be read.
            directory.arrays.push(Array { count: there, ..array });
        }
        if length.and_then(|length| offset.checked_add(length)).is_none_or(|end| end > self.source.size()) {
            directory.lost.push((tag, "values outside of the file"));
            return Ok(());
        }
        if PLACES.contains(&tag) {
            directory.arrays.push(array);
            if count > SHOWN_PLACES {
                return Ok(());
            }
        }
        if array.memory() > LONGEST_VALUE {
            directory.lost.push((tag, "too many values"));
            return Ok(());
        }
        let value = match inline {
            Some(length) => FieldValue::parse(kind, &value[..length as usize], self.order),
            None => self.values(&array)?,
        };
        directory.fields.push(Field { tag, kind, value });
        Ok(())
    }

    fn values(&mut self, array: &Array) -> Result<FieldValue> {
        self.charge(array.memory())?;
        let length = array.count * array.kind.bytes() as u64;
        let order = self.order;
        Ok(FieldValue::parse(array.kind, self.bytes(array.offset, length)?, order))
    }

    /// Counts the memory of metadata over all directories of the file: many entries may refer to the same bytes.
    fn charge(&mut self, bytes: u64) -> Result<()> {
        self.metadata_bytes = self.metadata_bytes.saturating_add(bytes);
        self.limits.check_metadata("metadata of all directories", self.metadata_bytes)
    }

    /// A number of 4 bytes, or of 8.
    fn number(&self, bytes: &[u8]) -> u64 {
        match (bytes.first_chunk(), bytes.first_chunk()) {
            (_, Some(eight)) => self.order.u64(*eight),
            (Some(four), None) => self.order.u32(*four).into(),
            (None, None) => 0,
        }
    }

    fn u16(&mut self, offset: u64) -> Result<u16> {
        self.array(offset).map(|bytes| self.order.u16(bytes))
    }

    fn u32(&mut self, offset: u64) -> Result<u32> {
        self.array(offset).map(|bytes| self.order.u32(bytes))
    }

    fn u64(&mut self, offset: u64) -> Result<u64> {
        self.array(offset).map(|bytes| self.order.u64(bytes))
    }

    fn array<const N: usize>(&mut self, offset: u64) -> Result<[u8; N]> {
        let mut out = [0; N];
        out.copy_from_slice(self.bytes(offset, N as u64)?);
        Ok(out)
    }

    /// Bytes of the file, from the piece that was read last or from a new one that begins at `offset`.
    fn bytes(&mut self, offset: u64, length: u64) -> Result<&[u8]> {
        let size = self.source.size();
        let end = offset
            .checked_add(length)
            .filter(|end| *end <= size)
            .ok_or_else(|| Error::malformed("file: ends early").found(format!("{size} bytes")).at(offset))?;
        if let Some(bytes) = self.source.bytes() {
            return Ok(&bytes[offset as usize..end as usize]);
        }
        let have = self.piece_offset..=self.piece_offset + self.piece.len() as u64;
        if !have.contains(&offset) || !have.contains(&end) {
            self.piece.clear();
            self.piece.resize(length.max(PIECE).min(size - offset) as usize, 0);
            self.source.read_at(offset, &mut self.piece)?;
            self.piece_offset = offset;
        }
        let start = (offset - self.piece_offset) as usize;
        Ok(&self.piece[start..start + length as usize])
    }
}

impl Directory {
    /// The values of a field.
    ///
    /// # Errors
    /// [`Error::Malformed`] if they could not be read.
    pub(super) fn get(&self, tag: u16) -> Result<Option<&FieldValue>> {
        if let Some(field) = self.fields.iter().find(|field| field.tag == tag) {
            return Ok(Some(&field.value));
        }
        match self.lost.iter().find(|(lost, _)| *lost == tag) {
            Some((_, reason)) => Err(self.malformed(tag, reason)),
            None => Ok(None),
        }
    }

    /// The first value of a field of unsigned integers.
    ///
    /// # Errors
    /// [`Error::Malformed`] if it is not an unsigned integer.
    pub(super) fn unsigned(&self, tag: u16) -> Result<Option<u64>> {
        match self.get(tag)? {
            None => Ok(None),
            Some(value) => value.first().map(Some).ok_or_else(|| self.malformed(tag, "not an unsigned integer")),
        }
    }

    /// The first value of a field, or `default` if it is absent.
    ///
    /// # Errors
    /// [`Error::Malformed`] if it is not an unsigned integer of 32 bits.
    pub(super) fn u32_or(&self, tag: u16, default: u32) -> Result<u32> {
        match self.unsigned(tag)? {
            None => Ok(default),
            Some(value) => u32::try_from(value).map_err(|_| self.malformed(tag, value)),
        }
    }

    /// The first value of a field that must be present and not zero.
    ///
    /// # Errors
    /// [`Error::Malformed`] if it is absent, zero, or not an unsigned integer of 32 bits.
    pub(super) fn size(&self, tag: u16) -> Result<u32> {
        match self.unsigned(tag)? {
            None => Err(self.malformed(tag, "absent")),
            Some(value) => {
                let size = u32::try_from(value).ok().filter(|size| *size > 0);
                size.ok_or_else(|| self.malformed(tag, value).allowed(format!("1 to {}", u32::MAX)))
            }
        }
    }

    /// The value that all samples of a pixel share, or `default` if the field is absent.
    ///
    /// # Errors
    /// [`Error::Malformed`] if it is not an unsigned integer, [`Error::Unsupported`] if the samples differ.
    pub(super) fn of_every_sample(&self, tag: u16, default: u64) -> Result<u64> {
        match self.get(tag)? {
            None => Ok(default),
            Some(FieldValue::Unsigned(values)) if !values.is_empty() => {
                if values.iter().all(|value| *value == values[0]) {
                    return Ok(values[0]);
                }
                Err(self.unsupported(tag, format!("{values:?}")).allowed("one value for all samples"))
            }
            Some(_) => Err(self.malformed(tag, "not unsigned integers")),
        }
    }

    /// The text of a field; empty if the field is absent or not text.
    pub(super) fn text(&self, tag: u16) -> String {
        match self.get(tag) {
            Ok(Some(value @ FieldValue::Text(_))) => match value.to_metadata() {
                crate::metadata::Value::Text(text) => text,
                _ => String::new(),
            },
            _ => String::new(),
        }
    }

    /// The array of block offsets or lengths under `tag`.
    ///
    /// # Errors
    /// [`Error::Malformed`] if it lies outside of the file.
    pub(super) fn places(&self, tag: u16) -> Result<Option<Array>> {
        if let Some(array) = self.arrays.iter().find(|array| array.tag == tag) {
            return Ok(Some(*array));
        }
        self.get(tag).map(|_| None)
    }

    /// The name of the directory in errors.
    pub(super) fn segment(&self) -> String {
        segment(self.number)
    }

    /// The tags of fields that are not among [`Directory::fields`], and why.
    pub(super) fn lost(&self) -> impl Iterator<Item = (u16, Cow<'static, str>)> {
        let skipped = self.skipped.iter().map(|(tag, code)| (*tag, format!("unknown type {code}").into()));
        self.lost.iter().map(|(tag, reason)| (*tag, Cow::Borrowed(*reason))).chain(skipped)
    }

    /// An error about a field that breaks the standard.
    pub(super) fn malformed(&self, tag: u16, found: impl std::fmt::Display) -> Error {
        self.placed(Error::malformed("tag"), tag).found(found)
    }

    /// An error about a field whose value is not implemented.
    pub(super) fn unsupported(&self, tag: u16, found: impl std::fmt::Display) -> Error {
        self.placed(Error::unsupported("tag"), tag).found(found)
    }

    fn placed(&self, error: Error, tag: u16) -> Error {
        let (count_bytes, entry_bytes) = if self.big { (8, 20) } else { (2, 12) };
        let entries = self.raw.get(count_bytes..).unwrap_or_default().chunks_exact(entry_bytes);
        let place = entries.into_iter().position(|entry| self.order.u16([entry[0], entry[1]]) == tag);
        let offset = self.offset + place.map_or(0, |place| (count_bytes + place * entry_bytes) as u64);

        error.field(tags::describe(tag)).segment(segment(self.number)).at(offset)
    }
}

impl Array {
    /// Memory that the values take as metadata.
    fn memory(&self) -> u64 {
        match self.kind {
            FieldType::Ascii | FieldType::Undefined => self.count,
            _ => self.count.saturating_mul(VALUE_BYTES),
        }
    }
}

fn segment(number: usize) -> String {
    format!("IFD {number}")
}

fn bytes_text(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}

#[cfg(test)]
mod tests;
