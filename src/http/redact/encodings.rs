//! The encodings of a secret to redact: URL, HTML, JSON, base64, hex.

use std::fmt::Write;

use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER, HEXUPPER};
use secrecy::SecretString;
use url::form_urlencoded;
use zeroize::Zeroizing;

/// Whether a character is escaped.
type IsSpecial = fn(char) -> bool;
/// Writes one character in another way.
type Escape = fn(&mut String, char) -> std::fmt::Result;

/// The secret as it is, and in all these forms.
pub(crate) fn forms(secret: &str) -> impl Iterator<Item = SecretString> {
    let bytes = secret.as_bytes();
    let everything: IsSpecial = |_| true;
    let in_urls: IsSpecial = |c| !(c.is_ascii_alphanumeric() || "-._~".contains(c));
    let in_markup: IsSpecial = |c| "&<>\"'".contains(c);
    let in_json: IsSpecial = |c| "\"\\".contains(c);
    let in_json_of_php: IsSpecial = |c| "\"\\/".contains(c);
    let escapes: [(IsSpecial, Escape); 12] = [
        (in_urls, |out, c| each_byte(out, c, |out, byte| write!(out, "%{byte:02X}"))),
        (in_urls, |out, c| each_byte(out, c, |out, byte| write!(out, "%{byte:02x}"))),
        (everything, |out, c| each_byte(out, c, |out, byte| write!(out, "%{byte:02X}"))),
        (everything, |out, c| each_byte(out, c, |out, byte| write!(out, "%{byte:02x}"))),
        (in_markup, |out, c| write!(out, "&{};", name(c))),
        (in_markup, |out, c| write!(out, "&#x{:x};", u32::from(c))),
        (everything, |out, c| write!(out, "&#{};", u32::from(c))),
        (everything, |out, c| write!(out, "&#x{:x};", u32::from(c))),
        (in_json, |out, c| write!(out, "\\{c}")),
        (in_json_of_php, |out, c| write!(out, "\\{c}")),
        (everything, |out, c| each_unit(out, c, |out, unit| write!(out, "\\u{unit:04x}"))),
        (everything, |out, c| each_unit(out, c, |out, unit| write!(out, "\\u{unit:04X}"))),
    ];
    let mut forms = vec![
        secret.to_owned(),
        form_urlencoded::byte_serialize(bytes).collect(),
        HEXLOWER.encode(bytes),
        HEXUPPER.encode(bytes),
    ];
    forms.extend(escapes.map(|(is_special, escape)| escaped(secret, is_special, escape)));
    forms.extend((0..3).flat_map(|before| in_base64(bytes, before)));
    forms.into_iter().map(SecretString::from)
}

fn escaped(secret: &str, is_special: IsSpecial, escape: Escape) -> String {
    // Longest first, so that no part of a longer one remains.
    let mut out = String::with_capacity(secret.len() * 10);
    for c in secret.chars() {
        // Writing to a string does not fail.
        let _ = if is_special(c) { escape(&mut out, c) } else { out.write_char(c) };
    }
    out
}

fn each_byte(
    out: &mut String,
    c: char,
    write: fn(&mut String, u8) -> std::fmt::Result,
) -> std::fmt::Result {
    c.encode_utf8(&mut [0; 4]).bytes().try_for_each(|byte| write(out, byte))
}

fn each_unit(
    out: &mut String,
    c: char,
    write: fn(&mut String, u16) -> std::fmt::Result,
) -> std::fmt::Result {
    c.encode_utf16(&mut [0; 2]).iter().try_for_each(|unit| write(out, *unit))
}

/// How HTML names what it must escape.
fn name(c: char) -> &'static str {
    match c {
        '&' => "amp",
        '<' => "lt",
        '>' => "gt",
        '"' => "quot",
        _ => "#39",
    }
}

/// Its part of a base64 text in which so many bytes (of a group of three) stand before it: a user's
/// name, the word `Bearer`. What depends on its neighbours, too, is left out.
fn in_base64(secret: &[u8], before: usize) -> [String; 2] {
    let group: Vec<u8> = std::iter::repeat_n(0, before).chain(secret.iter().copied()).collect();
    let group = Zeroizing::new(group);
    [BASE64_NOPAD, BASE64URL_NOPAD].map(|alphabet| {
        let text = Zeroizing::new(alphabet.encode(&group));
        let start = [0, 2, 3].get(before).copied().unwrap_or_default();
        let end = text.len() - usize::from(!group.len().is_multiple_of(3));
        text.get(start..end).unwrap_or_default().to_owned()
    })
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn all(secret: &str) -> Vec<String> {
        forms(secret).map(|form| form.expose_secret().to_owned()).collect()
    }

    #[test]
    fn each_form_is_that_of_the_usual_libraries() {
        let forms = all("a/b+c&\"ü_~");
        for expected in [
            "a/b+c&\"ü_~",
            "a%2Fb%2Bc%26%22%C3%BC_%7E",
            "a%2fb%2bc%26%22%c3%bc_~",
            "a/b+c&amp;&quot;ü_~",
            "a/b+c&\\\"ü_~",
            "a\\/b+c&\\\"ü_~",
            "612f622b632622c3bc5f7e",
        ] {
            assert!(forms.iter().any(|form| form == expected), "{expected} in {forms:?}");
        }
        let forms = all("ab'");
        for expected in
            ["&#97;&#98;&#39;", "&#x61;&#x62;&#x27;", "ab&#39;", "\\u0061\\u0062\\u0027"]
        {
            assert!(forms.iter().any(|form| form == expected), "{expected} in {forms:?}");
        }
    }

    #[test]
    fn a_secret_is_found_in_base64_wherever_it_stands() {
        let forms = all("canary-secret?>");
        for before in ["", "i", "id", "id:", "Bearer "] {
            for after in ["", "x", "xy", "xyz"] {
                let text = format!("{before}canary-secret?>{after}");
                for alphabet in [BASE64_NOPAD, BASE64URL_NOPAD] {
                    let encoded = alphabet.encode(text.as_bytes());
                    let part = forms.iter().find(|form| encoded.contains(form.as_str()));
                    assert!(part.is_some_and(|part| part.len() > 16), "{encoded}");
                }
            }
        }
    }
}
