//! A snapshot as the API describes it, of a replica set, a sharded cluster, a flex cluster or a kind
//! not yet known.

#[cfg(test)]
mod tests;

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use crate::model::fields::{Fields, FromJson, Integer, Items, is_object_id, object_id_timestamp};
use crate::model::json::{Json, JsonObject};
use crate::model::timestamp::Timestamp;

/// One snapshot; `None` where Atlas has not said yet.
#[derive(Debug, Clone, PartialEq)]
#[allow(clippy::struct_field_names)] // the API's own noun
pub struct Snapshot {
    /// Its id: 24 hexadecimal digits.
    pub id: String,
    kind: Option<String>,
    status: Option<String>,
    snapshot_type: Option<String>,
    frequency_type: Option<String>,
    description: Option<String>,
    created_at: Option<Timestamp>,
    expires_at: Option<Timestamp>,
    storage_size_bytes: Option<Integer>,
    mongod_version: Option<String>,
    master_key_uuid: Option<String>,
    policy_items: Items<String>,
    links: Items<Link>,
    group_id: String,
    cluster_name: String,
    details: Details,
    extra: JsonObject,
    /// Whether the take that gives it has taken it; `None`: no take gives it.
    is_new: Option<bool>,
}

/// What only one kind of cluster has.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Details {
    /// `"type": "replicaSet"`.
    ReplicaSet {
        /// AWS, AZURE, GCP or what else Atlas says.
        cloud_provider: Option<String>,
        /// Regions that the snapshot is copied to.
        copy_regions: Items<String>,
        /// The replica set's name.
        replica_set_name: Option<String>,
    },
    /// `"type": "shardedCluster"`.
    ShardedCluster {
        /// EMBEDDED or DEDICATED.
        config_server_type: Option<String>,
        /// The snapshots of the shards and of the config server.
        members: Items<SnapshotMember>,
        /// Their ids.
        snapshot_ids: Items<String>,
    },
    /// Of a flex cluster, whose snapshots have paths and a shape of their own.
    Flex {
        /// When the schedule wanted it.
        scheduled_at: Option<Timestamp>,
        /// When it was begun.
        started_at: Option<Timestamp>,
        /// When it ended.
        finished_at: Option<Timestamp>,
    },
    /// A type that this version does not know.
    Unknown,
}

/// A link to a related resource; one that says more stays behind, as it came, with the whole list.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Link {
    href: Option<String>,
    rel: Option<String>,
}

impl FromJson<'_> for Link {
    fn read(json: Json<'_>) -> Option<Self> {
        let mut fields = Fields::read(json)?;
        let link = Self { href: fields.take("href"), rel: fields.take("rel") };
        fields.is_empty().then_some(link)
    }
}

/// One part of a sharded cluster's snapshot.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct SnapshotMember {
    id: Option<String>,
    cloud_provider: Option<String>,
    replica_set_name: Option<String>,
    extra: JsonObject,
}

impl FromJson<'_> for SnapshotMember {
    fn read(json: Json<'_>) -> Option<Self> {
        let mut fields = Fields::read(json)?;
        Some(Self {
            id: fields.take("id"),
            cloud_provider: fields.take("cloudProvider"),
            replica_set_name: fields.take("replicaSetName"),
            extra: fields.rest(),
        })
    }
}

