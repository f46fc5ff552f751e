//! Tasks and sub-tasks: one way to run them, one retry loop, one set of limits.

use crate::capture::Capture;
use crate::cpu::Cpu;
use crate::deadline::{Ticker, Ticking};
use crate::envelope::{Execution, envelope, envelope_with, rounded};
use crate::event::{Event, EventQueue};
use crate::failure::{ErrorType, Failure, shorten};
use crate::files::{self, Folders};
use crate::fixed::Fixed;
use crate::host::{Operations, Payload, TaskContext};
use crate::network::{Certificates, Hosts, Network, NetworkGrant, Secret, Secrets};
use crate::output::Output;
use crate::placeholders;
use crate::program::Program;
use crate::ram::{Charge, RunRam};
use crate::request::{Bounds, Ceiling, Limits, TaskPolicy};
use crate::sandbox::{
    Budget, Guard, RunFuel, Sandbox, TaskBytes, TaskSide, run_out_of_fuel, run_out_of_time,
};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::HashMap;
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

/// A program, and what its tasks may do: fixed before any of them runs.
pub struct Grant {
    pub program: Arc<Program>,
    limits: Limits,
    tasks: HashMap<String, Arc<TaskGrant>>,
}

/// What one task may do.
struct TaskGrant {
    policy: TaskPolicy,
    /// What its guest is told of that, as JSON.
    context: String,
    folders: Folders,
    network: NetworkGrant,
}

impl Grant {
    /// Fails where a folder cannot be opened.
    pub fn new(
        program: Arc<Program>,
        policies: HashMap<String, TaskPolicy>,
        limits: Limits,
        secrets: Vec<Secret>,
    ) -> wasmtime::Result<Self> {
        let secrets = Secrets::from(secrets);
        let task = |(name, policy): (String, TaskPolicy)| {
            let granted = TaskGrant {
                context: policy.context(),
                folders: files::open_all(&policy.folders, &program.packages)?,
                network: NetworkGrant {
                    hosts: Hosts {
                        granted: policy.hosts.as_slice().into(),
                        withheld: policy.withheld_hosts.as_deref().map(Arc::from),
                    },
                    secrets: secrets.clone(),
                    option: program
                        .engine
                        .language()
                        .spelling("allowedHosts", "allowed_hosts"),
                    requests_at_most: limits.requests,
                    body_bytes_at_most: limits.body_bytes,
                },
                policy,
            };
            Ok((name, Arc::new(granted)))
        };
        let tasks = policies.into_iter().map(task);
        Ok(Self {
            tasks: tasks.collect::<wasmtime::Result<_>>()?,
            program,
            limits,
        })
    }
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
            return refused(format!("tasks may call each other {task_depth} deep"));
        }
        if self.total.fetch_add(1, Ordering::Relaxed) >= tasks_total {
            return refused(format!("a run may have {tasks_total} tasks in all"));
        }
        let admission = Admission {
            run: Arc::clone(self),
            _ticking: self.ticking.clone(),
        };
        if self.alive.fetch_add(1, Ordering::SeqCst) >= tasks_alive {
            return refused(format!("a run may have {tasks_alive} tasks alive at once"));
        }
        Ok(admission)
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

/// A call as a guest asks for it. It names a task and carries arguments; nothing else is looked at.
#[derive(Debug, Deserialize)]
struct SubTaskRequest {
    task: String,
    input: Box<RawValue>,
}

/// The same, checked.
#[derive(Debug)]
pub struct SubTask {
    task: String,
    input: Payload,
}

impl SubTask {
    /// Its name, as far as it is told.
    pub fn name(&self) -> String {
        shorten(&self.task, NAME_CHARACTERS_AT_MOST)
    }

    /// What it is known by.
    pub fn parts(&self) -> [&[u8]; 3] {
        let Self { task, input } = self;
        [task.as_bytes(), input.json.as_bytes(), &input.bytes]
    }

