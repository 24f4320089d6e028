#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::model::json::validate::{MAX_DEPTH, MAX_VALUES, OBJECT};

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
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

fn read(body: &[u8]) -> Result<Value, String> {
    let tape = Tape::new(body)?;
    Ok(tape.of(body).unwrap().to_value())
}

/// What another reader makes of the same.
fn expected(body: &[u8]) -> Option<Value> {
    serde_json::from_slice(body).ok()
}

fn parts(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().collect(),
        Value::Object(map) => map.values().collect(),
        _ => Vec::new(),
    }
}

fn count(value: &Value) -> usize {
    let own = value.as_object().map_or(1, |object| OBJECT + object.len());
    own + parts(value).into_iter().map(count).sum::<usize>()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn any_value_is_read_and_none_is_overlooked(value in values()) {
        for text in [value.to_string(), format!("\t{value:#}\r\n ")] {
            let tape = Tape::new(text.as_bytes()).unwrap();
            prop_assert!((count(&value)..=2 * count(&value)).contains(&tape.values));
            prop_assert_eq!(read(text.as_bytes()), Ok(value.clone()));
        }
    }

    #[test]
    fn what_is_almost_json_is_refused(value in values(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut body = value.to_string().into_bytes();
        let at = at.index(body.len());
        body.remove(at);
        prop_assert_eq!(read(&body).ok(), expected(&body));
        body.insert(at, byte);
        prop_assert_eq!(read(&body).ok(), expected(&body));
    }

    #[test]
    fn signs_in_any_order_are_json_only_if_another_reader_says_so(
        text in "([\\[{\"\\\\:,1 \t\n]|\\]|\\}|\"\\\\\"\"|\"a\":|-|\\.|0|e|E|\\+|true|null|nul|\\p{Cc}|é|\\\\ud83d|\\\\ude00|\\\\u00e9|\\\\/|\\\\x){0,12}",
    ) {
        let in_text = format!("[\"{text}\"]");
        let in_object = format!("{{\"a\":{text}}}");
        for text in [text, in_text, in_object] {
            prop_assert_eq!(read(text.as_bytes()).ok(), expected(text.as_bytes()), "{}", text);
        }
    }
}

#[test]
fn as_much_as_is_allowed_is_read_and_no_more() {
    let read = |text: String| read(text.as_bytes());
    let list = |zeros: usize| format!("[{}0]", "0,".repeat(zeros - 1));
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let objects = |depth: usize| format!("{}0{}", r#"{"a":"#.repeat(depth), "}".repeat(depth));

    assert!(read(list(MAX_VALUES - 1)).is_ok());
    assert!(read(list(MAX_VALUES)).unwrap_err().contains("values"));
    assert!(read(nested(MAX_DEPTH)).is_ok());
    assert!(read(nested(MAX_DEPTH + 1)).unwrap_err().contains("deep"));
    assert!(read(objects(MAX_DEPTH)).is_ok());
    assert!(read(objects(MAX_DEPTH + 1)).unwrap_err().contains("deep"));
    assert!(read(format!("[{}]", "[],{},".repeat(MAX_DEPTH) + "0")).is_ok());
}

#[test]
fn a_body_without_end_is_left_at_a_limit() {
    for (piece, why) in
        [("[", "deep"), (r#"{"a":"#, "deep"), ("{},", "values"), ("\"\":0,", "values")]
    {
        let body = format!("[{}", piece.repeat((8 << 20) / piece.len()));
        let body = if piece.starts_with('"') { body.replacen('[', "{", 1) } else { body };
        assert!(read(body.as_bytes()).unwrap_err().contains(why), "{piece}");
    }
}

#[test]
fn what_cannot_be_read_is_not_quoted() {
    assert_eq!(read(b" \n").unwrap_err(), "it is empty");
    assert_eq!(read(b"[1, canary]").unwrap_err(), "it is no JSON (byte 10)");
    assert_eq!(read(b"[1, \"\xff\"]").unwrap_err(), "it is no JSON (byte 5)");
}

#[test]
fn half_a_surrogate_is_no_text_wherever_it_stands() {
    for text in
        [r#"{"a":"\ud83d"}"#, r#"{"\ud83d":0}"#, r#"[{"a":["\ude00\ud83d"]}]"#, r#""\ud83dx""#]
    {
        assert_eq!(expected(text.as_bytes()), None, "{text}");
        assert!(read(text.as_bytes()).unwrap_err().contains("no JSON"), "{text}");
    }
    assert_eq!(read(br#""\ud83d\ude00""#), Ok(json!("😀")));
}

#[test]
fn of_names_that_are_the_same_the_last_counts_however_it_is_written() {
    let object = br#"{"ab":1,"\u0061b":2,"c":{"d":[1],"d":{"e":3}}}"#;
    assert_eq!(read(object), Ok(json!({"ab": 2, "c": {"d": {"e": 3}}})));
}

#[test]
fn numbers_keep_every_digit_until_python_refuses_them() {
    let longest = "9".repeat(MAX_DIGITS);
    let (kept, text) = (format!("[{longest}]"), format!("[{longest}9]"));
    assert_eq!(read(kept.as_bytes()).unwrap().to_string(), kept);
    assert_eq!(read(text.as_bytes()).unwrap(), json!([format!("{longest}9")]));
    assert_eq!(read(b"[1.50e+7, -0]").unwrap().to_string(), "[1.50e+7,-0]");
}

#[test]
fn names_that_a_reader_of_the_same_crate_treats_apart_are_names() {
    for name in ["$serde_json::private::Number", "$serde_json::private::RawValue"] {
        let object = format!(r#"{{"{name}":"1"}}"#);
        assert_eq!(read(object.as_bytes()).unwrap().to_string(), object);
    }
}
