//! Where every operation meets Python: `blocking` for the sync door, `start` for the async one.

use std::future::Future;
use std::pin::Pin;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pyo3::exceptions::{PyBaseException, PyRuntimeError};
use pyo3::prelude::*;
use pyo3::{PyTraverseError, PyVisit};
use tokio::task::AbortHandle;

use super::convert::Output;
use super::ending::Inside;
use super::errors::to_exception;
use super::log;
use super::process::{OfProcess, runtime};
use super::queue::{CompletionQueue, Ticket};
use super::state::Shared;
use crate::error::Error;
use crate::transport::{Call, Transport};

/// How long a blocked main thread does not look for signals.
const SLICE: Duration = Duration::from_millis(50);

pub(super) type Work = Pin<Box<dyn Future<Output = Result<Output, Error>> + Send>>;
type Begin = dyn Fn(Transport, Arc<Call>) -> Work + Send + Sync;

/// A call with checked arguments that can be run, and run again with other credentials.
///
/// Both runs are one call: they share its time, and count their attempts together.
#[pyclass(frozen, module = "atlas_backups._core")]
pub(super) struct Operation {
    client: Arc<Shared>,
    /// Given when the client has none any more, because it is being closed.
    transport: Option<OfProcess<Transport>>,
    begin: Box<Begin>,
    /// Locked only with Python attached and never across a call into it: see `process`.
    call: Mutex<Option<OfProcess<Arc<Call>>>>,
}

/// A call that is running for a coroutine.
#[pyclass(frozen, module = "atlas_backups._core")]
pub(super) struct Pending {
    #[pyo3(get)]
    future: Py<PyAny>,
    queue: Py<CompletionQueue>,
    ticket: Ticket,
    task: OfProcess<AbortOnDrop>,
}

/// A call that a thread waits for.
struct Running<T> {
    inbox: Mutex<Receiver<T>>,
    _task: AbortOnDrop,
}

/// Ends the task when the caller stops waiting for it.
#[derive(Debug)]
struct AbortOnDrop(AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Operation {
    /// `begin` gets its arguments anew at every run.
    pub(super) fn new<A, F>(
        client: &Arc<Shared>,
        arguments: A,
        begin: impl Fn(Transport, Arc<Call>, Arc<A>) -> F + Send + Sync + 'static,
    ) -> Self
    where
        A: Send + Sync + 'static,
        F: Future<Output = Result<Output, Error>> + Send + 'static,
    {
        let arguments = Arc::new(arguments);
        let begin = Box::new(move |transport, call| {
            Box::pin(begin(transport, call, Arc::clone(&arguments))) as Work
        });
        Self { client: Arc::clone(client), transport: None, begin, call: Mutex::default() }
    }

    pub(super) fn on(self, transport: Transport) -> Self {
        Self { transport: Some(OfProcess::new(transport)), ..self }
    }

    fn begin(&self, py: Python<'_>) -> PyResult<(Work, Arc<Call>)> {
        let given = self.transport.as_ref().and_then(OfProcess::get).cloned();
        let transport = given.map_or_else(|| self.client.transport(), Ok);
        let transport = transport.map_err(|error| to_exception(py, &error))?;
        let _entered = runtime(py)?.enter();
        let listener = log::listener(py)?;
        let call = self.call().unwrap_or_else(|| {
            let call = Arc::new(Call::begin(self.client.config(), listener));
            *lock(&self.call) = Some(OfProcess::new(Arc::clone(&call)));
            call
        });
        Ok(((self.begin)(transport, Arc::clone(&call)), call))
    }

    /// The call, once it has begun in this process.
    fn call(&self) -> Option<Arc<Call>> {
        lock(&self.call).as_ref()?.get().cloned()
    }
}

#[pymethods]
impl Operation {
    /// Runs to the end. The main thread answers signals meanwhile; one that raises ends the call.
    fn blocking(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let mut inside = Inside::enter(py);
        let (work, call) = self.begin(py)?;
        let (sender, inbox) = sync_channel(1);
        let task = runtime(py)?.spawn(async move {
            let _ = sender.send(work.await);
        });
        let task = AbortOnDrop(task.abort_handle());
        let running = OfProcess::new(Running { inbox: Mutex::new(inbox), _task: task });
        while let Some(running) = running.get() {
            let received;
            (inside, received) = inside.outside(|| lock(&running.inbox).recv_timeout(SLICE));
            log::emit(py, call.events.drain())?;
            match received {
                Ok(Ok(output)) => return output.into_python(py),
                Ok(Err(error)) => return Err(to_exception(py, &error)),
                Err(RecvTimeoutError::Timeout) => py.check_signals()?,
                Err(RecvTimeoutError::Disconnected) => return Err(lost_task()),
            }
        }
        Err(PyRuntimeError::new_err(
            "a handler forked in the middle of this call, which goes on in the parent only",
        ))
    }

    /// Seconds that went into waiting for snapshots.
    #[getter]
    fn waited(&self) -> f64 {
        self.call().map_or(0.0, |call| call.waited().as_secs_f64())
    }

    /// What Atlas said of this version's end, for a warning.
    #[getter]
    fn deprecation(&self) -> Option<String> {
        self.call()?.deprecation()
    }

    /// The exception that says what is unknown because the call was cut off; `None`: nothing.
    fn in_doubt(&self, py: Python<'_>) -> Option<Py<PyBaseException>> {
        let doubt = self.call()?.in_doubt()?;
        let _inside = Inside::enter(py);
        Some(to_exception(py, &Error::Ambiguous(Box::new(doubt))).into_value(py))
    }

    /// Starts for the running event loop; await `future` of what is returned.
    fn start(&self, py: Python<'_>) -> PyResult<Pending> {
        let _inside = Inside::enter(py);
        let (work, call) = self.begin(py)?;
        let event_loop = pyo3_async_runtimes::get_running_loop(py)?;
        let queue = CompletionQueue::of(&event_loop)?;
        let future = event_loop.call_method0("create_future")?.unbind();
        let delivery = CompletionQueue::book(&queue, &event_loop, future.clone_ref(py), call)?;
        let ticket = delivery.ticket();
        let task = runtime(py)?.spawn(async move { delivery.deliver(work.await) });
        let task = OfProcess::new(AbortOnDrop(task.abort_handle()));
        Ok(Pending { future, queue: queue.unbind(), ticket, task })
    }
}

#[pymethods]
impl Pending {
    /// Stops waiting: frees the connection if the call is still running.
    fn cancel(&self) {
        if let Some(AbortOnDrop(task)) = self.task.get() {
            task.abort();
        }
        self.queue.get().forget(self.ticket);
    }

    #[allow(clippy::needless_pass_by_value)] // as PyO3 passes it
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.future)?;
        visit.call(&self.queue)
    }
}

impl Drop for Pending {
    /// A signal can raise before the coroutine holds it.
    fn drop(&mut self) {
        self.queue.get().forget(self.ticket);
    }
}

/// A task that panicked: the one way for a call to have no outcome.
pub(super) fn lost_task() -> PyErr {
    PyRuntimeError::new_err("the call ended without an outcome, which is a defect of atlas_backups")
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
