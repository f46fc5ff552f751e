//! The operations that one sandbox has under way.

use crate::failure::{ErrorType, Failure, Stop, shorten};
use crate::files::{Files, Folders, Seen};
use crate::fixed::{Clock, Fixed, Meanwhile};
use crate::host::{Draws, unheard};
use crate::network::Network;
use crate::ram::{Charge, RunRam, Shortage};
use crate::scheduler::{self, Caller};
use crate::stack::Stacks;
use serde_json::json;
use std::collections::HashMap;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tokio::task::AbortHandle;
use wasmtime::component::{ComponentType, Lift, Lower};
use wasmtime_wasi::I32Exit;

/// What the host says of a failure to a guest may be long; it may quote what the guest asked for.
const MESSAGE_CHARACTERS_AT_MOST: usize = 2_000;
/// What the host keeps for an operation besides its request and outcome.
const OPERATION_BYTES: usize = 1 << 10;
/// What ended operations may hold until their outcomes are taken.
const HELD_BYTES_AT_MOST: usize = 128 << 20;

/// JSON text, and bytes beside it.
#[derive(Clone, Debug, Default, PartialEq, ComponentType, Lift, Lower)]
#[component(record)]
pub struct Payload {
    pub json: String,
    pub bytes: Vec<u8>,
}

impl Payload {
    pub fn json(json: impl Into<String>) -> Self {
        Self {
            json: json.into(),
            bytes: Vec::new(),
        }
    }

    pub fn len(&self) -> usize {
        self.json.len() + self.bytes.len()
    }

    /// Its size, in words.
    pub fn size(&self) -> String {
        let Self { json, bytes } = self;
        if bytes.is_empty() {
            return format!("{} bytes of JSON", json.len());
        }
        format!(
            "{} bytes ({} of JSON and {} of binary data)",
            self.len(),
            json.len(),
            bytes.len()
        )
    }

    pub fn error(error_type: &str, message: impl AsRef<str>) -> Self {
        let message = shorten(message.as_ref(), MESSAGE_CHARACTERS_AT_MOST);
        let error = json!({ "error_type": error_type, "message": message });
        Self::json(json!({ "error": error }).to_string())
    }
}

/// What operations know of the task that starts them.
#[derive(Clone)]
pub struct TaskContext {
    /// Who calls sub-tasks from here; nobody does while a program is loaded.
    pub caller: Option<Caller>,
    pub folders: Folders,
    /// None while a program is loaded.
    pub network: Option<Arc<Network>>,
    pub stacks: Arc<Stacks>,
    /// What there is to be read from standard input.
    pub stdin: Arc<[u8]>,
    /// While a program is loaded, what it looks at.
    pub seen: Option<Arc<Seen>>,
    /// While a program is loaded, whether it draws random bytes.
    pub draws: Option<Arc<Draws>>,
    /// Random bytes and time, if they are not the host's.
    pub fixed: Option<Arc<Fixed>>,
}

impl TaskContext {
    /// What time is, if that is not the host's.
    pub fn clock(&self) -> Option<&Arc<Clock>> {
        self.fixed.as_ref()?.clock()
    }
}

type Work = Pin<Box<dyn Future<Output = Payload> + Send>>;

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
    /// Ended, and not yet told by `poll` or `ended`.
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

/// What an operation leaves behind besides its outcome.
#[derive(Clone)]
enum Kind {
    Nothing,
    /// A sleep that a clock of a guest's is told of.
    Sleep(Meanwhile),
    /// A sub-task, which its caller waits for, and its name.
    Call(String, Option<Meanwhile>),
    /// A response whose body is kept for the guest.
    Response(Arc<Network>),
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nothing => "Nothing",
            Self::Sleep(_) => "Sleep",
            Self::Call(..) => "Call",
            Self::Response(_) => "Response",
        })
    }
}

impl Kind {
    /// The guest knows of the outcome from now on.
    fn taken(&self) {
        if let Self::Sleep(meanwhile) | Self::Call(_, Some(meanwhile)) = self {
            meanwhile.end();
        }
    }

    /// Lets go of what an outcome names that nobody will take.
    fn drop_outcome(&self, outcome: &Payload) {
        if let Self::Response(network) = self {
            network.discard(outcome);
        }
    }

    /// What is told instead of an outcome: of a sub-task, its envelope.
    fn failed(&self, failure: Failure) -> Payload {
        match self {
            Self::Call(name, _) => scheduler::refused(name.clone(), failure),
            _ => Payload::error(failure.error_type.as_str(), failure.message),
        }
    }
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
                let name = scheduler::SubTask::name_in(&request.json);
                let failure = shortage.failure("the call");
                let refused = scheduler::refused(name, failure);
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

