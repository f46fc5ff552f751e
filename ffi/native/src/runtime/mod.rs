//! A runtime: its engines, programs, grants, runs and events.

mod request;

use crate::cache::Cache;
use crate::engine::Engines;
use crate::events::envelope::refused;
use crate::events::queue::{Event, EventQueue};
use crate::machine::cpu::Cpu;
use crate::machine::ticker::Ticker;
use crate::network::Certificates;
use crate::program::{ImageStore, Loading, Program, Source, SourceText, Sources};
use crate::scheduler::{self, Grant, Run, RunPlan};
use crate::values::failure::{ErrorType, Failure};
use crate::values::payload::Payload;
use crate::values::placeholders;
use crate::values::source_file::SourceFile;
use request::{GrantRequest, LoadRequest, RunRequest, RuntimeConfig};
use std::collections::HashMap;
use std::fmt;
use std::future::{Future, poll_fn};
use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::thread;
use std::time::Duration;
use tokio::sync::watch;

/// Timers are checked after so many polls of tasks: a busy guest takes a tick for each poll.
const POLLS_BETWEEN_TIMERS: u32 = 3;

/// Of every thread, whatever `RUST_MIN_STACK` says. Guests have stacks of their own.
const THREAD_STACK_BYTES: usize = 2 << 20;

/// How long a runtime that is freed waits for its images to be written.
const IMAGES_TIMEOUT: Duration = Duration::from_secs(10);

/// Why a request was refused before anything ran.
#[derive(Debug)]
pub enum Refusal {
    /// The request is malformed, or names what does not exist.
    Invalid(String),
    /// The machine does not let the runtime work.
    Failed(String),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(message) | Self::Failed(message) => f.write_str(message),
        }
    }
}

pub struct Runtime {
    tokio: Option<tokio::runtime::Runtime>,
    shared: Arc<Shared>,
}

struct Shared {
    images: Arc<ImageStore>,
    engines: Arc<Engines>,
    programs: Mutex<HashMap<u64, Arc<Program>>>,
    grants: Mutex<HashMap<u64, Arc<Grant>>>,
    /// Send true to cancel.
    cancels: Mutex<HashMap<u64, watch::Sender<bool>>>,
    events: Arc<EventQueue>,
    cpu: Arc<Cpu>,
    certificates: Arc<Certificates>,
    next_id: AtomicU64,
}

impl Runtime {
    pub fn new(config: &str) -> Result<Self, Refusal> {
        let config: RuntimeConfig = serde_json::from_str(config)
            .map_err(|error| Refusal::Invalid(format!("the runtime's config: {error}")))?;
        let refused = |error| Refusal::Failed(format!("{error:#}"));
        let cache = match (&config.cache_folder, config.cache_problem) {
            (Some(folder), _) => Cache::open_folder(folder).map_err(refused)?,
            (None, problem) => Cache::without_folder(problem.unwrap_or_default()),
        };
        let images = ImageStore::new(cache.inside("images"));
        let failed =
            |error: std::io::Error| Refusal::Failed(format!("Cannot start threads: {error}"));
        let workers = thread::available_parallelism().map_or(1, NonZero::get);
        let tokio = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(workers)
            .thread_name("capsule")
            .thread_stack_size(THREAD_STACK_BYTES)
            .event_interval(POLLS_BETWEEN_TIMERS)
            .enable_all()
            .build()
            .map_err(failed)?;
        let events = Arc::<EventQueue>::default();
        let ticker = Ticker::start().map_err(failed)?;
        let engines = Engines::new(cache, config.engines, Arc::clone(&events), ticker);
        let engines = Arc::new(engines);
        if let Some(language) = config.wanted {
            let engines = Arc::clone(&engines);
            // An error is reported by the load of a program.
            tokio.spawn(async move { engines.installed(language).await.map(drop) });
        }
        let shared = Shared {
            images: Arc::new(images),
            engines,
            programs: Mutex::default(),
            grants: Mutex::default(),
            cancels: Mutex::default(),
            events,
            cpu: Arc::new(Cpu::new(workers)),
            certificates: Arc::new(Certificates::new(config.certificates)),
            next_id: AtomicU64::new(1),
        };
        Ok(Self {
            tokio: Some(tokio),
            shared: Arc::new(shared),
        })
    }

    pub fn events(&self) -> &Arc<EventQueue> {
        &self.shared.events
    }

