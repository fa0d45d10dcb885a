//! The capacity of fields in headers and tables (2500C Tables ).

/// Bytes of a file header or subheader (HL and LISH have six digits).
pub(super) const MAX_HEADER: u64 = 999_999;

/// Bytes of a file (FL has twelve digits; all nines mean unknown).
pub(super) const MAX_FILE: u64 = 999_999_999_998;

/// Segments of one kind (NUMI, NUMS … have three digits).
pub(super) const MAX_SEGMENTS: usize = 999;

/// Bytes of the data of an image segment (LI has ten digits; all nines mean unknown).
pub(super) const MAX_IMAGE_BYTES: u64 = 9_999_999_998;

/// Bytes of the data of a graphic segment (LS).
pub(super) const MAX_GRAPHIC_BYTES: u64 = 999_998;

/// Bytes of the data of a text segment (LT).
pub(super) const MAX_TEXT_BYTES: u64 = 99_998;

/// Bytes of the data of a data extension segment (LD).
pub(super) const MAX_DATA_BYTES: u64 = 999_999_998;

/// Bytes of the data of a reserved extension segment (LRE).
pub(super) const MAX_RESERVED_BYTES: u64 = 9_999_998;

/// Rows and columns of an image (NROWS and NCOLS have eight digits).
pub(super) const MAX_SIDE: u32 = 99_999_999;

/// The longest side of a block that NPPBH and NPPBV can state; 0000 stands for a whole side.
pub(super) const MAX_BLOCK: u32 = 8192;

/// Blocks in a row or column of a segment (NBPR and NBPC have four digits).
pub(super) const MAX_BLOCKS: u32 = 9999;

/// Rows that ILOC can count: the rows of a segment of a split image.
pub(super) const MAX_LOCATION: u32 = 99_999;

/// Display levels of a file (IDLVL and SDLVL have three digits).
pub(super) const MAX_LEVEL: u32 = 999;

/// The largest offset of a block in a mask table (32 bits; all ones mean that the block is absent).
pub(super) const MAX_OFFSET: u64 = u32::MAX as u64 - 1;
