//! Stacks that guests run on. To map, protect and unmap one for each sandbox takes an eighth of the processor
//! time of a call: those of sandboxes that have ended are used again.

use super::slot::map_nothing;
use crate::values::failure::{ErrorType, Stop};
use std::io;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use wasmtime::{Error, Result, StackCreator, StackMemory};

/// What one engine keeps.
const STACKS_AT_MOST: usize = 16;
/// What stays resident of each: a usual call touches no more.
const KEPT_BYTES: usize = 64 << 10;
/// Whole pages on every machine, as the size of a stack is too.
const GUARD_BYTES: usize = 64 << 10;

/// Makes stacks, and keeps some that are no longer used.
///
/// What an earlier guest left on one is not wiped, as in Wasmtime's own pool: compiled code reads nothing of
/// its stack that it has not written.
#[derive(Default)]
pub struct FiberStacks {
    free: Arc<Free>,
}

#[derive(Default)]
struct Free {
    stacks: Mutex<Vec<Mapping>>,
}

impl Free {
    fn lock(&self) -> MutexGuard<'_, Vec<Mapping>> {
        self.stacks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// SAFETY: each stack is a mapping of its own with a guard below, which belongs to one `FiberStack` at a time.
unsafe impl StackCreator for FiberStacks {
    fn new_stack(&self, size: usize, zeroed: bool) -> Result<Box<dyn StackMemory>, Error> {
        let kept = if zeroed {
            None
        } else {
            let mut stacks = self.free.lock();
            let fit = stacks.iter().position(|mapping| mapping.size() == size);
            fit.map(|index| stacks.swap_remove(index))
        };
        let mapping = match kept {
            Some(mapping) => mapping,
            None => Mapping::new(size).map_err(|error| {
                let message = format!("Cannot make a stack: {error}: call less at once");
                Stop::error(ErrorType::ResourceLimit, message)
            })?,
        };
        Ok(Box::new(FiberStack {
            mapping: Some(mapping),
            free: Arc::clone(&self.free),
        }))
    }
}

/// A stack that is in use.
struct FiberStack {
    /// Until it is dropped.
    mapping: Option<Mapping>,
    free: Arc<Free>,
}

impl FiberStack {
    fn mapping(&self) -> &Mapping {
        self.mapping.as_ref().expect("it is there until the drop")
    }
}

// SAFETY: the mapping lives as long as this, and its guard cannot be accessed.
unsafe impl StackMemory for FiberStack {
    fn top(&self) -> *mut u8 {
        self.mapping().stack().end
    }

    fn range(&self) -> Range<usize> {
        let Range { start, end } = self.mapping().stack();
        start.addr()..end.addr()
    }

    fn guard_range(&self) -> Range<*mut u8> {
        let mapping = self.mapping();
        mapping.start..mapping.stack().start
    }
}

impl Drop for FiberStack {
    fn drop(&mut self) {
        let Some(mapping) = self.mapping.take() else {
            return;
        };
        mapping.release();
        let mut stacks = self.free.lock();
        if stacks.len() < STACKS_AT_MOST {
            stacks.push(mapping);
        }
    }
}

/// A stack, and a guard below it.
struct Mapping {
    start: *mut u8,
    len: usize,
}

// SAFETY: memory that this alone owns.
unsafe impl Send for Mapping {}
// SAFETY: as above; nothing of it changes.
unsafe impl Sync for Mapping {}

impl Mapping {
    fn new(size: usize) -> io::Result<Self> {
        let len = size
            .checked_next_multiple_of(GUARD_BYTES)
            .and_then(|size| size.checked_add(GUARD_BYTES))
            .ok_or(io::ErrorKind::OutOfMemory)?;
        let start = map_nothing(len)?;
        let mapping = Self { start, len };
        let Range { start, .. } = mapping.stack();
        // SAFETY: pages of the mapping that was just made.
        let opened = unsafe {
            libc::mprotect(
                start.cast(),
                mapping.size(),
                libc::PROT_READ | libc::PROT_WRITE,
            )
        };
        if opened != 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(mapping)
    }

    fn size(&self) -> usize {
        self.len - GUARD_BYTES
    }

    fn stack(&self) -> Range<*mut u8> {
        let end = self.start.wrapping_add(self.len);
        self.start.wrapping_add(GUARD_BYTES)..end
    }

    /// Gives back what a deep recursion has made resident.
    fn release(&self) {
        let unused = self.size().saturating_sub(KEPT_BYTES);
        if unused > 0 {
            // SAFETY: pages of this mapping, on which nothing runs any more. Where it fails, they stay.
            unsafe { libc::madvise(self.stack().start.cast(), unused, libc::MADV_DONTNEED) };
        }
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: what `new` has mapped, and nothing runs on it any more.
        unsafe { libc::munmap(self.start.cast(), self.len) };
    }
}

#[cfg(test)]
mod tests {
    use super::{FiberStacks, GUARD_BYTES, KEPT_BYTES, STACKS_AT_MOST};
    use wasmtime::StackCreator;

    const SIZE: usize = 1 << 20;

    #[test]
    fn is_used_again_without_what_a_deep_recursion_left() {
        let stacks = FiberStacks::default();
        let stack = stacks.new_stack(SIZE, false).unwrap();
        let range = stack.range();
        assert_eq!(range.len(), SIZE);
        assert_eq!(stack.top().addr(), range.end);
        let guard = stack.guard_range();
        assert_eq!(guard.end.addr(), range.start);
        assert_eq!(guard.end.addr() - guard.start.addr(), GUARD_BYTES);
        let deep = guard.end;
        let shallow = stack.top().wrapping_sub(KEPT_BYTES);
        // SAFETY: the lowest byte of the stack, and one that stays resident.
        unsafe {
            deep.write(7);
            shallow.write(8);
        }

        let other = stacks.new_stack(SIZE, false).unwrap();
        assert_ne!(other.range(), range, "this one is in use");
        drop(stack);
        let again = stacks.new_stack(SIZE, false).unwrap();
        assert_eq!(again.range(), range);
        // SAFETY: as above; nobody else has the stack.
        assert_eq!(unsafe { (deep.read(), shallow.read()) }, (0, 8));

        drop(again);
        assert_ne!(stacks.new_stack(SIZE, true).unwrap().range(), range);
        assert_eq!(
            stacks.new_stack(2 * SIZE, false).unwrap().range().len(),
            2 * SIZE
        );
    }

    #[test]
    fn keeps_so_many_and_no_more() {
        let stacks = FiberStacks::default();
        let used: Vec<_> = (0..2 * STACKS_AT_MOST)
            .map(|_| stacks.new_stack(SIZE, false).unwrap())
            .collect();
        drop(used);
        assert_eq!(stacks.free.lock().len(), STACKS_AT_MOST);
        assert!(stacks.new_stack(usize::MAX, false).is_err());
    }
}
