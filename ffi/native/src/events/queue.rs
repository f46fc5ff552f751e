//! The events of a runtime: one queue, which the host reads in batches.

use crate::values::payload::Payload;
use serde::Serialize;
use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// With more bytes in the queue, guests that print wait for the host.
const WAITING_BYTES_AT_MOST: usize = 8 << 20;
/// Counted for each event besides its bytes: many programs print single characters.
const FRAME_BYTES: usize = 256;

/// The header of a frame. Bytes that belong to it follow as the frame's payload.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event<'a> {
    /// An engine is being compiled for this machine, which takes seconds, once.
    EngineCompiling {
        language: &'a str,
    },
    EngineCompiled {
        language: &'a str,
        duration_ms: f64,
    },
    /// What was compiled cannot be kept for the next process.
    CacheUnavailable {
        reason: &'a str,
    },
    /// Payload: the task declarations, JSON.
    ProgramLoaded {
        program: u64,
    },
    /// Payload: the failure, JSON.
    ProgramFailed {
        program: u64,
    },
    TaskStarted {
        run: u64,
        task: u64,
        parent: Option<u64>,
        name: &'a str,
    },
    /// Payload: what the task wrote.
    Output {
        run: u64,
        task: u64,
        descriptor: u32,
    },
    TaskRetried {
        run: u64,
        task: u64,
        attempt: u32,
        attempt_ms: f64,
        fuel_consumed: u64,
        ram_used: u64,
        error_type: &'a str,
        message: &'a str,
    },
    TaskFinished {
        run: u64,
        task: u64,
        name: &'a str,
        duration_ms: f64,
        retries: u32,
        fuel_consumed: u64,
        ram_used: u64,
        error_type: Option<&'a str>,
        message: Option<&'a str>,
    },
    /// Payload: the envelope, JSON, and then the bytes of its result.
    RunFinished {
        run: u64,
        /// The length of the JSON, if there are bytes.
        #[serde(skip_serializing_if = "Option::is_none")]
        json_bytes: Option<usize>,
    },
}

#[derive(Debug)]
struct Frame {
    header: Vec<u8>,
    payload: Vec<u8>,
    /// The rest of the payload.
    bytes: Vec<u8>,
}

impl Frame {
    fn payload_len(&self) -> usize {
        self.payload.len() + self.bytes.len()
    }
}

/// Events in the order in which they happened.
#[derive(Debug, Default)]
pub struct EventQueue {
    state: Mutex<State>,
    filled: Condvar,
    drained: Notify,
}

#[derive(Debug, Default)]
struct State {
    frames: VecDeque<Frame>,
    /// Of the events that the host did not read yet.
    waiting_bytes: usize,
    closed: bool,
}

impl EventQueue {
    pub fn push(&self, event: &Event<'_>, payload: Vec<u8>) {
        self.push_parts(event, payload, Vec::new());
    }

    /// Adds the event that ends a run.
    pub fn push_envelope(&self, run: u64, envelope: Payload) {
        let json_bytes = (!envelope.bytes.is_empty()).then_some(envelope.json.len());
        let event = Event::RunFinished { run, json_bytes };
        self.push_parts(&event, envelope.json.into_bytes(), envelope.bytes);
    }

    fn push_parts(&self, event: &Event<'_>, payload: Vec<u8>, bytes: Vec<u8>) {
        let header = serde_json::to_vec(event).expect("an event is plain data");
        let mut state = self.lock();
        if state.closed {
            return;
        }
        let frame = Frame {
            header,
            payload,
            bytes,
        };
        state.waiting_bytes += FRAME_BYTES + frame.header.len() + frame.payload_len();
        state.frames.push_back(frame);
        self.filled.notify_one();
    }

    /// Waits until the host has read enough.
    pub async fn wait_for_room(&self) {
        loop {
            let drained = self.drained.notified();
            let mut drained = std::pin::pin!(drained);
            drained.as_mut().enable();
            {
                let state = self.lock();
                if state.closed || state.waiting_bytes < WAITING_BYTES_AT_MOST {
                    return;
                }
            }
            drained.await;
        }
    }

    /// Blocks until there are events, and encodes all there are. None when the queue is closed, or when
    /// nothing came in `timeout`.
    ///
    /// A frame is the length of its header and of its payload, 32 bits each in little-endian order, then
    /// both.
    pub fn next_batch(&self, timeout: Option<Duration>) -> Option<Vec<u8>> {
        let mut state = self.lock();
        while state.frames.is_empty() {
            if state.closed {
                return None;
            }
            state = match timeout {
                None => self
                    .filled
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner),
                Some(timeout) => {
                    let (state, waited) = self
                        .filled
                        .wait_timeout(state, timeout)
                        .unwrap_or_else(PoisonError::into_inner);
                    if waited.timed_out() && state.frames.is_empty() {
                        return None;
                    }
                    state
                }
            };
        }
        let frames = std::mem::take(&mut state.frames);
        state.waiting_bytes = 0;
        drop(state);
        self.drained.notify_waiters();

        let total = frames
            .iter()
            .map(|frame| 8 + frame.header.len() + frame.payload_len())
            .sum();
        let mut batch = Vec::with_capacity(total);
        for frame in frames {
            batch.extend_from_slice(&(frame.header.len() as u32).to_le_bytes());
            batch.extend_from_slice(&(frame.payload_len() as u32).to_le_bytes());
            batch.extend_from_slice(&frame.header);
            batch.extend_from_slice(&frame.payload);
            batch.extend_from_slice(&frame.bytes);
        }
        Some(batch)
    }

    /// Wakes all that wait; events are dropped from now on.
    pub fn close(&self) {
        self.lock().closed = true;
        self.filled.notify_all();
        self.drained.notify_waiters();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_holds_frames_in_order() {
        let queue = EventQueue::default();
        queue.push_envelope(1, Payload::json("{}"));
        queue.push_envelope(2, Payload::json(""));
        let batch = queue.next_batch(None).unwrap();
        let header = br#"{"event":"run_finished","run":1}"#;
        assert_eq!(batch[..4], (header.len() as u32).to_le_bytes());
        assert_eq!(batch[4..8], 2u32.to_le_bytes());
        assert_eq!(batch[8..8 + header.len()], header[..]);
        assert_eq!(batch[8 + header.len()..10 + header.len()], b"{}"[..]);
        assert!(batch.ends_with(br#""run":2}"#));
    }

    #[test]
    fn bytes_follow_the_envelope() {
        let queue = EventQueue::default();
        let envelope = Payload {
            json: "{}".to_owned(),
            bytes: vec![0, 255],
        };
        queue.push_envelope(1, envelope);
        let batch = queue.next_batch(None).unwrap();
        assert_eq!(batch[4..8], 4u32.to_le_bytes());
        assert!(batch.ends_with(b"\"run\":1,\"json_bytes\":2}{}\x00\xff"));
    }

    #[test]
    fn close_wakes_a_reader() {
        let queue = std::sync::Arc::new(EventQueue::default());
        let reader = std::thread::spawn({
            let queue = queue.clone();
            move || queue.next_batch(None)
        });
        queue.close();
        assert!(reader.join().unwrap().is_none());
    }
}
