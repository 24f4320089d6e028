//! TLS failures in words, with a hint and without the bytes that `rustls` prints.

use std::error::Error as StdError;

use rustls::{CertificateError, Error, InvalidMessage};

use crate::error::printable;

const LONGEST_NAME: usize = 200;

/// What is wrong, and what a person can do about it.
pub(crate) struct TlsFailure {
    pub(crate) what: String,
    pub(crate) hint: Option<&'static str>,
}

const UNTRUSTED: &str = "if a company's proxy intercepts TLS, its certificate authority belongs into \
                         ca_file or into SSL_CERT_FILE";
const NOT_A_SERVER: &str = "give the server a certificate that a CA has issued, and name that CA in \
                            ca_file or SSL_CERT_FILE";
const WRONG_HOST: &str = "check base_url and the proxy; no certificate in ca_file or SSL_CERT_FILE can \
                          make up for another host's";
const WRONG_TIME: &str = "check the clock of this machine, then renew the certificate; if ca_file or \
                          SSL_CERT_FILE name an old one, replace it";
const OTHER_CERTIFICATE: &str =
    "compare the server's certificate with what ca_file and SSL_CERT_FILE name";
const NOT_TLS: &str = "is the port right, and does it speak TLS?";

/// The TLS failure in a chain of causes.
pub(crate) fn find<'a>(
    mut causes: impl Iterator<Item = &'a (dyn StdError + 'static)>,
) -> Option<TlsFailure> {
    causes.find_map(|cause| cause.downcast_ref::<Error>()).map(explain)
}

pub(crate) fn explain(error: &Error) -> TlsFailure {
    let (what, hint) = match error {
        Error::InvalidCertificate(problem) => certificate(problem),
        Error::AlertReceived(alert) => {
            (format!("the server ended the TLS handshake with the alert {alert:?}"), None)
        }
        Error::InvalidMessage(InvalidMessage::InvalidContentType) => {
            ("the response is not TLS".to_owned(), Some(NOT_TLS))
        }
        Error::InvalidMessage(_) => ("the server's TLS is not valid".to_owned(), Some(NOT_TLS)),
        Error::PeerIncompatible(problem) => (
            format!("the server supports no version or cipher of TLS that is safe ({problem:?})"),
            None,
        ),
        other => (format!("TLS failed: {}", name(other)), None),
    };
    TlsFailure { what, hint }
}

fn certificate(problem: &CertificateError) -> (String, Option<&'static str>) {
    let (words, hint) = match problem {
        CertificateError::UnknownIssuer => {
            ("is not signed by an authority that is trusted here", UNTRUSTED)
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            ("has expired", WRONG_TIME)
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            ("is not valid yet", WRONG_TIME)
        }
        CertificateError::NotValidForName => ("is for another host", WRONG_HOST),
        CertificateError::NotValidForNameContext { expected, presented } => {
            let names = printable(&presented.join(", "), LONGEST_NAME);
            let asked = printable(&expected.to_str(), LONGEST_NAME);
            let what = format!(
                "the server's certificate is for another host: for {names}, not for {asked}"
            );
            return (what, Some(WRONG_HOST));
        }
        CertificateError::Revoked => ("was revoked", OTHER_CERTIFICATE),
        CertificateError::BadSignature => {
            ("has a signature that its issuer did not make", OTHER_CERTIFICATE)
        }
        CertificateError::BadEncoding => ("cannot be read", OTHER_CERTIFICATE),
        other if is_ca_as_server(other) => {
            ("is that of a certificate authority, which no server may use", NOT_A_SERVER)
        }
        _ => ("cannot be verified", OTHER_CERTIFICATE),
    };
    let name = name(problem);
    (format!("the server's certificate {words} ({name})"), Some(hint))
}

fn is_ca_as_server(problem: &CertificateError) -> bool {
    // The type of this error belongs to a crate below rustls; its name is what rustls passes on.
    matches!(problem, CertificateError::Other(_)) && name(problem) == "CaUsedAsEndEntity"
}

/// The name of an error's innermost variant, without its fields.
fn name(error: &impl std::fmt::Debug) -> String {
    let text = format!("{error:?}");
    let inner = text.strip_prefix("Other(OtherError(").unwrap_or(&text);
    inner.chars().take_while(char::is_ascii_alphanumeric).collect()
}

#[cfg(test)]
mod tests {
    use rustls::pki_types::{ServerName, UnixTime};

    use super::*;

    #[test]
    fn certificate_errors_are_words_with_a_hint_at_ca_file_and_ssl_cert_file() {
        let time = UnixTime::since_unix_epoch(std::time::Duration::from_secs(1));
        let host = ServerName::try_from("cloud.mongodb.com")
            .unwrap_or(ServerName::IpAddress(std::net::IpAddr::from([127, 0, 0, 1]).into()));
        for (problem, words) in [
            (CertificateError::UnknownIssuer, "not signed by an authority"),
            (CertificateError::Expired, "has expired"),
            (CertificateError::ExpiredContext { time, not_after: time }, "has expired"),
            (CertificateError::NotValidYetContext { time, not_before: time }, "not valid yet"),
            (
                CertificateError::NotValidForNameContext {
                    expected: host,
                    presented: vec!["DnsName(\"a\nb\")".to_owned()],
                },
                "for DnsName(\"a b\"), not for cloud.mongodb.com",
            ),
            (
                CertificateError::UnsupportedSignatureAlgorithmContext {
                    signature_algorithm_id: vec![6, 8, 42],
                    supported_algorithms: Vec::new(),
                },
                "cannot be verified (UnsupportedSignatureAlgorithmContext)",
            ),
        ] {
            let TlsFailure { what, hint } = explain(&Error::InvalidCertificate(problem));
            assert!(what.contains(words) && !what.contains('['), "{what}");
            let hint = hint.unwrap_or_default();
            assert!(hint.contains("ca_file") && hint.contains("SSL_CERT_FILE"), "{hint}");
        }
    }
}
