//! The line between one process and the service, and the points at which the process can die.

use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::Notify;
use tokio::time::sleep_until;

use crate::http::client::mock_transport::{MockRequest, MockResponse, MockTransport};
use crate::simulation::case::Kill;
use crate::simulation::world::World;

#[derive(Debug)]
pub(crate) struct Line {
    world: Arc<Mutex<World>>,
    call: usize,
    kill: Option<Kill>,
    exchanges: AtomicU32,
    pub(crate) killed: Notify,
}

impl Line {
    pub(crate) fn new(world: &Arc<Mutex<World>>, call: usize, kill: Option<Kill>) -> Self {
        let world = Arc::clone(world);
        Self { world, call, kill, exchanges: AtomicU32::new(0), killed: Notify::new() }
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    /// Dies here if it is to die here.
    async fn pass(&self, point: Kill) {
        if self.kill == Some(point) {
            self.killed.notify_one();
            std::future::pending::<()>().await;
        }
    }

    async fn exchange(&self, asked: MockRequest) -> MockResponse {
        let number = self.exchanges.fetch_add(1, Ordering::Relaxed);
        self.pass(Kill::Unsent(number)).await;
        let is_cut = self.kill == Some(Kill::RequestError(number));
        let exchange = self.world().set_out(self.call, asked, is_cut);
        self.pass(Kill::RequestError(number)).await;
        sleep_until(exchange.there_at).await;
        let mut reply = self.world().act(self.call, &exchange);
        let Some(said) = reply.said.take() else { return std::future::pending().await };
        sleep_until(exchange.back_at).await;
        self.world().arrive(self.call, &exchange, &reply);
        self.pass(Kill::Answered(number)).await;
        said
    }
}

impl MockTransport for Line {
    fn answer(
        &self,
        asked: MockRequest,
    ) -> Pin<Box<dyn Future<Output = MockResponse> + Send + '_>> {
        Box::pin(self.exchange(asked))
    }
}
