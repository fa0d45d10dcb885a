//! JPEG 2000 (ITU-T T.800, T.814).

pub(crate) mod ffi;
