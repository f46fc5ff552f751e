//! Where an engine comes from.

use super::shell::{Shape, Shell};
use crate::cache::hex;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::fs;
use std::path::PathBuf;
use wasmtime::{Result, bail, error::Context};

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
