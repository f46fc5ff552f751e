//! Tasks and sub-tasks: one way to run them, one retry loop, one set of limits.

mod attempts;
mod grant;
mod observed;
mod sub_task;

pub use grant::Grant;
pub use sub_task::SubTask;

use crate::events::capture::Capture;
use crate::events::envelope::{Execution, envelope, envelope_with};
use crate::events::queue::EventQueue;
use crate::fixed::Fixed;
use crate::machine::cpu::Cpu;
use crate::machine::ram::{Charge, RunRam};
use crate::machine::ticker::{Ticker, Ticking};
use crate::network::Certificates;
use crate::request::{Ceiling, Limits};
use crate::sandbox::{RunFuel, run_out_of_fuel, run_out_of_time};
use crate::values::failure::{ErrorType, Failure, shorten};
use crate::values::payload::Payload;
use attempts::attempts;
use grant::TaskGrant;
use observed::Observed;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::{Notify, watch};

/// What an envelope holds of the name of a task.
const NAME_CHARACTERS_AT_MOST: usize = 128;
/// What is said of the tasks that there are, to who calls another one.
const KNOWN_CHARACTERS_AT_MOST: usize = 2_000;

/// One call from the host, with all tasks that come from it.
pub struct Run {
    pub id: u64,
    pub grant: Arc<Grant>,
    pub events: Arc<EventQueue>,
    pub observe: bool,
    pub cancelled: watch::Receiver<bool>,
    cpu: Arc<Cpu>,
    certificates: Arc<Certificates>,
    ram: Arc<RunRam>,
    fuel: Option<Arc<RunFuel>>,
    /// When its time is over.
    deadline: Option<Instant>,
    ceiling: Ceiling,
    capture: Option<Arc<Capture>>,
    stdin: Arc<[u8]>,
    /// Of the task that the host called.
    fixed: Option<Arc<Fixed>>,
    alive: AtomicUsize,
    /// Told when no task is alive any more.
    idle: Notify,
    total: AtomicUsize,
    next_task: AtomicU64,
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

    /// Runs the task that the host called. Returns its envelope, once all that it started has ended.
    pub async fn start(self: Arc<Self>, task: String, input: Payload) -> Payload {
        let caller = None;
        let call = SubTask { task, input };
        let fixed = self.fixed.clone();
        let (outcome, execution) = execute(Arc::clone(&self), caller, 0, call, fixed).await;
        self.wait_until_idle().await;
        let captured = self.capture.as_ref().map(|capture| capture.texts());
        envelope_with(outcome, &execution, captured)
    }

    /// Sub-tasks of a task that failed are told to end, and do so within a tick.
    async fn wait_until_idle(&self) {
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
    fn stdin_at(&self, depth: usize) -> Arc<[u8]> {
        if depth == 0 {
            Arc::clone(&self.stdin)
        } else {
            Arc::default()
        }
    }

    /// Why no task of it runs any more.
    fn exhausted(&self) -> Option<Failure> {
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
    fn admit(self: &Arc<Self>, depth: usize) -> Result<Admission, Failure> {
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
    fn may_have_another(&self) -> bool {
        self.total.fetch_add(1, Ordering::Relaxed) < self.grant.limits.tasks_total
    }
}

/// A task that is alive.
struct Admission {
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

/// The task that calls a sub-task.
#[derive(Clone)]
pub struct Caller {
    run: Arc<Run>,
    task: u64,
    depth: usize,
}

fn milliseconds(milliseconds: f64) -> Duration {
    Duration::from_secs_f64(milliseconds / 1000.0)
}

/// Runs a sub-task. Returns its envelope.
pub async fn run_sub_task(caller: Caller, call: SubTask, fixed: Option<Arc<Fixed>>) -> Payload {
    let Caller { run, task, depth } = caller;
    let name = call.name();
    let ram = Arc::clone(&run.ram);
    let (outcome, execution) = execute(run, Some(task), depth + 1, call, fixed).await;
    let envelope = envelope(outcome, &execution);
    // Its caller may leave it with the host for long. There it is counted by who keeps it.
    match Charge::none(&ram).add_when_freed(envelope.len()).await {
        Ok(()) => envelope,
        Err(shortage) => refused(name, shortage.failure("the envelope of the task")),
    }
}

/// The envelope of a sub-task that did not run, or whose own cannot be kept.
pub fn refused(task_name: String, failure: Failure) -> Payload {
    let execution = Execution {
        task_name,
        ..Execution::default()
    };
    envelope(Err(failure), &execution)
}

/// The same for a run's first task and for every sub-task.
async fn execute(
    run: Arc<Run>,
    parent: Option<u64>,
    depth: usize,
    SubTask { task: name, input }: SubTask,
    fixed: Option<Arc<Fixed>>,
) -> (Result<Payload, Failure>, Execution) {
    let mut execution = Execution {
        // One that a guest made up may be long; no task has a name like that.
        task_name: shorten(&name, NAME_CHARACTERS_AT_MOST),
        ..Execution::default()
    };
    let outcome = match admissible(&run, &execution.task_name, depth, &input) {
        Err(failure) => Err(failure),
        Ok((granted, _admission)) => {
            let task = run.next_task.fetch_add(1, Ordering::Relaxed);
            let caller = Caller {
                run: Arc::clone(&run),
                task,
                depth,
            };
            let mut observed = Observed::start(&caller, parent, &execution.task_name);
            let outcome = attempts(&caller, &granted, input, fixed, &mut execution).await;
            observed.finish(&outcome, &execution);
            outcome
        }
    };
    (outcome, execution)
}

fn admissible(
    run: &Arc<Run>,
    task: &str,
    depth: usize,
    input: &Payload,
) -> Result<(Arc<TaskGrant>, Admission), Failure> {
    let Grant { tasks, limits, .. } = &*run.grant;
    let granted = tasks.get(task).ok_or_else(|| {
        let mut known: Vec<_> = tasks.keys().map(String::as_str).collect();
        known.sort_unstable();
        Failure::new(
            ErrorType::TaskNotFound,
            format!(
                "there is no task {task:?}; the program has: {}",
                shorten(&known.join(", "), KNOWN_CHARACTERS_AT_MOST)
            ),
        )
    })?;
    if input.len() > limits.json_bytes {
        return Err(Failure::new(
            ErrorType::ResourceLimit,
            format!(
                "the arguments of {task:?} are {}, more than {}",
                input.size(),
                limits.json_bytes
            ),
        ));
    }
    Ok((Arc::clone(granted), run.admit(depth)?))
}
