//! One sandbox: an instance of an engine, made for one load or one call and never used again.

use crate::engine::LanguageEngine;
use crate::failure::{ErrorType, Failure, GuestFailure, Stop, Trapped};
use crate::host::Operations;
use crate::image::Image;
use crate::limiter::Limiter;
use crate::memory::{self, Region};
use crate::output::Output;
use crate::program::SourceFile;
use crate::scheduler::Caller;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use wasmtime::component::{Instance, Lift, Lower, ResourceTable, TypedFunc};
use wasmtime::{Store, UpdateDeadline};
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};

/// What a guest returns: JSON, or its failure as JSON.
type GuestResult = (Result<String, String>,);

/// Linear memory ends here, whatever a task may use.
const MEMORY_BYTES_AT_MOST: usize = 4 << 30;
/// Passing more than this to the host in one call ends the guest.
const TRANSFER_BYTES_AT_MOST: usize = 128 << 20;
const COMPONENT_HANDLES_AT_MOST: usize = 20_000;
const WASI_HANDLES_AT_MOST: usize = 1_000;
const WASI_RANDOM_BYTES_AT_MOST: u64 = 1 << 16;

/// What one load or one attempt may use.
#[derive(Clone, Debug)]
pub struct Budget {
    /// How messages call what is limited: `the task`, `top-level code`.
    pub subject: &'static str,
    pub fuel: u64,
    pub memory_bytes: Option<u64>,
    pub timeout: Option<Duration>,
    /// The most JSON that the guest may return.
    pub result_bytes: usize,
}

/// What the host keeps for a sandbox, in its store.
pub struct SandboxState {
    pub operations: Operations,
    pub output: Output,
    /// Who calls sub-tasks from here; nobody does while a program is loaded.
    pub caller: Option<Caller>,
    limiter: Limiter,
    deadline: Option<Instant>,
    wasi: WasiCtx,
    table: ResourceTable,
}

impl SandboxState {
    pub fn new(operations: Operations, output: Output, caller: Option<Caller>) -> Self {
        let mut table = ResourceTable::new();
        table.set_max_capacity(WASI_HANDLES_AT_MOST);
        let wasi = WasiCtxBuilder::new()
            .stdout(output.stream(1))
            .stderr(output.stream(2))
            .allow_tcp(false)
            .allow_udp(false)
            .allow_ip_name_lookup(false)
            .max_random_size(WASI_RANDOM_BYTES_AT_MOST)
            .build();
        Self {
            operations,
            output,
            caller,
            limiter: Limiter::new(MEMORY_BYTES_AT_MOST),
            deadline: None,
            wasi,
            table,
        }
    }

    /// Fresh bytes from the operating system.
    pub fn random(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        getrandom::fill(&mut bytes).expect("the operating system has randomness");
        bytes
    }
}

impl WasiView for SandboxState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

/// A live instance. Dropping it ends all that it started.
pub struct Sandbox {
    engine: Arc<LanguageEngine>,
    store: Store<SandboxState>,
    instance: Instance,
    region: Region,
    budget: Budget,
    cancelled: watch::Receiver<bool>,
}

impl Sandbox {
    /// Makes an instance whose memory starts as `image`.
    pub async fn new(
        engine: Arc<LanguageEngine>,
        image: Arc<Image>,
        mut state: SandboxState,
        budget: Budget,
        cancelled: watch::Receiver<bool>,
    ) -> Result<Self, Failure> {
        let limit_bytes = budget.memory_bytes.map_or(MEMORY_BYTES_AT_MOST, |bytes| {
            usize::try_from(bytes).unwrap_or(usize::MAX)
        });
        let limit_bytes = limit_bytes.min(MEMORY_BYTES_AT_MOST);
        state.limiter = Limiter::new(limit_bytes);
        // Wasmtime charges the minimum of the module; the image may be larger.
        let more_bytes = image.len() - image.minimum_bytes();
        if !state.limiter.charge(more_bytes) || image.len() > limit_bytes {
            return Err(too_little_memory(&budget, image.len(), limit_bytes));
        }
        state.deadline = budget.timeout.map(|timeout| Instant::now() + timeout);

        let mut store = Store::new(engine.wasmtime(), state);
        store.limiter(|state| &mut state.limiter);
        store.set_hostcall_fuel(TRANSFER_BYTES_AT_MOST);
        store.set_max_component_handles(COMPONENT_HANDLES_AT_MOST);
        store
            .set_fuel(budget.fuel)
            .expect("engines are compiled with fuel");
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(|context| {
            // A guest that never lets go would not see its timer fire: look at the clock here.
            match context.data().deadline {
                Some(deadline) if deadline <= Instant::now() => {
                    Err(Stop::error(ErrorType::Timeout, ""))
                }
                _ => Ok(UpdateDeadline::Yield(1)),
            }
        });

        let image_bytes = image.len();
        let (instance, region) =
            memory::with_image(image, engine.instance().instantiate_async(&mut store)).await;
        let instance = instance.map_err(|error| match store.data().limiter.denied_bytes() {
            Some(_) => too_little_memory(&budget, image_bytes, limit_bytes),
            None => internal(format!("Cannot make a sandbox: {error:#}")),
        })?;
        let region = region.ok_or_else(|| internal("the engine has no main memory"))?;
        Ok(Self {
            engine,
            store,
            instance,
            region,
            budget,
            cancelled,
        })
    }

