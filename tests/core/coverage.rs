//! The backups of many clusters: how much is asked at a time and how far back, and what ends it.

mod errors;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use atlas_backups::error::{ApiKind, Error};
use atlas_backups::model::{Snapshot, Timestamp};
use atlas_backups::operations::{Backups, ClusterCoverage, Coverage, backup_coverage};
use serde_json::{Value, json};

use crate::client::{BUDGET, Budget, Client, GROUP, api, seen, token};
use crate::life::{
    Ask, id_of_age, listed, made, not_sharded, page, page_of, rejection, sharded, status,
};
use crate::server::{Received, Server, Step, json_with};

const DAY: i64 = 86_400;
const OTHER: &str = "6500000000000000000000ab";

impl Client {
    async fn coverage(&self, group: Option<&str>) -> Result<Coverage, Error> {
        backup_coverage(&self.atlas, group, 30, &self.call()).await
    }

    /// What the one cluster of the project has.
    async fn backups(&self) -> Backups {
        let mut clusters = self.coverage(Some(GROUP)).await.unwrap().clusters;
        assert_eq!(clusters.len(), 1);
        clusters.pop().unwrap().backups.unwrap()
    }
}

/// A server of a project with these clusters, whose handler gets the other requests.
async fn project(
    names: &[String],
    answers: impl Fn(&Received) -> Vec<Step> + Send + Sync + 'static,
) -> Server {
    let clusters: Vec<Value> = names.iter().map(|name| json!({"name": name})).collect();
    Server::start(move |request| match request.path() {
        path if path.ends_with("/clusters") => listed(&clusters),
        path if path.ends_with("/flexClusters") => listed(&[]),
        _ => answers(request),
    })
    .await
}

/// The same of one cluster with this list, and what the sharded list says.
async fn cluster_with(items: Vec<Value>, sharded: Vec<Value>) -> Server {
    project(&["A".to_owned()], move |request| match Ask::of(request) {
        Ask::List(number) => {
            let page_items = items.chunks(500).nth(number - 1).unwrap_or_default();
            page(page_items, &json!(items.len()))
        }
        _ => listed(&sharded),
    })
    .await
}

fn completed(age: i64, number: u64) -> Value {
    aged(age, number, "completed")
}

fn aged(age: i64, number: u64, status: &str) -> Value {
    let created = jiff::Timestamp::now() - jiff::SignedDuration::from_secs(age);
    let mut snapshot = made(&id_of_age(age, number), status, "d");
    if status == "completed" {
        snapshot["createdAt"] = json!(created.to_string());
    }
    snapshot
}

/// Whether a time is that second, or that of a slow machine's test.
fn is_about(time: Timestamp, second: i64) -> bool {
    let at = |second| Timestamp::from(jiff::Timestamp::from_second(second).unwrap());
    (at(second)..at(second + 60)).contains(&time)
}

fn names(coverage: &Coverage) -> Vec<String> {
    let name = |it: &ClusterCoverage| it.cluster.as_ref().map(|cluster| cluster.name.clone());
    coverage.clusters.iter().filter_map(name).collect()
}

fn pages(server: &Server) -> Vec<usize> {
    let lists = |it: &Received| it.path().ends_with("/backup/snapshots").then(|| page_of(it));
    server.requests().iter().filter_map(lists).collect()
}

#[tokio::test]
async fn the_sharded_list_of_a_replica_set_is_not_read() {
    for (cluster_type, sharded_lists) in [("REPLICASET", 0), ("SHARDED", 1), ("A_NEW_ONE", 1)] {
        let server = Server::start(move |request| match request.path() {
            path if path.ends_with("/clusters") => {
                listed(&[json!({"name": "A", "clusterType": cluster_type})])
            }
            path if path.ends_with("/shardedClusters") => not_sharded(),
            _ => listed(&[]),
        })
        .await;

        let coverage = Client::new(&server.url()).coverage(Some(GROUP)).await.unwrap();

        assert_eq!(names(&coverage), ["A"]);
        assert_eq!(server.asked(Ask::ShardedList), sharded_lists, "{cluster_type}");
    }
}

