//! Memory that is mapped at once, where an image would be put together.

use super::mapping::{MappedFile, map_private};
use crate::machine::ram::ProcessBytes;
use std::io;
use std::ops::Range;
use std::sync::OnceLock;

/// A call that writes more is no example for others.
const LEARNED_BYTES_AT_MOST: usize = 2 << 20;

/// A program's memory in one piece, and what calls of it write to.
#[derive(Debug)]
pub struct Whole {
    file: MappedFile,
    _held: ProcessBytes,
    /// The pages that the first call wrote: others write mostly the same.
    written: OnceLock<Vec<Range<usize>>>,
}

impl Whole {
    pub(super) fn new(file: MappedFile, held: ProcessBytes) -> Self {
        Self {
            file,
            _held: held,
            written: OnceLock::new(),
        }
    }

    pub fn bytes(&self) -> &[u8] {
        self.file.bytes()
    }

    pub fn len(&self) -> usize {
        self.file.len()
    }

    /// Learns which pages a call wrote. Only the first is listened to.
    pub fn learn(&self, written: &[Range<usize>]) {
        let total: usize = written.iter().map(Range::len).sum();
        if total <= LEARNED_BYTES_AT_MOST {
            let _ = self.written.set(written.to_vec());
        }
    }

    /// # Safety
    /// As [`super::Image::map`].
    pub unsafe fn map(&self, memory: *mut u8) -> io::Result<()> {
        // SAFETY: promised by the caller.
        unsafe { map_private(memory, self.file.file(), 0, self.len())? };
        for run in self.written.get().into_iter().flatten() {
            // SAFETY: a part of what was just mapped.
            unsafe { make_private(memory.add(run.start), run.len()) };
        }
        Ok(())
    }
}

/// Makes pages of a private mapping its own before anybody writes to them: all at once, and without telling
/// other processors, as must be told when a page that was read becomes another one. What fails here happens
/// at the first write.
///
/// # Safety
/// The pages are mapped.
unsafe fn make_private(memory: *mut u8, len: usize) {
    #[cfg(target_os = "linux")]
    // SAFETY: promised by the caller; the content stays as it is.
    unsafe {
        libc::madvise(memory.cast(), len, libc::MADV_POPULATE_WRITE);
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (memory, len);
}
