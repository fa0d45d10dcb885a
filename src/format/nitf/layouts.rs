//! The tables in `layouts/` and those registered at run time. Tables are parsed on first use.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{LazyLock, OnceLock, PoisonError, RwLock};

use crate::error::{Error, Result};
use crate::schema::Structure;

// `TRE_TEXTS` and `DES_TEXTS`: name and text of every structure, sorted by name.
include!(concat!(env!("OUT_DIR"), "/layouts.rs"));

/// The file header and the subheaders.
static HEADERS: LazyLock<Vec<Structure>> = LazyLock::new(|| {
    Structure::load(include_str!("layouts/headers.txt")).expect("the tables of the crate are tested to load")
});

pub(super) static TRES: Layouts<{ TRE_TEXTS.len() }> = Layouts::new(&TRE_TEXTS);
pub(super) static DES: Layouts<{ DES_TEXTS.len() }> = Layouts::new(&DES_TEXTS);

/// The header structure called `name`: `HEADER`, `IMAGE`, `GRAPHIC`, `TEXT`, `DATA` or `RESERVED`.
pub fn header(name: &str) -> Option<&'static Structure> {
    HEADERS.iter().find(|structure| structure.name == name)
}

/// The names of the structures of TREs: tags, or `TAG.LENGTH` if the length of the body distinguishes versions of a tag.
pub fn tre_names() -> impl Iterator<Item = &'static str> {
    TRE_TEXTS.iter().map(|(name, _)| *name)
}

/// The names of the structures of user-defined subheaders: `DESID` or `DESID.DESVER`.
pub fn des_names() -> impl Iterator<Item = &'static str> {
    DES_TEXTS.iter().map(|(name, _)| *name)
}

/// The layout of the TRE `tag` (without padding) with a body of `length` bytes; `None` for an unknown tag.
///
/// # Errors
/// Never in practice: tests load every table of the crate.
pub fn tre_layout(tag: &str, length: usize) -> Result<Option<&'static Structure>> {
    if let Some(layout) = TRES.named(tag)? {
        return Ok(Some(layout));
    }
    // `TAG.12` and `TAG.012` both name a body of twelve bytes.
    let fits = |version: &str| version.parse() == Ok(length);
    Ok(TRES.versions(tag)?.into_iter().find(|(version, _)| fits(version)).map(|(_, layout)| layout))
}

/// Every layout of the TRE `tag`: one, or one for each length.
///
/// # Errors
/// As [`tre_layout`].
pub fn tre_layouts(tag: &str) -> Result<Vec<&'static Structure>> {
    match TRES.named(tag)? {
        Some(layout) => Ok(vec![layout]),
        None => Ok(TRES.versions(tag)?.into_iter().map(|(_, layout)| layout).collect()),
    }
}

/// The layout of the user-defined subheader of the data extension `desid` in version `desver`; `None` if there is none, or if
/// its least size is more than `length` bytes.
///
/// # Errors
/// As [`tre_layout`].
pub fn des_layout(desid: &str, desver: u32, length: usize) -> Result<Option<&'static Structure>> {
    let desid = desid.trim_end();
    // Tables may spell the blanks of a name as underscores.
    let layout = match des_named(desid, desver)? {
        None if desid.contains(' ') => des_named(&desid.replace(' ', "_"), desver)?,
        found => found,
    };
    Ok(layout.filter(|layout| layout.least_size() <= length))
}

fn des_named(desid: &str, desver: u32) -> Result<Option<&'static Structure>> {
    let versions = DES.versions(desid)?;
    match versions.into_iter().find(|(version, _)| version.parse() == Ok(desver)) {
        Some((_, layout)) => Ok(Some(layout)),
        None => DES.named(desid),
    }
}

/// Adds layouts of TREs for the whole process, from tables in the grammar of [`crate::schema`]. Each structure is named by its
/// tag, or `TAG.LENGTH`. A new layout replaces an existing one of the tag for every file opened afterwards. Returns the names.
///
/// # Errors
/// [`Error::Usage`] for a wrong table, or a tag that does not have one to six characters; nothing is added then.
pub fn register_tre(text: &str) -> Result<Vec<String>> {
    TRES.register(text, "TRE", 6)
}

