//! The Tokio runtime of a process: one thread that does all network work.

use std::future::Future;
use std::io;
use std::sync::mpsc::sync_channel;
use std::thread;

use tokio::runtime::{Builder, Handle};
use tokio::task::JoinHandle;

use crate::python::signals::spawn_blocked;

/// The name of the thread.
const NAME: &str = "atlas-backups";

/// A handle of the runtime, which lives as long as the process.
#[derive(Debug)]
pub(super) struct Runtime(Handle);

impl Runtime {
    /// Starts the thread. Returns an error where Tokio's own worker pool would panic.
    pub(super) fn start() -> io::Result<Self> {
        let (sender, receiver) = sync_channel::<tokio::runtime::Runtime>(1);
        let drive = move || {
            if let Ok(runtime) = receiver.recv() {
                runtime.block_on(std::future::pending::<()>());
            }
        };
        spawn_blocked(thread::Builder::new().name(NAME.to_owned()), drive)?;
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let _ = sender.send(runtime);
        Ok(Self(handle))
    }

    pub(super) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) -> AbortOnDrop {
        AbortOnDrop(self.0.spawn(work))
    }
}

/// A task that ends when its handle is dropped.
#[derive(Debug)]
pub(super) struct AbortOnDrop(JoinHandle<()>);

impl AbortOnDrop {
    pub(super) fn abort(&self) {
        self.0.abort();
    }

    pub(super) fn is_running(&self) -> bool {
        !self.0.is_finished()
    }
}

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.abort();
    }
}
