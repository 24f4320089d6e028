//! A file for secrets: opened without following a link, checked once it is open, replaced in one step.
//!
//! Elsewhere than on Unix only its kind is checked: who may read it is left to its folder.

mod system;

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::sync_channel;
use std::thread::Builder;
use std::time::Duration;

use crate::config::regular_file::not_regular;

/// A client whose disk takes longer is made without a check of the file.
const LONGEST_CHECK: Duration = Duration::from_secs(1);

/// The path of a file that belongs to this user alone, or is not there yet.
#[derive(Debug, Clone)]
pub struct PrivateFile(PathBuf);

/// Why it cannot be used; both name the path.
#[derive(Debug)]
pub(crate) enum FileError {
    /// It is none for secrets, or no file at all: somebody has to change that.
    Insecure(String),
    /// The system would not, this time.
    Io(String),
    /// The system gives no answer; it may yet do what it was asked.
    Slow(String),
}

impl PrivateFile {
    /// Checks what there is already; makes nothing.
    ///
    /// A relative path counts from the present working directory; `~` is a name like any other.
    pub(super) fn parse(path: &Path) -> Result<Self, FileError> {
        let given = Self(path.to_owned());
        let absolute = std::path::absolute(path).map_err(|_| given.insecure("names no file"))?;
        let (Some(folder), Some(name)) = (absolute.parent(), absolute.file_name()) else {
            return Err(given.insecure("names no file"));
        };
        // Without a slash at the end, which would make it the name of a folder.
        let file = Self(folder.join(name));
        let (result, checked) = sync_channel(1);
        let checking = file.clone();
        let check = move || drop(result.send(checking.check_present()));
        match Builder::new().name("atlas-backups".to_owned()).spawn(check) {
            // What hangs is checked by each call again, which does without the file then.
            Ok(_) => checked.recv_timeout(LONGEST_CHECK).unwrap_or(Ok(()))?,
            Err(_) => file.check_present()?,
        }
        Ok(file)
    }

    fn check_present(&self) -> Result<(), FileError> {
        self.open()?;
        self.lock_file().open()?;
        match std::fs::metadata(self.0.parent().unwrap_or(&self.0)) {
            Ok(metadata) if metadata.is_dir() => Ok(()),
            Ok(_) => Err(self.insecure("is in no directory")),
            Err(error) => Err(self.insecure(&format!("its directory cannot be used: {error}"))),
        }
    }

    /// The file to lock before this one is replaced; it stays where it is, for good.
    pub(crate) fn lock_file(&self) -> Self {
        self.beside(".lock")
    }

    fn beside(&self, ending: &str) -> Self {
        let mut name = self.0.file_name().unwrap_or_default().to_owned();
        name.push(ending);
        Self(self.0.with_file_name(name))
    }

    /// Opens it to read; `None`: there is none.
    pub(crate) fn open(&self) -> Result<Option<File>, FileError> {
        self.open_with(OpenOptions::new().read(true))
    }

    /// Opens it to write beside what it holds, and makes it first where there is none.
    pub(crate) fn open_or_create(&self) -> Result<File, FileError> {
        let mut options = OpenOptions::new();
        options.read(true).write(true);
        if let Some(file) = self.open_with(&mut options)? {
            return Ok(file);
        }
        let made = system::private(options.create(true)).open(&self.0);
        self.check(made.map_err(|error| self.broken(&error))?)
    }

    /// Puts new content in its place. Only one may do so at a time: the file that takes the place
    /// has always the same name, so that none is left behind.
    pub(crate) fn replace(&self, content: &[u8]) -> Result<(), FileError> {
        let next = self.beside(".atlas-backups-new");
        let replace = || {
            match std::fs::remove_file(&next.0) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                Ok(()) | Err(_) => {}
            }
            let mut options = OpenOptions::new();
            let mut file = system::private(options.write(true).create_new(true)).open(&next.0)?;
            system::make_private(&file)?;
            file.write_all(content)?;
            drop(file);
            std::fs::rename(&next.0, &self.0)
        };
        replace().map_err(|error| {
            let _ = std::fs::remove_file(&next.0);
            self.broken(&error)
        })
    }

    fn open_with(&self, options: &mut OpenOptions) -> Result<Option<File>, FileError> {
        match system::private(options).open(&self.0) {
            Ok(file) => self.check(file).map(Some),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(match error.kind() {
                _ if system::is_link(&error) => self.insecure("is a symbolic link"),
                ErrorKind::IsADirectory => self.insecure("is a directory"),
                ErrorKind::PermissionDenied
                | ErrorKind::NotADirectory
                | ErrorKind::InvalidInput
                | ErrorKind::InvalidFilename => self.insecure(&error.to_string()),
                _ => self.broken(&error),
            }),
        }
    }

    /// Checks the open file, not the file that has the name by now.
    fn check(&self, file: File) -> Result<File, FileError> {
        let metadata = file.metadata().map_err(|error| self.broken(&error))?;
        let why = not_regular(&metadata).map(str::to_owned);
        let why = why.or_else(|| system::not_private(&metadata));
        why.map_or(Ok(file), |why| Err(self.insecure(&why)))
    }

    fn insecure(&self, why: &str) -> FileError {
        FileError::Insecure(format!("{}: {why}", self.shown()))
    }

    pub(crate) fn broken(&self, error: &std::io::Error) -> FileError {
        FileError::Io(format!("{}: {error}", self.shown()))
    }

    pub(crate) fn slow(&self, waited: Duration) -> FileError {
        let seconds = waited.as_secs();
        FileError::Slow(format!("{}: the disk does not answer within {seconds} s", self.shown()))
    }

    /// With escapes: a name may hold anything.
    fn shown(&self) -> String {
        format!("{:?}", self.0.to_string_lossy())
    }
}

#[cfg(all(test, unix))]
#[allow(clippy::unwrap_used)]
mod tests;
