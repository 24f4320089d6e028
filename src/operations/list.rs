//! All snapshots of a cluster: the plain list joined with the one of sharded clusters.

use std::collections::HashSet;

use jiff::Timestamp;

use crate::error::Error;
use crate::http::CallContext;
use crate::model;
use crate::model::{Fields, Snapshot, object_id_timestamp};
use crate::operations::arguments::ClusterAddress;
use crate::operations::client::AtlasClient;
use crate::operations::idempotency::Tag;
use crate::operations::pagination;
use crate::operations::pagination::{Item, Pages};
use crate::operations::request::RequestError;

impl Item for Snapshot {
    const IDENTITY: &'static [&'static str] = &["id"];
}

/// What a cluster has, newest first.
#[derive(Debug)]
pub(crate) struct Listing {
    pub(crate) snapshots: Vec<Snapshot>,
    pub(crate) server_time: Option<Timestamp>,
}

/// Lists the snapshots of a cluster, flex clusters included, newest first; all pages.
///
/// The parts of a sharded snapshot are in its `members`, not entries of their own, unless
/// `include_sharded` is off: then the list is what the plain endpoint says.
///
/// # Errors
/// [`Error::Api`] and the errors of the network; nothing that a list lacks is passed over.
pub async fn list_snapshots(
    client: &AtlasClient,
    cluster: &ClusterAddress,
    include_sharded: bool,
    call: &CallContext,
) -> Result<Vec<Snapshot>, Error> {
    let found = match listing(client, cluster, include_sharded, call).await {
        Err(failure) if failure.is_flex_cluster() => {
            flex_listing_after(failure, client, cluster, call).await
        }
        found => found,
    };
    Ok(found?.snapshots)
}

pub(crate) async fn listing(
    client: &AtlasClient,
    cluster: &ClusterAddress,
    include_sharded: bool,
    call: &CallContext,
) -> Result<Listing, RequestError> {
    let (path, read) = (cluster.snapshots_path(), reader(cluster));
    let pages = pagination::collect_all(client, &path, call, &read).await?;
    join_sharded(pages, client, cluster, include_sharded, call).await
}

/// The same, but of a long list only what was asked for since that second, and as much before it
/// as it takes to find a completed one that has not expired.
pub(crate) async fn listing_since(
    client: &AtlasClient,
    cluster: &ClusterAddress,
    second: i64,
    now: model::Timestamp,
    include_sharded: bool,
    call: &CallContext,
) -> Result<Listing, RequestError> {
    let mut any_good = false;
    let is_enough = |page: &[Fields<'_>]| {
        any_good |= page.iter().any(|item| is_good(item, now));
        any_good && goes_back_to(second, page)
    };
    let (path, read) = (cluster.snapshots_path(), reader(cluster));
    let pages = pagination::collect_until(client, &path, call, &read, is_enough).await?;
    join_sharded(pages, client, cluster, include_sharded, call).await
}

fn is_good(item: &Fields<'_>, now: model::Timestamp) -> bool {
    let end = item.get::<model::Timestamp>("expiresAt");
    item.get::<String>("status").is_some_and(|status| status == "completed")
        && end.is_none_or(|end| end > now)
}