impl Snapshot {
    /// Reads a snapshot; `Err` says what is wrong with its id, the one field that must be there.
    pub(crate) fn read(
        mut fields: Fields<'_>,
        group_id: &str,
        cluster_name: &str,
    ) -> Result<Self, &'static str> {
        let id = take_id(&mut fields)?;
        let kind: Option<String> = fields.take("type");
        Ok(Self {
            id,
            status: fields.take("status"),
            snapshot_type: fields.take("snapshotType"),
            frequency_type: fields.take("frequencyType"),
            description: fields.take("description"),
            created_at: fields.take("createdAt"),
            expires_at: fields.take("expiresAt"),
            storage_size_bytes: fields.take("storageSizeBytes"),
            mongod_version: fields.take("mongodVersion"),
            master_key_uuid: fields.take("masterKeyUUID"),
            policy_items: fields.take_list("policyItems"),
            links: fields.take_list("links"),
            group_id: group_id.to_owned(),
            cluster_name: cluster_name.to_owned(),
            details: Details::take(kind.as_deref(), &mut fields),
            kind,
            extra: fields.rest(),
            is_new: None,
        })
    }

    /// The same of a flex cluster, whose statuses are put into the labels of the others.
    ///
    /// Of the time of the data Atlas says nothing: it is no older than the start.
    pub(crate) fn read_flex(
        mut fields: Fields<'_>,
        group_id: &str,
        cluster_name: &str,
    ) -> Result<Self, &'static str> {
        let id = take_id(&mut fields)?;
        let status = fields.take("status").map(flex_status);
        let started_at: Option<Timestamp> = fields.take("startTime");
        let is_completed = status.as_deref() == Some("completed");
        Ok(Self {
            id,
            kind: Some("flex".to_owned()),
            status,
            snapshot_type: None,
            frequency_type: None,
            description: None,
            created_at: started_at.filter(|_| is_completed),
            expires_at: fields.take("expiration"),
            storage_size_bytes: None,
            mongod_version: fields.take("mongoDBVersion"),
            master_key_uuid: None,
            policy_items: Items::default(),
            links: fields.take_list("links"),
            group_id: group_id.to_owned(),
            cluster_name: cluster_name.to_owned(),
            details: Details::Flex {
                scheduled_at: fields.take("scheduledTime"),
                started_at,
                finished_at: fields.take("finishTime"),
            },
            extra: fields.rest(),
            is_new: None,
        })
    }
}

fn take_id(fields: &mut Fields<'_>) -> Result<String, &'static str> {
    let id: String = fields.take("id").ok_or("the answer has no snapshot id")?;
    is_object_id(&id).then_some(id).ok_or("the answer's snapshot id is malformed")
}

fn flex_status(label: String) -> String {
    match label.as_str() {
        "PENDING" | "QUEUED" => "queued".to_owned(),
        "RUNNING" => "inProgress".to_owned(),
        "COMPLETED" => "completed".to_owned(),
        "FAILED" => "failed".to_owned(),
        _ => label,
    }
}

/// What operations want to know of one.
impl Snapshot {
    /// Whether its status will not change any more.
    pub(crate) fn is_final(&self) -> bool {
        self.is_completed() || self.has_failed()
    }

    pub(crate) fn is_completed(&self) -> bool {
        self.status.as_deref() == Some("completed")
    }

    pub(crate) fn has_failed(&self) -> bool {
        self.status.as_deref() == Some("failed")
    }

    /// Whether Atlas is at work on it; unlike what is not final, that is a status that is known.
    pub(crate) fn is_running(&self) -> bool {
        matches!(self.status.as_deref(), Some("queued" | "inProgress"))
    }

    pub(crate) fn has_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|end| end <= now)
    }

    /// Whether it is a backup, or may become one: it has not failed, and Atlas has not deleted it
    /// for its age, though a list may still show it. Its end moves until it completes.
    pub(crate) fn is_valid(&self, now: Timestamp) -> bool {
        let is_gone = self.is_completed() && self.has_expired(now);
        !self.has_failed() && !is_gone
    }

    /// The same as a take gives it: taken by this call, or found.
    pub(crate) fn taken(self, is_new: bool) -> Self {
        Self { is_new: Some(is_new), ..self }
    }

    /// The same snapshot as another read of it shows it.
    pub(crate) fn taken_like(self, taken: &Self) -> Self {
        Self { is_new: taken.is_new, ..self }
    }

    pub(crate) fn is_new(&self) -> Option<bool> {
        self.is_new
    }

    /// Its status as a message shows it.
    pub(crate) fn status_word(&self) -> &str {
        self.status.as_deref().unwrap_or("without a status")
    }

    pub(crate) fn is_on_demand(&self) -> bool {
        self.snapshot_type.as_deref() == Some("onDemand")
    }

    pub(crate) fn is_sharded(&self) -> bool {
        matches!(self.details, Details::ShardedCluster { .. })
    }

    pub(crate) fn is_replica_set(&self) -> bool {
        matches!(self.details, Details::ReplicaSet { .. })
    }

    pub(crate) fn description(&self) -> &str {
        self.description.as_deref().unwrap_or_default()
    }

    pub(crate) fn cluster_name(&self) -> &str {
        &self.cluster_name
    }

    /// Ids of the snapshots that are parts of this one.
    pub(crate) fn part_ids(&self) -> impl Iterator<Item = &str> {
        let (members, ids): (&[SnapshotMember], &[String]) = match &self.details {
            Details::ShardedCluster { members, snapshot_ids, .. } => {
                (members.as_slice(), snapshot_ids.as_slice())
            }
            Details::ReplicaSet { .. } | Details::Flex { .. } | Details::Unknown => (&[], &[]),
        };
        let members = members.iter().filter_map(|member| member.id.as_deref());
        members.chain(ids.iter().map(String::as_str))
    }

    /// The time of the data in it.
    pub(crate) fn created_at(&self) -> Option<Timestamp> {
        self.created_at
    }

    /// The second in which the server made the id, since 1970.
    pub(crate) fn requested_at(&self) -> i64 {
        object_id_timestamp(&self.id)
    }
}

