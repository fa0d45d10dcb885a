//! Decodes codes to bytes.

use super::{CLEAR, END, FIRST, NARROWEST, WIDEST};
use crate::error::{Error, Result};

/// The string of each code. A string is the previous one in the stream plus one byte, so the output already contains it. The
/// table also keeps its first eight bytes, because most strings of images fit in them.
pub(super) struct Strings {
    /// The first eight bytes, the first least significant.
    text: Box<[u64; CODES]>,
    /// The position of the string in the output.
    place: Box<[u32; CODES]>,
    length: Box<[u16; CODES]>,
}

impl Default for Strings {
    fn default() -> Self {
        let literals = (0..CODES as u64).map(|code| if code < CLEAR.into() { code } else { 0 });
        Self {
            text: table(literals),
            place: table(std::iter::repeat_n(0, CODES)),
            length: table(std::iter::repeat_n(1, CODES)),
        }
    }
}

#[allow(clippy::unnecessary_box_returns, reason = "large, and indexed fast only if the length is known")]
fn table<T: std::fmt::Debug>(values: impl Iterator<Item = T>) -> Box<[T; CODES]> {
    let values: Box<[T]> = values.collect();
    values.try_into().expect("as many values as codes")
}

const CODES: usize = 1 << WIDEST;

/// The bytes of a string that are kept in the table.
const TEXT: usize = 8;

/// Decodes until `out` is full or `data` ends; returns the number of bytes filled.
///
/// # Errors
/// [`Error::Malformed`] for a code that is not yet defined, [`Error::Unsupported`] for blocks of 4 GiB or more.
pub(super) fn expand(data: &[u8], out: &mut [u8], strings: &mut Strings) -> Result<usize> {
    if u32::try_from(out.len()).is_err() {
        return Err(Error::unsupported("LZW block").found(format!("{} bytes", out.len())).allowed("less than 4 GiB"));
    }
    let mut codes = Codes { data, bit: 0, width: NARROWEST };
    let mut to = 0;
    while let Some(first) = codes.next() {
        // No string is defined after a clear code or at the beginning.
        match first {
            CLEAR => codes.width = NARROWEST,
            END => break,
            FIRST.. => return Err(unknown(&codes, first)),
            _ => {
                let Some(byte) = out.get_mut(to) else { break };
                *byte = first as u8;
                let (end, code) = expand_strings(&mut codes, first, to, out, strings)?;
                to = end;
                if code != Some(CLEAR) {
                    break;
                }
                codes.width = NARROWEST;
            }
        }
    }
    Ok(to)
}

/// Decodes the codes after the literal `first`, which is at `to`, up to a clear or end code or the end of input or output.
/// Returns the number of bytes filled and the code that ended decoding.
fn expand_strings(
    codes: &mut Codes,
    first: u16,
    mut to: usize,
    out: &mut [u8],
    strings: &mut Strings,
) -> Result<(usize, Option<u16>)> {
    let (mut before, mut before_at, mut before_length) = (u64::from(first), to, 1);
    let mut next = usize::from(FIRST);
    to += 1;
    while to < out.len() {
        let Some(code) = codes.next() else { return Ok((to, None)) };
        if matches!(code, CLEAR | END) {
            return Ok((to, Some(code)));
        }
        let code = usize::from(code);
        if next < CODES {
            if code > next {
                return Err(unknown(codes, code as u16));
            }
            // The new string is the previous one plus the first byte of this one, which may be the new string itself.
            let byte = if code == next { before } else { strings.text[code] } & 0xff;
            let added = if before_length < TEXT { byte << (8 * before_length) } else { 0 };
            strings.text[next] = before | added;
            strings.length[next] = (before_length + 1) as u16;
            strings.place[next] = before_at as u32;
            next += 1;
            if next + 1 == 1 << codes.width && codes.width < WIDEST {
                codes.width += 1;
            }
        }
        let (text, length) = (strings.text[code], usize::from(strings.length[code]));
        if length <= TEXT && to + TEXT <= out.len() {
            out[to..to + TEXT].copy_from_slice(&text.to_le_bytes());
        } else {
            put(text, strings.place[code] as usize, length, to, out);
        }
        (before, before_at, before_length) = (text, to, length);
        to = (to + length).min(out.len());
    }
    Ok((to, None))
}

/// Writes a string that is long, or one at the end of the output that may have to be cut.
#[inline(never)]
fn put(text: u64, place: usize, length: usize, to: usize, out: &mut [u8]) {
    let length = length.min(out.len() - to);
    if length <= TEXT {
        out[to..to + length].copy_from_slice(&text.to_le_bytes()[..length]);
    } else {
        // The last byte of the string just added equals its first byte, which is only now written.
        let known = length.min(to - place);
        out.copy_within(place..place + known, to);
        out[to + known..to + length].fill(text as u8);
    }
}

fn unknown(codes: &Codes, code: u16) -> Error {
    Error::malformed("LZW code").found(format!("{code} (not yet defined)")).at(codes.bit as u64 / 8)
}

/// Reads codes from bytes.
struct Codes<'a> {
    data: &'a [u8],
    bit: usize,
    width: u32,
}

impl Codes<'_> {
    #[inline]
    fn next(&mut self) -> Option<u16> {
        let at = self.bit / 8;
        let eight = match self.data.get(at..at + 8) {
            Some(eight) => eight.try_into().expect("eight bytes"),
            None => self.last_bytes(at)?,
        };
        let code = u64::from_be_bytes(eight) << (self.bit % 8) >> (u64::BITS - self.width);
        self.bit += self.width as usize;
        Some(code as u16)
    }

    /// The bytes from `at`, padded with zeros; `None` if they do not hold another code.
    #[cold]
    fn last_bytes(&self, at: usize) -> Option<[u8; 8]> {
        if self.bit + self.width as usize > self.data.len() * 8 {
            return None;
        }
        let mut eight = [0; 8];
        eight[..self.data.len() - at].copy_from_slice(&self.data[at..]);
        Some(eight)
    }
}
