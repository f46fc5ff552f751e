//! HTTP requests of one task, and their responses.

use super::client::{Certificates, HttpClient, client};
use super::incoming::{Body, decoded, latin1, plain};
use super::outgoing::{HttpRequest, parse_headers, parse_method, parse_url, redacted};
use super::refused::{Kind, Refused};
use super::rules::{Hosts, Target};
use super::secrets::{Blanked, Blanks, Outgoing, Secrets};
use crate::events::envelope::{HostRequest, rounded};
use crate::values::failure::shorten;
use crate::values::payload::Payload;
use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{ACCEPT_ENCODING, CONTENT_ENCODING, HeaderMap, HeaderValue};
use hyper::{Method, Request, Response};
use serde::Deserialize;
use serde_json::json;
use std::collections::HashMap;
use std::error::Error;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};
use tokio::io::AsyncReadExt;
use tokio::sync::{Mutex as AsyncMutex, Semaphore};
use url::Url;

/// Until the head of a response is there, and between two parts of its body.
const SILENCE_AT_MOST: Duration = Duration::from_secs(60);
/// A body that comes drop by drop ends here.
const BODY_TIME_AT_MOST: Duration = Duration::from_secs(600);
const AT_ONCE_AT_MOST: usize = 32;
/// What an envelope holds of a request.
const URL_CHARACTERS_AT_MOST: usize = 2_000;
const METHOD_CHARACTERS_AT_MOST: usize = 32;
/// What a guest gets of a body at once.
const PART_BYTES: usize = 256 << 10;

/// What of the network a task may use.
#[derive(Clone, Debug, Default)]
pub struct NetworkGrant {
    pub hosts: Hosts,
    pub secrets: Secrets,
    /// How an error names the option that lists hosts.
    pub option: &'static str,
    pub requests_at_most: usize,
    pub body_bytes_at_most: usize,
}

/// The network as one task has it, over all its attempts.
pub struct Network {
    grant: NetworkGrant,
    certificates: Arc<Certificates>,
    client: OnceLock<HttpClient>,
    at_once: Semaphore,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    requests: Vec<Sent>,
    /// Counts the attempts that have ended.
    attempt: u32,
    bodies: HashMap<u32, Arc<AsyncMutex<Body>>>,
    next_body: u32,
}

/// A request that left, and what came of it so far.
struct Sent {
    method: String,
    url: String,
    started: Instant,
    status: Option<u16>,
    /// Until the head of the response was there, or the request was given up.
    duration: Option<Duration>,
}

#[derive(Debug, Deserialize)]
struct BodyRequest {
    body: u32,
}

impl Network {
    pub fn new(grant: NetworkGrant, certificates: Arc<Certificates>) -> Self {
        Self {
            grant,
            certificates,
            client: OnceLock::new(),
            at_once: Semaphore::new(AT_ONCE_AT_MOST),
            state: Mutex::default(),
        }
    }

    /// The requests that left, redacted: also those that are still open.
    pub fn requests(&self) -> Vec<HostRequest> {
        let milliseconds = |sent: &Sent| {
            let duration = sent.duration.unwrap_or_else(|| sent.started.elapsed());
            rounded(duration.as_secs_f64() * 1000.0)
        };
        let told = |sent: &Sent| HostRequest {
            method: sent.method.clone(),
            url: sent.url.clone(),
            status: sent.status,
            duration_ms: milliseconds(sent),
        };
        self.lock().requests.iter().map(told).collect()
    }

    /// Makes a request, and waits for the head of its response.
    pub fn request(self: Arc<Self>, request: Payload) -> impl Future<Output = Payload> + Send {
        // Read now: the future may run first when the attempt has ended.
        let attempt = self.lock().attempt;
        async move {
            match self.try_request(request, attempt).await {
                Ok(payload) => payload,
                Err(Refused { kind, message }) => Payload::error(kind.as_str(), message),
            }
        }
    }

    async fn try_request(&self, payload: Payload, attempt: u32) -> Result<Payload, Refused> {
        let request: HttpRequest = serde_json::from_str(&payload.json)
            .map_err(|error| Refused::new(Kind::Invalid, format!("http: {error}")))?;
        let (url, target) = parse_url(&request.url)?;
        self.check(&target)?;
        let method = parse_method(&request.method)?;
        let mut headers = parse_headers(&request, &target, &url)?;
        let blanks = self.grant.secrets.apply(Outgoing {
            method: method.as_str(),
            url: url.as_str(),
            target: &target,
            headers: &mut headers,
            body: &payload.bytes,
        })?;
        if blanks.were_sent || !(blanks.is_empty() || request.decompress) {
            // What the server makes smaller in its own way would not be found in what comes back. It may have kept the value
            // of an earlier request: what the guest would decompress itself is asked for as it is, too.
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        }
        let _turn = self.at_once.acquire().await;
        let leaving = self.leave(attempt, &method, &url)?;
        let response = self.send(&method, &url, headers, payload.bytes).await?;
        leaving.answered(response.status().as_u16());
        let reading = Reading {
            decompress: request.decompress,
            is_head: method == Method::HEAD,
            blanks,
        };
        self.keep(response, reading, attempt)
    }

