//! Files that are mapped: to be read by the host, or as memory of a guest.

use super::dirty::PAGE;
#[cfg(target_os = "linux")]
use crate::cache::check_file_size;
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd};
use std::os::unix::fs::FileExt;
use std::ptr;
use std::sync::OnceLock;

/// A file that never changes: one that has no name, or one of the cache.
#[derive(Debug)]
pub struct MappedFile {
    file: File,
    /// Mapped to be read by the host.
    view: *const u8,
    len: usize,
}

// SAFETY: a view that only this owns, and that nobody writes to.
unsafe impl Send for MappedFile {}
// SAFETY: as above.
unsafe impl Sync for MappedFile {}

impl MappedFile {
    pub fn new(file: File, len: usize) -> io::Result<Self> {
        // SAFETY: a new mapping at an address of the kernel's choice.
        let view = unsafe {
            libc::mmap(
                ptr::null_mut(),
                len,
                libc::PROT_READ,
                libc::MAP_SHARED,
                file.as_raw_fd(),
                0,
            )
        };
        if view == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let view = view.cast();
        Ok(Self { file, view, len })
    }

    pub fn len(&self) -> usize {
        self.len
    }

    pub(super) fn file(&self) -> &File {
        &self.file
    }

    pub fn bytes(&self) -> &[u8] {
        // SAFETY: mapped for as long as this lives; the file is nobody else's.
        unsafe { std::slice::from_raw_parts(self.view, self.len) }
    }
}

impl Drop for MappedFile {
    fn drop(&mut self) {
        // SAFETY: the whole view, which is borrowed no more.
        unsafe { libc::munmap(self.view.cast_mut().cast(), self.len) };
    }
}

/// Maps a part of a file privately: changes stay there. Where this fails, nobody knows what lies there.
///
/// # Safety
/// `memory` points to `len` bytes, page-aligned, that may be replaced and that nobody else uses. `offset` begins a
/// page of the file.
pub unsafe fn map_private(
    memory: *mut u8,
    file: &File,
    offset: usize,
    len: usize,
) -> io::Result<()> {
    let protection = libc::PROT_READ | libc::PROT_WRITE;
    let offset = offset as libc::off_t;
    // SAFETY: promised by the caller.
    unsafe {
        map_fixed(
            memory,
            len,
            protection,
            libc::MAP_PRIVATE,
            file.as_raw_fd(),
            offset,
        )
    }
}

/// Replaces what is mapped at an address. Where this fails, the kernel may have removed that already, and anything
/// that another thread maps may lie there: the range must not be touched any more, nor unmapped.
///
/// # Safety
/// `address` begins `len` bytes, page-aligned, that belong to the caller and may be replaced.
pub unsafe fn map_fixed(
    address: *mut u8,
    len: usize,
    protection: i32,
    flags: i32,
    descriptor: i32,
    offset: libc::off_t,
) -> io::Result<()> {
    #[cfg(test)]
    if faults::is_due() {
        // SAFETY: promised by the caller: as a kernel does that fails half way.
        unsafe { libc::munmap(address.cast(), len) };
        return Err(io::Error::from_raw_os_error(libc::ENOMEM));
    }
    // SAFETY: promised by the caller.
    let mapped = unsafe {
        libc::mmap(
            address.cast(),
            len,
            protection,
            flags | libc::MAP_FIXED,
            descriptor,
            offset,
        )
    };
    if mapped == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// Whether the host can map what begins at any page of an image.
pub fn has_small_pages() -> bool {
    static SMALL: OnceLock<bool> = OnceLock::new();
    // SAFETY: it only asks.
    *SMALL.get_or_init(|| unsafe { libc::sysconf(libc::_SC_PAGESIZE) } == PAGE as libc::c_long)
}

#[cfg(target_os = "linux")]
pub fn memory_file(len: usize) -> io::Result<File> {
    check_file_size(len)?;
    // SAFETY: the name is a C string.
    let descriptor = unsafe { libc::memfd_create(c"capsule-image".as_ptr(), libc::MFD_CLOEXEC) };
    if descriptor < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: a descriptor that nobody else owns.
    let file = unsafe { File::from_raw_fd(descriptor) };
    file.set_len(len as u64)?;
    Ok(file)
}

#[cfg(not(target_os = "linux"))]
pub fn memory_file(_len: usize) -> io::Result<File> {
    Err(io::Error::from(io::ErrorKind::Unsupported))
}

pub fn copy(from: &File, to: &File, len: usize) -> io::Result<()> {
    let mut buffer = vec![0; 1 << 20];
    for start in (0..len).step_by(buffer.len()) {
        let part = &mut buffer[..(len - start).min(1 << 20)];
        from.read_exact_at(part, start as u64)?;
        to.write_all_at(part, start as u64)?;
    }
    Ok(())
}

/// Makes mappings of this thread fail, for tests.
#[cfg(test)]
pub mod faults {
    use std::cell::Cell;

    thread_local! {
        static LEFT: Cell<Option<u32>> = const { Cell::new(None) };
    }

    /// The mapping after so many fails, and no other.
    pub fn fail_after(mappings: u32) {
        LEFT.set(Some(mappings));
    }

    /// Whether the mapping that was to fail has.
    pub fn has_failed() -> bool {
        LEFT.take().is_none()
    }

    pub fn is_due() -> bool {
        let left = LEFT.get();
        LEFT.set(left.and_then(|left| left.checked_sub(1)));
        left == Some(0)
    }
}
