//! Snapshots and lists as servers may send them, and arguments as callers may give them.
#![allow(clippy::missing_panics_doc, clippy::panic, clippy::unwrap_used)]

use std::collections::HashSet;

use serde_json::{Map, Value};

use crate::error::Error;
use crate::http::fuzz::{call, read_answer, split};
use crate::model::{Fields, Snapshot, is_object_id};
use crate::operations::arguments::{ClusterAddress, TakeArguments};
use crate::operations::idempotency::Tag;
use crate::operations::list::{Listing, join};
use crate::operations::pagination;
use crate::operations::pagination::Pages;

const GROUP: &str = "32b6e34b3d91647abb20e7b8";
const PATH: &str = "/api/atlas/v2/groups/32b6e34b3d91647abb20e7b8/clusters/a/backup/snapshots";

/// An object with an id is a snapshot, and all its fields are kept.
pub fn snapshot(data: &[u8]) {
    let response = read_answer(data, PATH);
    let Ok(fields) = response.fields() else { return };
    match Snapshot::read(fields.clone(), GROUP, "a") {
        Ok(snapshot) => holds_all_of(&snapshot, &fields.rest()),
        Err(why) => {
            let id = fields.get::<String>("id");
            assert!(id.as_deref().is_none_or(|id| !is_object_id(id)), "{why}: {id:?}");
        }
    }
}

fn holds_all_of(snapshot: &Snapshot, object: &Map<String, Value>) {
    assert!(is_object_id(&snapshot.id));
    let _ = (snapshot.is_final(), snapshot.requested_at(), snapshot.part_ids().count());
    let python = serde_json::to_value(snapshot).unwrap();
    let fields = python.as_object().unwrap();
    let extra = fields.get("extra").and_then(Value::as_object).unwrap();
    for (name, value) in object {
        let field = fields.get(&snake_case(name));
        let is_known = field.is_some_and(|it| !it.is_null() && it.as_array() != Some(&Vec::new()));
        let says_nothing = value.is_null() || value.as_array() == Some(&Vec::new());
        assert!(extra.contains_key(name) || is_known || says_nothing, "{name} in {python}");
    }
}

fn snake_case(name: &str) -> String {
    let mut text = String::new();
    for c in name.replace("UUID", "Uuid").chars() {
        if c.is_ascii_uppercase() {
            text.push('_');
        }
        text.push(c.to_ascii_lowercase());
    }
    text
}

/// Two answers, a plain list and a sharded one, joined: nothing twice, newest first.
pub fn list(data: &[u8]) {
    let (plain, sharded) = split(data, b"\n\n\n");
    let call = call();
    let read = |data: &[u8]| {
        let response = read_answer(data, PATH);
        let page = pagination::read(&response, &call).ok()?;
        let read = |item: Fields<'_>| Snapshot::read(item, GROUP, "a");
        let mut pages = Pages::new();
        pages.add(page.items, &response, &call, &read).ok()?;
        Some(pages.items)
    };
    let (Some(plain), sharded) = (read(plain), read(sharded).unwrap_or_default()) else { return };
    let given: HashSet<String> = sharded.iter().map(|it| it.id.clone()).collect();
    let whole = plain.iter().filter(|it| !given.contains(&it.id)).count() + sharded.len();
    let listing = Listing { snapshots: join(plain, sharded), server_time: None };
    assert!(listing.snapshots.len() <= whole);
    assert!(listing.snapshots.is_sorted_by(|a, b| a.id >= b.id));
    for snapshot in &listing.snapshots {
        if let Some(tag) = Tag::read(snapshot.description()) {
            let tagged = listing.of_key(&tag, None, Some(snapshot));
            assert!(tagged.iter().all(|it| tag.is_in(it.description())));
        }
    }
    for candidate in listing.on_demand_since(0) {
        assert!(candidate.is_on_demand());
    }
}

/// A description, a key and a name, line by line: what is sent holds them as they were given.
pub fn take(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut lines = text.split('\n');
    let (name, key) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    let description: String = lines.collect::<Vec<_>>().join("\n");
    let is_clean = |text: &str| !text.contains(char::is_control);
    let arguments = match TakeArguments::new(Some(&description), Some(3), false, false) {
        Ok(arguments) => arguments,
        Err(error) => return check_rejected(&error, !is_clean(&description)),
    };
    let cluster = match ClusterAddress::new(GROUP, name) {
        Ok(cluster) => cluster,
        Err(error) => return check_rejected(&error, true),
    };
    assert!(
        cluster.snapshots_path().bytes().all(|b| b.is_ascii_alphanumeric() || b"/-".contains(&b))
    );
    let tag = Tag::derive(key, &cluster.group_id, &cluster.name);
    let arguments = match arguments.with_key(key, &cluster) {
        Ok(arguments) => arguments,
        Err(error) => {
            let is_too_long = key.chars().count() > 1024;
            return check_rejected(&error, key.is_empty() || !is_clean(key) || is_too_long);
        }
    };
    let body: Value = serde_json::from_slice(&arguments.body().unwrap()).unwrap();
    let sent = body.get("description").and_then(Value::as_str).unwrap();
    assert!(sent.ends_with(&format!("] {description}")) && sent.is_char_boundary(32));
    assert_eq!(Tag::read(sent), Some(tag.unwrap()));
    // Without a key it is sent as it is, even if it resembles a tag.
    let _ = Tag::read(&description);
}

fn check_rejected(error: &Error, is_wrong: bool) {
    let Error::InvalidArgument(why) = error else { panic!("{error:?}") };
    assert!(is_wrong, "{why}");
    assert!(why.chars().count() < 400 && !why.contains(char::is_control), "{why:?}");
}
