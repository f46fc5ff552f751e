//! The engines of a runtime: those that came with Capsule.

use super::language_engine::LanguageEngine;
use super::source::EngineSource;
use crate::cache::Cache;
use crate::events::envelope::rounded;
use crate::events::queue::{Event, EventQueue};
use crate::machine::ticker::Ticker;
use crate::values::failure::Failure;
use crate::values::language::Language;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;
use tokio::sync::OnceCell;
use wasmtime::Result;

pub struct Engines {
    cache: Cache,
    /// Whether an event has said that engines cannot be kept.
    has_told: AtomicBool,
    installed: HashMap<Language, Installed>,
    events: Arc<EventQueue>,
    pub ticker: Ticker,
}

struct Installed {
    source: EngineSource,
    opened: OnceCell<Arc<LanguageEngine>>,
}

impl Engines {
    pub fn new(
        cache: Cache,
        sources: HashMap<Language, EngineSource>,
        events: Arc<EventQueue>,
        ticker: Ticker,
    ) -> Self {
        let installed = sources.into_iter().map(|(language, source)| {
            let opened = OnceCell::new();
            (language, Installed { source, opened })
        });
        Self {
            cache,
            has_told: AtomicBool::new(false),
            installed: installed.collect(),
            events,
            ticker,
        }
    }

    /// The engine that came with Capsule.
    pub async fn installed(
        self: &Arc<Self>,
        language: Language,
    ) -> Result<Arc<LanguageEngine>, Failure> {
        let engine = self.find(language)?;
        let opened = engine.opened.get_or_try_init(|| {
            let engines = Arc::clone(self);
            blocking(language, move || {
                let source = &engines.installed[&language].source;
                engines.open(language, source)
            })
        });
        opened.await.cloned()
    }

    fn find(&self, language: Language) -> Result<&Installed, Failure> {
        let missing =
            || Failure::internal(format!("the {} engine is not installed", language.as_str()));
        self.installed.get(&language).ok_or_else(missing)
    }

    fn open(&self, language: Language, source: &EngineSource) -> Result<Arc<LanguageEngine>> {
        let name = language.as_str();
        let mut compiling = None;
        let engine = LanguageEngine::open(language, source, &self.cache, || {
            compiling = Some(Instant::now());
            let event = Event::EngineCompiling { language: name };
            self.events.push(&event, Vec::new());
        })?;
        if let Some(started) = compiling {
            let event = Event::EngineCompiled {
                language: name,
                duration_ms: rounded(started.elapsed().as_secs_f64() * 1000.0),
            };
            self.events.push(&event, Vec::new());
            self.tell_of_cache();
        }
        self.ticker.watch(engine.wasmtime());
        Ok(Arc::new(engine))
    }

    /// Reports, once, why the next process will have to compile again.
    fn tell_of_cache(&self) {
        if let Some(reason) = self.cache.problem()
            && !self.has_told.swap(true, Ordering::Relaxed)
        {
            self.events
                .push(&Event::CacheUnavailable { reason }, Vec::new());
        }
    }
}

async fn blocking<T: Send + 'static>(
    language: Language,
    open: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T, Failure> {
    let name = language.as_str();
    tokio::task::spawn_blocking(open)
        .await
        .map_err(|error| Failure::internal(format!("opening the {name} engine failed: {error}")))?
        .map_err(|error| Failure::internal(format!("Cannot open the {name} engine: {error:#}")))
}
