//! A guest's side of the host: what is kept for it, and what of WASI it has.

use super::limiter::Limiter;
use super::meter::Meter;
use super::operations::{Operations, TaskContext, Waiter};
use super::task_bytes::TaskBytes;
use crate::events::output::Output;
use crate::files::{Folders, Seen};
use crate::fixed::Fixed;
use crate::values::failure::{ErrorType, Stop};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;
use wasmtime::component::ResourceTable;
use wasmtime::{Engine, Store, UpdateDeadline};
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};

/// Linear memory ends here, whatever a task may use.
pub const MEMORY_BYTES_AT_MOST: usize = 4 << 30;
/// Passing more than this to the host in one call ends the guest.
pub const TRANSFER_BYTES_AT_MOST: usize = 128 << 20;
pub const COMPONENT_HANDLES_AT_MOST: usize = 20_000;
pub const WASI_HANDLES_AT_MOST: usize = 1_000;
/// Fuel is written back so often: about once in half a millisecond.
const FUEL_INTERVAL: u64 = 10_000_000;
const INSTANTIATION_FUEL: u64 = 1_000_000_000;
const WASI_RANDOM_BYTES_AT_MOST: u64 = 1 << 16;

/// What the host keeps for a sandbox, in its store.
pub struct SandboxState {
    /// None as long as the instance is a spare.
    pub task: Option<TaskSide>,
    pub limiter: Limiter,
    /// Where the fuel of the run is bounded.
    pub meter: Option<Meter>,
    pub deadline: Option<Instant>,
    /// Set at the first tick that the guest did not let go before.
    pub interrupted: Arc<AtomicBool>,
    /// Made when a guest first calls WASI, which most never do.
    wasi: Option<WasiCtx>,
    pub table: ResourceTable,
}

/// Where a guest's calls of the host lead.
pub struct TaskSide {
    pub operations: Operations,
    pub output: Output,
    pub context: TaskContext,
    pub bytes: TaskBytes,
}

impl SandboxState {
    /// A store for an instance that no task has yet.
    pub fn store(engine: &Engine) -> Store<Self> {
        let mut table = ResourceTable::new();
        table.set_max_capacity(WASI_HANDLES_AT_MOST);
        let state = Self {
            task: None,
            limiter: Limiter::new(MEMORY_BYTES_AT_MOST, None),
            meter: None,
            deadline: None,
            interrupted: Arc::default(),
            wasi: None,
            table,
        };
        let mut store = Store::new(engine, state);
        store.limiter_async(|state| &mut state.limiter);
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
        store.epoch_deadline_callback(|mut context| {
            let fuel = context.get_fuel().unwrap_or(0);
            let state = context.data_mut();
            state.interrupted.store(true, Ordering::Relaxed);
            if let Some(meter) = &mut state.meter
                && meter.charge(fuel) == 0
            {
                return Err(Stop::error(ErrorType::FuelExhausted, ""));
            }
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

    /// Random bytes and time of the guest, if they are not the host's.
    pub fn fixed(&self) -> Option<&Fixed> {
        self.task.as_ref()?.context.fixed.as_deref()
    }

    /// The task that runs here. A guest that calls the host without one is ended.
    pub fn task(&mut self) -> wasmtime::Result<&mut TaskSide> {
        self.task
            .as_mut()
            .ok_or_else(|| Stop::error(ErrorType::InternalError, "no task runs here"))
    }

    /// Waits for the operations of the task that runs here.
    pub fn waiter(&mut self) -> wasmtime::Result<Waiter> {
        let task = self.task()?;
        Ok(task.operations.waiter().with_clock(task.context.clock()))
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
                        .is_some_and(|task| task.context.call.is_none()),
                );
            if let Some(task) = task {
                if let Some(fixed) = &task.context.fixed {
                    fixed.configure(&mut builder);
                }
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
