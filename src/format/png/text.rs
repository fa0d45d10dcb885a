//! Texts (ISO/IEC 15948, 11.3.4): tEXt, zTXt and iTXt chunks under `PNG_TEXT_<keyword>`, and the compression they share with
//! embedded profiles.

use super::chunk::Kind;
use crate::error::{Error, Result};
use crate::metadata::Value;

/// Prefix of the keys of texts.
pub(super) const TEXT_KEY: &str = "PNG_TEXT_";

/// True for the chunks that [`read`] reads.
pub(super) fn is_text(kind: Kind) -> bool {
    matches!(&kind.0, b"tEXt" | b"zTXt" | b"iTXt")
}

/// Keyword and value of a text chunk; `None` if it breaks the standard or would be larger than `limit` bytes.
pub(super) fn read(kind: Kind, data: &[u8], limit: usize) -> Option<(String, Value)> {
    let (keyword, rest) = split(data)?;
    let keyword = latin1(keyword);
    let value = match &kind.0 {
        b"tEXt" => latin1(rest).into(),
        b"zTXt" => latin1(&inflate(rest.strip_prefix(&[0])?, limit)?).into(),
        _ => read_international(rest, limit)?,
    };
    (!keyword.is_empty()).then_some((keyword, value))
}

/// The chunk that holds `value` under the keyword of `key`. What was `read` may be illegal if a chunk can hold it: it is then
/// written as it was.
///
/// # Errors
/// [`Error::Usage`] for a keyword or text that no chunk can hold.
pub(super) fn write(key: &str, value: &Value, read: bool) -> Result<(Kind, Vec<u8>)> {
    let keyword = key.strip_prefix(TEXT_KEY).unwrap_or(key);
    let keyword = keyword_bytes(keyword, read).ok_or_else(|| {
        Error::usage("keyword of metadata key")
            .field(key)
            .allowed("1 to 79 printable Latin-1 characters without leading, trailing or double spaces")
    })?;
    let Parts { text, language, translated } = Parts::of(key, value, read)?;
    let plain = language.is_empty() && translated.is_empty() && keyword != XMP;
    let international = || international(&keyword, &language, translated, text);
    if let Some(latin) = to_latin1(text).filter(|_| plain) {
        let is_text = |c: char| !c.is_control() || matches!(c, '\n' | '\t' | '\0');
        if !text.chars().all(is_text) {
            // Latin-1 chunks do not allow control characters; readers may strip them.
            return Ok(international());
        }
        let compressed = if latin.len() > COMPRESS_FROM { deflate(&latin) } else { Vec::new() };
        return Ok(if compressed.is_empty() || compressed.len() >= latin.len() {
            (Kind(*b"tEXt"), [&keyword, &[0][..], &latin].concat())
        } else {
            (Kind(*b"zTXt"), [&keyword, &[0, 0][..], &compressed].concat())
        });
    }
    Ok(international())
}

/// Name and bytes of an embedded ICC profile (11.3.3.3).
pub(super) fn read_profile(data: &[u8], limit: usize) -> Option<(String, Vec<u8>)> {
    let (name, rest) = split(data)?;
    Some((latin1(name), inflate(rest.strip_prefix(&[0])?, limit)?))
}

/// The data of an iCCP chunk; `read` is true for a name that was read.
///
/// # Errors
/// [`Error::Usage`] for a name that the chunk cannot hold.
pub(super) fn write_profile(key: &str, name: &str, profile: &[u8], read: bool) -> Result<Vec<u8>> {
    let name = keyword_bytes(name, read).ok_or_else(|| {
        Error::usage("illegal value of metadata key")
            .field(key)
            .found(name)
            .allowed("1 to 79 printable Latin-1 characters")
    })?;
    Ok([&name, &[0, 0][..], &deflate(profile)].concat())
}

fn read_international(rest: &[u8], limit: usize) -> Option<Value> {
    let [compressed, method, rest @ ..] = rest else { return None };
    let (language, rest) = split(rest)?;
    let (translated, text) = split(rest)?;
    let text = match (compressed, method) {
        (0, _) => text.to_vec(),
        (1, 0) => inflate(text, limit)?,
        _ => return None,
    };
    let text = utf8_or_latin1(&text);
    if language.is_empty() && translated.is_empty() {
        return Some(text.into());
    }
    Some(Value::Map(vec![
        (TEXT.into(), text.into()),
        (LANGUAGE.into(), latin1(language).into()),
        (TRANSLATED.into(), utf8_or_latin1(translated).into()),
    ]))
}

