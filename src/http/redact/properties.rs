use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

proptest! {
    #[test]
    fn no_secret_is_left_wherever_it_stands(
        secrets in proptest::collection::vec("[ab]{0,9}", 0..4),
        pieces in proptest::collection::vec("[abc]{0,9}", 0..8),
    ) {
        let text: String = pieces.iter().chain(&secrets).chain(&pieces).map(String::as_str).collect();
        let all = Redactor::new(secrets.iter().map(|secret| secret.as_str().into()));
        let hidden = all.hide(&text);
        let nested = all.hide_in(json!({text.clone(): [text.clone(), {"x": text.clone()}]})).to_string();
        for secret in secrets.iter().filter(|secret| secret.len() >= SHORTEST) {
            prop_assert!(!hidden.contains(secret.as_str()), "{secret} in {hidden}");
            prop_assert!(!nested.contains(secret.as_str()), "{secret} in {nested}");
        }
    }

    #[test]
    fn no_start_of_a_secret_is_left_at_a_cut(
        secret in "[ab]{6,9}", before in "c{0,9}", after in "[abc]{0,9}", cut in 0_usize..40,
    ) {
        let secrets = Redactor::new([secret.as_str().into()]);
        let text = format!("{before}{secret}{after}");
        let shown = secrets.hide_in_start(text.as_bytes(), cut);
        prop_assert!(!shown.contains(&secret), "{secret} in {shown}");
        if (before.len()..before.len() + secret.len()).contains(&cut) {
            prop_assert_eq!(shown, before);
        }
    }

    #[test]
    fn text_without_a_secret_stays_as_it_is(text in any::<String>(), number in any::<i64>()) {
        let secrets = Redactor::new(["\u{1}canary\u{1}".into()]);
        if !text.contains('\u{1}') {
            prop_assert_eq!(secrets.hide(&text), text.clone());
            let value = json!({text.clone(): [number, null, true, text]});
            prop_assert_eq!(secrets.hide_in(value.clone()), value);
        }
    }

    #[test]
    fn any_text_and_any_secrets_are_no_panic(text in any::<String>(), secrets in proptest::collection::vec(any::<String>(), 0..4)) {
        let secrets = Redactor::new(secrets.into_iter().map(Into::into));
        let _ = secrets.hide(&text);
        let _ = secrets.hide_in(Value::String(text));
    }
}
