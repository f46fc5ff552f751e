//! One reservation of address space, for one linear memory at a time.
//!
//! A mapping over an existing one (`MAP_FIXED`) that fails may have removed what was there. Any other thread of the
//! process may then get that part of the address space for itself, so a slot whose mapping failed is neither used
//! nor unmapped again: its address space is leaked. The process is not aborted, as a guest can bring a process to its
//! limit of mappings.

use crate::image::dirty;
use crate::image::{Image, Whole, map_fixed};
use std::io;
use std::ops::Range;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Pages of its own that a slot keeps between two calls. More are given back.
const RESIDENT_BYTES_AT_MOST: usize = 4 << 20;

/// What the guest may touch, then inaccessible pages up to the end of the reservation and of the guard
/// that Wasmtime's compiled code relies on. It never moves.
#[derive(Debug)]
pub struct Slot {
    base: *mut u8,
    capacity: usize,
    reserved: usize,
    accessible: AtomicUsize,
    /// Whether pages behind the accessible part may be accessible, too: a growth has failed. Such a slot is not used
    /// for another instance.
    is_frayed: AtomicBool,
    holds: Mutex<Held>,
}

/// What lies in the accessible part.
#[derive(Clone, Debug)]
enum Held {
    Zeroes,
    /// A private mapping of a program's memory, unchanged: another call of it can start.
    Clean(Arc<Whole>),
    /// The same, after a guest ran.
    Used(Arc<Whole>),
    /// The same, where it is known which parts differ.
    Differing(Arc<Whole>, Vec<Range<usize>>),
    /// Mapped or made accessible, in a way that only a fresh mapping of all of it puts right.
    Other,
    /// Its mapping is being changed, or that has failed: a part of the range may be somebody else's.
    Unknown,
}

impl Held {
    /// Whether it is this very mapping, unchanged.
    fn is_clean(&self, whole: Option<&Arc<Whole>>) -> bool {
        match (self, whole) {
            (Self::Clean(held), Some(whole)) => Arc::ptr_eq(held, whole),
            _ => false,
        }
    }
}

// SAFETY: it owns its address range, which is not tied to a thread, as long as it does not hold `Unknown`. One
// instance at a time writes to it.
unsafe impl Send for Slot {}
// SAFETY: as above; the rest is behind locks.
unsafe impl Sync for Slot {}

impl Slot {
    pub fn new(capacity: usize, guard: usize) -> io::Result<Self> {
        let reserved = capacity
            .checked_add(guard)
            .filter(|reserved| *reserved > 0)
            .ok_or_else(|| io::Error::from(io::ErrorKind::OutOfMemory))?;
        let base = map_nothing(reserved)?;
        Ok(Self {
            base,
            capacity,
            reserved,
            accessible: AtomicUsize::new(0),
            is_frayed: AtomicBool::new(false),
            holds: Mutex::new(Held::Zeroes),
        })
    }

    pub fn base(&self) -> *mut u8 {
        self.base
    }

    pub fn capacity(&self) -> usize {
        self.capacity
    }

    pub fn reserved(&self) -> usize {
        self.reserved
    }

    /// Bytes that the guest can address.
    pub fn len(&self) -> usize {
        self.accessible.load(Ordering::Relaxed)
    }

