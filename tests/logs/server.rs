//! An Atlas over HTTP/2 that grants a token, challenges, and takes every snapshot.

use std::path::PathBuf;

use bytes::Bytes;
use http::{HeaderMap, Response};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::ServerConfig;
use rustls::pki_types::PrivatePkcs8KeyDer;
use std::sync::Arc;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;
use tokio_rustls::TlsAcceptor;

pub(crate) const TOKEN: &str = "canary-access-token";
pub(crate) const SNAPSHOT_ID: &str = "6600000000000000000000bb";

pub(crate) struct Server {
    pub(crate) ca_file: PathBuf,
    port: u16,
    task: AbortHandle,
}

impl Server {
    pub(crate) async fn start() -> Self {
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let ca_file = std::env::temp_dir().join(format!("atlas-backups-logs-{port}.pem"));
        std::fs::write(&ca_file, cert.pem()).unwrap();
        let key = PrivatePkcs8KeyDer::from(signing_key.serialize_der());
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key.into())
            .unwrap();
        config.alpn_protocols = vec![b"h2".to_vec()];
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let task = tokio::spawn(async move {
            loop {
                let (socket, _) = listener.accept().await.unwrap();
                tokio::spawn(serve(acceptor.clone(), socket));
            }
        });
        Self { ca_file, port, task: task.abort_handle() }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Through a proxy a name that is not this machine, which would not go through it.
    pub(crate) fn url(&self, through_proxy: bool) -> String {
        let host = if through_proxy { "atlas.test" } else { "localhost" };
        format!("https://{host}:{}", self.port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
        let _ = std::fs::remove_file(&self.ca_file);
    }
}

/// A connection that is none of TLS, as one to a proxy, ends.
async fn serve(acceptor: TlsAcceptor, socket: TcpStream) {
    let Ok(socket) = acceptor.accept(socket).await else { return };
    let Ok(mut connection) = h2::server::handshake(socket).await else { return };
    while let Some(Ok((request, mut respond))) = connection.accept().await {
        let (status, challenge, body) = answer(request.uri().path(), request.headers());
        let mut response = Response::builder().status(status);
        if challenge {
            response = response.header("www-authenticate", r#"Digest realm="r", nonce="n""#);
        }
        let Ok(mut stream) = respond.send_response(response.body(()).unwrap(), false) else {
            continue;
        };
        let _ = stream.send_data(Bytes::from(body), true);
    }
}

fn answer(path: &str, headers: &HeaderMap) -> (u16, bool, String) {
    match path {
        "/api/oauth/token" => {
            (200, false, format!(r#"{{"access_token":"{TOKEN}","expires_in":3600}}"#))
        }
        "/api/oauth/revoke" => (200, false, String::new()),
        _ if headers.contains_key("authorization") => {
            (200, false, format!(r#"{{"id":"{SNAPSHOT_ID}","type":"replicaSet"}}"#))
        }
        _ => (401, true, String::new()),
    }
}
