#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::model::fields::reading;

const ID: &str = "6600000000000000000000bb";

/// Names on the wire and in Python of the fields that every snapshot has, `id` not counted.
const FIELDS: [(&str, &str); 12] = [
    ("type", "type"),
    ("status", "status"),
    ("snapshotType", "snapshot_type"),
    ("frequencyType", "frequency_type"),
    ("description", "description"),
    ("createdAt", "created_at"),
    ("expiresAt", "expires_at"),
    ("storageSizeBytes", "storage_size_bytes"),
    ("mongodVersion", "mongod_version"),
    ("masterKeyUUID", "master_key_uuid"),
    ("policyItems", "policy_items"),
    ("links", "links"),
];
const OF_REPLICA_SETS: [(&str, &str); 3] = [
    ("cloudProvider", "cloud_provider"),
    ("copyRegions", "copy_regions"),
    ("replicaSetName", "replica_set_name"),
];
const OF_SHARDED_CLUSTERS: [(&str, &str); 3] = [
    ("configServerType", "config_server_type"),
    ("members", "members"),
    ("snapshotIds", "snapshot_ids"),
];

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        Just(json!("2026-08-10T03:33:30Z")),
        Just(json!("-000044-03-15T00:00:00Z")),
        Just(json!(ID)),
        Just(json!("replicaSet")),
        Just(json!("shardedCluster")),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map("id|href|rel|replicaSetName|[a-z]{1,3}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn read(json: &str) -> Result<Snapshot, &'static str> {
    reading(json, |fields| Snapshot::read(fields, "group", "cluster"))
}

/// What Python sees.
fn python(json: &str) -> Value {
    serde_json::to_value(read(json).unwrap()).unwrap()
}

fn objects() -> impl Strategy<Value = JsonObject> {
    let known: Vec<&str> = FIELDS
        .into_iter()
        .chain(OF_REPLICA_SETS)
        .chain(OF_SHARDED_CLUSTERS)
        .map(|(wire, _)| wire)
        .chain(["id"])
        .collect();
    let names = prop_oneof![
        5 => proptest::sample::select(known).prop_map(ToOwned::to_owned),
        1 => any::<String>(),
        1 => proptest::sample::select(vec!["created_at", "extra", "groupId", "group_id", "kind"])
            .prop_map(ToOwned::to_owned),
    ];
    let kinds = proptest::sample::select(vec![
        json!("replicaSet"),
        json!("shardedCluster"),
        json!("x"),
        json!(7),
    ]);
    let id = prop_oneof![3 => Just(json!(ID)), 1 => values(), 1 => "[0-9a-g]{23,25}".prop_map(Value::from)];
    (proptest::collection::btree_map(names, values(), 0..14), kinds, id).prop_map(
        |(mut map, kind, id)| {
            map.entry("type".to_owned()).or_insert(kind);
            map.entry("id".to_owned()).or_insert(id);
            map.into_iter().collect()
        },
    )
}

