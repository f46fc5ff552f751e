//! Folders that the host grants, and how they are opened.

use super::host::host_file::open_without_links;
use serde::Deserialize;
use std::path::PathBuf;
use std::sync::Arc;
use wasmtime::Result;
use wasmtime::component::{Resource, ResourceTable};
use wasmtime::error::Context;
use wasmtime_wasi::filesystem::{Descriptor, Dir, FsPerms, OpenMode};

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
        let dir = open_without_links(&grant.host, libc::O_RDONLY | libc::O_DIRECTORY)
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

    /// Gives it to a guest's table.
    pub fn push(&self, table: &mut ResourceTable) -> Result<Resource<Descriptor>> {
        Ok(table.push(Descriptor::Dir(self.dir.clone()))?)
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    #[test]
    fn a_folder_is_opened_at_its_own_path_alone() {
        let temp = std::env::temp_dir().canonicalize().unwrap();
        let root = temp.join(format!("capsule-folder-{}", std::process::id()));
        fs::create_dir_all(root.join("a/b")).unwrap();
        symlink("a", root.join("link")).unwrap();
        symlink("a/b", root.join("last")).unwrap();
        let open = |path: &str| {
            let grant = FolderGrant {
                host: root.join(path),
                guest: "/b".to_owned(),
                read_only: true,
            };
            Folder::open(&grant, false)
                .map(drop)
                .map_err(|error| error.to_string())
        };
        assert!(open("a/b").is_ok());
        for path in ["link/b", "last", "none"] {
            assert!(open(path).is_err(), "{path}");
        }
        fs::remove_dir_all(root).unwrap();
    }
}
