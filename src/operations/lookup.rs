//! Finds a project by its id or name, and a cluster by its name or connection string.

use std::collections::HashSet;

use futures_util::{StreamExt, stream};
use serde_json::Value;

use crate::error::{ApiKind, Error, Failure, printable};
use crate::http::CallContext;
use crate::model::{Cluster, Project, is_object_id};
use crate::operations::arguments;
use crate::operations::client::AtlasClient;
use crate::operations::inventory::{
    PROJECTS, all_clusters, all_flex_clusters, all_projects, only_flex,
};
use crate::operations::pagination;
use crate::operations::request::{RequestError, send_idempotent};

/// Projects whose clusters are read at the same time.
const CONCURRENCY: usize = 16;
/// Names that a message lists.
const SHOWN_NAMES: usize = 5;
const LONGEST_NAME: usize = 64;
const DEFAULT_PORT: &str = "27017";

/// Finds a project by its id or its exact name.
///
/// # Errors
/// [`Error::NameNotFound`] with the nearest names; [`Error::InvalidArgument`] if several have the
/// name.
pub async fn get_project(
    client: &AtlasClient,
    project: &str,
    call: &CallContext,
) -> Result<Project, Error> {
    if let Some(id) = object_id(project) {
        return Ok(project_by_id(client, &id, call).await?);
    }
    check_name("project", project)?;
    let (projects, _) = all_projects(client, call).await?;
    let (found, others): (Vec<_>, Vec<_>) =
        projects.into_iter().partition(|it| it.name() == Some(project));
    let ids: Vec<&str> = found.iter().map(Project::id).collect();
    if let [_, _, ..] = ids[..] {
        let ids = ids.join(", ");
        return Err(Error::InvalidArgument(format!(
            "several projects are named {project:?}: {ids}"
        )));
    }
    found.into_iter().next().ok_or_else(|| {
        let names: Vec<&str> = others.iter().filter_map(Project::name).collect();
        let what = format!("no project is named {project:?}; {}", nearest(project, &names));
        not_found(client, ApiKind::ProjectNotFound, PROJECTS, what, call)
    })
}

/// Finds a cluster by its exact name in a project, or by its connection string in all projects that
/// the credentials see.
///
/// # Errors
/// [`Error::NameNotFound`] with the nearest names; [`Error::InvalidArgument`] if several match, or if
/// a name is given without a project.
pub async fn find_cluster(
    client: &AtlasClient,
    cluster: &str,
    project: Option<&str>,
    call: &CallContext,
) -> Result<Cluster, Error> {
    if let Some(hosts) = hosts_of(cluster)? {
        return cluster_by_hosts(client, &hosts, project, call).await;
    }
    check_name("cluster", cluster)?;
    let Some(project) = project else {
        return Err(Error::InvalidArgument(
            "project must be given, or MONGODB_ATLAS_PROJECT_ID set, to find a cluster by its name"
                .to_owned(),
        ));
    };
    let group_id = group_id_of(client, project, call).await?;
    let mut clusters = clusters_of(client, &group_id, call).await?;
    if let Some(index) = clusters.iter().position(|it| it.name == cluster) {
        return Ok(clusters.swap_remove(index));
    }
    let names: Vec<&str> = clusters.iter().map(|it| it.name.as_str()).collect();
    let nearest = nearest(cluster, &names);
    let what = format!("project {group_id} has no cluster named {cluster:?}; {nearest}");
    let path = format!("{PROJECTS}/{group_id}/clusters");
    Err(not_found(client, ApiKind::ClusterNotFound, &path, what, call))
}

/// The text as an id, in lower case, if it is one.
fn object_id(text: &str) -> Option<String> {
    let id = text.to_ascii_lowercase();
    is_object_id(&id).then_some(id)
}

