//! Memory straight from the system, in which an allocator would keep megabytes for each thread. Some of it is kept
//! here: a page that is the system's costs 1.6 µs, ten times as much as to write it.

use crate::machine::ram::ProcessBytes;
use std::io;
use std::ops::{Deref, DerefMut};
use std::ptr::{self, NonNull};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What is kept for others of their size.
const KEPT_AT_MOST: usize = 4;
const KEPT_BYTES_AT_MOST: usize = 2 << 20;

static KEPT: Mutex<Vec<Mapping>> = Mutex::new(Vec::new());

fn kept() -> MutexGuard<'static, Vec<Mapping>> {
    KEPT.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Bytes of one owner.
#[derive(Debug)]
pub struct Pages {
    /// None for no bytes.
    mapping: Option<Mapping>,
    len: usize,
    /// Counted while they are in use.
    held: Option<ProcessBytes>,
}

impl Pages {
    pub const EMPTY: Self = Self {
        mapping: None,
        len: 0,
        held: None,
    };

    /// Their content is arbitrary: the caller overwrites all of it.
    pub fn unwritten(len: usize) -> io::Result<Self> {
        if len == 0 {
            return Ok(Self::EMPTY);
        }
        let held = ProcessBytes::hold(len).map_err(|_| io::ErrorKind::OutOfMemory)?;
        // What lies behind would stay in use with it.
        let fits = |mapping: &Mapping| (len..=len.saturating_add(len / 4)).contains(&mapping.len);
        let mut kept = kept();
        let fit = kept.iter().position(fits);
        let again = fit.map(|index| kept.swap_remove(index));
        drop(kept);
        let mapping = match again {
            Some(mapping) => mapping,
            None => Mapping::new(len)?,
        };
        Ok(Self {
            mapping: Some(mapping),
            len,
            held: Some(held),
        })
    }

    pub fn zeroed(len: usize) -> io::Result<Self> {
        let mut pages = Self::unwritten(len)?;
        // Larger ones are always new, and the system's.
        if len <= KEPT_BYTES_AT_MOST {
            pages.fill(0);
        }
        Ok(pages)
    }

    fn start(&self) -> NonNull<u8> {
        let mapping = self.mapping.as_ref();
        mapping.map_or(NonNull::dangling(), |mapping| mapping.start)
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        let Some(mapping) = self.mapping.take() else {
            return;
        };
        self.held = None;
        if mapping.len > KEPT_BYTES_AT_MOST {
            return;
        }
        let mut kept = kept();
        kept.push(mapping);
        let oldest = (kept.len() > KEPT_AT_MOST).then(|| kept.remove(0));
        drop(kept);
        drop(oldest);
    }
}

impl Deref for Pages {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: `len` bytes that this owns, or none.
        unsafe { std::slice::from_raw_parts(self.start().as_ptr(), self.len) }
    }
}

impl DerefMut for Pages {
    fn deref_mut(&mut self) -> &mut [u8] {
        // SAFETY: as above, and nobody else looks.
        unsafe { std::slice::from_raw_parts_mut(self.start().as_ptr(), self.len) }
    }
}

/// A part of the address space.
#[derive(Debug)]
struct Mapping {
    start: NonNull<u8>,
    len: usize,
}

// SAFETY: memory that this alone owns.
unsafe impl Send for Mapping {}
// SAFETY: as above; it changes only through `&mut`.
unsafe impl Sync for Mapping {}

impl Mapping {
    fn new(len: usize) -> io::Result<Self> {
        // SAFETY: a new private mapping at an address of the kernel's choice.
        let start = unsafe {
            libc::mmap(
                ptr::null_mut(),
                len,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
                -1,
                0,
            )
        };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let start = NonNull::new(start.cast()).ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(Self { start, len })
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: what `new` has mapped, and nobody borrows it.
        unsafe { libc::munmap(self.start.as_ptr().cast(), self.len) };
    }
}

#[cfg(test)]
mod tests {
    use super::{KEPT_AT_MOST, Pages, kept};

    #[test]
    fn holds_what_was_written_or_nothing() {
        let mut pages = Pages::unwritten(5000).unwrap();
        pages.fill(0);
        pages[4999] = 7;
        assert_eq!((pages.len(), pages[0], pages[4999]), (5000, 0, 7));
        assert!(Pages::unwritten(0).unwrap().is_empty());
        assert!(Pages::unwritten(usize::MAX).is_err());
    }

    #[test]
    fn keeps_some_for_others_of_their_size() {
        for _ in 0..3 {
            let many: Vec<_> = (0..10).map(|_| Pages::unwritten(9000).unwrap()).collect();
            drop(many);
            assert!(kept().len() <= KEPT_AT_MOST);
        }
        // Other tests may take it, or put theirs in its place.
        let is_kept = |len: usize| {
            let mut first = Pages::unwritten(700_000).unwrap();
            first.fill(7);
            drop(first);
            Pages::unwritten(len).unwrap()[0] == 7
        };
        assert!((0..100).any(|_| is_kept(700_000)) && (0..100).any(|_| is_kept(600_000)));
        assert!(!is_kept(200_000), "most of it would lie behind");
        let large = Pages::unwritten(50 << 20).unwrap();
        drop(large);
        assert!(kept().iter().all(|mapping| mapping.len < 50 << 20));
    }
}
