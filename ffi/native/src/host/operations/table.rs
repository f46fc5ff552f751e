//! The operations that one sandbox has under way.

use super::sub_task::SubTask;
use super::unheard;
use super::work::{Kind, TaskContext, Work, begin};
use crate::events::envelope::refused;
use crate::files::node::Files;
use crate::fixed::Clock;
use crate::machine::ram::{Charge, RunRam, Shortage};
use crate::values::failure::{ErrorType, Failure, Stop};
use crate::values::payload::Payload;
use std::collections::HashMap;
use std::future::{Future, poll_fn};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tokio::task::AbortHandle;
use wasmtime_wasi::I32Exit;

/// What the host keeps for an operation besides its request and outcome.
const OPERATION_BYTES: usize = 1 << 10;
/// What ended operations may hold until their outcomes are taken.
const HELD_BYTES_AT_MOST: usize = 128 << 20;

/// Owned by the sandbox: what is under way ends with it.
pub struct Operations {
    shared: Arc<Shared>,
    /// Made when a guest first asks for a file, which most never do.
    files: Option<Arc<tokio::sync::Mutex<Files>>>,
    next_handle: u32,
    handles_at_most: u32,
    /// What requests and outcomes are counted for. Nothing, while a program is loaded.
    ram: Option<Arc<RunRam>>,
}

#[derive(Debug, Default)]
struct Shared(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    running: HashMap<u32, Running>,
    ended: HashMap<u32, Ended>,
    held_bytes: usize,
    /// The same, as memory of the run.
    held: Option<Charge>,
    /// Ended, and not yet returned by `poll` or `ended`.
    untold: Vec<u32>,
    wakers: Vec<Waker>,
}

#[derive(Debug)]
struct Running {
    is_call: bool,
    abort: AbortHandle,
}

#[derive(Debug)]
struct Ended {
    kind: Kind,
    outcome: Payload,
}

impl Operations {
    pub fn new(handles_at_most: u32) -> Self {
        Self {
            shared: Arc::default(),
            files: None,
            next_handle: 1,
            handles_at_most,
            ram: None,
        }
    }

    /// Counts what is under way, and outcomes that nobody took, as memory of a run.
    pub fn counted(mut self, ram: &Arc<RunRam>) -> Self {
        self.shared.lock().held = Some(Charge::none(ram));
        self.ram = Some(Arc::clone(ram));
        self
    }

    /// Begins an operation and returns its handle.
    pub fn start(
        &mut self,
        operation: &str,
        request: Payload,
        context: &TaskContext,
    ) -> wasmtime::Result<u32> {
        let open = self.shared.lock().open();
        if open >= self.handles_at_most as usize {
            return Err(Stop::error(
                ErrorType::ResourceLimit,
                format!("a task may have {} operations open", self.handles_at_most),
            ));
        }
        let handle = self.next_handle;
        self.next_handle = handle
            .checked_add(1)
            .ok_or_else(|| Stop::error(ErrorType::ResourceLimit, "no handle is left"))?;
        if operation == "exit" {
            return Err(I32Exit(serde_json::from_str(&request.json).unwrap_or(1)).into());
        }
        let held = match self.hold(&request) {
            Ok(held) => held,
            // A sub-task that cannot be started has an envelope that says so.
            Err(shortage) if operation == "call" => {
                let name = SubTask::name_in(&request.json);
                let failure = shortage.failure("the call");
                let refused = refused(name, failure);
                self.shared.lock().tell(handle, Kind::Nothing, refused);
                return Ok(handle);
            }
            Err(shortage) => return Err(Stop(shortage.failure("the task")).into()),
        };
        if operation == "file" {
            let files = self.files(context);
            let work = async move { files.lock().await.perform(request).await };
            self.shared
                .spawn(handle, Kind::Nothing, Box::pin(work), held);
            return Ok(handle);
        }
        match begin(operation, request, context) {
            Ok((kind, work)) => self.shared.spawn(handle, kind, work, held),
            Err(outcome) => self.shared.lock().tell(handle, Kind::Nothing, outcome),
        }
        Ok(handle)
    }

    /// Counts a request for as long as it is under way.
    fn hold(&self, request: &Payload) -> Result<Option<Charge>, Shortage> {
        let held = self.ram.as_ref().map(Charge::none);
        if let Some(held) = &held {
            held.add(request.len() + OPERATION_BYTES)?;
        }
        Ok(held)
    }

