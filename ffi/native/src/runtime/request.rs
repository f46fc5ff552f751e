//! Requests of the host, parsed once at the edge.

use crate::engine::EngineSource;
use crate::files::FolderGrant;
use crate::fixed::FixedRequest;
use crate::network::Secret;
use crate::policy::{Ceiling, Limits, TaskPolicy};
use crate::program::ComponentFile;
use crate::values::language::Language;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::HashMap;
use std::path::PathBuf;

/// `capsule_runtime_new`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuntimeConfig {
    /// Only this user, or root, may write to it and to those above; made if it does not exist. Without one, nothing is
    /// kept.
    #[serde(default)]
    pub cache_folder: Option<PathBuf>,
    /// Why there is no folder.
    #[serde(default)]
    pub cache_problem: Option<String>,
    pub engines: HashMap<Language, EngineSource>,
    /// The engine that will be wanted first: it is opened at once, while the host prepares a program.
    #[serde(default)]
    pub wanted: Option<Language>,
    /// Files of certificates, PEM: the first that exists says whom https trusts.
    #[serde(default)]
    pub certificates: Vec<PathBuf>,
}

/// `capsule_runtime_load`. The files' contents follow as the payload, one after the other. A program is
/// given by its files or as a component.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoadRequest {
    pub language: Language,
    /// The first is the program itself.
    #[serde(default)]
    pub files: Vec<FileEntry>,
    #[serde(default)]
    pub component: Option<ComponentFile>,
    /// The length of the source map, last in the payload.
    #[serde(default)]
    pub source_map_bytes: usize,
    /// A digest of all that the program is. With one, its image is kept for the next process.
    #[serde(default)]
    pub key: Option<String>,
    /// Folders of packages, which all of the program may read.
    #[serde(default)]
    pub packages: Vec<FolderGrant>,
    #[serde(default)]
    pub limits: Limits,
    /// Of its top-level code. Its image is not kept then.
    #[serde(default)]
    pub fixed: FixedRequest,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileEntry {
    /// As the user knows it: stack traces show it.
    pub path: String,
    pub bytes: usize,
}

/// `capsule_runtime_grant`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GrantRequest {
    pub program: u64,
    /// By name, for every task of the program.
    pub policies: HashMap<String, TaskPolicy>,
    #[serde(default)]
    pub limits: Limits,
    /// What tasks use and never have.
    #[serde(default)]
    pub secrets: Vec<Secret>,
}

/// `capsule_runtime_submit`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunRequest<'a> {
    pub grant: u64,
    pub task: String,
    /// `{"args": […]}`, with `"kwargs": {…}` for Python.
    #[serde(borrow)]
    pub input: &'a RawValue,
    /// Whether somebody wants to hear of each task.
    #[serde(default)]
    pub observe: bool,
    /// What each task of this run may use at most, where that is less than its policy says.
    #[serde(default)]
    pub ceiling: Ceiling,
    /// Whether the envelope shall tell what was written to the outputs.
    #[serde(default)]
    pub capture: bool,
    /// What the task reads from its standard input: each character is a byte.
    #[serde(default)]
    pub stdin: Option<String>,
    #[serde(default)]
    pub fixed: FixedRequest,
}
