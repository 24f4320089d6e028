//! Which projects the credentials can see, and which clusters a project has.

use super::pages;
use crate::error::Error;
use crate::model::{Cluster, Project};
use crate::transport::{Call, Transport};

const PROJECTS: &str = "/api/atlas/v2/groups";

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
    let path = format!("{PROJECTS}/{group_id}/clusters");
    let read = |item| Cluster::read(item, group_id);
    Ok(pages::walk(transport, &path, call, &read).await?.items)
}