async fn project_by_id(
    client: &AtlasClient,
    id: &str,
    call: &CallContext,
) -> Result<Project, RequestError> {
    let request = pagination::request(&format!("{PROJECTS}/{id}"), Vec::new());
    let response = send_idempotent(client, &request, call).await?;
    let invalid = |error: Error| RequestError::invalid(error.after(call.effort()));
    Project::read(response.fields().map_err(invalid)?)
        .map_err(|_| invalid(response.invalid("the project has no well-formed id")))
}

async fn group_id_of(
    client: &AtlasClient,
    project: &str,
    call: &CallContext,
) -> Result<String, Error> {
    match object_id(project) {
        Some(id) => Ok(id),
        None => Ok(get_project(client, project, call).await?.id().to_owned()),
    }
}

/// The clusters of a project, flex clusters included.
async fn clusters_of(
    client: &AtlasClient,
    group_id: &str,
    call: &CallContext,
) -> Result<Vec<Cluster>, RequestError> {
    let part = call.part();
    let ((mut clusters, _), flex) = tokio::try_join!(
        Box::pin(all_clusters(client, group_id, call)),
        Box::pin(all_flex_clusters(client, group_id, &part)),
    )?;
    let only_flex = only_flex(&clusters, flex);
    clusters.extend(only_flex);
    clusters.retain(|it| !it.name.is_empty());
    Ok(clusters)
}

/// A project that cannot be read hides no match in another one.
async fn cluster_by_hosts(
    client: &AtlasClient,
    hosts: &HashSet<String>,
    project: Option<&str>,
    call: &CallContext,
) -> Result<Cluster, Error> {
    let group_ids = if let Some(project) = project {
        vec![group_id_of(client, project, call).await?]
    } else {
        let (projects, _) = all_projects(client, call).await?;
        let ids = projects.iter().map(Project::id);
        ids.filter(|id| arguments::group_id(id).is_ok()).map(ToOwned::to_owned).collect()
    };
    let read: Vec<_> = stream::iter(group_ids)
        .map(|group_id| async move { clusters_of(client, &group_id, &call.part()).await })
        .buffer_unordered(CONCURRENCY)
        .collect()
        .await;
    let (mut found, mut failure) = (Vec::new(), None);
    for clusters in read {
        match clusters {
            Ok(clusters) => found.extend(clusters.into_iter().filter(|it| is_at(it, hosts))),
            Err(error) => failure = Some(error),
        }
    }
    if found.len() > 1 {
        let names: Vec<_> = found.iter().map(Cluster::full_name).collect();
        return Err(Error::InvalidArgument(format!(
            "{} clusters have this connection string: {}",
            names.len(),
            names.join(", ")
        )));
    }
    found.pop().ok_or_else(|| {
        let what = "no cluster that these credentials see has this connection string";
        failure.map_or_else(
            || not_found(client, ApiKind::ClusterNotFound, PROJECTS, what.to_owned(), call),
            Error::from,
        )
    })
}

/// Whether a text is a connection string, or is meant as one, and not a name.
#[must_use]
pub fn is_connection_string(text: &str) -> bool {
    text.contains("://")
}

/// The hosts of a connection string, in lower case and with their ports; `None`: it is a name.
///
/// No message shows any part of it: an unescaped password may be anywhere.
fn hosts_of(text: &str) -> Result<Option<HashSet<String>>, Error> {
    let lower = text.trim().to_ascii_lowercase();
    let (rest, is_srv) = if let Some(rest) = lower.strip_prefix("mongodb+srv://") {
        (rest, true)
    } else if let Some(rest) = lower.strip_prefix("mongodb://") {
        (rest, false)
    } else if is_connection_string(&lower) {
        return Err(unusable());
    } else {
        return Ok(None);
    };
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    // User name and password end with the last @.
    let (_, authority) = authority.rsplit_once('@').unwrap_or(("", authority));
    let hosts: HashSet<String> = authority
        .split(',')
        .map(|host| host.trim_end_matches('.'))
        .filter(|host| !host.is_empty())
        .map(|host| match (is_srv, host.contains(':')) {
            (true, _) | (false, true) => host.to_owned(),
            (false, false) => format!("{host}:{DEFAULT_PORT}"),
        })
        .collect();
    if hosts.is_empty() { Err(unusable()) } else { Ok(Some(hosts)) }
}

