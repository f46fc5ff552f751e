//! Instances without a program: made when one is needed, or ahead.
//!
//! An instance belongs to no program until an image is mapped into it, so a few spares serve all. None is
//! ever used twice.

use super::LanguageEngine;
use crate::image::Image;
use crate::memory::{self, Placement, Slot};
use crate::sandbox::SandboxState;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use wasmtime::component::Instance;
use wasmtime::{Result, Store, format_err};

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
    fn take(&self, image: &Image) -> Option<Bare> {
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
    fn reserve(&self) -> bool {
        self.uses.load(Ordering::Relaxed) >= USES_BEFORE_SPARES
            && self.reserve_up_to(SPARES_AT_MOST)
    }

    /// Reserves the making of the only one.
    fn reserve_first(&self) -> bool {
        self.reserve_up_to(1)
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

impl LanguageEngine {
    /// An instance whose memory is as large as the image.
    pub async fn bare(self: &Arc<Self>, image: &Arc<Image>) -> Result<Bare> {
        self.spares.uses.fetch_add(1, Ordering::Relaxed);
        let bare = match self.spares.take(image) {
            Some(bare) => Ok(bare),
            None => self.make(image).await,
        };
        self.refill(image);
        bare
    }

    /// Makes one for the first call of a program that has been loaded, while its host gets ready for that.
    pub fn expect_call(self: &Arc<Self>, image: &Arc<Image>) {
        if self.spares.reserve_first() {
            self.make_spare(image);
        }
    }

    /// Makes spares for more calls of the same program.
    fn refill(self: &Arc<Self>, image: &Arc<Image>) {
        while self.spares.reserve() {
            self.make_spare(image);
        }
    }

    /// Makes one that is reserved.
    fn make_spare(self: &Arc<Self>, image: &Arc<Image>) {
        let engine = Arc::clone(self);
        let image = Arc::clone(image);
        tokio::spawn(async move {
            // One that cannot be made ahead is made, or refused, when it is needed.
            if let Ok(bare) = engine.make(&image).await {
                engine.spares.lock().push(bare);
            }
            engine.spares.making.fetch_sub(1, Ordering::Relaxed);
        });
    }

    async fn make(&self, image: &Arc<Image>) -> Result<Bare> {
        let mut store = SandboxState::store(&self.engine);
        let placement = Placement {
            minimum_bytes: self.base.len(),
            image: Arc::clone(image),
        };
        let instantiating = self.instance.instantiate_async(&mut store);
        let (instance, slot) = memory::placed(placement, instantiating).await?;
        Ok(Bare {
            instance,
            slot: slot.ok_or_else(|| format_err!("the engine has no main memory"))?,
            store,
        })
    }
}
