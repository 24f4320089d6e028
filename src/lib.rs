//! On-demand snapshots of `MongoDB` Atlas clusters.
//!
//! The map of the layers; dependencies point down only: `python` (`PyO3`) → `operations` → `policy`,
//! `auth`, `http` → `config`, `credentials` → `environment` → `error` → `model`.

pub mod auth;
pub mod config;
pub mod credentials;
pub mod environment;
pub mod error;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzz;
pub mod http;
pub mod model;
pub mod operations;
mod policy;
#[cfg(feature = "python")]
mod python;
mod running_count;
#[cfg(test)]
mod simulation;
