//! An answer with its body read: the status that counts, the JSON in it, the error it stands for.

#[cfg(test)]
mod tests;

use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http::header::{DATE, RETRY_AFTER, WWW_AUTHENTICATE};
use jiff::Timestamp;
use serde_json::Value;
use zeroize::Zeroize;

use crate::auth::authorization::{Authorization, Scheme};
use crate::error::{
    ApiError, ApiKind, Attempts, Error, Failure, FieldViolation, RequestLine, WRITES_STOPPED,
    is_about_role, printable,
};
use crate::http::body::{Incomplete, Received};
use crate::http::headers::{deprecation_date, http_date, retry_after};
use crate::http::hints;
use crate::http::redact::Redactor;
use crate::model::{Fields, FromJson, Json, Tape};

const LONGEST_EXCERPT: usize = 120;
/// As much of a body as an excerpt is made from, in bytes.
const LONGEST_START: usize = 4 << 10;
const LONGEST_DETAIL: usize = 500;
const LONGEST_LABEL: usize = 100;
const LONGEST_VIOLATION: usize = 200;

/// What came back for one request.
#[derive(Debug)]
pub(crate) struct Response {
    line: RequestLine,
    http_status: u16,
    status: u16,
    headers: HeaderMap,
    body: Bytes,
    incomplete: Option<Incomplete>,
    /// What stands where in the body; `Err` says why it is no JSON.
    outline: Result<Tape, String>,
    has_envelope: bool,
    /// What the body of an answer says that is not good, without its envelope.
    error_body: Option<Value>,
    secrets: Redactor,
    scheme: Scheme,
    /// Whether the body may hold a token.
    may_contain_token: bool,
}

impl Response {
    pub(crate) fn new(
        line: RequestLine,
        (http_status, headers): (u16, HeaderMap),
        received: Received,
        (scheme, secrets): (Scheme, Redactor),
        may_have_envelope: bool,
    ) -> Self {
        let outline = match received.incomplete {
            Some(incomplete) => Err(why(incomplete).to_owned()),
            None => Tape::new(&received.bytes),
        };
        let json = outline.as_ref().ok().and_then(|outline| outline.of(&received.bytes));
        let inner = json.filter(|_| may_have_envelope).and_then(status_inside);
        let has_envelope = inner.is_some();
        // A gateway's own error stands, whatever an envelope inside it says.
        let status = inner.filter(|_| http_status < 300).unwrap_or(http_status);
        let is_good = (200..300).contains(&status);
        let error_body = json.filter(|_| !is_good);
        let error_body = error_body.map(|json| Content::of(json, has_envelope).into_value());
        let Received { bytes: body, incomplete } = received;
        Self {
            line,
            http_status,
            status,
            headers,
            body,
            incomplete,
            outline,
            has_envelope,
            error_body,
            secrets,
            scheme,
            may_contain_token: false,
        }
    }

    /// The same answer, of which no error quotes what may be a token.
    pub(crate) fn may_contain_token(mut self) -> Self {
        self.may_contain_token = true;
        self
    }

    /// The status that counts: that of the envelope, where there is one.
    pub(crate) fn status(&self) -> u16 {
        self.status
    }

    /// The status of HTTP itself.
    pub(crate) fn http_status(&self) -> u16 {
        self.http_status
    }

    pub(crate) fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The body as text; what is not UTF-8 is replaced.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// How many bytes of its body were read.
    pub(crate) fn size(&self) -> usize {
        self.body.len()
    }

    /// How many JSON values and names its body holds, where an object counts as several.
    pub(crate) fn values(&self) -> usize {
        self.outline.as_ref().map_or(0, |outline| outline.values)
    }

