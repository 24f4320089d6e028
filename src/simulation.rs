//! A simulation of Atlas in virtual time, against which callers take snapshots, die and come again.
//!
//! The real code from the operations down to the retry policy; only the network is a stand-in.
//! `docs/assumptions.md` says what is promised, and publishes what is counted here.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout)]

mod ambiguity;
mod bodies;
mod callers;
mod case;
mod cluster;
mod counts;
mod duplicates;
mod invariants;
mod journal;
mod random_case;
mod reads;
mod regime_table;
mod regressions;
mod world;

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};

use crate::simulation::case::Case;
use crate::simulation::counts::Counts;

/// Cases that are drawn from one seed.
const SHARD: u32 = 250;
/// Shrinking plays whole cases again; this is half a minute.
const MOST_SHRINKING: u32 = 3000;

/// Plays one case in a time of its own.
fn play(case: &Case) -> Result<Counts, String> {
    fastrand::seed(case.seed);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(callers::play(case))
}

/// Plays some cases; the same ones for the same numbers.
fn play_shard(seed: u64, shard: u32, cases: u32) -> Result<Counts, String> {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    bytes[8..12].copy_from_slice(&shard.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let config = Config {
        cases,
        failure_persistence: None,
        max_shrink_iters: MOST_SHRINKING,
        ..Config::default()
    };
    let counts = Mutex::new(Counts::default());
    let result = TestRunner::new_with_rng(config, rng).run(&random_case::case(), |case| {
        let played = play(&case).map_err(TestCaseError::fail)?;
        counts.lock().unwrap().add(&played);
        Ok(())
    });
    match result {
        Ok(()) => Ok(counts.into_inner().unwrap()),
        Err(failure) => Err(format!("seed {seed}, shard {shard}: {failure}")),
    }
}

fn number<T: std::str::FromStr<Err: std::fmt::Debug>>(variable: &str, default: T) -> T {
    std::env::var(variable).map_or(default, |text| text.parse().unwrap())
}

#[test]
fn every_call_keeps_its_promises_wherever_it_is_cut_off() {
    let (cases, seed) = (number("SIMULATION_CASES", 300_u32), number("SIMULATION_SEED", 1_u64));
    let next = AtomicU32::new(0);
    let (counts, failures) = (Mutex::new(Counts::default()), Mutex::new(Vec::new()));

    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, Into::into) {
            scope.spawn(|| {
                loop {
                    let shard = next.fetch_add(1, Ordering::Relaxed);
                    let left = cases.saturating_sub(shard * SHARD);
                    if left == 0 || !failures.lock().unwrap().is_empty() {
                        break;
                    }
                    match play_shard(seed, shard, left.min(SHARD)) {
                        Ok(played) => counts.lock().unwrap().add(&played),
                        Err(failure) => failures.lock().unwrap().push(failure),
                    }
                }
            });
        }
    });

    println!("seed {seed}\n{}", counts.lock().unwrap());
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