    pub fn parse(Payload { json, bytes }: Payload) -> Result<Self, String> {
        let SubTaskRequest { task, input } = serde_json::from_str(&json)
            .map_err(|error| format!("a call is {{task, input}}: {error}"))?;
        let json = String::from(Box::<str>::from(input));
        let input = Payload { json, bytes };
        placeholders::check(&input)
            .map_err(|problem| format!("the arguments are malformed: {problem}"))?;
        Ok(Self { task, input })
    }

    /// The name in a request that is not looked at further.
    pub fn name_in(json: &str) -> String {
        let request = serde_json::from_str::<SubTaskRequest>(json);
        request.map_or_else(
            |_| String::new(),
            |request| shorten(&request.task, NAME_CHARACTERS_AT_MOST),
        )
    }
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

/// Tries until an attempt succeeds or none is left.
async fn attempts(
    caller: &Caller,
    granted: &TaskGrant,
    Payload { json, bytes }: Payload,
    fixed: Option<Arc<Fixed>>,
    execution: &mut Execution,
) -> Result<Payload, Failure> {
    let bytes = Arc::new(bytes);
    let network = Arc::new(Network::new(
        granted.network.clone(),
        Arc::clone(&caller.run.certificates),
    ));
    let output = Output::new(
        Arc::clone(&caller.run.events),
        caller.run.id,
        caller.task,
        caller.run.grant.limits.output_bytes,
    )
    .captured(caller.run.capture.clone());
    let bounds = caller.run.ceiling.clip(&granted.policy);
    loop {
        let attempt = attempt(
            caller,
            granted,
            &bounds,
            Given {
                task: &execution.task_name,
                json: &json,
                bytes: &bytes,
                fixed: fixed.as_ref().map(|fixed| fixed.attempt(execution.retries)),
            },
            output.clone(),
            &network,
        )
        .await;
        network.end_attempt();
        execution.host_requests = network.requests();
        execution.duration_ms += attempt.duration_ms;
        execution.fuel_consumed += attempt.fuel_consumed;
        execution.ram_used = execution.ram_used.max(attempt.ram_used);
        match attempt.outcome {
            Err(ref failure)
                if execution.retries < bounds.max_retries
                    && failure.error_type != ErrorType::Cancelled
                    && caller.run.exhausted().is_none() =>
            {
                execution.retries += 1;
                retried(caller, execution.retries, &attempt, failure);
            }
            outcome => return outcome.map_err(|failure| caller.run.grant.program.explain(failure)),
        }
    }
}

struct Attempt {
    outcome: Result<Payload, Failure>,
    duration_ms: f64,
    fuel_consumed: u64,
    ram_used: u64,
}

impl Attempt {
    /// No sandbox could be made.
    fn none(failure: Failure) -> Self {
        Self {
            outcome: Err(failure),
            duration_ms: 0.0,
            fuel_consumed: 0,
            ram_used: 0,
        }
    }
}

/// What an attempt begins with.
struct Given<'a> {
    task: &'a str,
    json: &'a str,
    bytes: &'a Arc<Vec<u8>>,
    fixed: Option<Arc<Fixed>>,
}

