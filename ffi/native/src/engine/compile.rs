//! An engine's machine code: from the user's cache, or compiled and put there.

use super::forget_files;
use super::merge::merge;
use super::shell::{REVISION, Shell};
use super::{EngineSource, Language};
use crate::cache::Cache;
use crate::image::Base;
use std::hash::{DefaultHasher, Hash, Hasher};
use wasmtime::component::Component;
use wasmtime::{Engine, Result, bail};

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
    if let Some(compiled) = open(engine, &names, cache)? {
        return Ok(compiled);
    }
    // Of many processes that start at once, one compiles.
    let _lock = cache.lock(&names.code)?;
    if let Some(compiled) = open(engine, &names, cache)? {
        return Ok(compiled);
    }
    on_compile();
    let whole = source.read()?;
    let shell = Shell::of(&whole)?;
    let component = forget_files::add_export(shell.bare())?;
    let code = engine.precompile_component(&merge(&component)?)?;
    cache.make_room(ENGINES_BYTES_AT_MOST);
    cache.store(&names.base, &shell.memory()?)?;
    cache.store(&names.code, &code)?;
    match open(engine, &names, cache)? {
        Some(compiled) => Ok(compiled),
        None => bail!("the cache lost what was just written to it"),
    }
}

struct Names {
    id: String,
    code: String,
    base: String,
}

impl Names {
    /// Covers the engine, what is made of it, Wasmtime's version, its settings, and this machine's features.
    fn new(engine: &Engine, language: Language, source: &EngineSource) -> Self {
        let mut hasher = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        source.digest.hash(&mut hasher);
        REVISION.hash(&mut hasher);
        let id = format!("{}-{:016x}", language.as_str(), hasher.finish());
        Self {
            code: format!("{id}.cwasm"),
            base: format!("{id}.base"),
            id,
        }
    }
}

fn open(engine: &Engine, names: &Names, cache: &Cache) -> Result<Option<Compiled>> {
    let (Some(_), Some(base)) = (cache.open(&names.code)?, cache.open(&names.base)?) else {
        return Ok(None);
    };
    // SAFETY: only this user can write to the cache's folder, the file is what this user's Capsule wrote
    // there, and it is never changed in place.
    let component = unsafe { Component::deserialize_file(engine, cache.path(&names.code)) };
    match component {
        Ok(component) => {
            cache.touch(&names.code);
            cache.touch(&names.base);
            Ok(Some(Compiled {
                id: names.id.clone(),
                component,
                base: Base::new(base)?,
            }))
        }
        // Another Wasmtime's, or another machine's: the name should have told, and compiling mends it.
        Err(_) => Ok(None),
    }
}
