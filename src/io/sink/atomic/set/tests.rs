use std::collections::BTreeMap;

use super::super::AtomicFile;
use super::*;
use crate::io::ByteSink;

/// The names of the base and of four levels.
const NAMES: [&str; 5] = ["scene.tif", "scene.tif.r1", "scene.tif.r2", "scene.tif.r3", "scene.tif.r4"];

/// A folder with the first files of a former set.
struct Folder(tempfile::TempDir);

impl Folder {
    fn with(count: usize) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        for name in &NAMES[..count] {
            std::fs::write(folder.path(name), "old").unwrap();
        }
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The first files of a new set, and the names beyond them.
    fn outputs(&self, count: usize) -> (Vec<Prepared<'static>>, Vec<PathBuf>) {
        let output = |name: &&str| {
            let mut file = Box::new(AtomicFile::create(self.path(name)).unwrap());
            file.write(b"new").unwrap();
            file.prepare().unwrap()
        };
        (NAMES[..count].iter().map(output).collect(), NAMES[count..].iter().map(|name| self.path(name)).collect())
    }

    /// The content of every file by its name.
    fn contents(&self) -> BTreeMap<String, String> {
        let read = |entry: std::io::Result<std::fs::DirEntry>| {
            let path = entry.unwrap().path();
            (path.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read_to_string(path).unwrap())
        };
        std::fs::read_dir(self.0.path()).unwrap().map(read).collect()
    }

    /// The contents of the files that a reader of the set finds: the base, and the levels up to the first gap.
    fn set(&self) -> Vec<String> {
        NAMES.iter().map_while(|name| std::fs::read_to_string(self.path(name)).ok()).collect()
    }
}

fn set_of(count: usize, content: &str) -> BTreeMap<String, String> {
    NAMES[..count].iter().map(|name| ((*name).to_owned(), content.to_owned())).collect()
}

/// Every number of files that the former set and the new one have.
fn cases() -> impl Iterator<Item = (usize, usize)> {
    (0..=5).flat_map(|former| (1..=5).map(move |new| (former, new)))
}

#[test]
fn a_set_replaces_the_former_one_as_a_whole() {
    for (former, new) in cases() {
        let folder = Folder::with(former);
        let (outputs, beyond) = folder.outputs(new);
        publish_set(outputs, &beyond).unwrap();
        assert_eq!(folder.contents(), set_of(new, "new"), "{former} files replaced by {new}");
    }
}

#[test]
fn a_failure_at_any_step_restores_the_former_set() {
    for (former, new) in cases() {
        for failing in 0.. {
            let folder = Folder::with(former);
            let (outputs, beyond) = folder.outputs(new);
            let mut count = 0;
            let result = publish_in_steps(outputs, &beyond, &mut || {
                count += 1;
                if count > failing { Err(Error::Cancelled) } else { Ok(()) }
            });
            if result.is_ok() {
                assert!(failing > new);
                break;
            }
            assert_eq!(folder.contents(), set_of(former, "old"), "{former} files, {new} new ones, step {failing}");
        }
    }
}

/// What a process leaves that is killed before each step is what the step sees.
#[test]
fn no_step_shows_files_of_two_sets_or_loses_a_former_file() {
    for (former, new) in cases() {
        let folder = Folder::with(former);
        let (outputs, beyond) = folder.outputs(new);
        let mut steps = Vec::new();
        publish_in_steps(outputs, &beyond, &mut || {
            let set = folder.set();
            assert!(set.iter().all(|content| *content == set[0]), "{former} files, {new} new ones: {set:?}");
            let kept = folder.contents().values().filter(|content| *content == "old").count();
            assert_eq!(kept, former, "{:?}", folder.contents());
            steps.push(set.len());
            Ok(())
        })
        .unwrap();
        // The base never lacks its name. Without a former base, the new one appears when its levels are there.
        let is_found =
            if former == 0 { steps.iter().all(|count| [0, new].contains(count)) } else { !steps.contains(&0) };
        assert!(is_found, "{former} files, {new} new ones: {steps:?}");
    }
}

#[test]
fn levels_without_a_base_are_replaced_too() {
    let folder = Folder::with(3);
    std::fs::remove_file(folder.path(NAMES[0])).unwrap();
    let before = folder.contents();
    let (outputs, beyond) = folder.outputs(2);
    publish_in_steps(outputs, &beyond, &mut || {
        assert!(folder.set().is_empty() || folder.set() == ["new", "new"]);
        if folder.set().is_empty() { Ok(()) } else { Err(Error::Cancelled) }
    })
    .unwrap_err();
    assert_eq!(folder.contents(), before);
    let (outputs, beyond) = folder.outputs(2);
    publish_set(outputs, &beyond).unwrap();
    assert_eq!(folder.contents(), set_of(2, "new"));
}

#[test]
fn a_directory_in_the_place_of_any_level_leaves_the_former_set() {
    for name in &NAMES[1..] {
        let folder = Folder::with(5);
        let (outputs, beyond) = folder.outputs(4);
        let path = folder.path(name);
        std::fs::remove_file(&path).unwrap();
        std::fs::create_dir(&path).unwrap();
        let error = publish_set(outputs, &beyond).unwrap_err();
        assert!(matches!(&error, Error::Io { path: Some(named), .. } if *named == path), "{error}");
        std::fs::remove_dir(&path).unwrap();
        let mut expected = set_of(5, "old");
        expected.remove(*name);
        assert_eq!(folder.contents(), expected);
    }
}

#[test]
fn a_stream_that_refuses_restores_the_former_set() {
    let folder = Folder::with(3);
    let (mut outputs, beyond) = folder.outputs(2);
    outputs.push(Prepared::stream(|| Err(Error::Cancelled)));
    publish_set(outputs, &beyond).unwrap_err();
    assert_eq!(folder.contents(), set_of(3, "old"));
}