    /// Begins to load a program, and returns its id. An event tells when it is ready.
    pub fn load(&self, request: &str, payload: &[u8]) -> Result<u64, Refusal> {
        let request: LoadRequest = serde_json::from_str(request)
            .map_err(|error| Refusal::Invalid(format!("a load request: {error}")))?;
        let sources = sources(&request, payload)?;
        let problem = |problem| Refusal::Invalid(format!("a load request: {problem}"));
        request.fixed.check().map_err(problem)?;
        let id = self.shared.next_id();
        let cancelled = self.shared.cancellable(id);
        let shared = Arc::clone(&self.shared);
        self.spawn(async move {
            let mut stopped = cancelled.clone();
            let is_announced = Arc::new(AtomicBool::new(false));
            let announce = announcer(&shared, id, &is_announced);
            let loading = shared.load(id, &request, sources, cancelled, announce);
            // Also while an engine is compiled, which nothing interrupts.
            let loaded = tokio::select! {
                loaded = unwind_safe(loading) => loaded.unwrap_or_else(Err),
                _ = stopped.wait_for(|stopped| *stopped) => {
                    Err(Failure::new(ErrorType::Cancelled, "cancelled"))
                }
            };
            lock(&shared.cancels).remove(&id);
            // Later failures are reported by calls of the program.
            if let (Err(failure), false) = (loaded, is_announced.load(Ordering::Relaxed)) {
                let event = Event::ProgramFailed { program: id };
                let failure = serde_json::to_vec(&failure).expect("a failure is plain data");
                shared.events.push(&event, failure);
            }
        });
        Ok(id)
    }

    /// A program as a component that needs no engine: its own, with the program in its memory.
    pub fn component(&self, program: u64) -> Result<Vec<u8>, Refusal> {
        let program = lock(&self.shared.programs)
            .get(&program)
            .cloned()
            .ok_or_else(|| Refusal::Invalid(format!("there is no program {program}")))?;
        let tokio = self
            .tokio
            .as_ref()
            .expect("threads live as long as their runtime");
        let image = tokio
            .block_on(program.image.get())
            .map_err(|failure| Refusal::Failed(failure.message))?;
        program
            .component(&image)
            .map_err(|error| Refusal::Failed(format!("Cannot build a component: {error:#}")))
    }

    /// Forgets a program and its grants. Runs of it that are under way go on.
    pub fn unload(&self, program: u64) -> bool {
        let Some(removed) = lock(&self.shared.programs).remove(&program) else {
            return false;
        };
        lock(&self.shared.grants).retain(|_, grant| !Arc::ptr_eq(&grant.program, &removed));
        true
    }

    /// Fixes what the tasks of a program may do, and returns the grant's id.
    pub fn grant(&self, request: &str) -> Result<u64, Refusal> {
        let GrantRequest {
            program,
            policies,
            limits,
            secrets,
        } = serde_json::from_str(request)
            // What is wrong with it may quote a secret.
            .map_err(|error: serde_json::Error| {
                let (line, column) = (error.line(), error.column());
                Refusal::Invalid(format!(
                    "a grant request: it is malformed at line {line}, column {column}"
                ))
            })?;
        for (name, policy) in &policies {
            policy.check().map_err(|problem| {
                Refusal::Invalid(format!("the policy of {name:?}: {problem}"))
            })?;
        }
        let program = lock(&self.shared.programs)
            .get(&program)
            .cloned()
            .ok_or_else(|| Refusal::Invalid(format!("there is no program {program}")))?;
        let id = self.shared.next_id();
        let grant = Grant::new(program, policies, limits, secrets)
            .map_err(|error| Refusal::Failed(format!("{error:#}")))?;
        let grant = Arc::new(grant);
        lock(&self.shared.grants).insert(id, grant);
        Ok(id)
    }

    /// Begins a run, and returns its id. An event brings its envelope.
    pub fn submit(&self, request: &str, bytes: &[u8]) -> Result<u64, Refusal> {
        let request: RunRequest<'_> = serde_json::from_str(request)
            .map_err(|error| Refusal::Invalid(format!("a run request: {error}")))?;
        let input = Payload {
            json: request.input.get().to_owned(),
            bytes: bytes.to_vec(),
        };
        let problem = |problem| Refusal::Invalid(format!("a run request: {problem}"));
        request.fixed.check().map_err(problem)?;
        placeholders::check(&input).map_err(|problem| {
            Refusal::Failed(format!("the arguments are malformed: {problem}"))
        })?;
        let grant = lock(&self.shared.grants)
            .get(&request.grant)
            .cloned()
            .ok_or_else(|| Refusal::Invalid(format!("there is no grant {}", request.grant)))?;
        let id = self.shared.next_id();
        let plan = RunPlan {
            id,
            grant,
            observe: request.observe,
            ceiling: request.ceiling,
            capture: request.capture,
            stdin: bytes_of(request.stdin.as_deref().unwrap_or_default())?,
            fixed: request.fixed.run(),
            cancelled: self.shared.cancellable(id),
        };
        let shared = Arc::clone(&self.shared);
        let events = Arc::clone(&shared.events);
        let run = Run::new(
            plan,
            events,
            Arc::clone(&shared.cpu),
            Arc::clone(&shared.certificates),
            &shared.engines.ticker,
        );
        let task = request.task;
        self.spawn(async move {
            let running = scheduler::start(run, task.clone(), input);
            let envelope = unwind_safe(running)
                .await
                .unwrap_or_else(|failure| refused(task, failure));
            lock(&shared.cancels).remove(&id);
            shared.events.push_envelope(id, envelope);
        });
        Ok(id)
    }

