//! What a client is in one process: its options, its credentials, its connections.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::process::{OfProcess, Process};
use crate::config::Config;
use crate::credentials::Credentials;
use crate::error::Error;
use crate::transport::{Auth, Connection, Transport};

/// Shared with operations that were begun.
pub(super) struct Shared {
    config: Arc<Config>,
    state: Mutex<State>,
}

struct State {
    closed: bool,
    credentials: Option<Credentials>,
    /// How often the credentials were replaced.
    generation: u64,
    in_process: Option<OfProcess<InProcess>>,
}

/// Connections and tokens, which a forked child must not share.
struct InProcess {
    connection: Arc<Connection>,
    auth: Arc<Auth>,
}

impl Shared {
    pub(super) fn config(&self) -> &Config {
        &self.config
    }

    pub(super) fn new(config: Config) -> Self {
        let state = State { closed: false, credentials: None, generation: 0, in_process: None };
        Self { config: Arc::new(config), state: Mutex::new(state) }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.state().closed
    }

    /// How often the credentials were replaced; 0 while there are none.
    pub(super) fn generation(&self) -> u64 {
        self.state().generation
    }

    /// Replaces the credentials, unless they are the same; returns the generation.
    pub(super) fn set_credentials(&self, credentials: Credentials) -> Result<u64, Error> {
        let mut state = self.state();
        if state.credentials.as_ref() != Some(&credentials) {
            state.credentials = Some(credentials);
            state.generation += 1;
            // The connections stay: they carry no credentials.
            let process = Process::current();
            if let Some(connection) = state.of(process).map(|it| Arc::clone(&it.connection)) {
                state.enter(process, connection)?;
            }
        }
        Ok(state.generation)
    }

    /// Refuses every later call; gives what is left to end.
    pub(super) fn close(&self) -> Option<Transport> {
        let mut state = self.state();
        state.closed = true;
        let in_process = state.in_process.take()?;
        let InProcess { connection, auth } = in_process.get(Process::current())?;
        Some(Transport::new(Arc::clone(connection), Arc::clone(auth)))
    }

    /// Locked only with Python attached and never across a call into it: see `process`.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The transport of this process, made on first use and after a fork.
    pub(super) fn transport(&self, process: Process) -> Result<Transport, Error> {
        let mut state = self.state();
        if state.closed {
            return Err(Error::ClientClosed);
        }
        if let Some(InProcess { connection, auth }) = state.of(process) {
            return Ok(Transport::new(Arc::clone(connection), Arc::clone(auth)));
        }
        state.enter(process, Arc::new(Connection::new(Arc::clone(&self.config))?))
    }
}

impl State {
    /// What there is in a process already.
    fn of(&self, process: Process) -> Option<&InProcess> {
        self.in_process.as_ref()?.get(process)
    }

    /// Begins anew with the present credentials.
    fn enter(&mut self, process: Process, connection: Arc<Connection>) -> Result<Transport, Error> {
        let credentials = self.credentials.as_ref().ok_or_else(|| {
            Error::Configuration("the credentials callable was not asked yet".to_owned())
        })?;
        let auth = Arc::new(Auth::new(credentials)?);
        let transport = Transport::new(Arc::clone(&connection), Arc::clone(&auth));
        self.in_process = Some(OfProcess::new(process, InProcess { connection, auth }));
        Ok(transport)
    }
}
