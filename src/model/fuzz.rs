//! JSON as any bytes may be it: read as another reader reads it, or refused as it refuses it.
#![allow(clippy::missing_panics_doc)]

use serde_json::Value;

use crate::model::json::{Json, LONGEST_NUMBER, Outline};

/// What is read is what serde reads, and what is refused it refuses too, except for the limits.
pub fn json(data: &[u8]) {
    // Longer numbers become texts.
    let data = data.get(..LONGEST_NUMBER).unwrap_or(data);
    // Serde takes objects with such a name for numbers and the like; here it is a name.
    if String::from_utf8_lossy(data).contains("serde_json") {
        return;
    }
    let expected = serde_json::from_slice::<Value>(data).ok();
    match Outline::new(data) {
        Ok(outline) => {
            assert_eq!(outline.of(data).map(Json::to_value), expected);
            assert!(outline.values <= 1 + 10 * data.len());
        }
        Err(why) if why.contains("nested") => {}
        Err(why) => assert!(expected.is_none(), "{why}: {expected:?}"),
    }
}
