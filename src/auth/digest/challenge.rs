//! Reading one challenge among the schemes and lines of `WWW-Authenticate`, in linear time.

/// No parameter may be longer (bytes, as sent): each comes back in the header of every request.
pub(crate) const LONGEST_PARAMETER: usize = 4096;

/// A hash function that a challenge may ask for, the better one last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Algorithm {
    /// `MD5`, also where the server names none.
    Md5,
    /// `SHA-256`.
    Sha256,
}

/// Why a server that offers Digest cannot be answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unsupported {
    /// Realm or nonce is missing, or a parameter is unreadable, doubled or too long.
    #[error("the server's Digest challenge is malformed")]
    Malformed,
    /// An algorithm other than MD5 and SHA-256; the `-sess` variants too.
    #[error("the server's Digest algorithm {0:?} is not supported, only MD5 and SHA-256 are")]
    Algorithm(String),
    /// A list of protections without `auth`.
    #[error("the server's Digest qop {0:?} is not supported, only \"auth\" is")]
    Qop(String),
}

/// A Digest challenge that can be answered; values are without quotes and escapes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Challenge {
    /// The server's name for what is protected.
    pub(crate) realm: String,
    /// The server's number, good until it answers with another one.
    pub(crate) nonce: String,
    /// Returned to the server as it came.
    pub(crate) opaque: Option<String>,
    /// None where the server named none: then it is MD5, and is not named in the answer either.
    pub(crate) algorithm: Option<Algorithm>,
    /// Whether `qop=auth` is used; false is the form of RFC 2069, without count and cnonce.
    pub(crate) qop_auth: bool,
    /// The nonce was too old, the credentials were not rejected: retry with this one.
    pub(crate) stale: bool,
    /// The server wants the user's name hashed.
    pub(crate) userhash: bool,
}

impl Challenge {
    /// Reads all `WWW-Authenticate` values of an answer and picks the best challenge: SHA-256
    /// before MD5, then the first. None: the server does not offer Digest at all.
    pub(crate) fn from_headers<'a>(
        values: impl IntoIterator<Item = &'a str>,
    ) -> Result<Option<Self>, Unsupported> {
        let mut best: Option<Result<Self, Unsupported>> = None;
        let mut current: Option<RawChallenge> = None;
        // Several header lines are one list (RFC 9110, 5.3), but no quote spans two lines.
        for element in values.into_iter().flat_map(split_list) {
            let (scheme, parameter) = split_scheme(element);
            if let Some(scheme) = scheme {
                best = stronger(best, current.take());
                current = scheme.eq_ignore_ascii_case("digest").then(RawChallenge::default);
            }
            if let Some(offer) = &mut current
                && !parameter.is_empty()
            {
                offer.read(parameter);
            }
        }
        stronger(best, current).transpose()
    }
}

/// The raw parameters of one Digest challenge.
#[derive(Default)]
pub(crate) struct RawChallenge {
    realm: Option<String>,
    nonce: Option<String>,
    opaque: Option<String>,
    algorithm: Option<String>,
    qop: Option<String>,
    stale: Option<String>,
    userhash: Option<String>,
    malformed: bool,
}

impl RawChallenge {
    /// Takes one `name=value`; parameters without a meaning here are ignored.
    pub(crate) fn read(&mut self, parameter: &str) {
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
    fn validate(self) -> Result<Challenge, Unsupported> {
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
pub(crate) fn stronger(
    best: Option<Result<Challenge, Unsupported>>,
    offer: Option<RawChallenge>,
) -> Option<Result<Challenge, Unsupported>> {
    let strength = |challenge: &Challenge| challenge.algorithm.unwrap_or(Algorithm::Md5);
    match (best, offer.map(RawChallenge::validate)) {
        (best, None) | (best @ Some(_), Some(Err(_))) => best,
        (Some(Ok(old)), Some(Ok(new))) if strength(&old) >= strength(&new) => Some(Ok(old)),
        (_, new) => new,
    }
}

/// Splits a comma-separated list, where quoted strings may contain commas.
pub(crate) fn split_list(value: &str) -> impl Iterator<Item = &str> {
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
pub(crate) fn split_scheme(element: &str) -> (Option<&str>, &str) {
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
