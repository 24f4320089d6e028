//! Reading one challenge among the schemes and lines of `WWW-Authenticate`, in linear time.

use super::{Algorithm, Challenge, Unsupported};

/// No parameter may be longer (bytes, as sent): each comes back in the header of every request.
pub(super) const LONGEST_PARAMETER: usize = 4096;

/// The raw parameters of one Digest challenge.
#[derive(Default)]
pub(super) struct Offer {
    realm: Option<String>,
    nonce: Option<String>,
    opaque: Option<String>,
    algorithm: Option<String>,
    qop: Option<String>,
    stale: Option<String>,
    userhash: Option<String>,
    malformed: bool,
}

impl Offer {
    /// Takes one `name=value`; parameters without a meaning here are ignored.
    pub(super) fn read(&mut self, parameter: &str) {
        let (name, raw) = parameter.split_once('=').unwrap_or((parameter, ""));
        let slot = match name.trim().to_ascii_lowercase().as_str() {
            "realm" => &mut self.realm,
            "nonce" => &mut self.nonce,
            "opaque" => &mut self.opaque,
            "algorithm" => &mut self.algorithm,
            "qop" => &mut self.qop,
            "stale" => &mut self.stale,
            "userhash" => &mut self.userhash,
            _ => return,
        };
        let sound = unquoted(raw.trim()).is_some_and(|value| slot.replace(value).is_none());
        self.malformed |= !sound;
    }

    /// The challenge, if it is one that this client can answer.
    fn judge(self) -> Result<Challenge, Unsupported> {
        let (Some(realm), Some(nonce), false) = (self.realm, self.nonce, self.malformed) else {
            return Err(Unsupported::Malformed);
        };
        let algorithm = match self.algorithm {
            None => None,
            Some(name) if name.eq_ignore_ascii_case("MD5") => Some(Algorithm::Md5),
            Some(name) if name.eq_ignore_ascii_case("SHA-256") => Some(Algorithm::Sha256),
            Some(name) => return Err(Unsupported::Algorithm(excerpt(&name))),
        };
        let is_auth = |item: &str| item.trim().eq_ignore_ascii_case("auth");
        let qop_auth = match self.qop {
            None => false,
            Some(list) if list.split(',').any(is_auth) => true,
            Some(list) => return Err(Unsupported::Qop(excerpt(&list))),
        };
        let is_true = |flag: Option<String>| flag.is_some_and(|f| f.eq_ignore_ascii_case("true"));
        Ok(Challenge {
            realm,
            nonce,
            opaque: self.opaque,
            algorithm,
            qop_auth,
            stale: is_true(self.stale),
            userhash: is_true(self.userhash),
        })
    }
}

/// The better of what was found before and one more offer; the earlier where they are equal.
pub(super) fn better(
    best: Option<Result<Challenge, Unsupported>>,
    offer: Option<Offer>,
) -> Option<Result<Challenge, Unsupported>> {
    let strength = |challenge: &Challenge| challenge.algorithm.unwrap_or(Algorithm::Md5);
    match (best, offer.map(Offer::judge)) {
        (best, None) | (best @ Some(_), Some(Err(_))) => best,
        (Some(Ok(old)), Some(Ok(new))) if strength(&old) >= strength(&new) => Some(Ok(old)),
        (_, new) => new,
    }
}

/// The elements of a comma-separated list, where quoted strings may hold commas.
pub(super) fn elements(value: &str) -> impl Iterator<Item = &str> {
    let (mut in_quotes, mut escaped) = (false, false);
    value.split(move |c| {
        let separates = c == ',' && !in_quotes;
        match c {
            _ if escaped => escaped = false,
            '\\' if in_quotes => escaped = true,
            '"' => in_quotes = !in_quotes,
            _ => {}
        }
        separates
    })
}

/// Splits `Digest realm="x"` into its scheme and the rest; `realm = "x"` has no scheme.
pub(super) fn split_scheme(element: &str) -> (Option<&str>, &str) {
    let element = element.trim();
    let (head, rest) =
        element.split_once(|c: char| c.is_ascii_whitespace()).unwrap_or((element, ""));
    let rest = rest.trim_start();
    if head.is_empty() || head.contains(['=', '"']) || rest.starts_with('=') {
        (None, element)
    } else {
        (Some(head), rest)
    }
}

/// The value of a token or a quoted string, if it is well-formed.
fn unquoted(raw: &str) -> Option<String> {
    if raw.is_empty() || raw.len() > LONGEST_PARAMETER {
        return None;
    }
    let Some(inner) = raw.strip_prefix('"') else {
        let foreign = |c: char| c == '"' || c.is_whitespace() || c.is_control();
        return (!raw.contains(foreign)).then(|| raw.to_owned());
    };
    let mut value = String::with_capacity(inner.len());
    let mut rest = inner.chars();
    loop {
        let c = match rest.next()? {
            '"' => return rest.as_str().is_empty().then_some(value),
            '\\' => rest.next()?,
            c => c,
        };
        if c.is_control() && c != '\t' {
            return None;
        }
        value.push(c);
    }
}

/// As much of a server's text as a message should show.
fn excerpt(text: &str) -> String {
    text.chars().take(40).collect()
}
