//! Connections to hosts that a policy lists, at addresses that it allows.

use super::refused::{Kind, Refused};
use super::rules::{Hosts, Target};
use crate::machine::descriptors::is_affordable;
use bytes::Bytes;
use http_body_util::Full;
use hyper::Uri;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::net::{TcpStream, lookup_host};
use tower_service::Service;
use url::Url;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);
const IDLE_AT_MOST: usize = 8;

/// Keeps connections for the next request of the same task.
pub type HttpClient = Client<HttpsConnector<Connector>, Full<Bytes>>;

/// A client that connects to nothing but these hosts.
pub fn client(hosts: Hosts, certificates: &Certificates) -> io::Result<HttpClient> {
    let connector = HttpsConnectorBuilder::new()
        .with_tls_config(certificates.config()?)
        .https_or_http()
        .enable_http1()
        .wrap_connector(Connector { hosts });
    Ok(Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE_TIMEOUT)
        .pool_max_idle_per_host(IDLE_AT_MOST)
        .build(connector))
}

/// Whom the host trusts: the certificates of one file. They are read when they are first needed.
#[derive(Debug, Default)]
pub struct Certificates {
    /// PEM. The first that there is.
    files: Vec<PathBuf>,
    config: OnceLock<Arc<ClientConfig>>,
}

impl Certificates {
    pub fn new(files: Vec<PathBuf>) -> Self {
        Self {
            files,
            config: OnceLock::new(),
        }
    }

    fn config(&self) -> io::Result<ClientConfig> {
        if let Some(config) = self.config.get() {
            return Ok(ClientConfig::clone(config));
        }
        let mut roots = RootCertStore::empty();
        if let Some(file) = self.files.iter().find(|file| file.is_file()) {
            let unreadable = |error| {
                io::Error::other(format!(
                    "Cannot read the certificates in \"{}\": {error}",
                    file.display()
                ))
            };
            let found = CertificateDer::pem_file_iter(file).map_err(unreadable)?;
            // Some that no library of today reads are in every system's file.
            roots.add_parsable_certificates(found.filter_map(Result::ok));
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(ClientConfig::clone(
            self.config.get_or_init(|| Arc::new(config)),
        ))
    }
}

/// Resolves a name once, looks at every address, and connects to one that it looked at.
#[derive(Clone)]
pub struct Connector {
    hosts: Hosts,
}

impl Service<Uri> for Connector {
    type Response = TokioIo<TcpStream>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let hosts = self.hosts.clone();
        Box::pin(async move {
            let target = Url::parse(&uri.to_string())
                .ok()
                .and_then(|url| Target::of(&url))
                .ok_or_else(|| Refused::error(Kind::Invalid, "its address is malformed"))?;
            match tokio::time::timeout(CONNECT_TIMEOUT, connect(&hosts, &target)).await {
                Ok(stream) => stream.map(TokioIo::new),
                Err(_) => Err(Refused::error(
                    Kind::Network,
                    format!(
                        "connecting to {} took longer than {} s",
                        target.host,
                        CONNECT_TIMEOUT.as_secs()
                    ),
                )),
            }
        })
    }
}

async fn connect(hosts: &Hosts, target: &Target) -> io::Result<TcpStream> {
    // Looked at again: nobody but the requests of this task comes here, and they looked before.
    if !hosts.is_granted(target) {
        return Err(Refused::error(Kind::Denied, "it is not listed"));
    }
    let addresses = match target.address() {
        Some(address) => vec![SocketAddr::new(address, target.port)],
        None => lookup_host((target.host.as_str(), target.port))
            .await
            .map_err(|_| {
                let message = format!("the host {} is not found", target.host);
                Refused::error(Kind::NotFound, message)
            })?
            .collect(),
    };
    // One that is not allowed is enough: which of them is tried is not the policy's choice.
    if let Some(address) = addresses
        .iter()
        .find(|address| !hosts.allow_address(target, address.ip()))
    {
        return Err(Refused::error(
            Kind::Denied,
            format!(
                "{} is at the address {}, which is not public, and not listed by itself",
                target.host,
                address.ip()
            ),
        ));
    }
    let mut last = Refused::error(
        Kind::NotFound,
        format!("the host {} has no address", target.host),
    );
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(stream) if !is_affordable(&stream) => {
                let message = "the process that runs the task has too many files open";
                return Err(Refused::error(Kind::Denied, message));
            }
            Ok(stream) => {
                stream.set_nodelay(true)?;
                return Ok(stream);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}
