//! Which errors end a coverage, and which are entries of it.

use super::*;

#[tokio::test]
async fn a_refusal_is_an_entry_unless_it_is_of_the_credentials() {
    for (status, code, is_entry) in [
        (403, "ACCESS_FORBIDDEN", true),
        (403, "IP_ADDRESS_NOT_ON_ACCESS_LIST", true),
        (401, "NOT_IN_GROUP", true),
        (404, "CLUSTER_NOT_FOUND", true),
        (400, "CANNOT_USE_FLEX_CLUSTER_IN_CLUSTER_API", true),
        (401, "UNEXPECTED_ERROR", false),
    ] {
        let clusters = ["A".to_owned(), "B".to_owned()];
        let server = project(&clusters, move |request| {
            if request.path().contains("/A/") { rejection(status, code) } else { listed(&[]) }
        })
        .await;

        let result = Client::new(&server.url()).coverage(Some(GROUP)).await;

        if is_entry {
            let [first, second] = &result.unwrap().clusters[..] else { panic!("{code}") };
            let error = api(first.backups.as_ref().map_err(Error::clone));
            assert_eq!((error.status, error.effort.attempts), (status, 1), "{code}");
            assert!(second.backups.is_ok(), "{code}");
        } else {
            assert_eq!(api(result).status, status, "{code}");
        }
    }
}

#[tokio::test]
async fn a_project_that_is_refused_is_an_entry_among_the_others() {
    let server = Server::start(|request| match request.path() {
        path if path.ends_with("/groups") => {
            listed(&[json!({"id": GROUP, "name": "One"}), json!({"id": OTHER, "name": "Other"})])
        }
        path if path.contains(OTHER) => rejection(403, "ACCESS_FORBIDDEN"),
        path if path.ends_with("/clusters") => listed(&[json!({"name": "A"})]),
        path if path.ends_with("/shardedClusters") => not_sharded(),
        _ => listed(&[]),
    })
    .await;

    let coverage = Client::new(&server.url()).coverage(None).await.unwrap();

    let [first, second] = &coverage.clusters[..] else { panic!("{coverage:?}") };
    assert_eq!((first.group_id.as_str(), first.cluster.is_none()), (OTHER, true));
    assert_eq!(api(first.backups.as_ref().map_err(Error::clone)).kind, ApiKind::Forbidden);
    assert_eq!(second.project_name.as_deref(), Some("One"));
    assert!(second.backups.as_ref().is_ok_and(|backups| backups.newest.is_none()));
}

#[tokio::test]
async fn what_cannot_be_asked_for_is_an_entry_among_the_others() {
    let server = Server::start(|request| match request.path() {
        path if path.ends_with("/groups") => listed(&[
            json!({"id": "../x", "name": "Odd"}),
            json!({"name": "None"}),
            json!({"id": GROUP}),
        ]),
        path if path.ends_with("/clusters") => {
            listed(&[json!({"id": "1"}), json!({"name": "A"}), json!({"name": null})])
        }
        _ => listed(&[]),
    })
    .await;

    let coverage = Client::new(&server.url()).coverage(None).await.unwrap();

    let of = |it: &ClusterCoverage| {
        let name = it.cluster.as_ref().map(|cluster| cluster.name.clone());
        let is_odd = matches!(it.backups, Err(Error::InvalidResponse(_)));
        assert_eq!(is_odd, it.backups.is_err());
        (it.group_id.clone(), name, is_odd)
    };
    let found: Vec<_> = coverage.clusters.iter().map(of).collect();
    let entry =
        |id: &str, name: Option<&str>, is_odd| (id.to_owned(), name.map(Into::into), is_odd);
    assert_eq!(
        found,
        [
            entry(GROUP, Some(""), true),
            entry(GROUP, Some(""), true),
            entry("", None, true),
            entry("../x", None, true),
            entry(GROUP, Some("A"), false),
        ]
    );
    assert!(!server.requests().iter().any(|request| request.path().contains("/x")));
}

#[tokio::test]
async fn what_was_asked_for_by_name_and_the_list_of_projects_are_no_entries() {
    for group in [None, Some(GROUP)] {
        let server = Server::start(|_| rejection(403, "ACCESS_FORBIDDEN")).await;
        assert_eq!(api(Client::new(&server.url()).coverage(group).await).status, 403);
        assert_eq!(server.requests().len(), if group.is_some() { 2 } else { 1 });
    }
}

#[tokio::test]
async fn silence_leaves_entries_when_the_time_is_over() {
    let all: Vec<String> = (0..20).map(|number| format!("C{number:02}")).collect();
    let server = project(&all, |_| vec![Step::Pause(Duration::from_secs(60))]).await;
    let client = Client::with(&server.url(), &token(), &Budget { total: 1.0, ..BUDGET });

    let coverage = client.coverage(Some(GROUP)).await.unwrap();

    assert_eq!(names(&coverage), all);
    for entry in &coverage.clusters {
        assert!(matches!(entry.backups, Err(Error::Timeout(_))), "{entry:?}");
    }
}

#[tokio::test]
async fn nothing_is_asked_for_any_more_once_it_is_dropped() {
    let all: Vec<String> = (0..40).map(|number| format!("C{number}")).collect();
    let server = project(&all, |_| vec![Step::Pause(Duration::from_millis(100))]).await;
    let client = Client::new(&server.url());
    let task = tokio::spawn(async move { client.coverage(Some(GROUP)).await });
    while server.requests().len() < 3 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }

    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());

    // What was written already may still arrive.
    tokio::time::sleep(Duration::from_millis(200)).await;
    let requests = server.requests().len();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(server.requests().len(), requests);
    assert!(requests <= 18, "{requests}");
}
