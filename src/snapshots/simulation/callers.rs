//! The callers: processes that take a snapshot, die where the case says, and are run again.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::sleep;

use super::case::{Caller, Case, Kill, Run};
use super::cluster::TEXT;
use super::counts::Counts;
use super::journal::Called;
use super::line::Line;
use super::world::World;
use super::{doubts, duplicates, invariants};
use crate::config::Config;
use crate::config::tests::options;
use crate::credentials::Credentials;
use crate::snapshots::{ClusterAddress, Ended, IfBusy, TakeArguments, take_and_wait};
use crate::transport::{Auth, Call, Connection, Memory, Transport};

const GROUP: &str = "6a793f6b2c88faeba59bae37";

/// Plays a case to its end; `Err` says what should never have happened.
pub(super) async fn play(case: &Case) -> Result<Counts, String> {
    let world = Arc::new(Mutex::new(World::new(case)));
    let mut tasks = JoinSet::new();
    for caller in case.callers.clone() {
        tasks.spawn(run_until_taken(Arc::clone(&world), caller));
    }
    let mut counts = Counts { cases: 1, ..Counts::default() };
    while let Some(ended) = tasks.join_next().await {
        counts.add(&ended.unwrap());
    }
    let quiet = case.nature.list_lag + case.nature.landing + 1000;
    sleep(Duration::from_secs(quiet)).await;
    world.lock().unwrap().clear_up();
    doubts::check_denials(&mut world.lock().unwrap(), &mut counts);
    for key in [0, 1] {
        if case.callers.iter().any(|caller| caller.key == Some(key)) {
            audit(&world, key, &mut counts).await;
        }
    }
    let wrongs = std::mem::take(&mut world.lock().unwrap().wrongs);
    if wrongs.is_empty() { Ok(counts) } else { Err(wrongs.join("\n")) }
}

async fn run_until_taken(world: Arc<Mutex<World>>, caller: Caller) -> Counts {
    let mut counts = Counts::default();
    let (mut memory, mut had) = (Arc::default(), None);
    sleep(Duration::from_secs(caller.start)).await;
    for run in &caller.runs {
        match call(&world, &caller, *run, &memory, &mut counts).await {
            // Another process begins with nothing.
            None => (memory, had) = (Arc::default(), None),
            Some(Ended { snapshot: Some(snapshot), error: None }) => {
                invariants::check_again(&mut world.lock().unwrap(), &caller, had, &snapshot);
                if !caller.repeats {
                    break;
                }
                had = Some(snapshot.id.clone());
            }
            Some(_) => {}
        }
        sleep(Duration::from_secs(run.pause)).await;
    }
    counts
}

/// Long afterwards, in fair weather: the same key again.
async fn audit(world: &Arc<Mutex<World>>, key: u8, counts: &mut Counts) {
    let caller = Caller {
        start: 0,
        key: Some(key),
        if_busy: IfBusy::Wait,
        timeout: 60,
        total_timeout: 600,
        max_retries: 0,
        wait: false,
        wait_timeout: 3600,
        repeats: false,
        runs: Vec::new(),
    };
    let tag = arguments(&caller).tag().cloned().unwrap();
    duplicates::settle(&mut world.lock().unwrap(), &tag, counts);
    let run = Run { kill: None, pause: 0 };
    let ended = call(world, &caller, run, &Arc::default(), &mut Counts::default()).await.unwrap();
    duplicates::check_audit(&mut world.lock().unwrap(), &tag, &ended);
}

/// One call of a process that has made others before: `None` if it was killed.
async fn call(
    world: &Arc<Mutex<World>>,
    caller: &Caller,
    run: Run,
    memory: &Arc<Memory>,
    counts: &mut Counts,
) -> Option<Ended> {
    let arguments = arguments(caller);
    let number = {
        let mut world = world.lock().unwrap();
        let begun = Called::new(caller, arguments.tag().cloned(), world.now());
        world.calls.push(begun);
        world.calls.len() - 1
    };
    let line = Arc::new(Line::new(world, number, run.kill));
    let config = config(caller);
    let (stand_in, memory) = (Arc::clone(&line) as _, Arc::clone(memory));
    let connection = Connection::simulated(Arc::clone(&config), stand_in, memory).unwrap();
    let auth = Auth::new(&Credentials::access_token("canary").unwrap()).unwrap();
    let transport = Transport::new(Arc::new(connection), Arc::new(auth));
    let (cluster, call) = (cluster(), Call::begin(&config, None));
    let ended = {
        let work = take_and_wait(&transport, &cluster, &arguments, caller.wait, &call);
        tokio::select! {
            biased;
            () = death(&line, run.kill) => None,
            ended = work => Some(ended),
        }
    };
    let mut world = world.lock().unwrap();
    counts.calls += 1;
    match &ended {
        Some(ended) => invariants::check_end(&mut world, number, ended, counts),
        None => doubts::check_kill(&mut world, number, call.in_doubt(), counts),
    }
    counts.requests += u64::from(world.calls[number].requests);
    ended
}

async fn death(line: &Line, kill: Option<Kill>) {
    match kill {
        Some(Kill::After(milliseconds)) => sleep(Duration::from_millis(milliseconds)).await,
        Some(_) | None => line.killed.notified().await,
    }
}

fn cluster() -> ClusterAddress {
    ClusterAddress::new(GROUP, "Cluster0").unwrap()
}

fn arguments(caller: &Caller) -> TakeArguments {
    let arguments = TakeArguments::new(Some(TEXT), None, false, false).unwrap();
    let arguments = arguments.if_busy(caller.if_busy, Duration::from_secs(caller.wait_timeout));
    match caller.key {
        Some(key) => arguments.with_key(&format!("key {key}"), &cluster()).unwrap(),
        None => arguments,
    }
}

#[allow(clippy::cast_precision_loss)]
fn config(caller: &Caller) -> Arc<Config> {
    let mut options = options("http://127.0.0.1:1");
    options.timeout = caller.timeout as f64;
    options.total_timeout = caller.total_timeout as f64;
    options.max_retries = caller.max_retries;
    Arc::new(Config::new(&options, &|_| None).unwrap())
}
