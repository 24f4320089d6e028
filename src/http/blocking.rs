//! Work that blocks, on a thread of its own: it fails where there can be no thread.
//!
//! Tokio has threads for that too, but panics when it cannot make one.

use std::io;
use std::thread::Builder;

use tokio::sync::oneshot;

pub(crate) async fn spawn_blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<T> {
    let (sender, done) = oneshot::channel();
    Builder::new().name("atlas-backups".to_owned()).spawn(move || drop(sender.send(work())))?;
    done.await.map_err(io::Error::other)
}

#[cfg(test)]
#[allow(clippy::panic, clippy::unwrap_used)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_gives_what_it_found_and_a_panic_is_an_error() {
        assert_eq!(spawn_blocking(|| 7).await.unwrap(), 7);
        assert!(spawn_blocking(|| panic!("on purpose")).await.is_err());
    }
}
