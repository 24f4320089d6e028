//! What a person can do about an error, where that is not plain from Atlas' own words.

use crate::auth::authorization::Scheme;
use crate::error::{ApiKind, RequestLine};

/// Whether a request went to the token endpoint rather than to the API.
fn is_oauth(line: &RequestLine) -> bool {
    line.path.ends_with("/api/oauth/token")
}

pub(crate) fn hint(
    kind: ApiKind,
    code: Option<&str>,
    scheme: Scheme,
    line: &RequestLine,
) -> Option<&'static str> {
    if is_oauth(line) {
        return token_endpoint(kind, code);
    }
    match kind {
        ApiKind::Unauthorized => Some(match (code.and_then(missing_role), scheme) {
            (Some(hint), _) => hint,
            (None, Scheme::ServiceAccount) => {
                "the token was granted, but the API refuses it: is the service account a member of the \
                 project's organization?"
            }
            (None, Scheme::ApiKey) => {
                "the public or the private key is wrong, or the key was deleted; Atlas does not say which"
            }
            (None, Scheme::AccessToken) => {
                "the access token has expired or was revoked: get a new one"
            }
        }),
        ApiKind::NotOrgGroupCreator => Some(
            "the credentials are good, but have no role for this: an organization owner can give it \
             (the code speaks of Organization Project Creator)",
        ),
        ApiKind::IpAccessList => Some(match scheme {
            Scheme::ServiceAccount => {
                "the token was granted but this address is not on the API access list of the service \
                 account, or the organization requires one"
            }
            Scheme::ApiKey | Scheme::AccessToken => {
                "this address is not on the API access list of the key, or the organization requires one"
            }
        }),
        ApiKind::Forbidden => Some(
            "does the service account or key have the role for this (Project Backup Manager to take a \
             snapshot), and is this address on its API access list?",
        ),
        ApiKind::ProjectNotFound => Some(
            "the project does not exist, or these credentials cannot see it; a project id is not its name",
        ),
        ApiKind::BackupNotEnabled => Some("switch Cloud Backup on for this cluster first"),
        ApiKind::ClusterNotSupported => {
            Some("on-demand snapshots need a dedicated cluster (M10 or larger)")
        }
        ApiKind::SnapshotInProgress => Some(
            "one on-demand snapshot at a time per cluster: wait until the running one has ended",
        ),
        ApiKind::CompliancePolicy => {
            Some("the project's Backup Compliance Policy sets the shortest retention")
        }
        ApiKind::Conflict if code == Some("CANNOT_UPDATE_PAUSED_CLUSTER") => {
            Some("Atlas takes no snapshot of a paused cluster: resume the cluster first")
        }
        ApiKind::Gone | ApiKind::NotAcceptable => Some(
            "the API version that this package asks for is not served there: upgrade atlas-backups",
        ),
        ApiKind::PaymentRequired => Some("the organization's billing needs attention in Atlas"),
        ApiKind::Other
        | ApiKind::BadRequest
        | ApiKind::Validation
        | ApiKind::SnapshotNotCompleted
        | ApiKind::CannotChangeGroupName
        | ApiKind::NotFound
        | ApiKind::ResourceNotFound
        | ApiKind::ClusterNotFound
        | ApiKind::SnapshotNotFound
        | ApiKind::MethodNotAllowed
        | ApiKind::Conflict
        | ApiKind::RateLimit
        | ApiKind::Server
        | ApiKind::UnexpectedServer
        | ApiKind::ServiceUnavailable => None,
    }
}

/// What is missing where a 401 says nothing against the credentials.
fn missing_role(code: &str) -> Option<&'static str> {
    match code {
        "USER_UNAUTHORIZED" => Some(
            "the credentials are good, but have no role for this in the project: give the service \
             account or key one (Project Backup Manager to take a snapshot)",
        ),
        "NOT_IN_GROUP" | "USER_CANNOT_ACCESS_GROUP" => Some(
            "the credentials are good, but no member of this project: add the service account or key \
             to it, or correct the project id",
        ),
        _ => None,
    }
}

fn token_endpoint(kind: ApiKind, code: Option<&str>) -> Option<&'static str> {
    match (kind, code) {
        (ApiKind::Unauthorized, _) | (_, Some("invalid_client")) => {
            Some("the client id or the client secret is wrong, or the secret has expired")
        }
        (ApiKind::Forbidden | ApiKind::IpAccessList, Some("access_denied")) => Some(
            "a service account may have 100 active tokens: close clients when they are done, or share \
             one client between calls",
        ),
        (ApiKind::RateLimit, _) => Some(
            "the token endpoint allows about 50 requests a minute: share one client between calls",
        ),
        (_, _) => None,
    }
}
