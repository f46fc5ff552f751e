//! Values that guests use and never have: a guest holds a placeholder, which becomes the value in a header on its way to
//! the hosts that the value is for.
//!
//! A placeholder is replaced when the request is made for a host whose name and scheme were checked; the connection that
//! it then takes checks its addresses. Anywhere else, a placeholder fails the request: it would tell a server nothing, and
//! whoever put it there meant something else. What comes back from such hosts is searched for the value, as a server may
//! repeat it; what a server has encoded in its own way is not found.

use super::refused::{Kind, Refused};
use super::rules::{HostRule, Target};
use base64_simd::STANDARD;
use hyper::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, ReadBuf};

const BASIC: &str = "basic ";
/// What stands in the place of each byte of a value.
const BLANK: u8 = b'*';
/// What is read of a body at once.
const PART_BYTES: usize = 16 << 10;

/// A secret, as the host gives it.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Secret {
    /// The variable that it is called by.
    pub name: String,
    /// What guests have in its place: lower case, at least as long.
    pub placeholder: String,
    pub value: String,
    /// The hosts that it is for.
    pub hosts: Vec<HostRule>,
    /// The headers that it may stand in, in lower case.
    pub headers: Vec<String>,
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({})", self.name)
    }
}

impl Secret {
    fn is_in(&self, bytes: &[u8]) -> bool {
        let placeholder = self.placeholder.as_bytes();
        bytes
            .windows(placeholder.len())
            .any(|window| window.eq_ignore_ascii_case(placeholder))
    }

    fn is_for(&self, target: &Target) -> bool {
        let is_private = target.scheme == "https"
            || target.host == "localhost"
            || target
                .address()
                .is_some_and(|address| address.to_canonical().is_loopback());
        is_private && self.hosts.iter().any(|host| host.allows(target))
    }

    fn misplaced(&self, place: &str) -> Refused {
        let Self { name, headers, .. } = self;
        let message = format!(
            "the placeholder of the secret {name} is in {place}: it is allowed only in the headers {}",
            headers.join(", ")
        );
        Refused::new(Kind::Denied, message)
    }

    fn elsewhere(&self, target: &Target) -> Refused {
        let Self { name, .. } = self;
        let Target { scheme, host, port } = target;
        let message = format!(
            "the secret {name} may not go to {scheme}://{host}:{port}: it is for the hosts that its own list names, \
             by https or on this machine"
        );
        Refused::new(Kind::Denied, message)
    }
}

/// The secrets of a task.
#[derive(Clone, Debug, Default)]
pub struct Secrets(Arc<[Secret]>);

impl From<Vec<Secret>> for Secrets {
    fn from(secrets: Vec<Secret>) -> Self {
        Self(secrets.into())
    }
}

/// What a guest asks for, of which a part may be a placeholder.
pub struct Outgoing<'a> {
    pub method: &'a str,
    pub url: &'a str,
    pub target: &'a Target,
    pub headers: &'a mut HeaderMap,
    pub body: &'a [u8],
}

impl Secrets {
    /// Puts values in the place of placeholders. Returns what must not come back: nothing, if the request goes to a host
    /// that no secret is for.
    pub fn apply(&self, request: Outgoing<'_>) -> Result<Blanks, Refused> {
        let mut blanks = Blanks::default();
        for secret in &*self.0 {
            let decoded: Vec<u8> = percent_decode_str(request.url).collect();
            if secret.is_in(request.url.as_bytes()) || secret.is_in(&decoded) {
                return Err(secret.misplaced("the URL"));
            }
            if secret.is_in(request.method.as_bytes()) {
                return Err(secret.misplaced("the method"));
            }
            if secret.is_in(request.body) {
                return Err(secret.misplaced("the body"));
            }
            let is_for = secret.is_for(request.target);
            if is_for {
                blanks.add(secret.value.as_bytes());
                blanks.add(STANDARD.encode_to_string(&secret.value).as_bytes());
            }
            for (name, value) in request.headers.iter_mut() {
                if secret.is_in(name.as_str().as_bytes()) {
                    return Err(secret.misplaced("the name of a header"));
                }
                let credentials = (name == AUTHORIZATION).then(|| basic(value)).flatten();
                let held = credentials.as_deref().unwrap_or(value.as_bytes());
                if !secret.is_in(held) {
                    continue;
                }
                if !secret.headers.iter().any(|header| *header == name.as_str()) {
                    return Err(secret.misplaced(&format!("the header {name:?}")));
                }
                if !is_for {
                    return Err(secret.elsewhere(request.target));
                }
                let mut sent = replaced(held, secret);
                if credentials.is_some() {
                    let token = STANDARD.encode_to_string(&sent);
                    blanks.add(token.as_bytes());
                    sent = format!("Basic {token}").into_bytes();
                }
                *value = HeaderValue::from_bytes(&sent).map_err(|_| {
                    let message =
                        format!("the secret {} cannot be written into a header", secret.name);
                    Refused::new(Kind::Invalid, message)
                })?;
                value.set_sensitive(true);
                blanks.were_sent = true;
            }
        }
        Ok(blanks)
    }
}