    /// What is wrong with a body that was not read to its end.
    pub(crate) fn incomplete(&self) -> Option<&'static str> {
        self.incomplete.map(why)
    }

    /// Whether the server asked for (other) credentials.
    fn has_challenge(&self) -> bool {
        self.headers.contains_key(WWW_AUTHENTICATE)
    }

    /// Whether it says by its head alone that nothing was acted on.
    pub(crate) fn is_rejection(&self) -> bool {
        matches!(self.status, 407 | 429) || (self.status == 401 && self.has_challenge())
    }

    /// A 401 of Atlas itself that is about who asks, not about what they may do.
    ///
    /// One from elsewhere says nothing: the request may have been acted on.
    pub(crate) fn rejects_credentials(&self, authorization: &Authorization) -> bool {
        let code = self.error_code();
        // Without credentials it can only mean that some are wanted.
        let is_about_role = authorization.header().is_some() && code.is_some_and(is_about_role);
        self.status == 401 && (self.has_challenge() || code.is_some()) && !is_about_role
    }

    /// Whether Atlas knows who asked, whatever it says to what was asked.
    pub(crate) fn accepts_credentials(&self, authorization: &Authorization) -> bool {
        let from_atlas = (400..500).contains(&self.status) && self.error_code().is_some();
        (self.status < 300 || from_atlas) && !self.rejects_credentials(authorization)
    }

    /// Whether it says that nothing was done, and that it may be later.
    pub(crate) fn is_retry_later(&self) -> bool {
        match self.status {
            429 => true,
            405 => self.error_code() == Some(WRITES_STOPPED),
            _ => false,
        }
    }

    pub(crate) fn challenges(&self) -> impl Iterator<Item = &str> {
        let values = self.headers.get_all(WWW_AUTHENTICATE).iter();
        values.filter_map(|value| value.to_str().ok())
    }

    /// Atlas' error code; only Atlas itself sends one.
    pub(crate) fn error_code(&self) -> Option<&str> {
        self.error_body.as_ref()?.get("errorCode")?.as_str()
    }

    /// What the sentence of an error was made from.
    pub(crate) fn parameters(&self) -> &[Value] {
        let list = self.error_body.as_ref().and_then(|value| value.get("parameters")?.as_array());
        list.map(Vec::as_slice).unwrap_or_default()
    }

    /// The fields of the JSON object that a good answer holds.
    pub(crate) fn fields(&self) -> Result<Fields<'_>, Error> {
        match (self.content(), &self.outline) {
            (Some(Content::Object(fields)), _) => Ok(fields),
            (_, Ok(_)) => Err(self.invalid("the answer is JSON, but no object")),
            (_, Err(why)) => Err(self.invalid(why)),
        }
    }

    /// What the body says, without its envelope, if it is JSON.
    fn content(&self) -> Option<Content<'_>> {
        let json = self.outline.as_ref().ok()?.of(&self.body)?;
        Some(Content::of(json, self.has_envelope))
    }

    /// What time it is, by the server's clock.
    pub(crate) fn server_time(&self) -> Option<Timestamp> {
        self.header(DATE.as_str()).and_then(http_date)
    }

    /// How long the server asks to wait, by its header or by a 429's parameters.
    pub(crate) fn retry_after_delay(&self) -> Option<Duration> {
        let now = self.server_time().unwrap_or_else(Timestamp::now);
        let header = self.header(RETRY_AFTER.as_str()).and_then(|value| retry_after(value, now));
        header.or_else(|| {
            let wait = self.parameters().get(1)?;
            let seconds = wait.as_f64().or_else(|| wait.as_str()?.parse().ok())?;
            Duration::try_from_secs_f64(seconds).ok().filter(|_| self.status == 429)
        })
    }

    /// The date by which this version of the resource goes away, when the server says that it will.
    pub(crate) fn deprecation(&self) -> Option<String> {
        // What is no date is quoted, and may be an echo.
        let date = |name| self.header(name).map(|it| deprecation_date(&self.secrets.hide(it)));
        match (date("deprecation"), date("sunset")) {
            (None, None) => None,
            (Some(since), None) => Some(format!("deprecated since {since}")),
            (None, Some(end)) => Some(format!("removed on {end}")),
            (Some(since), Some(end)) => Some(format!("deprecated since {since}, removed on {end}")),
        }
    }

    /// An error that says what is wrong with an answer that should have been good.
    pub(crate) fn invalid(&self, why: &str) -> Error {
        let mut what = format!("{} answered, but {why}", self.status);
        let is_object = matches!(self.content(), Some(Content::Object(_)));
        // A good-looking object may hold what must not be shown; anything else helps to see who answered.
        if let Some(excerpt) = self.excerpt().filter(|_| !is_object) {
            what = format!("{what}; it begins: {excerpt}");
        }
        Error::InvalidResponse(Failure::new(&self.line, what))
    }

    /// The error that this answer stands for.
    pub(crate) fn error(&self) -> Error {
        if self.status < 400 {
            let why = if (300..400).contains(&self.status) {
                "redirects are not followed"
            } else {
                "that is not how Atlas answers"
            };
            return self.invalid(why);
        }
        let body = self.error_body.as_ref().map(|value| self.secrets.hide_in(value.clone()));
        let text = |name: &str, longest| {
            let text = body.as_ref()?.get(name)?.as_str()?;
            Some(printable(text, longest)).filter(|text| !text.is_empty())
        };
        let error_code = text("errorCode", LONGEST_LABEL).or_else(|| text("error", LONGEST_LABEL));
        let detail = text("detail", LONGEST_DETAIL)
            .or_else(|| text("error_description", LONGEST_DETAIL))
            .or_else(|| error_code.is_none().then(|| self.excerpt()).flatten());
        let kind = ApiKind::of(self.status, error_code.as_deref());
        let hint = hints::hint(kind, error_code.as_deref(), self.scheme, &self.line);
        let list =
            |value: Option<&Value>| value.and_then(Value::as_array).cloned().unwrap_or_default();
        let violations =
            list(body.as_ref().and_then(|body| body.get("badRequestDetail")?.get("fields")));
        Error::Api(Box::new(ApiError {
            kind,
            request: self.line.clone(),
            status: self.status,
            reason: text("reason", LONGEST_LABEL),
            parameters: list(body.as_ref().and_then(|body| body.get("parameters"))),
            field_violations: violations.iter().map(violation).collect(),
            retry_after: self.retry_after_delay(),
            server_time: self.server_time(),
            running: None,
            error_code,
            detail,
            hint: hint.map(Into::into),
            effort: Attempts::default(),
        }))
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Whether the body is HTML, by its own first words, and holds nothing of OAuth's.
    fn is_page(&self) -> bool {
        let page = self.body.trim_ascii_start();
        let begins_with = |start: &str| {
            page.get(..start.len()).is_some_and(|it| it.eq_ignore_ascii_case(start.as_bytes()))
        };
        let is_html = begins_with("<!doctype html") || begins_with("<html");
        let name = b"access_token";
        is_html && !self.body.windows(name.len()).any(|bytes| bytes == name)
    }

    /// What the body begins with; without a copy of all that a large one holds.
    fn excerpt(&self) -> Option<String> {
        // The page of a gateway helps; anything else may be a token and does not leave here.
        if self.may_contain_token && !self.is_page() {
            return None;
        }
        let text = match self.content() {
            // Writing it anew undoes escapes that a secret could hide behind.
            Some(content) if self.size() <= LONGEST_START => {
                self.secrets.hide_in(content.into_value()).to_string()
            }
            Some(_) => return None,
            None => self.secrets.hide_in_start(&self.body, LONGEST_START),
        };
        let excerpt = printable(&text, LONGEST_EXCERPT);
        (!excerpt.is_empty()).then(|| format!("“{excerpt}”"))
    }
}

