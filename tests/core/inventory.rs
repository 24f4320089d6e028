//! Projects and clusters: where they are asked for, and what is made of the answers.

use atlas_backups::error::Error;
use atlas_backups::model::{Cluster, Project};
use atlas_backups::operations::{list_clusters, list_projects};
use serde_json::{Value, json};

use crate::client::{Client, GROUP, api};
use crate::life::{page, page_of, rejection};
use crate::server::{Server, json as json_answer};

impl Client {
    async fn projects(&self) -> Result<Vec<Project>, Error> {
        list_projects(&self.atlas, &self.call()).await
    }

    async fn clusters(&self) -> Result<Vec<Cluster>, Error> {
        list_clusters(&self.atlas, GROUP, &self.call()).await
    }
}

fn project(number: usize) -> Value {
    json!({"id": format!("{number:024x}"), "name": format!("P{number}"), "clusterCount": 1})
}

#[tokio::test]
async fn projects_are_read_page_by_page_in_the_servers_order() {
    let server = Server::start(|request| {
        let number = page_of(request);
        let projects: Vec<Value> = (0..501).map(project).collect();
        page(projects.chunks(500).nth(number - 1).unwrap_or_default(), &json!(501))
    })
    .await;

    let projects = Client::new(&server.url()).projects().await.unwrap();

    let names: Vec<Value> =
        projects.iter().map(|it| serde_json::to_value(it).unwrap()["name"].clone()).collect();
    assert_eq!(names, (0..501).map(|number| json!(format!("P{number}"))).collect::<Vec<_>>());
    assert_eq!(server.count("/api/atlas/v2/groups"), 2);
}

#[tokio::test]
async fn clusters_are_those_of_their_project() {
    let server = Server::start(|_| {
        page(
            &[
                json!({"name": "Cluster0", "id": "6600000000000000000000c0", "paused": false,
                       "backupEnabled": true, "tomorrow": 1}),
                json!({"name": "NoId"}),
            ],
            &json!(2),
        )
    })
    .await;

    let clusters = Client::new(&server.url()).clusters().await.unwrap();

    assert_eq!(server.count(&format!("/groups/{GROUP}/clusters")), 1);
    let seen = serde_json::to_value(&clusters).unwrap();
    assert_eq!(seen[0]["extra"], json!({"tomorrow": 1}));
    assert_eq!((&seen[1]["name"], &seen[1]["group_id"]), (&json!("NoId"), &json!(GROUP)));
}

#[tokio::test]
async fn clusters_without_ids_come_once_however_often_the_list_is_walked() {
    let items = [json!({"name": "A"}), json!({"name": "B"})];
    let server = Server::start(move |_| page(&items, &json!(9))).await;

    let clusters = Client::new(&server.url()).clusters().await.unwrap();

    assert_eq!(clusters.iter().map(|it| it.name.as_str()).collect::<Vec<_>>(), ["A", "B"]);
}

#[tokio::test]
async fn a_project_without_an_id_and_a_cluster_without_a_name_spoil_the_list() {
    for entry in [json!({"id": "short"}), json!({"id": null}), json!({})] {
        let server = Server::start(move |_| page(&[project(1), entry.clone()], &json!(2))).await;
        let client = Client::new(&server.url());
        let (one, other) = (client.projects().await, client.clusters().await);
        assert!(matches!(one, Err(Error::InvalidResponse(_))), "{one:?}");
        assert!(matches!(other, Err(Error::InvalidResponse(_))), "{other:?}");
    }
}

#[tokio::test]
async fn refusals_are_errors_and_passing_ones_are_waited_for() {
    let server = Server::start(|_| rejection(403, "ACCESS_FORBIDDEN")).await;
    assert_eq!(api(Client::new(&server.url()).projects().await).status, 403);
    assert_eq!(server.requests().len(), 1);

    let server = Server::start(|request| match request.nth {
        0 => rejection(503, "SERVICE_UNAVAILABLE"),
        _ => json_answer(200, r#"{"results":[],"totalCount":0}"#),
    })
    .await;
    assert_eq!(Client::new(&server.url()).clusters().await.unwrap().len(), 0);
    assert_eq!(server.requests().len(), 2);
}
