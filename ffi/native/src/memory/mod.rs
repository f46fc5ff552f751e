//! Linear memories that the host creates itself, so that an image can be their first content.
//!
//! Wasmtime asks a [`MemoryCreator`] for memories without telling for whom; [`placed`] does, for the time
//! of one instantiation on one thread. The memories are [`Slot`]s of address space, which a [`Pool`] keeps
//! for the next instance: with the image in place, pages that a call wrote are put right after it, which
//! costs a fifth of fresh pages.

mod fiber_stack;
mod pool;
mod slot;

pub use fiber_stack::FiberStacks;
pub use slot::Slot;

use crate::image::Image;
use pool::Pool;
use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::sync::Arc;
use wasmtime::{LinearMemory, MemoryCreator, MemoryType};

/// What the instance that is being made shall have for its main memory.
pub struct Placement {
    /// The minimum that the engine's module declares for it: that tells it from other memories.
    pub minimum_bytes: usize,
    /// The image that will most likely be its content. It is as large as that from the start.
    pub image: Arc<Image>,
}

struct Placing {
    wanted: Placement,
    slot: Option<Arc<Slot>>,
    /// Why there is no memory: Wasmtime passes on no more than a text.
    refused: Option<io::Error>,
}

thread_local! {
    static PLACING: RefCell<Option<Placing>> = const { RefCell::new(None) };
}

/// Runs an instantiation. Returns the instance with its main memory, if it has one. Fails with an [`io::Error`] where
/// the system gives no memory.
pub async fn placed<T>(
    wanted: Placement,
    instantiate: impl Future<Output = wasmtime::Result<T>>,
) -> wasmtime::Result<(T, Option<Arc<Slot>>)> {
    let mut placing = Some(Placing {
        wanted,
        slot: None,
        refused: None,
    });
    let mut instantiate = pin!(instantiate);
    // The future may be polled on several threads: the placement is there only while it runs.
    let output = poll_fn(|context| {
        PLACING.set(placing.take());
        let polled = instantiate.as_mut().poll(context);
        placing = PLACING.take();
        polled
    })
    .await;
    let (slot, refused) = placing.map_or((None, None), |placing| (placing.slot, placing.refused));
    match (output, refused) {
        (Err(_), Some(refused)) => Err(refused.into()),
        (output, _) => Ok((output?, slot)),
    }
}

/// Creates every linear memory of an engine.
#[derive(Default)]
pub struct Creator {
    pool: Arc<Pool>,
}

// SAFETY: a slot reserves what Wasmtime asks for plus the guard, never moves, keeps all but the accessible
// size unmapped, and holds zeroes, or pages that `Slot::map` puts right before any guest code runs.
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
            .ok_or("memories that may move are not supported: set memory_reservation")?;
        PLACING.with_borrow_mut(|placing| {
            // The main memory of an engine is the one that its image describes.
            let main = placing.as_mut().filter(|placing| {
                placing.slot.is_none() && minimum == placing.wanted.minimum_bytes
            });
            let image = main.as_ref().map(|main| &main.wanted.image);
            let slot = match self
                .pool
                .take(capacity, guard_size_in_bytes, image, minimum)
            {
                Ok(slot) => slot,
                Err(error) => {
                    let message = format!("Cannot reserve linear memory: {error}");
                    if let Some(placing) = placing {
                        placing.refused = Some(error);
                    }
                    return Err(message);
                }
            };
            if let Some(main) = main {
                main.slot = Some(Arc::clone(&slot));
            }
            let pool = Arc::clone(&self.pool);
            Ok(Box::new(Memory { slot, pool }) as Box<dyn LinearMemory>)
        })
    }
}

/// A slot while an instance has it.
struct Memory {
    slot: Arc<Slot>,
    pool: Arc<Pool>,
}

// SAFETY: the base never moves, and what is accessible only grows, up to the reserved capacity.
unsafe impl LinearMemory for Memory {
    fn byte_size(&self) -> usize {
        self.slot.len()
    }

    fn byte_capacity(&self) -> usize {
        self.slot.capacity()
    }

    fn grow_to(&mut self, new_size: usize) -> wasmtime::Result<()> {
        Ok(self.slot.grow(new_size)?)
    }

    fn as_ptr(&self) -> *mut u8 {
        self.slot.base()
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        self.pool.put(Arc::clone(&self.slot));
    }
}
