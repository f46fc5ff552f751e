//! A program that comes as a component: the installed engine with the program in its memory.
//!
//! A stranger may have made it. Its code has to be, byte for byte, that of the engine, and is not looked at any
//! further; of the rest only the memory is used, which is a guest's.

use super::loading::Loading;
use super::sources::ComponentFile;
use super::store::{Kept, Key};
use crate::cache::hex;
use crate::engine::{Found, LanguageEngine, decode};
use crate::files::host::host_file;
use crate::image::{Image, Pages};
use crate::values::failure::{ErrorType, Failure};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::sync::Arc;
use wasmtime::{Result, bail, format_err};

/// What is read at once.
const PIECE: usize = 64 << 10;

/// Takes a program's image from the store, or from its component.
pub async fn image(
    engine: &Arc<LanguageEngine>,
    file: ComponentFile,
    loading: &Loading<'_>,
) -> Result<Arc<Image>, Failure> {
    let digest = file.digest.clone();
    let key = Key {
        digest: &digest,
        packages: loading.packages,
    };
    let mut lock = None;
    if file.is_checked {
        match loading.images.read_or_lock(engine, &key).await {
            Ok(kept) => return Ok(kept.image),
            Err(free) => lock = free,
        }
    }
    let known = Arc::clone(engine);
    let reading = tokio::task::spawn_blocking(move || read(&known, &file));
    let image = reading
        .await
        .map_err(|error| Failure::internal(format!("reading a component failed: {error}")))?
        .map_err(|error| Failure::new(ErrorType::InvalidModule, format!("{error:#}")))?;
    let kept = Kept::of_component(Arc::clone(&image));
    loading.images.write().later(engine, &key, kept, lock);
    Ok(image)
}

fn read(engine: &LanguageEngine, file: &ComponentFile) -> Result<Arc<Image>> {
    let opened = host_file::open(&file.path, None).map_err(|refused| format_err!("{refused}"))?;
    let Some(found) = engine.source().shape.find(&opened, file.engine_bytes)? else {
        bail!(
            "its code is not that of the {} engine of this Capsule, and no other code is run: build it again",
            engine.language().as_str()
        );
    };
    let memory = memory(opened, &found, &file.digest)?;
    Image::of_memory(Arc::clone(engine.base()), &memory)
        .map(Arc::new)
        .map_err(|error| format_err!("its memory is not that of a loaded program: {error}"))
}

/// The memory, if the file has this digest. What is used is what was digested: an image is kept by that.
fn memory(file: File, found: &Found, digest: &str) -> Result<Pages> {
    let len = file.metadata()?.len();
    let digested = len.saturating_sub(Sha256::output_size() as u64);
    let reading = Digested(file.take(digested), Sha256::new());
    let mut content = BufReader::with_capacity(PIECE, reading);
    let Found { pages, data } = found;
    io::copy(&mut content.by_ref().take(data.start), &mut io::sink())?;
    let memory = decode(content.by_ref().take(data.end - data.start), *pages)?;
    io::copy(&mut content, &mut io::sink())?;
    if hex(&content.into_inner().1.finalize()) != digest {
        bail!("it is damaged: its digest does not match");
    }
    Ok(memory)
}

/// Digests what is read.
struct Digested(io::Take<File>, Sha256);

impl Read for Digested {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let count = self.0.read(bytes)?;
        self.1.update(&bytes[..count]);
        Ok(count)
    }
}
