//! One sandbox: an instance of an engine, made for one load or one call and never used again.

mod budget;
mod dropping;
mod outcome;
mod waiting;

pub use budget::Budget;
pub use outcome::{run_out_of_fuel, run_out_of_time};

use crate::engine::{Bare, LanguageEngine};
use crate::host::{Limiter, MEMORY_BYTES_AT_MOST, Meter, RunFuel, SandboxState, TaskSide};
use crate::image::Image;
use crate::machine::cpu::Cpu;
use crate::machine::ram::{Charge, RunRam, Shortage};
use crate::values::failure::{ErrorType, Failure, GuestFailure, Stop, Trapped};
use crate::values::payload::Payload;
use crate::values::source_file::SourceFile;
use budget::too_little_memory;
use dropping::Droppable;
use outcome::{Limited, accept};
use std::borrow::Cow;
use std::io;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::watch;
use waiting::{Care, is_cancelled, passes, unless_asleep};
use wasmtime::Store;
use wasmtime::component::{ComponentExportIndex, ComponentNamedList, Lift, Lower, TypedFunc};

/// What a guest returns: JSON, or its failure as JSON.
type GuestResult = (Result<String, String>,);

/// Adds to a guest's context that there are bytes.
fn told_of_bytes(context: &str) -> Cow<'static, str> {
    Cow::Owned(match context.strip_prefix('{') {
        Some(members) => format!("{{\"bytes\":true,{members}"),
        None => "{\"bytes\":true}".to_owned(),
    })
}

/// What ends a guest from outside, and when it may run.
#[derive(Clone)]
pub struct Guard {
    pub run: u64,
    pub ram: Arc<RunRam>,
    /// What all tasks of the run may use together.
    pub fuel: Option<Arc<RunFuel>>,
    pub cpu: Arc<Cpu>,
    pub cancelled: watch::Receiver<bool>,
}

/// The failure when a sandbox cannot be made: the machine lacks address space, mappings or memory.
fn no_sandbox(error: wasmtime::Error) -> Failure {
    let Some(cause) = error.downcast_ref::<io::Error>() else {
        return Failure::internal(format!("Cannot make a sandbox: {error:#}"));
    };
    Failure::new(
        ErrorType::ResourceLimit,
        format!(
            "Cannot make a sandbox: {cause}: let fewer tasks be alive at once (budget.tasksAlive), or raise the \
             process's limits of memory (ulimit -v) and of mappings (vm.max_map_count)"
        ),
    )
}

