//! Files for engines whose libc has none: the operations of `node:fs`, over the same folders.
//!
//! Paths are absolute. They are resolved to a folder by their names alone ([`Places`]); inside of the folder,
//! WASI's own code keeps them, links included.

use super::places::{Place, Places, borrow};
use super::posix;
use super::request::{Opening, Request, Which};
use crate::files::Folder;
use crate::files::guest::guarded;
use crate::files::guest::room::TOO_MANY_OPEN;
use crate::values::payload::Payload;
use serde::Serialize;
use serde_json::json;
use std::collections::HashMap;
use std::io;
use std::ops::BitOr;
use wasmtime::component::{Resource, ResourceTable};
use wasmtime_wasi::filesystem::{Descriptor, WasiFilesystemCtx, WasiFilesystemCtxView};
use wasmtime_wasi::p2::bindings::filesystem::types::{
    DescriptorFlags, DirectoryEntryStream, ErrorCode, Host, HostDescriptor, OpenFlags, PathFlags,
};
use wasmtime_wasi::p2::{FsResult, StreamError};

/// Of a file that is read at once, or written.
const BYTES_AT_MOST: usize = 64 << 20;
/// Of the names in a folder.
const LIST_BYTES_AT_MOST: usize = if cfg!(test) { 1 << 10 } else { BYTES_AT_MOST };
/// What is counted for an entry besides its name.
const ENTRY_BYTES: usize = 40;
const OPEN_AT_MOST: usize = 1000;

/// The files that one sandbox has open.
pub struct Files {
    ctx: WasiFilesystemCtx,
    table: ResourceTable,
    places: Places,
    open: HashMap<u32, Resource<Descriptor>>,
    next_fd: u32,
}

type Answer = Result<Payload, ErrorCode>;

/// What lies in a folder.
#[derive(Serialize)]
struct Entry {
    name: String,
    kind: &'static str,
}

impl Files {
    pub fn new(folders: &[Folder]) -> Self {
        let mut table = ResourceTable::new();
        Self {
            places: Places::new(folders, &mut table),
            ctx: WasiFilesystemCtx::default(),
            table,
            open: HashMap::new(),
            // The first three are standard streams.
            next_fd: 3,
        }
    }

    /// Does what a request says. An error is an outcome, with a code of POSIX.
    pub async fn perform(&mut self, request: Payload) -> Payload {
        let parsed = match serde_json::from_str(&request.json) {
            Ok(parsed) => parsed,
            Err(error) => return Payload::error("invalid_request", format!("file: {error}")),
        };
        self.answer(parsed, request.bytes)
            .await
            .unwrap_or_else(|error| {
                let error = json!({ "code": posix::name_of(error) });
                Payload::json(json!({ "error": error }).to_string())
            })
    }

    async fn answer(&mut self, request: Request, bytes: Vec<u8>) -> Answer {
        match request {
            Request::Open(opening) => self.open(opening).await,
            Request::Close { fd } => {
                let descriptor = self.open.remove(&fd).ok_or(ErrorCode::BadDescriptor)?;
                let _ = self.table.delete(descriptor);
                done(())
            }
            Request::Read { fd, offset, length } => self.read(fd, offset, length).await,
            Request::Write { fd, offset } => self.write(fd, offset, bytes).await,
            Request::Stat { which } => self.stat(which).await,
            Request::List { path } => self.list(&path).await,
            Request::MakeFolder { path } => {
                let (folder, path) = self.places.enter_to_change(&path)?;
                let made = guarded::create_directory_at(&mut self.view(), folder, path).await;
                self.nothing(made)
            }
            Request::RemoveFolder { path } => {
                let (folder, path) = self.places.enter_to_change(&path)?;
                let removed = guarded::remove_directory_at(&mut self.view(), folder, path).await;
                self.nothing(removed)
            }
            Request::RemoveFile { path } => {
                let (folder, path) = self.places.enter_to_change(&path)?;
                let removed = guarded::unlink_file_at(&mut self.view(), folder, path).await;
                self.nothing(removed)
            }
            Request::Rename { from, to } => {
                let (from_folder, from) = self.places.enter_to_change(&from)?;
                let (to_folder, to) = self.places.enter_to_change(&to)?;
                let view = &mut self.view();
                let renamed = guarded::rename_at(view, (from_folder, from), (to_folder, to)).await;
                self.nothing(renamed)
            }
            Request::Link { from, to } => {
                let (from_folder, from) = self.places.enter_to_change(&from)?;
                let (to_folder, to) = self.places.enter_to_change(&to)?;
                let view = &mut self.view();
                let flags = PathFlags::empty();
                let linked =
                    guarded::link_at(view, (from_folder, from, flags), (to_folder, to)).await;
                self.nothing(linked)
            }
            Request::MakeLink { path, target } => {
                let (folder, path) = self.places.enter_to_change(&path)?;
                let made = guarded::symlink_at(&mut self.view(), folder, target, path).await;
                self.nothing(made)
            }
            Request::ReadLink { path } => {
                let (folder, path) = self.places.enter(&path)?;
                let target = guarded::readlink_at(&mut self.view(), folder, path).await;
                done(self.code(target)?)
            }
            Request::SetSize { fd, size } => {
                let fd = self.descriptor(fd)?;
                let set = self.view().set_size(fd, size).await;
                self.nothing(set)
            }
            Request::SetTimes {
                which,
                accessed,
                modified,
            } => self.set_times(which, accessed, modified).await,
            Request::Sync { fd } => {
                let fd = self.descriptor(fd)?;
                let synced = self.view().sync(fd).await;
                self.nothing(synced)
            }
        }
    }