/// What a body says.
enum Content<'a> {
    Object(Fields<'a>),
    Other(Json<'a>),
}

impl<'a> Content<'a> {
    /// One result is wrapped as `content`; a list, and an error, are their own envelope.
    fn of(json: Json<'a>, has_envelope: bool) -> Self {
        let Some(mut fields) = Fields::read(json) else { return Self::Other(json) };
        if has_envelope {
            if let Some(content) = fields.get("content") {
                return Self::of(content, false);
            }
            fields.remove("status");
        }
        Self::Object(fields)
    }

    fn into_value(self) -> Value {
        match self {
            Self::Object(fields) => Value::Object(fields.rest()),
            Self::Other(json) => json.to_value(),
        }
    }
}

/// A token leaves no copy behind.
impl Drop for Response {
    fn drop(&mut self) {
        if !self.may_contain_token {
            return;
        }
        if let Some(error_body) = &mut self.error_body {
            wipe(error_body);
        }
        if let Ok(mut body) = std::mem::take(&mut self.body).try_into_mut() {
            body.as_mut().zeroize();
        }
    }
}

fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(items) => items.iter_mut().for_each(wipe),
        Value::Object(map) => map.values_mut().for_each(wipe),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn violation(value: &Value) -> FieldViolation {
    let text = |name: &str, longest| {
        value.get(name).and_then(Value::as_str).map(|text| printable(text, longest))
    };
    FieldViolation {
        field: text("field", LONGEST_LABEL),
        description: text("description", LONGEST_VIOLATION),
    }
}

fn why(incomplete: Incomplete) -> &'static str {
    match incomplete {
        Incomplete::TooLarge => "it is larger than what Atlas sends",
        Incomplete::CorruptEncoding => "it is not compressed as its head says",
        Incomplete::Cut => "its compressed body is cut off",
        Incomplete::NoMemory => "there is no memory for it",
    }
}

/// The status that an envelope says.
fn status_inside(json: Json<'_>) -> Option<u16> {
    let (_, status) = json.entries()?.filter(|(name, _)| name == "status").last()?;
    u16::read(status).filter(|status| (100..600).contains(status))
}
