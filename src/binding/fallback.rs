//! Event loops that cannot watch a descriptor (Windows' proactor, some of third parties).
//!
//! `pyo3-async-runtimes` brings results back through `call_soon_threadsafe`, on our runtime.

use std::any::Any;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use pyo3::prelude::*;
use pyo3_async_runtimes::TaskLocals;
use pyo3_async_runtimes::generic::{ContextExt, JoinError, Runtime, future_into_py_with_locals};
use tokio::runtime::Handle;

use super::errors::to_exception;
use super::log;
use super::operation::Work;
use super::process::runtime;
use crate::transport::Call;

pub(super) fn start(py: Python<'_>, work: Work, call: Arc<Call>) -> PyResult<Py<PyAny>> {
    let _entered = runtime(py)?.enter();
    let locals = TaskLocals::with_running_loop(py)?.copy_context(py)?;
    let future = future_into_py_with_locals::<ProcessRuntime, _, _>(py, locals, async move {
        let result = work.await;
        Python::attach(|py| {
            log::emit(py, call.events.drain())?;
            match result {
                Ok(output) => output.into_python(py),
                Err(error) => Err(to_exception(py, &error)),
            }
        })
    })?;
    Ok(future.unbind())
}

/// The runtime that was entered, as the library wants to see it.
struct ProcessRuntime;

struct Task(tokio::task::JoinHandle<()>);

struct Failure(tokio::task::JoinError);

impl JoinError for Failure {
    fn is_panic(&self) -> bool {
        self.0.is_panic()
    }

    fn into_panic(self) -> Box<dyn Any + Send + 'static> {
        self.0.into_panic()
    }
}

impl Future for Task {
    type Output = Result<(), Failure>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(context).map_err(Failure)
    }
}

impl Runtime for ProcessRuntime {
    type JoinError = Failure;
    type JoinHandle = Task;

    fn spawn<F>(future: F) -> Task
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Task(Handle::current().spawn(future))
    }

    fn spawn_blocking<F>(work: F) -> Task
    where
        F: FnOnce() + Send + 'static,
    {
        Task(Handle::current().spawn_blocking(work))
    }
}

impl ContextExt for ProcessRuntime {
    /// Nothing that runs here asks for the locals again.
    fn scope<F, R>(_: TaskLocals, future: F) -> Pin<Box<dyn Future<Output = R> + Send>>
    where
        F: Future<Output = R> + Send + 'static,
    {
        Box::pin(future)
    }

    fn get_task_locals() -> Option<TaskLocals> {
        None
    }
}
