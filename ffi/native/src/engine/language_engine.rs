//! One engine: compiled, and linked with what it asks of the host.

use super::compile;
use super::settings;
use super::source::EngineSource;
use super::spares::{Bare, Spares};
use crate::cache::Cache;
use crate::host::{self, SandboxState};
use crate::image::{Base, Image};
use crate::memory::{self, Placement};
use crate::values::language::Language;
use std::sync::Arc;
use wasmtime::component::{ComponentExportIndex, InstancePre, Linker};
use wasmtime::{Engine, Result, format_err};

/// An export that makes an engine's libc forget the folders that it was given: their handles stand in its memory, so
/// in images, and mean nothing in another instance.
const FORGET_FILES: &str = "forget-files";

/// An engine that is ready to make sandboxes.
pub struct LanguageEngine {
    language: Language,
    source: EngineSource,
    engine: Engine,
    instance: InstancePre<SandboxState>,
    /// Tells this engine, on this machine, from all others: images of another one are useless.
    id: String,
    base: Arc<Base>,
    /// The image of no program: a program is loaded into it.
    empty: Arc<Image>,
    spares: Spares,
    load: ComponentExportIndex,
    run: ComponentExportIndex,
    /// Of Python's, whose libc remembers folders.
    forget_files: Option<ComponentExportIndex>,
}

impl LanguageEngine {
    /// Opens an engine's machine code from the cache, and compiles it first where the cache has none.
    /// `on_compile` is called before that, which takes seconds.
    pub fn open(
        language: Language,
        source: &EngineSource,
        cache: &Cache,
        on_compile: impl FnOnce(),
    ) -> Result<Self> {
        let engine = Engine::new(&settings::config(language))?;
        let compiled = compile::open_or_compile(&engine, language, source, cache, on_compile)?;
        let mut linker = Linker::new(&engine);
        host::link(&mut linker, language)?;
        let export = |name| {
            compiled
                .component
                .get_export_index(None, name)
                .ok_or_else(|| format_err!("the {} engine exports no {name}", language.as_str()))
        };
        let base = Arc::new(compiled.base);
        Ok(Self {
            load: export("load")?,
            run: export("run")?,
            forget_files: compiled.component.get_export_index(None, FORGET_FILES),
            instance: linker.instantiate_pre(&compiled.component)?,
            id: compiled.id,
            empty: Arc::new(Image::of_base(Arc::clone(&base))),
            base,
            spares: Spares::default(),
            source: source.clone(),
            language,
            engine,
        })
    }

    pub fn language(&self) -> Language {
        self.language
    }

    pub fn source(&self) -> &EngineSource {
        &self.source
    }

    pub fn wasmtime(&self) -> &Engine {
        &self.engine
    }

    pub fn id(&self) -> &str {
        &self.id
    }

    /// The memory of the engine before any program is loaded.
    pub fn base(&self) -> &Arc<Base> {
        &self.base
    }

    pub fn empty(&self) -> &Arc<Image> {
        &self.empty
    }

    pub fn load(&self) -> &ComponentExportIndex {
        &self.load
    }

    pub fn run(&self) -> &ComponentExportIndex {
        &self.run
    }

    pub fn forget_files(&self) -> Option<&ComponentExportIndex> {
        self.forget_files.as_ref()
    }

    /// An instance whose memory is as large as the image.
    pub async fn bare(self: &Arc<Self>, image: &Arc<Image>) -> Result<Bare> {
        let bare = match self.spares.take(image) {
            Some(bare) => Ok(bare),
            None => self.make(image).await,
        };
        self.refill(image);
        bare
    }

    /// Makes one for the first call of a program that has been loaded, while its host gets ready for that.
    pub fn expect_call(self: &Arc<Self>, image: &Arc<Image>) {
        if self.spares.reserve_first() {
            self.make_spare(image);
        }
    }

    /// Makes spares for more calls of the same program.
    fn refill(self: &Arc<Self>, image: &Arc<Image>) {
        while self.spares.reserve() {
            self.make_spare(image);
        }
    }

    /// Makes one that is reserved.
    fn make_spare(self: &Arc<Self>, image: &Arc<Image>) {
        let engine = Arc::clone(self);
        let image = Arc::clone(image);
        tokio::spawn(async move {
            // One that cannot be made ahead is made, or refused, when it is needed.
            let bare = engine.make(&image).await.ok();
            engine.spares.made(bare);
        });
    }

    async fn make(&self, image: &Arc<Image>) -> Result<Bare> {
        let mut store = SandboxState::store(&self.engine);
        let placement = Placement {
            minimum_bytes: self.base.len(),
            image: Arc::clone(image),
        };
        let instantiating = self.instance.instantiate_async(&mut store);
        let (instance, slot) = memory::placed(placement, instantiating).await?;
        Ok(Bare {
            instance,
            slot: slot.ok_or_else(|| format_err!("the engine has no main memory"))?,
            store,
        })
    }
}
