//! What WASI's files need to be held right.

use super::Folder;
use crate::descriptors::is_affordable;
use crate::sandbox::SandboxState;
use std::path::PathBuf;
use wasmtime::component::{Linker, Resource, ResourceTable};
use wasmtime::{Result, StoreContextMut};
use wasmtime_wasi::WasiView;
use wasmtime_wasi::filesystem::{Descriptor, WasiFilesystemCtxView, WasiFilesystemView};
use wasmtime_wasi::p2::bindings::filesystem::types::{
    DescriptorFlags, DescriptorType, ErrorCode, Host, HostDescriptor, OpenFlags, PathFlags,
};
use wasmtime_wasi::p2::{FsError, FsResult};

/// The version that `wasmtime_wasi` links; guests of older ones find it, too.
const PREOPENS: &str = "wasi:filesystem/preopens@0.2.12";
const TYPES: &str = "wasi:filesystem/types@0.2.12";

type Context<'a> = StoreContextMut<'a, SandboxState>;

/// Replaces some of WASI's functions: which folders there are, the sandbox's policy says, nothing is opened
/// that could block a thread of the host, and what a load looks at is noted.
pub fn link(linker: &mut Linker<SandboxState>) -> Result<()> {
    linker.allow_shadowing(true);
    linker
        .instance(PREOPENS)?
        .func_wrap("get-directories", |mut context: Context<'_>, ()| {
            let folders = context.data_mut().folders();
            let table = context.data_mut().ctx().table;
            let mut opened = Vec::with_capacity(folders.len());
            for folder in &*folders {
                opened.push((push(table, folder)?, folder.guest.to_string()));
            }
            if let Some(seen) = context.data().seen() {
                for (descriptor, guest) in &opened {
                    seen.opened(descriptor.rep(), guest.into());
                }
            }
            Ok((opened,))
        })?;
    linker.instance(TYPES)?.func_wrap_async(
        "[method]descriptor.open-at",
        |mut context: Context<'_>,
         (fd, path_flags, path, open_flags, flags): (
            Resource<Descriptor>,
            PathFlags,
            String,
            OpenFlags,
            DescriptorFlags,
        )| {
            Box::new(async move {
                let looked = look(&context, &fd, &path);
                let mut view = context.data_mut().filesystem();
                let opened = open_at(&mut view, fd, path_flags, path, open_flags, flags).await;
                let opened = code(&mut view, opened)?;
                if let (Some(seen), Some(looked), Ok(opened)) =
                    (context.data().seen(), looked, &opened)
                {
                    seen.opened(opened.rep(), looked);
                }
                Ok((opened,))
            })
        },
    )?;
    linker.instance(TYPES)?.func_wrap_async(
        "[method]descriptor.stat-at",
        |mut context: Context<'_>,
         (fd, path_flags, path): (Resource<Descriptor>, PathFlags, String)| {
            Box::new(async move {
                look(&context, &fd, &path);
                let mut view = context.data_mut().filesystem();
                let stat = view.stat_at(fd, path_flags, path).await;
                Ok((code(&mut view, stat)?,))
            })
        },
    )?;
    linker.instance(TYPES)?.func_wrap_async(
        "[method]descriptor.metadata-hash-at",
        |mut context: Context<'_>,
         (fd, path_flags, path): (Resource<Descriptor>, PathFlags, String)| {
            Box::new(async move {
                look(&context, &fd, &path);
                let mut view = context.data_mut().filesystem();
                let hash = view.metadata_hash_at(fd, path_flags, path).await;
                Ok((code(&mut view, hash)?,))
            })
        },
    )?;
    linker.instance(TYPES)?.func_wrap_async(
        "[method]descriptor.readlink-at",
        |mut context: Context<'_>, (fd, path): (Resource<Descriptor>, String)| {
            Box::new(async move {
                look(&context, &fd, &path);
                let mut view = context.data_mut().filesystem();
                let target = view.readlink_at(fd, path).await;
                Ok((code(&mut view, target)?,))
            })
        },
    )?;
    linker.allow_shadowing(false);
    Ok(())
}

/// Notes what a guest looks at, while that is noted. Returns it in full.
fn look(context: &Context<'_>, fd: &Resource<Descriptor>, path: &str) -> Option<PathBuf> {
    context.data().seen()?.look(fd.rep(), path)
}

pub fn push(table: &mut ResourceTable, folder: &Folder) -> Result<Resource<Descriptor>> {
    Ok(table.push(Descriptor::Dir(folder.dir.clone()))?)
}

/// Of the handles that a guest may have, what files leave free.
const ROOM: usize = 64;

/// WASI has no code of its own for it, and the system's quotas have another one.
pub const TOO_MANY_OPEN: ErrorCode = ErrorCode::Quota;

/// Opens a file or a folder, and nothing else: to open a pipe may take for ever, and a device is no file.
pub async fn open_at(
    view: &mut WasiFilesystemCtxView<'_>,
    fd: Resource<Descriptor>,
    path_flags: PathFlags,
    path: String,
    open_flags: OpenFlags,
    flags: DescriptorFlags,
) -> FsResult<Resource<Descriptor>> {
    let borrowed = || Resource::new_borrow(fd.rep());
    match view.stat_at(borrowed(), path_flags, path.clone()).await {
        Ok(stat) if is_special(stat.type_) => return Err(ErrorCode::Access.into()),
        // What is not there may be made; why it cannot, the call itself says.
        Ok(_) | Err(_) => {}
    }
    let opened = view
        .open_at(borrowed(), path_flags, path, open_flags, flags)
        .await?;
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

/// Whether the guest can still have what it needs besides files: streams, and what it waits for.
fn has_room(table: &mut ResourceTable) -> bool {
    let probes: Vec<_> = (0..ROOM).map_while(|_| table.push(()).ok()).collect();
    let has_room = probes.len() == ROOM;
    for probe in probes {
        let _ = table.delete(probe);
    }
    has_room
}

fn is_special(kind: DescriptorType) -> bool {
    !matches!(
        kind,
        DescriptorType::RegularFile | DescriptorType::Directory | DescriptorType::SymbolicLink
    )
}

/// A guest's error stays one; a fault of the host's ends the guest.
pub fn code<T>(
    view: &mut WasiFilesystemCtxView<'_>,
    result: Result<T, FsError>,
) -> Result<Result<T, ErrorCode>> {
    match result {
        Ok(value) => Ok(Ok(value)),
        Err(error) => Ok(Err(view.convert_error_code(error)?)),
    }
}