    async fn open(&mut self, opening: Opening) -> Answer {
        let Opening {
            path,
            read,
            write,
            create,
            exclusive,
            truncate,
        } = opening;
        if self.open.len() >= OPEN_AT_MOST {
            return Err(TOO_MANY_OPEN);
        }
        if let Place::Above(_) = self.places.find(&path) {
            return Err(ErrorCode::IsDirectory);
        }
        let (folder, path) = if write || create || truncate {
            self.places.enter_to_change(&path)?
        } else {
            self.places.enter(&path)?
        };
        let open = union([
            (create, OpenFlags::CREATE),
            (exclusive, OpenFlags::EXCLUSIVE),
            (truncate, OpenFlags::TRUNCATE),
        ]);
        let flags = union([
            (read, DescriptorFlags::READ),
            (write, DescriptorFlags::WRITE),
        ]);
        let descriptor = self.descriptor_at(folder, path, open, flags).await?;
        let fd = self.next_fd;
        self.next_fd += 1;
        self.open.insert(fd, descriptor);
        done(fd)
    }

    async fn read(&mut self, fd: u32, offset: u64, length: u64) -> Answer {
        let length = length.min(BYTES_AT_MOST as u64) as usize;
        let opened = self.descriptor(fd)?;
        if let Ok(Descriptor::Dir(_)) = self.table.get(&opened) {
            return Err(ErrorCode::IsDirectory);
        }
        let mut bytes = Vec::new();
        while bytes.len() < length {
            let fd = self.descriptor(fd)?;
            let (offset, left) = (offset + bytes.len() as u64, length - bytes.len());
            let part = self.view().read(fd, left as u64, offset).await;
            let (part, is_end) = self.code(part)?;
            bytes.extend_from_slice(&part);
            if is_end || part.is_empty() {
                break;
            }
        }
        Ok(Payload {
            json: "null".to_owned(),
            bytes,
        })
    }

    async fn write(&mut self, fd: u32, offset: Option<u64>, bytes: Vec<u8>) -> Answer {
        let Some(mut offset) = offset else {
            return self.append(fd, bytes).await;
        };
        let mut rest = bytes;
        let length = rest.len();
        while !rest.is_empty() {
            let fd = self.descriptor(fd)?;
            let written = self.view().write(fd, rest.clone(), offset).await;
            let written = self.code(written)? as usize;
            if written == 0 {
                return Err(ErrorCode::Io);
            }
            offset += written as u64;
            rest.drain(..written.min(rest.len()));
        }
        done(length)
    }

    /// Writes at the end that the file has then, whoever else writes to it.
    async fn append(&mut self, fd: u32, bytes: Vec<u8>) -> Answer {
        let length = bytes.len();
        let fd = self.descriptor(fd)?;
        let stream = self.view().append_via_stream(fd);
        let stream = self.code(stream)?;
        let written = match self.table.get_mut(&stream) {
            Ok(stream) => stream.blocking_write_and_flush(bytes.into()).await,
            Err(_) => Err(StreamError::Closed),
        };
        let _ = self.table.delete(stream);
        match written {
            Ok(()) => done(length),
            Err(StreamError::LastOperationFailed(error)) => {
                let error = error.downcast::<io::Error>().map_err(|_| ErrorCode::Io)?;
                Err(self.code::<()>(Err(error.into())).expect_err("it is one"))
            }
            Err(_) => Err(ErrorCode::Io),
        }
    }

    async fn stat(&mut self, which: Which) -> Answer {
        let stat = match which {
            Which::Fd { fd } => {
                let fd = self.descriptor(fd)?;
                self.view().stat(fd).await
            }
            Which::Path { path, follow } => {
                if let Place::Above(_) = self.places.find(&path) {
                    return done(json!({ "kind": "folder", "size": 0, "links": 1 }));
                }
                let (folder, path) = self.places.enter(&path)?;
                let flags = path_flags(follow);
                guarded::stat_at(&mut self.view(), folder, flags, path).await
            }
        };
        done(posix::described(&self.code(stat)?))
    }

