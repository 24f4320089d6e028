//! Reading one snapshot, from the endpoint that serves its kind of cluster.

use crate::error::{ApiKind, Error};
use crate::http::CallContext;
use crate::http::response::Response;
use crate::model::{Fields, Snapshot};
use crate::operations::arguments::SnapshotAddress;
use crate::operations::client::AtlasClient;
use crate::operations::pagination::request;
use crate::operations::request::{RequestError, send_idempotent};

/// Where a snapshot is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Endpoint {
    Plain,
    Sharded,
    Flex,
}

impl Endpoint {
    /// The one to begin with.
    pub(crate) fn first(address: &SnapshotAddress) -> Self {
        if address.is_sharded { Self::Sharded } else { Self::Plain }
    }

    pub(crate) fn other(self) -> Self {
        match self {
            Self::Plain => Self::Sharded,
            Self::Sharded | Self::Flex => Self::Plain,
        }
    }

    pub(crate) fn path(self, address: &SnapshotAddress) -> String {
        let (base, id) = (address.cluster.snapshots_path(), &address.id);
        match self {
            Self::Plain => format!("{base}/{id}"),
            Self::Sharded => format!("{base}/shardedCluster/{id}"),
            Self::Flex => format!("{}/{id}", address.cluster.flex_snapshots_path()),
        }
    }
}

/// Reads one snapshot, also of a flex cluster; that of a sharded cluster with its members.
///
/// # Errors
/// [`Error::Api`] and the errors of the network.
pub async fn get_snapshot(
    client: &AtlasClient,
    address: &SnapshotAddress,
    call: &CallContext,
) -> Result<Snapshot, Error> {
    Ok(fetch(client, address, &mut None, call).await?)
}

/// The same for one who comes again: `endpoint` remembers where the snapshot was found.
pub(crate) async fn fetch(
    client: &AtlasClient,
    address: &SnapshotAddress,
    endpoint: &mut Option<Endpoint>,
    call: &CallContext,
) -> Result<Snapshot, RequestError> {
    if let Some(known) = *endpoint {
        return read_at(known, client, address, call).await;
    }
    let first = Endpoint::first(address);
    let found = read_at(first, client, address, call).await;
    let (second, fallback) = match found {
        Ok(snapshot) if first == Endpoint::Plain && snapshot.is_sharded() => {
            (Endpoint::Sharded, Ok(snapshot))
        }
        Err(missing) if missing.is_missing() => (first.other(), Err(missing)),
        Err(failure) if failure.is_flex_cluster() => {
            return fetch_flex(failure, client, address, endpoint, call).await;
        }
        Ok(snapshot) => {
            *endpoint = Some(first);
            return Ok(snapshot);
        }
        Err(failure) => return Err(failure),
    };
    match read_at(second, client, address, call).await {
        Ok(snapshot) => {
            *endpoint = Some(second);
            Ok(snapshot)
        }
        Err(failure) if failure.is_absent() => fallback.inspect(|_| *endpoint = Some(first)),
        Err(failure) => Err(failure),
    }
}

/// Reads it from the flex paths; without flex paths the earlier rejection is the error.
async fn fetch_flex(
    failure: RequestError,
    client: &AtlasClient,
    address: &SnapshotAddress,
    endpoint: &mut Option<Endpoint>,
    call: &CallContext,
) -> Result<Snapshot, RequestError> {
    match read_at(Endpoint::Flex, client, address, call).await {
        Ok(snapshot) => {
            *endpoint = Some(Endpoint::Flex);
            Ok(snapshot)
        }
        Err(second) if second.kind() != Some(ApiKind::SnapshotNotFound) && second.is_absent() => {
            Err(failure)
        }
        Err(second) => Err(second),
    }
}

async fn read_at(
    endpoint: Endpoint,
    client: &AtlasClient,
    address: &SnapshotAddress,
    call: &CallContext,
) -> Result<Snapshot, RequestError> {
    let response =
        send_idempotent(client, &request(&endpoint.path(address), Vec::new()), call).await?;
    let reader = if endpoint == Endpoint::Flex { Snapshot::read_flex } else { Snapshot::read };
    read_with(reader, &response, address, call)
}

type Reader = fn(Fields<'_>, &str, &str) -> Result<Snapshot, &'static str>;

/// The snapshot in a good answer.
pub(crate) fn read(
    response: &Response,
    address: &SnapshotAddress,
    call: &CallContext,
) -> Result<Snapshot, RequestError> {
    read_with(Snapshot::read, response, address, call)
}

fn read_with(
    reader: Reader,
    response: &Response,
    address: &SnapshotAddress,
    call: &CallContext,
) -> Result<Snapshot, RequestError> {
    let cluster = &address.cluster;
    let snapshot = response.fields().and_then(|fields| {
        let read = reader(fields, &cluster.group_id, &cluster.name);
        let other = "it is about another snapshot";
        let asked =
            |snapshot: Snapshot| (snapshot.id == address.id).then_some(snapshot).ok_or(other);
        read.and_then(asked).map_err(|why| response.invalid(why))
    });
    snapshot.map_err(|error| RequestError::invalid(error.after(call.effort())))
}
