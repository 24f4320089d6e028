//! OPERATIONS: what a caller can ask for, each one `async fn` over the transport.

mod arguments;
mod ask;
mod change;
mod coverage;
mod fleet;
mod flex;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzz;
mod get;
mod inventory;
mod list;
mod pages;
#[cfg(test)]
mod simulation;
mod take;
mod wait;

pub use arguments::{
    ClusterAddress, IfBusy, Retention, SnapshotAddress, TakeArguments, group_id, time_out,
};
pub use change::{delete_snapshot, update_retention};
pub use coverage::{Backups, ClusterCoverage, Coverage, backup_coverage};
pub use fleet::{Ended, finish, next_change, take_and_wait};
pub use get::get_snapshot;
pub use inventory::{list_clusters, list_projects};
pub use list::list_snapshots;
pub(crate) use take::Tag;
pub use take::{RawResponse, take_snapshot, take_snapshot_raw};
pub use wait::Watch;
