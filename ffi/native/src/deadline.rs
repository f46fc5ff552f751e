//! The clock of a runtime: while tasks run, guests are interrupted once a tick, to let others run and to
//! look at their deadlines.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, Thread};
use std::time::Duration;
use wasmtime::{Engine, EngineWeak};

pub const TICK: Duration = Duration::from_millis(1);

/// One thread that advances the epoch of every engine, and sleeps while no task runs.
pub struct Ticker {
    shared: Arc<Shared>,
    thread: Thread,
}

#[derive(Default)]
struct Shared {
    engines: Mutex<Vec<EngineWeak>>,
    active: AtomicUsize,
    closed: AtomicBool,
}

impl Ticker {
    pub fn start() -> std::io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let thread = thread::Builder::new().name("capsule-tick".into()).spawn({
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

impl Drop for Ticking {
    fn drop(&mut self) {
        self.0.active.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Shared {
    fn tick(&self) {
        while !self.closed.load(Ordering::SeqCst) {
            if self.active.load(Ordering::SeqCst) == 0 {
                thread::park();
                continue;
            }
            thread::sleep(TICK);
            let engines = self.engines.lock().unwrap_or_else(PoisonError::into_inner);
            for engine in engines.iter().filter_map(EngineWeak::upgrade) {
                engine.increment_epoch();
            }
        }
    }
}
