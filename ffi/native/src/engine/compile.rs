//! An engine's machine code: from the user's cache, or compiled and put there.

use super::forget_files;
use super::merge::merge;
use super::strip::{REVISION, Stripped, WASM_PAGE, strip};
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

/// Where an engine's component comes from.
pub enum Origin<'a> {
    /// It came with Capsule.
    Installed(&'a EngineSource),
    /// It came with a program, as the code of its component, which has this digest. It has no memory of
    /// its own: all of it is the program's.
    Shipped {
        digest: &'a str,
        component: &'a [u8],
    },
}

impl Origin<'_> {
    fn digest(&self) -> &str {
        match self {
            Self::Installed(source) => &source.digest,
            Self::Shipped { digest, .. } => digest,
        }
    }

    fn stripped(&self) -> Result<Stripped> {
        match self {
            Self::Installed(source) => strip(&source.read()?),
            Self::Shipped { component, .. } => Ok(Stripped {
                component: component.to_vec(),
                memory: vec![0; WASM_PAGE],
            }),
        }
    }
}

pub fn open_or_compile(
    engine: &Engine,
    language: Language,
    origin: &Origin<'_>,
    cache: &Cache,
    on_compile: impl FnOnce(),
) -> Result<Compiled> {
    let names = Names::new(engine, language, origin);
    if let Some(compiled) = open(engine, &names, cache)? {
        return Ok(compiled);
    }
    // Of many processes that start at once, one compiles.
    let _lock = cache.lock(&names.code)?;
    if let Some(compiled) = open(engine, &names, cache)? {
        return Ok(compiled);
    }
    on_compile();
    let Stripped { component, memory } = origin.stripped()?;
    let component = forget_files::add_export(component)?;
    // One module may have more of something than Wasmtime takes, where several have not.
    let code = engine
        .precompile_component(&merge(&component)?)
        .or_else(|_| engine.precompile_component(&component))?;
    cache.make_room(ENGINES_BYTES_AT_MOST);
    cache.store(&names.base, &memory)?;
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
    fn new(engine: &Engine, language: Language, origin: &Origin<'_>) -> Self {
        let mut hasher = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        origin.digest().hash(&mut hasher);
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
