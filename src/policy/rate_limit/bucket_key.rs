//! Which bucket a request takes from, by its path.

use crate::policy::rate_limit::headers::Rates;

const GROUPS: &str = "/api/atlas/v2/groups/";
/// A project's id is 24 hexadecimal digits.
const ID_LENGTH: usize = 24;

/// One project and one kind of resource in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct BucketKey {
    project: u128,
    resource: Resource,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Resource {
    Clusters,
    Snapshots,
}

impl BucketKey {
    /// None where no limit is known to hold.
    pub(crate) fn of(path: &str) -> Option<Self> {
        let (id, rest) = path.strip_prefix(GROUPS)?.split_at_checked(ID_LENGTH)?;
        if !id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let project = u128::from_str_radix(id, 16).ok()?;
        let mut parts = rest.strip_prefix("/clusters")?.split('/');
        if parts.next() != Some("") {
            return None;
        }
        let _cluster = parts.next();
        let resource = match (parts.next(), parts.next()) {
            (None, _) => Resource::Clusters,
            (Some("backup"), Some("snapshots")) => Resource::Snapshots,
            (Some(_), _) => return None,
        };
        Some(Self { project, resource })
    }

    /// What Atlas grants a project.
    pub(crate) fn default_limits(self) -> Rates {
        match self.resource {
            Resource::Clusters => Rates { capacity: 10_000.0, per_second: 5000.0 / 60.0 },
            Resource::Snapshots => Rates { capacity: 1200.0, per_second: 500.0 / 60.0 },
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ONE: &str = "/api/atlas/v2/groups/6500000000000000000000aa";
    const OTHER: &str = "/api/atlas/v2/groups/6500000000000000000000ab";

    fn key(project: &str, rest: &str) -> Option<BucketKey> {
        BucketKey::of(&format!("{project}{rest}"))
    }

    #[test]
    fn everything_below_a_projects_snapshots_is_one_bucket() {
        let snapshots = key(ONE, "/clusters/A/backup/snapshots");

        assert!(snapshots.is_some());
        for rest in [
            "/clusters/B/backup/snapshots",
            "/clusters/A/backup/snapshots/6600000000000000000000bb",
            "/clusters/A/backup/snapshots/shardedClusters",
            "/clusters/A/backup/snapshots/shardedCluster/6600000000000000000000bb",
        ] {
            assert_eq!(key(ONE, rest), snapshots, "{rest}");
        }
        assert_ne!(key(OTHER, "/clusters/A/backup/snapshots"), snapshots);
    }

    #[test]
    fn clusters_are_another() {
        let clusters = key(ONE, "/clusters");

        assert!(clusters.is_some());
        assert_eq!(key(ONE, "/clusters/A"), clusters);
        assert_ne!(key(ONE, "/clusters/A/backup/snapshots"), clusters);
        assert_ne!(key(OTHER, "/clusters"), clusters);
    }

    #[test]
    fn nothing_else_is_limited() {
        for rest in ["", "/", "/flexClusters", "/clustersX", "/clusters/A/backup/schedule"] {
            assert_eq!(key(ONE, rest), None, "{rest}");
        }
        for path in [
            "",
            "/api/oauth/token",
            "/api/atlas/v2/groups",
            "/api/atlas/v2/groups/",
            "/api/atlas/v2/groups/65/clusters",
            "/api/atlas/v2/groups/+500000000000000000000aa/clusters",
            "/api/atlas/v2/groups/äääääääääääääääääääääääa/clusters",
        ] {
            assert_eq!(BucketKey::of(path), None, "{path}");
        }
    }

    proptest! {
        #[test]
        fn any_path_is_read_without_panic(start in "(/api/atlas/v2/groups/)?", rest in any::<String>()) {
            let _ = BucketKey::of(&format!("{start}{rest}"));
        }
    }
}
