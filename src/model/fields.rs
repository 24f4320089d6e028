//! Taking known fields out of a JSON object one by one; what is left over stays unchanged.

use std::borrow::Cow;

use serde::ser::SerializeTuple;
use serde::{Serialize, Serializer};
use serde_json::{Number, Value};

use crate::model::json::{Json, JsonObject, MAX_DIGITS};

/// The initial capacity; other objects have few more.
const USUAL_FIELDS: usize = 24;

/// What a value may be read as; `None` where it is something else.
pub(crate) trait FromJson<'a>: Sized {
    fn read(json: Json<'a>) -> Option<Self>;
}

/// The fields of one object that nobody has taken yet, in their order.
#[derive(Clone)]
pub(crate) struct Fields<'a>(Vec<(Cow<'a, str>, Json<'a>)>);

impl<'a> Fields<'a> {
    /// Reads a field, if it is of that type; of several with that name the last counts.
    pub(crate) fn get<T: FromJson<'a>>(&self, name: &str) -> Option<T> {
        let (_, json) = self.0.iter().rfind(|(other, _)| other == name)?;
        T::read(*json)
    }

    /// Takes a field; a field of another type stays in `extra`.
    pub(crate) fn take<T: FromJson<'a>>(&mut self, name: &'static str) -> Option<T> {
        let json = self.remove(name)?;
        let known = Option::<T>::read(json);
        if known.is_none() {
            self.0.push((name.into(), json));
        }
        known.flatten()
    }

    /// Takes a list; an absent, null or unusable one is empty.
    pub(super) fn take_list<T: FromJson<'a>>(&mut self, name: &'static str) -> Items<T> {
        Items(self.take::<Vec<T>>(name).unwrap_or_default())
    }

    /// Takes a field, whatever it is.
    pub(crate) fn remove(&mut self, name: &str) -> Option<Json<'a>> {
        let mut found = None;
        self.0.retain(|(other, json)| {
            let is_other = other != name;
            if !is_other {
                found = Some(*json);
            }
            is_other
        });
        found
    }

    /// What nobody took.
    pub(crate) fn rest(self) -> JsonObject {
        self.0.into_iter().map(|(name, json)| (name.into_owned(), json.to_value())).collect()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'a> FromJson<'a> for Fields<'a> {
    fn read(json: Json<'a>) -> Option<Self> {
        let mut fields = Vec::with_capacity(json.most_entries().min(USUAL_FIELDS));
        fields.extend(json.entries()?);
        Some(Self(fields))
    }
}

impl<'a> FromJson<'a> for Json<'a> {
    fn read(json: Json<'a>) -> Option<Self> {
        Some(json)
    }
}

impl FromJson<'_> for Value {
    fn read(json: Json<'_>) -> Option<Self> {
        Some(json.to_value())
    }
}

impl<'a, T: FromJson<'a>> FromJson<'a> for Option<T> {
    fn read(json: Json<'a>) -> Option<Self> {
        if json.raw() == "null" { Some(None) } else { T::read(json).map(Some) }
    }
}

impl<'a, T: FromJson<'a>> FromJson<'a> for Vec<T> {
    fn read(json: Json<'a>) -> Option<Self> {
        json.items()?.map(T::read).collect()
    }
}

impl FromJson<'_> for String {
    fn read(json: Json<'_>) -> Option<Self> {
        json.text().map(Cow::into_owned)
    }
}

impl FromJson<'_> for bool {
    fn read(json: Json<'_>) -> Option<Self> {
        json.raw().parse().ok()
    }
}

impl FromJson<'_> for u16 {
    fn read(json: Json<'_>) -> Option<Self> {
        json.raw().parse().ok()
    }
}

impl FromJson<'_> for usize {
    fn read(json: Json<'_>) -> Option<Self> {
        json.raw().parse().ok()
    }
}

/// A list that becomes a tuple in Python (JSON's own arrays, in `extra`, become lists).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Items<T>(Vec<T>);