    /// Whether a request to this host could be allowed: for libraries that connect before they ask.
    pub fn reach(&self, request: &Payload) -> Payload {
        #[derive(Deserialize)]
        struct Address {
            host: String,
            port: u16,
        }
        let address: Address = match serde_json::from_str(&request.json) {
            Ok(address) => address,
            Err(error) => {
                let message = format!("http_reach: {error}");
                return Payload::error(Kind::Invalid.as_str(), message);
            }
        };
        let Address { host, port } = address;
        let host = if host.contains(':') {
            format!("[{host}]")
        } else {
            host
        };
        // The error is about the one that is meant more likely.
        let schemes = if port == 443 {
            ["http", "https"]
        } else {
            ["https", "http"]
        };
        let mut last = None;
        for scheme in schemes {
            let url = format!("{scheme}://{host}:{port}/");
            match parse_url(&url).and_then(|(_, target)| self.check(&target)) {
                Ok(()) => return Payload::json("null"),
                Err(refused) => last = Some(refused),
            }
        }
        let Refused { kind, message } = last.expect("two schemes were tried");
        Payload::error(kind.as_str(), message)
    }

    fn check(&self, target: &Target) -> Result<(), Refused> {
        let NetworkGrant { hosts, option, .. } = &self.grant;
        if hosts.is_granted(target) {
            return Ok(());
        }
        Err(Refused::new(Kind::Denied, hosts.refusal(target, option)))
    }

