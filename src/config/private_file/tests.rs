use std::fs::{self, Permissions};
use std::io::Read;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

static FOLDERS: AtomicUsize = AtomicUsize::new(0);

/// A directory of its own; gone when it is dropped.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let number = FOLDERS.fetch_add(1, Ordering::SeqCst);
        let name = format!("atlas-backups-private-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn file(&self) -> PathBuf {
        self.0.join("tokens")
    }

    fn with(content: &str, mode: u32) -> Self {
        let folder = Self::new();
        fs::write(folder.file(), content).unwrap();
        fs::set_permissions(folder.file(), Permissions::from_mode(mode)).unwrap();
        folder
    }

    fn names(&self) -> Vec<String> {
        let names = fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap().file_name());
        names.map(|name| name.into_string().unwrap()).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn why(path: &Path) -> String {
    match PrivateFile::parse(path) {
        Err(FileError::Insecure(why)) => why,
        Err(FileError::Io(why) | FileError::Slow(why)) => format!("broken: {why}"),
        Ok(_) => "fine".to_owned(),
    }
}

fn read(file: &PrivateFile) -> String {
    let mut text = String::new();
    file.open().unwrap().unwrap().read_to_string(&mut text).unwrap();
    text
}

#[test]
fn a_file_that_others_can_open_is_refused() {
    for mode in [0o644, 0o640, 0o604, 0o620, 0o601, 0o666] {
        assert!(why(&Folder::with("", mode).file()).contains("opens it to others"), "{mode:o}");
    }
    for mode in [0o600, 0o700] {
        assert_eq!(why(&Folder::with("", mode).file()), "fine", "{mode:o}");
    }
}

#[test]
fn a_link_is_refused_wherever_it_leads() {
    let folder = Folder::with("", 0o600);
    for (target, name) in [("tokens", "good"), ("nowhere", "dangling"), (".", "folder")] {
        let link = folder.0.join(name);
        symlink(target, &link).unwrap();
        assert!(why(&link).ends_with("is a symbolic link"), "{}", why(&link));
    }
}

#[test]
fn what_is_no_file_is_refused() {
    let folder = Folder::with("", 0o600);
    assert!(why(&folder.0).ends_with("is a directory"));
    assert!(why(&folder.0.join("missing/tokens")).contains("its directory"));
    assert!(why(&folder.file().join("below")).contains("Not a directory"));
    for path in ["", "/", "..", "a\0b"] {
        assert_ne!(why(Path::new(path)), "fine", "{path:?}");
    }
    assert!(why(Path::new("/dev/null")).ends_with("is no regular file"));
}

#[test]
fn the_file_to_lock_is_looked_at_too() {
    let folder = Folder::new();
    symlink("/dev/null", folder.0.join("tokens.lock")).unwrap();
    assert!(why(&folder.file()).contains("tokens.lock"));
}

#[test]
fn checking_makes_nothing() {
    let folder = Folder::new();
    let file = PrivateFile::parse(&folder.file()).unwrap();
    assert!(file.open().unwrap().is_none());
    assert!(folder.names().is_empty());
}

#[test]
fn content_is_replaced_by_a_new_private_file() {
    let folder = Folder::with("old", 0o600);
    let file = PrivateFile::parse(&folder.file()).unwrap();
    let mut before = file.open().unwrap().unwrap();
    // Left behind by a process that was killed.
    fs::write(folder.0.join("tokens.atlas-backups-new"), "rest").unwrap();

    file.replace(b"new").unwrap();

    assert_eq!(read(&file), "new");
    let mut text = String::new();
    before.read_to_string(&mut text).unwrap();
    assert_eq!(text, "old");
    assert_eq!(fs::metadata(folder.file()).unwrap().permissions().mode() & 0o7777, 0o600);
    assert_eq!(folder.names(), ["tokens"]);
}

#[test]
fn a_replacement_that_fails_leaves_the_old_content() {
    let folder = Folder::with("old", 0o600);
    let file = PrivateFile::parse(&folder.file()).unwrap();
    fs::create_dir(folder.0.join("tokens.atlas-backups-new")).unwrap();

    assert!(matches!(file.replace(b"new"), Err(FileError::Io(_))));

    assert_eq!(read(&file), "old");
}

#[test]
fn the_file_to_lock_is_made_private_and_kept() {
    let folder = Folder::new();
    let lock = PrivateFile::parse(&folder.file()).unwrap().lock_file();

    lock.open_or_create().unwrap();
    lock.open_or_create().unwrap();

    let mode = fs::metadata(folder.0.join("tokens.lock")).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o600);
    assert_eq!(folder.names(), ["tokens.lock"]);
}
