//! Which projects the credentials can see, and which clusters a project has.

use jiff::Timestamp;

use super::ask::Unanswered;
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
    Ok(projects(transport, call).await?.0)
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
    Ok(clusters(transport, group_id, call).await?.0)
}

/// The projects, and the server's clock.
pub(super) async fn projects(
    transport: &Transport,
    call: &Call,
) -> Result<(Vec<Project>, Option<Timestamp>), Unanswered> {
    let walked = pages::walk(transport, PROJECTS, call, &Project::read).await?;
    Ok((walked.items, walked.server_time))
}

/// The clusters of a project, and the server's clock.
pub(super) async fn clusters(
    transport: &Transport,
    group_id: &str,
    call: &Call,
) -> Result<(Vec<Cluster>, Option<Timestamp>), Unanswered> {
    let path = format!("{PROJECTS}/{group_id}/clusters");
    let read = |item| Cluster::read(item, group_id);
    let walked = pages::walk(transport, &path, call, &read).await?;
    Ok((walked.items, walked.server_time))
}
