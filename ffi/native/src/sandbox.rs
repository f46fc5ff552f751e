//! One sandbox: an instance of an engine, made for one load or one call and never used again.

use crate::cpu::Cpu;
use crate::engine::{Bare, LanguageEngine};
use crate::failure::{ErrorType, Failure, GuestFailure, Stop, Trapped};
use crate::files::{Folders, Seen};
use crate::host::{Operations, TaskContext};
use crate::image::Image;
use crate::limiter::Limiter;
use crate::output::Output;
use crate::program::SourceFile;
use std::future::{Future, poll_fn};
use std::io;
use std::mem::ManuallyDrop;
use std::ops::{Deref, DerefMut};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::Poll;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::time::Sleep;
use wasmtime::component::{Lift, Lower, ResourceTable, TypedFunc};
use wasmtime::{Engine, Store, UpdateDeadline};
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};

/// What a guest returns: JSON, or its failure as JSON.
type GuestResult = (Result<String, String>,);

/// Linear memory ends here, whatever a task may use.
const MEMORY_BYTES_AT_MOST: usize = 4 << 30;
/// Passing more than this to the host in one call ends the guest.
const TRANSFER_BYTES_AT_MOST: usize = 128 << 20;
const COMPONENT_HANDLES_AT_MOST: usize = 20_000;
const WASI_HANDLES_AT_MOST: usize = 1_000;
/// Fuel is written back so often: about once in half a millisecond.
const FUEL_INTERVAL: u64 = 10_000_000;
const INSTANTIATION_FUEL: u64 = 1_000_000_000;
const WASI_RANDOM_BYTES_AT_MOST: u64 = 1 << 16;

/// What one load or one attempt may use.
#[derive(Clone, Debug)]
pub struct Budget {
    /// How messages call what is limited: `the task`, `top-level code`.
    pub subject: &'static str,
    /// Whether the program can declare another one.
    pub can_be_raised: bool,
    pub fuel: u64,
    pub memory_bytes: Option<u64>,
    pub timeout: Option<Duration>,
    /// The most JSON that the guest may return.
    pub result_bytes: usize,
}

impl Budget {
    /// What to do about a limit.
    fn advice<'a>(&self, raise: &'a str) -> &'a str {
        if self.can_be_raised {
            raise
        } else {
            "do this inside a task"
        }
    }
}

/// What the host keeps for a sandbox, in its store.
pub struct SandboxState {
    /// None as long as the instance is a spare.
    task: Option<TaskSide>,
    limiter: Limiter,
    deadline: Option<Instant>,
    /// Set at the first tick that the guest did not let go before.
    interrupted: Arc<AtomicBool>,
    /// Made when a guest first calls WASI, which most never do.
    wasi: Option<WasiCtx>,
    table: ResourceTable,
}

/// Where a guest's calls of the host lead.
pub struct TaskSide {
    pub operations: Operations,
    pub output: Output,
    pub context: TaskContext,
}

/// What ends a guest from outside, and when it may run.
#[derive(Clone)]
pub struct Guard {
    pub run: u64,
    pub cpu: Arc<Cpu>,
    pub cancelled: watch::Receiver<bool>,
}

impl SandboxState {
    /// A store for an instance that no task has yet.
    pub fn store(engine: &Engine) -> Store<Self> {
        let mut table = ResourceTable::new();
        table.set_max_capacity(WASI_HANDLES_AT_MOST);
        let state = Self {
            task: None,
            limiter: Limiter::new(MEMORY_BYTES_AT_MOST),
            deadline: None,
            interrupted: Arc::default(),
            wasi: None,
            table,
        };
        let mut store = Store::new(engine, state);
        store.limiter(|state| &mut state.limiter);
        store.set_hostcall_fuel(TRANSFER_BYTES_AT_MOST);
        store.set_max_component_handles(COMPONENT_HANDLES_AT_MOST);
        // For what an instantiation runs, which is next to nothing.
        store
            .set_fuel(INSTANTIATION_FUEL)
            .expect("engines are compiled with fuel");
        // Only then is the fuel of a guest known that is ended from outside.
        store
            .fuel_async_yield_interval(Some(FUEL_INTERVAL))
            .expect("an interval that is not zero");
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(|context| {
            let state = context.data();
            state.interrupted.store(true, Ordering::Relaxed);
            // A guest that never lets go would not see its timer fire: look at the clock here.
            match state.deadline {
                Some(deadline) if deadline <= Instant::now() => {
                    Err(Stop::error(ErrorType::Timeout, ""))
                }
                _ => Ok(UpdateDeadline::Yield(1)),
            }
        });
        store
    }

