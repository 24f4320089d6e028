//! An operation as Python runs it: `run` blocks the thread, `run_async` returns a future.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use pyo3::exceptions::{PyBaseException, PyRuntimeError};
use pyo3::intern;
use pyo3::prelude::*;
use tokio::sync::oneshot;
use tokio::sync::oneshot::error::RecvError;

use crate::error::Error;
use crate::http::{CallContext, Events, Hold, Journal};
use crate::operations::client::AtlasClient;
use crate::python::cancellations::Cancellations;
use crate::python::client_state::ClientState;
use crate::python::completion::CompletionQueue;
use crate::python::errors::{task_panicked, to_exception};
use crate::python::fork::{PerProcess, ProcessId, runtime};
use crate::python::logging as log;
use crate::python::output::Output;
use crate::python::runtime::{AbortOnDrop, Runtime};
use crate::python::shutdown::InterpreterGuard;

/// How often a blocked main thread checks for signals.
const SLICE: Duration = Duration::from_millis(50);

pub(super) type Work = Pin<Box<dyn Future<Output = Result<Output, Error>> + Send>>;
type Begin = dyn Fn(AtlasClient, Arc<CallContext>) -> Work + Send + Sync;

/// A call with validated arguments that can be run, and run again with other credentials.
///
/// Both runs are one call: they share its deadline and its count of attempts.
#[pyclass(frozen, module = "atlas_backups._core")]
pub(super) struct Operation {
    state: Arc<ClientState>,
    /// Set for the operation that closes the client.
    client: Option<PerProcess<AtlasClient>>,
    begin: Arc<Begin>,
    /// Set when its events are collected with those of other calls.
    journal: Option<Arc<Journal>>,
    /// Locked only with Python attached and never across a call into it: see `fork`.
    begun: Mutex<Option<PerProcess<Begun>>>,
    /// Whether the caller has gone, so that the waiting thread must end the run.
    is_abandoned: AtomicBool,
}

/// The started call of one process.
struct Begun {
    call: Arc<CallContext>,
    /// The task of a coroutine.
    task: Option<Task>,
}

/// The task of a coroutine, and the cancellations of its event loop.
struct Task {
    handle: AbortOnDrop,
    cancellations: Py<Cancellations>,
}

/// A run before its start, with its process and runtime.
struct Starting {
    process: ProcessId,
    runtime: &'static Runtime,
    run: Run,
}

/// The parts of a run.
struct Run {
    begin: Arc<Begin>,
    client: AtlasClient,
    call: Arc<CallContext>,
}

impl Run {
    /// The future is large, so it is allocated where it is freed: on the runtime's thread.
    async fn end(self) -> Result<Output, Error> {
        (self.begin)(self.client, self.call).await
    }
}

/// A run that blocks a thread.
#[derive(Debug)]
struct Running {
    end: oneshot::Receiver<Result<Output, Error>>,
    _task: AbortOnDrop,
}

impl Running {
    fn begin(runtime: &Runtime, run: Run) -> Self {
        let (sender, end) = oneshot::channel();
        let task = runtime.spawn(async move {
            let _ = sender.send(run.end().await);
        });
        Self { end, _task: task }
    }

    /// Polls, parks the thread for a slice, and polls again.
    fn wait(&mut self) -> Poll<Result<Result<Output, Error>, RecvError>> {
        let waker = Waker::from(Arc::new(Sleeper(thread::current())));
        let mut poll = || Pin::new(&mut self.end).poll(&mut Context::from_waker(&waker));
        let end = poll();
        if end.is_ready() {
            return end;
        }
        thread::park_timeout(SLICE);
        poll()
    }
}

/// Wakes a parked thread.
struct Sleeper(Thread);

impl Wake for Sleeper {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

impl Operation {
    /// `begin` gets its arguments in every run.
    pub(super) fn new<A, F>(
        state: &Arc<ClientState>,
        arguments: A,
        begin: impl Fn(AtlasClient, Arc<CallContext>, Arc<A>) -> F + Send + Sync + 'static,
    ) -> Self
    where
        A: Send + Sync + 'static,
        F: Future<Output = Result<Output, Error>> + Send + 'static,
    {
        let arguments = Arc::new(arguments);
        let begin = Arc::new(move |client, call| {
            Box::pin(begin(client, call, Arc::clone(&arguments))) as Work
        });
        Self {
            state: Arc::clone(state),
            client: None,
            begin,
            journal: None,
            begun: Mutex::default(),
            is_abandoned: AtomicBool::new(false),
        }
    }

    pub(super) fn on(self, client: AtlasClient) -> Self {
        Self { client: Some(PerProcess::new(ProcessId::current(), client)), ..self }
    }

    pub(super) fn with_journal(self, journal: Arc<Journal>) -> Self {
        Self { journal: Some(journal), ..self }
    }

    fn check_abandoned(&self) -> PyResult<()> {
        if self.is_abandoned.load(Ordering::Relaxed) {
            return Err(PyRuntimeError::new_err("the caller of this operation has left"));
        }
        Ok(())
    }

