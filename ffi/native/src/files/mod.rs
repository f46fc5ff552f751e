//! The folders that a sandbox may touch. WASI's preopened folders keep a guest inside of them; what lies
//! here says which there are, for both engines.

mod operations;
pub mod stamp;
mod wasi;

pub use operations::Files;
pub use wasi::link;

use serde::Deserialize;
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::sync::Arc;
use wasmtime::Result;
use wasmtime::error::Context;
use wasmtime_wasi::filesystem::{Dir, FsPerms, OpenMode};

/// A folder as the host's side grants it.
#[derive(Clone, Debug, Hash, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FolderGrant {
    /// Absolute, without links.
    pub host: PathBuf,
    /// Absolute, as the guest sees it.
    pub guest: String,
    pub read_only: bool,
}

/// A folder that is open: what its path leads to later does not count any more.
#[derive(Clone)]
pub struct Folder {
    dir: Dir,
    pub guest: Arc<str>,
    pub read_only: bool,
}

impl Folder {
    /// `is_local`: its files are read at once, on the thread that asks.
    fn open(grant: &FolderGrant, is_local: bool) -> Result<Self> {
        let dir = OpenOptions::new()
            .read(true)
            .custom_flags(libc::O_DIRECTORY | libc::O_NOFOLLOW | libc::O_CLOEXEC)
            .open(&grant.host)
            .with_context(|| format!("Cannot open the folder \"{}\"", grant.host.display()))?;
        let (perms, mode) = if grant.read_only {
            (FsPerms::ReadOnly, OpenMode::READ)
        } else {
            (FsPerms::ReadWrite, OpenMode::READ | OpenMode::WRITE)
        };
        Ok(Self {
            dir: Dir::new(dir, perms, mode, is_local),
            guest: grant.guest.as_str().into(),
            read_only: grant.read_only,
        })
    }
}

/// All of a sandbox's folders.
pub type Folders = Arc<[Folder]>;

/// Opens folders of packages, which are small files that everybody reads.
pub fn open_packages(grants: &[FolderGrant]) -> Result<Folders> {
    grants
        .iter()
        .map(|grant| Folder::open(grant, true))
        .collect()
}

/// Opens folders, and adds others that are open already.
pub fn open_all(grants: &[FolderGrant], others: &[Folder]) -> Result<Folders> {
    let opened = grants.iter().map(|grant| Folder::open(grant, false));
    opened.chain(others.iter().cloned().map(Ok)).collect()
}
