//! The callers: processes that take a snapshot, die where the case says, and are run again.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::auth::Auth;
use crate::config::Config;
use crate::config::tests::options;
use crate::credentials::Credentials;
use crate::http::{CallContext, HttpClient};
use crate::operations::client::AtlasClient;
use crate::operations::recent_snapshots::RecentSnapshots;
use crate::operations::{ClusterAddress, IfBusy, TakeArguments, TakeOutcome, take_and_wait};
use crate::simulation::case::{Caller, Case, Kill, Run};
use crate::simulation::cluster::TEXT;
use crate::simulation::counts::Counts;
use crate::simulation::journal::Called;
use crate::simulation::regime_table::Line;
use crate::simulation::world::World;
use crate::simulation::{ambiguity, duplicates, invariants};

const GROUP: &str = "6a793f6b2c88faeba59bae37";

/// Plays a case to its end; `Err` says what should never have happened.
pub(crate) async fn play(case: &Case) -> Result<Counts, String> {
    let world = Arc::new(Mutex::new(World::new(case)));
    let mut tasks = JoinSet::new();
    for caller in case.callers.clone() {
        tasks.spawn(run_until_taken(Arc::clone(&world), caller));
    }
    let mut counts = Counts { cases: 1, ..Counts::default() };
    while let Some(ended) = tasks.join_next().await {
        counts.add(&ended.unwrap());
    }
    let quiet = case.service.list_lag + case.service.landing + 1000;
    sleep(Duration::from_secs(quiet)).await;
    world.lock().unwrap().clear_up();
    ambiguity::check_denials(&mut world.lock().unwrap(), &mut counts);
    for key in [0, 1] {
        if case.callers.iter().any(|caller| caller.key == Some(key)) {
            audit(&world, key, &mut counts).await;
        }
    }
    let violations = std::mem::take(&mut world.lock().unwrap().violations);
    if violations.is_empty() { Ok(counts) } else { Err(violations.join("\n")) }
}

async fn run_until_taken(world: Arc<Mutex<World>>, caller: Caller) -> Counts {
    let mut counts = Counts::default();
    let (mut recent, mut had) = (Arc::default(), None);
    sleep(Duration::from_secs(caller.start)).await;
    for run in &caller.runs {
        match call(&world, &caller, *run, &recent, &mut counts).await {
            // Another process begins with nothing.
            None => (recent, had) = (Arc::default(), None),
            Some(TakeOutcome { snapshot: Some(snapshot), error: None }) => {
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

/// Long afterwards, without faults: the same key again.
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
    recent: &Arc<RecentSnapshots>,
    counts: &mut Counts,
) -> Option<TakeOutcome> {
    let arguments = arguments(caller);
    let number = {
        let mut world = world.lock().unwrap();
        let begun = Called::new(caller, arguments.tag().cloned(), world.now());
        world.calls.push(begun);
        world.calls.len() - 1
    };
    let line = Arc::new(Line::new(world, number, run.kill));
    let config = config(caller);
    let (mock, recent) = (Arc::clone(&line) as _, Arc::clone(recent));
    let http = HttpClient::simulated(Arc::clone(&config), mock).unwrap();
    let auth = Auth::new(&Credentials::access_token("canary").unwrap()).unwrap();
    let client = AtlasClient::new(http, auth).with_recent(recent);
    let (cluster, call) = (cluster(), CallContext::begin(&config, None));
    let ended = {
        let work = take_and_wait(&client, &cluster, &arguments, caller.wait, &call);
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
        None => ambiguity::check_kill(&mut world, number, call.pending_outcome(), counts),
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
