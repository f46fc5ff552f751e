//! One account of a sandbox's memory, over all its linear memories and tables.

use crate::machine::ram::{Charge, Shortage};
use crate::values::failure::{ErrorType, Stop};
use std::sync::Arc;
use wasmtime::{ResourceLimiterAsync, Result};

/// More elements than any table of an engine has after it was built.
const TABLE_ELEMENTS_AT_MOST: usize = 1 << 17;
const TABLE_ELEMENT_BYTES: usize = size_of::<usize>();

/// Counts what is mapped and refuses what goes past the limit.
#[derive(Debug)]
pub struct Limiter {
    limit_bytes: usize,
    used_bytes: usize,
    denied: Option<Denied>,
    /// The memory that the run is charged for. None as long as the instance is a spare.
    charge: Option<Arc<Charge>>,
}

/// Why the last growth was refused.
#[derive(Clone, Debug)]
pub enum Denied {
    /// The sandbox would have become so large.
    Sandbox { wanted_bytes: usize },
    /// Its run or its process has no more.
    Shared(Shortage),
}

impl Limiter {
    pub fn new(limit_bytes: usize, charge: Option<Arc<Charge>>) -> Self {
        Self {
            limit_bytes,
            used_bytes: 0,
            denied: None,
            charge,
        }
    }

    /// All bytes of linear memory and tables. Neither ever shrinks, so this is also the peak.
    pub fn used_bytes(&self) -> usize {
        self.used_bytes
    }

    pub fn limit_bytes(&self) -> usize {
        self.limit_bytes
    }

    /// Why the last growth was refused.
    pub fn denied(&self) -> Option<&Denied> {
        self.denied.as_ref()
    }

    pub fn charge(&self) -> Option<&Arc<Charge>> {
        self.charge.as_ref()
    }

    /// Adds memory that is there before the guest asks for any. False when that alone is too much.
    pub fn start_with(&mut self, bytes: usize) -> bool {
        let used = self.used_bytes.saturating_add(bytes);
        if used > self.limit_bytes {
            self.denied = Some(Denied::Sandbox { wanted_bytes: used });
            return false;
        }
        self.used_bytes = used;
        true
    }

    /// Adds what the guest asks for.
    async fn grow(&mut self, bytes: usize) -> bool {
        if !self.start_with(bytes) {
            return false;
        }
        let Some(charge) = &self.charge else {
            return true;
        };
        if let Err(shortage) = charge.add_when_freed(bytes).await {
            self.used_bytes -= bytes;
            self.denied = Some(Denied::Shared(shortage));
            return false;
        }
        true
    }
}

#[wasmtime_wasi::async_trait]
impl ResourceLimiterAsync for Limiter {
    async fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool> {
        let growth = desired.saturating_sub(current);
        // Growth past a memory's own maximum fails anyway: it must not be counted. The guest has run out of
        // memory all the same.
        if maximum.is_some_and(|maximum| desired > maximum) {
            let wanted_bytes = self.used_bytes.saturating_add(growth);
            self.denied = Some(Denied::Sandbox { wanted_bytes });
            return Ok(false);
        }
        Ok(self.grow(growth).await)
    }

    async fn table_growing(
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
        let growth = desired.saturating_sub(current) * TABLE_ELEMENT_BYTES;
        Ok(self.grow(growth).await)
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
    use crate::machine::ram::RunRam;

    fn limiter(limit_bytes: usize, run_bytes: u64) -> Limiter {
        let charge = Charge::none(&RunRam::new(run_bytes));
        Limiter::new(limit_bytes, Some(Arc::new(charge)))
    }

    fn wanted(limiter: &Limiter) -> Option<usize> {
        match limiter.denied() {
            Some(Denied::Sandbox { wanted_bytes }) => Some(*wanted_bytes),
            _ => None,
        }
    }

    #[tokio::test]
    async fn adds_up_all_memories_and_tables() {
        let mut limiter = limiter(1000, 10_000);
        assert!(limiter.memory_growing(0, 400, None).await.unwrap());
        assert!(limiter.memory_growing(0, 400, None).await.unwrap());
        assert!(limiter.table_growing(0, 25, None).await.unwrap());
        assert_eq!(limiter.used_bytes(), 1000);
        assert!(!limiter.memory_growing(400, 401, None).await.unwrap());
        assert_eq!(wanted(&limiter), Some(1001));
        assert_eq!(limiter.used_bytes(), 1000);
    }

    #[tokio::test]
    async fn does_not_count_growth_that_fails_anyway() {
        let mut limiter = limiter(1000, 10_000);
        assert!(!limiter.memory_growing(0, 500, Some(400)).await.unwrap());
        assert_eq!(limiter.used_bytes(), 0);
        assert_eq!(wanted(&limiter), Some(500));
    }

    #[tokio::test]
    async fn a_run_that_has_no_more_refuses_growth() {
        let mut limiter = limiter(1000, 600);
        assert!(limiter.start_with(200));
        assert!(limiter.memory_growing(0, 600, None).await.unwrap());
        assert!(!limiter.memory_growing(600, 601, None).await.unwrap());
        assert!(matches!(limiter.denied(), Some(Denied::Shared(_))));
        assert_eq!(limiter.used_bytes(), 800);
    }

    #[tokio::test]
    async fn ends_a_guest_whose_table_grows_without_bound() {
        let mut limiter = limiter(usize::MAX, u64::MAX);
        let error = limiter.table_growing(0, 1 << 31, None).await.unwrap_err();
        assert!(error.downcast_ref::<Stop>().is_some());
    }
}