    /// The folders of the task that runs here.
    pub fn folders(&self) -> Folders {
        let task = self.task.as_ref();
        task.map_or_else(
            || Arc::new([]) as Folders,
            |task| Arc::clone(&task.context.folders),
        )
    }

    /// Where it is noted what the guest looks at, if that is.
    pub fn seen(&self) -> Option<&Seen> {
        self.task.as_ref()?.context.seen.as_deref()
    }

    /// The task that runs here. A guest that calls the host without one is ended.
    pub fn task(&mut self) -> wasmtime::Result<&mut TaskSide> {
        self.task
            .as_mut()
            .ok_or_else(|| Stop::error(ErrorType::InternalError, "no task runs here"))
    }
}

impl WasiView for SandboxState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        let task = &self.task;
        let ctx = self.wasi.get_or_insert_with(|| {
            let mut builder = WasiCtxBuilder::new();
            builder
                .allow_tcp(false)
                .allow_udp(false)
                .allow_ip_name_lookup(false)
                .max_random_size(WASI_RANDOM_BYTES_AT_MOST)
                // Top-level code sees the files of packages, and nothing else.
                .allow_blocking_current_thread(
                    task.as_ref()
                        .is_some_and(|task| task.context.caller.is_none()),
                );
            if let Some(task) = task {
                builder
                    .stdout(task.output.stream(1))
                    .stderr(task.output.stream(2));
            }
            builder.build()
        });
        WasiCtxView {
            ctx,
            table: &mut self.table,
        }
    }
}

/// An instance that is dropped when nobody waits for it. That takes a fraction of a millisecond: where a
/// thousand end at once, most take turns.
struct Droppable {
    bare: ManuallyDrop<Bare>,
    cpu: Arc<Cpu>,
}

/// A guest that waited for so long may wait for longer.
const ASLEEP_AFTER: Duration = Duration::from_millis(250);

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
        // SAFETY: it is not used again.
        let bare = unsafe { ManuallyDrop::take(&mut self.bare) };
        let cpu = Arc::clone(&self.cpu);
        if let Ok(executor) = tokio::runtime::Handle::try_current() {
            let counted = Dropped::count();
            executor.spawn(async move {
                let waits = Arc::new(AtomicBool::new(counted.others >= DROPPED_AT_ONCE));
                let dropping = async move { drop(bare) };
                cpu.take_turns(DROPPING, waits, dropping).await;
                drop(counted);
            });
        }
    }
}

/// A live instance with a program in it. Dropping it ends all that it started.
pub struct Sandbox {
    engine: Arc<LanguageEngine>,
    bare: Droppable,
    budget: Budget,
    guard: Guard,
}