    /// Adds the hold and the journal of its event loop.
    fn begin(
        &self,
        py: Python<'_>,
        hold: Option<Hold>,
        journal: Arc<Journal>,
    ) -> PyResult<Starting> {
        let listener = log::listener(py)?;
        let process = ProcessId::current();
        let given = self.client.as_ref().and_then(|given| given.get(process)).cloned();
        let client = given.map_or_else(|| self.state.client(process), Ok);
        let client = client.map_err(|error| to_exception(py, &error))?;
        let runtime = runtime(py, process)?;
        let call = self.call(process).unwrap_or_else(|| {
            let events = Events::into_journal(listener, journal);
            let call = CallContext::begin_with(self.state.config(), events).held_by(hold);
            let call = Arc::new(call);
            let begun = Begun { call: Arc::clone(&call), task: None };
            *lock(&self.begun) = Some(PerProcess::new(process, begun));
            call
        });
        let run = Run { begin: Arc::clone(&self.begin), client, call };
        Ok(Starting { process, runtime, run })
    }

    /// The call of this process, once it has started.
    fn call(&self, process: ProcessId) -> Option<Arc<CallContext>> {
        Some(Arc::clone(&lock(&self.begun).as_ref()?.get(process)?.call))
    }

    /// The cancellations of its event loop.
    fn cancellations(&self, py: Python<'_>, process: ProcessId) -> Option<Py<Cancellations>> {
        let begun = lock(&self.begun);
        let task = begun.as_ref()?.get(process)?.task.as_ref()?;
        task.handle.is_running().then(|| task.cancellations.clone_ref(py))
    }

    /// Replaces the task of a coroutine; the previous one is aborted.
    fn keep(&self, process: ProcessId, task: Option<Task>) {
        if let Some(begun) = lock(&self.begun).as_mut().and_then(|begun| begun.get_mut(process)) {
            begun.task = task;
        }
    }
}

#[pymethods]
impl Operation {
    /// Runs to completion. The main thread handles signals meanwhile; a handler that raises ends the
    /// call.
    fn run(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let mut inside = InterpreterGuard::enter(py);
        self.check_abandoned()?;
        let Starting { process, runtime, run } =
            self.begin(py, None, self.journal.clone().unwrap_or_default())?;
        let call = Arc::clone(&run.call);
        let mut running = PerProcess::new(process, Running::begin(runtime, run));
        while let Some(running) = running.get_mut(ProcessId::current()) {
            let end;
            (inside, end) = inside.detach(|| running.wait());
            log::emit(py, call.events.drain())?;
            match end {
                Poll::Ready(Ok(Ok(output))) => return output.into_python(py),
                Poll::Ready(Ok(Err(error))) => return Err(to_exception(py, &error)),
                Poll::Ready(Err(_)) => return Err(task_panicked()),
                Poll::Pending => {
                    self.check_abandoned()?;
                    py.check_signals()?;
                }
            }
        }
        Err(PyRuntimeError::new_err(
            "a handler forked in the middle of this call, which continues only in the parent process",
        ))
    }

    /// Seconds spent waiting for snapshots.
    #[getter]
    fn time_waited(&self) -> f64 {
        self.call(ProcessId::current()).map_or(0.0, |call| call.waited().as_secs_f64())
    }

    /// The deprecation notice of Atlas, for a warning.
    #[getter]
    fn deprecation(&self) -> Option<String> {
        self.call(ProcessId::current())?.deprecation()
    }

    /// The notice of a snapshot that Atlas lists without its tag, for a warning.
    #[getter]
    fn lost_tag(&self) -> Option<String> {
        self.call(ProcessId::current())?.lost_tag()
    }

    /// The exception of a call that was interrupted after its POST; `None` if nothing is ambiguous.
    fn pending_outcome(&self, py: Python<'_>) -> Option<Py<PyBaseException>> {
        let outcome = self.call(ProcessId::current())?.pending_outcome()?;
        let _inside = InterpreterGuard::enter(py);
        Some(to_exception(py, &Error::Ambiguous(Box::new(outcome))).into_value(py))
    }

    /// Starts the run for the running event loop; returns a future.
    fn run_async(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let _inside = InterpreterGuard::enter(py);
        let event_loop = pyo3_async_runtimes::get_running_loop(py)?;
        let future = event_loop.call_method0(intern!(py, "create_future"))?.unbind();
        // Before the queue, because it is more likely to fail.
        runtime(py, ProcessId::current())?;
        let queue = CompletionQueue::of(&event_loop, ProcessId::current())?;
        let cancellations = queue.get().cancellations().clone_ref(py);
        let hold = cancellations.get().hold().clone();
        let Starting { process, runtime, run } =
            self.begin(py, Some(hold), Arc::clone(queue.get().journal()))?;
        let delivery = CompletionQueue::register(&queue, &event_loop, future.clone_ref(py))?;
        let handle = runtime.spawn(async move { delivery.deliver(run.end().await) });
        self.keep(process, Some(Task { handle, cancellations }));
        Ok(future)
    }

    /// Ends a run that another thread blocks on, within a slice; later runs do not start.
    fn abandon(&self) {
        self.is_abandoned.store(true, Ordering::Relaxed);
    }

    /// Cancels the run, which closes its connection.
    fn cancel(&self, py: Python<'_>) -> PyResult<()> {
        let process = ProcessId::current();
        let held = self
            .cancellations(py, process)
            .map_or(Ok(()), |cancellations| Cancellations::begin(cancellations.bind(py)));
        self.keep(process, None);
        held
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
