//! Which certificates are trusted: the system's, or those that the environment names, and `ca_file`.
//!
//! A variable that is set and leads to nothing is an error: the system's roots are not what was meant.

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::io::ErrorKind;
use std::path::Path;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls_native_certs::{CertificateResult, ErrorKind as NativeErrorKind, load_native_certs};

use crate::config::{is_exhausted, read_regular_file};
use crate::error::Error;

type Certificates = HashSet<CertificateDer<'static>>;
/// What could not be read, and why.
type Unread = (String, std::io::Error);

const FILE: &str = "SSL_CERT_FILE";
const FOLDERS: &str = "SSL_CERT_DIR";

/// `env` looks up environment variables.
pub(super) fn roots(
    extra: &[CertificateDer<'static>],
    env: &dyn Fn(&str) -> Option<OsString>,
) -> Result<RootCertStore, Error> {
    let mut roots = RootCertStore::empty();
    let (file, folders) = (env(FILE), env(FOLDERS));
    if let Some(value) = &file {
        add(&mut roots, FILE, value, read_file)?;
    }
    if let Some(value) = &folders {
        add(&mut roots, FOLDERS, value, read_folders)?;
    }
    if file.is_none() && folders.is_none() {
        let CertificateResult { certs, errors, .. } = load_native_certs();
        roots.add_parsable_certificates(certs);
        if roots.is_empty() && extra.is_empty() {
            return Err(no_system_roots(&errors));
        }
    }
    for certificate in extra {
        roots.add(certificate.clone()).map_err(|error| {
            Error::Configuration(format!("ca_file holds an unusable certificate: {error}"))
        })?;
    }
    Ok(roots)
}

/// Adds what a variable leads to.
fn add(
    roots: &mut RootCertStore,
    variable: &str,
    value: &OsStr,
    read: fn(&OsStr) -> Result<Certificates, Unread>,
) -> Result<(), Error> {
    let refuse = |why: String| Error::Configuration(format!("{variable} is set, but {why}"));
    let unread = |(place, error): Unread| {
        if is_exhausted(&error) {
            Error::Exhausted(format!("{variable}: {place}: {error}"))
        } else {
            refuse(format!("{place}: {error}"))
        }
    };
    if value.is_empty() {
        return Err(refuse("empty: unset it, or let it name certificates".to_owned()));
    }
    let (added, _) = roots.add_parsable_certificates(read(value).map_err(unread)?);
    if added == 0 {
        let place = Path::new(value).display();
        return Err(refuse(format!("{place} holds no certificate in PEM form")));
    }
    Ok(())
}

fn no_system_roots(errors: &[rustls_native_certs::Error]) -> Error {
    let Some(first) = errors.first() else {
        let why = "the system has no root certificates; set SSL_CERT_FILE or ca_file";
        return Error::Configuration(format!("TLS cannot be set up: {why}"));
    };
    let text = format!("TLS cannot be set up: {first}");
    match &first.kind {
        NativeErrorKind::Io { inner, .. } if is_exhausted(inner) => Error::Exhausted(text),
        _ => Error::Configuration(text),
    }
}

/// What cannot be parsed is left out, as among the system's own.
fn read_file(path: &OsStr) -> Result<Certificates, Unread> {
    let path = Path::new(path);
    let pem = read_regular_file(path).map_err(|error| (path.display().to_string(), error))?;
    Ok(CertificateDer::pem_slice_iter(&pem).flatten().collect())
}

/// So is what cannot be read in a folder: it may be somebody's key. No certificates are too large.
fn read_folders(paths: &OsStr) -> Result<Certificates, Unread> {
    let mut certificates = Certificates::new();
    for folder in std::env::split_paths(paths).filter(|folder| !folder.as_os_str().is_empty()) {
        let unread = |error| (folder.display().to_string(), error);
        for entry in std::fs::read_dir(&folder).map_err(unread)? {
            match read_file(entry.map_err(unread)?.path().as_os_str()) {
                Ok(found) => certificates.extend(found),
                Err((place, error))
                    if error.kind() == ErrorKind::FileTooLarge || is_exhausted(&error) =>
                {
                    return Err((place, error));
                }
                Err(_) => {}
            }
        }
    }
    Ok(certificates)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use super::*;

    fn refused(variables: &[(&str, &Path)]) -> String {
        let env = |name: &str| {
            let found = variables.iter().find(|(variable, _)| *variable == name);
            found.map(|(_, value)| value.as_os_str().to_owned())
        };
        match roots(&[], &env) {
            Err(Error::Configuration(text)) => text,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_variable_that_leads_to_nothing_is_named() {
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let (missing, no_pem) = (sources.join("missing.pem"), sources.join("lib.rs"));
        for variable in [FILE, FOLDERS] {
            for value in [Path::new(""), &missing, &no_pem, &sources] {
                let text = refused(&[(variable, value)]);
                assert!(text.starts_with(&format!("{variable} is set, but ")), "{text}");
                assert!(text.contains(value.to_str().unwrap()), "{text}");
            }
        }
    }

    #[test]
    fn one_missing_folder_among_others_is_named() {
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let both = std::env::join_paths([&sources, &sources.join("missing")]).unwrap();
        assert!(refused(&[(FOLDERS, Path::new(&both))]).contains("missing"));
    }
}
