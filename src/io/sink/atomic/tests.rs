use std::io::ErrorKind;

use super::*;

/// The ways to write a file: without a name if the system can, and under a temporary name.
const WAYS: [fn(&Path) -> AtomicFile; 2] = [
    |path| AtomicFile::create(path).unwrap(),
    |path| AtomicFile::create_by(|_, _| Err(ErrorKind::Unsupported.into()), path).unwrap(),
];

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
    for way in WAYS {
        let new = || -> Box<dyn ByteSink> { Box::new(way(&path)) };
        super::super::tests::check_moves(new, |sink| {
            sink.publish().unwrap();
            std::fs::read(&path).unwrap()
        });
    }
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
    for way in WAYS {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.tif");
        std::fs::write(&path, b"old").unwrap();
        let mut sink = Box::new(way(&path));
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

        drop(way(&path));
        assert_eq!(files(folder.path()), ["out.tif"]);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn nothing_is_beside_the_target_before_it_is_published() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out");
    for content in ["first", "second"] {
        let before = files(folder.path());
        let prepared = prepared(&path, content);
        assert_eq!(files(folder.path()), before);
        prepared.publish().unwrap();
        assert_eq!(
            (files(folder.path()), std::fs::read_to_string(&path).unwrap()),
            (vec!["out".into()], content.into())
        );
    }
}

#[cfg(unix)]
#[test]
fn the_umask_gives_a_new_file_its_mode() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let plain = folder.path().join("plain");
    std::fs::write(&plain, b"").unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode();
    for way in WAYS {
        let path = folder.path().join("out");
        Box::new(way(&path)).publish().unwrap();
        assert_eq!(mode(&path), mode(&plain));
        std::fs::remove_file(&path).unwrap();
    }
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

    for way in WAYS {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("real.tif");
        std::fs::write(&path, b"old").unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o664)).unwrap();
        let link = folder.path().join("link.tif");
        symlink("real.tif", &link).unwrap();
        let mut sink = Box::new(way(&link));
        sink.write(b"new").unwrap();
        sink.publish().unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o664);
        assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(files(folder.path()), ["link.tif", "real.tif"]);
    }
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
        self.prepared_by(WAYS[0])
    }

    fn prepared_by(&self, way: fn(&Path) -> AtomicFile) -> Vec<Prepared<'static>> {
        (0..3).map(|n| prepared_by(way, &self.target(n), &format!("new {n}"))).collect()
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
    prepared_by(WAYS[0], target, content)
}

fn prepared_by(way: fn(&Path) -> AtomicFile, target: &Path, content: &str) -> Prepared<'static> {
    let mut sink = Box::new(way(target));
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
    for way in WAYS {
        let folders = Folders::new();
        let mut stream: Vec<u8> = Vec::new();
        let mut outputs: Vec<Prepared<'_>> = folders.prepared_by(way);
        outputs.insert(0, Prepared::stream(|| Ok(std::io::Write::write_all(&mut stream, b"written")?)));
        publish_all(outputs).unwrap();
        (0..3).for_each(|n| folders.check(n, Some(&format!("new {n}"))));
        assert_eq!(stream, b"written");
        drop(folders.prepared_by(way));
        (0..3).for_each(|n| folders.check(n, Some(&format!("new {n}"))));
    }
}

#[test]
fn a_directory_in_the_way_of_any_output_leaves_all_targets_as_they_were() {
    for (failing, way) in (0..3).flat_map(|n| WAYS.map(|way| (n, way))) {
        let folders = Folders::new();
        let outputs = folders.prepared_by(way);
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
fn a_folder_that_is_gone_leaves_all_other_targets_as_they_were() {
    for (failing, way) in (0..3).flat_map(|n| WAYS.map(|way| (n, way))) {
        let folders = Folders::new();
        let outputs = folders.prepared_by(way);
        std::fs::remove_dir_all(folders.folder(failing)).unwrap();
        let error = publish_all(outputs).unwrap_err();
        assert!(matches!(&error, Error::Io { path: Some(path), .. } if *path == folders.target(failing)));
        assert!(!folders.folder(failing).exists());
        (0..3).filter(|n| *n != failing).for_each(|n| folders.check_old(n));
    }
}

#[test]
fn a_temporary_that_is_gone_leaves_all_targets_as_they_were() {
    for failing in 0..3 {
        let folders = Folders::new();
        let outputs = folders.prepared_by(WAYS[1]);
        let folder = folders.folder(failing);
        let temporary = names(&folder).into_iter().find(|name| name.ends_with(TEMPORARY)).unwrap();
        std::fs::remove_file(folder.join(temporary)).unwrap();
        let error = publish_all(outputs).unwrap_err();
        assert!(matches!(&error, Error::Io { path: Some(path), .. } if *path == folders.target(failing)));
        (0..3).for_each(|n| folders.check_old(n));
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