    fn files(&mut self, context: &TaskContext) -> Arc<tokio::sync::Mutex<Files>> {
        let make = || Arc::new(tokio::sync::Mutex::new(Files::new(&context.folders)));
        Arc::clone(self.files.get_or_insert_with(make))
    }

    /// Ends an operation, or drops the outcome of one that has ended.
    pub fn cancel(&self, handle: u32) {
        let mut state = self.shared.lock();
        if let Some(running) = state.running.remove(&handle) {
            running.abort.abort();
            state.wake();
        } else if let Some(Ended { kind, outcome }) = state.take(handle) {
            kind.drop_outcome(&outcome);
        }
    }

    pub fn waiter(&self) -> Waiter {
        Waiter {
            shared: Arc::clone(&self.shared),
            clock: None,
        }
    }

    /// Ends all but the calls of sub-tasks, and waits for those.
    pub async fn finish_calls(&self) {
        self.shared.lock().abort(|running| !running.is_call);
        let waiter = self.waiter();
        poll_fn(|context| {
            let mut state = waiter.shared.lock();
            if state.running.is_empty() {
                return Poll::Ready(());
            }
            state.register(context);
            Poll::Pending
        })
        .await;
    }

    /// A report of the sub-tasks that failed and whose envelopes were not taken.
    pub fn unheard(&self) -> Option<String> {
        let state = self.shared.lock();
        if state.ended.is_empty() {
            return None;
        }
        let mut handles: Vec<_> = state.ended.keys().collect();
        handles.sort_unstable();
        let ended = handles.iter().map(|handle| &state.ended[handle]);
        let calls = ended.filter(|ended| matches!(ended.kind, Kind::Call(..)));
        unheard::told(calls.map(|ended| ended.outcome.json.as_str()))
    }

    /// Whether no operation is running.
    pub fn is_idle(&self) -> bool {
        self.shared.lock().running.is_empty()
    }
}

impl Drop for Operations {
    fn drop(&mut self) {
        self.shared.lock().abort(|_| true);
    }
}

/// Waits for operations without borrowing the sandbox's store.
#[derive(Clone, Debug)]
pub struct Waiter {
    shared: Arc<Shared>,
    /// The guest's, if that is not the host's.
    clock: Option<Arc<Clock>>,
}

impl Waiter {
    pub fn with_clock(self, clock: Option<&Arc<Clock>>) -> Self {
        Self {
            clock: clock.cloned(),
            ..self
        }
    }

    /// Takes the outcome of one operation. `timeout` in microseconds.
    pub async fn wait(&self, handle: u32, timeout: Option<u64>) -> Result<Option<Payload>, String> {
        let ended = poll_fn(|context| {
            let mut state = self.shared.lock();
            if let Some(ended) = state.take(handle) {
                ended.kind.taken();
                return Poll::Ready(Ok(ended.outcome));
            }
            if !state.running.contains_key(&handle) {
                return Poll::Ready(Err(format!("there is no operation {handle} to wait for")));
            }
            state.register(context);
            Poll::Pending
        });
        let outcome = within(timeout, ended).await;
        if outcome.is_none() {
            self.waited_for(timeout);
        }
        outcome.transpose()
    }

    /// The handles of operations that ended, as soon as there are any. `timeout` in microseconds.
    pub async fn poll(&self, timeout: Option<u64>) -> Vec<u32> {
        let sleeps = timeout.is_some();
        let ended = poll_fn(|context| match self.poll_ended(context) {
            // With nothing under way, a timeout is a plain sleep.
            Poll::Ready(handles) if handles.is_empty() && sleeps => Poll::Pending,
            polled => polled,
        });
        let left = match (&self.clock, timeout) {
            (Some(clock), Some(timeout)) => Some(clock.left(timeout)),
            _ => timeout,
        };
        let handles = within(left, ended).await;
        if handles.is_none() {
            self.waited_for(timeout);
        }
        handles.unwrap_or_default()
    }

    fn waited_for(&self, timeout: Option<u64>) {
        if let (Some(clock), Some(microseconds)) = (&self.clock, timeout) {
            clock.advance(microseconds.saturating_mul(1000));
        }
    }