    async fn list(&mut self, path: &str) -> Answer {
        if let Place::Above(names) = self.places.find(path) {
            let entry = |name| Entry {
                name,
                kind: "folder",
            };
            return done(names.into_iter().map(entry).collect::<Vec<_>>());
        }
        let (folder, path) = self.places.enter(path)?;
        let (open, flags) = (OpenFlags::DIRECTORY, DescriptorFlags::READ);
        let opened = self.descriptor_at(folder, path, open, flags).await?;
        let listed = self.view().read_directory(borrow(&opened)).await;
        let _ = self.table.delete(opened);
        let listed = self.code(listed)?;
        let entries = self.entries(&listed).await;
        let _ = self.table.delete(listed);
        done(entries?)
    }

    async fn entries(
        &mut self,
        listed: &Resource<DirectoryEntryStream>,
    ) -> Result<Vec<Entry>, ErrorCode> {
        let mut entries = Vec::new();
        let mut bytes = 0;
        loop {
            let entry = guarded::read_directory_entry(&mut self.view(), listed).await;
            let Some(entry) = self.code(entry)? else {
                return Ok(entries);
            };
            bytes += ENTRY_BYTES + entry.name.len();
            if bytes > LIST_BYTES_AT_MOST {
                return Err(ErrorCode::Overflow);
            }
            let kind = posix::kind(entry.type_);
            let name = entry.name;
            entries.push(Entry { name, kind });
        }
    }

    async fn set_times(&mut self, which: Which, accessed: f64, modified: f64) -> Answer {
        let (accessed, modified) = (posix::timestamp(accessed)?, posix::timestamp(modified)?);
        let set = match which {
            Which::Fd { fd } => {
                let fd = self.descriptor(fd)?;
                self.view().set_times(fd, accessed, modified).await
            }
            Which::Path { path, follow } => {
                let (folder, path) = self.places.enter_to_change(&path)?;
                let flags = path_flags(follow);
                let view = &mut self.view();
                guarded::set_times_at(view, folder, flags, path, accessed, modified).await
            }
        };
        self.nothing(set)
    }

    /// Opens what a path leads to.
    async fn descriptor_at(
        &mut self,
        folder: Resource<Descriptor>,
        path: String,
        open: OpenFlags,
        flags: DescriptorFlags,
    ) -> Result<Resource<Descriptor>, ErrorCode> {
        let follow = PathFlags::SYMLINK_FOLLOW;
        let opened = guarded::open_at(&mut self.view(), folder, follow, path, open, flags).await;
        self.code(opened)
    }

    fn view(&mut self) -> WasiFilesystemCtxView<'_> {
        WasiFilesystemCtxView {
            ctx: &mut self.ctx,
            table: &mut self.table,
        }
    }

    fn descriptor(&self, fd: u32) -> Result<Resource<Descriptor>, ErrorCode> {
        self.open
            .get(&fd)
            .map(borrow)
            .ok_or(ErrorCode::BadDescriptor)
    }

    fn code<T>(&mut self, result: FsResult<T>) -> Result<T, ErrorCode> {
        result.map_err(|error| {
            let mut view = self.view();
            view.convert_error_code(error).unwrap_or(ErrorCode::Io)
        })
    }

    fn nothing(&mut self, result: FsResult<()>) -> Answer {
        self.code(result)?;
        done(())
    }
}

fn done(answer: impl Serialize) -> Answer {
    let json = serde_json::to_string(&answer).map_err(|_| ErrorCode::Io)?;
    Ok(Payload::json(json))
}

fn union<F: Default + BitOr<Output = F>, const N: usize>(flags: [(bool, F); N]) -> F {
    let chosen = flags
        .into_iter()
        .filter_map(|(is_set, flag)| is_set.then_some(flag));
    chosen.fold(F::default(), F::bitor)
}

fn path_flags(follow: bool) -> PathFlags {
    if follow {
        PathFlags::SYMLINK_FOLLOW
    } else {
        PathFlags::empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::{FolderGrant, open_packages};
    use std::fs;

    #[tokio::test]
    async fn a_list_of_names_has_an_end() {
        let temp = std::env::temp_dir().canonicalize().unwrap();
        let host = temp.join(format!("capsule-list-{}", std::process::id()));
        fs::create_dir(&host).unwrap();
        let grant = FolderGrant {
            host: host.clone(),
            guest: "/work".to_owned(),
            read_only: true,
        };
        let mut files = Files::new(&open_packages(&[grant]).unwrap());
        let list = Payload::json(r#"{"do":"list","path":"/work"}"#);
        for name in ["a", "b"] {
            fs::write(host.join(name), "").unwrap();
        }
        let few = files.perform(list.clone()).await;
        let mut entries: Vec<serde_json::Value> = serde_json::from_str(&few.json).unwrap();
        entries.sort_by_key(|entry| entry["name"].to_string());
        assert_eq!(entries[1], json!({ "name": "b", "kind": "file" }));
        for number in 0..30 {
            fs::write(host.join(number.to_string()), "").unwrap();
        }
        let many = files.perform(list).await;
        fs::remove_dir_all(&host).unwrap();
        assert_eq!(many.json, r#"{"error":{"code":"EOVERFLOW"}}"#);
    }
}
