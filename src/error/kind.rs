//! Which class of the exception tree an answer belongs to: the status chooses the branch, the code the leaf.
//!
//! Codes: <https://www.mongodb.com/docs/atlas/reference/api-errors/>.

/// The leaves and branches below `ApiError`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // the names are those of the Python classes, documented there
pub enum ApiKind {
    Other,
    BadRequest,
    Validation,
    SnapshotInProgress,
    BackupNotEnabled,
    ClusterNotSupported,
    CompliancePolicy,
    SnapshotNotCompleted,
    Unauthorized,
    NotOrgGroupCreator,
    PaymentRequired,
    Forbidden,
    CannotChangeGroupName,
    IpAccessList,
    NotFound,
    ResourceNotFound,
    ProjectNotFound,
    ClusterNotFound,
    SnapshotNotFound,
    MethodNotAllowed,
    NotAcceptable,
    Conflict,
    Gone,
    RateLimit,
    Server,
    UnexpectedServer,
    ServiceUnavailable,
}

impl ApiKind {
    /// Sorts an answer of 400 or above.
    #[must_use]
    pub fn of(status: u16, code: Option<&str>) -> Self {
        let code = code.unwrap_or_default();
        match status {
            400 => bad_request(code),
            401 if code == "NOT_ORG_GROUP_CREATOR" => Self::NotOrgGroupCreator,
            401 => Self::Unauthorized,
            402 => Self::PaymentRequired,
            403 => forbidden(code),
            404 => not_found(code),
            405 => Self::MethodNotAllowed,
            406 => Self::NotAcceptable,
            409 => Self::Conflict,
            410 => Self::Gone,
            429 => Self::RateLimit,
            500 if code == "UNEXPECTED_ERROR" => Self::UnexpectedServer,
            503 => Self::ServiceUnavailable,
            500..=599 => Self::Server,
            _ => Self::Other,
        }
    }
}

/// Whether a 401 with this code says only that a role or a membership is missing.
///
/// Who asks was recognized then: the key or the token is good.
pub(crate) fn is_about_role(code: &str) -> bool {
    matches!(
        code,
        "USER_UNAUTHORIZED" | "NOT_IN_GROUP" | "USER_CANNOT_ACCESS_GROUP" | "NOT_ORG_GROUP_CREATOR"
    )
}

fn bad_request(code: &str) -> ApiKind {
    match code {
        "VALIDATION_ERROR" => ApiKind::Validation,
        "UNFINISHED_ON_DEMAND_SNAPSHOT" => ApiKind::SnapshotInProgress,
        "BACKUP_JOB_NOT_FOUND" => ApiKind::BackupNotEnabled,
        "PROVIDER_BACKUP_NOT_SUPPORTED"
        | "TENANT_CLUSTER_UPDATE_UNSUPPORTED"
        | "CANNOT_USE_FLEX_CLUSTER_IN_CLUSTER_API" => ApiKind::ClusterNotSupported,
        "SNAPSHOT_RETENTION_LESS_THAN_BACKUP_COMPLIANCE_POLICY"
        | "CANNOT_DECREASE_SNAPSHOT_RETENTION_WITH_BACKUP_COMPLIANCE_POLICY"
        | "CANNOT_DELETE_SNAPSHOT_WITH_BACKUP_COMPLIANCE_POLICY" => ApiKind::CompliancePolicy,
        "CANNOT_DELETE_IN_PROGRESS_SNAPSHOT" | "CANNOT_MODIFY_IN_PROGRESS_SNAPSHOT_RETENTION" => {
            ApiKind::SnapshotNotCompleted
        }
        _ => ApiKind::BadRequest,
    }
}

fn forbidden(code: &str) -> ApiKind {
    match code {
        "CANNOT_CHANGE_GROUP_NAME" => ApiKind::CannotChangeGroupName,
        // Atlas renamed these codes; both spellings are in use.
        "ORG_REQUIRES_WHITELIST"
        | "ORG_REQUIRES_ACCESS_LIST"
        | "IP_ADDRESS_NOT_ON_WHITELIST"
        | "IP_ADDRESS_NOT_ON_ACCESS_LIST" => ApiKind::IpAccessList,
        _ => ApiKind::Forbidden,
    }
}

fn not_found(code: &str) -> ApiKind {
    match code {
        "RESOURCE_NOT_FOUND" => ApiKind::ResourceNotFound,
        "GROUP_NOT_FOUND" | "GROUP_NAME_NOT_FOUND" => ApiKind::ProjectNotFound,
        "CLUSTER_NOT_FOUND" => ApiKind::ClusterNotFound,
        "SNAPSHOT_NOT_FOUND" | "INVALID_SNAPSHOT_ID" => ApiKind::SnapshotNotFound,
        _ => ApiKind::NotFound,
    }
}

#[cfg(test)]
mod tests {
    use super::ApiKind;

    #[test]
    fn the_status_chooses_the_branch_whatever_the_code_says() {
        assert_eq!(ApiKind::of(404, Some("UNEXPECTED_ERROR")), ApiKind::NotFound);
        assert_eq!(ApiKind::of(401, Some("UNEXPECTED_ERROR")), ApiKind::Unauthorized);
        assert_eq!(ApiKind::of(500, Some("UNEXPECTED_ERROR")), ApiKind::UnexpectedServer);
        assert_eq!(ApiKind::of(404, Some("VALIDATION_ERROR")), ApiKind::NotFound);
    }

    #[test]
    fn unknown_codes_give_the_branch_and_unknown_statuses_the_root() {
        assert_eq!(ApiKind::of(400, Some("NEW")), ApiKind::BadRequest);
        assert_eq!(ApiKind::of(403, None), ApiKind::Forbidden);
        assert_eq!(ApiKind::of(418, Some("NEW")), ApiKind::Other);
        assert_eq!(ApiKind::of(502, None), ApiKind::Server);
    }
}
