//! The tables of `layouts/`, parsed when first asked for.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use crate::error::Result;
use crate::schema::Structure;

/// The file header and the subheaders.
static HEADERS: LazyLock<Vec<Structure>> = LazyLock::new(|| {
    Structure::load(include_str!("layouts/headers.txt")).expect("the tables of the crate are tested to load")
});

/// The text of every TRE layout, by the structure's name: the tag, or `TAG.LENGTH` where the length tells versions apart.
static TRE_TEXTS: LazyLock<HashMap<&str, &str>> = LazyLock::new(|| {
    let text = include_str!(concat!(env!("OUT_DIR"), "/tre_layouts.txt"));
    let starts: Vec<usize> = text.match_indices("structure ").map(|(start, _)| start).collect();
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    let name = |text: &'static str| text.split_whitespace().nth(1).unwrap_or_default();
    starts.iter().zip(ends).map(|(start, end)| &text[*start..end]).map(|text| (name(text), text)).collect()
});

static TRES: LazyLock<Mutex<HashMap<&str, &'static Structure>>> = LazyLock::new(Mutex::default);

/// The header structure called `name`: `HEADER`, `IMAGE`, `GRAPHIC`, `TEXT`, `DATA` or `RESERVED`.
pub fn header(name: &str) -> Option<&'static Structure> {
    HEADERS.iter().find(|structure| structure.name == name)
}

/// The layout of the TRE `tag` (without padding) with a body of `length` bytes; none for an unknown tag.
///
/// # Errors
/// Never for the tables of the crate, which are tested to load.
pub fn tre_layout(tag: &str, length: usize) -> Result<Option<&'static Structure>> {
    let versioned = format!("{tag}.{length}");
    let found = TRE_TEXTS.get_key_value(tag).or_else(|| TRE_TEXTS.get_key_value(versioned.as_str()));
    let Some((name, text)) = found else { return Ok(None) };
    let mut tres = TRES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(structure) = tres.get(name) {
        return Ok(Some(structure));
    }
    let Some(structure) = Structure::load(text)?.pop() else { return Ok(None) };
    // A layout is parsed once and kept for the life of the program, as the text it comes from is.
    let structure: &'static Structure = Box::leak(Box::new(structure));
    tres.insert(name, structure);
    Ok(Some(structure))
}

/// True where there is a layout for the TRE `tag`, whatever the length of its body.
pub(super) fn is_known_tre(tag: &str) -> bool {
    let versions = |name: &&str| name.strip_prefix(tag).is_some_and(|rest| rest.starts_with('.'));
    TRE_TEXTS.contains_key(tag) || TRE_TEXTS.keys().any(versions)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_loads() {
        let names: Vec<_> = HEADERS.iter().map(|structure| structure.name.as_str()).collect();
        assert_eq!(names, ["SECURITY", "HEADER", "IMAGE", "GRAPHIC", "TEXT", "DATA", "RESERVED"]);
        let mut tags: Vec<&str> = Vec::new();
        for (name, text) in TRE_TEXTS.iter() {
            let structures = Structure::load(text).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(structures.len(), 1, "{name}");
            assert!(!structures[0].source.is_empty(), "{name} names no document");
            tags.push(name.split('.').next().unwrap());
        }
        tags.sort_unstable();
        tags.dedup();
        assert_eq!(tags.len(), 125);
    }

    #[test]
    fn fixed_lengths_are_those_of_the_documents() {
        for (tag, length) in
            [("ICHIPB", 224), ("RPC00B", 1041), ("BLOCKA", 123), ("GEOPSB", 443), ("RSMIDA", 1628), ("IOMAPA", 6)]
        {
            let structure = tre_layout(tag, length).unwrap().unwrap();
            let bytes = vec![b'0'; length];
            assert_eq!(crate::schema::read(structure, &bytes).unwrap().1, length, "{tag}");
        }
        assert!(tre_layout("ACFTA", 154).unwrap().is_some());
        assert!(tre_layout("ACFTA", 155).unwrap().is_none());
    }
}
