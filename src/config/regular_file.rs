//! Regular files: opened without waiting for anybody, as a pipe would, and read up to a limit.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{Error, ErrorKind, Read, Result};
use std::path::Path;

/// Some hundred times the certificates that systems trust.
const LARGEST: u64 = 1 << 24;

/// Why something is none.
pub(super) fn not_regular(metadata: &Metadata) -> Option<&'static str> {
    if metadata.is_dir() {
        Some("is a directory")
    } else if metadata.is_file() {
        None
    } else {
        Some("is no regular file")
    }
}

/// Reads a file of certificates, or what a link leads to.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
    let file = open(path)?;
    if let Some(why) = not_regular(&file.metadata()?) {
        return Err(Error::new(ErrorKind::InvalidInput, why));
    }
    let mut content = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut content)?;
    if u64::try_from(content.len()).is_ok_and(|length| length <= LARGEST) {
        Ok(content)
    } else {
        let why = format!("holds more than {} MiB", LARGEST >> 20);
        Err(Error::new(ErrorKind::FileTooLarge, why))
    }
}

/// Whether it is the system that has no descriptor left, whatever is to be opened.
#[cfg(unix)]
pub(crate) fn is_exhausted(error: &Error) -> bool {
    use rustix::io::Errno;

    let code = error.raw_os_error();
    [Errno::MFILE, Errno::NFILE].iter().any(|errno| code == Some(errno.raw_os_error()))
}

#[cfg(not(unix))]
pub(crate) fn is_exhausted(_: &Error) -> bool {
    false
}

#[cfg(unix)]
fn open(path: &Path) -> Result<File> {
    use std::os::unix::fs::OpenOptionsExt;

    use rustix::fs::OFlags;

    let flags = OFlags::NONBLOCK.bits();
    OpenOptions::new().read(true).custom_flags(flags.cast_signed()).open(path)
}

#[cfg(not(unix))]
fn open(path: &Path) -> Result<File> {
    OpenOptions::new().read(true).open(path)
}
