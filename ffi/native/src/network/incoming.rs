//! What comes of a response, part by part.

use super::refused::Refused;
use async_compression::tokio::bufread::{BrotliDecoder, GzipDecoder, ZlibDecoder};
use bytes::{Buf, Bytes};
use hyper::body::{Body as _, Incoming};
use hyper::header::{CONTENT_ENCODING, CONTENT_LENGTH, HeaderMap};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;
use tokio::io::{AsyncRead, BufReader, ReadBuf};

/// A response's body, as far as it was not read.
pub struct Body {
    pub reader: Reader,
    pub left: usize,
    pub until: Instant,
}

pub type Reader = Pin<Box<dyn AsyncRead + Send>>;

/// The bytes of a body as they come.
pub fn plain(incoming: Incoming) -> Reader {
    Box::pin(IncomingReader::new(incoming))
}

/// The body as it was before the server made it smaller, and headers that say so.
pub fn decoded(headers: &mut HeaderMap, incoming: Incoming) -> Reader {
    let encoding = headers
        .get(CONTENT_ENCODING)
        .and_then(|value| value.to_str().ok())
        .map(str::to_ascii_lowercase);
    let reader: Reader = match encoding.as_deref() {
        Some("gzip" | "x-gzip") => {
            let mut decoder = GzipDecoder::new(buffered(incoming));
            decoder.multiple_members(true);
            Box::pin(decoder)
        }
        Some("deflate") => Box::pin(ZlibDecoder::new(buffered(incoming))),
        Some("br") => Box::pin(BrotliDecoder::new(buffered(incoming))),
        _ => return plain(incoming),
    };
    headers.remove(CONTENT_ENCODING);
    headers.remove(CONTENT_LENGTH);
    reader
}

/// As decoders read.
fn buffered(incoming: Incoming) -> BufReader<IncomingReader> {
    BufReader::new(IncomingReader::new(incoming))
}

/// The parts of a body, one behind the other.
struct IncomingReader {
    incoming: Incoming,
    part: Bytes,
}

impl IncomingReader {
    fn new(incoming: Incoming) -> Self {
        Self {
            incoming,
            part: Bytes::new(),
        }
    }
}

impl AsyncRead for IncomingReader {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        while self.part.is_empty() {
            match ready!(Pin::new(&mut self.incoming).poll_frame(context)) {
                None => return Poll::Ready(Ok(())),
                Some(Err(error)) => {
                    return Poll::Ready(Err(io::Error::other(Refused::from_error(&error).message)));
                }
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        self.part = data;
                    }
                }
            }
        }
        let count = self.part.len().min(buffer.remaining());
        buffer.put_slice(&self.part[..count]);
        self.part.advance(count);
        Poll::Ready(Ok(()))
    }
}

/// Bytes of a head as text.
pub fn latin1(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}
