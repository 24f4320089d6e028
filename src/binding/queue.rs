//! The way back to an event loop: workers put results in a queue and wake the loop through a pipe.
//!
//! The loop's own thread makes the Python objects, in batches; workers never touch Python.

use std::collections::HashMap;
use std::io::{PipeReader, PipeWriter, Read, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyWeakrefMethods, PyWeakrefReference};

use super::convert::Output;
use super::errors::to_exception;
use super::log;
use super::operation::lost_task;
use crate::error::Error;
use crate::transport::Call;

/// Which call of a loop.
pub(super) type Ticket = u64;

/// How it ended; `None` when it was cut off.
type Outcome = Option<Result<Output, Error>>;

/// The queue of one event loop in one process.
#[pyclass(frozen, module = "atlas_backups._core")]
pub(super) struct CompletionQueue {
    shared: Arc<Mailbox>,
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    last: Ticket,
    calls: HashMap<Ticket, (Py<PyAny>, Arc<Call>)>,
}

/// What workers and loop share. One byte is in the pipe while results are.
struct Mailbox {
    results: Mutex<Vec<(Ticket, Outcome)>>,
    reader: PipeReader,
    writer: PipeWriter,
}

/// A worker's promise to bring one result; kept also when the worker panics or is aborted.
pub(super) struct Delivery {
    ticket: Ticket,
    mailbox: Arc<Mailbox>,
    result: Outcome,
}

impl Delivery {
    pub(super) fn ticket(&self) -> Ticket {
        self.ticket
    }

    pub(super) fn deliver(mut self, result: Result<Output, Error>) {
        self.result = Some(result);
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        self.mailbox.finished(self.ticket, self.result.take());
    }
}

/// A queue that was made, with the loop and the process it belongs to.
struct Known {
    owner: u32,
    event_loop: Py<PyWeakrefReference>,
    queue: Py<CompletionQueue>,
}

static QUEUES: Mutex<Vec<Known>> = Mutex::new(Vec::new());

impl Known {
    fn is_of(&self, event_loop: &Bound<'_, PyAny>) -> bool {
        self.owner == std::process::id()
            && self.event_loop.bind(event_loop.py()).upgrade().is_some_and(|it| it.is(event_loop))
    }

    fn is_gone(&self, py: Python<'_>) -> bool {
        self.event_loop.bind(py).upgrade().is_none()
    }
}

impl Mailbox {
    fn new() -> std::io::Result<Self> {
        let (reader, writer) = std::io::pipe()?;
        Ok(Self { results: Mutex::default(), reader, writer })
    }

    fn finished(&self, ticket: Ticket, result: Outcome) {
        let was_empty = {
            let mut results = lock(&self.results);
            results.push((ticket, result));
            results.len() == 1
        };
        if was_empty {
            // At most one byte is in the pipe for every batch, so this does not block; the reader
            // lives as long as the writer, so it does not fail.
            let _ = (&self.writer).write(&[1]);
        }
    }

    fn take(&self) -> Vec<(Ticket, Outcome)> {
        // The loop calls only when there is a byte to read.
        let _ = (&self.reader).read(&mut [0; 64]);
        std::mem::take(&mut *lock(&self.results))
    }
}

impl CompletionQueue {
    /// The queue of a loop, made on first use; none for a loop that cannot watch a descriptor.
    pub(super) fn of<'py>(event_loop: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, Self>>> {
        let py = event_loop.py();
        let known = lock(&QUEUES)
            .iter()
            .find(|known| known.is_of(event_loop))
            .map(|known| known.queue.clone_ref(py).into_bound(py));
        if known.is_some() {
            return Ok(known);
        }
        let queue = Self { shared: Arc::new(Mailbox::new()?), waiting: Mutex::default() };
        let Some(descriptor) = descriptor(&queue.shared.reader) else { return Ok(None) };
        let queue = Bound::new(py, queue)?;
        let watch = event_loop.call_method1("add_reader", (descriptor, queue.getattr("drain")?));
        if watch.is_err() {
            return Ok(None);
        }
        let known = Known {
            owner: std::process::id(),
            event_loop: PyWeakrefReference::new(event_loop)?.unbind(),
            queue: queue.clone().unbind(),
        };
        // Those of loops that are gone are dropped outside of the lock.
        let _gone: Vec<Known> = {
            let mut queues = lock(&QUEUES);
            let gone = queues.extract_if(.., |known| known.is_gone(py)).collect();
            queues.push(known);
            gone
        };
        Ok(Some(queue))
    }

    /// Books a future that a result will come for.
    pub(super) fn book(&self, future: Py<PyAny>, call: Arc<Call>) -> Delivery {
        let mut waiting = lock(&self.waiting);
        waiting.last += 1;
        let ticket = waiting.last;
        waiting.calls.insert(ticket, (future, call));
        Delivery { ticket, mailbox: Arc::clone(&self.shared), result: None }
    }

    /// Nobody waits for this one any more.
    pub(super) fn forget(&self, ticket: Ticket) {
        let _dropped_outside_of_the_lock = lock(&self.waiting).calls.remove(&ticket);
    }
}

#[pymethods]
impl CompletionQueue {
    /// Called by the event loop when there are results.
    fn drain(&self, py: Python<'_>) -> PyResult<()> {
        // What one of them raises (Ctrl-C in a log handler) must not leave the others waiting.
        let settled = self.shared.take().into_iter().map(|(ticket, result)| {
            let booked = lock(&self.waiting).calls.remove(&ticket);
            booked.map_or(Ok(()), |(future, call)| settle(future.bind(py), &call, result))
        });
        settled.fold(Ok(()), Result::and)
    }
}

/// Tells a future how its call ended.
fn settle(future: &Bound<'_, PyAny>, call: &Call, result: Outcome) -> PyResult<()> {
    let py = future.py();
    let logged = log::emit(py, call.events.drain());
    if future.call_method0(intern!(py, "done"))?.is_truthy()? {
        return logged;
    }
    let result = match result {
        Some(Ok(output)) => output.into_python(py),
        Some(Err(error)) => Err(to_exception(py, &error)),
        None => Err(lost_task()),
    };
    match result {
        Ok(value) => future.call_method1(intern!(py, "set_result"), (value,))?,
        Err(error) => future.call_method1(intern!(py, "set_exception"), (error,))?,
    };
    logged
}

/// What an event loop can watch.
#[cfg(unix)]
#[allow(clippy::unnecessary_wraps)] // elsewhere there is none
fn descriptor(reader: &PipeReader) -> Option<i32> {
    Some(std::os::fd::AsRawFd::as_raw_fd(reader))
}

/// Windows' loops watch only sockets.
#[cfg(not(unix))]
fn descriptor(_: &PipeReader) -> Option<i32> {
    None
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
