//! WASI's functions for files, over the folders of the sandbox.

use super::world::{Context, WASI_FILES, WASI_PREOPENS};
use crate::files::guest::guarded;
use crate::host::state::SandboxState;
use std::path::PathBuf;
use wasmtime::Result;
use wasmtime::component::{Linker, Resource};
use wasmtime_wasi::WasiView;
use wasmtime_wasi::filesystem::{Descriptor, WasiFilesystemCtxView, WasiFilesystemView};
use wasmtime_wasi::p2::FsError;
use wasmtime_wasi::p2::bindings::filesystem::types::{
    DescriptorFlags, DirectoryEntryStream, ErrorCode, Host, NewTimestamp, OpenFlags, PathFlags,
};

/// Replaces WASI's functions that take paths or give names: which folders there are, the sandbox's policy says, hidden
/// names are absent, nothing is opened that could block a thread of the host, and what a load looks at is noted.
pub fn link(linker: &mut Linker<SandboxState>) -> Result<()> {
    linker.allow_shadowing(true);
    linker.instance(WASI_PREOPENS)?.func_wrap(
        "get-directories",
        |mut context: Context<'_>, ()| {
            let folders = context.data_mut().folders();
            let table = context.data_mut().ctx().table;
            let mut opened = Vec::with_capacity(folders.len());
            for folder in &*folders {
                opened.push((folder.push(table)?, folder.guest.to_string()));
            }
            if let Some(seen) = context.data().seen() {
                for (descriptor, guest) in &opened {
                    seen.opened(descriptor.rep(), guest.into());
                }
            }
            Ok((opened,))
        },
    )?;
    linker.instance(WASI_FILES)?.func_wrap_async(
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
                let opened =
                    guarded::open_at(&mut view, fd, path_flags, path, open_flags, flags).await;
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
    linker.instance(WASI_FILES)?.func_wrap_async(
        "[method]descriptor.stat-at",
        |mut context: Context<'_>,
         (fd, path_flags, path): (Resource<Descriptor>, PathFlags, String)| {
            Box::new(async move {
                look(&context, &fd, &path);
                let mut view = context.data_mut().filesystem();
                let stat = guarded::stat_at(&mut view, fd, path_flags, path).await;
                Ok((code(&mut view, stat)?,))
            })
        },
    )?;
    linker.instance(WASI_FILES)?.func_wrap_async(
        "[method]descriptor.metadata-hash-at",
        |mut context: Context<'_>,
         (fd, path_flags, path): (Resource<Descriptor>, PathFlags, String)| {
            Box::new(async move {
                look(&context, &fd, &path);
                let mut view = context.data_mut().filesystem();
                let hash = guarded::metadata_hash_at(&mut view, fd, path_flags, path).await;
                Ok((code(&mut view, hash)?,))
            })
        },
    )?;
    linker.instance(WASI_FILES)?.func_wrap_async(
        "[method]descriptor.readlink-at",
        |mut context: Context<'_>, (fd, path): (Resource<Descriptor>, String)| {
            Box::new(async move {
                look(&context, &fd, &path);
                let mut view = context.data_mut().filesystem();
                let target = guarded::readlink_at(&mut view, fd, path).await;
                Ok((code(&mut view, target)?,))
            })
        },
    )?;
    link_changes(linker)?;
    linker.allow_shadowing(false);
    Ok(())
}

/// What changes something at a path, and what lists names.
fn link_changes(linker: &mut Linker<SandboxState>) -> Result<()> {
    let mut types = linker.instance(WASI_FILES)?;
    types.func_wrap_async(
        "[method]descriptor.set-times-at",
        |mut context: Context<'_>,
         (fd, path_flags, path, accessed, modified): (
            Resource<Descriptor>,
            PathFlags,
            String,
            NewTimestamp,
            NewTimestamp,
        )| {
            Box::new(async move {
                let view = &mut context.data_mut().filesystem();
                let set =
                    guarded::set_times_at(view, fd, path_flags, path, accessed, modified).await;
                Ok((code(view, set)?,))
            })
        },
    )?;
    types.func_wrap_async(
        "[method]descriptor.create-directory-at",
        |mut context: Context<'_>, (fd, path): (Resource<Descriptor>, String)| {
            Box::new(async move {
                let view = &mut context.data_mut().filesystem();
                let made = guarded::create_directory_at(view, fd, path).await;
                Ok((code(view, made)?,))
            })
        },
    )?;
    types.func_wrap_async(
        "[method]descriptor.remove-directory-at",
        |mut context: Context<'_>, (fd, path): (Resource<Descriptor>, String)| {
            Box::new(async move {
                let view = &mut context.data_mut().filesystem();
                let removed = guarded::remove_directory_at(view, fd, path).await;
                Ok((code(view, removed)?,))
            })
        },
    )?;
    types.func_wrap_async(
        "[method]descriptor.unlink-file-at",
        |mut context: Context<'_>, (fd, path): (Resource<Descriptor>, String)| {
            Box::new(async move {
                let view = &mut context.data_mut().filesystem();
                let removed = guarded::unlink_file_at(view, fd, path).await;
                Ok((code(view, removed)?,))
            })
        },
    )?;
    types.func_wrap_async(
        "[method]descriptor.symlink-at",
        |mut context: Context<'_>, (fd, target, path): (Resource<Descriptor>, String, String)| {
            Box::new(async move {
                let view = &mut context.data_mut().filesystem();
                let made = guarded::symlink_at(view, fd, target, path).await;
                Ok((code(view, made)?,))
            })
        },
    )?;
    types.func_wrap_async(
        "[method]descriptor.link-at",
        |mut context: Context<'_>,
         (fd, path_flags, path, new_fd, new_path): (
            Resource<Descriptor>,
            PathFlags,
            String,
            Resource<Descriptor>,
            String,
        )| {
            Box::new(async move {
                let view = &mut context.data_mut().filesystem();
                let from = (fd, path, path_flags);
                let linked = guarded::link_at(view, from, (new_fd, new_path)).await;
                Ok((code(view, linked)?,))
            })
        },
    )?;
    types.func_wrap_async(
        "[method]descriptor.rename-at",
        |mut context: Context<'_>,
         (fd, path, new_fd, new_path): (
            Resource<Descriptor>,
            String,
            Resource<Descriptor>,
            String,
        )| {
            Box::new(async move {
                let view = &mut context.data_mut().filesystem();
                let renamed = guarded::rename_at(view, (fd, path), (new_fd, new_path)).await;
                Ok((code(view, renamed)?,))
            })
        },
    )?;
    types.func_wrap_async(
        "[method]directory-entry-stream.read-directory-entry",
        |mut context: Context<'_>, (stream,): (Resource<DirectoryEntryStream>,)| {
            Box::new(async move {
                let view = &mut context.data_mut().filesystem();
                let entry = guarded::read_directory_entry(view, &stream).await;
                Ok((code(view, entry)?,))
            })
        },
    )
}

/// Notes what a guest looks at, while that is noted. Returns it in full.
fn look(context: &Context<'_>, fd: &Resource<Descriptor>, path: &str) -> Option<PathBuf> {
    context.data().seen()?.look(fd.rep(), path)
}

/// A guest's error stays one; a fault of the host's ends the guest.
fn code<T>(
    view: &mut WasiFilesystemCtxView<'_>,
    result: Result<T, FsError>,
) -> Result<Result<T, ErrorCode>> {
    match result {
        Ok(value) => Ok(Ok(value)),
        Err(error) => Ok(Err(view.convert_error_code(error)?)),
    }
}
