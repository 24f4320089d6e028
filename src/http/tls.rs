//! TLS 1.2 or newer, always verified, against the system's roots and those a caller adds.

mod rsa_pss;
mod trust_store;

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};

use crate::config::Config;
use crate::error::Error;

/// `SSL_CERT_FILE` and `SSL_CERT_DIR` take the place of the system's store, as they do in OpenSSL.
pub(crate) fn client_config(config: &Config) -> Result<ClientConfig, Error> {
    let unusable = |why: String| Error::Configuration(format!("TLS cannot be set up: {why}"));
    let roots = trust_store::roots(&config.extra_roots, &|name| std::env::var_os(name))?;
    let mut tls = ClientConfig::builder_with_provider(Arc::new(rsa_pss::provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| unusable(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(tls)
}

/// What the HTTP library needs before it accepts a base URL without TLS: no roots are read.
pub(crate) fn unused_config() -> Result<ClientConfig, Error> {
    let builder = ClientConfig::builder_with_provider(Arc::new(rsa_pss::provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::Configuration(format!("TLS cannot be set up: {error}")))?;
    Ok(builder.with_root_certificates(RootCertStore::empty()).with_no_client_auth())
}
