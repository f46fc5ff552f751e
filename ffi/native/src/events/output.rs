//! What a task writes to its standard output and error: events, up to a limit.

use crate::events::capture::Capture;
use crate::events::queue::{Event, EventQueue};
use crate::values::failure::{ErrorType, Stop};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamError, StreamResult};

/// The most bytes of one event.
const PART_BYTES_AT_MOST: usize = 64 << 10;
/// The image of a program that prints more while it is loaded is not stored.
const RECORDED_BYTES_AT_MOST: usize = 64 << 10;

/// What was written to which descriptor, in its order.
pub type Record = Vec<(u32, Vec<u8>)>;

/// The output of one task. Clones share its count of bytes.
#[derive(Clone, Debug)]
pub struct Output {
    events: Arc<EventQueue>,
    run: u64,
    task: u64,
    limit_bytes: u64,
    written_bytes: Arc<AtomicU64>,
    recorder: Option<Arc<Mutex<Recorder>>>,
    capture: Option<Arc<Capture>>,
}

#[derive(Debug, Default)]
struct Recorder {
    record: Record,
    bytes: usize,
}

impl Recorder {
    fn add(&mut self, descriptor: u32, bytes: &[u8]) {
        self.bytes += bytes.len();
        if self.bytes <= RECORDED_BYTES_AT_MOST {
            self.record.push((descriptor, bytes.to_vec()));
        }
    }
}

impl Output {
    pub fn new(events: Arc<EventQueue>, run: u64, task: u64, limit_bytes: u64) -> Self {
        Self {
            events,
            run,
            task,
            limit_bytes,
            written_bytes: Arc::default(),
            recorder: None,
            capture: None,
        }
    }

    /// The same, kept for the envelope of its run, too.
    pub fn captured(self, capture: Option<Arc<Capture>>) -> Self {
        Self { capture, ..self }
    }

    /// The same, remembering what is written.
    pub fn recorded(self) -> Self {
        Self {
            recorder: Some(Arc::default()),
            ..self
        }
    }

    /// What was written; None if it is too long to be kept.
    pub fn record(&self) -> Option<Record> {
        let recorder = self.recorder.as_ref()?.lock();
        let recorder = recorder.unwrap_or_else(PoisonError::into_inner);
        (recorder.bytes <= RECORDED_BYTES_AT_MOST).then(|| recorder.record.clone())
    }

    /// Writes what another output has recorded.
    pub fn replay(&self, record: Record) {
        for (descriptor, bytes) in record {
            self.emit(descriptor, bytes);
        }
    }

    /// Passes bytes on, part by part, as fast as the host reads. What goes over the limit is cut, marked,
    /// and ends the task.
    pub async fn write(&self, descriptor: u32, bytes: &[u8]) -> wasmtime::Result<()> {
        for part in bytes.chunks(PART_BYTES_AT_MOST) {
            self.events.wait_for_room().await;
            self.write_part(descriptor, part)?;
        }
        Ok(())
    }

    fn write_part(&self, descriptor: u32, bytes: &[u8]) -> wasmtime::Result<()> {
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

    /// Writes a message of the host to the task's standard error, up to the limit, without waiting.
    pub fn tell(&self, text: &str) {
        // A task that ends has its result already: the limit cuts this, and no more.
        let _ = self.write_part(2, text.as_bytes());
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
            if let Some(recorder) = &self.recorder {
                let mut recorder = recorder.lock().unwrap_or_else(PoisonError::into_inner);
                recorder.add(descriptor, &bytes);
            }
            if let Some(capture) = &self.capture {
                capture.add(descriptor, &bytes);
            }
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

/// Standard output or error as a stream of WASI: for code that does not write by the SDK.
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
        self.output.events.wait_for_room().await;
    }
}

#[wasmtime_wasi::async_trait]
impl OutputStream for OutputPort {
    fn write(&mut self, bytes: bytes::Bytes) -> StreamResult<()> {
        self.output
            .write_part(self.descriptor, &bytes)
            .map_err(StreamError::Trap)
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(PART_BYTES_AT_MOST)
    }
}

impl tokio::io::AsyncWrite for OutputPort {
    fn poll_write(
        self: Pin<&mut Self>,
        _context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        match self.output.write_part(self.descriptor, bytes) {
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

    #[tokio::test]
    async fn cuts_and_marks_what_goes_over_the_limit() {
        let events = Arc::new(EventQueue::default());
        let output = Output::new(events.clone(), 1, 1, 10);
        output.write(1, b"12345678").await.unwrap();
        let error = output.write(1, b"90ab").await.unwrap_err();
        assert_eq!(
            error.downcast_ref::<Stop>().unwrap().0.error_type,
            ErrorType::OutputLimit
        );
        let text = String::from_utf8(events.next_batch(None).unwrap()).unwrap();
        assert!(text.contains("12345678"));
        assert!(text.contains("90\n[output cut"));
        assert!(!text.contains("90ab"));
    }

    #[tokio::test]
    async fn a_record_can_be_replayed_unless_it_is_long() {
        let events = Arc::new(EventQueue::default());
        let output = Output::new(events.clone(), 1, 0, 1 << 20).recorded();
        output.write(1, b"out").await.unwrap();
        output.write(2, b"error").await.unwrap();
        let record = output.record().unwrap();
        let parts: [(u32, &[u8]); 2] = [(1, b"out"), (2, b"error")];
        assert_eq!(record, parts.map(|(to, bytes)| (to, bytes.to_vec())));
        let first = events.next_batch(None).unwrap();
        Output::new(events.clone(), 1, 0, 10).replay(record);
        assert_eq!(events.next_batch(None).unwrap(), first);
        output.write(1, &[b'x'; 1 << 17]).await.unwrap();
        assert_eq!(output.record(), None);
    }

    #[tokio::test]
    async fn waits_until_the_host_has_read() {
        let events = Arc::new(EventQueue::default());
        let output = Output::new(events.clone(), 1, 1, 1 << 30);
        let writing = tokio::spawn(async move { output.write(1, &vec![b'x'; 40 << 20]).await });
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        assert!(!writing.is_finished());
        let mut read = 0;
        while !writing.is_finished() {
            let batch = events.next_batch(Some(std::time::Duration::from_millis(10)));
            let length = batch.map_or(0, |batch| batch.len());
            assert!(length < 10 << 20, "{length} bytes waited");
            read += length;
            tokio::task::yield_now().await;
        }
        writing.await.unwrap().unwrap();
        while let Some(batch) = events.next_batch(Some(std::time::Duration::from_millis(10))) {
            read += batch.len();
        }
        assert!(read > 40 << 20);
    }

    #[tokio::test]
    async fn single_characters_wait_for_the_host_too() {
        let events = Arc::new(EventQueue::default());
        let output = Output::new(events.clone(), 1, 1, 1 << 30);
        let writing = tokio::spawn(async move {
            for _ in 0..100_000 {
                output.write(1, b"x").await.unwrap();
            }
        });
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        assert!(!writing.is_finished());
        assert!(events.next_batch(None).unwrap().len() < 4 << 20);
        writing.abort();
    }
}
