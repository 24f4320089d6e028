//! Projects and clusters, as far as a person needs them to choose what to back up.

use serde::Serialize;

use crate::model::fields::{Fields, Integer, is_object_id};
use crate::model::json::JsonObject;
use crate::model::timestamp::Timestamp;

/// A project ("group") that the credentials can see.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Project {
    /// Its id: 24 hexadecimal digits.
    pub id: String,
    name: Option<String>,
    org_id: Option<String>,
    cluster_count: Option<Integer>,
    created: Option<Timestamp>,
    extra: JsonObject,
}

/// A cluster of a project.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[allow(clippy::struct_field_names)] // the API's own names
pub struct Cluster {
    id: Option<String>,
    /// Its name, unique in its project.
    pub name: String,
    group_id: String,
    cluster_type: Option<String>,
    state_name: Option<String>,
    backup_enabled: Option<bool>,
    paused: Option<bool>,
    mongo_db_version: Option<String>,
    extra: JsonObject,
}

impl Project {
    /// Reads a project; `Err` says what is wrong with its id.
    pub(crate) fn read(fields: Fields<'_>) -> Result<Self, &'static str> {
        let project = Self::read_any(fields);
        let is_good = is_object_id(&project.id);
        is_good.then_some(project).ok_or("a project in it has no well-formed id")
    }

    /// The same with any id, be it empty, for whoever has to tell of all there are.
    pub(crate) fn read_any(mut fields: Fields<'_>) -> Self {
        Self {
            id: fields.take("id").unwrap_or_default(),
            name: fields.take("name"),
            org_id: fields.take("orgId"),
            cluster_count: fields.take("clusterCount"),
            created: fields.take("created"),
            extra: fields.rest(),
        }
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    pub(crate) fn into_id_and_name(self) -> (String, Option<String>) {
        (self.id, self.name)
    }
}

impl Cluster {
    /// Reads a cluster; `Err` says what is wrong with its name, by which everything else asks.
    pub(crate) fn read(fields: Fields<'_>, group_id: &str) -> Result<Self, &'static str> {
        let cluster = Self::read_any(fields, group_id);
        let has_name = !cluster.name.is_empty();
        has_name.then_some(cluster).ok_or("a cluster in it has no name")
    }

    /// The same with an empty name where there is none, for whoever has to tell of all there are.
    pub(crate) fn read_any(mut fields: Fields<'_>, group_id: &str) -> Self {
        Self {
            id: fields.take("id"),
            name: fields.take("name").unwrap_or_default(),
            group_id: fields.take("groupId").unwrap_or_else(|| group_id.to_owned()),
            cluster_type: fields.take("clusterType"),
            state_name: fields.take("stateName"),
            backup_enabled: fields.take("backupEnabled"),
            paused: fields.take("paused"),
            mongo_db_version: fields.take("mongoDBVersion"),
            extra: fields.rest(),
        }
    }

    /// Project and name, as a message lists them.
    pub(crate) fn full_name(&self) -> String {
        format!("{}/{}", self.group_id, self.name)
    }

    /// A field that this version does not know.
    pub(crate) fn extra(&self, name: &str) -> Option<&serde_json::Value> {
        self.extra.get(name)
    }

    /// Whether Atlas says that it is no sharded cluster.
    pub(crate) fn is_replica_set(&self) -> bool {
        self.cluster_type.as_deref() == Some("REPLICASET")
    }

    /// The same of a flex cluster, which says elsewhere whether it is backed up.
    pub(crate) fn read_any_flex(fields: Fields<'_>, group_id: &str) -> Self {
        let backup = fields.get::<Fields<'_>>("backupSettings");
        let mut cluster = Self::read_any(fields, group_id);
        cluster.backup_enabled = backup.and_then(|backup| backup.get("enabled"));
        cluster
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::fields::reading;

    fn project(text: &str) -> Result<Project, &'static str> {
        reading(text, Project::read)
    }

    fn cluster(text: &str) -> Result<Cluster, &'static str> {
        reading(text, |fields| Cluster::read(fields, "g"))
    }

    #[test]
    fn a_project_keeps_what_it_does_not_know() {
        let wire = r#"{"id":"32b6e34b3d91647abb20e7b8","name":"P","clusterCount":3,"tags":[]}"#;
        let seen = serde_json::to_value(project(wire).unwrap()).unwrap();
        assert_eq!(seen["cluster_count"], 3);
        assert_eq!(seen["extra"], json!({"tags": []}));
        assert!(project(r#"{"id":"short"}"#).is_err());
    }

    #[test]
    fn a_cluster_needs_a_name_and_nothing_else() {
        let wire = r#"{"name":"Cluster0","backupEnabled":true,"mongoDBVersion":"8.0.1"}"#;
        let seen = serde_json::to_value(cluster(wire).unwrap()).unwrap();
        assert_eq!(seen["backup_enabled"], true);
        assert_eq!((&seen["group_id"], &seen["id"]), (&json!("g"), &json!(null)));
        assert!(cluster(r#"{"id":"x"}"#).is_err());
    }
}
