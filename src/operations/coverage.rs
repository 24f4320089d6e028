//! How well clusters are backed up: of each one its newest snapshots, or why they cannot be read.
//!
//! Only what holds for every question ends the whole: a rejected list of projects, and
//! credentials that are.

use std::time::Duration;

use futures_util::future::join;
use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp as Instant;

use crate::error::{Error, Failure, RequestLine, is_about_role};
use crate::http::CallContext;
use crate::model::{Cluster, Snapshot, Timestamp};
use crate::operations::arguments;
use crate::operations::arguments::ClusterAddress;
use crate::operations::client::AtlasClient;
use crate::operations::inventory::{all_clusters, all_flex_clusters, all_projects, only_flex};
use crate::operations::list::{Listing, flex_listing, flex_listing_after, listing_since};

/// Clusters that are read at the same time.
const CONCURRENCY: usize = 64;
const DAY: Duration = Duration::from_secs(86_400);
/// The data of a snapshot may be so much younger than its request, by which lists are sorted.
const LONGEST_SNAPSHOT: Duration = DAY;
/// Data may be so much younger than the first answer: clocks differ, and the rest takes its time to
/// read. `age_seconds` of Python knows the same.
const MAX_CLOCK_SKEW: Duration = Duration::from_secs(600);

/// The clusters, the worst first.
#[derive(Debug)]
pub struct Coverage {
    /// The server's clock at the first answer, or this machine's where that is far ahead of it.
    pub taken_at: Timestamp,
    /// One for each cluster, and one for each project whose clusters cannot be listed.
    pub clusters: Vec<ClusterCoverage>,
}

/// What is known of one cluster.
#[derive(Debug)]
pub struct ClusterCoverage {
    /// Its project.
    pub group_id: String,
    /// The project's name, where it was asked for.
    pub project_name: Option<String>,
    /// `None` for a project whose clusters cannot be listed.
    pub cluster: Option<Cluster>,
    /// What it has.
    pub backups: Result<Backups, Error>,
}

/// What a cluster has.
#[derive(Debug)]
pub struct Backups {
    /// The completed one with the newest data, of those that have not expired.
    pub newest: Option<Snapshot>,
    /// Those that are queued or in progress, newest first; an unknown status says neither.
    pub running: Vec<Snapshot>,
    /// The newest of those that failed and were asked for after the newest completed one.
    pub failed: Option<Snapshot>,
    /// When the data of the completed on-demand ones is from that have not expired, as far back as
    /// asked, newest first.
    pub on_demand_times: Vec<Timestamp>,
    /// The same of all others.
    pub scheduled_times: Vec<Timestamp>,
}

/// A cluster to read, or why a project's clusters are not known.
struct ClusterRef {
    group_id: String,
    project_name: Option<String>,
    cluster: Result<Found, Error>,
}

/// A cluster, and which paths serve its snapshots.
struct Found {
    cluster: Cluster,
    is_flex: bool,
}

/// The times that count.
#[derive(Clone, Copy)]
struct Window {
    since: Timestamp,
    now: Timestamp,
    /// What is from later than this has no age.
    until: Timestamp,
}

/// One pass over the clusters.
struct CoverageScan<'a> {
    client: &'a AtlasClient,
    call: &'a CallContext,
    days: u32,
}

/// Reads the backups of the clusters of one project, or of all projects.
///
/// `days`: how far back the times of completed snapshots are wanted.
///
/// # Errors
/// Those of the list of projects, or of the one project's clusters; rejected credentials.
pub async fn backup_coverage(
    client: &AtlasClient,
    group_id: Option<&str>,
    days: u32,
    call: &CallContext,
) -> Result<Coverage, Error> {
    let scan = CoverageScan { client, call, days };
    let (refs, now) = match group_id {
        Some(group_id) => {
            let (clusters, now) = scan.clusters(group_id).await?;
            (cluster_refs(group_id, None, clusters), now)
        }
        None => scan.all_cluster_refs().await?,
    };
    scan.visit(refs, present(now)).await
}

