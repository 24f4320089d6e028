//! The thread that does a process' network work, and how work gets to it.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Weak};
use std::thread;

use futures_util::FutureExt;
use futures_util::future::{AbortHandle, abortable};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::signals::spawn_blocked;

/// Of the threads.
const NAME: &str = "atlas-backups";

type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The way to a runtime of one thread, which end with the process.
#[derive(Debug)]
pub(super) struct Engine {
    inbox: UnboundedSender<Work>,
}

impl Engine {
    /// Starts the thread. Tokio would panic where there is none to be had.
    pub(super) fn start() -> io::Result<Self> {
        let (handover, runtime) = sync_channel::<Runtime>(1);
        let (inbox, work) = unbounded_channel();
        let drive = move || {
            if let Ok(runtime) = runtime.recv() {
                runtime.block_on(begin_all(work));
            }
        };
        spawn_blocked(thread::Builder::new().name(NAME.to_owned()), drive)?;
        let _ = handover.send(Builder::new_current_thread().enable_all().build()?);
        Ok(Self { inbox })
    }

    /// Has the thread begin some work.
    ///
    /// Tokio's own way wakes the thread for each; this one once for all that come before it looks.
    pub(super) fn launch(&self, work: impl Future<Output = ()> + Send + 'static) -> Launched {
        let running = Arc::new(());
        let is_running = Arc::downgrade(&running);
        let work = work.map(move |()| drop(running));
        let (work, handle) = abortable(work);
        let _ = self.inbox.send(Box::pin(work.map(drop)));
        Launched { handle, is_running }
    }
}

/// Begins what comes, for as long as there is somebody to send it.
async fn begin_all(mut inbox: UnboundedReceiver<Work>) {
    while let Some(work) = inbox.recv().await {
        tokio::spawn(work);
    }
}

/// Work that ends when nobody waits for it any more.
#[derive(Debug)]
pub(super) struct Launched {
    handle: AbortHandle,
    is_running: Weak<()>,
}

impl Launched {
    pub(super) fn abort(&self) {
        self.handle.abort();
    }

    pub(super) fn is_running(&self) -> bool {
        self.is_running.strong_count() > 0
    }
}

impl Drop for Launched {
    fn drop(&mut self) {
        self.abort();
    }
}