    /// Ready with nothing when no operation is under way.
    pub fn poll_ended(&self, context: &mut Context<'_>) -> Poll<Vec<u32>> {
        let mut state = self.shared.lock();
        let handles = std::mem::take(&mut state.untold);
        if !handles.is_empty() || state.running.is_empty() {
            return Poll::Ready(handles);
        }
        state.register(context);
        Poll::Pending
    }
}

async fn within<F: Future>(timeout: Option<u64>, work: F) -> Option<F::Output> {
    match timeout {
        None => Some(work.await),
        Some(microseconds) => tokio::time::timeout(Duration::from_micros(microseconds), work)
            .await
            .ok(),
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn spawn(self: &Arc<Self>, handle: u32, kind: Kind, work: Work, held: Option<Charge>) {
        let is_call = matches!(kind, Kind::Call(..));
        // Held until the operation is registered: it cannot end before.
        let mut state = self.lock();
        let shared = Arc::clone(self);
        let task = tokio::spawn(async move {
            let ending = Ending {
                shared,
                handle,
                kind,
            };
            let outcome = work.await;
            drop(held);
            ending.shared.lock().end(handle, &ending.kind, outcome);
        });
        state.running.insert(
            handle,
            Running {
                is_call,
                abort: task.abort_handle(),
            },
        );
    }
}

impl State {
    /// Drops the outcome if the operation was cancelled meanwhile.
    fn end(&mut self, handle: u32, kind: &Kind, outcome: Payload) {
        match self.running.remove(&handle) {
            Some(_) => self.tell(handle, kind.clone(), outcome),
            None => kind.drop_outcome(&outcome),
        }
    }

    /// The outcome of an operation that has ended.
    fn take(&mut self, handle: u32) -> Option<Ended> {
        let ended = self.ended.remove(&handle)?;
        self.let_go(ended.outcome.len());
        self.untold.retain(|untold| *untold != handle);
        Some(ended)
    }

    /// Operations that run, and outcomes that nobody took.
    fn open(&self) -> usize {
        self.running.len() + self.ended.len()
    }

    fn tell(&mut self, handle: u32, kind: Kind, mut outcome: Payload) {
        if self.held_bytes + outcome.len() > HELD_BYTES_AT_MOST {
            kind.drop_outcome(&outcome);
            let message = format!(
                "ended operations that the task has not read hold more than {HELD_BYTES_AT_MOST} bytes"
            );
            outcome = kind.failed(Failure::new(ErrorType::ResourceLimit, message));
        }
        if let Err(shortage) = self.hold(outcome.len()) {
            kind.drop_outcome(&outcome);
            // This little is held in any case.
            outcome = kind.failed(shortage.failure("an operation"));
            self.held_bytes += outcome.len();
            if let Some(held) = &self.held {
                held.force(outcome.len() + OPERATION_BYTES);
            }
        }
        self.ended.insert(handle, Ended { kind, outcome });
        self.untold.push(handle);
        self.wake();
    }

    fn hold(&mut self, bytes: usize) -> Result<(), Shortage> {
        if let Some(held) = &self.held {
            held.add(bytes + OPERATION_BYTES)?;
        }
        self.held_bytes += bytes;
        Ok(())
    }

    fn let_go(&mut self, bytes: usize) {
        self.held_bytes -= bytes;
        if let Some(held) = &self.held {
            held.remove(bytes + OPERATION_BYTES);
        }
    }

    fn abort(&mut self, which: impl Fn(&Running) -> bool) {
        for running in self.running.extract_if(|_, running| which(running)) {
            running.1.abort.abort();
        }
        self.wake();
    }

    fn register(&mut self, context: &Context<'_>) {
        if !self
            .wakers
            .iter()
            .any(|known| known.will_wake(context.waker()))
        {
            self.wakers.push(context.waker().clone());
        }
    }

    fn wake(&mut self) {
        for waker in self.wakers.drain(..) {
            waker.wake();
        }
    }
}

/// Ends an operation whose work panicked: a wait for it would not end.
struct Ending {
    shared: Arc<Shared>,
    handle: u32,
    kind: Kind,
}

impl Drop for Ending {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let failure = Failure::internal("the host failed during this operation");
            let outcome = self.kind.failed(failure);
            self.shared.lock().end(self.handle, &Kind::Nothing, outcome);
        }
    }
}

#[cfg(test)]
mod tests;
