//! An engine's machine code: from the user's cache, or compiled and put there.

use super::shell::Shell;
use super::source::EngineSource;
use crate::cache::Cache;
use crate::image::Base;
use crate::values::language::Language;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Read;
use wasmtime::component::Component;
use wasmtime::{Engine, Result};

/// Of all engines, those of earlier versions too: a pair is 150 MB.
const ENGINES_BYTES_AT_MOST: u64 = 1 << 30;

pub struct Compiled {
    pub id: String,
    pub component: Component,
    pub base: Base,
}

pub fn open_or_compile(
    engine: &Engine,
    language: Language,
    source: &EngineSource,
    cache: &Cache,
    on_compile: impl FnOnce(),
) -> Result<Compiled> {
    let names = Names::new(engine, language, source);
    if let Some(compiled) = open(engine, &names, cache) {
        return Ok(compiled);
    }
    // Of many processes that start at once, one compiles, if the cache has locks.
    let lock = cache.lock(&names.code);
    if let (Some(_), Some(compiled)) = (&lock, open(engine, &names, cache)) {
        return Ok(compiled);
    }
    on_compile();
    let whole = source.read()?;
    let shell = Shell::of(&whole, &source.shape)?;
    let code = engine.precompile_component(&shell.bare())?;
    cache.make_room(ENGINES_BYTES_AT_MOST);
    let memory = shell.memory()?;
    let stored = cache
        .store(&names.base, &memory)
        .and_then(|()| cache.store(&names.code, &code));
    if let (Ok(()), Some(compiled)) = (stored, open(engine, &names, cache)) {
        return Ok(compiled);
    }
    Ok(Compiled {
        // SAFETY: this engine has just made it.
        component: unsafe { Component::deserialize(engine, &code) }?,
        base: Base::of_memory(&memory)?,
        id: names.id,
    })
}

struct Names {
    id: String,
    code: String,
    base: String,
}

impl Names {
    /// Covers the engine, Wasmtime's version, its settings, and this machine's features.
    fn new(engine: &Engine, language: Language, source: &EngineSource) -> Self {
        let mut hasher = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        source.digest.hash(&mut hasher);
        let id = format!("{}-{:016x}", language.as_str(), hasher.finish());
        Self {
            code: format!("{id}.cwasm"),
            base: format!("{id}.base"),
            id,
        }
    }
}

fn open(engine: &Engine, names: &Names, cache: &Cache) -> Option<Compiled> {
    let (mut code, base) = (cache.open(&names.code)?, cache.open(&names.base)?);
    // SAFETY: only this user and root can write to the cache's folder, the file is what Capsule wrote there for one
    // of them, and it is never changed in place.
    let mapped = unsafe { Component::deserialize_file(engine, cache.path(&names.code)?) };
    let component = mapped.or_else(|_| {
        // From some disks nothing may be executed: memory has no such rule.
        let mut bytes = Vec::new();
        code.read_to_end(&mut bytes)?;
        // SAFETY: as above.
        unsafe { Component::deserialize(engine, bytes) }
    });
    cache.touch(&names.code);
    cache.touch(&names.base);
    Some(Compiled {
        id: names.id.clone(),
        // Another Wasmtime's, or another machine's: the name should have told, and compiling mends it.
        component: component.ok()?,
        base: Base::new(base).ok()?,
    })
}
