//! The bytes of marker segments: fields in the order of the standard, big-endian, as one table for both directions.

use crate::error::{Error, Result};

/// A field or a structure of fields.
pub(crate) trait Wire: Sized {
    /// Takes the field from the front of a segment.
    ///
    /// # Errors
    /// [`Error::Malformed`] if the segment ends inside the field.
    fn read(from: &mut Fields<'_>) -> Result<Self>;

    /// Appends the field.
    fn write(&self, out: &mut Vec<u8>);
}

/// The fields of a marker segment that is read.
pub(crate) struct Fields<'b> {
    rest: &'b [u8],
    name: &'static str,
}

impl<'b> Fields<'b> {
    /// The fields of the segment called `name`, after its length.
    pub(super) fn new(name: &'static str, bytes: &'b [u8]) -> Self {
        Self { rest: bytes, name }
    }

    /// Takes all fields of a segment.
    ///
    /// # Errors
    /// [`Error::Malformed`] if the segment is shorter or longer than its fields.
    pub(super) fn all<T: Wire>(name: &'static str, bytes: &'b [u8]) -> Result<T> {
        let mut fields = Self::new(name, bytes);
        let value = T::read(&mut fields)?;
        match fields.rest.len() {
            0 => Ok(value),
            more => Err(Error::malformed(format!("length of the marker segment {name}:"))
                .found(format!("{more} bytes more than its fields have"))),
        }
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N]> {
        let (first, rest) = self.rest.split_first_chunk().ok_or_else(|| {
            Error::malformed(format!("length of the marker segment {}:", self.name)).found("too short for its fields")
        })?;
        self.rest = rest;
        Ok(*first)
    }

    /// Takes the remaining bytes.
    pub(super) fn rest(&mut self) -> &'b [u8] {
        std::mem::take(&mut self.rest)
    }
}

macro_rules! number {
    ($($type:ty),+) => {$(
        impl Wire for $type {
            fn read(from: &mut Fields<'_>) -> Result<Self> {
                from.take().map(Self::from_be_bytes)
            }

            fn write(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_be_bytes());
            }
        }
    )+};
}

number!(u8, u16, u32);

/// The remaining bytes of a segment.
impl Wire for Vec<u8> {
    fn read(from: &mut Fields<'_>) -> Result<Self> {
        Ok(from.rest().to_vec())
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self);
    }
}

/// Fields that repeat up to the end of a segment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Repeated<T>(pub(crate) Vec<T>);

impl<T: Wire> Wire for Repeated<T> {
    fn read(from: &mut Fields<'_>) -> Result<Self> {
        let mut all = Vec::new();
        while !from.rest.is_empty() {
            all.push(T::read(from)?);
        }
        Ok(Self(all))
    }

    fn write(&self, out: &mut Vec<u8>) {
        self.0.iter().for_each(|item| item.write(out));
    }
}

/// Fields that repeat, after a 16-bit number of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Counted<T>(pub(crate) Vec<T>);

impl<T: Wire> Wire for Counted<T> {
    fn read(from: &mut Fields<'_>) -> Result<Self> {
        let count = u16::read(from)?;
        (0..count).map(|_| T::read(from)).collect::<Result<_>>().map(Self)
    }

    fn write(&self, out: &mut Vec<u8>) {
        // SIZ is the only segment with a number of items; its reader and its writer check that number.
        (self.0.len() as u16).write(out);
        self.0.iter().for_each(|item| item.write(out));
    }
}

/// Defines structures of fields. The order of the fields is that of the bytes.
macro_rules! structures {
    ($($(#[$doc:meta])* $name:ident { $($(#[$about:meta])* $field:ident: $type:ty),+ $(,)? })+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub(crate) struct $name {
            $($(#[$about])* pub(crate) $field: $type),+
        }

        impl $crate::codec::j2k::wire::Wire for $name {
            fn read(from: &mut $crate::codec::j2k::wire::Fields<'_>) -> $crate::error::Result<Self> {
                Ok(Self { $($field: $crate::codec::j2k::wire::Wire::read(from)?),+ })
            }

            fn write(&self, out: &mut Vec<u8>) {
                $($crate::codec::j2k::wire::Wire::write(&self.$field, out);)+
            }
        }
    )+};
}

pub(super) use structures;
