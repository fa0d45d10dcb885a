use std::io::ErrorKind;

use super::*;
use crate::io::{AtomicFile, ByteSink};

/// Folders with one target each; those with an even number hold a file.
struct Folders(tempfile::TempDir);

impl Folders {
    fn new() -> Self {
        let folders = Self(tempfile::tempdir().unwrap());
        for n in 0..3 {
            std::fs::create_dir(folders.folder(n)).unwrap();
            if n % 2 == 0 {
                std::fs::write(folders.target(n), format!("old {n}")).unwrap();
            }
        }
        folders
    }

    fn folder(&self, n: usize) -> PathBuf {
        self.0.path().join(n.to_string())
    }

    fn target(&self, n: usize) -> PathBuf {
        self.folder(n).join("out")
    }

    fn prepared(&self) -> Vec<Prepared<'static>> {
        (0..3).map(|n| prepared(&self.target(n), &format!("new {n}"))).collect()
    }

    /// Checks that the folder holds its target with this content, or is empty.
    fn check(&self, n: usize, content: Option<&str>) {
        assert_eq!(names(&self.folder(n)), if content.is_some() { vec!["out"] } else { vec![] });
        assert_eq!(std::fs::read_to_string(self.target(n)).ok().as_deref(), content);
    }

    fn check_old(&self, n: usize) {
        self.check(n, n.is_multiple_of(2).then_some(&format!("old {n}")));
    }

    /// Makes the target a directory, which a file cannot replace.
    fn block(&self, n: usize) {
        let _ = std::fs::remove_file(self.target(n));
        std::fs::create_dir(self.target(n)).unwrap();
    }
}

fn prepared(target: &Path, content: &str) -> Prepared<'static> {
    let mut sink = Box::new(AtomicFile::create(target).unwrap());
    sink.write(content.as_bytes()).unwrap();
    sink.prepare().unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

fn refused() -> Prepared<'static> {
    Prepared::stream(|| Err(Error::from(io::Error::from(ErrorKind::BrokenPipe))))
}

#[test]
fn outputs_become_visible_together_and_leave_nothing_behind() {
    let folders = Folders::new();
    let mut stream: Vec<u8> = Vec::new();
    let mut outputs: Vec<Prepared<'_>> = folders.prepared();
    (0..3).for_each(|n| assert_eq!(names(&folders.folder(n)).len(), 1 + usize::from(n % 2 == 0)));
    outputs.insert(0, Prepared::stream(|| Ok(std::io::Write::write_all(&mut stream, b"written")?)));
    publish_all(outputs).unwrap();
    (0..3).for_each(|n| folders.check(n, Some(&format!("new {n}"))));
    assert_eq!(stream, b"written");
    drop(folders.prepared());
    (0..3).for_each(|n| folders.check(n, Some(&format!("new {n}"))));
}

#[test]
fn a_directory_in_the_way_of_any_output_leaves_all_targets_as_they_were() {
    for failing in 0..3 {
        let folders = Folders::new();
        let outputs = folders.prepared();
        folders.block(failing);
        let error = publish_all(outputs).unwrap_err();
        let named = folders.target(failing);
        assert!(
            matches!(&error, Error::Io { path: Some(path), source }
            if *path == named && source.kind() == ErrorKind::IsADirectory),
            "{error}"
        );
        assert_eq!(names(&folders.folder(failing)), ["out"]);
        (0..3).filter(|n| *n != failing).for_each(|n| folders.check_old(n));
    }
}

#[test]
fn a_folder_or_a_temporary_that_is_gone_leaves_all_other_targets_as_they_were() {
    for failing in 0..3 {
        for whole_folder in [true, false] {
            let folders = Folders::new();
            let outputs = folders.prepared();
            let folder = folders.folder(failing);
            if whole_folder {
                std::fs::remove_dir_all(&folder).unwrap();
            } else {
                let temporary = names(&folder).into_iter().find(|name| name.ends_with(".osml-tmp")).unwrap();
                std::fs::remove_file(folder.join(temporary)).unwrap();
            }
            let error = publish_all(outputs).unwrap_err();
            assert!(matches!(&error, Error::Io { path: Some(path), .. } if *path == folders.target(failing)));
            assert_eq!(folder.exists(), !whole_folder);
            (0..3).filter(|n| !whole_folder || *n != failing).for_each(|n| folders.check_old(n));
        }
    }
}

#[test]
fn a_stream_that_refuses_takes_the_files_back() {
    let folders = Folders::new();
    let mut outputs = folders.prepared();
    outputs.insert(1, refused());
    assert!(matches!(publish_all(outputs), Err(Error::Io { source, .. }) if source.kind() == ErrorKind::BrokenPipe));
    (0..3).for_each(|n| folders.check_old(n));
}

#[test]
fn a_target_that_occurs_twice_gets_its_first_file_back() {
    let folders = Folders::new();
    let target = folders.target(0);
    let outputs = vec![prepared(&target, "first"), prepared(&target, "second")];
    publish_all(outputs).unwrap();
    folders.check(0, Some("second"));
    publish_all(vec![prepared(&target, "third"), prepared(&target, "fourth"), refused()]).unwrap_err();
    folders.check(0, Some("second"));
}

#[test]
fn a_former_file_comes_back_also_without_hard_links() {
    let folders = Folders::new();
    let target = folders.target(0);
    let former = move_aside(&target).unwrap();
    std::fs::write(&target, "new").unwrap();
    Replaced { target: target.clone(), former: Some(former) }.undo().unwrap();
    folders.check_old(0);
    drop(move_aside(&target).unwrap());
    folders.check(0, None);
}

#[test]
fn a_former_file_that_cannot_come_back_is_kept_and_named() {
    let folders = Folders::new();
    let mut outputs = folders.prepared();
    outputs.push(Prepared::stream(|| {
        folders.block(0);
        Err(Error::Cancelled)
    }));
    let text = publish_all(outputs).unwrap_err().to_string();
    let kept = names(&folders.folder(0)).into_iter().find(|name| name.ends_with(FORMER)).unwrap();
    assert!(text.starts_with("cancelled by the caller; ") && text.contains(&kept), "{text}");
    assert_eq!(std::fs::read(folders.folder(0).join(kept)).unwrap(), b"old 0");
    (1..3).for_each(|n| folders.check_old(n));
}
