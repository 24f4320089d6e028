//! Hides what was sent as a secret from whatever text a server (or a proxy) echoes.

mod encodings;
#[cfg(test)]
mod properties;

use std::sync::{Arc, OnceLock};

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

/// Shorter secrets are not worth hiding: they would blank out ordinary words.
const SHORTEST: usize = 6;

/// The secrets that travelled with one request.
#[derive(Debug, Clone, Default)]
pub(crate) struct Redactor(Arc<Held>);

#[derive(Debug, Default)]
struct Held {
    sent: Vec<SecretString>,
    /// All forms of all of them, the longest first; made for the first text that may hold one.
    forms: OnceLock<Vec<SecretString>>,
}

impl Redactor {
    pub(crate) fn new(secrets: impl IntoIterator<Item = SecretString>) -> Self {
        let sent = secrets.into_iter().filter(is_worth_hiding).collect();
        Self(Arc::new(Held { sent, forms: OnceLock::new() }))
    }

    fn forms(&self) -> &[SecretString] {
        let Held { sent, forms } = &*self.0;
        forms.get_or_init(|| {
            let forms = sent.iter().flat_map(|secret| encodings::forms(secret.expose_secret()));
            let mut forms: Vec<_> = forms.filter(is_worth_hiding).collect();
            forms.sort_by(|a, b| {
                let (a, b) = (a.expose_secret(), b.expose_secret());
                b.len().cmp(&a.len()).then_with(|| a.cmp(b))
            });
            forms.dedup_by(|a, b| a.expose_secret() == b.expose_secret());
            forms
        })
    }

    pub(crate) fn hide(&self, text: &str) -> String {
        self.forms().iter().fold(text.to_owned(), |text, form| {
            if text.contains(form.expose_secret()) {
                text.replace(form.expose_secret(), "***")
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
        let without = self.forms().iter().filter_map(|secret| without_start_of(secret, whole));
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

fn is_worth_hiding(secret: &SecretString) -> bool {
    secret.expose_secret().len() >= SHORTEST
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
        let secrets = Redactor::new(["canary-1".into(), "abc".into()]);
        let echoed = serde_json::json!({"canary-1": ["Bearer canary-1", 1, "abc"]});

        let hidden = secrets.hide_in(echoed);

        assert_eq!(hidden, serde_json::json!({"***": ["Bearer ***", 1, "abc"]}));
    }

    #[test]
    fn an_encoded_secret_is_hidden_too() {
        let secrets = Redactor::new(["canary/secret".into()]);
        for (echoed, shown) in [
            ("a canary%2Fsecret", "a ***"),
            (
                "it is &#99;&#97;&#110;&#97;&#114;&#121;&#47;&#115;&#101;&#99;&#114;&#101;&#116;",
                "it is ***",
            ),
            ("Basic aWQ6Y2FuYXJ5L3NlY3JldA==", "Basic aWQ6***A=="),
        ] {
            assert_eq!(secrets.hide(echoed), shown);
        }
    }

    #[test]
    fn a_secret_that_is_cut_at_the_end_is_left_out() {
        let secrets = Redactor::new(["canary-ä-canary".into()]);
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