/// One attempt, in a sandbox of its own.
async fn attempt(
    caller: &Caller,
    granted: &TaskGrant,
    bounds: &Bounds,
    Given {
        task,
        json,
        bytes,
        fixed,
    }: Given<'_>,
    output: Output,
    network: &Arc<Network>,
) -> Attempt {
    let run = &caller.run;
    let Grant {
        program, limits, ..
    } = &*run.grant;
    let image = match program.image.get().await {
        Ok(image) => image,
        Err(failure) => return Attempt::none(failure),
    };
    if let Err(shortage) = run.ram.add_image(image.len()) {
        return Attempt::none(shortage.failure("the program"));
    }
    if let Some(failure) = run.exhausted() {
        return Attempt::none(failure);
    }
    let started = Instant::now();
    let timeout = bounds.timeout_ms.map(milliseconds);
    let of_run = run
        .deadline
        .map(|deadline| deadline.saturating_duration_since(started))
        .filter(|left| timeout.is_none_or(|timeout| *left < timeout));
    let budget = Budget {
        subject: "the task",
        can_be_raised: true,
        fuel: run
            .fuel
            .as_ref()
            .map_or(bounds.fuel, |fuel| bounds.fuel.min(fuel.left())),
        memory_bytes: bounds.memory_bytes,
        timeout: of_run.or(timeout),
        run_timeout_ms: of_run.and(limits.timeout_ms),
        result_bytes: limits.json_bytes,
    };
    let task_side = TaskSide {
        operations: Operations::new(limits.handles).counted(&run.ram),
        output,
        context: TaskContext {
            caller: Some(caller.clone()),
            folders: Arc::clone(&granted.folders),
            network: Some(Arc::clone(network)),
            stacks: Arc::clone(&program.stacks),
            stdin: run.stdin_at(caller.depth),
            seen: None,
            draws: None,
            fixed,
        },
        bytes: TaskBytes::new(Arc::clone(bytes), &run.ram),
    };
    let guard = Guard {
        run: run.id,
        ram: Arc::clone(&run.ram),
        fuel: run.fuel.clone(),
        cpu: Arc::clone(&run.cpu),
        cancelled: run.cancelled.clone(),
    };
    let engine = Arc::clone(&program.engine);
    let sandbox = Sandbox::new(engine, &image, task_side, budget, guard).await;
    let (outcome, fuel_consumed, ram_used) = match sandbox {
        Err(failure) => (Err(failure), 0, image.len() as u64),
        Ok(mut sandbox) => {
            let outcome = sandbox.run(task, json, &granted.context).await;
            (outcome, sandbox.fuel_consumed(), sandbox.ram_used())
        }
    };
    Attempt {
        outcome,
        duration_ms: started.elapsed().as_secs_f64() * 1000.0,
        fuel_consumed,
        ram_used,
    }
}

fn retried(caller: &Caller, attempt: u32, figures: &Attempt, failure: &Failure) {
    if caller.run.observe {
        caller.run.events.push(
            &Event::TaskRetried {
                run: caller.run.id,
                task: caller.task,
                attempt,
                attempt_ms: rounded(figures.duration_ms),
                fuel_consumed: figures.fuel_consumed,
                ram_used: figures.ram_used,
                error_type: failure.error_type.as_str(),
                message: &failure.message,
            },
            Vec::new(),
        );
    }
}

/// Tells of a task's start, and of its end in every case: a task that is dropped was cancelled.
struct Observed {
    caller: Caller,
    name: String,
    started: Instant,
    finished: bool,
}

impl Observed {
    fn start(caller: &Caller, parent: Option<u64>, name: &str) -> Self {
        if caller.run.observe {
            caller.run.events.push(
                &Event::TaskStarted {
                    run: caller.run.id,
                    task: caller.task,
                    parent,
                    name,
                },
                Vec::new(),
            );
        }
        Self {
            caller: caller.clone(),
            name: name.to_owned(),
            started: Instant::now(),
            finished: !caller.run.observe,
        }
    }

    fn finish(&mut self, outcome: &Result<Payload, Failure>, execution: &Execution) {
        let failure = outcome.as_ref().err();
        self.tell(
            failure.map(|failure| failure.error_type.as_str()),
            failure.map(|failure| failure.message.as_str()),
            execution,
        );
    }

    fn tell(&mut self, error_type: Option<&str>, message: Option<&str>, execution: &Execution) {
        if std::mem::replace(&mut self.finished, true) {
            return;
        }
        self.caller.run.events.push(
            &Event::TaskFinished {
                run: self.caller.run.id,
                task: self.caller.task,
                name: &self.name,
                duration_ms: rounded(execution.duration_ms),
                retries: execution.retries,
                fuel_consumed: execution.fuel_consumed,
                ram_used: execution.ram_used,
                error_type,
                message,
            },
            Vec::new(),
        );
    }
}

impl Drop for Observed {
    fn drop(&mut self) {
        let execution = Execution {
            duration_ms: self.started.elapsed().as_secs_f64() * 1000.0,
            ..Execution::default()
        };
        self.tell(
            Some(ErrorType::Cancelled.as_str()),
            Some("its caller ended first"),
            &execution,
        );
    }
}
