//! Taking known fields out of a JSON object one by one; what is left over stays unchanged.

use serde::ser::SerializeTuple;
use serde::{Deserialize, Serialize, Serializer, de::DeserializeOwned};
use serde_json::{Map, Number, Value};

/// A JSON object as it came.
pub(crate) type JsonObject = Map<String, Value>;

/// Python refuses to read longer integers (`sys.set_int_max_str_digits`).
const LONGEST_NUMBER: usize = 4000;

/// The fields of one object that nobody has taken yet.
#[derive(Debug)]
pub(crate) struct Fields(JsonObject);

impl Fields {
    pub(crate) fn new(object: JsonObject) -> Self {
        Self(object)
    }

    /// Takes a field; one of another type stays behind, so that nothing is lost.
    pub(crate) fn take<T: DeserializeOwned>(&mut self, name: &str) -> Option<T> {
        let value = self.0.remove(name)?;
        if value.is_null() {
            return None;
        }
        let known = T::deserialize(&value).ok();
        if known.is_none() {
            self.0.insert(name.to_owned(), value);
        }
        known
    }

    /// Takes a list; an absent, null or unusable one is empty.
    pub(crate) fn take_list<T: DeserializeOwned>(&mut self, name: &str) -> Items<T> {
        Items(self.take::<Vec<T>>(name).unwrap_or_default())
    }

    /// What nobody took.
    pub(crate) fn rest(mut self) -> JsonObject {
        self.0.values_mut().for_each(make_readable);
        // Anew, without the room that the fields which were taken had.
        self.0.into_iter().collect()
    }
}

/// Replaces numbers that Python would refuse to read by their text, in place: this may be large.
fn make_readable(value: &mut Value) {
    match value {
        Value::Number(number) if number.as_str().len() > LONGEST_NUMBER => {
            *value = Value::String(number.to_string());
        }
        Value::Array(items) => items.iter_mut().for_each(make_readable),
        Value::Object(map) => map.values_mut().for_each(make_readable),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
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

impl<'de> Deserialize<'de> for Integer {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = Number::deserialize(deserializer)?;
        let text = number.as_str();
        let digits = text.strip_prefix('-').unwrap_or(text);
        if digits.len() <= LONGEST_NUMBER && digits.bytes().all(|byte| byte.is_ascii_digit()) {
            Ok(Self(number))
        } else {
            Err(serde::de::Error::custom("not a whole number"))
        }
    }
}

/// Whether a text is an id of Atlas: 24 hexadecimal digits in lower case.
pub(crate) fn is_object_id(text: &str) -> bool {
    text.len() == 24 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// The second since 1970 in which the server made an id: its first four bytes.
pub(crate) fn second_of(id: &str) -> i64 {
    id.get(..8).and_then(|digits| i64::from_str_radix(digits, 16).ok()).unwrap_or_default()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn fields(text: &str) -> Fields {
        Fields::new(serde_json::from_str(text).unwrap())
    }

    #[test]
    fn a_field_of_another_type_stays_behind() {
        let mut fields = fields(r#"{"a": 1, "b": "text", "c": null}"#);

        assert_eq!(fields.take::<String>("a"), None);
        assert_eq!(fields.take::<String>("b"), Some("text".to_owned()));
        assert_eq!(fields.take::<String>("c"), None);

        assert_eq!(Value::Object(fields.rest()), serde_json::json!({"a": 1}));
    }

    #[test]
    fn whole_numbers_keep_every_digit() {
        let text = "1".repeat(60);
        let mut fields = fields(&format!(r#"{{"n": {text}, "f": 1.5}}"#));

        let number: Integer = fields.take("n").unwrap();

        assert_eq!(number.0.as_str(), text);
        assert_eq!(fields.take::<Integer>("f"), None);
    }

    #[test]
    fn numbers_that_python_refuses_become_text() {
        let text = "9".repeat(5000);
        let rest = fields(&format!(r#"{{"n": [{text}]}}"#)).rest();

        assert_eq!(Value::Object(rest), serde_json::json!({"n": [text]}));
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