/// Adds layouts of user-defined subheaders of data extensions, as [`register_tre`] does for TREs. A structure is named by its
/// DESID, in quotes if that contains blanks, or `DESID.DESVER`.
///
/// # Errors
/// As [`register_tre`]; a DESID has at most 25 characters.
pub fn register_des(text: &str) -> Result<Vec<String>> {
    DES.register(text, "DES", 25)
}

/// Layouts by name: those of the crate, parsed on first use, and those registered.
pub(super) struct Layouts<const N: usize> {
    texts: &'static [(&'static str, &'static str); N],
    parsed: [OnceLock<&'static Structure>; N],
    /// False until a layout is registered: no search takes the lock before.
    any: AtomicBool,
    registered: LazyLock<RwLock<HashMap<String, &'static Structure>>>,
}

impl<const N: usize> Layouts<N> {
    const fn new(texts: &'static [(&'static str, &'static str); N]) -> Self {
        let registered = LazyLock::new(RwLock::default as fn() -> _);
        Self { texts, parsed: [const { OnceLock::new() }; N], any: AtomicBool::new(false), registered }
    }

    /// The names of all layouts in order; each once.
    pub(super) fn names(&self) -> Vec<String> {
        let known = self.texts.iter().map(|(name, _)| (*name).to_owned());
        let mut names: Vec<_> = known.chain(self.added(|_| true).into_iter().map(|added| added.name.clone())).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// The layout named exactly `name`.
    pub(super) fn named(&self, name: &str) -> Result<Option<&'static Structure>> {
        if let Some(layout) = self.added(|added| added == name).pop() {
            return Ok(Some(layout));
        }
        match self.texts.binary_search_by(|(known, _)| (*known).cmp(name)) {
            Ok(place) => self.parse(place).map(Some),
            Err(_) => Ok(None),
        }
    }

    /// The layouts `name.VERSION` with their versions, registered ones first.
    fn versions(&self, name: &str) -> Result<Vec<(&'static str, &'static Structure)>> {
        let version = |known: &'static str| known.strip_prefix(name)?.strip_prefix('.');
        let mut found: Vec<(&str, &'static Structure)> = Vec::new();
        for layout in self.added(|known| known.strip_prefix(name).is_some_and(|rest| rest.starts_with('.'))) {
            found.extend(version(&layout.name).map(|version| (version, layout)));
        }
        let start = self.texts.partition_point(|(known, _)| *known < name);
        for (place, (known, _)) in self.texts.iter().enumerate().skip(start) {
            match version(known) {
                Some(version) => found.push((version, self.parse(place)?)),
                None if known.starts_with(name) => {}
                None => break,
            }
        }
        Ok(found)
    }

    fn parse(&self, place: usize) -> Result<&'static Structure> {
        if let Some(layout) = self.parsed[place].get() {
            return Ok(layout);
        }
        let (name, text) = self.texts[place];
        let layout = Structure::load(text)?.pop();
        let layout = layout.ok_or_else(|| Error::usage("empty layout:").found(name))?;
        // A layout is parsed once and kept for the life of the program, as its text is.
        Ok(self.parsed[place].get_or_init(|| Box::leak(Box::new(layout))))
    }

    /// The registered layouts with names that satisfy `such`, in order.
    fn added(&self, such: impl Fn(&str) -> bool) -> Vec<&'static Structure> {
        if !self.any.load(Ordering::Acquire) {
            return Vec::new();
        }
        let registered = self.registered.read().unwrap_or_else(PoisonError::into_inner);
        let mut found: Vec<_> = registered.iter().filter(|(name, _)| such(name)).map(|(_, layout)| *layout).collect();
        found.sort_by(|a, b| a.name.cmp(&b.name));
        found
    }