/// The server's clock, unless it is behind this machine's by more than clocks differ: whichever of
/// the two is wrong, no backup may appear younger than it is.
fn present(server: Option<Instant>) -> Instant {
    let own = Instant::now();
    let is_near =
        |server: &Instant| server.checked_add(MAX_CLOCK_SKEW).map_or(true, |late| own <= late);
    server.filter(is_near).unwrap_or(own)
}

impl CoverageScan<'_> {
    async fn all_cluster_refs(&self) -> Result<(Vec<ClusterRef>, Option<Instant>), Error> {
        let (projects, now) = all_projects(self.client, &self.call.part()).await?;
        let found: Vec<_> = stream::iter(projects)
            .map(|project| async {
                let (group_id, name) = project.into_id_and_name();
                let clusters = match check_listed(&group_id) {
                    Ok(()) => self.clusters(&group_id).await,
                    Err(error) => Err(error),
                };
                Ok::<_, Error>(match bubble_global_error(clusters)? {
                    Ok((clusters, _)) => cluster_refs(&group_id, name.as_deref(), clusters),
                    Err(error) => cluster_refs(&group_id, name.as_deref(), [Err(error)]),
                })
            })
            .buffer_unordered(CONCURRENCY)
            .try_collect()
            .await?;
        Ok((found.into_iter().flatten().collect(), now))
    }

    /// The clusters of a project, an error for flex ones that cannot be listed, and the server's clock.
    async fn clusters(
        &self,
        group_id: &str,
    ) -> Result<(Vec<Result<Found, Error>>, Option<Instant>), Error> {
        let (call, flex_call) = (self.call.part(), self.call.part());
        let (listed, flex) = join(
            all_clusters(self.client, group_id, &call),
            all_flex_clusters(self.client, group_id, &flex_call),
        )
        .await;
        let (clusters, now) = listed?;
        let flex = bubble_global_error(flex.map_err(Error::from))?;
        let flex = flex.map(|flex| only_flex(&clusters, flex));
        let mut found: Vec<_> =
            clusters.into_iter().map(|cluster| Ok(Found { cluster, is_flex: false })).collect();
        match flex {
            Ok(flex) => {
                found.extend(flex.into_iter().map(|cluster| Ok(Found { cluster, is_flex: true })));
            }
            Err(error) => found.push(Err(error)),
        }
        Ok((found, now))
    }

    /// Reads the snapshots of every cluster.
    async fn visit(&self, refs: Vec<ClusterRef>, now: Instant) -> Result<Coverage, Error> {
        let back = |time: Duration| now.checked_sub(time).unwrap_or(Instant::MIN);
        let length = DAY * self.days;
        let second = back(length + LONGEST_SNAPSHOT).as_second();
        let until = now.checked_add(MAX_CLOCK_SKEW).unwrap_or(Instant::MAX);
        let window = Window { since: back(length).into(), now: now.into(), until: until.into() };
        let mut clusters: Vec<_> = stream::iter(refs)
            .map(|ClusterRef { group_id, project_name, cluster }| async move {
                let (cluster, backups) = match cluster {
                    Ok(found) => {
                        let listing = self.listing(&group_id, &found, second, window.now).await;
                        let listing = bubble_global_error(listing)?;
                        (Some(found.cluster), listing.map(|listing| Backups::of(&listing, &window)))
                    }
                    Err(error) => (None, Err(error)),
                };
                Ok::<_, Error>(ClusterCoverage { group_id, project_name, cluster, backups })
            })
            .buffer_unordered(CONCURRENCY)
            .try_collect()
            .await?;
        clusters.sort_by(|a, b| a.rank(&window).cmp(&b.rank(&window)));
        Ok(Coverage { taken_at: window.now, clusters })
    }

    async fn listing(
        &self,
        group_id: &str,
        found: &Found,
        second: i64,
        now: Timestamp,
    ) -> Result<Listing, Error> {
        let list = if found.is_flex { "flexClusters" } else { "clusters" };
        let address = ClusterAddress::new(group_id, &found.cluster.name).map_err(|error| {
            invalid_in_list(format!("/api/atlas/v2/groups/{group_id}/{list}"), "cluster", &error)
        })?;
        let call = self.call.part();
        if found.is_flex {
            return Ok(flex_listing(self.client, &address, &call).await?);
        }
        let is_sharded = !found.cluster.is_replica_set();
        match listing_since(self.client, &address, second, now, is_sharded, &call).await {
            Err(failure) if failure.is_flex_cluster() => {
                Ok(flex_listing_after(failure, self.client, &address, &call).await?)
            }
            listing => Ok(listing?),
        }
    }
}

