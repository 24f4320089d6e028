//! The state of a client: its options, its credentials, and the connections of this process.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::auth::Auth;
use crate::config::Config;
use crate::credentials::Credentials;
use crate::error::Error;
use crate::http::HttpClient;
use crate::operations::AtlasClient;
use crate::python::fork::{PerProcess, ProcessId};

/// The state that operations in progress share.
pub(super) struct ClientState {
    config: Arc<Config>,
    state: Mutex<State>,
}

struct State {
    closed: bool,
    credentials: Option<Credentials>,
    /// How often the credentials were replaced.
    generation: u64,
    /// Connections and tokens, which a forked child must not share.
    client: Option<PerProcess<AtlasClient>>,
}

impl ClientState {
    pub(super) fn config(&self) -> &Config {
        &self.config
    }

    pub(super) fn new(config: Config) -> Self {
        let state = State { closed: false, credentials: None, generation: 0, client: None };
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
            let process = ProcessId::current();
            if let Some(client) = state.client_of(process) {
                let client = client.with_auth(Auth::new(&credentials)?);
                state.client = Some(PerProcess::new(process, client));
            }
            state.credentials = Some(credentials);
            state.generation += 1;
        }
        Ok(state.generation)
    }

    /// Rejects every later call; returns the client whose token is to be revoked.
    pub(super) fn close(&self) -> Option<AtlasClient> {
        let mut state = self.state();
        state.closed = true;
        state.client.take()?.get(ProcessId::current()).cloned()
    }

    /// The client of this process, created on first use and after a fork.
    pub(super) fn client(&self, process: ProcessId) -> Result<AtlasClient, Error> {
        let mut state = self.state();
        if state.closed {
            return Err(Error::ClientClosed);
        }
        if let Some(client) = state.client_of(process) {
            return Ok(client.clone());
        }
        let credentials = state.credentials.as_ref().ok_or_else(|| {
            Error::Configuration("the credentials callable was not called yet".to_owned())
        })?;
        let auth = Auth::new(credentials)?;
        let client = AtlasClient::new(HttpClient::new(Arc::clone(&self.config))?, auth);
        state.client = Some(PerProcess::new(process, client.clone()));
        Ok(client)
    }

    /// Locked only with Python attached and never across a call into it: see `fork`.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn client_of(&self, process: ProcessId) -> Option<&AtlasClient> {
        self.client.as_ref()?.get(process)
    }
}