fn international(keyword: &[u8], language: &[u8], translated: &str, text: &str) -> (Kind, Vec<u8>) {
    // XMP readers search for the plain text, so it is never compressed.
    let compressed = if keyword != XMP && text.len() > COMPRESS_FROM { deflate(text.as_bytes()) } else { Vec::new() };
    let (flag, stored) = if compressed.is_empty() || compressed.len() >= text.len() {
        (0, text.as_bytes())
    } else {
        (1, &compressed[..])
    };
    let head = [keyword, &[0, flag, 0], language, &[0], translated.as_bytes(), &[0]].concat();
    (Kind(*b"iTXt"), [&head, stored].concat())
}

/// The parts of an international text.
struct Parts<'a> {
    text: &'a str,
    /// Latin-1.
    language: Vec<u8>,
    translated: &'a str,
}

impl<'a> Parts<'a> {
    /// The parts of a value. Of what was `read`, only NULs before the text are illegal.
    fn of(key: &str, value: &'a Value, read: bool) -> Result<Self> {
        let illegal = || {
            Error::usage("illegal value of metadata key").field(key).found(value).allowed(
                "text without NUL, or a mapping of `text`, `language` (letters, digits, hyphens) and `translated_keyword`",
            )
        };
        let (text, language, translated) = match value {
            Value::Text(text) => (text.as_str(), "", ""),
            Value::Map(entries) => {
                let known = entries.iter().all(|(name, _)| [TEXT, LANGUAGE, TRANSLATED].contains(&&**name));
                let entry = |wanted: &str| {
                    let found = entries.iter().find(|(name, _)| **name == *wanted).map(|(_, value)| value);
                    found.map_or(Some(""), Value::as_text).filter(|_| known).ok_or_else(illegal)
                };
                (entry(TEXT)?, entry(LANGUAGE)?, entry(TRANSLATED)?)
            }
            _ => return Err(illegal()),
        };
        let is_tag = |language: &[u8]| language.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-');
        let is_legal = |language: &Vec<u8>| {
            if read { !language.contains(&0) } else { is_tag(language) && !text.contains('\0') }
        };
        let language = to_latin1(language).filter(|language| is_legal(language) && !translated.contains('\0'));
        Ok(Self { text, language: language.ok_or_else(illegal)?, translated })
    }
}

/// The bytes before and after the first NUL.
fn split(data: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = memchr::memchr(0, data)?;
    Some((&data[..end], &data[end + 1..]))
}

/// A keyword as the bytes of a chunk. One that was `read` may be illegal, but not empty, and without NUL.
fn keyword_bytes(keyword: &str, read: bool) -> Option<Vec<u8>> {
    to_latin1(keyword).filter(|bytes| is_keyword(bytes) || (read && !bytes.is_empty() && !bytes.contains(&0)))
}

/// True for a legal keyword (11.3.4.2).
fn is_keyword(keyword: &[u8]) -> bool {
    let printable = keyword.iter().all(|byte| matches!(byte, 32..=126 | 161..=255));
    let spaced = keyword.starts_with(b" ") || keyword.ends_with(b" ") || keyword.windows(2).any(|two| two == b"  ");
    (1..=79).contains(&keyword.len()) && printable && !spaced
}

