//! Which certificates are trusted: the system's, or those that the environment names, and `ca_file`.
//!
//! What the variables name counts as far as it can be read. If nothing is left, that is an error: the
//! system's roots are not what was meant.

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::io::ErrorKind;
use std::path::Path;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls_native_certs::{CertificateResult, ErrorKind as NativeErrorKind, load_native_certs};

use crate::config::{from_pem, is_exhausted, read_regular_file};
use crate::error::Error;

type Certificates = HashSet<CertificateDer<'static>>;

const FILE: &str = "SSL_CERT_FILE";
const FOLDERS: &str = "SSL_CERT_DIR";
/// The variables of requests and curl, read if neither of OpenSSL's is set. Each names a file or a folder.
const BUNDLES: [&str; 2] = ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"];

/// `env` reads environment variables.
pub(crate) fn roots(
    extra: &[CertificateDer<'static>],
    env: &dyn Fn(&str) -> Option<OsString>,
) -> Result<RootCertStore, Error> {
    let mut roots = RootCertStore::empty();
    let sources = sources(env);
    let mut first_error = None;
    for (variable, value) in &sources {
        match certificates(variable, value) {
            Ok(certificates) => {
                let (added, _) = roots.add_parsable_certificates(certificates);
                if added == 0 {
                    first_error.get_or_insert_with(|| no_certificate(variable, value));
                }
            }
            Err(error @ Error::OutOfResources(_)) => return Err(error),
            Err(error) => {
                first_error.get_or_insert(error);
            }
        }
    }
    if let Some(error) = first_error
        && roots.is_empty()
    {
        return Err(error);
    }
    if sources.is_empty() {
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

/// The variables that count, with their values.
fn sources(env: &dyn Fn(&str) -> Option<OsString>) -> Vec<(&'static str, OsString)> {
    let set = |name: &'static str| Some((name, env(name)?));
    let openssl: Vec<_> = [FILE, FOLDERS].into_iter().filter_map(set).collect();
    if !openssl.is_empty() {
        return openssl;
    }
    BUNDLES.into_iter().filter_map(set).find(|(_, value)| !value.is_empty()).into_iter().collect()
}

/// The certificates that a variable names.
fn certificates(variable: &'static str, value: &OsStr) -> Result<Certificates, Error> {
    if value.is_empty() {
        let why = "empty: unset it, or let it name certificates";
        return Err(Error::Configuration(format!("{variable} is set, but {why}")));
    }
    let path = Path::new(value);
    if variable != FOLDERS && !(BUNDLES.contains(&variable) && path.is_dir()) {
        return read_file(variable, path);
    }
    let mut certificates = Certificates::new();
    let mut first_error = None;
    for folder in std::env::split_paths(value).filter(|folder| !folder.as_os_str().is_empty()) {
        match read_folder(variable, &folder) {
            Ok(found) => certificates.extend(found),
            Err(error @ Error::OutOfResources(_)) => return Err(error),
            Err(error) => {
                first_error.get_or_insert(error);
            }
        }
    }
    match first_error {
        Some(error) if certificates.is_empty() => Err(error),
        _ => Ok(certificates),
    }
}

fn read_file(variable: &str, path: &Path) -> Result<Certificates, Error> {
    let pem = read_regular_file(path).map_err(|error| unreadable(variable, path, &error))?;
    let certificates = from_pem(&pem).map_err(|why| {
        Error::Configuration(format!("{variable} is set, but {}: {why}", path.display()))
    })?;
    Ok(certificates.into_iter().collect())
}

/// What is no certificate in a folder is left out: it may be somebody's key.
fn read_folder(variable: &str, folder: &Path) -> Result<Certificates, Error> {
    let mut certificates = Certificates::new();
    let failed = |error: &std::io::Error| unreadable(variable, folder, error);
    for entry in std::fs::read_dir(folder).map_err(|error| failed(&error))? {
        let path = entry.map_err(|error| failed(&error))?.path();
        match read_regular_file(&path) {
            Ok(pem) => certificates.extend(from_pem(&pem).unwrap_or_default()),
            Err(error) if error.kind() == ErrorKind::FileTooLarge || is_exhausted(&error) => {
                return Err(unreadable(variable, &path, &error));
            }
            Err(_) => {}
        }
    }
    Ok(certificates)
}

fn unreadable(variable: &str, path: &Path, error: &std::io::Error) -> Error {
    let path = path.display();
    if is_exhausted(error) {
        Error::OutOfResources(format!("{variable}: {path}: {error}"))
    } else {
        Error::Configuration(format!("{variable} is set, but {path}: {error}"))
    }
}

fn no_certificate(variable: &str, value: &OsStr) -> Error {
    let place = Path::new(value).display();
    Error::Configuration(format!("{variable} is set, but {place} holds no certificate in PEM form"))
}

fn no_system_roots(errors: &[rustls_native_certs::Error]) -> Error {
    let Some(first) = errors.first() else {
        let why = "the system has no root certificates; set SSL_CERT_FILE or ca_file";
        return Error::Configuration(format!("TLS cannot be set up: {why}"));
    };
    let text = format!("TLS cannot be set up: {first}");
    match &first.kind {
        NativeErrorKind::Io { inner, .. } if is_exhausted(inner) => Error::OutOfResources(text),
        _ => Error::Configuration(text),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &Path)]) -> Result<RootCertStore, Error> {
        let env = |name: &str| {
            let found = variables.iter().find(|(variable, _)| *variable == name);
            found.map(|(_, value)| value.as_os_str().to_owned())
        };
        roots(&[], &env)
    }

    fn rejected(variables: &[(&str, &Path)]) -> String {
        match read(variables) {
            Err(Error::Configuration(text)) => text,
            other => panic!("{other:?}"),
        }
    }

    /// A folder with one certificate, and the certificate's file.
    fn good(name: &str) -> (std::path::PathBuf, std::path::PathBuf) {
        let folder = std::env::temp_dir().join(format!("roots-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("ca.pem");
        let pem = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap().cert.pem();
        std::fs::write(&file, pem).unwrap();
        (folder, file)
    }

    #[test]
    fn a_variable_that_leads_to_nothing_is_named() {
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let (missing, no_pem) = (sources.join("missing.pem"), sources.join("lib.rs"));
        for variable in [FILE, FOLDERS] {
            for value in [Path::new(""), &missing, &no_pem, &sources] {
                let text = rejected(&[(variable, value)]);
                assert!(text.starts_with(&format!("{variable} is set, but ")), "{text}");
                assert!(text.contains(value.to_str().unwrap()), "{text}");
            }
        }
        for variable in BUNDLES {
            let text = rejected(&[(variable, &missing)]);
            assert!(text.starts_with(&format!("{variable} is set, but ")), "{text}");
        }
    }

    #[test]
    fn what_can_be_read_counts_beside_what_cannot() {
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let missing = sources.join("missing");
        let (folder, file) = good("beside");
        let both = std::env::join_paths([&folder, &missing]).unwrap();
        for variables in [
            vec![(FILE, file.as_path()), (FOLDERS, &missing)],
            vec![(FILE, &file), (FOLDERS, &sources)],
            vec![(FILE, &file), (FOLDERS, Path::new(""))],
            vec![(FILE, &missing), (FOLDERS, &folder)],
            vec![(FOLDERS, Path::new(&both))],
        ] {
            assert_eq!(read(&variables).unwrap().len(), 1, "{variables:?}");
        }
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn bundles_of_requests_and_curl_count_after_those_of_openssl() {
        let missing = Path::new("missing.pem");
        let (folder, file) = good("bundles");
        for variables in [
            vec![(BUNDLES[0], file.as_path()), (BUNDLES[1], missing)],
            vec![(BUNDLES[0], Path::new("")), (BUNDLES[1], &file)],
            vec![(BUNDLES[0], &folder)],
            vec![(FILE, &file), (BUNDLES[0], missing)],
        ] {
            assert_eq!(read(&variables).unwrap().len(), 1, "{variables:?}");
        }
        assert!(rejected(&[(FILE, missing), (BUNDLES[0], &file)]).starts_with(FILE));
        std::fs::remove_dir_all(folder).unwrap();
    }
}
