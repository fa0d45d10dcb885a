//! Temporary.
use crate::codec::{self, Codec};
pub(super) fn codec_name(code: u16) -> Option<&'static str> {
    Some(match code {
        1 => "none",
        2..=4 => "fax",
        5 => "lzw",
        7 => "jpeg",
        8 | 32946 => "deflate",
        32773 => "packbits",
        50000 => "zstd",
        _ => return None,
    })
}
pub(super) fn codec(code: u16) -> Option<&'static Codec> {
    codec::by_name(codec_name(code)?)
}
