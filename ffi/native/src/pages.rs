//! Memory straight from the system, which has it back at once: an allocator would keep megabytes for each thread.

use std::io;
use std::ops::{Deref, DerefMut};
use std::ptr::{self, NonNull};

/// Bytes of one owner, zeroes at first.
#[derive(Debug)]
pub struct Pages {
    start: NonNull<u8>,
    len: usize,
}

// SAFETY: memory that this alone owns.
unsafe impl Send for Pages {}
// SAFETY: as above; it changes only through `&mut`.
unsafe impl Sync for Pages {}

impl Pages {
    pub fn zeroed(len: usize) -> io::Result<Self> {
        if len == 0 {
            return Ok(Self {
                start: NonNull::dangling(),
                len,
            });
        }
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

impl Deref for Pages {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: `len` bytes that this owns, or none.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }
}

impl DerefMut for Pages {
    fn deref_mut(&mut self) -> &mut [u8] {
        // SAFETY: as above, and nobody else looks.
        unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr(), self.len) }
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        if self.len > 0 {
            // SAFETY: what `zeroed` has mapped, and nobody borrows it.
            unsafe { libc::munmap(self.start.as_ptr().cast(), self.len) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Pages;

    #[test]
    fn holds_what_was_written_or_nothing() {
        let mut pages = Pages::zeroed(5000).unwrap();
        assert!(pages.iter().all(|byte| *byte == 0));
        pages[4999] = 7;
        assert_eq!((pages.len(), pages[4999]), (5000, 7));
        assert!(Pages::zeroed(0).unwrap().is_empty());
        assert!(Pages::zeroed(usize::MAX).is_err());
    }
}
