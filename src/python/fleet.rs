//! Concurrent takes: the caller adds them one by one and collects their outcomes.
//!
//! Dropping the fleet cancels the takes that are still running.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use pyo3::exceptions::{PyBaseException, PyRuntimeError};
use pyo3::prelude::*;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::error::{Ambiguous, Error};
use crate::http::{CallContext, Event, Events, Journal, Level, Topic};
use crate::operations::client::AtlasClient;
use crate::operations::{ClusterAddress, TakeArguments, TakeOutcome, take_and_wait};
use crate::python::arguments::{cluster, take_arguments, with_key};
use crate::python::cancellations::Cancellations;
use crate::python::client_state::ClientState;
use crate::python::completion::CompletionQueue;
use crate::python::errors::to_exception;
use crate::python::fork::{PerProcess, ProcessId, runtime};
use crate::python::logging as log;
use crate::python::operation::Operation;
use crate::python::output::Output;
use crate::python::runtime::AbortOnDrop;
use crate::python::shutdown::InterpreterGuard;

/// Outcomes returned at a time.
const BATCH: usize = 64;

/// The takes of one `take_snapshots`; private.
#[pyclass(frozen, module = "atlas_backups._core")]
pub(super) struct Fleet {
    client: Arc<ClientState>,
    settings: TakeArguments,
    wait: bool,
    /// The takes of the process that created the fleet.
    running: OnceLock<PerProcess<Running>>,
}

/// A completed take, and whether Atlas returned it without its tag.
type Arrival = (u64, TakeOutcome, Option<String>);

/// Delivers the outcome of a take, also when its task panics.
struct Delivery {
    sender: UnboundedSender<Arrival>,
    number: u64,
    cluster: ClusterAddress,
    end: Option<TakeOutcome>,
    lost_tag: Option<String>,
}

impl Drop for Delivery {
    fn drop(&mut self) {
        let end = self.end.take().unwrap_or_else(|| TakeOutcome::panicked(&self.cluster));
        let _ = self.sender.send((self.number, end, self.lost_tag.take()));
    }
}

struct Running {
    client: OnceLock<AtlasClient>,
    sender: UnboundedSender<Arrival>,
    inbox: Arc<tokio::sync::Mutex<UnboundedReceiver<Arrival>>>,
    /// The events of its takes; in an event loop those of all its calls.
    journal: OnceLock<Arc<Journal>>,
    /// The cancellations of its event loop.
    cancellations: OnceLock<Py<Cancellations>>,
    /// Takes whose outcome the caller has not processed.
    begun: Mutex<BTreeMap<u64, Begun>>,
}

struct Begun {
    task: AbortOnDrop,
    call: CallContext,
}

impl Running {
    fn new() -> Self {
        let (sender, inbox) = unbounded_channel();
        let inbox = Arc::new(tokio::sync::Mutex::new(inbox));
        Self {
            client: OnceLock::new(),
            sender,
            inbox,
            journal: OnceLock::new(),
            cancellations: OnceLock::new(),
            begun: Mutex::default(),
        }
    }

    fn journal(&self) -> Arc<Journal> {
        Arc::clone(self.journal.get_or_init(Arc::default))
    }
}

impl Fleet {
    pub(super) fn new(client: &Arc<ClientState>, settings: TakeArguments, wait: bool) -> Self {
        Self { client: Arc::clone(client), settings, wait, running: OnceLock::new() }
    }

    fn running(&self, process: ProcessId) -> PyResult<&Running> {
        let running = self.running.get_or_init(|| PerProcess::new(process, Running::new()));
        running.get(process).ok_or_else(|| {
            let text = "take_snapshots cannot go on in a forked child: its parent takes them";
            PyRuntimeError::new_err(text)
        })
    }
}

#[pymethods]
impl Fleet {
    /// Joins the hold of the running event loop; called before any take starts.
    fn join_loop(&self, py: Python<'_>) -> PyResult<()> {
        let _inside = InterpreterGuard::enter(py);
        let event_loop = pyo3_async_runtimes::get_running_loop(py)?;
        let process = ProcessId::current();
        let queue = CompletionQueue::of(&event_loop, process)?;
        let cancellations = queue.get().cancellations().clone_ref(py);
        let running = self.running(process)?;
        let _ = running.journal.set(Arc::clone(queue.get().journal()));
        let _ = running.cancellations.set(cancellations);
        Ok(())
    }