/// Whether Python sees what the wire said, in its own terms.
fn is_same(python: &Value, wire: &Value) -> bool {
    match (python, wire) {
        (Value::Null, Value::Null) => true,
        (Value::Array(list), Value::Null) => list.is_empty(),
        (Value::Object(datetime), Value::String(_)) => datetime.contains_key("microsecond"),
        (Value::Array(items), Value::Array(sent)) => {
            items.len() == sent.len()
                && items.iter().zip(sent).all(|(item, sent)| match sent {
                    Value::Object(sent) => {
                        // Of a member, what is not a field of its own is in its `extra`.
                        sent.iter().all(|(name, value)| {
                            let known = match name.as_str() {
                                "replicaSetName" => item.get("replica_set_name"),
                                "cloudProvider" => item.get("cloud_provider"),
                                other => item.get(other),
                            };
                            item["extra"].get(name) == Some(value) || known == Some(value)
                        })
                    }
                    // See `a_list_is_no_link`.
                    Value::Array(_) => true,
                    other => item == other,
                })
        }
        (python, wire) => python == wire,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn any_object_is_read_if_its_id_is_good_and_nothing_of_it_is_lost(object in objects()) {
        let good = object.get("id").and_then(Value::as_str).is_some_and(|id| {
            id.len() == 24 && id.chars().all(|c| "0123456789abcdef".contains(c))
        });
        let read = read(&serde_json::to_string(&object).unwrap());
        prop_assert_eq!(read.is_ok(), good);
        let Ok(snapshot) = read else { return Ok(()) };
        let python = serde_json::to_value(&snapshot).unwrap();
        prop_assert_eq!(&python["id"], &object["id"]);
        prop_assert_eq!((&python["group_id"], &python["cluster_name"]), (&json!("group"), &json!("cluster")));
        let own = match object["type"].as_str() {
            Some("replicaSet") => &OF_REPLICA_SETS[..],
            Some("shardedCluster") => &OF_SHARDED_CLUSTERS[..],
            _ => &[],
        };
        let extra = python["extra"].as_object().unwrap();
        for (wire, value) in object.iter().filter(|(wire, _)| *wire != "id") {
            let known = FIELDS.iter().chain(own).find(|(name, _)| name == wire);
            match (known, extra.get(wire)) {
                (None, kept) => prop_assert_eq!(kept, Some(value), "{}", wire),
                (Some(_), Some(kept)) => prop_assert_eq!(kept, value, "{}", wire),
                (Some((_, name)), None) => {
                    prop_assert!(is_same(&python[*name], value), "{}: {} {}", wire, python[*name], value);
                }
            }
        }
        prop_assert!(extra.keys().all(|name| object.contains_key(name)));
    }

    #[test]
    fn sizes_of_any_length_are_kept(digits in "-?[1-9][0-9]{0,60}") {
        let text = format!(r#"{{"id":"{ID}","storageSizeBytes":{digits}}}"#);
        prop_assert_eq!(python(&text)["storage_size_bytes"].to_string(), digits);
    }
}

#[test]
fn links_and_members_keep_what_is_new() {
    let object = json!({"id": ID, "type": "shardedCluster", "links": [{"href": 7, "new": 1}],
        "members": [{"id": null, "cloudProvider": "AWS", "zone": "a"}, {}]});

    let python = python(&object.to_string());

    assert_eq!(python["links"], json!([]));
    assert_eq!(python["extra"], json!({"links": [{"href": 7, "new": 1}]}));
    assert_eq!(python["members"][0]["extra"], json!({"zone": "a"}));
    assert_eq!(python["members"][1]["id"], Value::Null);
}

#[test]
fn a_list_is_no_link() {
    let python = python(&json!({"id": ID, "links": [["a", "b"]]}).to_string());

    assert_eq!(python["links"], json!([]));
    assert_eq!(python["extra"], json!({"links": [["a", "b"]]}));
}

#[test]
fn of_two_ids_the_last_counts() {
    assert_eq!(python(&format!(r#"{{"id":7,"id":"{ID}"}}"#))["id"], ID);
    assert!(read(&format!(r#"{{"id":"{ID}","id":7}}"#)).is_err());
}

#[test]
fn escapes_white_space_and_names_that_come_twice_change_nothing() {
    let text = format!(
        r#"{{ "\u0069d" : "{ID}" ,
        "status":"queued", "status" : "comp\u006ceted", "type": "replica\u0053et",
        "createdAt":"2026-08-10T03:33:30\u005a", "copyRegions":["\u00e9"] ,
        "links":[ {{"href":"a", "\u0068ref":"b","rel":null}} ], "n\u0065w":{{"a":1,"a":"\ud83d\ude00"}} }}"#
    );

    let python = python(&text);

    assert_eq!((&python["id"], &python["status"]), (&json!(ID), &json!("completed")));
    assert_eq!(python["created_at"]["hour"], 3);
    assert_eq!(python["copy_regions"], json!(["é"]));
    assert_eq!(python["links"], json!([{"href": "b", "rel": null}]));
    assert_eq!(python["extra"], json!({"new": {"a": "😀"}}));
}
