//! Linear memories that the host creates itself, so that an [`Image`] can be their first content.
//!
//! Each memory is one reservation of address space: what the guest may touch, then inaccessible pages
//! up to the end of the reservation and of the guard that Wasmtime's compiled code relies on. It never
//! moves. Wasmtime does not tell a [`MemoryCreator`] for whom a memory is; [`Placement`] does, for the
//! time of one instantiation on one thread.

use crate::image::Image;
use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use wasmtime::{LinearMemory, MemoryCreator, MemoryType};

/// What the memory of the instance that is being made shall hold.
pub struct Placement {
    image: Arc<Image>,
    region: Option<Region>,
}

thread_local! {
    static PLACEMENT: RefCell<Option<Placement>> = const { RefCell::new(None) };
}

/// Runs an instantiation whose main memory starts as a private copy of `image`. Returns where that
/// memory lies, if the instance has one.
pub async fn with_image<F: Future>(
    image: Arc<Image>,
    instantiate: F,
) -> (F::Output, Option<Region>) {
    let mut placement = Some(Placement {
        image,
        region: None,
    });
    let mut instantiate = pin!(instantiate);
    // The future may be polled on several threads: the placement is there only while it runs.
    let output = poll_fn(|context| {
        PLACEMENT.set(placement.take());
        let polled = instantiate.as_mut().poll(context);
        placement = PLACEMENT.take();
        polled
    })
    .await;
    let region = placement.and_then(|placement| placement.region);
    (output, region)
}

/// The main memory of a live instance. Valid while its store is.
#[derive(Clone, Debug)]
pub struct Region {
    base: *mut u8,
    size: Arc<AtomicUsize>,
}

// SAFETY: an address is only dereferenced by the owner of the store, one thread at a time.
unsafe impl Send for Region {}
// SAFETY: as above.
unsafe impl Sync for Region {}

impl Region {
    /// All that the guest can address.
    ///
    /// # Safety
    /// The store must be alive, and no guest code may run in it while the slice is.
    pub unsafe fn bytes(&self) -> &[u8] {
        // SAFETY: promised by the caller; what is accessible never shrinks.
        unsafe { std::slice::from_raw_parts(self.base, self.size.load(Ordering::Relaxed)) }
    }
}

/// Creates every linear memory of an engine.
pub struct Creator;

// SAFETY: `Reservation` reserves what Wasmtime asks for plus the guard, never moves, keeps all but the
// accessible size unmapped and hands out zeroed pages, or those of an image whose engine is this one.
unsafe impl MemoryCreator for Creator {
    fn new_memory(
        &self,
        _ty: MemoryType,
        minimum: usize,
        _maximum: Option<usize>,
        reserved_size_in_bytes: Option<usize>,
        guard_size_in_bytes: usize,
    ) -> Result<Box<dyn LinearMemory>, String> {
        let capacity = reserved_size_in_bytes
            .ok_or("memories that may move are not supported: set memory_reservation")?
            .max(minimum);
        PLACEMENT.with_borrow_mut(|placement| {
            // The main memory of an engine is the one that its image describes.
            let main = placement.as_mut().filter(|placement| {
                placement.region.is_none() && minimum == placement.image.minimum_bytes()
            });
            let initial = main.as_ref().map_or(minimum, |main| main.image.len());
            let mut memory = Reservation::new(capacity, guard_size_in_bytes, initial)
                .map_err(|error| format!("Cannot reserve linear memory: {error}"))?;
            if let Some(main) = main {
                memory
                    .map(&main.image)
                    .map_err(|error| format!("Cannot map an image: {error}"))?;
                main.region = Some(Region {
                    base: memory.base,
                    size: Arc::clone(&memory.accessible),
                });
            }
            Ok(Box::new(memory) as Box<dyn LinearMemory>)
        })
    }
}

struct Reservation {
    base: *mut u8,
    accessible: Arc<AtomicUsize>,
    capacity: usize,
    reserved: usize,
}

// SAFETY: it owns its address range, which is not tied to a thread.
unsafe impl Send for Reservation {}
// SAFETY: shared references only read the fields.
unsafe impl Sync for Reservation {}

