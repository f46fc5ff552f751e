//! What a task writes to its standard output and error: events, up to a limit.

use crate::event::{Event, EventQueue};
use crate::failure::{ErrorType, Stop};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamError, StreamResult};

/// Where one task's output goes. Clones share its account.
#[derive(Clone, Debug)]
pub struct Output {
    events: Arc<EventQueue>,
    run: u64,
    task: u64,
    limit_bytes: u64,
    written_bytes: Arc<AtomicU64>,
}

impl Output {
    pub fn new(events: Arc<EventQueue>, run: u64, task: u64, limit_bytes: u64) -> Self {
        Self {
            events,
            run,
            task,
            limit_bytes,
            written_bytes: Arc::default(),
        }
    }

    /// Waits while the host has too much left to read.
    pub async fn wait_for_room(&self) {
        self.events.wait_for_room().await;
    }

    /// Passes bytes on. What goes over the limit is cut, marked, and ends the task.
    pub fn write(&self, descriptor: u32, bytes: &[u8]) -> wasmtime::Result<()> {
        let before = self
            .written_bytes
            .fetch_add(bytes.len() as u64, Ordering::Relaxed);
        let room = self.limit_bytes.saturating_sub(before);
        if bytes.len() as u64 <= room {
            self.emit(descriptor, bytes.to_vec());
            return Ok(());
        }
        let mut kept = bytes[..room as usize].to_vec();
        kept.extend_from_slice(b"\n[output cut: the limit is reached]\n");
        self.emit(descriptor, kept);
        Err(Stop::error(
            ErrorType::OutputLimit,
            format!(
                "wrote more than {} bytes to its output, which was cut there",
                self.limit_bytes
            ),
        ))
    }

    /// This output as a stream of WASI.
    pub fn stream(&self, descriptor: u32) -> OutputPort {
        OutputPort {
            output: self.clone(),
            descriptor,
        }
    }

    fn emit(&self, descriptor: u32, bytes: Vec<u8>) {
        if !bytes.is_empty() {
            let (run, task) = (self.run, self.task);
            self.events.push(
                &Event::Output {
                    run,
                    task,
                    descriptor,
                },
                bytes,
            );
        }
    }
}

/// Standard output or error as WASI sees it: for what writes past the guest SDK.
#[derive(Clone)]
pub struct OutputPort {
    output: Output,
    descriptor: u32,
}

impl IsTerminal for OutputPort {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for OutputPort {
    fn async_stream(&self) -> Box<dyn tokio::io::AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for OutputPort {
    async fn ready(&mut self) {
        self.output.wait_for_room().await;
    }
}

#[wasmtime_wasi::async_trait]
impl OutputStream for OutputPort {
    fn write(&mut self, bytes: bytes::Bytes) -> StreamResult<()> {
        self.output
            .write(self.descriptor, &bytes)
            .map_err(StreamError::Trap)
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        const PERMIT_BYTES: usize = 64 << 10;
        Ok(PERMIT_BYTES)
    }
}

impl tokio::io::AsyncWrite for OutputPort {
    fn poll_write(
        self: Pin<&mut Self>,
        _context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        match self.output.write(self.descriptor, bytes) {
            Ok(()) => Poll::Ready(Ok(bytes.len())),
            Err(error) => Poll::Ready(Err(std::io::Error::other(error.to_string()))),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(
        self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_and_marks_what_goes_over_the_limit() {
        let events = Arc::new(EventQueue::default());
        let output = Output::new(events.clone(), 1, 1, 10);
        output.write(1, b"12345678").unwrap();
        let error = output.write(1, b"90ab").unwrap_err();
        assert_eq!(
            error.downcast_ref::<Stop>().unwrap().0.error_type,
            ErrorType::OutputLimit
        );
        let text = String::from_utf8(events.next_batch(None).unwrap()).unwrap();
        assert!(text.contains("12345678"));
        assert!(text.contains("90\n[output cut"));
        assert!(!text.contains("90ab"));
    }
}
