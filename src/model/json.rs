//! JSON that may be hostile: looked through once, within limits, then read where it stands.

#[cfg(test)]
mod tests;
mod validate;

use std::borrow::Cow;
use std::{iter, str};

use serde_json::{Map, Value};

/// A JSON object as it came.
pub(super) type JsonObject = Map<String, Value>;

/// Python refuses to read longer integers (`sys.set_int_max_str_digits`).
pub(super) const MAX_DIGITS: usize = 4000;

/// Where each value and name of a text stands, in its order: before all that is in it.
#[derive(Debug)]
pub(crate) struct Tape {
    spans: Vec<Span>,
    /// How many values and names there are, where an object counts as several.
    pub(crate) values: usize,
}

/// Places in bytes; no body that is read comes near to where they would not suffice.
#[derive(Debug, Clone, Copy, Default)]
struct Span {
    start: u32,
    end: u32,
    /// How many spans it is with all that is in it.
    size: u32,
    has_escapes: bool,
}

/// A value in its text; whoever wants to know what it is reads it.
#[derive(Clone, Copy)]
pub(crate) struct Json<'a> {
    text: &'a str,
    /// Its own first, then those of what is in it.
    spans: &'a [Span],
}

impl Tape {
    /// The value that the body is which this was made of.
    pub(crate) fn of<'a>(&'a self, body: &'a [u8]) -> Option<Json<'a>> {
        Some(Json { text: str::from_utf8(body).ok()?, spans: &self.spans })
    }
}

impl<'a> Json<'a> {
    /// As it is written.
    pub(super) fn raw(self) -> &'a str {
        let place = self.spans.first().map(|span| span.start as usize..span.end as usize);
        place.and_then(|place| self.text.get(place)).unwrap_or_default()
    }

    /// What a text says.
    pub(super) fn text(self) -> Option<Cow<'a, str>> {
        let raw = self.raw();
        let [b'"', .., b'"'] = raw.as_bytes() else { return None };
        if self.spans.first()?.has_escapes {
            return serde_json::from_str(raw).ok().map(Cow::Owned);
        }
        raw.get(1..raw.len() - 1).map(Cow::Borrowed)
    }

    /// The values in a list.
    pub(super) fn items(self) -> Option<impl Iterator<Item = Self>> {
        self.raw().starts_with('[').then(|| self.parts())
    }

    /// The names and values in an object.
    pub(crate) fn entries(self) -> Option<impl Iterator<Item = (Cow<'a, str>, Self)>> {
        let mut parts = self.raw().starts_with('{').then(|| self.parts())?;
        Some(iter::from_fn(move || Some((parts.next()?.text()?, parts.next()?))))
    }

    /// It has no more entries than that, by how much there is in it.
    pub(super) fn most_entries(self) -> usize {
        self.spans.len() / 2
    }

    /// The same as a tree that Python can read: numbers that it would refuse become texts.
    pub(crate) fn to_value(self) -> Value {
        if let Some(entries) = self.entries() {
            return Value::Object(
                entries.map(|(name, it)| (name.into_owned(), it.to_value())).collect(),
            );
        }
        if let Some(items) = self.items() {
            return items.map(Self::to_value).collect();
        }
        let raw = self.raw();
        let is_readable = raw.len() <= MAX_DIGITS || raw.starts_with('"');
        let value = is_readable.then(|| serde_json::from_str(raw).ok()).flatten();
        value.unwrap_or_else(|| raw.into())
    }

    /// What is directly in it.
    fn parts(self) -> impl Iterator<Item = Self> {
        let mut rest = self.spans.get(1..).unwrap_or_default();
        iter::from_fn(move || {
            let (spans, others) = rest.split_at_checked(rest.first()?.size as usize)?;
            rest = others;
            Some(Self { text: self.text, spans })
        })
    }
}
