//! The engines of a runtime: those that came with Capsule, and those that programs brought with them.

use super::strip::REVISION;
use super::{EngineSource, Language, LanguageEngine, Origin, normalize};
use crate::cache::{Cache, hex};
use crate::deadline::Ticker;
use crate::envelope::rounded;
use crate::event::{Event, EventQueue};
use crate::failure::{ErrorType, Failure};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::io::Read;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Instant;
use tokio::sync::OnceCell;
use wasmtime::Result;

pub struct Engines {
    cache: Cache,
    installed: HashMap<Language, Installed>,
    /// By the digest of their code, as long as a program has them.
    shipped: Mutex<HashMap<String, Weak<LanguageEngine>>>,
    events: Arc<EventQueue>,
    pub ticker: Ticker,
}

struct Installed {
    source: EngineSource,
    opened: OnceCell<Arc<LanguageEngine>>,
}

/// The code of a component, which tells whether it is an engine that is there already.
pub struct EngineCode {
    pub digest: String,
    pub component: Vec<u8>,
}

impl EngineCode {
    pub fn new(component: Vec<u8>) -> Self {
        Self {
            digest: hex(&Sha256::digest(&component)),
            component,
        }
    }
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
            installed: installed.collect(),
            shipped: Mutex::default(),
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
                engines.open(language, &Origin::Installed(source))
            })
        });
        opened.await.cloned()
    }

    /// Opens an engine that came with a program.
    pub async fn shipped(
        self: &Arc<Self>,
        language: Language,
        code: EngineCode,
    ) -> Result<Arc<LanguageEngine>, Failure> {
        let key = format!("{} {}", language.as_str(), code.digest);
        if let Some(engine) = self.shipped_now().get(&key).and_then(Weak::upgrade) {
            return Ok(engine);
        }
        let engines = Arc::clone(self);
        let opening = tokio::task::spawn_blocking(move || {
            let EngineCode { digest, component } = &code;
            engines.open(language, &Origin::Shipped { digest, component })
        });
        // Whoever made it knows what it needs of a host: not this one, it seems.
        let engine = opening
            .await
            .map_err(|error| Failure::internal(format!("opening an engine failed: {error}")))?
            .map_err(|error| Failure::new(ErrorType::InvalidModule, format!("{error:#}")))?;
        let mut shipped = self.shipped_now();
        shipped.retain(|_, engine| engine.strong_count() > 0);
        shipped.insert(key, Arc::downgrade(&engine));
        Ok(engine)
    }

    /// Whether this is the code of an engine that came with Capsule.
    pub fn is_installed(&self, language: Language, code: &EngineCode) -> Result<bool> {
        let Some(Installed { source, .. }) = self.installed.get(&language) else {
            return Ok(false);
        };
        let name = format!("{}-{REVISION}.code", source.digest);
        if let Some(mut file) = self.cache.open(&name)? {
            let mut digest = String::new();
            file.read_to_string(&mut digest)?;
            return Ok(digest == code.digest);
        }
        let installed = EngineCode::new(normalize(&source.read()?)?.component);
        self.cache.store(&name, installed.digest.as_bytes())?;
        Ok(installed.digest == code.digest)
    }

    fn find(&self, language: Language) -> Result<&Installed, Failure> {
        let missing =
            || Failure::internal(format!("the {} engine is not installed", language.as_str()));
        self.installed.get(&language).ok_or_else(missing)
    }

    fn shipped_now(&self) -> std::sync::MutexGuard<'_, HashMap<String, Weak<LanguageEngine>>> {
        self.shipped.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open(&self, language: Language, origin: &Origin<'_>) -> Result<Arc<LanguageEngine>> {
        let name = language.as_str();
        let mut compiling = None;
        let engine = LanguageEngine::open(language, origin, &self.cache, || {
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
        }
        self.ticker.watch(engine.wasmtime());
        Ok(Arc::new(engine))
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