fn unusable() -> Error {
    let text =
        "cluster must be a name, or a mongodb:// or mongodb+srv:// connection string with a host";
    Error::InvalidArgument(text.to_owned())
}

/// Whether one of the cluster's connection strings names one of these hosts.
fn is_at(cluster: &Cluster, hosts: &HashSet<String>) -> bool {
    cluster.extra("connectionStrings").is_some_and(|strings| {
        any_text(strings, &|text| {
            hosts_of(text).ok().flatten().is_some_and(|own| !own.is_disjoint(hosts))
        })
    })
}

/// Whether a text anywhere in a value meets a condition.
fn any_text(value: &Value, condition: &dyn Fn(&str) -> bool) -> bool {
    match value {
        Value::String(text) => condition(text),
        Value::Array(items) => items.iter().any(|item| any_text(item, condition)),
        Value::Object(fields) => fields.values().any(|item| any_text(item, condition)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

fn check_name(what: &str, name: &str) -> Result<(), Error> {
    if name.trim().is_empty() || name.chars().any(char::is_control) {
        return Err(Error::InvalidArgument(format!(
            "{what} must be a name or an id, not {name:?}"
        )));
    }
    Ok(())
}

fn not_found(
    client: &AtlasClient,
    kind: ApiKind,
    path: &str,
    what: String,
    call: &CallContext,
) -> Error {
    let line = client.line(&pagination::request(path, Vec::new()));
    Error::NameNotFound(kind, Failure::new(&line, what)).after(call.effort())
}

/// The names that are the most like one, in words.
fn nearest(name: &str, names: &[&str]) -> String {
    let mut names: Vec<&str> = names.to_vec();
    names.sort_by_key(|other| (edit_distance(&name.to_lowercase(), &other.to_lowercase()), *other));
    names.truncate(SHOWN_NAMES);
    let quoted: Vec<String> =
        names.iter().map(|name| format!("{:?}", printable(name, LONGEST_NAME))).collect();
    match &quoted[..] {
        [] => "these credentials see none at all".to_owned(),
        [one] => format!("the only one is {one}"),
        several => format!("the nearest are {}", several.join(", ")),
    }
}

/// The Levenshtein distance: how many characters to insert, delete or replace.
fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().take(LONGEST_NAME).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().take(LONGEST_NAME).enumerate() {
        let mut next = vec![i + 1];
        for ((y, above), diagonal) in b.iter().zip(row.iter().skip(1)).zip(&row) {
            let left = next.last().copied().unwrap_or_default();
            next.push((left + 1).min(above + 1).min(diagonal + usize::from(x != *y)));
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn hosts(text: &str) -> Vec<String> {
        let mut hosts: Vec<_> = hosts_of(text).unwrap().unwrap().into_iter().collect();
        hosts.sort();
        hosts
    }

    #[test]
    fn hosts_of_a_connection_string_are_without_login_path_and_case() {
        assert_eq!(hosts("mongodb+srv://u:p@ss@C0.Ab.mongodb.net/db?x=@1"), ["c0.ab.mongodb.net"]);
        assert_eq!(hosts("MongoDB://a.net,b.net:27018/?ssl=true"), ["a.net:27017", "b.net:27018"]);
        assert!(hosts_of("Cluster0").unwrap().is_none());
    }

    #[test]
    fn unusable_connection_string_is_not_shown() {
        for text in ["mongodb://", "mongodb+srv://u:secret@", "http://u:secret@host"] {
            let message = hosts_of(text).unwrap_err().to_string();
            assert!(!message.contains("secret"), "{message}");
        }
    }

    #[test]
    fn nearest_names_come_first() {
        let names = ["Staging", "Production", "Test"];
        assert_eq!(
            nearest("Prodution", &names),
            r#"the nearest are "Production", "Staging", "Test""#
        );
        assert_eq!(edit_distance("kitten", "sitting"), 3);
    }
}