/// The name and the password of a `Basic` header.
fn basic(value: &HeaderValue) -> Option<Vec<u8>> {
    let text = value.to_str().ok()?;
    let (scheme, token) = text.split_at_checked(BASIC.len())?;
    let is_basic = scheme.eq_ignore_ascii_case(BASIC);
    is_basic
        .then(|| STANDARD.decode_to_vec(token.trim()).ok())
        .flatten()
}

fn replaced(bytes: &[u8], secret: &Secret) -> Vec<u8> {
    let placeholder = secret.placeholder.as_bytes();
    let mut made = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(byte) = rest.first() {
        if rest.len() >= placeholder.len()
            && rest[..placeholder.len()].eq_ignore_ascii_case(placeholder)
        {
            made.extend_from_slice(secret.value.as_bytes());
            rest = &rest[placeholder.len()..];
        } else {
            made.push(*byte);
            rest = &rest[1..];
        }
    }
    made
}

/// What is blanked where it comes back.
#[derive(Clone, Debug, Default)]
pub struct Blanks {
    texts: Vec<Vec<u8>>,
    /// Whether the request held a value, and not only might have.
    pub were_sent: bool,
}

impl Blanks {
    fn add(&mut self, text: &[u8]) {
        self.texts.push(text.to_vec());
    }

    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// Some bytes, with all blanked that is in them.
    pub fn blanked(&self, bytes: &[u8]) -> Vec<u8> {
        self.take(&mut bytes.to_vec(), &mut 0, true)
    }

    /// Takes from the front of some bytes what may go on, blanked. What stays has always the same length, whatever it is:
    /// where parts end must not tell a guest whether a guess begins as a value does.
    ///
    /// `covered` is how many of the bytes belong to what was found before.
    fn take(&self, held: &mut Vec<u8>, covered: &mut usize, is_over: bool) -> Vec<u8> {
        let longest = self.texts.iter().map(Vec::len).max().unwrap_or(1);
        let kept = if is_over { 0 } else { longest - 1 };
        let ready = held.len().saturating_sub(kept);
        let mut end = *covered;
        let mut taken = Vec::with_capacity(ready);
        for at in 0..ready {
            // One may begin as another does, or within it: all of both is blanked.
            let found = self
                .texts
                .iter()
                .filter(|text| held[at..].starts_with(text));
            if let Some(length) = found.map(Vec::len).max() {
                end = end.max(at + length);
            }
            taken.push(if at < end { BLANK } else { held[at] });
        }
        *covered = end.saturating_sub(ready);
        held.drain(..ready);
        taken
    }

    /// Blanks the values of headers, and leaves out those whose name holds what must not come back.
    pub fn blank_headers(&self, headers: &mut HeaderMap) {
        let is_in = |name: &HeaderName, text: &[u8]| {
            let name = name.as_str().as_bytes();
            name.windows(text.len())
                .any(|window| window.eq_ignore_ascii_case(text))
        };
        let named: Vec<HeaderName> = headers
            .keys()
            .filter(|name| self.texts.iter().any(|text| is_in(name, text)))
            .cloned()
            .collect();
        for name in named {
            headers.remove(name);
        }
        for value in headers.values_mut() {
            if let Ok(blanked) = HeaderValue::from_bytes(&self.blanked(value.as_bytes())) {
                *value = blanked;
            }
        }
    }
}

/// A body without what must not come back, also where that lies over the border of two parts.
pub struct Blanked<R> {
    reader: R,
    blanks: Blanks,
    /// What was read and may not go on yet, and how much of it is blank.
    held: Vec<u8>,
    covered: usize,
    /// What may go on.
    ready: Vec<u8>,
    is_over: bool,
}

impl<R: AsyncRead + Unpin> Blanked<R> {
    pub fn new(reader: R, blanks: Blanks) -> Self {
        Self {
            reader,
            blanks,
            held: Vec::new(),
            covered: 0,
            ready: Vec::new(),
            is_over: false,
        }
    }
}

impl<R: AsyncRead + Unpin> AsyncRead for Blanked<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        while this.ready.is_empty() && !this.is_over {
            let mut part = [0; PART_BYTES];
            let mut part = ReadBuf::new(&mut part);
            ready!(Pin::new(&mut this.reader).poll_read(context, &mut part))?;
            this.is_over = part.filled().is_empty();
            this.held.extend_from_slice(part.filled());
            this.ready = this
                .blanks
                .take(&mut this.held, &mut this.covered, this.is_over);
        }
        let count = this.ready.len().min(buffer.remaining());
        buffer.put_slice(&this.ready[..count]);
        this.ready.drain(..count);
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests;
