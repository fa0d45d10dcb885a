//! JPEG 2000 codestreams (ITU-T T.800) as containers embed them: `.j2k`, `.jp2` and NITF C8.

mod options;
mod stream;

pub(crate) use options::{HINTS, J2kOptions, LEVELS, Profile, Rate};
pub(crate) use stream::{J2kStream, most_levels};