impl Details {
    fn take(kind: Option<&str>, fields: &mut Fields<'_>) -> Self {
        match kind {
            Some("replicaSet") => Self::ReplicaSet {
                cloud_provider: fields.take("cloudProvider"),
                copy_regions: fields.take_list("copyRegions"),
                replica_set_name: fields.take("replicaSetName"),
            },
            Some("shardedCluster") => Self::ShardedCluster {
                config_server_type: fields.take("configServerType"),
                members: fields.take_list("members"),
                snapshot_ids: fields.take_list("snapshotIds"),
            },
            Some(_) | None => Self::Unknown,
        }
    }

    /// The Python class, and how many fields it has beyond those of every snapshot.
    fn class(&self) -> (&'static str, usize) {
        match self {
            Self::ReplicaSet { .. } => ("ReplicaSetSnapshot", 3),
            Self::ShardedCluster { .. } => ("ShardedClusterSnapshot", 3),
            Self::Flex { .. } => ("FlexSnapshot", 3),
            Self::Unknown => ("Snapshot", 0),
        }
    }
}

impl Serialize for Snapshot {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (class, more) = self.details.class();
        let mut out = serializer.serialize_struct(class, 17 + more)?;
        out.serialize_field("id", &self.id)?;
        out.serialize_field("type", &self.kind)?;
        out.serialize_field("status", &self.status)?;
        out.serialize_field("snapshot_type", &self.snapshot_type)?;
        out.serialize_field("frequency_type", &self.frequency_type)?;
        out.serialize_field("description", &self.description)?;
        out.serialize_field("created_at", &self.created_at)?;
        out.serialize_field("expires_at", &self.expires_at)?;
        out.serialize_field("storage_size_bytes", &self.storage_size_bytes)?;
        out.serialize_field("mongod_version", &self.mongod_version)?;
        out.serialize_field("master_key_uuid", &self.master_key_uuid)?;
        out.serialize_field("policy_items", &self.policy_items)?;
        out.serialize_field("links", &self.links)?;
        out.serialize_field("group_id", &self.group_id)?;
        out.serialize_field("cluster_name", &self.cluster_name)?;
        out.serialize_field("extra", &self.extra)?;
        out.serialize_field("is_new", &self.is_new)?;
        match &self.details {
            Details::ReplicaSet { cloud_provider, copy_regions, replica_set_name } => {
                out.serialize_field("cloud_provider", cloud_provider)?;
                out.serialize_field("copy_regions", copy_regions)?;
                out.serialize_field("replica_set_name", replica_set_name)?;
            }
            Details::ShardedCluster { config_server_type, members, snapshot_ids } => {
                out.serialize_field("config_server_type", config_server_type)?;
                out.serialize_field("members", members)?;
                out.serialize_field("snapshot_ids", snapshot_ids)?;
            }
            Details::Flex { scheduled_at, started_at, finished_at } => {
                out.serialize_field("scheduled_at", scheduled_at)?;
                out.serialize_field("started_at", started_at)?;
                out.serialize_field("finished_at", finished_at)?;
            }
            Details::Unknown => {}
        }
        out.end()
    }
}
