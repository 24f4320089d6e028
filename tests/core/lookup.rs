//! Finding a cluster by its connection string among several projects.

use atlas_backups::error::{ApiKind, Error};
use atlas_backups::model::Cluster;
use atlas_backups::operations::find_cluster;
use serde_json::{Value, json};

use crate::client::{Client, GROUP, api};
use crate::life::{listed, rejection};
use crate::server::{Server, Step};

const OTHER: &str = "6500000000000000000000ab";
const URI: &str = "mongodb+srv://user:secret@c0.example.net/db";

fn clusters() -> Vec<Value> {
    let at = |host: &str| json!({"standardSrv": format!("mongodb+srv://{host}.example.net")});
    vec![
        json!({"name": "A", "connectionStrings": at("c1")}),
        json!({"name": "B", "connectionStrings": {"privateEndpoint": [at("c0")]}}),
        json!({"name": "C"}),
    ]
}

/// Two projects; the second one has these clusters.
async fn projects(of_other: Vec<Step>) -> Server {
    Server::start(move |request| match request.path() {
        path if path.ends_with("/groups") => listed(&[json!({"id": GROUP}), json!({"id": OTHER})]),
        path if path.ends_with("/flexClusters") => listed(&[]),
        path if path.contains(OTHER) => of_other.clone(),
        _ => listed(&clusters()),
    })
    .await
}

async fn find(server: &Server, uri: &str) -> Result<Cluster, Error> {
    let client = Client::new(&server.url());
    find_cluster(&client.atlas, uri, None, &client.call()).await
}

#[tokio::test]
async fn a_project_that_cannot_be_read_hides_no_match_in_another_one() {
    let server = projects(rejection(403, "ACCESS_FORBIDDEN")).await;

    assert_eq!(find(&server, URI).await.unwrap().name, "B");

    // Without a match it is not known whether there is one.
    let other = "mongodb+srv://c9.example.net";
    assert_eq!(api(find(&server, other).await).kind, ApiKind::Forbidden);
}

#[tokio::test]
async fn several_matches_are_listed_and_no_match_is_not_found() {
    let server = projects(listed(&clusters())).await;

    let error = find(&server, URI).await.unwrap_err();
    let Error::InvalidArgument(message) = &error else { panic!("{error:?}") };
    assert!(message.contains(&format!("{GROUP}/B")), "{message}");
    assert!(message.contains(&format!("{OTHER}/B")), "{message}");

    let error = find(&server, "mongodb://user:secret@c9.example.net").await.unwrap_err();
    assert!(matches!(error, Error::NameNotFound(ApiKind::ClusterNotFound, _)), "{error:?}");
    assert!(!error.to_string().contains("secret"), "{error}");
}
