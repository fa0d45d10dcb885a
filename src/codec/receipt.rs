//! What a container needs to know of a block beside its bytes: checksums, flags, lengths.

/// A receipt of an encoded block, with a type at both ends and a form as bytes between them.
pub trait Receipt: Sized {
    /// Appends the receipt as bytes.
    fn write(&self, out: &mut Vec<u8>);

    /// The receipt of these bytes; none if they are of something else.
    fn read(bytes: &[u8]) -> Option<Self>;
}

macro_rules! numbers {
    ($($number:ty),*) => {
        $(impl Receipt for $number {
            fn write(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }

            fn read(bytes: &[u8]) -> Option<Self> {
                bytes.try_into().ok().map(Self::from_le_bytes)
            }
        })*
    };
}
numbers!(u32, u64);
