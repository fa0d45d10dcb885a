//! What a search for matches finds, in the order of the data.

/// Literals, then a match: `length` bytes that repeat those `distance` bytes before. A length of zero is not a match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sequence {
    pub(super) literals: u32,
    pub(super) length: u16,
    pub(super) distance: u16,
}
