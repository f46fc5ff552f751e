//! A run: the limits that all its tasks share.

use super::grant::Grant;
use crate::events::capture::Capture;
use crate::events::queue::EventQueue;
use crate::fixed::Fixed;
use crate::host::RunFuel;
use crate::machine::cpu::Cpu;
use crate::machine::ram::RunRam;
use crate::machine::ticker::{Ticker, Ticking};
use crate::network::Certificates;
use crate::policy::{Ceiling, Limits};
use crate::sandbox::{run_out_of_fuel, run_out_of_time};
use crate::values::failure::{ErrorType, Failure};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::{Notify, watch};

/// One call from the host, with all tasks that come from it.
pub struct Run {
    pub id: u64,
    pub grant: Arc<Grant>,
    pub events: Arc<EventQueue>,
    pub observe: bool,
    pub cancelled: watch::Receiver<bool>,
    pub cpu: Arc<Cpu>,
    pub certificates: Arc<Certificates>,
    pub ram: Arc<RunRam>,
    pub fuel: Option<Arc<RunFuel>>,
    /// When its time is over.
    pub deadline: Option<Instant>,
    pub ceiling: Ceiling,
    pub capture: Option<Arc<Capture>>,
    stdin: Arc<[u8]>,
    /// Of the task that the host called.
    pub fixed: Option<Arc<Fixed>>,
    alive: AtomicUsize,
    /// Told when no task is alive any more.
    idle: Notify,
    total: AtomicUsize,
    pub next_task: AtomicU64,
    ticking: Ticking,
}

/// What a run is made of.
pub struct RunPlan {
    pub id: u64,
    pub grant: Arc<Grant>,
    pub observe: bool,
    pub ceiling: Ceiling,
    /// Whether the envelope tells what was written to the outputs.
    pub capture: bool,
    /// What the first task reads.
    pub stdin: Vec<u8>,
    pub fixed: Option<Arc<Fixed>>,
    pub cancelled: watch::Receiver<bool>,
}

impl Run {
    pub fn new(
        plan: RunPlan,
        events: Arc<EventQueue>,
        cpu: Arc<Cpu>,
        certificates: Arc<Certificates>,
        ticker: &Ticker,
    ) -> Arc<Self> {
        let limits = &plan.grant.limits;
        let timeout = limits.timeout_ms.map(milliseconds);
        Arc::new(Self {
            id: plan.id,
            ram: RunRam::new(limits.ram_bytes),
            fuel: limits.fuel.map(RunFuel::new),
            deadline: timeout.map(|timeout| Instant::now() + timeout),
            ceiling: plan.ceiling,
            capture: plan.capture.then(Arc::default),
            stdin: plan.stdin.into(),
            fixed: plan.fixed,
            grant: plan.grant,
            observe: plan.observe,
            cancelled: plan.cancelled,
            events,
            cpu,
            certificates,
            alive: AtomicUsize::new(0),
            idle: Notify::new(),
            total: AtomicUsize::new(0),
            next_task: AtomicU64::new(1),
            ticking: ticker.ticking(),
        })
    }

    /// Sub-tasks of a task that failed are told to end, and do so within a tick.
    pub async fn wait_until_idle(&self) {
        loop {
            let mut idle = pin!(self.idle.notified());
            idle.as_mut().enable();
            if self.alive.load(Ordering::SeqCst) == 0 {
                return;
            }
            idle.await;
        }
    }

    /// What a task reads from its standard input: nothing but the one that the host called.
    pub fn stdin_at(&self, depth: usize) -> Arc<[u8]> {
        if depth == 0 {
            Arc::clone(&self.stdin)
        } else {
            Arc::default()
        }
    }

    /// Why no task of it runs any more.
    pub fn exhausted(&self) -> Option<Failure> {
        let limits = &self.grant.limits;
        if let Some(fuel) = self.fuel.as_ref().filter(|fuel| fuel.left() == 0) {
            return Some(run_out_of_fuel(fuel.limit));
        }
        let is_over = self
            .deadline
            .is_some_and(|deadline| deadline <= Instant::now());
        is_over.then(|| run_out_of_time(limits.timeout_ms.unwrap_or_default()))
    }

    /// Counts a task in, or says which limit keeps it out.
    pub fn admit(self: &Arc<Self>, depth: usize) -> Result<Admission, Failure> {
        let Limits {
            tasks_alive,
            tasks_total,
            task_depth,
            ..
        } = self.grant.limits;
        let refused = |what: String| Err(Failure::new(ErrorType::TaskLimit, what));
        if depth > task_depth {
            return refused(format!(
                "tasks may call each other {task_depth} deep: raise taskDepth of its budget"
            ));
        }
        if !self.may_have_another() {
            return refused(format!(
                "a run may have {tasks_total} tasks in all, retries included: raise tasks of its budget"
            ));
        }
        let admission = Admission {
            run: Arc::clone(self),
            _ticking: self.ticking.clone(),
        };
        if self.alive.fetch_add(1, Ordering::SeqCst) >= tasks_alive {
            return refused(format!(
                "a run may have {tasks_alive} tasks alive at once: raise tasksAlive of its budget"
            ));
        }
        Ok(admission)
    }

    /// Counts a task, or another attempt of one. False where there may be no more.
    pub fn may_have_another(&self) -> bool {
        self.total.fetch_add(1, Ordering::Relaxed) < self.grant.limits.tasks_total
    }
}

/// A task that is alive.
pub struct Admission {
    run: Arc<Run>,
    _ticking: Ticking,
}

impl Drop for Admission {
    fn drop(&mut self) {
        if self.run.alive.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.run.idle.notify_waiters();
        }
    }
}

/// A task that is alive, and may call others.
#[derive(Clone)]
pub struct Caller {
    pub run: Arc<Run>,
    pub task: u64,
    pub depth: usize,
}

pub fn milliseconds(milliseconds: f64) -> Duration {
    Duration::from_secs_f64(milliseconds / 1000.0)
}
