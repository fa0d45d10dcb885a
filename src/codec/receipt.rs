//! The facts about a block that a container needs beside its bytes: checksums, flags, lengths.

/// A receipt of an encoded block: encoder and container share its type, and it crosses processes as bytes.
pub trait Receipt: Sized {
    /// Appends the receipt's bytes.
    fn write(&self, out: &mut Vec<u8>);

    /// Parses the bytes; `None` if they are not a receipt of this type.
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
