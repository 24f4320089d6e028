//! Environment variables as text. A value that is not UTF-8 is an error, never an unset variable.

use std::ffi::OsString;

use zeroize::Zeroizing;

use crate::error::Error;

/// Reads one environment variable, as `std::env::var_os` does.
pub type Lookup<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// The value of a variable, which may be a secret; `None` if it is unset or empty.
pub(crate) fn read(env: Lookup<'_>, name: &str) -> Result<Option<Zeroizing<String>>, Error> {
    let Some(value) = env(name) else { return Ok(None) };
    let text = value.into_string().map_err(|_| {
        Error::Configuration(format!("{name} is set, but its value is not valid UTF-8"))
    })?;
    let text = Zeroizing::new(text);
    Ok((!text.is_empty()).then_some(text))
}

/// Whether a value is wrapped in quotation marks, as `docker --env-file` leaves them.
pub(crate) fn is_quoted(text: &str) -> bool {
    let pairs = [('"', '"'), ('\'', '\''), ('`', '`'), ('“', '”'), ('‘', '’')];
    text.chars().count() > 1
        && pairs.iter().any(|(open, close)| text.starts_with(*open) && text.ends_with(*close))
}

/// What a message says about [`is_quoted`].
pub(crate) const QUOTED: &str =
    "must not be wrapped in quotation marks (docker --env-file does not remove them)";

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_variable_counts_as_unset() {
        assert_eq!(read(&|_| None, "A").unwrap(), None);
        assert_eq!(read(&|_| Some(OsString::new()), "A").unwrap(), None);
    }

    #[cfg(unix)]
    #[test]
    fn a_value_that_is_not_utf8_is_an_error_that_names_the_variable_only() {
        use std::os::unix::ffi::OsStringExt;
        let env = |_: &str| Some(OsString::from_vec(b"canary\xff".to_vec()));
        let text = read(&env, "A").unwrap_err().to_string();
        assert!(text.starts_with("A is set") && !text.contains("canary"), "{text}");
    }

    #[test]
    fn quotation_marks_count_only_on_both_sides() {
        for quoted in ["\"a\"", "'a'", "“a”", "''"] {
            assert!(is_quoted(quoted), "{quoted}");
        }
        for plain in ["a", "\"", "\"a", "a'", "\"a'", ""] {
            assert!(!is_quoted(plain), "{plain}");
        }
    }
}