    /// Ends a run or the loading of a program; its last event says so. False when it has ended already.
    pub fn cancel(&self, id: u64) -> bool {
        lock(&self.shared.cancels)
            .get(&id)
            .is_some_and(|cancel| cancel.send(true).is_ok())
    }

    /// Ends all that runs, wakes who waits for events, and writes what is kept for the next process.
    pub fn close(&self) {
        self.shared.events.close();
        for cancel in lock(&self.shared.cancels).values() {
            let _ = cancel.send(true);
        }
        self.shared.images.finish(IMAGES_TIMEOUT);
    }

    fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.tokio
            .as_ref()
            .expect("threads live as long as their runtime")
            .spawn(work);
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        self.close();
        if let Some(tokio) = self.tokio.take() {
            // A guest lets go within a tick; the host need not wait for that.
            tokio.shutdown_background();
        }
    }
}

impl Shared {
    fn next_id(&self) -> u64 {
        self.next_id.fetch_add(1, Ordering::Relaxed)
    }

    fn cancellable(&self, id: u64) -> watch::Receiver<bool> {
        let (cancel, cancelled) = watch::channel(false);
        lock(&self.cancels).insert(id, cancel);
        cancelled
    }

    async fn load(
        self: &Arc<Self>,
        id: u64,
        request: &LoadRequest,
        sources: Sources,
        cancelled: watch::Receiver<bool>,
        announce: impl FnOnce(Program, String) + Send,
    ) -> Result<(), Failure> {
        let _ticking = self.engines.ticker.ticking();
        let loading = Loading {
            id,
            key: request.key.as_deref(),
            packages: &request.packages,
            limits: &request.limits,
            fixed: &request.fixed,
            events: Arc::clone(&self.events),
            images: &self.images,
            cpu: &self.cpu,
            cancelled,
        };
        Program::load(request.language, &self.engines, sources, loading, announce).await
    }
}

/// The bytes of a text in which each character stands for one.
fn bytes_of(text: &str) -> Result<Vec<u8>, Refusal> {
    text.chars()
        .map(u8::try_from)
        .collect::<Result<_, _>>()
        .map_err(|_| {
            Refusal::Invalid("a run request: stdin has characters above U+00FF".to_owned())
        })
}

/// Announces a program that is ready, and notes that.
fn announcer(
    shared: &Arc<Shared>,
    id: u64,
    is_announced: &Arc<AtomicBool>,
) -> impl FnOnce(Program, String) + Send + use<> {
    let (shared, is_announced) = (Arc::clone(shared), Arc::clone(is_announced));
    move |program, declarations| {
        is_announced.store(true, Ordering::Relaxed);
        lock(&shared.programs).insert(id, Arc::new(program));
        let event = Event::ProgramLoaded { program: id };
        shared.events.push(&event, declarations.into_bytes());
    }
}

/// Cuts the payload of a load request into its files.
fn sources(request: &LoadRequest, payload: &[u8]) -> Result<Sources, Refusal> {
    let invalid = |problem: &str| Refusal::Invalid(format!("a load request: {problem}"));
    let mut rest = payload;
    let mut take = |bytes: usize| {
        let (taken, left) = rest
            .split_at_checked(bytes)
            .ok_or_else(|| invalid("its files are longer than the payload"))?;
        rest = left;
        Ok(taken.to_vec())
    };
    let mut files = Vec::new();
    for file in &request.files {
        files.push(SourceFile {
            path: file.path.clone(),
            data: take(file.bytes)?,
        });
    }
    let source_map = take(request.source_map_bytes)?;
    if !rest.is_empty() {
        return Err(invalid("the payload is longer than its files"));
    }
    if let Some(component) = &request.component {
        if !files.is_empty() {
            return Err(invalid("it has files and a component"));
        }
        return Ok(Sources {
            program: Source::Component(component.clone()),
            source_map,
        });
    }
    if files.is_empty() {
        return Err(invalid("it has no file"));
    }
    let program = files.remove(0);
    let text = String::from_utf8(program.data).map_err(|_| invalid("the program is not UTF-8"))?;
    Ok(Sources {
        program: Source::Text(SourceText {
            path: program.path,
            text,
            files,
        }),
        source_map,
    })
}

/// Turns a panic into a failure, which ends the run or the load.
async fn unwind_safe<F: Future>(work: F) -> Result<F::Output, Failure> {
    let mut work = pin!(work);
    poll_fn(|context| {
        let polled = catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context)));
        match polled {
            Ok(polled) => polled.map(Ok),
            Err(panic) => Poll::Ready(Err(Failure::internal(format!(
                "the host failed: {}",
                panic_message(&*panic)
            )))),
        }
    })
    .await
}

/// What a panic said.
pub fn panic_message(panic: &(dyn std::any::Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no reason given")
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
