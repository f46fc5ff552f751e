//! Where paths lead: into one of the folders, by their names alone, or above them.

use crate::files::Folder;
use std::collections::BTreeSet;
use wasmtime::component::{Resource, ResourceTable};
use wasmtime_wasi::filesystem::Descriptor;
use wasmtime_wasi::p2::bindings::filesystem::types::ErrorCode;

/// A folder, where the guest sees it.
struct Mount {
    /// The names that its path is made of.
    guest: Vec<String>,
    read_only: bool,
    folder: Resource<Descriptor>,
}

/// Where a path leads.
pub enum Place {
    /// Into a folder, and how from there.
    Inside {
        folder: Resource<Descriptor>,
        read_only: bool,
        way: String,
    },
    /// Above folders: nothing but their names can be seen.
    Above(BTreeSet<String>),
    Nowhere,
}

/// The folders of one sandbox.
pub struct Places {
    mounts: Vec<Mount>,
}

impl Places {
    pub fn new(folders: &[Folder], table: &mut ResourceTable) -> Self {
        let mount = |folder: &Folder| {
            Some(Mount {
                guest: names(&folder.guest)?,
                read_only: folder.read_only,
                folder: folder.push(table).ok()?,
            })
        };
        let mounts = folders.iter().filter_map(mount).collect();
        Self { mounts }
    }

    /// The folder that a path leads into, and the way from there.
    pub fn enter(&self, path: &str) -> Result<(Resource<Descriptor>, String), ErrorCode> {
        match self.find(path) {
            Place::Inside { folder, way, .. } => Ok((folder, way)),
            Place::Above(_) => Err(ErrorCode::NotPermitted),
            Place::Nowhere => Err(ErrorCode::NoEntry),
        }
    }

    /// The same, for what changes something there. Whether it may, WASI's code looks at, too: here it has
    /// the name that its users know.
    pub fn enter_to_change(&self, path: &str) -> Result<(Resource<Descriptor>, String), ErrorCode> {
        match self.find(path) {
            Place::Inside {
                read_only: true, ..
            } => Err(ErrorCode::ReadOnly),
            _ => self.enter(path),
        }
    }

    pub fn find(&self, path: &str) -> Place {
        let Some(names) = names(path) else {
            return Place::Nowhere;
        };
        let around = self
            .mounts
            .iter()
            .filter(|mount| names.starts_with(&mount.guest))
            .max_by_key(|mount| mount.guest.len());
        if let Some(mount) = around {
            let way = names[mount.guest.len()..].join("/");
            return Place::Inside {
                folder: borrow(&mount.folder),
                read_only: mount.read_only,
                way: if way.is_empty() { ".".to_owned() } else { way },
            };
        }
        let below: BTreeSet<String> = self
            .mounts
            .iter()
            .filter(|mount| mount.guest.starts_with(&names))
            .map(|mount| mount.guest[names.len()].clone())
            .collect();
        if below.is_empty() && !names.is_empty() {
            return Place::Nowhere;
        }
        Place::Above(below)
    }
}

/// Lends what the sandbox's table holds.
pub fn borrow(descriptor: &Resource<Descriptor>) -> Resource<Descriptor> {
    Resource::new_borrow(descriptor.rep())
}

/// What an absolute path is made of, `.` and `..` followed by their names. None if it is none.
fn names(path: &str) -> Option<Vec<String>> {
    let mut names = Vec::new();
    for name in path.strip_prefix('/')?.split('/') {
        match name {
            "" | "." => {}
            ".." => {
                names.pop();
            }
            name => names.push(name.to_owned()),
        }
    }
    Some(names)
}
