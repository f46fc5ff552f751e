//! An engine's machine code: from the user's cache, or compiled and put there.

use super::forget_files;
use super::strip::strip;
use super::{EngineSource, Language};
use crate::cache::{Cache, hex};
use crate::image::Base;
use sha2::{Digest, Sha256};
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use wasmtime::component::Component;
use wasmtime::{Engine, Result, bail, error::Context};

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
    let bytes = read_verified(source)?;
    let stripped = strip(&bytes)?;
    cache.store(&names.base, &stripped.memory)?;
    let component = forget_files::add_export(stripped.component)?;
    cache.store(&names.code, &engine.precompile_component(&component)?)?;
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

fn open(engine: &Engine, names: &Names, cache: &Cache) -> Result<Option<Compiled>> {
    let (Some(_), Some(base)) = (cache.open(&names.code)?, cache.open(&names.base)?) else {
        return Ok(None);
    };
    // SAFETY: only this user can write to the cache's folder, the file is what this user's Capsule wrote
    // there, and it is never changed in place.
    let component = unsafe { Component::deserialize_file(engine, cache.path(&names.code)) };
    match component {
        Ok(component) => Ok(Some(Compiled {
            id: names.id.clone(),
            component,
            base: Base::new(base)?,
        })),
        // Another Wasmtime's, or another machine's: the name should have told, and compiling mends it.
        Err(_) => Ok(None),
    }
}

fn read_verified(source: &EngineSource) -> Result<Vec<u8>> {
    let path = source.path.display();
    let bytes = fs::read(&source.path).with_context(|| format!("Cannot read \"{path}\""))?;
    let digest = hex(&Sha256::digest(&bytes));
    if digest != source.digest {
        bail!(
            "Cannot use \"{path}\": its SHA-256 is {digest}, not {}",
            source.digest
        );
    }
    Ok(bytes)
}
