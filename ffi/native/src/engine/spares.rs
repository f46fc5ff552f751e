//! Instances without a program that are ready for use.
//!
//! An instance belongs to no program until an image is mapped into it, so a few spares serve all. None is
//! ever used twice.

use crate::host::SandboxState;
use crate::image::Image;
use crate::memory::Slot;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use wasmtime::Store;
use wasmtime::component::Instance;

/// Enough for callers that come one after the other; many at once keep all cores busy anyway.
const SPARES_AT_MOST: usize = 4;
/// A process that runs one program once needs the one that is made when it is loaded.
const USES_BEFORE_SPARES: usize = 2;

/// An instance in which nothing has run.
pub struct Bare {
    pub store: Store<SandboxState>,
    pub instance: Instance,
    pub slot: Arc<Slot>,
}

/// What is ready of an engine.
#[derive(Default)]
pub struct Spares {
    ready: Mutex<Vec<Bare>>,
    making: AtomicUsize,
    uses: AtomicUsize,
}

impl Spares {
    /// One with a memory as large as the image: it cannot be changed from outside once it is made, and what is
    /// larger than the program's own would be charged to it, and be in its image.
    pub fn take(&self, image: &Image) -> Option<Bare> {
        self.uses.fetch_add(1, Ordering::Relaxed);
        let mut ready = self.lock();
        let fits = |bare: &Bare| bare.slot.len() == image.len();
        let index = ready
            .iter()
            .position(|bare| fits(bare) && bare.slot.is_ready_for(image))
            .or_else(|| ready.iter().position(fits));
        if let Some(index) = index {
            return Some(ready.remove(index));
        }
        // The oldest makes room for one that fits.
        let unfit = (ready.len() >= SPARES_AT_MOST).then(|| ready.remove(0));
        drop(ready);
        drop(unfit);
        None
    }

    /// Reserves the making of one more, if one is wanted.
    pub fn reserve(&self) -> bool {
        self.uses.load(Ordering::Relaxed) >= USES_BEFORE_SPARES
            && self.reserve_up_to(SPARES_AT_MOST)
    }

    /// Reserves the making of the only one.
    pub fn reserve_first(&self) -> bool {
        self.reserve_up_to(1)
    }

    /// Ends the making of one that was reserved.
    pub fn made(&self, bare: Option<Bare>) {
        self.lock().extend(bare);
        self.making.fetch_sub(1, Ordering::Relaxed);
    }

    fn reserve_up_to(&self, at_most: usize) -> bool {
        let ready = self.lock();
        if ready.len() + self.making.load(Ordering::Relaxed) >= at_most {
            return false;
        }
        self.making.fetch_add(1, Ordering::Relaxed);
        true
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Bare>> {
        self.ready.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
