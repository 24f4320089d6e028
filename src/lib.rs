//! On-demand snapshots of `MongoDB` Atlas clusters.
//!
//! The map of the layers; dependencies point down only:
//! `binding` (`PyO3`) → `snapshots` (operations) → `transport` (the only way to the network)
//! → `config`, `credentials` → `environment` → `error` → `model`.

#[cfg(feature = "python")]
mod binding;
pub mod config;
pub mod credentials;
pub mod environment;
pub mod error;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzz;
pub mod model;
pub mod snapshots;
pub mod transport;
