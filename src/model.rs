//! WIRE: what Atlas sends, read leniently, written for Python in `snake_case`.
//!
//! Only an `id` is required; whatever else cannot be understood stays, unchanged, in `extra`.

mod fields;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzz;
mod inventory;
mod json;
mod snapshot;
mod timestamp;

pub(crate) use fields::{Fields, Read, is_object_id, second_of};
pub use inventory::{Cluster, Project};
pub(crate) use json::{Json, Outline};
pub use snapshot::Snapshot;
pub use timestamp::Timestamp;