    /// Runs a program's top-level code. Returns its declarations.
    pub async fn load(
        &mut self,
        path: &str,
        source: &str,
        files: &[SourceFile],
    ) -> Result<String, Failure> {
        let load: TypedFunc<(&str, &str, &[SourceFile]), GuestResult> =
            self.export(|e| e.load())?;
        self.guarded(async |store| load.call_async(store, (path, source, files)).await)
            .await
    }

    /// Runs a task, then waits for the sub-tasks that it started. Returns its result.
    pub async fn run(&mut self, task: &str, input: &str) -> Result<String, Failure> {
        let run: TypedFunc<(&str, &str), GuestResult> = self.export(|e| e.run())?;
        self.guarded(async |store| {
            let result = run.call_async(&mut *store, (task, input)).await?;
            if result.0.is_ok() {
                store.data().operations.finish_calls().await;
            }
            Ok(result)
        })
        .await
    }

    pub fn fuel_consumed(&self) -> u64 {
        self.budget.fuel - self.store.get_fuel().unwrap_or(0)
    }

    /// Bytes of linear memory and tables: they never shrink.
    pub fn ram_used(&self) -> u64 {
        self.store.data().limiter.used_bytes() as u64
    }

    /// Whether nothing but memory makes up the guest's state: no operation under way, no open handle.
    pub fn is_quiescent(&self) -> bool {
        let state = self.store.data();
        state.operations.is_idle() && state.table.is_empty()
    }

    /// The guest's memory as it is now.
    pub fn image(&self) -> io::Result<Image> {
        // SAFETY: the store is alive, and this borrow of it keeps guest code from running.
        let memory = unsafe { self.region.bytes() };
        Image::from_bytes(memory, self.engine.base().minimum_bytes())
    }

    fn export<Params, Return>(
        &mut self,
        index: impl FnOnce(&LanguageEngine) -> &wasmtime::component::ComponentExportIndex,
    ) -> Result<TypedFunc<Params, Return>, Failure>
    where
        Params: wasmtime::component::ComponentNamedList + Lower,
        Return: wasmtime::component::ComponentNamedList + Lift,
    {
        self.instance
            .get_typed_func(&mut self.store, index(&self.engine))
            .map_err(|error| internal(format!("the engine speaks another world: {error:#}")))
    }

    /// Runs guest code until it ends, its time is over, or it is cancelled.
    async fn guarded(
        &mut self,
        call: impl AsyncFnOnce(&mut Store<SandboxState>) -> wasmtime::Result<GuestResult>,
    ) -> Result<String, Failure> {
        let deadline = self.store.data().deadline;
        let mut cancelled = self.cancelled.clone();
        let called = tokio::select! {
            biased;
            () = is_cancelled(&mut cancelled) => Err(Stop::error(ErrorType::Cancelled, "cancelled")),
            called = call(&mut self.store) => called,
            () = passes(deadline) => Err(Stop::error(ErrorType::Timeout, "")),
        };
        match called {
            Ok((Ok(json),)) => self.accept(json),
            Ok((Err(failure),)) => Err(self.guest_failure(GuestFailure::parse(&failure))),
            Err(error) => Err(self.trapped(Trapped::from_error(&error))),
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
        if failure.is_out_of_memory() && self.store.data().limiter.denied_bytes().is_some() {
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
                    "{subject} used all of its {fuel} units of fuel: raise compute, or do less"
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
            Trapped::Crashed(_) if self.store.data().limiter.denied_bytes().is_some() => {
                self.out_of_memory()
            }
            Trapped::Crashed(how) => Failure::new(
                ErrorType::TaskError,
                format!("{subject} made the language engine give up ({how})"),
            ),
            Trapped::TransferLimit => Failure::new(
                ErrorType::ResourceLimit,
                format!(
                    "{subject} passed more than {TRANSFER_BYTES_AT_MOST} bytes to the host at once"
                ),
            ),
            Trapped::Unexpected(what) => internal(what),
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
        let limiter = &self.store.data().limiter;
        Failure::new(
            ErrorType::MemoryLimit,
            format!(
                "{} wanted {} bytes of memory and may use {}: raise ram, or use less",
                self.budget.subject,
                limiter.denied_bytes().unwrap_or_default(),
                limiter.limit_bytes(),
            ),
        )
    }
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

fn internal(message: impl Into<String>) -> Failure {
    Failure::new(ErrorType::InternalError, message)
}