    /// Makes more of it accessible, as zeroes.
    pub fn grow(&self, size: usize) -> io::Result<()> {
        if size > self.capacity {
            return Err(io::Error::from(io::ErrorKind::OutOfMemory));
        }
        let accessible = self.len();
        if size > accessible {
            // SAFETY: the range lies inside this reservation, as `size <= capacity`.
            let status = unsafe {
                libc::mprotect(
                    self.base.add(accessible).cast(),
                    size - accessible,
                    libc::PROT_READ | libc::PROT_WRITE,
                )
            };
            if status != 0 {
                let error = io::Error::last_os_error();
                // The first pages may be accessible now, and the guest could write there.
                self.is_frayed.store(true, Ordering::Relaxed);
                return Err(error);
            }
            self.accessible.store(size, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Whether a call can start here from this image with nothing left to map.
    pub fn is_ready_for(&self, image: &Image) -> bool {
        self.holds()
            .is_clean(image.whole().or_else(|| image.ground()))
    }

    /// Makes an image the content of this memory, privately. Guest code runs in it from now on.
    ///
    /// # Safety
    /// The slot must be an instance's in which no guest code has run.
    pub unsafe fn map(&self, image: &Image) -> io::Result<()> {
        if image.len() > self.len() {
            return Err(io::Error::from(io::ErrorKind::InvalidInput));
        }
        // Looked at once: a whole copy that is made meanwhile is not what is mapped here.
        let (own, ground) = (image.whole(), image.ground());
        let whole = own.or(ground);
        let mut holds = self.holds();
        // Until all of it is done, nobody can say what lies here.
        let held = std::mem::replace(&mut *holds, Held::Unknown);
        if matches!(held, Held::Unknown) {
            return Err(io::Error::from(io::ErrorKind::OutOfMemory));
        }
        if !held.is_clean(whole) {
            if !matches!(held, Held::Zeroes) {
                // What was mapped may be larger than the image, which has zeroes behind it.
                // SAFETY: the accessible part of this reservation.
                unsafe { map_nothing_at(self.base, self.len(), READ_WRITE)? };
            }
            match whole {
                // SAFETY: `len` bytes are accessible, zeroed, page-aligned, and nobody's but the instance's.
                Some(whole) => unsafe { whole.map(self.base)? },
                // SAFETY: as above.
                None => unsafe { image.map(self.base)? },
            }
        }
        if own.is_none() && ground.is_some() {
            // SAFETY: as above, and it holds the base, privately.
            unsafe { image.copy_over_base(self.base) };
        }
        *holds = match whole {
            Some(whole) => Held::Used(Arc::clone(whole)),
            None => Held::Other,
        };
        Ok(())
    }

    /// All that the guest can address.
    ///
    /// # Safety
    /// The instance must be alive, and no guest code may run in it while the slice is.
    pub unsafe fn bytes(&self) -> &[u8] {
        // SAFETY: promised by the caller; what is accessible is mapped.
        unsafe { std::slice::from_raw_parts(self.base, self.len()) }
    }

    /// Puts the slot right for another call of the same program, or empties it. Its instance is gone. One for which
    /// that fails must not be used again.
    pub fn recycle(&self) -> io::Result<()> {
        let mut holds = self.holds();
        let held = std::mem::replace(&mut *holds, Held::Unknown);
        if matches!(held, Held::Unknown) {
            return Err(io::Error::from(io::ErrorKind::OutOfMemory));
        }
        if self.is_frayed.load(Ordering::Relaxed) {
            *holds = Held::Other;
            return Err(io::Error::from(io::ErrorKind::OutOfMemory));
        }
        if let Held::Clean(whole) | Held::Used(whole) | Held::Differing(whole, _) = &held {
            // The program had more, or it was made larger for one that it was never used for.
            self.shrink(whole.len())?;
        }
        let restored = match &held {
            Held::Clean(_) => Ok(true),
            Held::Used(whole) => self.restore(whole),
            Held::Differing(whole, parts) => self.restore_parts(whole, parts).map(|()| true),
            Held::Zeroes | Held::Other | Held::Unknown => Ok(false),
        };
        *holds = match (held, restored) {
            (Held::Clean(whole) | Held::Used(whole) | Held::Differing(whole, _), Ok(true)) => {
                Held::Clean(whole)
            }
            // What cannot be put right page by page is emptied.
            _ => {
                self.shrink(0)?;
                Held::Zeroes
            }
        };
        Ok(())
    }

    /// Writes the original over every page that became this mapping's own. False if nobody can tell
    /// which those are.
    fn restore(&self, whole: &Whole) -> io::Result<bool> {
        // SAFETY: the instance is gone.
        let memory = unsafe { self.bytes() };
        let Some(written) = dirty::written(memory) else {
            return Ok(false);
        };
        whole.learn(&written);
        self.restore_parts(whole, &written)?;
        Ok(true)
    }

    /// Writes the original over parts of whole pages, in which alone this differs from it.
    fn restore_parts(&self, whole: &Whole, parts: &[Range<usize>]) -> io::Result<()> {
        // SAFETY: the instance is gone, and nobody else knows the slot.
        let memory = unsafe { std::slice::from_raw_parts_mut(self.base, whole.len()) };
        let mut kept = 0;
        for part in parts {
            let part = part.start.min(whole.len())..part.end.min(whole.len());
            kept += part.len();
            if kept <= RESIDENT_BYTES_AT_MOST {
                memory[part.clone()].copy_from_slice(&whole.bytes()[part]);
                continue;
            }
            // SAFETY: whole pages inside the mapping: they are those of the file again.
            unsafe { self.forget(part)? };
        }
        Ok(())
    }

    /// No guest code will run here any more, and this is what it has left: nobody has to find that out again, unless
    /// more bytes are the slot's own than it may keep.
    pub fn captured(&self, image: &Image, own_bytes: Option<usize>) {
        let mut holds = self.holds();
        if let Held::Used(whole) = &*holds
            && image.is_based_on(whole)
            && own_bytes.is_some_and(|bytes| bytes <= RESIDENT_BYTES_AT_MOST)
        {
            *holds = Held::Differing(Arc::clone(whole), image.runs().to_vec());
        }
    }

    /// How many of the first `len` bytes, an image's, are private copies: all of them, where the kernel does not tell.
    ///
    /// # Safety
    /// The instance must be alive, and no guest code may run in it meanwhile.
    pub unsafe fn written_bytes(&self, len: usize) -> usize {
        // SAFETY: promised by the caller.
        let memory = unsafe { self.bytes() };
        let image = &memory[..len.min(memory.len())];
        match dirty::written(image) {
            Some(written) => written.iter().map(Range::len).sum(),
            None => image.len(),
        }
    }

    /// Lets go of pages that the guest has only read, for the time in which it sleeps. They are the image's,
    /// and there again as soon as it reads them: nothing changes but what the process seems to weigh.
    ///
    /// # Safety
    /// The instance must be alive, and no guest code may run in it meanwhile.
    pub unsafe fn rest(&self) -> io::Result<()> {
        // SAFETY: promised by the caller.
        let memory = unsafe { self.bytes() };
        for run in dirty::unwritten(memory).unwrap_or_default() {
            // SAFETY: whole pages inside the mapping, and the file's.
            unsafe { self.forget(run)? };
        }
        Ok(())
    }

    /// Drops pages of the mapping: they become those of its file.
    ///
    /// # Safety
    /// The range is one of whole pages in the accessible part, with nothing in it that counts.
    unsafe fn forget(&self, run: Range<usize>) -> io::Result<()> {
        // SAFETY: promised by the caller.
        let status = unsafe {
            libc::madvise(
                self.base.add(run.start).cast(),
                run.len(),
                libc::MADV_DONTNEED,
            )
        };
        if status == 0 {
            Ok(())
        } else {
            Err(io::Error::last_os_error())
        }
    }

    /// Makes what lies behind `size` inaccessible, and gives its pages back. The caller has set `Unknown`, and leaves it
    /// so where this fails.
    fn shrink(&self, size: usize) -> io::Result<()> {
        let accessible = self.len();
        if size < accessible {
            // SAFETY: a part of this reservation behind what stays accessible.
            unsafe { map_nothing_at(self.base.add(size), accessible - size, libc::PROT_NONE)? };
            self.accessible.store(size, Ordering::Relaxed);
        }
        Ok(())
    }

    fn holds(&self) -> MutexGuard<'_, Held> {
        self.holds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if matches!(*self.holds(), Held::Unknown) {
            // A part of the range may be somebody else's by now.
            return;
        }
        // SAFETY: the range is this slot's own, and its instance is gone. Where this fails, all of it stays mapped.
        unsafe { libc::munmap(self.base.cast(), self.reserved) };
    }
}

const READ_WRITE: i32 = libc::PROT_READ | libc::PROT_WRITE;
const NOTHING: i32 = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;

/// Reserves address space in which nothing can be accessed.
pub fn map_nothing(len: usize) -> io::Result<*mut u8> {
    // SAFETY: a new private mapping at an address of the kernel's choice.
    let mapped = unsafe { libc::mmap(ptr::null_mut(), len, libc::PROT_NONE, NOTHING, -1, 0) };
    if mapped == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    Ok(mapped.cast())
}

/// Maps fresh zeroes that take no memory until they are touched. Where this fails, nobody knows what lies there.
///
/// # Safety
/// `address` begins `len` bytes that belong to the caller and may be replaced.
unsafe fn map_nothing_at(address: *mut u8, len: usize, protection: i32) -> io::Result<()> {
    // SAFETY: promised by the caller.
    unsafe { map_fixed(address, len, protection, NOTHING, -1, 0) }
}

#[cfg(test)]
mod tests;
