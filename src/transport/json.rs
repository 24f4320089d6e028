//! Reads JSON that may be hostile: how deep it is and how much it holds is counted before it is parsed.

use serde_json::Value;

/// Deeper JSON is not what Atlas sends.
const DEEPEST: usize = 64;
/// Each value costs far more memory than the two bytes that it may have, and so does each name. As
/// many are 30 000 members of sharded snapshots; the other answers of Atlas hold far fewer.
const MOST_VALUES: usize = 500_000;
/// As many values does an object count as, by the memory that it takes beside what is in it.
const OBJECT: usize = 10;

/// How a text is built, if it is JSON; never less than a parser would find.
#[derive(Debug, Default, PartialEq, Eq)]
struct Shape {
    depth: usize,
    values: usize,
}

/// Parses a body, and counts its values and names; the error says why it cannot be, without quoting it.
pub(super) fn parse(json: &[u8]) -> Result<(Value, usize), String> {
    if json.iter().all(u8::is_ascii_whitespace) {
        return Err("it is empty".to_owned());
    }
    let shape = Shape::of(json);
    if shape.depth > DEEPEST {
        return Err(format!("its JSON is nested more than {DEEPEST} deep"));
    }
    if shape.values > MOST_VALUES {
        return Err(format!(
            "its JSON holds more than {MOST_VALUES} values and names (an object counts as {OBJECT})"
        ));
    }
    // The parser's own words may quote the body.
    let value = serde_json::from_slice(json).map_err(|error| {
        format!("it is no JSON (line {}, column {})", error.line(), error.column())
    })?;
    Ok((value, shape.values))
}

impl Shape {
    fn of(json: &[u8]) -> Self {
        let mut shape = Self { depth: 0, values: 1 };
        let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
        for byte in json {
            match (in_string, byte) {
                (true, _) if escaped => escaped = false,
                (true, b'\\') => escaped = true,
                (_, b'"') => in_string = !in_string,
                (false, b'[' | b'{') => {
                    depth += 1;
                    shape.depth = shape.depth.max(depth);
                    shape.values += if *byte == b'{' { OBJECT } else { 1 };
                }
                (false, b']' | b'}') => depth = depth.saturating_sub(1),
                (false, b',' | b':') => shape.values += 1,
                (true | false, _) => {}
            }
        }
        shape
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<f64>().prop_map(Value::from),
            "[\\[\\]{}\",\\\\]{0,9}".prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(5, 60, 8, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                proptest::collection::btree_map("[\\]\",a\\\\]{0,3}", inner, 0..8)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    fn parts(value: &Value) -> Vec<&Value> {
        match value {
            Value::Array(items) => items.iter().collect(),
            Value::Object(map) => map.values().collect(),
            _ => Vec::new(),
        }
    }

    fn levels(value: &Value) -> usize {
        let deepest = parts(value).into_iter().map(levels).max().unwrap_or_default();
        deepest + usize::from(value.is_array() || value.is_object())
    }

    fn count(value: &Value) -> usize {
        let own = value.as_object().map_or(1, |object| OBJECT + object.len());
        own + parts(value).into_iter().map(count).sum::<usize>()
    }

    proptest! {
        #[test]
        fn depth_is_that_of_the_value_and_no_value_is_overlooked(value in values()) {
            for text in [value.to_string(), format!("{value:#}")] {
                let shape = Shape::of(text.as_bytes());
                prop_assert_eq!(shape.depth, levels(&value));
                prop_assert!((count(&value)..=2 * count(&value)).contains(&shape.values));
                prop_assert_eq!(parse(text.as_bytes()), Ok((value.clone(), shape.values)));
            }
        }

        #[test]
        fn neither_is_ever_less_than_a_parser_finds(text in "([\\[{\"\\\\:,1 ]|\\]|\\}|\"\\\\\"\"|\"a\":){0,30}") {
            if let Ok(value) = serde_json::from_str::<Value>(&text) {
                prop_assert!(Shape::of(text.as_bytes()).depth >= levels(&value));
                prop_assert!(Shape::of(text.as_bytes()).values >= count(&value));
            }
            let nested = format!("{}{text}", "[".repeat(DEEPEST + 1));
            prop_assert!(Shape::of(nested.as_bytes()).depth > DEEPEST);
        }
    }

    #[test]
    fn as_much_as_is_allowed_is_parsed_and_no_more() {
        let list = |zeros: usize| format!("[{}0]", "0,".repeat(zeros - 1));
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));

        assert!(parse(list(MOST_VALUES - 1).as_bytes()).is_ok());
        assert!(parse(list(MOST_VALUES).as_bytes()).unwrap_err().contains("values"));
        assert!(parse(nested(DEEPEST).as_bytes()).is_ok());
        assert!(parse(nested(DEEPEST + 1).as_bytes()).unwrap_err().contains("deep"));
        assert_eq!(parse(b" \n").unwrap_err(), "it is empty");
    }
}
