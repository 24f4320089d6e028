//! What a private file is on this system: Unix knows owners and modes, others are not asked.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{Error, Result};

/// For this user alone from the start; follows no link, and waits for nobody (as a pipe would).
#[cfg(unix)]
pub(super) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;

    use rustix::fs::OFlags;

    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits();
    options.mode(0o600).custom_flags(flags.cast_signed())
}

#[cfg(not(unix))]
pub(super) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

/// Gives back what an odd umask took.
#[cfg(unix)]
pub(super) fn make_private(file: &File) -> Result<()> {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    file.set_permissions(Permissions::from_mode(0o600))
}

#[cfg(not(unix))]
#[allow(clippy::unnecessary_wraps)] // elsewhere it can fail
pub(super) fn make_private(_: &File) -> Result<()> {
    Ok(())
}

/// Whether opening failed because the name is that of a symbolic link.
#[cfg(unix)]
pub(super) fn is_link(error: &Error) -> bool {
    use rustix::io::Errno;

    // FreeBSD says MLINK.
    let code = error.raw_os_error();
    [Errno::LOOP, Errno::MLINK].iter().any(|errno| code == Some(errno.raw_os_error()))
}

#[cfg(not(unix))]
pub(super) fn is_link(_: &Error) -> bool {
    false
}

/// Why somebody else may have written or may read an open file.
#[cfg(unix)]
pub(super) fn not_private(metadata: &Metadata) -> Option<String> {
    use std::os::unix::fs::MetadataExt;

    let mode = metadata.mode() & 0o7777;
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        Some("belongs to another user".to_owned())
    } else if mode & 0o077 != 0 {
        Some(format!("its mode {mode:04o} opens it to others; it must be 0600"))
    } else {
        None
    }
}

#[cfg(not(unix))]
pub(super) fn not_private(_: &Metadata) -> Option<String> {
    None
}
