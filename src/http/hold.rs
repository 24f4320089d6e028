//! Holds back what the calls of one event loop have not sent yet, while it cancels some of them.
//!
//! A cancelled call frees its place at once, and the call that gets it may be the next to be
//! cancelled.

use tokio::sync::watch;

/// Whether calls are held back; shared by all calls of one event loop.
#[derive(Debug, Clone, Default)]
pub struct Hold(watch::Sender<bool>);

impl Hold {
    /// Begins or ends it.
    pub fn set(&self, is_held: bool) {
        self.0.send_replace(is_held);
    }

    pub(crate) fn is_held(&self) -> bool {
        *self.0.borrow()
    }

    pub(crate) async fn released(&self) {
        // The sender is `self`, so this does not fail.
        let _ = self.0.subscribe().wait_for(|is_held| !is_held).await;
    }
}
