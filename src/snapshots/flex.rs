//! Flex clusters: the paths of other clusters refuse them, and their own paths refuse the others.

use super::arguments::ClusterAddress;
use super::ask::Unanswered;
use super::get::is_not_there;
use super::list::Listing;
use super::pages;
use crate::error::Error;
use crate::model::{Fields, Snapshot};
use crate::transport::{Call, Transport};

/// Whether Atlas refused a request because the cluster is a flex cluster.
pub(super) fn says_flex(refused: &Unanswered) -> bool {
    let Error::Api(api) = &refused.error else { return false };
    api.error_code.as_deref() == Some("CANNOT_USE_FLEX_CLUSTER_IN_CLUSTER_API")
}

/// The snapshots of a flex cluster, newest first.
pub(super) async fn listing(
    transport: &Transport,
    cluster: &ClusterAddress,
    call: &Call,
) -> Result<Listing, Unanswered> {
    let read = |item: Fields<'_>| Snapshot::read_flex(item, &cluster.group_id, &cluster.name);
    let walked = pages::walk(transport, &cluster.flex_snapshots_path(), call, &read).await?;
    let mut snapshots = walked.items;
    // An id begins with the second of its making.
    snapshots.sort_by(|a, b| b.id.cmp(&a.id));
    Ok(Listing { snapshots, server_time: walked.server_time })
}

/// The same where the paths of other clusters refused it; without flex paths that refusal stays.
pub(super) async fn listing_after(
    refused: Unanswered,
    transport: &Transport,
    cluster: &ClusterAddress,
    call: &Call,
) -> Result<Listing, Unanswered> {
    match listing(transport, cluster, call).await {
        Err(second) if is_not_there(&second) || says_flex(&second) => Err(refused),
        found => found,
    }
}