fn latin1(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

/// Text as UTF-8 if it is legal, else as Latin-1: no byte is lost.
fn utf8_or_latin1(bytes: &[u8]) -> String {
    std::str::from_utf8(bytes).map_or_else(|_| latin1(bytes), str::to_owned)
}

fn to_latin1(text: &str) -> Option<Vec<u8>> {
    text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect()
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut compressor = libdeflater::Compressor::new(libdeflater::CompressionLvl::default());
    let mut out = vec![0; compressor.zlib_compress_bound(bytes.len())];
    // The bound always suffices; an empty result means "not compressed".
    let length = compressor.zlib_compress(bytes, &mut out).unwrap_or(0);
    out.truncate(length);
    out
}

/// Inflates a zlib stream of unknown size; `None` if it is damaged or its content exceeds `limit`.
fn inflate(stream: &[u8], limit: usize) -> Option<Vec<u8>> {
    let limit = limit.min(LARGEST_INFLATED);
    let mut decompressor = libdeflater::Decompressor::new();
    let mut size = stream.len().saturating_mul(4).clamp(1024, limit.max(1024));
    loop {
        let mut out = vec![0; size];
        match decompressor.zlib_decompress(stream, &mut out) {
            Ok(length) => {
                out.truncate(length);
                return (length <= limit).then_some(out);
            }
            Err(libdeflater::DecompressionError::InsufficientSpace) if size < limit => size = (size * 4).min(limit),
            Err(_) => return None,
        }
    }
}

/// The names of the parts of an international text.
const TEXT: &str = "text";
const LANGUAGE: &str = "language";
const TRANSLATED: &str = "translated_keyword";

/// The keyword of XMP, which is always stored in an uncompressed iTXt chunk.
const XMP: &[u8] = b"XML:com.adobe.xmp";

/// Texts longer than this are compressed, as 11.3.4.4 recommends.
const COMPRESS_FROM: usize = 1024;

/// Text and profiles that inflate to more than this are not read.
const LARGEST_INFLATED: usize = 64 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn through(key: &str, value: &Value) -> (Kind, String, Value) {
        let (kind, data) = write(key, value, false).unwrap();
        let (keyword, value) = read(kind, &data, 1 << 20).unwrap();
        (kind, keyword, value)
    }

    #[test]
    fn texts_come_back_from_the_chunk_that_fits() {
        let long = "grüße ".repeat(400);
        let cases = [
            ("Title", "A title".to_owned(), b"tEXt"),
            ("Comment", long.clone(), b"zTXt"),
            ("Comment", format!("{long}→"), b"iTXt"),
            ("Author", "Σωκράτης".to_owned(), b"iTXt"),
            ("XML:com.adobe.xmp", "<x/>".to_owned(), b"iTXt"),
            ("Comment", "bell \u{7}".to_owned(), b"iTXt"),
            ("Comment", String::new(), b"tEXt"),
        ];
        for (keyword, text, chunk) in cases {
            let value = Value::from(text);
            assert_eq!(through(&format!("{TEXT_KEY}{keyword}"), &value), (Kind(*chunk), keyword.to_owned(), value));
        }
        let tagged = Value::Map(vec![
            (TEXT.into(), "Hallo".into()),
            (LANGUAGE.into(), "de-AT".into()),
            (TRANSLATED.into(), "Grüßung".into()),
        ]);
        assert_eq!(through("PNG_TEXT_Greeting", &tagged).2, tagged);
    }

    #[test]
    fn illegal_keywords_and_texts_are_refused() {
        let long = format!("{TEXT_KEY}{}", "k".repeat(80));
        for key in ["PNG_TEXT_", "PNG_TEXT_ a", "PNG_TEXT_a  b", "PNG_TEXT_日", &long] {
            assert!(matches!(write(key, &"text".into(), false), Err(Error::Usage(_))), "{key}");
        }
        assert!(write("PNG_TEXT_a", &"nul \0".into(), false).is_err());
        assert!(write("PNG_TEXT_a", &1.into(), false).is_err());
    }

    #[test]
    fn what_was_read_is_written_as_it_was_if_a_chunk_can_hold_it() {
        let cases: [(Kind, &[u8]); 6] = [
            (Kind(*b"tEXt"), b"Title\0a \0 nul"),
            (Kind(*b"tEXt"), b" two  spaces\0text"),
            (Kind(*b"tEXt"), &[&[b'k'; 100][..], b"\0text"].concat()),
            (Kind(*b"iTXt"), b"Title\0\0\0e_n\0T\0text"),
            (Kind(*b"iTXt"), b"Title\0\0\0en\0T\0a \0 nul"),
            (Kind(*b"iTXt"), b"Title\0\0\0\xe9\0T\0text"),
        ];
        for (kind, data) in cases {
            let (keyword, value) = super::read(kind, data, 1 << 20).unwrap();
            let key = format!("{TEXT_KEY}{keyword}");
            assert_eq!(write(&key, &value, true).unwrap(), (kind, data.to_vec()), "{keyword}");
            assert!(write(&key, &value, false).is_err(), "{keyword}");
        }
        assert!(write("PNG_TEXT_", &"text".into(), true).is_err() && write("PNG_TEXT_a", &1.into(), true).is_err());
        let latin = super::read(Kind(*b"iTXt"), b"Title\0\0\0\0\0\xe9", 100).unwrap().1;
        assert_eq!(latin, "é".into(), "bytes that are not UTF-8 are Latin-1");
    }

    #[test]
    fn a_text_larger_than_the_limit_is_not_inflated() {
        let (kind, data) = write("PNG_TEXT_a", &"x".repeat(100_000).into(), false).unwrap();
        assert!(read(kind, &data, 100_000).is_some());
        assert!(read(kind, &data, 99_999).is_none());
    }
}
