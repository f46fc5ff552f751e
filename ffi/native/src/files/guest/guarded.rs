//! WASI's operations on paths. Each follows its path by [`walk`] and is done where that has led, under one name that is
//! not followed any more.

use super::hidden::is_hidden;
use super::room::{TOO_MANY_OPEN, has_room};
use super::walk::{Last, Way, walk};
use crate::machine::descriptors::is_affordable;
use std::sync::Arc;
use wasmtime::component::Resource;
use wasmtime_wasi::filesystem::{Descriptor, WasiFilesystemCtxView};
use wasmtime_wasi::p2::FsResult;
use wasmtime_wasi::p2::bindings::filesystem::types::{
    DescriptorFlags, DescriptorStat, DirectoryEntry, DirectoryEntryStream, ErrorCode,
    HostDescriptor, HostDirectoryEntryStream, MetadataHashValue, NewTimestamp, OpenFlags,
    PathFlags,
};

type View<'a, 'b> = &'a mut WasiFilesystemCtxView<'b>;
type Fd = Resource<Descriptor>;

/// The folder that a path has led to, in the sandbox's table for as long as something is done there.
struct At {
    folder: Fd,
    is_own: bool,
    way: Way,
}

impl At {
    fn enter(view: View<'_, '_>, start: &Fd, path: &str, last: Last) -> FsResult<Self> {
        let dir = match view.table.get(start)? {
            Descriptor::Dir(dir) => dir,
            Descriptor::File(_) => return Err(ErrorCode::NotDirectory.into()),
        };
        let mut way = walk(&dir.dir, path, last)?;
        let Some(opened) = way.folder.take() else {
            return Ok(Self {
                folder: Resource::new_borrow(start.rep()),
                is_own: false,
                way,
            });
        };
        let mut dir = dir.clone();
        dir.dir = Arc::new(opened);
        Ok(Self {
            folder: view.table.push(Descriptor::Dir(dir))?,
            is_own: true,
            way,
        })
    }

    fn folder(&self) -> Fd {
        Resource::new_borrow(self.folder.rep())
    }

    fn name(&self) -> String {
        self.way.name.clone()
    }

    fn leave<T>(self, view: View<'_, '_>, result: FsResult<T>) -> FsResult<T> {
        if self.is_own {
            view.table.delete(self.folder)?;
        }
        result
    }
}

/// How the last name is looked at.
fn looking(flags: PathFlags) -> Last {
    if flags.contains(PathFlags::SYMLINK_FOLLOW) {
        Last::FOLLOW
    } else {
        Last::LINK
    }
}

/// Opens a file or a folder, and nothing else: opening a pipe could block for ever.
pub async fn open_at(
    view: View<'_, '_>,
    fd: Fd,
    path_flags: PathFlags,
    path: String,
    open_flags: OpenFlags,
    flags: DescriptorFlags,
) -> FsResult<Fd> {
    let is_made = open_flags.contains(OpenFlags::CREATE);
    // What has to be new is not what a link leads to.
    let is_new = is_made && open_flags.contains(OpenFlags::EXCLUSIVE);
    let last = Last {
        follow: path_flags.contains(PathFlags::SYMLINK_FOLLOW) && !is_new,
        hidden: if is_made {
            Last::MAKE.hidden
        } else {
            Last::FOLLOW.hidden
        },
        ..Last::FOLLOW
    };
    let at = At::enter(view, &fd, &path, last)?;
    if at.way.mode.is_some_and(is_special) {
        return at.leave(view, Err(ErrorCode::Access.into()));
    }
    let (folder, name) = (at.folder(), at.name());
    let opened = view
        .open_at(folder, PathFlags::empty(), name, open_flags, flags)
        .await;
    let opened = at.leave(view, opened)?;
    let is_affordable = match view.table.get(&opened)? {
        Descriptor::File(file) => is_affordable(&*file.file),
        Descriptor::Dir(folder) => is_affordable(&*folder.dir),
    };
    if is_affordable && has_room(view.table) {
        return Ok(opened);
    }
    view.table.delete(opened)?;
    Err(TOO_MANY_OPEN.into())
}

fn is_special(mode: libc::mode_t) -> bool {
    !matches!(
        mode & libc::S_IFMT,
        libc::S_IFREG | libc::S_IFDIR | libc::S_IFLNK
    )
}

pub async fn stat_at(
    view: View<'_, '_>,
    fd: Fd,
    flags: PathFlags,
    path: String,
) -> FsResult<DescriptorStat> {
    let at = At::enter(view, &fd, &path, looking(flags))?;
    let (folder, name) = (at.folder(), at.name());
    let stat = view.stat_at(folder, PathFlags::empty(), name).await;
    at.leave(view, stat)
}

