//! Certificates in PEM files. Each certificate is used, or the file is rejected.

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

const BEGIN: &str = "-----BEGIN ";

/// Every certificate of a file; `Err` says what is wrong with it.
pub(crate) fn from_pem(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    // Without byte order marks, and with the newline that joining two files may leave out.
    let pem = String::from_utf8_lossy(pem)
        .replace('\u{feff}', "")
        .replace("----------BEGIN ", "-----\n-----BEGIN ");
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(pem.as_bytes())
        .collect::<Result<_, _>>()
        .map_err(|error| error.to_string())?;
    let expected = pem.split(BEGIN).skip(1).filter(|block| is_certificate(block)).count();
    match certificates.len() {
        0 if expected == 0 => Err("holds no certificate in PEM form".to_owned()),
        read if read < expected => {
            Err(format!("holds {expected} certificates, of which only {read} can be read"))
        }
        _ => Ok(certificates),
    }
}

/// Whether a block is labelled as a certificate, also `TRUSTED CERTIFICATE`, which OpenSSL writes.
fn is_certificate(block: &str) -> bool {
    block.split_once("-----").is_some_and(|(label, _)| label.ends_with("CERTIFICATE"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn certificate(name: &str) -> String {
        rcgen::generate_simple_self_signed([name.to_owned()]).unwrap().cert.pem()
    }

    #[test]
    fn certificate_behind_a_byte_order_mark_counts() {
        let (one, two) = (certificate("a"), certificate("b"));
        for text in [format!("\u{feff}{one}{two}"), format!("{one}\u{feff}{two}")] {
            assert_eq!(from_pem(text.as_bytes()).unwrap().len(), 2);
        }
    }

    #[test]
    fn certificates_joined_without_a_newline_count() {
        let text = format!("{}{}", certificate("a").trim_end(), certificate("b"));
        assert_eq!(from_pem(text.as_bytes()).unwrap().len(), 2);
        let windows = text.replace('\n', "\r\n");
        assert_eq!(from_pem(windows.as_bytes()).unwrap().len(), 2);
    }

    #[test]
    fn file_with_a_certificate_that_cannot_be_read_is_rejected() {
        let one = certificate("a");
        let trusted = certificate("b").replace(" CERTIFICATE", " TRUSTED CERTIFICATE");
        let why = from_pem(format!("{one}{trusted}").as_bytes()).unwrap_err();
        assert_eq!(why, "holds 2 certificates, of which only 1 can be read");
        let indented = one.replace("-----BEGIN", "  -----BEGIN");
        assert!(from_pem(format!("{one}{indented}").as_bytes()).is_err());
        assert!(from_pem(b"-----BEGIN CERTIFICATE-----\ncut").is_err());
    }

    #[test]
    fn file_without_certificates_is_rejected() {
        for text in
            ["", "text", "-----BEGIN CERTIFICATE REQUEST-----\n-----END CERTIFICATE REQUEST-----\n"]
        {
            assert_eq!(from_pem(text.as_bytes()).unwrap_err(), "holds no certificate in PEM form");
        }
    }
}