/// A live instance with a program in it. Dropping it ends all that it started.
pub struct Sandbox {
    engine: Arc<LanguageEngine>,
    bare: Droppable,
    image_bytes: usize,
    charge: Arc<Charge>,
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
        let charge = Arc::new(Charge::none(&guard.ram));
        let short = |shortage: Shortage| shortage.failure(budget.subject);
        charge.start(image.copied_bytes()).await.map_err(short)?;
        let mut bare = engine.bare(image).await.map_err(no_sandbox)?;
        let state = bare.store.data_mut();
        // What the instance has besides its main memory, which it was charged for as the engine declares it.
        let besides = state.limiter.used_bytes() - engine.base().len();
        let needed = besides + image.len();
        state.limiter = Limiter::new(
            limit_bytes.min(MEMORY_BYTES_AT_MOST),
            Some(Arc::clone(&charge)),
        );
        if !state.limiter.start_with(needed) {
            return Err(too_little_memory(&budget, needed, limit_bytes));
        }
        state.deadline = budget.timeout.map(|timeout| Instant::now() + timeout);
        state.task = Some(task);
        let meter = |fuel: &Arc<RunFuel>| Meter::new(fuel, budget.fuel);
        state.meter = guard.fuel.as_ref().map(meter);
        bare.store
            .set_fuel(budget.fuel)
            .expect("engines are compiled with fuel");
        bare.store.set_epoch_deadline(1);
        // SAFETY: the store is alive, and nothing has run in it.
        unsafe { bare.slot.map(image) }.map_err(|error| no_sandbox(error.into()))?;
        if image.wants_whole() {
            let image = Arc::clone(image);
            tokio::task::spawn_blocking(move || image.make_whole());
        }
        Ok(Self {
            engine,
            bare: Droppable::new(bare, Arc::clone(&guard.cpu)),
            image_bytes: image.len(),
            charge,
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
            .await?
            .json;
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
        // A guest may have left no fuel or memory for it.
        forgotten.map_err(|error| self.limited().trapped(Trapped::from_error(&error)))
    }

    /// Runs a task, then waits for the sub-tasks that it started. Returns its result.
    pub async fn run(
        &mut self,
        task: &str,
        input: &str,
        context: &str,
    ) -> Result<Payload, Failure> {
        let run: TypedFunc<(&str, &str, &str), GuestResult> = self.export(|e| e.run())?;
        let has_bytes = {
            let task = self.bare.store.data().task.as_ref();
            task.is_some_and(|task| task.bytes.has_arguments())
        };
        let context = if has_bytes {
            told_of_bytes(context)
        } else {
            Cow::Borrowed(context)
        };
        let outcome = self
            .guarded(async |store| {
                let result = run
                    .call_async(&mut *store, (task, input, &*context))
                    .await?;
                let task = store.data_mut().task()?;
                task.context.end_attempt();
                if result.0.is_ok() {
                    task.operations.finish_calls().await;
                }
                Ok(result)
            })
            .await;
        // A guest that was stopped has not come this far above.
        if let Some(task) = &self.bare.store.data().task {
            task.context.end_attempt();
        }
        self.tell_unheard();
        outcome
    }

    /// What was used, which the run is charged for.
    pub fn fuel_consumed(&mut self) -> u64 {
        let left = self.bare.store.get_fuel().unwrap_or(0);
        if let Some(meter) = &mut self.bare.store.data_mut().meter {
            meter.charge(left);
        }
        self.budget.fuel - left
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

    /// Tells on the task's standard error which of its sub-tasks failed without its looking at that.
    fn tell_unheard(&self) {
        if let Some(task) = &self.bare.store.data().task
            && let Some(text) = task.operations.unheard()
        {
            task.output.tell(&text);
        }
    }

    fn limited(&self) -> Limited<'_> {
        Limited {
            budget: &self.budget,
            limiter: &self.bare.store.data().limiter,
            run_fuel: self.guard.fuel.as_deref(),
        }
    }

    fn export<Params, Return>(
        &mut self,
        index: impl FnOnce(&LanguageEngine) -> &ComponentExportIndex,
    ) -> Result<TypedFunc<Params, Return>, Failure>
    where
        Params: ComponentNamedList + Lower,
        Return: ComponentNamedList + Lift,
    {
        let Bare {
            store, instance, ..
        } = &mut *self.bare;
        instance
            .get_typed_func(store, index(&self.engine))
            .map_err(|error| {
                Failure::internal(format!(
                    "the engine does not export this function: {error:#}"
                ))
            })
    }

    /// Runs guest code until it ends, its time is over, or it is cancelled.
    async fn guarded(
        &mut self,
        call: impl AsyncFnOnce(&mut Store<SandboxState>) -> wasmtime::Result<GuestResult>,
    ) -> Result<Payload, Failure> {
        let deadline = self.bare.store.data().deadline;
        let Guard {
            run,
            cpu,
            mut cancelled,
            ..
        } = self.guard.clone();
        let interrupted = Arc::clone(&self.bare.store.data().interrupted);
        let Bare { store, slot, .. } = &mut *self.bare;
        let (charge, image_bytes, subject) = (&self.charge, self.image_bytes, self.budget.subject);
        let working = unless_asleep(call(store), |care| {
            match care {
                Care::Measure => {
                    // SAFETY: the guest runs only while its future is polled, which is not now.
                    let written = unsafe { slot.written_bytes(image_bytes) };
                    charge
                        .set_written(written)
                        .map_err(|shortage| Stop(shortage.failure(subject)))?;
                }
                // One that cannot rest weighs more, and is right.
                // SAFETY: as above.
                Care::Rest => drop(unsafe { slot.rest() }),
            }
            Ok(())
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
            Ok((Ok(json),)) => {
                let task = self.bare.store.data_mut().task.as_mut();
                let bytes = task.map_or_else(Vec::new, |task| task.bytes.take_result());
                accept(Payload { json, bytes }, &self.budget)
            }
            Ok((Err(failure),)) => Err(self.limited().guest_failure(GuestFailure::parse(&failure))),
            Err(error) => match Trapped::from_error(&error) {
                // `os._exit(0)` and the like.
                Trapped::Exited(0) => Ok(Payload::json("null")),
                trapped => Err(self.limited().trapped(trapped)),
            },
        }
    }
}