    fn register(&self, text: &str, what: &str, longest: usize) -> Result<Vec<String>> {
        let structures = Structure::load(text)?;
        for structure in &structures {
            let name = structure.name.rsplit_once('.').map_or(structure.name.as_str(), |(name, _)| name);
            let plain = name.bytes().all(|byte| matches!(byte, 0x20..=0x7E)) && name.trim() == name;
            if !plain || !(1..=longest).contains(&name.len()) {
                return Err(Error::usage(format!("name of a {what}:"))
                    .found(&structure.name)
                    .allowed(format!("1 to {longest} characters of BCS-A, with or without .VERSION")));
            }
            if structure.items.is_empty() {
                return Err(Error::usage("structure without fields:").found(&structure.name));
            }
        }
        if structures.is_empty() {
            return Err(Error::usage("structure table without a structure"));
        }
        let names = structures.iter().map(|structure| structure.name.clone()).collect();
        let mut registered = self.registered.write().unwrap_or_else(PoisonError::into_inner);
        for structure in structures {
            // Records and readers hold layouts without a lock, so a replaced layout stays in memory.
            registered.insert(structure.name.clone(), Box::leak(Box::new(structure)));
        }
        self.any.store(true, Ordering::Release);
        Ok(names)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_loads() {
        let names: Vec<_> = HEADERS.iter().map(|structure| structure.name.as_str()).collect();
        assert_eq!(names, ["SECURITY", "HEADER", "IMAGE", "GRAPHIC", "TEXT", "DATA", "RESERVED"]);
        let mut tags: Vec<&str> = Vec::new();
        for (name, text) in TRE_TEXTS.iter().chain(&DES_TEXTS) {
            let structures = Structure::load(text).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(structures.len(), 1, "{name}");
            assert!(!structures[0].source.is_empty(), "{name} names no document");
        }
        tags.extend(tre_names().map(|name| name.split('.').next().unwrap()));
        tags.dedup();
        let files = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src/format/nitf/layouts/tre")).unwrap();
        assert_eq!(tags.len(), files.count(), "a file for each tag");
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
        assert!(tre_layout("ACF", 154).unwrap().is_none());
    }

    #[test]
    fn a_registered_layout_is_found_and_takes_the_place_of_an_older_one() {
        let table = "structure ZZTEST.4\nfield A 4 A\nstructure ZZTEST.6\nfield A 6 A";
        assert_eq!(register_tre(table).unwrap(), ["ZZTEST.4", "ZZTEST.6"]);
        assert!(tre_layout("ZZTEST", 5).unwrap().is_none());
        assert_eq!(tre_layout("ZZTEST", 6).unwrap().unwrap().name, "ZZTEST.6");
        register_tre("structure ZZTEST\nfield B 2 A").unwrap();
        assert_eq!(&*tre_layout("ZZTEST", 6).unwrap().unwrap().fields()[0].name, "B");
        register_tre("structure ZZTEST\nfield C 2 A").unwrap();
        assert_eq!(&*tre_layout("ZZTEST", 6).unwrap().unwrap().fields()[0].name, "C");
    }

    #[test]
    fn a_data_extension_is_found_by_name_and_version() {
        register_des("structure \"ZZ TEST DES\" Title\nfield A 4 A\nstructure \"ZZ TEST DES.02\"\nfield B 6 A")
            .unwrap();
        let field = |version, length| {
            let layout = des_layout("ZZ TEST DES              ", version, length).unwrap()?;
            Some(layout.fields()[0].name.to_string())
        };
        assert_eq!((field(1, 4).as_deref(), field(2, 6).as_deref()), (Some("A"), Some("B")));
        assert_eq!((field(2, 5), des_layout("ZZ", 1, 9).unwrap().is_some()), (None, false));
    }

    #[test]
    fn wrong_tables_are_not_registered() {
        for table in ["", "structure TOOLONGTAG\nfield A 1 A", "structure ZZBAD\nfield A 1 Q", "structure ZZBAD"] {
            assert!(matches!(register_tre(table), Err(Error::Usage(_))), "{table}");
        }
        assert!(tre_layout("ZZBAD", 1).unwrap().is_none());
    }
}
