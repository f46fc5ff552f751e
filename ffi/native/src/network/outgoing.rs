//! What a guest wants to send, as far as it may.

use super::refused::{Kind, Refused};
use super::rules::{QUOTED_CHARACTERS_AT_MOST, Target};
use crate::values::failure::shorten;
use hyper::Method;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;
use url::Url;

const HEADERS_AT_MOST: usize = 200;
const URL_BYTES_AT_MOST: usize = 16 << 10;

#[derive(Debug, Deserialize)]
pub struct HttpRequest {
    pub method: String,
    pub url: String,
    #[serde(default)]
    pub headers: Vec<(String, String)>,
    /// Undo what the server did to make the body smaller.
    #[serde(default)]
    pub decompress: bool,
}

pub fn parse_url(text: &str) -> Result<(Url, Target), Refused> {
    let invalid = |problem: &str| Refused::new(Kind::Invalid, format!("the URL {problem}"));
    if text.len() > URL_BYTES_AT_MOST {
        return Err(invalid("is too long"));
    }
    let url = Url::parse(text).map_err(|error| invalid(&format!("is malformed: {error}")))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(invalid(&format!(
            "has the unsupported scheme {:?}; supported: http, https",
            shorten(url.scheme(), QUOTED_CHARACTERS_AT_MOST)
        )));
    }
    let target = Target::of(&url).ok_or_else(|| invalid("has no host"))?;
    Ok((url, target))
}

pub fn parse_method(text: &str) -> Result<Method, Refused> {
    let method = Method::from_bytes(text.as_bytes()).map_err(|_| {
        Refused::new(
            Kind::Invalid,
            format!(
                "{:?} is not an HTTP method",
                shorten(text, QUOTED_CHARACTERS_AT_MOST)
            ),
        )
    })?;
    if matches!(method, Method::CONNECT | Method::TRACE) {
        return Err(Refused::new(
            Kind::Denied,
            format!("a task may not use {method}"),
        ));
    }
    Ok(method)
}

/// How long a message is, and where it ends, is the host's business alone.
const OWN_HEADERS: [&str; 9] = [
    "connection",
    "content-length",
    "expect",
    "http2-settings",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

pub fn parse_headers(
    request: &HttpRequest,
    target: &Target,
    url: &Url,
) -> Result<HeaderMap, Refused> {
    if request.headers.len() > HEADERS_AT_MOST {
        return Err(Refused::new(
            Kind::Invalid,
            format!("a request may have {HEADERS_AT_MOST} headers"),
        ));
    }
    let mut headers = HeaderMap::new();
    for (name, value) in &request.headers {
        let invalid = |what: &str| {
            let name = shorten(name, QUOTED_CHARACTERS_AT_MOST);
            Refused::new(Kind::Invalid, format!("the header {name:?} {what}"))
        };
        let parsed =
            HeaderName::from_bytes(name.as_bytes()).map_err(|_| invalid("has no valid name"))?;
        if parsed == "host" {
            if !is_authority(value, target, url) {
                return Err(invalid("names a host other than the URL's"));
            }
            continue;
        }
        if parsed.as_str().starts_with("proxy-") {
            return Err(invalid("is for a proxy, and requests use none"));
        }
        if OWN_HEADERS.contains(&parsed.as_str()) {
            continue;
        }
        let bytes = from_latin1(value).ok_or_else(|| invalid("has a value beyond Latin-1"))?;
        let value = HeaderValue::from_bytes(&bytes)
            .map_err(|_| invalid("has a line break or another control character in its value"))?;
        headers.append(parsed, value);
    }
    if request.decompress && !headers.contains_key("accept-encoding") {
        headers.insert(
            "accept-encoding",
            HeaderValue::from_static("gzip, deflate, br"),
        );
    }
    if !headers.contains_key("user-agent") {
        headers.insert(
            "user-agent",
            HeaderValue::from_static(concat!("Capsule/", env!("CARGO_PKG_VERSION"))),
        );
    }
    if !headers.contains_key("accept") {
        headers.insert("accept", HeaderValue::from_static("*/*"));
    }
    Ok(headers)
}

/// Whether a `Host` header says what the URL says.
fn is_authority(value: &str, target: &Target, url: &Url) -> bool {
    let named = Url::parse(&format!("{}://{value}/", url.scheme()));
    named.is_ok_and(|named| Target::of(&named).as_ref() == Some(target) && named.path() == "/")
}

/// The URL without what may be secret.
pub fn redacted(url: &Url) -> String {
    let mut url = url.clone();
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_query(None);
    url.set_fragment(None);
    url.into()
}

fn from_latin1(text: &str) -> Option<Vec<u8>> {
    text.chars()
        .map(|character| u8::try_from(u32::from(character)).ok())
        .collect()
}
