//! What a run writes to its outputs, as text for its envelope.

use serde::Serialize;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Of each output.
const BYTES_AT_MOST: usize = 1 << 20;
const CUT: &str = "\n[cut: only the first 1 MiB is kept]\n";

/// The outputs of all tasks of a run, each in the order in which it was written.
#[derive(Debug, Default)]
pub struct Capture(Mutex<[Stream; 2]>);

#[derive(Debug, Default)]
struct Stream {
    bytes: Vec<u8>,
    is_cut: bool,
}

/// The texts of both outputs.
#[derive(Debug, PartialEq, Serialize)]
pub struct Captured {
    pub stdout: String,
    pub stderr: String,
}

impl Capture {
    /// Adds what was written to standard output (1) or error (2).
    pub fn add(&self, descriptor: u32, bytes: &[u8]) {
        let stream = &mut self.lock()[usize::from(descriptor == 2)];
        let room = BYTES_AT_MOST - stream.bytes.len();
        stream.is_cut |= bytes.len() > room;
        stream
            .bytes
            .extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    /// What was written so far, with U+FFFD in place of malformed UTF-8.
    pub fn texts(&self) -> Captured {
        let [stdout, stderr] = &*self.lock();
        Captured {
            stdout: stdout.text(),
            stderr: stderr.text(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, [Stream; 2]> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Stream {
    fn text(&self) -> String {
        if !self.is_cut {
            return String::from_utf8_lossy(&self.bytes).into_owned();
        }
        // A character that the cut went through is left out.
        let whole = match std::str::from_utf8(&self.bytes) {
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            _ => self.bytes.len(),
        };
        String::from_utf8_lossy(&self.bytes[..whole]).into_owned() + CUT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_output_is_cut_at_a_character() {
        let capture = Capture::default();
        capture.add(1, b"out");
        capture.add(2, &vec![b'e'; BYTES_AT_MOST - 1]);
        capture.add(2, "é".as_bytes());
        capture.add(2, b"more");
        capture.add(1, b"put\xff");
        let Captured { stdout, stderr } = capture.texts();
        assert_eq!(stdout, "output\u{fffd}");
        assert_eq!(stderr.len(), BYTES_AT_MOST - 1 + CUT.len());
        assert!(stderr.ends_with(CUT));
    }

    #[test]
    fn what_fits_is_whole() {
        let capture = Capture::default();
        capture.add(1, &vec![b'x'; BYTES_AT_MOST]);
        assert_eq!(capture.texts().stdout.len(), BYTES_AT_MOST);
    }
}