#[tokio::test]
async fn no_more_than_64_clusters_are_read_at_a_time() {
    let all: Vec<String> = (0..100).map(|number| format!("C{number:02}")).collect();
    let lists = AtomicUsize::new(0);
    let server = project(&all, move |request| {
        if request.path().ends_with("/shardedClusters") {
            return not_sharded();
        }
        let is_early = lists.fetch_add(1, Ordering::SeqCst) < 64;
        let pause = Step::Pause(Duration::from_secs(if is_early { 2 } else { 0 }));
        [vec![pause], listed(&[])].concat()
    })
    .await;
    let budget = Budget { attempt: 10.0, total: 20.0, ..BUDGET };
    let client = Client::with(&server.url(), &token(), &budget);
    let task = tokio::spawn(async move { client.coverage(Some(GROUP)).await });

    while pages(&server).len() < 64 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    let at_once = pages(&server).len();

    assert_eq!(names(&task.await.unwrap().unwrap()), all);
    assert_eq!(at_once, 64);
}

#[tokio::test]
async fn of_a_list_that_is_newest_first_only_the_start_is_read() {
    let items: Vec<Value> = (0..1700).map(|age| completed(age * 3600, 0)).collect();
    let server = cluster_with(items, vec![]).await;

    let backups = Client::new(&server.url()).backups().await;

    assert_eq!(pages(&server), [1, 2]);
    // The last one may have slipped out of the 30 days since it was made.
    assert!((720..=721).contains(&backups.on_demand_times.len()));
    assert!(backups.on_demand_times.is_sorted_by(|a, b| a >= b));
}

#[tokio::test]
async fn a_list_in_another_order_is_read_to_its_end() {
    let items: Vec<Value> = (0..1700).rev().map(|age| completed(age * 3600, 0)).collect();
    let newest = items.last().unwrap()["id"].clone();
    let server = cluster_with(items, vec![]).await;

    let backups = Client::new(&server.url()).backups().await;

    assert_eq!(pages(&server), [1, 2, 3, 4]);
    assert_eq!(seen(&backups.newest.unwrap())["id"], newest);
}

#[tokio::test]
async fn it_is_read_on_until_a_completed_one_is_found() {
    let failed = (0..1200).map(|age| aged((40 + age) * DAY, 0, "failed"));
    let items = failed.chain([completed(2000 * DAY, 0)]).collect();
    let server = cluster_with(items, vec![]).await;

    let backups = Client::new(&server.url()).backups().await;

    assert_eq!(pages(&server), [1, 2, 3]);
    assert!(backups.newest.is_some());
    assert_eq!(status(&backups.failed.unwrap()), "failed");
    assert!(backups.on_demand_times.is_empty());
}

#[tokio::test]
async fn what_has_expired_is_no_backup() {
    let expiring = |age: i64, number, left: i64| {
        let end = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(left);
        let mut snapshot = completed(age, number);
        snapshot["expiresAt"] = json!(end.to_string());
        snapshot
    };
    let expired = (0..500).map(|number| expiring(40 * DAY, number, -60));
    let good = expiring(50 * DAY, 1, 60);
    let items = [expiring(3600, 0, -60)].into_iter().chain(expired).chain([good.clone()]);
    let server = cluster_with(items.collect(), vec![]).await;

    let backups = Client::new(&server.url()).backups().await;

    assert_eq!(seen(&backups.newest.unwrap())["id"], good["id"]);
    assert!(backups.on_demand_times.is_empty());
}

#[tokio::test]
async fn only_what_atlas_is_at_work_on_is_running() {
    let statuses = ["inProgress", "copying", "queued", "deleted", "failed"];
    let mut items: Vec<Value> =
        (1..).zip(statuses).map(|(age, status)| aged(age * 60, 0, status)).collect();
    items[3].as_object_mut().unwrap().remove("status");
    let server = cluster_with(items, vec![]).await;

    let backups = Client::new(&server.url()).backups().await;

    let running: Vec<String> = backups.running.iter().map(status).collect();
    assert_eq!(running, ["inProgress", "queued"]);
    assert_eq!(backups.failed.as_ref().map(status).as_deref(), Some("failed"));
}

#[tokio::test]
async fn data_from_the_future_has_no_time_and_stands_before_the_oldest() {
    let ages = [("Old", 40 * DAY), ("Soon", -300), ("Future", -900)];
    let all: Vec<String> = ages.iter().map(|(name, _)| (*name).to_owned()).collect();
    let server = project(&all, move |request| {
        let age = ages.iter().find(|(name, _)| request.path().contains(&format!("/{name}/")));
        match Ask::of(request) {
            Ask::List(_) => listed(&[completed(age.unwrap().1, 0)]),
            _ => listed(&[]),
        }
    })
    .await;

    let coverage = Client::new(&server.url()).coverage(Some(GROUP)).await.unwrap();

    assert_eq!(names(&coverage), ["Future", "Old", "Soon"]);
    let times = |it: &ClusterCoverage| it.backups.as_ref().unwrap().on_demand_times.len();
    assert_eq!(coverage.clusters.iter().map(times).collect::<Vec<_>>(), [0, 0, 1]);
}