    /// Starts one more take under a number of the caller's. The number of a completed take continues
    /// that call with other credentials, in its remaining time.
    #[pyo3(signature = (number, group_id, cluster_name, description, retention_in_days, idempotency_key, /))]
    #[allow(clippy::too_many_arguments)] // those of a request, one by one
    fn add(
        &self,
        number: u64,
        group_id: &Bound<'_, PyAny>,
        cluster_name: &Bound<'_, PyAny>,
        description: &Bound<'_, PyAny>,
        retention_in_days: &Bound<'_, PyAny>,
        idempotency_key: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        let py = group_id.py();
        let _inside = InterpreterGuard::enter(py);
        let cluster = cluster(group_id, cluster_name)?;
        let no = pyo3::types::PyBool::new(py, false);
        let body = take_arguments(description, retention_in_days, &no, &no)?;
        let arguments = body.if_busy(self.settings.if_busy, self.settings.wait_timeout);
        let arguments = with_key(arguments, idempotency_key, &cluster)?;
        let listener = log::listener(py)?;
        let process = ProcessId::current();
        let client = self.client.client(process);
        let client = client.map_err(|error| to_exception(py, &error))?;
        let running = self.running(process)?;
        running.client.get_or_init(|| client.clone());
        let runtime = runtime(py, process)?;
        let mut begun = lock(&running.begun);
        let earlier = begun.remove(&number).map(|begun| begun.call);
        let hold = running.cancellations.get().map(|it| it.get().hold().clone());
        let call = earlier.unwrap_or_else(|| {
            let events = Events::into_journal(listener, running.journal());
            CallContext::begin_with(self.client.config(), events).held_by(hold)
        });
        let (sender, wait) = (running.sender.clone(), self.wait);
        let mut delivery = Delivery { sender, number, cluster, end: None, lost_tag: None };
        let shared = call.clone();
        let work = async move {
            // Large, so it is allocated where it is freed: on the runtime's thread.
            let take = take_and_wait(&client, &delivery.cluster, &arguments, wait, &call);
            delivery.end = Some(Box::pin(take).await);
            delivery.lost_tag = call.lost_tag();
            drop(delivery);
        };
        let task = runtime.spawn(work);
        begun.insert(number, Begun { task, call: shared });
        Ok(())
    }

    /// Waits until at least one has completed; returns `(number, snapshot, error)` of each.
    fn next(&self) -> PyResult<Operation> {
        let running = self.running(ProcessId::current())?;
        let inbox = Arc::clone(&running.inbox);
        let next = Operation::new(&self.client, inbox, |_, call, inbox| async move {
            let mut arrivals = Vec::new();
            inbox.lock().await.recv_many(&mut arrivals, BATCH).await;
            let ends = arrivals.into_iter().map(|(number, end, lost_tag)| {
                // Logged already, with the events of the take.
                if let Some(lost_tag) = lost_tag {
                    call.keep_lost_tag(lost_tag);
                }
                (number, end)
            });
            Ok(Output::TakeOutcome(ends.collect()))
        });
        let next = next.with_journal(running.journal());
        // Running takes continue when the client is closed.
        Ok(match running.client.get() {
            Some(client) => next.on(client.clone()),
            None => next,
        })
    }

    /// Removes a take whose outcome the caller has processed. Does nothing in a forked child.
    fn forget(&self, number: u64) {
        let running = self.running.get().and_then(|running| running.get(ProcessId::current()));
        let _gone = running.map(|running| lock(&running.begun).remove(&number));
    }

    /// Cancels the running takes. Logs and returns the ambiguous ones as exceptions.
    fn cancel(&self, py: Python<'_>) -> PyResult<Vec<Py<PyBaseException>>> {
        let process = ProcessId::current();
        let running = self.running.get().and_then(|running| running.get(process));
        let Some(running) = running else { return Ok(vec![]) };
        let begun = std::mem::take(&mut *lock(&running.begun));
        let held = match running.cancellations.get() {
            Some(it) if begun.values().any(|it| it.task.is_running()) => {
                Cancellations::begin(it.bind(py))
            }
            _ => Ok(()),
        };
        // Takes that wait for a slot are cancelled first, so that none gets a freed one.
        for Begun { task, .. } in begun.values().rev() {
            task.abort();
        }
        held?;
        let pending = begun.values().filter_map(|Begun { call, .. }| call.pending_outcome());
        let (warnings, errors): (Vec<Event>, Vec<Error>) = pending.map(closed_early).unzip();
        let _inside = InterpreterGuard::enter(py);
        let mut events = running.journal().drain();
        events.extend(warnings);
        log::emit(py, events)?;
        Ok(errors.iter().map(|error| to_exception(py, error).into_value(py)).collect())
    }
}

/// The warning and the error of a take that was cut off.
fn closed_early(outcome: Ambiguous) -> (Event, Error) {
    let tag = outcome.idempotency_tag.as_deref().unwrap_or("no tag");
    let ids = outcome.candidates.iter().map(|snapshot| snapshot.id.as_str());
    let marks = std::iter::once(tag).chain(ids).collect::<Vec<&str>>().join(", ");
    let error = Error::Ambiguous(Box::new(outcome));
    let template = "take_snapshots was closed early (%s): %s";
    (Event::new(Topic::Take, Level::Warning, template, [marks, error.to_string()]), error)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