impl Reservation {
    fn new(capacity: usize, guard: usize, accessible: usize) -> io::Result<Self> {
        let reserved = capacity
            .checked_add(guard)
            .filter(|_| accessible <= capacity)
            .ok_or_else(|| io::Error::from(io::ErrorKind::OutOfMemory))?;
        // SAFETY: a new private mapping at an address of the kernel's choice.
        let base = unsafe {
            libc::mmap(
                ptr::null_mut(),
                reserved.max(1),
                libc::PROT_NONE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
                -1,
                0,
            )
        };
        if base == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let mut memory = Self {
            base: base.cast(),
            accessible: Arc::default(),
            capacity,
            reserved: reserved.max(1),
        };
        memory.make_accessible(accessible)?;
        Ok(memory)
    }

    fn make_accessible(&mut self, size: usize) -> io::Result<()> {
        if size > self.capacity {
            return Err(io::Error::from(io::ErrorKind::OutOfMemory));
        }
        let accessible = self.byte_size();
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
                return Err(io::Error::last_os_error());
            }
            self.accessible.store(size, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Replaces the first pages by a private copy-on-write mapping of the image.
    fn map(&mut self, image: &Image) -> io::Result<()> {
        if image.len() > self.byte_size() {
            return Err(io::Error::from(io::ErrorKind::InvalidInput));
        }
        if image.len() == 0 {
            return Ok(());
        }
        // SAFETY: the range lies inside this reservation, and no guest has run in it yet.
        let mapped = unsafe {
            libc::mmap(
                self.base.cast(),
                image.len(),
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_FIXED,
                image.descriptor(),
                image.offset(),
            )
        };
        if mapped == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        Ok(())
    }
}

// SAFETY: the base never moves, and what is accessible only grows, up to the reserved capacity.
unsafe impl LinearMemory for Reservation {
    fn byte_size(&self) -> usize {
        self.accessible.load(Ordering::Relaxed)
    }

    fn byte_capacity(&self) -> usize {
        self.capacity
    }

    fn grow_to(&mut self, new_size: usize) -> wasmtime::Result<()> {
        Ok(self.make_accessible(new_size)?)
    }

    fn as_ptr(&self) -> *mut u8 {
        self.base
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        // SAFETY: the range is this reservation's own, and its instance is gone.
        unsafe { libc::munmap(self.base.cast(), self.reserved) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: usize = 1 << 16;

    #[test]
    fn grows_up_to_its_capacity_and_not_past_it() {
        let mut memory = Reservation::new(4 * PAGE, PAGE, PAGE).unwrap();
        let base = memory.as_ptr();
        memory.grow_to(4 * PAGE).unwrap();
        // SAFETY: the last accessible byte.
        unsafe { base.add(4 * PAGE - 1).write(7) };
        assert_eq!(memory.byte_size(), 4 * PAGE);
        assert!(memory.grow_to(4 * PAGE + 1).is_err());
        assert_eq!(memory.as_ptr(), base);
    }

    #[test]
    fn refuses_more_than_the_reservation() {
        assert!(Reservation::new(PAGE, PAGE, 2 * PAGE).is_err());
        assert!(Reservation::new(usize::MAX, PAGE, PAGE).is_err());
    }

    #[test]
    fn starts_as_the_image_and_zeroes_behind_it() {
        let image = Image::from_bytes(&vec![9; PAGE], PAGE).unwrap();
        let mut memory = Reservation::new(4 * PAGE, PAGE, image.len()).unwrap();
        memory.map(&image).unwrap();
        memory.grow_to(2 * PAGE).unwrap();
        // SAFETY: two accessible pages.
        let bytes = unsafe { std::slice::from_raw_parts(memory.as_ptr(), 2 * PAGE) };
        assert!(bytes[..PAGE].iter().all(|byte| *byte == 9));
        assert!(bytes[PAGE..].iter().all(|byte| *byte == 0));
    }

    #[test]
    fn a_change_reaches_neither_the_image_nor_another_memory() {
        let image = Image::from_bytes(&vec![1; PAGE], PAGE).unwrap();
        let mut first = Reservation::new(PAGE, PAGE, PAGE).unwrap();
        let mut second = Reservation::new(PAGE, PAGE, PAGE).unwrap();
        first.map(&image).unwrap();
        second.map(&image).unwrap();
        // SAFETY: one accessible page each.
        unsafe {
            first.as_ptr().write(2);
            assert_eq!(second.as_ptr().read(), 1);
        }
        let mut third = Reservation::new(PAGE, PAGE, PAGE).unwrap();
        third.map(&image).unwrap();
        // SAFETY: as above.
        assert_eq!(unsafe { third.as_ptr().read() }, 1);
    }
}
