//! Files made byte by byte for tests: any order, any fields, blocks anywhere.

use super::field::{Field, FieldType, FieldValue};
use crate::io::ByteOrder;

/// A file that is being made.
pub(super) struct SampleFile {
    order: ByteOrder,
    big: bool,
    bytes: Vec<u8>,
    /// Where to write the offset of the chain's next directory.
    link: usize,
}

impl SampleFile {
    pub(super) fn new(order: ByteOrder, big: bool) -> Self {
        let mut bytes = if order == ByteOrder::Little { b"II".to_vec() } else { b"MM".to_vec() };
        bytes.extend(order.put_u16(if big { 43 } else { 42 }));
        if big {
            bytes.extend(order.put_u16(8));
            bytes.extend([0; 10]);
        } else {
            bytes.extend([0; 4]);
        }
        Self { order, big, bytes, link: if big { 8 } else { 4 } }
    }

    /// Adds bytes at an even offset and returns it.
    pub(super) fn put(&mut self, bytes: &[u8]) -> u64 {
        self.bytes.resize(self.bytes.len().next_multiple_of(2), 0);
        let place = self.bytes.len() as u64;
        self.bytes.extend_from_slice(bytes);
        place
    }

    /// Adds a directory to the chain.
    pub(super) fn directory(&mut self, fields: &[Field]) -> u64 {
        let (place, link) = self.write_directory(fields);
        let number = self.offset(place);
        self.bytes[self.link..self.link + number.len()].copy_from_slice(&number);
        self.link = link;
        place
    }

    /// Adds a directory outside of the chain.
    pub(super) fn sub_directory(&mut self, fields: &[Field]) -> u64 {
        self.write_directory(fields).0
    }

    /// Continues the chain at `place`.
    pub(super) fn link_to(&mut self, place: u64) {
        let number = self.offset(place);
        self.bytes[self.link..self.link + number.len()].copy_from_slice(&number);
    }

    pub(super) fn finish(self) -> Vec<u8> {
        self.bytes
    }

    fn write_directory(&mut self, fields: &[Field]) -> (u64, usize) {
        let order = self.order;
        let mut entries = Vec::new();
        for field in fields {
            let values = field.to_bytes(order);
            entries.extend(order.put_u16(field.tag));
            entries.extend(order.put_u16(field.kind.code()));
            entries.extend(self.offset(field.value.count() as u64));
            let mut inline = values.clone();
            inline.resize(if self.big { 8 } else { 4 }, 0);
            let fits = values.len() <= inline.len();
            let place = if fits {
                inline
            } else {
                let place = self.put(&values);
                self.offset(place)
            };
            entries.extend(place);
        }
        let count = fields.len();
        let start = if self.big { order.put_u64(count as u64).to_vec() } else { order.put_u16(count as u16).to_vec() };
        let place = self.put(&start);
        self.bytes.extend(entries);
        let link = self.bytes.len();
        self.bytes.extend(self.offset(0));
        (place, link)
    }

    fn offset(&self, value: u64) -> Vec<u8> {
        if self.big { self.order.put_u64(value).to_vec() } else { self.order.put_u32(value as u32).to_vec() }
    }
}

/// A field of unsigned integers of 16 bits.
pub(super) fn shorts(tag: u16, values: &[u64]) -> Field {
    Field { tag, kind: FieldType::Short, value: FieldValue::Unsigned(values.to_vec()) }
}

/// A field of unsigned integers of 32 bits.
pub(super) fn longs(tag: u16, values: &[u64]) -> Field {
    Field { tag, kind: FieldType::Long, value: FieldValue::Unsigned(values.to_vec()) }
}

/// A field of text.
pub(super) fn text(tag: u16, text: &str) -> Field {
    Field { tag, kind: FieldType::Ascii, value: FieldValue::Text(text.as_bytes().to_vec()) }
}