    /// Lists a request, which leaves then. None leaves once its attempt has ended.
    fn leave(&self, attempt: u32, method: &Method, url: &Url) -> Result<Leaving<'_>, Refused> {
        let limit = self.grant.requests_at_most;
        let mut state = self.lock();
        if state.attempt != attempt {
            return Err(ended());
        }
        let index = state.requests.len();
        if index >= limit {
            return Err(Refused::new(
                Kind::Denied,
                format!("a task may make {limit} requests (requests under [budget])"),
            ));
        }
        state.requests.push(Sent {
            method: shorten(method.as_str(), METHOD_CHARACTERS_AT_MOST),
            url: shorten(&redacted(url), URL_CHARACTERS_AT_MOST),
            started: Instant::now(),
            status: None,
            duration: None,
        });
        Ok(Leaving {
            network: self,
            index,
        })
    }

    async fn send(
        &self,
        method: &Method,
        url: &Url,
        headers: HeaderMap,
        body: Vec<u8>,
    ) -> Result<Response<Incoming>, Refused> {
        let invalid =
            |error: &dyn Error| Refused::new(Kind::Invalid, format!("the request: {error}"));
        let mut address = url.clone();
        address.set_fragment(None);
        // What stands there is for a header, which the guest sends itself.
        let _ = address.set_username("");
        let _ = address.set_password(None);
        let mut request = Request::builder()
            .method(method)
            .uri(address.as_str())
            .body(Full::new(Bytes::from(body)))
            .map_err(|error| invalid(&error))?;
        *request.headers_mut() = headers;
        let sent = self.client()?.request(request);
        match tokio::time::timeout(SILENCE_AT_MOST, sent).await {
            Ok(response) => response.map_err(|error| Refused::from_error(&error)),
            Err(_) => Err(Refused::new(
                Kind::Network,
                format!(
                    "the server did not answer within {} s",
                    SILENCE_AT_MOST.as_secs()
                ),
            )),
        }
    }

    fn client(&self) -> Result<&HttpClient, Refused> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let made = client(self.grant.hosts.clone(), &self.certificates)
            .map_err(|error| Refused::new(Kind::Network, error.to_string()))?;
        Ok(self.client.get_or_init(|| made))
    }

    /// The head of a response for the guest, and its body for when it asks.
    fn keep(
        &self,
        response: Response<Incoming>,
        reading: Reading,
        attempt: u32,
    ) -> Result<Payload, Refused> {
        let Reading {
            decompress,
            is_head,
            blanks,
        } = reading;
        let (mut head, incoming) = response.into_parts();
        let has_body = !is_head && !matches!(head.status.as_u16(), 204 | 304);
        // One coding that is known is undone below. A list, a second header or another coding is not.
        let mut codings = head.headers.get_all(CONTENT_ENCODING).iter();
        let coding = codings
            .next()
            .map(|value| value.as_bytes().to_ascii_lowercase());
        let is_plain = coding.is_none() || coding.as_deref() == Some(b"identity");
        let is_known = matches!(
            coding.as_deref(),
            Some(b"gzip" | b"x-gzip" | b"deflate" | b"br")
        );
        let is_decoded = decompress && has_body;
        let is_found = codings.next().is_none() && (is_plain || is_decoded && is_known);
        if !blanks.is_empty() && has_body && !is_found {
            return Err(Refused::new(
                Kind::Denied,
                "the server compressed its response, though the request did not allow it: a secret in it could not be found",
            ));
        }
        let mut reader = if is_decoded {
            decoded(&mut head.headers, incoming)
        } else {
            plain(incoming)
        };
        if !blanks.is_empty() {
            blanks.blank_headers(&mut head.headers);
            reader = Box::pin(Blanked::new(reader, blanks.clone()));
        }
        let headers: Vec<(String, String)> = head
            .headers
            .iter()
            .map(|(name, value)| (name.to_string(), latin1(value.as_bytes())))
            .collect();
        let mut state = self.lock();
        if state.attempt != attempt {
            return Err(ended());
        }
        let id = state.next_body;
        state.next_body += 1;
        let body = Body {
            reader,
            left: self.grant.body_bytes_at_most,
            until: Instant::now() + BODY_TIME_AT_MOST,
        };
        state.bodies.insert(id, Arc::new(AsyncMutex::new(body)));
        let reason = head
            .extensions
            .get::<hyper::ext::ReasonPhrase>()
            .map(|reason| latin1(&blanks.blanked(reason.as_bytes())))
            .or_else(|| head.status.canonical_reason().map(str::to_owned));
        Ok(Payload::json(
            json!({
                "status": head.status.as_u16(),
                "reason": reason.unwrap_or_default(),
                "headers": headers,
                "body": id,
            })
            .to_string(),
        ))
    }

    /// The next part of a body; nothing at its end.
    pub async fn read(&self, request: Payload) -> Payload {
        let found = self.body(&request);
        let (id, body) = match found {
            Ok(found) => found,
            Err(message) => return Payload::error("invalid_request", message),
        };
        let mut body = body.lock().await;
        let mut part = vec![0; PART_BYTES];
        let silence = SILENCE_AT_MOST.min(body.until.saturating_duration_since(Instant::now()));
        let read = tokio::time::timeout(silence, body.reader.read(&mut part)).await;
        let count = match read {
            Ok(Ok(count)) => count,
            Ok(Err(error)) => return self.broken(id, error.to_string()),
            Err(_) => {
                let message = format!(
                    "the server sent nothing for {} s, or its body took {} s",
                    SILENCE_AT_MOST.as_secs(),
                    BODY_TIME_AT_MOST.as_secs()
                );
                return self.broken(id, message);
            }
        };
        let Some(left) = body.left.checked_sub(count) else {
            let limit = self.grant.body_bytes_at_most;
            self.lock().bodies.remove(&id);
            return Payload::error(
                "resource_limit",
                format!(
                    "the body of a response is longer than {limit} bytes (body_size under [budget])"
                ),
            );
        };
        body.left = left;
        part.truncate(count);
        if count == 0 {
            self.lock().bodies.remove(&id);
        }
        Payload {
            json: json!({ "done": count == 0 }).to_string(),
            bytes: part,
        }
    }

    /// Drops a body that is not read to its end.
    pub fn discard(&self, request: &Payload) -> Payload {
        if let Ok((id, _)) = self.body(request) {
            self.lock().bodies.remove(&id);
        }
        Payload::json("null")
    }

    fn body(&self, request: &Payload) -> Result<(u32, Arc<AsyncMutex<Body>>), String> {
        let BodyRequest { body: id } = serde_json::from_str(&request.json)
            .map_err(|error| format!("a body is named by its number: {error}"))?;
        let body = self.lock().bodies.get(&id).cloned();
        body.map(|body| (id, body))
            .ok_or_else(|| format!("there is no body {id} to read"))
    }

    fn broken(&self, id: u32, message: String) -> Payload {
        self.lock().bodies.remove(&id);
        Payload::error("network", message)
    }

    /// Ends what an attempt has left: another one shall not see it. It comes before the attempt's requests are aborted one by one,
    /// since each that is aborted lets another one take its turn.
    pub fn end_attempt(&self) {
        let mut state = self.lock();
        state.attempt += 1;
        state.bodies.clear();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How a response is read.
struct Reading {
    decompress: bool,
    is_head: bool,
    blanks: Blanks,
}

/// A request that is under way. Dropped at its end, or when it is given up.
struct Leaving<'a> {
    network: &'a Network,
    index: usize,
}

impl Leaving<'_> {
    fn answered(&self, status: u16) {
        self.network.lock().requests[self.index].status = Some(status);
    }
}

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        let sent = &mut self.network.lock().requests[self.index];
        sent.duration = Some(sent.started.elapsed());
    }
}

fn ended() -> Refused {
    Refused::new(Kind::Denied, "the task that sent it has ended")
}
