//! The clock of a runtime: while tasks run, guests are interrupted once a tick, to let others run and to
//! look at their deadlines.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};
use wasmtime::{Engine, EngineWeak};

pub const TICK: Duration = Duration::from_millis(1);
/// Of the thread, which does little: whatever `RUST_MIN_STACK` says.
const STACK_BYTES: usize = 256 << 10;
/// After this many tasks at once, tens of megabytes of the heap are free.
const MANY: usize = 32;
/// How long nothing must run before the heap is trimmed.
const QUIET: Duration = Duration::from_secs(1);

/// One thread that advances the epoch of every engine, and sleeps while no task runs.
pub struct Ticker {
    shared: Arc<Shared>,
    thread: Thread,
}

#[derive(Default)]
struct Shared {
    engines: Mutex<Vec<EngineWeak>>,
    active: AtomicUsize,
    /// The most that ran at once since the heap was trimmed.
    peak: AtomicUsize,
    closed: AtomicBool,
}

impl Ticker {
    pub fn start() -> std::io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let builder = thread::Builder::new().name("capsule-tick".into());
        let thread = builder.stack_size(STACK_BYTES).spawn({
            let shared = Arc::clone(&shared);
            move || shared.tick()
        })?;
        Ok(Self {
            shared,
            thread: thread.thread().clone(),
        })
    }

    pub fn watch(&self, engine: &Engine) {
        self.shared
            .engines
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(engine.weak());
    }

    /// Ticks at least until the guard is dropped.
    pub fn ticking(&self) -> Ticking {
        if self.shared.active.fetch_add(1, Ordering::SeqCst) == 0 {
            self.thread.unpark();
        }
        Ticking(Arc::clone(&self.shared))
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.shared.closed.store(true, Ordering::SeqCst);
        self.thread.unpark();
    }
}

pub struct Ticking(Arc<Shared>);

impl Clone for Ticking {
    fn clone(&self) -> Self {
        self.0.active.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(&self.0))
    }
}

impl Drop for Ticking {
    fn drop(&mut self) {
        self.0.active.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Shared {
    fn tick(&self) {
        while !self.closed.load(Ordering::SeqCst) {
            if self.active.load(Ordering::SeqCst) == 0 {
                self.idle();
                continue;
            }
            thread::sleep(TICK);
            self.peak
                .fetch_max(self.active.load(Ordering::SeqCst), Ordering::Relaxed);
            let engines = self.engines.lock().unwrap_or_else(PoisonError::into_inner);
            for engine in engines.iter().filter_map(EngineWeak::upgrade) {
                engine.increment_epoch();
            }
        }
    }

    /// Sleeps until something runs. After many ran at once, what they have left in the heap goes back to
    /// the system first, unless more come.
    fn idle(&self) {
        if self.peak.load(Ordering::Relaxed) < MANY {
            return thread::park();
        }
        let until = Instant::now() + QUIET;
        while self.active.load(Ordering::SeqCst) == 0 && !self.closed.load(Ordering::SeqCst) {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                self.peak.store(0, Ordering::Relaxed);
                return trim_heap();
            }
            thread::park_timeout(left);
        }
    }
}

/// Gives free memory of the host's heap back to the system: instances are made of many small pieces.
fn trim_heap() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: it only looks at memory that is free.
    unsafe {
        libc::malloc_trim(0);
    }
}