fn check_listed(group_id: &str) -> Result<(), Error> {
    arguments::group_id(group_id)
        .map(drop)
        .map_err(|error| invalid_in_list("/api/atlas/v2/groups".to_owned(), "project", &error))
}

/// What is wrong is no argument of the caller's, but stands in the list.
fn invalid_in_list(path: String, what: &str, error: &Error) -> Error {
    let line = RequestLine { method: http::Method::GET, path: path.into() };
    Error::InvalidResponse(Failure::new(&line, format!("a {what} in it: {error}")))
}

fn cluster_refs(
    group_id: &str,
    project_name: Option<&str>,
    clusters: impl IntoIterator<Item = Result<Found, Error>>,
) -> Vec<ClusterRef> {
    let cluster_ref = |cluster| ClusterRef {
        group_id: group_id.to_owned(),
        project_name: project_name.map(ToOwned::to_owned),
        cluster,
    };
    clusters.into_iter().map(cluster_ref).collect()
}

/// An error that would be that of every other question too ends the whole.
fn bubble_global_error<T>(result: Result<T, Error>) -> Result<Result<T, Error>, Error> {
    match result {
        Err(Error::ClientClosed) => Err(Error::ClientClosed),
        Err(Error::Api(api))
            if api.status == 401
                && !is_about_role(api.error_code.as_deref().unwrap_or_default()) =>
        {
            Err(Error::Api(api))
        }
        result => Ok(result),
    }
}

impl Backups {
    fn of(listing: &Listing, window: &Window) -> Self {
        let top_level = listing.top_level();
        let good = |it: &&Snapshot| it.is_completed() && !it.has_expired(window.now);
        let completed = || top_level.iter().copied().filter(good);
        let newest = completed().max_by_key(|it| (it.created_at(), &it.id));
        let is_later = |it: &Snapshot| newest.is_none_or(|newest| it.id > newest.id);
        let failed = top_level.iter().copied().find(|it| it.has_failed() && is_later(it));
        let times = |on_demand: bool| {
            let these = completed().filter(|it| it.is_on_demand() == on_demand);
            let mut times: Vec<_> =
                these.filter_map(Snapshot::created_at).filter(|it| window.holds(*it)).collect();
            times.sort_unstable_by(|a, b| b.cmp(a));
            times
        };
        Self {
            newest: newest.cloned(),
            running: top_level.iter().copied().filter(|it| it.is_running()).cloned().collect(),
            failed: failed.cloned(),
            on_demand_times: times(true),
            scheduled_times: times(false),
        }
    }
}

impl Window {
    fn holds(&self, time: Timestamp) -> bool {
        (self.since..=self.until).contains(&time)
    }
}

impl ClusterCoverage {
    /// What is not known, then what has nothing, then data of an unknown age, then the oldest.
    fn rank(&self, window: &Window) -> (u8, Option<Timestamp>, Option<&str>, &str, Option<&str>) {
        let (rank, time) = match &self.backups {
            Err(_) => (0, None),
            Ok(Backups { newest: None, .. }) => (1, None),
            Ok(Backups { newest: Some(newest), .. }) => {
                (2, newest.created_at().filter(|time| *time <= window.until))
            }
        };
        let cluster = self.cluster.as_ref().map(|cluster| cluster.name.as_str());
        (rank, time, self.project_name.as_deref(), &self.group_id, cluster)
    }
}