impl Sandbox {
    /// Takes an instance whose memory starts as `image`.
    pub async fn new(
        engine: Arc<LanguageEngine>,
        image: &Arc<Image>,
        task: TaskSide,
        budget: Budget,
        guard: Guard,
    ) -> Result<Self, Failure> {
        let limit_bytes = budget.memory_bytes.map_or(MEMORY_BYTES_AT_MOST, |bytes| {
            usize::try_from(bytes).unwrap_or(MEMORY_BYTES_AT_MOST)
        });
        let mut bare = engine
            .bare(image)
            .await
            .map_err(|error| Failure::internal(format!("Cannot make a sandbox: {error:#}")))?;
        let state = bare.store.data_mut();
        // What the instance has besides its main memory, which it was charged for as the engine declares it.
        let besides = state.limiter.used_bytes() - engine.base().len();
        let needed = besides + image.len();
        state.limiter = Limiter::new(limit_bytes.min(MEMORY_BYTES_AT_MOST));
        if !state.limiter.charge(needed) {
            return Err(too_little_memory(&budget, needed, limit_bytes));
        }
        state.deadline = budget.timeout.map(|timeout| Instant::now() + timeout);
        state.task = Some(task);
        bare.store
            .set_fuel(budget.fuel)
            .expect("engines are compiled with fuel");
        bare.store.set_epoch_deadline(1);
        // SAFETY: the store is alive, and nothing has run in it.
        unsafe { bare.slot.map(image) }
            .map_err(|error| Failure::internal(format!("Cannot map an image: {error}")))?;
        if image.wants_whole() {
            let image = Arc::clone(image);
            tokio::task::spawn_blocking(move || image.make_whole());
        }
        Ok(Self {
            engine,
            bare: Droppable {
                bare: ManuallyDrop::new(bare),
                cpu: Arc::clone(&guard.cpu),
            },
            budget,
            guard,
        })
    }

    /// Runs a program's top-level code. Returns its declarations.
    pub async fn load(
        &mut self,
        path: &str,
        source: &str,
        files: &[SourceFile],
        context: &str,
    ) -> Result<String, Failure> {
        let load: TypedFunc<(&str, &str, &[SourceFile], &str), GuestResult> =
            self.export(|e| e.load())?;
        let declarations = self
            .guarded(async |store| load.call_async(store, (path, source, files, context)).await)
            .await?;
        if self.engine.forget_files().is_some() {
            self.forget_files().await?;
        }
        Ok(declarations)
    }

    /// Lets the guest's libc forget the folders that it was given, and their handles.
    async fn forget_files(&mut self) -> Result<(), Failure> {
        let forget: TypedFunc<(), ()> =
            self.export(|engine| engine.forget_files().expect("it was looked for"))?;
        let forgotten = forget.call_async(&mut self.bare.store, ()).await;
        forgotten
            .map_err(|error| Failure::internal(format!("the engine kept its files: {error:#}")))
    }

    /// Runs a task, then waits for the sub-tasks that it started. Returns its result.
    pub async fn run(&mut self, task: &str, input: &str, context: &str) -> Result<String, Failure> {
        let run: TypedFunc<(&str, &str, &str), GuestResult> = self.export(|e| e.run())?;
        self.guarded(async |store| {
            let result = run.call_async(&mut *store, (task, input, context)).await?;
            if result.0.is_ok() {
                store.data_mut().task()?.operations.finish_calls().await;
            }
            Ok(result)
        })
        .await
    }

    pub fn fuel_consumed(&self) -> u64 {
        self.budget.fuel - self.bare.store.get_fuel().unwrap_or(0)
    }

    /// Bytes of linear memory and tables: they never shrink.
    pub fn ram_used(&self) -> u64 {
        self.bare.store.data().limiter.used_bytes() as u64
    }

    /// Whether nothing but memory makes up the guest's state: no operation under way, no open handle.
    pub fn is_quiescent(&self) -> bool {
        let state = self.bare.store.data();
        let idle = state
            .task
            .as_ref()
            .is_none_or(|task| task.operations.is_idle());
        idle && state.table.is_empty()
    }

    /// The guest's memory as it was at the end. This sandbox started as an empty engine.
    pub fn into_image(self) -> io::Result<Image> {
        let slot = &self.bare.slot;
        // SAFETY: the store is alive, and no guest code runs here any more.
        let memory = unsafe { slot.bytes() };
        let (image, own_bytes) = Image::capture(Arc::clone(self.engine.base()), memory)?;
        slot.captured(&image, own_bytes);
        Ok(image)
    }

