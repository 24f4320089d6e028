//! Validates a JSON text in one pass, limits its depth, and records the span of each value.

use std::str;

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::model::json::{Span, Tape};

/// Deeper JSON is not what Atlas sends.
pub(super) const MAX_DEPTH: usize = 64;
/// Each value costs far more memory than the two bytes that it may have, and so does each name. As
/// many are 30 000 members of sharded snapshots; the other answers of Atlas hold far fewer.
pub(super) const MAX_VALUES: usize = 500_000;
/// As many values does an object count as, by the memory that it takes beside what is in it.
pub(super) const OBJECT: usize = 10;
/// Average bytes for each span in responses of Atlas, for the initial capacity.
const BYTES_PER_SPAN: usize = 16;

/// Why a text is not read on.
enum Fault {
    NotJson,
    TooDeep,
    TooMuch,
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    tape: Tape,
}

impl Tape {
    /// Scans a body; the error says why it is invalid, without quoting it.
    pub(crate) fn new(body: &[u8]) -> Result<Self, String> {
        if body.iter().all(u8::is_ascii_whitespace) {
            return Err("it is empty".to_owned());
        }
        let no_json = |at| format!("it is no JSON (byte {at})");
        let text = str::from_utf8(body).map_err(|error| no_json(error.valid_up_to()))?;
        let tape = Self { spans: Vec::with_capacity(text.len() / BYTES_PER_SPAN), values: 1 };
        let mut scanner = Scanner { text, at: 0, depth: 0, tape };
        match scanner.whole() {
            Ok(()) => Ok(scanner.tape),
            Err(Fault::NotJson) => Err(no_json(scanner.at)),
            Err(Fault::TooDeep) => Err(format!("its JSON is nested more than {MAX_DEPTH} deep")),
            Err(Fault::TooMuch) => Err(format!(
                "its JSON holds more than {MAX_VALUES} values and names (an object counts as {OBJECT})"
            )),
        }
    }
}

impl Scanner<'_> {
    fn whole(&mut self) -> Result<(), Fault> {
        self.value()?;
        if self.peek().is_none() { Ok(()) } else { Err(Fault::NotJson) }
    }

    fn value(&mut self) -> Result<(), Fault> {
        match self.peek() {
            Some(b'"') => self.string(),
            Some(b'{') => self.container(OBJECT, b'}', |scanner| {
                scanner.expect(b'"')?;
                scanner.string()?;
                scanner.expect(b':')?;
                scanner.advance(1)?;
                scanner.value()
            }),
            Some(b'[') => self.container(1, b']', Self::value),
            Some(_) => self.scalar(),
            None => Err(Fault::NotJson),
        }
    }

    /// An object or a list, of parts with commas between.
    fn container(
        &mut self,
        weight: usize,
        end: u8,
        part: impl Fn(&mut Self) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let (number, start) = (self.tape.spans.len(), self.at);
        self.tape.spans.push(Span::default());
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Fault::TooDeep);
        }
        self.advance(weight)?;
        if self.peek() != Some(end) {
            part(self)?;
            while self.peek() == Some(b',') {
                self.advance(1)?;
                part(self)?;
            }
        }
        self.expect(end)?;
        self.at += 1;
        self.depth -= 1;
        let span = self.span(start, self.tape.spans.len() - number, false);
        if let Some(place) = self.tape.spans.get_mut(number) {
            *place = span;
        }
        Ok(())
    }

    /// A text: what has escapes is read as a whole to see whether they are good.
    fn string(&mut self) -> Result<(), Fault> {
        let start = self.at;
        let mut has_escapes = false;
        self.at += 1;
        loop {
            let stands_for_itself = |byte: &&u8| !matches!(byte, b'"' | b'\\' | ..b' ');
            self.at += self.rest().iter().take_while(stands_for_itself).count();
            match self.rest().first() {
                Some(b'"') => break,
                Some(b'\\') => (has_escapes, self.at) = (true, self.at + 2),
                Some(_) | None => return Err(Fault::NotJson),
            }
        }
        self.at += 1;
        if has_escapes {
            self.check::<String>(start)?;
        }
        self.tape.spans.push(self.span(start, 1, has_escapes));
        Ok(())
    }

    /// A number, `true`, `false` or `null`.
    fn scalar(&mut self) -> Result<(), Fault> {
        let start = self.at;
        let is_part =
            |byte: &&u8| matches!(byte, b'a'..=b'z' | b'E' | b'0'..=b'9' | b'+' | b'-' | b'.');
        self.at += self.rest().iter().take_while(is_part).count();
        self.check::<IgnoredAny>(start)?;
        self.tape.spans.push(self.span(start, 1, false));
        Ok(())
    }

    /// Whether the literal at this position is complete.
    fn check<'a, T: Deserialize<'a>>(&'a self, start: usize) -> Result<(), Fault> {
        let raw = self.text.get(start..self.at).unwrap_or_default();
        serde_json::from_str::<T>(raw).map(drop).map_err(|_| Fault::NotJson)
    }

    /// What began there and ends here, and has so many spans.
    fn span(&self, start: usize, size: usize, has_escapes: bool) -> Span {
        let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Span { start: number(start), end: number(self.at), size: number(size), has_escapes }
    }

    /// Goes on behind a sign that stands for so many values.
    fn advance(&mut self, values: usize) -> Result<(), Fault> {
        self.at += 1;
        self.tape.values += values;
        if self.tape.values > MAX_VALUES { Err(Fault::TooMuch) } else { Ok(()) }
    }

    fn expect(&mut self, byte: u8) -> Result<(), Fault> {
        if self.peek() == Some(byte) { Ok(()) } else { Err(Fault::NotJson) }
    }

    /// The next byte that is no white space.
    fn peek(&mut self) -> Option<u8> {
        loop {
            let byte = *self.rest().first()?;
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Some(byte);
            }
            self.at += 1;
        }
    }

    fn rest(&self) -> &[u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }
}
