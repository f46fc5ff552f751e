//! What a program is made of, before it is loaded.

use crate::values::source_file::SourceFile;
use serde::Deserialize;
use std::path::PathBuf;

/// All that makes up a program.
#[derive(Debug)]
pub struct Sources {
    pub program: Source,
    pub source_map: Vec<u8>,
}

#[derive(Debug)]
pub enum Source {
    Text(SourceText),
    Component(ComponentFile),
}

/// What the engine receives.
#[derive(Debug)]
pub struct SourceText {
    pub path: String,
    pub text: String,
    /// The modules that the program may import.
    pub files: Vec<SourceFile>,
}

/// A component: where it lies, and what the host has read of it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ComponentFile {
    pub path: PathBuf,
    /// The SHA-256 of all before its last 32 bytes, in hexadecimal.
    pub digest: String,
    /// What lies before Capsule's own sections.
    pub engine_bytes: u64,
    /// Whether it has that digest: it was looked at before, and did not change.
    pub is_checked: bool,
}