    fn export<Params, Return>(
        &mut self,
        index: impl FnOnce(&LanguageEngine) -> &wasmtime::component::ComponentExportIndex,
    ) -> Result<TypedFunc<Params, Return>, Failure>
    where
        Params: wasmtime::component::ComponentNamedList + Lower,
        Return: wasmtime::component::ComponentNamedList + Lift,
    {
        let Bare {
            store, instance, ..
        } = &mut *self.bare;
        instance
            .get_typed_func(store, index(&self.engine))
            .map_err(|error| {
                Failure::internal(format!("the engine speaks another world: {error:#}"))
            })
    }

    /// Runs guest code until it ends, its time is over, or it is cancelled.
    async fn guarded(
        &mut self,
        call: impl AsyncFnOnce(&mut Store<SandboxState>) -> wasmtime::Result<GuestResult>,
    ) -> Result<String, Failure> {
        let deadline = self.bare.store.data().deadline;
        let Guard {
            run,
            cpu,
            mut cancelled,
        } = self.guard.clone();
        let interrupted = Arc::clone(&self.bare.store.data().interrupted);
        let Bare { store, slot, .. } = &mut *self.bare;
        let working = unless_asleep(call(store), || {
            // SAFETY: the guest runs only while its future is polled, which is not now.
            unsafe { slot.rest() }
        });
        let called = tokio::select! {
            biased;
            () = is_cancelled(&mut cancelled) => Err(Stop::error(ErrorType::Cancelled, "cancelled")),
            called = cpu.take_turns(run, interrupted, working) => called,
            () = passes(deadline) => Err(Stop::error(ErrorType::Timeout, "")),
        };
        // A sub-task may hear of it first, and its caller go on with what it says.
        let called = if *self.guard.cancelled.borrow() {
            Err(Stop::error(ErrorType::Cancelled, "cancelled"))
        } else {
            called
        };
        match called {
            Ok((Ok(json),)) => self.accept(json),
            Ok((Err(failure),)) => Err(self.guest_failure(GuestFailure::parse(&failure))),
            Err(error) => match Trapped::from_error(&error) {
                // `os._exit(0)` and the like.
                Trapped::Exited(0) => Ok("null".to_owned()),
                trapped => Err(self.trapped(trapped)),
            },
        }
    }

    fn accept(&self, json: String) -> Result<String, Failure> {
        let limit = self.budget.result_bytes;
        if json.len() > limit {
            return Err(Failure::new(
                ErrorType::OutputLimit,
                format!(
                    "{} returned {} bytes of JSON, more than {limit}",
                    self.budget.subject,
                    json.len()
                ),
            ));
        }
        crate::envelope::check_json(&json)
            .map_err(|problem| Failure::new(ErrorType::InvalidResult, problem))?;
        Ok(json)
    }

    fn guest_failure(&self, failure: GuestFailure) -> Failure {
        if failure.is_out_of_memory() && self.bare.store.data().limiter.denied_bytes().is_some() {
            return Failure {
                stack: failure.stack,
                ..self.out_of_memory()
            };
        }
        failure.into_failure()
    }

