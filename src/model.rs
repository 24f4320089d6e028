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

pub(crate) use crate::model::fields::{Fields, FromJson, is_object_id, object_id_timestamp};
pub use crate::model::inventory::{Cluster, Project};
pub(crate) use crate::model::json::{Json, Tape};
pub use crate::model::snapshot::Snapshot;
pub use crate::model::timestamp::Timestamp;
