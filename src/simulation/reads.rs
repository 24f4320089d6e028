//! What lists and single reads show of the cluster: late, page by page, from one endpoint or the other.

use std::time::Duration;

use serde_json::{Value, json};

use crate::http::client::mock_transport::MockResponse;
use crate::operations::idempotency::Tag;
use crate::simulation::bodies;
use crate::simulation::case::{NotSharded, Shape};
use crate::simulation::cluster::{Cluster, Held, Moment, Status};
use crate::simulation::journal::{Observed, Shown};

impl Cluster {
    /// Responds to a GET of the snapshots' paths, for someone who sees the lists with that lag.
    pub(crate) fn read(&self, uri: &str, now: Moment, lag: Duration) -> (MockResponse, Observed) {
        let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
        let (_, below) = path.split_once("/backup/snapshots").unwrap();
        match below.trim_start_matches('/').split_once('/') {
            None if below.is_empty() => self.plain_list(query, now, lag),
            None if below == "/shardedClusters" => self.sharded_list(now, lag),
            None => self.plain_one(below.trim_start_matches('/'), now),
            Some((_, id)) => self.sharded_one(id, now),
        }
    }

    fn plain_list(&self, query: &str, now: Moment, lag: Duration) -> (MockResponse, Observed) {
        let then = self.status_time(now, lag);
        let mut rows: Vec<(Value, Option<Shown>)> = Vec::new();
        for held in self.listed(now, lag) {
            match self.service.shape {
                Shape::ReplicaSet { .. } => {
                    rows.push((bodies::whole(held, then), Some(shown(held, then))));
                }
                Shape::Sharded { in_plain, parts_listed, .. } => {
                    if in_plain {
                        rows.push((self.whole(held, then), Some(shown(held, then))));
                    }
                    if parts_listed {
                        rows.extend(
                            (0..held.parts.len()).map(|i| (bodies::part(held, i, then), None)),
                        );
                    }
                }
            }
        }
        if self.service.newest_first {
            rows.reverse();
        }
        let number = url::form_urlencoded::parse(query.as_bytes())
            .find(|(name, _)| name == "pageNum")
            .map_or(1, |(_, value)| value.parse::<usize>().unwrap());
        let total = rows.len();
        let page = rows.into_iter().skip((number - 1) * self.service.page).take(self.service.page);
        let (results, shown): (Vec<_>, Vec<_>) = page.unzip();
        let body = json!({"links": [], "results": results, "totalCount": total});
        let shown = shown.into_iter().flatten().collect();
        (bodies::good(self, now, &body), Observed::Page { number, shown })
    }

    fn sharded_list(&self, now: Moment, lag: Duration) -> (MockResponse, Observed) {
        let then = self.status_time(now, lag);
        let end = |status, code| {
            let said = bodies::error(self, now, status, code);
            (said, Observed::ShardedList(Vec::new()))
        };
        let rows: Vec<&Held> = match self.service.shape {
            Shape::ReplicaSet { sharded_list: NotSharded::BadRequest } => {
                return end(400, "CLUSTER_NOT_SHARDED");
            }
            Shape::ReplicaSet { sharded_list: NotSharded::NotFound } => {
                return end(404, "RESOURCE_NOT_FOUND");
            }
            Shape::ReplicaSet { sharded_list: NotSharded::Empty } => Vec::new(),
            Shape::Sharded { later, .. } => {
                self.listed(now, lag + Duration::from_secs(later)).collect()
            }
        };
        let results: Vec<_> = rows.iter().map(|held| self.whole(held, then)).collect();
        let body = json!({"links": [], "results": results, "totalCount": results.len()});
        let shown = rows.iter().map(|held| shown(held, then)).collect();
        (bodies::good(self, now, &body), Observed::ShardedList(shown))
    }

    fn plain_one(&self, id: &str, now: Moment) -> (MockResponse, Observed) {
        let found = self.found(id, now).filter(|_| match self.service.shape {
            Shape::ReplicaSet { .. } => true,
            Shape::Sharded { in_plain, .. } => in_plain,
        });
        self.one(found, now)
    }

    fn sharded_one(&self, id: &str, now: Moment) -> (MockResponse, Observed) {
        let is_sharded = matches!(self.service.shape, Shape::Sharded { .. });
        self.one(self.found(id, now).filter(|_| is_sharded), now)
    }

    fn one(&self, found: Option<&Held>, now: Moment) -> (MockResponse, Observed) {
        let Some(held) = found else {
            return (bodies::error(self, now, 404, "SNAPSHOT_NOT_FOUND"), Observed::Nothing);
        };
        (bodies::good(self, now, &self.whole(held, now)), Observed::One(held.id.clone()))
    }

    fn found(&self, id: &str, now: Moment) -> Option<&Held> {
        let lag = Duration::from_secs(self.service.get_lag);
        self.find(id).filter(|held| held.age(now) >= lag)
    }

    fn listed(&self, now: Moment, lag: Duration) -> impl Iterator<Item = &Held> {
        self.snapshots.iter().filter(move |held| held.age(now) >= lag)
    }

    fn status_time(&self, now: Moment, lag: Duration) -> Moment {
        if self.service.stale { now.saturating_sub(lag) } else { now }
    }

    /// The whole as far as it names its parts.
    pub(crate) fn whole(&self, held: &Held, then: Moment) -> Value {
        match self.service.shape {
            Shape::ReplicaSet { .. } => bodies::whole(held, then),
            Shape::Sharded { named_late: true, .. } if held.status(then) != Status::Completed => {
                bodies::whole(held, then)
            }
            Shape::Sharded { .. } => bodies::whole_with_parts(held, then),
        }
    }
}

fn shown(held: &Held, then: Moment) -> Shown {
    let has_failed = held.status(then) == Status::Failed;
    let tag = Tag::read(held.shown.as_deref().unwrap_or_default());
    Shown { id: held.id.clone(), tag, has_failed }
}
