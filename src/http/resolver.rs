//! Resolves names as the system does, and only fails where there can be no thread for it.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::sync::Semaphore;

use crate::http::blocking::spawn_blocking;
use crate::http::fork_guard::GuardedSection;

/// Lookups at a time. One that its call has given up goes on, for nothing can stop it.
const MOST_LOOKUPS: usize = 16;

#[derive(Debug)]
pub(crate) struct SystemResolver(Arc<Semaphore>);

impl SystemResolver {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Semaphore::new(MOST_LOOKUPS)))
    }

    /// The addresses of a host, each with port 0.
    pub(crate) async fn addresses(&self, host: &str) -> io::Result<Vec<SocketAddr>> {
        let permit = Arc::clone(&self.0).acquire_owned().await.map_err(io::Error::other)?;
        let host = host.to_owned();
        let lookup = move || {
            let found = look_up(&host);
            drop(permit);
            found
        };
        spawn_blocking(lookup).await?
    }
}

impl Resolve for SystemResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let names = Self(Arc::clone(&self.0));
        Box::pin(async move {
            let addresses = names.addresses(name.as_str()).await?;
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

fn look_up(name: &str) -> io::Result<Vec<SocketAddr>> {
    let _running = GuardedSection::begin();
    // The port of the URL takes the place of this one.
    (name, 0).to_socket_addrs().map(Iterator::collect)
}
