//! One account of a sandbox's memory, over all its linear memories and tables.

use crate::failure::{ErrorType, Stop};
use wasmtime::{ResourceLimiter, Result};

/// More elements than any table of an engine has after it was built.
const TABLE_ELEMENTS_AT_MOST: usize = 1 << 17;
const TABLE_ELEMENT_BYTES: usize = size_of::<usize>();

/// Counts what is mapped and refuses what goes past the limit.
#[derive(Debug)]
pub struct Limiter {
    limit_bytes: usize,
    used_bytes: usize,
    denied_bytes: Option<usize>,
}

impl Limiter {
    pub fn new(limit_bytes: usize) -> Self {
        Self {
            limit_bytes,
            used_bytes: 0,
            denied_bytes: None,
        }
    }

    /// All bytes of linear memory and tables. Neither ever shrinks, so this is also the peak.
    pub fn used_bytes(&self) -> usize {
        self.used_bytes
    }

    pub fn limit_bytes(&self) -> usize {
        self.limit_bytes
    }

    /// How large the sandbox would have become by the last growth that was refused.
    pub fn denied_bytes(&self) -> Option<usize> {
        self.denied_bytes
    }

    /// Adds memory that is there before the guest asks for any. False when that alone is too much.
    pub fn charge(&mut self, bytes: usize) -> bool {
        let used = self.used_bytes.saturating_add(bytes);
        if used > self.limit_bytes {
            self.denied_bytes = Some(used);
            return false;
        }
        self.used_bytes = used;
        true
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool> {
        let growth = desired.saturating_sub(current);
        // Growth past a memory's own maximum fails anyway: it must not be counted. The guest has run out of
        // memory all the same.
        if maximum.is_some_and(|maximum| desired > maximum) {
            self.denied_bytes = Some(self.used_bytes.saturating_add(growth));
            return Ok(false);
        }
        Ok(self.charge(growth))
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool> {
        if desired > TABLE_ELEMENTS_AT_MOST {
            return Err(Stop::error(
                ErrorType::ResourceLimit,
                format!("a table may hold {TABLE_ELEMENTS_AT_MOST} elements, not {desired}"),
            ));
        }
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        Ok(self.charge(desired.saturating_sub(current) * TABLE_ELEMENT_BYTES))
    }

    fn instances(&self) -> usize {
        256
    }

    fn tables(&self) -> usize {
        64
    }

    fn memories(&self) -> usize {
        8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adds_up_all_memories_and_tables() {
        let mut limiter = Limiter::new(1000);
        assert!(limiter.memory_growing(0, 400, None).unwrap());
        assert!(limiter.memory_growing(0, 400, None).unwrap());
        assert!(limiter.table_growing(0, 25, None).unwrap());
        assert_eq!(limiter.used_bytes(), 1000);
        assert!(!limiter.memory_growing(400, 401, None).unwrap());
        assert_eq!(limiter.denied_bytes(), Some(1001));
        assert_eq!(limiter.used_bytes(), 1000);
    }

    #[test]
    fn does_not_count_growth_that_fails_anyway() {
        let mut limiter = Limiter::new(1000);
        assert!(!limiter.memory_growing(0, 500, Some(400)).unwrap());
        assert_eq!(limiter.used_bytes(), 0);
        assert_eq!(limiter.denied_bytes(), Some(500));
    }

    #[test]
    fn ends_a_guest_whose_table_grows_without_bound() {
        let mut limiter = Limiter::new(usize::MAX);
        let error = limiter.table_growing(0, 1 << 31, None).unwrap_err();
        assert!(error.downcast_ref::<Stop>().is_some());
    }
}
