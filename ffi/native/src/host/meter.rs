//! The fuel that the tasks of a run may use together.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What a run has left. Tasks that run at the same time are charged at each tick, so that a run may go over its limit by
/// what they use in one.
#[derive(Debug)]
pub struct RunFuel {
    pub limit: u64,
    left: AtomicU64,
}

impl RunFuel {
    pub fn new(limit: u64) -> Arc<Self> {
        let left = AtomicU64::new(limit);
        Arc::new(Self { limit, left })
    }

    pub fn left(&self) -> u64 {
        self.left.load(Ordering::Relaxed)
    }

    fn spend(&self, fuel: u64) {
        let spent = |left: u64| Some(left.saturating_sub(fuel));
        let _ = self
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, spent);
    }
}

/// The meter of one task.
#[derive(Debug)]
pub struct Meter {
    run: Arc<RunFuel>,
    /// What the task had left when it was last charged.
    seen: u64,
}

impl Meter {
    /// Of a task that begins with so much.
    pub fn new(run: &Arc<RunFuel>, fuel: u64) -> Self {
        let run = Arc::clone(run);
        Self { run, seen: fuel }
    }

    /// Charges what was used since the last time. Returns what the run has left.
    pub fn charge(&mut self, fuel: u64) -> u64 {
        self.run.spend(self.seen.saturating_sub(fuel));
        self.seen = fuel;
        self.run.left()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_share_what_their_run_has() {
        let run = RunFuel::new(100);
        let (mut one, mut other) = (Meter::new(&run, 80), Meter::new(&run, 80));
        assert_eq!(one.charge(50), 70);
        assert_eq!(other.charge(20), 10);
        assert_eq!(one.charge(50), 10);
        assert_eq!(one.charge(0), 0);
        assert_eq!(other.charge(0), 0);
    }
}
