//! Reading one snapshot, from the endpoint that serves its kind of cluster.

use super::arguments::SnapshotAddress;
use super::ask::{Unanswered, ask};
use super::flex::says_flex;
use super::pages::request;
use crate::error::{ApiKind, Error};
use crate::model::{Fields, Snapshot};
use crate::transport::{Answer, Call, Transport};

/// Where a snapshot is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Endpoint {
    Plain,
    Sharded,
    Flex,
}

impl Endpoint {
    /// The one to begin with.
    pub(super) fn first(address: &SnapshotAddress) -> Self {
        if address.is_sharded { Self::Sharded } else { Self::Plain }
    }

    pub(super) fn other(self) -> Self {
        match self {
            Self::Plain => Self::Sharded,
            Self::Sharded | Self::Flex => Self::Plain,
        }
    }

    pub(super) fn path(self, address: &SnapshotAddress) -> String {
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
    transport: &Transport,
    address: &SnapshotAddress,
    call: &Call,
) -> Result<Snapshot, Error> {
    Ok(look(transport, address, &mut None, call).await?)
}

/// The same for one who comes again: `endpoint` remembers where the snapshot was found.
pub(super) async fn look(
    transport: &Transport,
    address: &SnapshotAddress,
    endpoint: &mut Option<Endpoint>,
    call: &Call,
) -> Result<Snapshot, Unanswered> {
    if let Some(known) = *endpoint {
        return read_at(known, transport, address, call).await;
    }
    let first = Endpoint::first(address);
    let found = read_at(first, transport, address, call).await;
    let (second, fallback) = match found {
        Ok(snapshot) if first == Endpoint::Plain && snapshot.is_sharded() => {
            (Endpoint::Sharded, Ok(snapshot))
        }
        Err(missing) if missing.is_missing() => (first.other(), Err(missing)),
        Err(refused) if says_flex(&refused) => {
            return look_at_flex(refused, transport, address, endpoint, call).await;
        }
        Ok(snapshot) => {
            *endpoint = Some(first);
            return Ok(snapshot);
        }
        Err(refused) => return Err(refused),
    };
    match read_at(second, transport, address, call).await {
        Ok(snapshot) => {
            *endpoint = Some(second);
            Ok(snapshot)
        }
        Err(refused) if is_not_there(&refused) => fallback.inspect(|_| *endpoint = Some(first)),
        Err(refused) => Err(refused),
    }
}

/// Reads it from the flex paths; where there are none, the refusal of the others stays.
async fn look_at_flex(
    refused: Unanswered,
    transport: &Transport,
    address: &SnapshotAddress,
    endpoint: &mut Option<Endpoint>,
    call: &Call,
) -> Result<Snapshot, Unanswered> {
    match read_at(Endpoint::Flex, transport, address, call).await {
        Ok(snapshot) => {
            *endpoint = Some(Endpoint::Flex);
            Ok(snapshot)
        }
        Err(second)
            if second.kind() != Some(ApiKind::SnapshotNotFound) && is_not_there(&second) =>
        {
            Err(refused)
        }
        Err(second) => Err(second),
    }
}

/// What an endpoint says of a snapshot of the other kind of cluster.
pub(super) fn is_not_there(refused: &Unanswered) -> bool {
    refused.is_missing()
        || matches!(refused.kind(), Some(ApiKind::BadRequest | ApiKind::Validation))
}

async fn read_at(
    endpoint: Endpoint,
    transport: &Transport,
    address: &SnapshotAddress,
    call: &Call,
) -> Result<Snapshot, Unanswered> {
    let answer = ask(transport, &request(&endpoint.path(address), Vec::new()), call).await?;
    let reader = if endpoint == Endpoint::Flex { Snapshot::read_flex } else { Snapshot::read };
    read_with(reader, &answer, address, call)
}

type Reader = fn(Fields<'_>, &str, &str) -> Result<Snapshot, &'static str>;

/// The snapshot in a good answer.
pub(super) fn read(
    answer: &Answer,
    address: &SnapshotAddress,
    call: &Call,
) -> Result<Snapshot, Unanswered> {
    read_with(Snapshot::read, answer, address, call)
}

fn read_with(
    reader: Reader,
    answer: &Answer,
    address: &SnapshotAddress,
    call: &Call,
) -> Result<Snapshot, Unanswered> {
    let cluster = &address.cluster;
    let snapshot = answer.fields().and_then(|fields| {
        let read = reader(fields, &cluster.group_id, &cluster.name);
        let other = "it is about another snapshot";
        let asked =
            |snapshot: Snapshot| (snapshot.id == address.id).then_some(snapshot).ok_or(other);
        read.and_then(asked).map_err(|why| answer.invalid(why))
    });
    snapshot.map_err(|error| Unanswered::invalid(error.after(call.effort())))
}
