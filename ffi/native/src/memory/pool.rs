//! Slots that no instance has.

use super::slot::Slot;
use crate::image::Image;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What one process keeps. Each slot may hold some pages of its own.
const SLOTS_AT_MOST: usize = 8;

#[derive(Debug, Default)]
pub struct Pool {
    slots: Mutex<Vec<Arc<Slot>>>,
}

impl Pool {
    /// A slot with as many accessible bytes as the image, or as the minimum: one that holds the image
    /// already if there is one.
    pub fn take(
        &self,
        capacity: usize,
        guard: usize,
        image: Option<&Arc<Image>>,
        minimum: usize,
    ) -> io::Result<Arc<Slot>> {
        let kept = {
            let mut slots = self.lock();
            let ready = |slot: &Arc<Slot>| image.is_some_and(|image| slot.is_ready_for(image));
            // Else an empty one: one that holds another program's image may be wanted for that.
            slots
                .iter()
                .position(ready)
                .or_else(|| slots.iter().position(|slot| slot.len() == 0))
                .map(|index| slots.swap_remove(index))
        };
        let fits = |slot: &Arc<Slot>| {
            slot.capacity() == capacity && slot.reserved() == capacity.saturating_add(guard)
        };
        let slot = match kept.filter(fits) {
            Some(slot) => slot,
            None => Arc::new(Slot::new(capacity, guard)?),
        };
        slot.grow(image.map_or(minimum, |image| image.len().max(minimum)))?;
        Ok(slot)
    }

    /// Takes a slot back whose instance is gone.
    pub fn put(&self, slot: Arc<Slot>) {
        // What cannot be put right is given up: nobody may have it any more.
        if slot.recycle().is_err() {
            return;
        }
        let mut slots = self.lock();
        slots.push(slot);
        if slots.len() > SLOTS_AT_MOST {
            // The one that was not used for longest.
            let oldest = slots.remove(0);
            drop(slots);
            drop(oldest);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<Slot>>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
