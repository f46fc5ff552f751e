//! Drops instances in the background: the result of a call does not wait for that.

use crate::engine::Bare;
use crate::machine::cpu::Cpu;
use std::mem::ManuallyDrop;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// The turns of instances that are dropped, as if they were a run.
const DROPPING: u64 = u64::MAX;
/// So many are dropped at once, each as its turn comes in the executor's own queue.
const DROPPED_AT_ONCE: usize = 8;
static DROPPED_NOW: AtomicUsize = AtomicUsize::new(0);

/// One that is dropped now. Counted back also if the executor ends before.
struct Dropped {
    others: usize,
}

impl Dropped {
    fn count() -> Self {
        let others = DROPPED_NOW.fetch_add(1, Ordering::Relaxed);
        Self { others }
    }
}

impl Drop for Dropped {
    fn drop(&mut self) {
        DROPPED_NOW.fetch_sub(1, Ordering::Relaxed);
    }
}

/// An instance that is dropped when nobody waits for it. That takes a fraction of a millisecond: where a
/// thousand end at once, most take turns.
pub struct Droppable {
    bare: ManuallyDrop<Bare>,
    cpu: Arc<Cpu>,
}

impl Droppable {
    pub fn new(bare: Bare, cpu: Arc<Cpu>) -> Self {
        let bare = ManuallyDrop::new(bare);
        Self { bare, cpu }
    }
}

impl Deref for Droppable {
    type Target = Bare;

    fn deref(&self) -> &Bare {
        &self.bare
    }
}

impl DerefMut for Droppable {
    fn deref_mut(&mut self) -> &mut Bare {
        &mut self.bare
    }
}

impl Drop for Droppable {
    fn drop(&mut self) {
        // What the task started ends now.
        self.bare.store.data_mut().task = None;
        let charge = self.bare.store.data().limiter.charge().cloned();
        if let Some(charge) = &charge {
            charge.end();
        }
        // SAFETY: it is not used again.
        let bare = unsafe { ManuallyDrop::take(&mut self.bare) };
        let cpu = Arc::clone(&self.cpu);
        if let Ok(executor) = tokio::runtime::Handle::try_current() {
            let counted = Dropped::count();
            executor.spawn(async move {
                let waits = Arc::new(AtomicBool::new(counted.others >= DROPPED_AT_ONCE));
                let dropping = async move {
                    drop(bare);
                    // Its memory is free now.
                    drop(charge);
                };
                cpu.take_turns(DROPPING, waits, dropping).await;
                drop(counted);
            });
        }
    }
}