    /// What is told of sub-tasks that failed, and whose envelopes nobody took.
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

    /// Nothing is under way, and nobody has an outcome left to take.
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

/// The work of an operation, or the outcome of one that cannot begin.
fn begin(
    operation: &str,
    request: Payload,
    context: &TaskContext,
) -> Result<(Kind, Work), Payload> {
    match operation {
        "sleep" => {
            let milliseconds: f64 = serde_json::from_str(&request.json)
                .ok()
                .filter(|milliseconds: &f64| milliseconds.is_finite())
                .ok_or_else(|| Payload::error("invalid_request", "sleep takes milliseconds"))?;
            let duration = Duration::try_from_secs_f64(milliseconds.max(0.0) / 1000.0)
                .unwrap_or(Duration::MAX);
            let work = Box::pin(async move {
                tokio::time::sleep(duration).await;
                Payload::json("null")
            });
            let asleep = |clock| Kind::Sleep(Meanwhile::asleep(clock, duration));
            Ok((context.clock().map_or(Kind::Nothing, asleep), work))
        }
        "call" => {
            let caller = context.caller.clone().ok_or_else(|| {
                Payload::error(
                    "invalid_request",
                    "a task can be called only while a task runs, not by top-level code",
                )
            })?;
            let call = scheduler::SubTask::parse(request)
                .map_err(|message| Payload::error("invalid_request", message))?;
            let fixed = context.fixed.as_ref();
            let fixed = fixed.map(|fixed| fixed.sub_task(&call.parts()));
            let clocks = context
                .clock()
                .zip(fixed.as_ref().and_then(|of| of.clock()));
            let meanwhile = clocks.map(|(own, of_call)| Meanwhile::of(own, of_call));
            let kind = Kind::Call(call.name(), meanwhile);
            let work = Box::pin(scheduler::run_sub_task(caller, call, fixed));
            Ok((kind, work))
        }
        "http" | "http_body" | "http_discard" | "http_reach" => {
            let network = context.network.clone().ok_or_else(|| {
                Payload::error(
                    "denied",
                    "hosts can be reached only while a task runs, not by top-level code",
                )
            })?;
            match operation {
                "http" => {
                    let kind = Kind::Response(Arc::clone(&network));
                    Ok((kind, Box::pin(network.request(request))))
                }
                "http_body" => {
                    let work = Box::pin(async move { network.read(request).await });
                    Ok((Kind::Nothing, work))
                }
                "http_reach" => Err(network.reach(&request)),
                _ => Err(network.discard(&request)),
            }
        }
        "stdin" => Err(Payload {
            json: "null".to_owned(),
            bytes: context.stdin.to_vec(),
        }),
        "explain" => {
            let stack: String = serde_json::from_str(&request.json)
                .map_err(|_| Payload::error("invalid_request", "explain takes a stack"))?;
            // Done at once: the outcome is there when the guest asks for it.
            Err(Payload::json(json!(context.stacks.map(&stack)).to_string()))
        }
        unknown => Err(Payload::error(
            "invalid_request",
            format!("there is no operation {:?}", shorten(unknown, 64)),
        )),
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
            let message =
                format!("outcomes that nobody took hold more than {HELD_BYTES_AT_MOST} bytes");
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

/// Ends an operation whose work panicked, so that nobody waits for it for ever.
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
mod tests {
    use super::*;
    use crate::engine::Language;

    fn context() -> TaskContext {
        let stacks = Arc::new(Stacks::new(Language::JavaScript, Vec::new()));
        TaskContext {
            caller: None,
            folders: Arc::new([]),
            network: None,
            stacks,
            stdin: Arc::default(),
            seen: None,
            draws: None,
            fixed: None,
        }
    }

    fn sleep(operations: &mut Operations, milliseconds: &str) -> u32 {
        operations
            .start("sleep", Payload::json(milliseconds), &context())
            .unwrap()
    }

    #[tokio::test]
    async fn an_outcome_is_taken_once() {
        let mut operations = Operations::new(10);
        let handle = sleep(&mut operations, "1");
        let waiter = operations.waiter();
        assert_eq!(
            waiter.wait(handle, None).await.unwrap(),
            Some(Payload::json("null"))
        );
        assert!(waiter.wait(handle, None).await.is_err());
        assert!(waiter.wait(u32::MAX, None).await.is_err());
    }

    #[tokio::test]
    async fn poll_tells_each_ended_operation_once() {
        let mut operations = Operations::new(10);
        let waiter = operations.waiter();
        assert!(waiter.poll(None).await.is_empty());
        let first = sleep(&mut operations, "1");
        let second = sleep(&mut operations, "30");
        assert_eq!(waiter.poll(None).await, [first]);
        assert!(waiter.poll(Some(1000)).await.is_empty());
        assert_eq!(waiter.poll(None).await, [second]);
        assert!(waiter.poll(None).await.is_empty());
    }

    #[tokio::test]
    async fn a_wait_times_out_and_can_be_repeated() {
        let mut operations = Operations::new(10);
        let handle = sleep(&mut operations, "20");
        let waiter = operations.waiter();
        assert_eq!(waiter.wait(handle, Some(1000)).await.unwrap(), None);
        assert!(
            waiter
                .wait(handle, Some(10_000_000))
                .await
                .unwrap()
                .is_some()
        );
    }

    #[tokio::test]
    async fn cancel_wakes_whoever_polls() {
        let mut operations = Operations::new(10);
        let handle = sleep(&mut operations, "60000");
        let waiter = operations.waiter();
        let polling = tokio::spawn(async move { waiter.poll(None).await });
        tokio::task::yield_now().await;
        operations.cancel(handle);
        operations.cancel(12345);
        assert!(polling.await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn cancel_drops_the_outcome_of_what_has_ended() {
        let mut operations = Operations::new(10);
        let waiter = operations.waiter();
        for _ in 0..100 {
            let handle = sleep(&mut operations, "{");
            assert!(operations.shared.lock().held_bytes > 0);
            operations.cancel(handle);
            operations.cancel(handle);
            assert!(waiter.wait(handle, None).await.is_err());
        }
        let state = operations.shared.lock();
        assert_eq!((state.open(), state.held_bytes), (0, 0));
        assert!(state.untold.is_empty());
    }

    #[tokio::test]
    async fn refuses_what_it_does_not_know() {
        let mut operations = Operations::new(10);
        let waiter = operations.waiter();
        let long = "x".repeat(1 << 20);
        let requests = [
            ("format-disk", "1"),
            (&long, "1"),
            ("sleep", "{"),
            ("call", "{}"),
        ];
        for (operation, request) in requests {
            let handle = operations
                .start(operation, Payload::json(request), &context())
                .unwrap();
            let outcome = waiter.wait(handle, None).await.unwrap().unwrap();
            assert!(outcome.json.contains("invalid_request"), "{outcome:?}");
            assert!(outcome.json.len() < 300);
        }
    }

    #[tokio::test]
    async fn counts_what_is_open_not_what_ever_was() {
        let mut operations = Operations::new(3);
        let waiter = operations.waiter();
        for _ in 0..10 {
            let handle = sleep(&mut operations, "0");
            waiter.wait(handle, None).await.unwrap();
        }
        for _ in 0..3 {
            sleep(&mut operations, "0");
        }
        let error = operations
            .start("sleep", Payload::json("0"), &context())
            .unwrap_err();
        assert!(error.downcast_ref::<Stop>().is_some());
    }

    #[tokio::test]
    async fn outcomes_that_nobody_takes_are_bounded() {
        let operations = Operations::new(10);
        let large = || Payload::json("x".repeat(100 << 20));
        for handle in [1, 2] {
            operations
                .shared
                .lock()
                .tell(handle, Kind::Nothing, large());
        }
        let waiter = operations.waiter();
        let second = waiter.wait(2, None).await.unwrap().unwrap();
        assert!(second.json.contains("resource_limit"));
        assert_eq!(waiter.wait(1, None).await.unwrap(), Some(large()));
        assert_eq!(operations.shared.lock().held_bytes, 0);
    }

    #[tokio::test]
    async fn a_sub_task_whose_envelope_is_not_held_has_one_that_says_so() {
        let operations = Operations::new(10);
        for handle in [1, 2] {
            let large = Payload::json("x".repeat(100 << 20));
            let kind = Kind::Call("part".to_owned(), None);
            operations.shared.lock().tell(handle, kind, large);
        }
        let second = operations.waiter().wait(2, None).await.unwrap().unwrap();
        let envelope: serde_json::Value = serde_json::from_str(&second.json).unwrap();
        assert_eq!(envelope["success"], false);
        assert_eq!(envelope["error"]["error_type"], "resource_limit");
        assert_eq!(envelope["execution"]["task_name"], "part");
    }
}