/// Whether a page ends before that second and is sorted, as then is the list: newest first.
fn goes_back_to(second: i64, page: &[Fields<'_>]) -> bool {
    let seconds: Vec<i64> = page
        .iter()
        .filter_map(|item| item.get("id"))
        .map(|id: String| object_id_timestamp(&id))
        .collect();
    seconds.is_sorted_by(|a, b| a >= b) && seconds.last().is_some_and(|oldest| *oldest < second)
}

/// What makes a snapshot of what stands in the lists of a cluster.
fn reader(
    cluster: &ClusterAddress,
) -> impl Fn(Fields<'_>) -> Result<Snapshot, &'static str> + Sync + '_ {
    |item| Snapshot::read(item, &cluster.group_id, &cluster.name)
}

/// Reads the sharded list after the plain one: then it names the parts that the plain one shows.
async fn join_sharded(
    plain: Pages<Snapshot>,
    client: &AtlasClient,
    cluster: &ClusterAddress,
    include_sharded: bool,
    call: &CallContext,
) -> Result<Listing, RequestError> {
    let path = cluster.snapshots_path();
    let read = reader(cluster);
    let sharded = if include_sharded {
        let path = format!("{path}/shardedClusters");
        match pagination::collect_unpaged(client, &path, call, &read).await {
            Ok(items) => items,
            // The cluster is there, so this says that it is not sharded; a gateway's page says nothing.
            Err(failure) if says_not_sharded(&failure) => Vec::new(),
            Err(failure) => return Err(failure),
        }
    } else {
        Vec::new()
    };
    Ok(Listing { snapshots: join(plain.items, sharded), server_time: plain.server_time })
}

fn says_not_sharded(failure: &RequestError) -> bool {
    let Error::Api(api) = &failure.error else { return false };
    matches!(api.status, 400 | 404) && api.error_code.is_some()
}

/// The sharded list knows more of what stands in both.
pub(crate) fn join(plain: Vec<Snapshot>, mut sharded: Vec<Snapshot>) -> Vec<Snapshot> {
    let known: HashSet<String> = sharded
        .iter()
        .flat_map(|whole| whole.part_ids().chain([whole.id.as_str()]))
        .map(ToOwned::to_owned)
        .collect();
    sharded.extend(plain.into_iter().filter(|snapshot| !known.contains(&snapshot.id)));
    // An id begins with the second of its making.
    sharded.sort_by(|a, b| b.id.cmp(&a.id));
    sharded
}

impl Listing {
    /// The valid snapshots of a key: those that carry its tag, the listed one whose id is
    /// `remembered`, whatever its description says, and the one that is known beside the list.
    /// Parts of a sharded snapshot do not count.
    pub(crate) fn of_key<'a>(
        &'a self,
        tag: &Tag,
        remembered: Option<&str>,
        known: Option<&'a Snapshot>,
    ) -> Vec<&'a Snapshot> {
        let is_own = |it: &&Snapshot| remembered == Some(&it.id) || tag.is_in(it.description());
        let listed = self.snapshots.iter().filter(is_own);
        let unlisted = known.filter(|known| {
            let is_part = |whole: &Snapshot| whole.part_ids().any(|part| part == known.id);
            self.snapshots.iter().all(|it| it.id != known.id && !is_part(it))
        });
        // The parts of one that failed may be good: the whole speaks for them.
        let mut own = self.whole_ones(unlisted.into_iter().chain(listed).collect());
        let now = self.now();
        own.retain(|snapshot| snapshot.is_valid(now));
        own
    }

    pub(crate) fn find(&self, id: &str) -> Option<&Snapshot> {
        self.snapshots.iter().find(|snapshot| snapshot.id == id)
    }

    /// The server's clock when the list was read; its own clock for a server that does not say.
    pub(crate) fn now(&self) -> model::Timestamp {
        self.server_time.unwrap_or_else(Timestamp::now).into()
    }

    /// The on-demand snapshot that stands in the way of another one.
    ///
    /// A list may be late: `ended` are those that are known to be out of the way.
    pub(crate) fn running(&self, ended: &[String]) -> Option<&Snapshot> {
        let on_demand = self.snapshots.iter().filter(|snapshot| snapshot.is_on_demand());
        // Its parts may have been listed before it ended, and it itself after that.
        let is_running = |it: &&Snapshot| !it.is_final() && !ended.contains(&it.id);
        self.whole_ones(on_demand.collect()).into_iter().find(is_running)
    }

    /// On-demand snapshots that were asked for at that second of the server's clock or later.
    pub(crate) fn on_demand_since(&self, second: i64) -> Vec<&Snapshot> {
        let recent = self
            .snapshots
            .iter()
            .filter(|snapshot| snapshot.is_on_demand() && snapshot.requested_at() >= second);
        self.whole_ones(recent.collect())
    }

    /// All but parts of sharded ones.
    pub(crate) fn top_level(&self) -> Vec<&Snapshot> {
        let first = self.first_sharded();
        let is_whole =
            |it: &&Snapshot| it.is_sharded() || first.is_none_or(|first| it.requested_at() < first);
        self.snapshots.iter().filter(is_whole).collect()
    }

    /// Since when the cluster is sharded: the second of its first such snapshot.
    fn first_sharded(&self) -> Option<i64> {
        let listed = self.snapshots.iter().filter(|snapshot| snapshot.is_sharded());
        listed.map(Snapshot::requested_at).min()
    }

    /// Without parts that no sharded snapshot names, or that are listed before it is: a cluster that
    /// was sharded once stays so.
    fn whole_ones<'a>(&self, snapshots: Vec<&'a Snapshot>) -> Vec<&'a Snapshot> {
        let any_sharded = snapshots.iter().any(|snapshot| snapshot.is_sharded());
        let first = self.first_sharded();
        let is_part = |it: &Snapshot| {
            let is_later = first.is_some_and(|first| it.requested_at() >= first);
            !it.is_sharded() && (any_sharded || is_later)
        };
        snapshots.into_iter().filter(|snapshot| !is_part(snapshot)).collect()
    }
}

/// The snapshots of a flex cluster, newest first.
pub(crate) async fn flex_listing(
    client: &AtlasClient,
    cluster: &ClusterAddress,
    call: &CallContext,
) -> Result<Listing, RequestError> {
    let read = |item: Fields<'_>| Snapshot::read_flex(item, &cluster.group_id, &cluster.name);
    let pages =
        pagination::collect_all(client, &cluster.flex_snapshots_path(), call, &read).await?;
    let mut snapshots = pages.items;
    // An id begins with the second of its creation.
    snapshots.sort_by(|a, b| b.id.cmp(&a.id));
    Ok(Listing { snapshots, server_time: pages.server_time })
}

/// The same after the plain path rejected a flex cluster.
///
/// Where Atlas has no flex paths either, that rejection is the error.
pub(crate) async fn flex_listing_after(
    rejection: RequestError,
    client: &AtlasClient,
    cluster: &ClusterAddress,
    call: &CallContext,
) -> Result<Listing, RequestError> {
    match flex_listing(client, cluster, call).await {
        Err(second) if second.is_absent() || second.is_flex_cluster() => Err(rejection),
        found => found,
    }
}