#[tokio::test]
async fn the_newest_is_that_with_the_newest_data() {
    // Asked for first, cut last.
    let mut late = completed(3600, 0);
    late["id"] = json!(id_of_age(7200, 1));
    let mut without = completed(60, 2);
    without.as_object_mut().unwrap().remove("createdAt");
    let server = cluster_with(vec![without, completed(7000, 3), late.clone()], vec![]).await;

    let backups = Client::new(&server.url()).backups().await;

    assert_eq!(seen(&backups.newest.unwrap())["id"], late["id"]);
    assert_eq!(backups.on_demand_times.len(), 2);
}

#[tokio::test]
async fn parts_of_an_unfinished_sharded_one_are_no_backups() {
    let (whole, part) = (id_of_age(100, 1), id_of_age(100, 2));
    let mut unfinished = sharded(&whole, &part, "inProgress", "d");
    // Its parts are listed and done, but it does not name them yet.
    unfinished["members"] = json!([]);
    unfinished["snapshotIds"] = json!([]);
    let before = completed(9 * DAY, 3);
    let items = vec![made(&part, "completed", "d"), before.clone()];
    let server = cluster_with(items, vec![unfinished]).await;

    let backups = Client::new(&server.url()).backups().await;

    let running: Vec<&str> = backups.running.iter().map(|it: &Snapshot| it.id.as_str()).collect();
    assert_eq!(running, [whole]);
    // It was taken when the cluster was not sharded yet.
    assert_eq!(seen(&backups.newest.unwrap())["id"], before["id"]);
}

#[tokio::test]
async fn ages_are_counted_on_the_servers_clock_unless_it_is_far_behind() {
    for (ahead, difference) in [(0, 0), (86_400, 86_400), (-300, -300), (-900, 0), (-86_400, 0)] {
        let clusters = json!({"results": [], "totalCount": 0}).to_string();
        let own = jiff::Timestamp::now().as_second();
        let date = jiff::Timestamp::from_second(own + ahead).unwrap();
        let header = format!("Date: {}\r\n", date.strftime("%a, %d %b %Y %H:%M:%S GMT"));
        let server = Server::start(move |_| json_with(200, &header, &clusters)).await;

        let coverage = Client::new(&server.url()).coverage(Some(GROUP)).await.unwrap();

        assert!(is_about(coverage.taken_at, own + difference), "{ahead}");
    }
}

#[tokio::test]
async fn without_a_date_ages_are_counted_on_this_clock() {
    let clusters = json!({"results": [], "totalCount": 0}).to_string();
    let server = Server::start(move |_| json_with(200, "", &clusters)).await;
    let own = jiff::Timestamp::now().as_second();

    let coverage = Client::new(&server.url()).coverage(Some(GROUP)).await.unwrap();

    assert!(is_about(coverage.taken_at, own));
}

#[tokio::test]
async fn clusters_that_share_an_id_are_two_and_so_are_those_that_share_a_name_in_two_projects() {
    let server = Server::start(|request| match request.path() {
        "/api/atlas/v2/groups" => {
            listed(&[json!({"id": GROUP, "name": "P"}), json!({"id": OTHER, "name": "P"})])
        }
        path if path.ends_with("/clusters") => listed(&[
            json!({"id": OTHER, "name": "A"}),
            json!({"id": OTHER, "name": "B"}),
            json!({"id": OTHER, "name": ""}),
            json!({"id": GROUP, "name": ""}),
        ]),
        _ => listed(&[]),
    })
    .await;

    let coverage = Client::new(&server.url()).coverage(None).await.unwrap();

    let mut found: Vec<_> =
        coverage.clusters.iter().map(|it| it.group_id.clone()).zip(names(&coverage)).collect();
    found.sort();
    let each = |group: &str| ["", "", "A", "B"].map(|name| (group.to_owned(), name.to_owned()));
    assert_eq!(found, [each(GROUP), each(OTHER)].concat());
}
