//! Language engines: components that are built once a release and compiled once a machine.

mod compile;
mod registry;
mod segments;
mod settings;
mod shell;
mod spares;

pub use registry::Engines;
pub use segments::decode;
pub use shell::Found;
pub use spares::Bare;

use crate::cache::{Cache, hex};
use crate::host;
use crate::image::{Base, Image};
use crate::sandbox::SandboxState;
use crate::values::language::Language;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use shell::{Shape, Shell};
use spares::Spares;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use wasmtime::component::{ComponentExportIndex, InstancePre, Linker};
use wasmtime::{Engine, Result, bail, error::Context, format_err};

/// An export that makes an engine's libc forget the folders that it was given: their handles stand in its memory, so
/// in images, and mean nothing in another instance.
const FORGET_FILES: &str = "forget-files";

/// Where an engine's component lies, the SHA-256 of it in hexadecimal, and what of it is memory.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EngineSource {
    pub path: PathBuf,
    pub digest: String,
    pub shape: Shape,
}

impl EngineSource {
    /// The component.
    pub fn read(&self) -> Result<Vec<u8>> {
        let Self { path, digest, .. } = self;
        let shown = path.display();
        let bytes = fs::read(path).with_context(|| format!("Cannot read \"{shown}\""))?;
        let found = hex(&Sha256::digest(&bytes));
        if found != *digest {
            bail!("Cannot use \"{shown}\": its SHA-256 is {found}, not {digest}");
        }
        Ok(bytes)
    }

    /// The component with this memory in place of its own.
    pub fn with_memory(&self, memory: &[u8]) -> Result<Vec<u8>> {
        Ok(Shell::of(&self.read()?, &self.shape)?.with_memory(memory))
    }
}

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
}
