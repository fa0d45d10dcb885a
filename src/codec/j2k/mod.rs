//! JPEG 2000 (ISO/IEC 15444-1, T.800).

#[allow(dead_code, unused_imports, reason = "the coder of tiles uses it")]
pub(crate) mod part1;
