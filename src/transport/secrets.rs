//! Hides what was sent as a secret from whatever text a server (or a proxy) echoes.

#[cfg(test)]
mod properties;

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

/// Shorter secrets are not worth hiding: they would blank out ordinary words.
const SHORTEST: usize = 6;

/// The secrets that travelled with one request.
#[derive(Debug, Clone, Default)]
pub(crate) struct Secrets(Vec<SecretString>);

impl Secrets {
    pub(crate) fn new(secrets: impl IntoIterator<Item = SecretString>) -> Self {
        let worth = |secret: &SecretString| secret.expose_secret().len() >= SHORTEST;
        Self(secrets.into_iter().filter(worth).collect())
    }

    pub(crate) fn hide(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, secret| {
            if text.contains(secret.expose_secret()) {
                text.replace(secret.expose_secret(), "***")
            } else {
                text
            }
        })
    }

    /// The start of a body as text, so many bytes at most; a secret that is cut there is left out.
    pub(crate) fn hide_in_start(&self, body: &[u8], longest: usize) -> String {
        let Some(start) = body.get(..longest).filter(|_| body.len() > longest) else {
            return self.hide(&String::from_utf8_lossy(body));
        };
        let hidden = self.hide(&String::from_utf8_lossy(start));
        let whole = hidden.trim_end_matches(char::REPLACEMENT_CHARACTER);
        let without = self.0.iter().filter_map(|secret| without_start_of(secret, whole));
        without.min_by_key(|text| text.len()).unwrap_or(whole).to_owned()
    }

    pub(crate) fn hide_in(&self, value: Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.hide(&text)),
            Value::Array(items) => items.into_iter().map(|item| self.hide_in(item)).collect(),
            Value::Object(map) => {
                let hidden = map.into_iter().map(|(k, v)| (self.hide(&k), self.hide_in(v)));
                Value::Object(hidden.collect())
            }
            other => other,
        }
    }
}

/// The text without the start of a secret at its end, the longest if there are more.
fn without_start_of<'a>(secret: &SecretString, text: &'a str) -> Option<&'a str> {
    let secret = secret.expose_secret();
    let starts = secret.char_indices().rev().filter_map(|(end, _)| secret.get(..end));
    starts.filter(|start| !start.is_empty()).find_map(|start| text.strip_suffix(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_echoed_secret_is_hidden_everywhere() {
        let secrets = Secrets::new(["canary-1".into(), "abc".into()]);
        let echoed = serde_json::json!({"canary-1": ["Bearer canary-1", 1, "abc"]});

        let hidden = secrets.hide_in(echoed);

        assert_eq!(hidden, serde_json::json!({"***": ["Bearer ***", 1, "abc"]}));
    }

    #[test]
    fn a_secret_that_is_cut_at_the_end_is_left_out() {
        let secrets = Secrets::new(["canary-ä-canary".into()]);
        let body = "it is canary-ä-canary, or canary-ä-canary";
        for cut in 0..body.len() {
            let shown = secrets.hide_in_start(body.as_bytes(), cut);
            let expected = match cut {
                ..6 => &body[..cut],
                6..22 => "it is ",
                22..27 => &format!("it is ***{}", &body[22..cut]),
                27.. => "it is ***, or ",
            };
            assert_eq!(shown, expected, "{cut}");
        }
        assert_eq!(secrets.hide_in_start(body.as_bytes(), body.len()), "it is ***, or ***");
    }
}
