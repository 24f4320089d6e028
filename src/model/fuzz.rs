//! Fuzzing of JSON: compared with `serde_json` on any bytes.
#![allow(clippy::missing_panics_doc)]

use serde_json::Value;

use crate::model::json::{Json, MAX_DIGITS, Tape};

/// Accepts and rejects the same texts as `serde_json`, except for the limits.
pub fn json(data: &[u8]) {
    // Longer numbers become texts.
    let data = data.get(..MAX_DIGITS).unwrap_or(data);
    // Serde takes objects with such a name for numbers and the like; here it is a name.
    if String::from_utf8_lossy(data).contains("serde_json") {
        return;
    }
    let expected = serde_json::from_slice::<Value>(data).ok();
    match Tape::new(data) {
        Ok(tape) => {
            assert_eq!(tape.of(data).map(Json::to_value), expected);
            assert!(tape.values <= 1 + 10 * data.len());
        }
        Err(why) if why.contains("nested") => {}
        Err(why) => assert!(expected.is_none(), "{why}: {expected:?}"),
    }
}
