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
}
