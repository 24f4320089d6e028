//! Which projects the credentials can see, and which clusters a project has.

use jiff::Timestamp;

use crate::error::Error;
use crate::http::CallContext;
use crate::model::{Cluster, Fields, Project};
use crate::operations::client::AtlasClient;
use crate::operations::pagination;
use crate::operations::pagination::Item;
use crate::operations::request::RequestError;

pub(crate) const PROJECTS: &str = "/api/atlas/v2/groups";

impl Item for Project {
    const IDENTITY: &'static [&'static str] = &["id", "name"];
}

impl Item for Cluster {
    // It is asked for by its name.
    const IDENTITY: &'static [&'static str] = &["name", "id"];
}

/// Lists the projects that the credentials can see.
///
/// # Errors
/// [`Error::Api`] and the errors of the network.
pub async fn list_projects(
    client: &AtlasClient,
    call: &CallContext,
) -> Result<Vec<Project>, Error> {
    Ok(pagination::collect_all(client, PROJECTS, call, &Project::read).await?.items)
}

/// Lists the clusters of a project.
///
/// # Errors
/// [`Error::Api`] and the errors of the network.
pub async fn list_clusters(
    client: &AtlasClient,
    group_id: &str,
    call: &CallContext,
) -> Result<Vec<Cluster>, Error> {
    let read = |item: Fields<'_>| Cluster::read(item, group_id);
    Ok(pagination::collect_all(client, &clusters_path(group_id), call, &read).await?.items)
}

/// The projects, whatever their ids, and the server's clock.
pub(crate) async fn all_projects(
    client: &AtlasClient,
    call: &CallContext,
) -> Result<(Vec<Project>, Option<Timestamp>), RequestError> {
    let read = |item: Fields<'_>| Ok(Project::read_any(item));
    let pages = pagination::collect_all(client, PROJECTS, call, &read).await?;
    Ok((pages.items, pages.server_time))
}

/// The clusters of a project, whatever their names, and the server's clock.
pub(crate) async fn all_clusters(
    client: &AtlasClient,
    group_id: &str,
    call: &CallContext,
) -> Result<(Vec<Cluster>, Option<Timestamp>), RequestError> {
    let read = |item: Fields<'_>| Ok(Cluster::read_any(item, group_id));
    let pages = pagination::collect_all(client, &clusters_path(group_id), call, &read).await?;
    Ok((pages.items, pages.server_time))
}

/// The flex clusters of a project, which are in a list of their own; none where there is no such list.
pub(crate) async fn all_flex_clusters(
    client: &AtlasClient,
    group_id: &str,
    call: &CallContext,
) -> Result<Vec<Cluster>, RequestError> {
    let read = |item: Fields<'_>| Ok(Cluster::read_any_flex(item, group_id));
    let path = format!("{PROJECTS}/{group_id}/flexClusters");
    match pagination::collect_all(client, &path, call, &read).await {
        Ok(pages) => Ok(pages.items),
        Err(failure) if has_no_such_list(&failure) => Ok(Vec::new()),
        Err(failure) => Err(failure),
    }
}

/// The flex clusters that are not among the others: one that became flex was in both lists for a time.
pub(crate) fn only_flex(others: &[Cluster], flex: Vec<Cluster>) -> Vec<Cluster> {
    let is_known =
        |name: &str| !name.is_empty() && others.iter().any(|cluster| cluster.name == name);
    flex.into_iter().filter(|cluster| !is_known(&cluster.name)).collect()
}

fn has_no_such_list(failure: &RequestError) -> bool {
    let Error::Api(api) = &failure.error else { return false };
    matches!(api.status, 404..=406) || api.error_code.as_deref() == Some("FEATURE_UNSUPPORTED")
}

fn clusters_path(group_id: &str) -> String {
    format!("{PROJECTS}/{group_id}/clusters")
}
