//! Which projects the credentials can see, and which clusters a project has.

use jiff::Timestamp;

use super::ask::Unanswered;
use super::pages::{self, Listed};
use crate::error::Error;
use crate::model::{Cluster, Fields, Project};
use crate::transport::{Call, Transport};

const PROJECTS: &str = "/api/atlas/v2/groups";

impl Listed for Project {
    const TOLD_BY: &'static [&'static str] = &["id", "name"];
}

impl Listed for Cluster {
    // It is asked for by its name.
    const TOLD_BY: &'static [&'static str] = &["name", "id"];
}

/// Lists the projects that the credentials can see.
///
/// # Errors
/// [`Error::Api`] and the errors of the network.
pub async fn list_projects(transport: &Transport, call: &Call) -> Result<Vec<Project>, Error> {
    Ok(pages::walk(transport, PROJECTS, call, &Project::read).await?.items)
}

/// Lists the clusters of a project.
///
/// # Errors
/// [`Error::Api`] and the errors of the network.
pub async fn list_clusters(
    transport: &Transport,
    group_id: &str,
    call: &Call,
) -> Result<Vec<Cluster>, Error> {
    let read = |item: Fields<'_>| Cluster::read(item, group_id);
    Ok(pages::walk(transport, &clusters_path(group_id), call, &read).await?.items)
}

/// The projects, whatever their ids, and the server's clock.
pub(super) async fn all_projects(
    transport: &Transport,
    call: &Call,
) -> Result<(Vec<Project>, Option<Timestamp>), Unanswered> {
    let read = |item: Fields<'_>| Ok(Project::read_any(item));
    let walked = pages::walk(transport, PROJECTS, call, &read).await?;
    Ok((walked.items, walked.server_time))
}

/// The clusters of a project, whatever their names, and the server's clock.
pub(super) async fn all_clusters(
    transport: &Transport,
    group_id: &str,
    call: &Call,
) -> Result<(Vec<Cluster>, Option<Timestamp>), Unanswered> {
    let read = |item: Fields<'_>| Ok(Cluster::read_any(item, group_id));
    let walked = pages::walk(transport, &clusters_path(group_id), call, &read).await?;
    Ok((walked.items, walked.server_time))
}

/// The flex clusters of a project, which are in a list of their own; none where there is no such list.
pub(super) async fn all_flex_clusters(
    transport: &Transport,
    group_id: &str,
    call: &Call,
) -> Result<Vec<Cluster>, Unanswered> {
    let read = |item: Fields<'_>| Ok(Cluster::read_any_flex(item, group_id));
    let path = format!("{PROJECTS}/{group_id}/flexClusters");
    match pages::walk(transport, &path, call, &read).await {
        Ok(walked) => Ok(walked.items),
        Err(refused) if has_no_such_list(&refused) => Ok(Vec::new()),
        Err(refused) => Err(refused),
    }
}

fn has_no_such_list(refused: &Unanswered) -> bool {
    let Error::Api(api) = &refused.error else { return false };
    matches!(api.status, 404..=406) || api.error_code.as_deref() == Some("FEATURE_UNSUPPORTED")
}

fn clusters_path(group_id: &str) -> String {
    format!("{PROJECTS}/{group_id}/clusters")
}
