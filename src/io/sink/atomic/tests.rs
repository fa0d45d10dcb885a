use std::io::ErrorKind;

use super::*;

fn files(folder: &Path) -> Vec<String> {
    let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.collect();
    names.sort();
    names
}

#[test]
fn large_and_small_writes_keep_their_order() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out");
    let mut file = Box::new(AtomicFile::create(&path).unwrap());
    let mut expected = Vec::new();
    for (value, length) in [(1, 1000), (2, BUFFER / 2), (3, 10), (4, BUFFER), (5, 2 * BUFFER), (6, 1)] {
        file.write(&vec![value; length]).unwrap();
        expected.resize(expected.len() + length, value);
        assert_eq!(file.position(), expected.len() as u64);
    }
    file.publish().unwrap();
    assert!(std::fs::read(&path).unwrap() == expected);
}

#[test]
fn a_tail_is_moved_in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out");
    let new = || -> Box<dyn ByteSink> { Box::new(AtomicFile::create(&path).unwrap()) };
    super::super::tests::check_moves(new, |sink| {
        sink.publish().unwrap();
        std::fs::read(&path).unwrap()
    });
}

#[test]
fn a_file_that_is_not_synced_replaces_its_target_as_a_whole_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out");
    std::fs::write(&path, b"old").unwrap();
    let mut sink = sink_at(&path, Durability::Cached).unwrap();
    sink.write(b"new").unwrap();
    let prepared = sink.prepare().unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), b"old");
    prepared.publish().unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), b"new");
}

#[test]
fn the_target_changes_only_when_published() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.tif");
    std::fs::write(&path, b"old").unwrap();
    let mut sink = Box::new(AtomicFile::create(&path).unwrap());
    sink.write(b"new").unwrap();
    sink.write(&vec![7; BUFFER]).unwrap();
    let place = sink.reserve(4).unwrap();
    sink.positioned().unwrap().unwrap().write_at(place + 1, b"xy").unwrap();
    sink.patch(0, b"N").unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), b"old");
    sink.publish().unwrap();
    let bytes = std::fs::read(&path).unwrap();
    assert_eq!((&bytes[..3], bytes.len()), (&b"New"[..], BUFFER + 7));
    assert_eq!(bytes[BUFFER + 3..], [0, b'x', b'y', 0]);

    drop(AtomicFile::create(&path).unwrap());
    assert_eq!(files(folder.path()), ["out.tif"]);
}

#[test]
fn a_name_as_long_as_a_file_system_allows_works() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("é".repeat(125) + ".tif");
    let mut sink = Box::new(AtomicFile::create(&path).unwrap());
    sink.write(b"new").unwrap();
    sink.publish().unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), b"new");
}

#[cfg(unix)]
#[test]
fn modes_and_links_are_kept() {
    use std::fs::Permissions;
    use std::os::unix::fs::{PermissionsExt, symlink};

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("real.tif");
    std::fs::write(&path, b"old").unwrap();
    std::fs::set_permissions(&path, Permissions::from_mode(0o664)).unwrap();
    let link = folder.path().join("link.tif");
    symlink("real.tif", &link).unwrap();
    let mut sink = Box::new(AtomicFile::create(&link).unwrap());
    sink.write(b"new").unwrap();
    sink.publish().unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), b"new");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o664);
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
}

#[cfg(unix)]
#[test]
fn a_device_is_written_to_and_not_replaced() {
    use std::os::unix::fs::FileTypeExt;
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("null.png");
    std::os::unix::fs::symlink("/dev/null", &link).unwrap();
    let mut sink = sink_at(&link, Durability::default()).unwrap();
    sink.write(b"bytes").unwrap();
    sink.publish().unwrap();
    assert!(std::fs::metadata("/dev/null").unwrap().file_type().is_char_device());
    assert_eq!(files(folder.path()), ["null.png"]);
}

#[test]
fn a_directory_or_a_missing_folder_is_an_error_at_once() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(AtomicFile::create(folder.path()), Err(Error::Io { .. })));
    assert!(matches!(AtomicFile::create(folder.path().join("no/such.tif")), Err(Error::Io { .. })));
}

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
