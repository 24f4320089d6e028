//! Options: their defaults, their limits, and what of them is fixed when a client is made.

mod base_url;
mod certificates;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzz;
mod no_proxy;
mod private_file;
mod proxy;
mod regular_file;

use std::path::Path;
use std::time::Duration;

use rustls::pki_types::CertificateDer;

pub use crate::config::base_url::BaseUrl;
pub(crate) use crate::config::certificates::from_pem;
pub(crate) use crate::config::private_file::FileError;
pub use crate::config::private_file::PrivateFile;
pub use crate::config::proxy::ProxyUrl;
pub(crate) use crate::config::regular_file::{is_exhausted, read as read_regular_file};

use crate::environment::Lookup;
use crate::error::Error;

/// Longer times are cut to this: a century, which no clock arithmetic overflows.
const LONGEST: f64 = 3_155_760_000.0;

/// Options as a caller gives them; times in seconds.
#[derive(Debug, Clone)]
pub struct Options<'a> {
    /// Where Atlas is; `None`: from the environment, else the public cloud.
    pub base_url: Option<&'a str>,
    /// Bound of one connection's making.
    pub connect_timeout: f64,
    /// Bound of one attempt.
    pub timeout: f64,
    /// Bound of one call with all its retries.
    pub total_timeout: f64,
    /// Retries of what is safe to repeat; 0 means none.
    pub max_retries: u32,
    /// A file of tokens that processes share; `None`: a token stays in memory.
    pub token_cache: Option<&'a Path>,
    /// A proxy's URL; `None`: what `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` say.
    pub proxy: Option<&'a str>,
    /// Certificates (PEM) to trust besides the system's.
    pub ca_file: Option<&'a Path>,
    /// The whole `User-Agent`.
    pub user_agent: &'a str,
}

/// Options that were found usable.
#[derive(Debug, Clone)]
pub struct Config {
    pub(crate) base_url: BaseUrl,
    pub(crate) connect_timeout: Duration,
    pub(crate) timeout: Duration,
    pub(crate) total_timeout: Duration,
    pub(crate) max_retries: u32,
    pub(crate) token_cache: Option<PrivateFile>,
    /// The proxy for the base URL, if it is reached through one.
    pub(crate) proxy: Option<ProxyUrl>,
    pub(crate) extra_roots: Vec<CertificateDer<'static>>,
    pub(crate) user_agent: http::HeaderValue,
}

impl Config {
    /// Checks every option; `env` reads environment variables.
    ///
    /// # Errors
    /// [`Error::Configuration`] names the option, or the variable, that cannot be used.
    pub fn new(options: &Options<'_>, env: Lookup<'_>) -> Result<Self, Error> {
        let base_url = BaseUrl::choose(options.base_url, env)?;
        let proxy = ProxyUrl::choose(options.proxy, &base_url, env)?;
        Ok(Self {
            base_url,
            connect_timeout: seconds("connect_timeout", options.connect_timeout)?,
            timeout: seconds("timeout", options.timeout)?,
            total_timeout: seconds("total_timeout", options.total_timeout)?,
            max_retries: options.max_retries,
            token_cache: options.token_cache.map(token_cache).transpose()?,
            proxy,
            extra_roots: options.ca_file.map_or_else(|| Ok(Vec::new()), read_certificates)?,
            user_agent: user_agent(options.user_agent)?,
        })
    }

    /// Where the client talks to, without a trailing slash.
    #[must_use]
    pub fn base_url(&self) -> &str {
        self.base_url.as_str()
    }
}

fn seconds(name: &str, value: f64) -> Result<Duration, Error> {
    positive_seconds(name, value).map_err(Error::Configuration)
}

/// A time that a caller gave; `Err` says what is wrong with it.
pub(crate) fn positive_seconds(name: &str, value: f64) -> Result<Duration, String> {
    if value.is_finite() && value > 0.0 {
        Ok(Duration::from_secs_f64(value.min(LONGEST)))
    } else {
        Err(format!("{name} must be a finite number of seconds above zero, not {value}"))
    }
}

fn token_cache(path: &Path) -> Result<PrivateFile, Error> {
    PrivateFile::parse(path).map_err(|unusable| match unusable {
        FileError::Insecure(why) | FileError::Io(why) | FileError::Slow(why) => {
            Error::Configuration(format!("token_cache {why}"))
        }
    })
}

fn read_certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let unusable = |why: String| Error::Configuration(format!("ca_file {}: {why}", path.display()));
    let pem = read_regular_file(path).map_err(|error| unusable(error.to_string()))?;
    from_pem(&pem).map_err(unusable)
}

fn user_agent(text: &str) -> Result<http::HeaderValue, Error> {
    let printable = text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    http::HeaderValue::from_str(text)
        .ok()
        .filter(|_| printable)
        .ok_or_else(|| Error::Configuration("user_agent_suffix must be printable ASCII".to_owned()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn options(base_url: &str) -> Options<'_> {
        Options {
            base_url: Some(base_url),
            connect_timeout: 5.0,
            timeout: 5.0,
            total_timeout: 10.0,
            max_retries: 4,
            token_cache: None,
            proxy: None,
            ca_file: None,
            user_agent: "atlas-backups/test",
        }
    }

    #[test]
    fn times_are_finite_and_above_zero() {
        for bad in [0.0, -1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let options = Options { timeout: bad, ..options("https://example.test") };
            let error = Config::new(&options, &|_| None).unwrap_err();
            assert!(matches!(&error, Error::Configuration(text) if text.starts_with("timeout ")));
        }
        let options = Options { timeout: 1e300, ..options("https://example.test") };
        assert!(Config::new(&options, &|_| None).is_ok());
    }

    #[test]
    fn a_header_cannot_be_smuggled_into_the_user_agent() {
        let options = Options { user_agent: "a\r\nX: y", ..options("https://example.test") };
        assert!(matches!(Config::new(&options, &|_| None), Err(Error::Configuration(_))));
    }

    #[test]
    fn a_ca_file_must_hold_certificates() {
        let missing = Path::new("does-not-exist.pem");
        let options = Options { ca_file: Some(missing), ..options("https://example.test") };
        assert!(matches!(Config::new(&options, &|_| None), Err(Error::Configuration(_))));
    }
}
