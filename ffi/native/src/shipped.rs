//! A program that comes as a component of its own: its engine with the program loaded into it.
//!
//! A stranger may have made it, and it says what it wants of itself. Nothing of it is believed: its code is
//! compared with the engines that are there, and else compiled as untrusted code, like every guest's; its
//! memory is a guest's memory.

use crate::engine::{
    EngineCode, Engines, Language, LanguageEngine, Stripped, normalize, read_verified,
};
use crate::failure::{ErrorType, Failure};
use crate::image::Image;
use crate::image::store::{Kept, Key};
use crate::program::{Loading, Program};
use serde::Deserialize;
use std::path::PathBuf;
use std::sync::Arc;

/// More code than any engine has: compiling takes a second for each megabyte or two.
const CODE_BYTES_AT_MOST: usize = 64 << 20;

/// Where the component lies, and the SHA-256 of it in hexadecimal.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ComponentFile {
    pub path: PathBuf,
    pub digest: String,
}

/// A component in its two parts.
struct Parts {
    code: EngineCode,
    memory: Vec<u8>,
    /// Whether the code is that of the engine that is installed.
    is_installed: bool,
}

impl Program {
    /// Takes a program's image from the store, or from its component.
    pub async fn image_of_component(
        language: Language,
        engines: &Arc<Engines>,
        file: &ComponentFile,
        loading: &Loading<'_>,
    ) -> Result<(Arc<LanguageEngine>, Arc<Image>), Failure> {
        let installed = engines.installed(language).await?;
        let key = Key {
            digest: &file.digest,
            packages: loading.packages,
        };
        let lock = match loading.images.read_or_lock(&installed, &key).await {
            Ok(kept) => return Ok((installed, kept.image)),
            Err(lock) => lock,
        };
        let parts = read(language, engines, file).await?;
        if !parts.is_installed {
            let engine = engines.shipped(language, parts.code).await?;
            let image = image_of(&engine, &parts.memory)?;
            return Ok((engine, image));
        }
        let image = image_of(&installed, &parts.memory)?;
        let kept = Kept::of_component(Arc::clone(&image));
        loading.images.write().later(&installed, &key, kept, lock);
        Ok((installed, image))
    }
}

async fn read(
    language: Language,
    engines: &Arc<Engines>,
    file: &ComponentFile,
) -> Result<Parts, Failure> {
    let (engines, file) = (Arc::clone(engines), file.clone());
    let reading = tokio::task::spawn_blocking(move || {
        let Stripped { component, memory } = normalize(&read_verified(&file.path, &file.digest)?)?;
        let code = EngineCode::new(component);
        let is_installed = engines.is_installed(language, &code)?;
        if !is_installed && code.component.len() > CODE_BYTES_AT_MOST {
            wasmtime::bail!(
                "its code has {} bytes, more than {CODE_BYTES_AT_MOST}",
                code.component.len()
            );
        }
        Ok(Parts {
            code,
            memory,
            is_installed,
        })
    });
    reading
        .await
        .map_err(|error| Failure::internal(format!("reading a component failed: {error}")))?
        .map_err(|error| Failure::new(ErrorType::InvalidModule, format!("{error:#}")))
}

fn image_of(engine: &LanguageEngine, memory: &[u8]) -> Result<Arc<Image>, Failure> {
    Image::of_memory(Arc::clone(engine.base()), memory)
        .map(Arc::new)
        .map_err(|error| {
            let message = format!("its memory is none of a program: {error}");
            Failure::new(ErrorType::InvalidModule, message)
        })
}
