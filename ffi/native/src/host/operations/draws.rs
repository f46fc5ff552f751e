//! Whether a program drew random bytes while it was loaded.

use crate::cache::Lock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

/// Notes that a program drew random bytes while it was loaded: its image would repeat them in the next process.
#[derive(Debug, Default)]
pub struct Draws {
    drawn: AtomicBool,
    has_seeded: AtomicBool,
    lock: Mutex<Option<Lock>>,
}

impl Draws {
    /// `lock` keeps other processes from making the same image.
    pub fn new(lock: Option<Lock>) -> Self {
        Self {
            drawn: AtomicBool::new(false),
            has_seeded: AtomicBool::new(false),
            lock: Mutex::new(lock),
        }
    }

    pub fn happened(&self) -> bool {
        self.drawn.load(Ordering::Relaxed)
    }

    pub fn take_lock(&self) -> Option<Lock> {
        let mut lock = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        lock.take()
    }

    /// Notes a draw by the interface from which Python's engine seeds its own generator: that comes first, and does not count.
    pub fn note_after_seeding(&self) {
        if self.has_seeded.swap(true, Ordering::Relaxed) {
            self.note();
        }
    }

    pub fn note(&self) {
        if !self.drawn.swap(true, Ordering::Relaxed) {
            // There will be no image that others could wait for.
            drop(self.take_lock());
        }
    }
}