pub async fn metadata_hash_at(
    view: View<'_, '_>,
    fd: Fd,
    flags: PathFlags,
    path: String,
) -> FsResult<MetadataHashValue> {
    let at = At::enter(view, &fd, &path, looking(flags))?;
    let (folder, name) = (at.folder(), at.name());
    let hash = view
        .metadata_hash_at(folder, PathFlags::empty(), name)
        .await;
    at.leave(view, hash)
}

pub async fn set_times_at(
    view: View<'_, '_>,
    fd: Fd,
    flags: PathFlags,
    path: String,
    accessed: NewTimestamp,
    modified: NewTimestamp,
) -> FsResult<()> {
    let at = At::enter(view, &fd, &path, looking(flags))?;
    let (folder, name) = (at.folder(), at.name());
    let set = view
        .set_times_at(folder, PathFlags::empty(), name, accessed, modified)
        .await;
    at.leave(view, set)
}

pub async fn readlink_at(view: View<'_, '_>, fd: Fd, path: String) -> FsResult<String> {
    let at = At::enter(view, &fd, &path, Last::LINK)?;
    let target = view.readlink_at(at.folder(), at.name()).await;
    at.leave(view, target)
}

pub async fn create_directory_at(view: View<'_, '_>, fd: Fd, path: String) -> FsResult<()> {
    let at = At::enter(view, &fd, &path, Last::MAKE)?;
    let made = view.create_directory_at(at.folder(), at.name()).await;
    at.leave(view, made)
}

pub async fn remove_directory_at(view: View<'_, '_>, fd: Fd, path: String) -> FsResult<()> {
    let at = At::enter(view, &fd, &path, Last::CHANGE)?;
    let removed = view.remove_directory_at(at.folder(), at.name()).await;
    at.leave(view, removed)
}

pub async fn unlink_file_at(view: View<'_, '_>, fd: Fd, path: String) -> FsResult<()> {
    let at = At::enter(view, &fd, &path, Last::CHANGE)?;
    if at.way.has_slash {
        return at.leave(view, Err(ErrorCode::NotDirectory.into()));
    }
    let removed = view.unlink_file_at(at.folder(), at.name()).await;
    at.leave(view, removed)
}

/// What the link says is not looked at until it is followed.
pub async fn symlink_at(view: View<'_, '_>, fd: Fd, target: String, path: String) -> FsResult<()> {
    let at = At::enter(view, &fd, &path, Last::MAKE)?;
    if at.way.has_slash {
        return at.leave(view, Err(ErrorCode::NoEntry.into()));
    }
    let made = view.symlink_at(at.folder(), target, at.name()).await;
    at.leave(view, made)
}

pub async fn link_at(
    view: View<'_, '_>,
    (from_fd, from, flags): (Fd, String, PathFlags),
    (to_fd, to): (Fd, String),
) -> FsResult<()> {
    let source = At::enter(view, &from_fd, &from, Last::CHANGE)?;
    let target = match At::enter(view, &to_fd, &to, Last::MAKE) {
        Ok(target) => target,
        Err(error) => return source.leave(view, Err(error)),
    };
    let linked = if source.way.has_slash {
        Err(ErrorCode::NotDirectory.into())
    } else if target.way.has_slash {
        Err(ErrorCode::NoEntry.into())
    } else {
        let (new_folder, new_name) = (target.folder(), target.name());
        view.link_at(source.folder(), flags, source.name(), new_folder, new_name)
            .await
    };
    let linked = target.leave(view, linked);
    source.leave(view, linked)
}

pub async fn rename_at(
    view: View<'_, '_>,
    (from_fd, from): (Fd, String),
    (to_fd, to): (Fd, String),
) -> FsResult<()> {
    let source = At::enter(view, &from_fd, &from, Last::CHANGE)?;
    let target = match At::enter(view, &to_fd, &to, Last::MAKE) {
        Ok(target) => target,
        Err(error) => return source.leave(view, Err(error)),
    };
    // WASI follows no link that it renames: the slash asks for a folder.
    let slash = |way: &Way| if way.has_slash { "/" } else { "" };
    let old_name = format!("{}{}", source.way.name, slash(&source.way));
    let new_name = format!("{}{}", target.way.name, slash(&target.way));
    let renamed = view
        .rename_at(source.folder(), old_name, target.folder(), new_name)
        .await;
    let renamed = target.leave(view, renamed);
    source.leave(view, renamed)
}

/// The next name of a folder that is not hidden.
pub async fn read_directory_entry(
    view: View<'_, '_>,
    stream: &Resource<DirectoryEntryStream>,
) -> FsResult<Option<DirectoryEntry>> {
    loop {
        let stream = Resource::new_borrow(stream.rep());
        match view.read_directory_entry(stream).await? {
            Some(entry) if is_hidden(&entry.name) => {}
            entry => return Ok(entry),
        }
    }
}
