//! Resolves names as the system does, and only fails where there can be no thread for it.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::sync::Semaphore;

use super::apart::apart;
use super::forks::Lookup;

/// Lookups at a time. One that its call has given up goes on, for nothing can stop it.
const MOST_LOOKUPS: usize = 16;

#[derive(Debug)]
pub(super) struct Names(Arc<Semaphore>);

impl Names {
    pub(super) fn new() -> Self {
        Self(Arc::new(Semaphore::new(MOST_LOOKUPS)))
    }
}

impl Resolve for Names {
    fn resolve(&self, name: Name) -> Resolving {
        let permits = Arc::clone(&self.0);
        Box::pin(async move {
            let permit = permits.acquire_owned().await?;
            let lookup = move || {
                let found = look_up(name.as_str());
                drop(permit);
                found
            };
            let addresses = apart(lookup).await??;
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

fn look_up(name: &str) -> io::Result<Vec<SocketAddr>> {
    let _running = Lookup::begin();
    // The port of the URL takes the place of this one.
    (name, 0).to_socket_addrs().map(Iterator::collect)
}