impl<T> Items<T> {
    pub(super) fn as_slice(&self) -> &[T] {
        &self.0
    }
}

impl<T> Default for Items<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Serialize> Serialize for Items<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_tuple(self.0.len())?;
        for item in &self.0 {
            out.serialize_element(item)?;
        }
        out.end()
    }
}

/// A whole number of any size.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Integer(Number);

impl FromJson<'_> for Integer {
    fn read(json: Json<'_>) -> Option<Self> {
        let raw = json.raw();
        let digits = raw.strip_prefix('-').unwrap_or(raw);
        let is_whole = digits.len() <= MAX_DIGITS && digits.bytes().all(|it| it.is_ascii_digit());
        is_whole.then(|| serde_json::from_str(raw).ok()).flatten().map(Self)
    }
}

/// Whether a text is an id of Atlas: 24 hexadecimal digits in lower case.
pub(crate) fn is_object_id(text: &str) -> bool {
    text.len() == 24 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// The second since 1970 in which the server made an id: its first four bytes.
pub(crate) fn object_id_timestamp(id: &str) -> i64 {
    id.get(..8).and_then(|digits| i64::from_str_radix(digits, 16).ok()).unwrap_or_default()
}

/// What is made of the fields of a text.
#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(super) fn reading<T>(text: &str, read: impl FnOnce(Fields<'_>) -> T) -> T {
    let tape = crate::model::json::Tape::new(text.as_bytes()).unwrap();
    read(Fields::read(tape.of(text.as_bytes()).unwrap()).unwrap())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_field_of_another_type_stays_behind() {
        reading(r#"{"a": 1, "b": "text", "c": null}"#, |mut fields| {
            assert_eq!(fields.take::<String>("a"), None);
            assert_eq!(fields.take::<String>("b"), Some("text".to_owned()));
            assert_eq!(fields.take::<String>("c"), None);

            assert_eq!(Value::Object(fields.rest()), json!({"a": 1}));
        });
    }

    #[test]
    fn of_fields_with_one_name_the_last_is_taken_and_none_stays_behind() {
        let text = r#"{"a": "1", "b": "1", "c": "1", "\u0061": "2", "b": 2, "c": null, "d": "\n"}"#;
        reading(text, |mut fields| {
            assert_eq!(fields.get("a"), Some("2".to_owned()));
            assert_eq!(fields.get::<String>("b"), None);
            assert_eq!(fields.take("a"), Some("2".to_owned()));
            assert_eq!(fields.take::<String>("b"), None);
            assert_eq!(fields.take::<String>("c"), None);
            assert_eq!(fields.take("d"), Some("\n".to_owned()));

            assert_eq!(Value::Object(fields.rest()), json!({"b": 2}));
        });
    }

    #[test]
    fn whole_numbers_keep_every_digit() {
        let text = "1".repeat(60);
        reading(&format!(r#"{{"n": {text}, "f": 1.5, "t": "1"}}"#), |mut fields| {
            assert_eq!(fields.take::<Integer>("n").unwrap().0.as_str(), text);
            assert_eq!(fields.take::<Integer>("f"), None);
            assert_eq!(fields.take::<Integer>("t"), None);
        });
    }

    #[test]
    fn numbers_that_python_refuses_become_text() {
        let text = "9".repeat(5000);
        reading(&format!(r#"{{"n": [{text}], "s": {text}}}"#), |mut fields| {
            assert_eq!(fields.take::<Integer>("s"), None);
            assert_eq!(Value::Object(fields.rest()), json!({"n": [text], "s": text}));
        });
    }

    #[test]
    fn ids_are_24_lower_case_digits() {
        assert!(is_object_id("32b6e34b3d91647abb20e7b8"));
        for text in
            ["", "32b6e34b3d91647abb20e7b", "32B6E34B3D91647ABB20E7B8", "zzb6e34b3d91647abb20e7b8"]
        {
            assert!(!is_object_id(text), "{text}");
        }
    }
}
