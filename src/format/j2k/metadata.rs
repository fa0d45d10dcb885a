//! Metadata keys, and their values from the header of a file and of its codestream.

use super::header::{Color, FileHeader};
use super::palette;
use crate::codec::j2k::header::MainHeader;
use crate::codec::j2k::progression::NAMES;
use crate::codestream::j2k::CodestreamInfo;
use crate::format::j2k_options::{CODE_BLOCK, COMPONENT_TRANSFORM, LAYERS, LEVELS, PROGRESSION};
use crate::metadata::{Metadata, Value};

/// `5-3`, which is reversible, or `9-7`.
pub(super) const WAVELET: &str = "J2K_WAVELET";
pub(super) const TILE_SIZE: &str = "J2K_TILE_SIZE";
/// Bits of each component, negative if its samples are signed.
pub(super) const BITS: &str = "J2K_BITS";
pub(super) const SUBSAMPLING: &str = "J2K_SUBSAMPLING";
pub(super) const BRAND: &str = "J2K_BRAND";
pub(super) const COLOR_SPACE: &str = "J2K_COLOR_SPACE";
pub(super) const ICC_PROFILE: &str = "J2K_ICC_PROFILE";
/// Type and association of each channel.
pub(super) const CHANNELS: &str = "J2K_CHANNELS";
pub(super) const CAPTURE_RESOLUTION: &str = "J2K_CAPTURE_RESOLUTION";
pub(super) const DISPLAY_RESOLUTION: &str = "J2K_DISPLAY_RESOLUTION";
pub(super) const COMMENT: &str = "J2K_COMMENT";
pub(super) const XML: &str = "J2K_XML";
/// Followed by the identifier in hexadecimal digits.
pub(super) const UUID: &str = "J2K_UUID_";

/// Further content, which other formats do not take over.
pub(super) const KEPT: [&str; 7] =
    [ICC_PROFILE, CHANNELS, CAPTURE_RESOLUTION, DISPLAY_RESOLUTION, COMMENT, XML, palette::KEY];

/// What the components are; it does not hold for a choice of them.
pub(super) const OF_COMPONENTS: [&str; 7] =
    [BITS, SUBSAMPLING, COLOR_SPACE, ICC_PROFILE, CHANNELS, COMPONENT_TRANSFORM, palette::KEY];

/// Names of enumerated colour spaces (I.5.3.3).
const COLOR_SPACES: [(u32, &str); 3] = [(16, "sRGB"), (17, "grey"), (18, "sYCC")];

/// Names of channel types (Table I.16).
pub(super) const CHANNEL_TYPES: [&str; 3] = ["color", "opacity", "premultiplied opacity"];

/// True for a comment in which the encoder names itself: `OpenJPEG`, Kakadu and `JasPer` write such ones.
pub(super) fn names_program(key: &str, value: &Value) -> bool {
    let begins =
        |text: &str| ["Created by ", "Kakadu-", "Kdu-", "Creator: "].iter().any(|start| text.starts_with(start));
    key == COMMENT && value.as_text().is_some_and(begins)
}

/// The metadata of a file.
pub(super) fn of(file: &FileHeader, header: &MainHeader, info: &CodestreamInfo) -> Metadata {
    let mut out = Metadata::new();
    of_codestream(header, info, &mut out);
    if let Some(brand) = &file.brand {
        out.set(BRAND, String::from_utf8_lossy(brand).trim_end().to_owned());
    }
    match &file.color {
        Some(Color::Enumerated(number)) => match COLOR_SPACES.iter().find(|(known, _)| known == number) {
            Some((_, name)) => out.set(COLOR_SPACE, *name),
            None => out.set(COLOR_SPACE, *number),
        },
        Some(Color::Profile(profile)) => out.set(ICC_PROFILE, profile.clone()),
        None => {}
    }
    if let Some(entries) = palette::entries(file, header.siz.components.0.len()) {
        out.set(palette::KEY, entries);
    }
    if !file.channels.is_empty() {
        out.set(CHANNELS, Value::List(file.channels.iter().copied().map(channel).collect()));
    }
    for (key, value) in [(CAPTURE_RESOLUTION, file.capture), (DISPLAY_RESOLUTION, file.display)] {
        if let Some((vertical, horizontal)) = value {
            out.set(key, Value::List(vec![vertical.into(), horizontal.into()]));
        }
    }
    for comment in &header.comments {
        // Latin-1: each byte is the code point.
        let text = |bytes: &[u8]| bytes.iter().map(|byte| char::from(*byte)).collect::<String>();
        out.append(
            COMMENT,
            if comment.kind == 1 { text(&comment.text).into() } else { Value::from(comment.text.clone()) },
        );
    }
    file.xml.iter().for_each(|xml| out.append(XML, text_or_bytes(xml)));
    for (id, content) in &file.uuids {
        out.append(format!("{UUID}{}", digits_of(id)), content.clone());
    }
    out
}

/// Adds the facts of a codestream.
pub(super) fn of_codestream(header: &MainHeader, info: &CodestreamInfo, out: &mut Metadata) {
    let signed = |(bits, is_signed): (&u32, &bool)| if *is_signed { -i64::from(*bits) } else { i64::from(*bits) };
    let pair = |x: u32, y: u32| Value::List(vec![x.into(), y.into()]);
    out.set(BITS, Value::List(info.bits.iter().zip(&info.is_signed).map(|part| Value::from(signed(part))).collect()));
    if info.steps.iter().any(|steps| *steps != (1, 1)) {
        let steps = info.steps.iter().map(|(x, y)| pair((*x).into(), (*y).into()));
        out.set(SUBSAMPLING, Value::List(steps.collect()));
    }
    out.set(TILE_SIZE, pair(info.tile.0, info.tile.1));
    out.set(LEVELS, info.levels);
    out.set(LAYERS, info.layers);
    if let Some(name) = NAMES.get(usize::from(info.progression)) {
        out.set(PROGRESSION, *name);
    }
    out.set(CODE_BLOCK, pair(info.code_block.0, info.code_block.1));
    out.set(WAVELET, if info.is_reversible { "5-3" } else { "9-7" });
    if header.siz.components.0.len() >= 3 {
        out.set(COMPONENT_TRANSFORM, u8::from(info.has_component_transform));
    }
}

/// A channel: its number, its type, and the colour it belongs to.
fn channel([number, kind, association]: [u16; 3]) -> Value {
    let kind = CHANNEL_TYPES.get(usize::from(kind)).map_or_else(|| Value::from(kind), |name| Value::from(*name));
    Value::List(vec![number.into(), kind, association.into()])
}

/// Text if the bytes are UTF-8, else the bytes.
fn text_or_bytes(bytes: &[u8]) -> Value {
    String::from_utf8(bytes.to_vec()).map_or_else(|_| Value::from(bytes.to_vec()), Value::Text)
}

/// An identifier in hexadecimal digits.
pub(super) fn digits_of(id: &[u8; 16]) -> String {
    format!("{:032X}", u128::from_be_bytes(*id))
}