    fn trapped(&self, trapped: Trapped) -> Failure {
        let Budget { subject, fuel, .. } = self.budget;
        match trapped {
            Trapped::Stopped(failure) if failure.error_type == ErrorType::Timeout => {
                self.timed_out()
            }
            Trapped::Stopped(failure) => failure,
            Trapped::FuelExhausted => Failure::new(
                ErrorType::FuelExhausted,
                format!(
                    "{subject} used all of its {fuel} units of fuel: {}",
                    self.budget.advice("raise compute, or do less")
                ),
            ),
            Trapped::StackOverflow => Failure::new(
                ErrorType::StackOverflow,
                format!("{subject} called functions too deeply: recursion without end?"),
            ),
            Trapped::Stuck => Failure::new(
                ErrorType::TaskError,
                format!("{subject} waits for something that never happens: a promise without end?"),
            ),
            Trapped::Crashed(_) if self.bare.store.data().limiter.denied_bytes().is_some() => {
                self.out_of_memory()
            }
            Trapped::Crashed(how) => Failure::new(
                ErrorType::TaskError,
                format!("{subject} made the language engine give up ({how})"),
            ),
            Trapped::Exited(status) => Failure::new(
                ErrorType::TaskError,
                format!("{subject} exited with status {status}"),
            ),
            Trapped::HandleLimit => Failure::new(
                ErrorType::ResourceLimit,
                format!("{subject} holds more than {COMPONENT_HANDLES_AT_MOST} handles"),
            ),
            Trapped::WasiHandleLimit => Failure::new(
                ErrorType::ResourceLimit,
                format!("{subject} has more than {WASI_HANDLES_AT_MOST} files and streams open"),
            ),
            Trapped::TransferLimit => Failure::new(
                ErrorType::ResourceLimit,
                format!(
                    "{subject} passed more than {TRANSFER_BYTES_AT_MOST} bytes to the host at once"
                ),
            ),
            Trapped::Unexpected(what) => Failure::internal(what),
        }
    }

    fn timed_out(&self) -> Failure {
        let timeout_ms = self.budget.timeout.unwrap_or_default().as_secs_f64() * 1000.0;
        Failure::new(
            ErrorType::Timeout,
            format!(
                "{} ran longer than its timeout of {timeout_ms} ms",
                self.budget.subject
            ),
        )
    }

    fn out_of_memory(&self) -> Failure {
        let limiter = &self.bare.store.data().limiter;
        Failure::new(
            ErrorType::MemoryLimit,
            format!(
                "{} wanted {} bytes of memory and may use {}: {}",
                self.budget.subject,
                limiter.denied_bytes().unwrap_or_default(),
                limiter.limit_bytes(),
                self.budget.advice("raise ram, or use less"),
            ),
        )
    }
}

/// Drives a guest, and calls back when it has waited for something for long.
async fn unless_asleep<F: Future>(work: F, rest: impl Fn() -> io::Result<()>) -> F::Output {
    let mut work = pin!(work);
    // Most guests never wait, and need no clock.
    let mut clock: Option<Pin<Box<Sleep>>> = None;
    let mut is_armed = false;
    poll_fn(|context| {
        if let Poll::Ready(output) = work.as_mut().poll(context) {
            return Poll::Ready(output);
        }
        match &mut clock {
            None => clock = Some(Box::pin(tokio::time::sleep(ASLEEP_AFTER))),
            Some(clock) if is_armed && clock.is_elapsed() => {
                // One that cannot rest weighs more, and is right.
                let _ = rest();
                is_armed = false;
                return Poll::Pending;
            }
            Some(clock) => clock.as_mut().reset((Instant::now() + ASLEEP_AFTER).into()),
        }
        is_armed = true;
        // It has not passed yet: this registers who is to be woken.
        let _ = clock.as_mut().map(|clock| clock.as_mut().poll(context));
        Poll::Pending
    })
    .await
}

async fn passes(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
        None => std::future::pending().await,
    }
}

async fn is_cancelled(cancelled: &mut watch::Receiver<bool>) {
    if cancelled.wait_for(|cancelled| *cancelled).await.is_err() {
        // Nobody is left who could cancel.
        std::future::pending().await
    }
}

fn too_little_memory(budget: &Budget, needed: usize, limit: usize) -> Failure {
    Failure::new(
        ErrorType::MemoryLimit,
        format!(
            "{} may use {limit} bytes of memory, and the language engine with the program in it needs \
             {needed} before it does anything: raise ram",
            budget.subject,
        ),
    )
}
