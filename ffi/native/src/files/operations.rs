//! Files for engines whose libc has none: the operations of `node:fs`, over the same folders.
//!
//! Paths are absolute. They are resolved to a folder here, by their names alone; inside of the folder,
//! WASI's own code keeps them, links included.

use super::Folder;
use super::wasi::{TOO_MANY_OPEN, open_at, push};
use crate::host::Payload;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::{BTreeSet, HashMap};
use std::ops::BitOr;
use wasmtime::component::{Resource, ResourceTable};
use wasmtime_wasi::filesystem::{Descriptor, WasiFilesystemCtx, WasiFilesystemCtxView};
use wasmtime_wasi::p2::FsResult;
use wasmtime_wasi::p2::bindings::clocks::wall_clock::Datetime;
use wasmtime_wasi::p2::bindings::filesystem::types::{
    DescriptorFlags, DescriptorStat, DescriptorType, ErrorCode, Host, HostDescriptor,
    HostDirectoryEntryStream, NewTimestamp, OpenFlags, PathFlags,
};

/// Of a file that is read at once, or written.
const BYTES_AT_MOST: usize = 64 << 20;
const OPEN_AT_MOST: usize = 1000;

/// What a guest asks for.
#[derive(Debug, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
enum Request {
    /// The descriptor of a file that is opened.
    Open {
        path: String,
        #[serde(default)]
        read: bool,
        #[serde(default)]
        write: bool,
        #[serde(default)]
        create: bool,
        #[serde(default)]
        exclusive: bool,
        #[serde(default)]
        truncate: bool,
    },
    Close {
        fd: u32,
    },
    /// Bytes; fewer than asked for at the end of the file.
    Read {
        fd: u32,
        offset: u64,
        length: u64,
    },
    /// The payload's bytes, at the offset or at the end.
    Write {
        fd: u32,
        offset: Option<u64>,
    },
    Stat {
        #[serde(flatten)]
        which: Which,
    },
    /// Names and kinds of what lies in a folder.
    List {
        path: String,
    },
    MakeFolder {
        path: String,
    },
    RemoveFolder {
        path: String,
    },
    RemoveFile {
        path: String,
    },
    Rename {
        from: String,
        to: String,
    },
    Link {
        from: String,
        to: String,
    },
    /// What the link says is not looked at until it is followed.
    MakeLink {
        path: String,
        target: String,
    },
    ReadLink {
        path: String,
    },
    SetSize {
        fd: u32,
        size: u64,
    },
    SetTimes {
        #[serde(flatten)]
        which: Which,
        /// Milliseconds since 1970.
        accessed: f64,
        modified: f64,
    },
    Sync {
        fd: u32,
    },
}

/// An open file, or what lies at a path.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Which {
    Fd {
        fd: u32,
    },
    Path {
        path: String,
        /// Of a link, what it leads to.
        #[serde(default)]
        follow: bool,
    },
}

/// The files that one sandbox has open.
pub struct Files {
    ctx: WasiFilesystemCtx,
    table: ResourceTable,
    mounts: Vec<Mount>,
    open: HashMap<u32, Resource<Descriptor>>,
    next_fd: u32,
}

/// A folder, where the guest sees it.
struct Mount {
    /// The names that its path is made of.
    guest: Vec<String>,
    read_only: bool,
    folder: Resource<Descriptor>,
}

/// Where a path leads.
enum Place {
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

type Answer = Result<(Value, Vec<u8>), ErrorCode>;

impl Files {
    pub fn new(folders: &[Folder]) -> Self {
        let mut table = ResourceTable::new();
        let mount = |folder: &Folder| {
            Some(Mount {
                guest: names(&folder.guest)?,
                read_only: folder.read_only,
                folder: push(&mut table, folder).ok()?,
            })
        };
        Self {
            mounts: folders.iter().filter_map(mount).collect(),
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
        match self.answer(parsed, request.bytes).await {
            Ok((json, bytes)) => Payload {
                json: json.to_string(),
                bytes,
            },
            Err(code) => Payload::json(json!({ "error": { "code": posix(code) } }).to_string()),
        }
    }

    async fn answer(&mut self, request: Request, bytes: Vec<u8>) -> Answer {
        match request {
            Request::Open {
                path,
                read,
                write,
                create,
                exclusive,
                truncate,
            } => {
                if self.open.len() >= OPEN_AT_MOST {
                    return Err(TOO_MANY_OPEN);
                }
                let open = [
                    (create, OpenFlags::CREATE),
                    (exclusive, OpenFlags::EXCLUSIVE),
                    (truncate, OpenFlags::TRUNCATE),
                ];
                let flags = [
                    (read, DescriptorFlags::READ),
                    (write, DescriptorFlags::WRITE),
                ];
                let (open, flags) = (union(open), union(flags));
                if let Place::Above(_) = self.place(&path) {
                    return Err(ErrorCode::IsDirectory);
                }
                let (folder, path) = if write || create || truncate {
                    self.enter_to_change(&path)?
                } else {
                    self.enter(&path)?
                };
                let opened = open_at(
                    &mut self.view(),
                    folder,
                    PathFlags::SYMLINK_FOLLOW,
                    path,
                    open,
                    flags,
                )
                .await;
                let descriptor = self.code(opened)?;
                let fd = self.next_fd;
                self.next_fd += 1;
                self.open.insert(fd, descriptor);
                done(json!(fd))
            }
            Request::Close { fd } => {
                let descriptor = self.open.remove(&fd).ok_or(ErrorCode::BadDescriptor)?;
                let _ = self.table.delete(descriptor);
                done(Value::Null)
            }
            Request::Read { fd, offset, length } => {
                let length = length.min(BYTES_AT_MOST as u64) as usize;
                let opened = self.descriptor(fd)?;
                if let Ok(Descriptor::Dir(_)) = self.table.get(&opened) {
                    return Err(ErrorCode::IsDirectory);
                }
                let mut read = Vec::new();
                while read.len() < length {
                    let fd = self.descriptor(fd)?;
                    let (offset, left) = (offset + read.len() as u64, length - read.len());
                    let part = self.view().read(fd, left as u64, offset).await;
                    let (part, is_end) = self.code(part)?;
                    read.extend_from_slice(&part);
                    if is_end || part.is_empty() {
                        break;
                    }
                }
                Ok((Value::Null, read))
            }
            Request::Write { fd, offset } => {
                let mut offset = match offset {
                    Some(offset) => offset,
                    None => {
                        let fd = self.descriptor(fd)?;
                        let stat = self.view().stat(fd).await;
                        self.code(stat)?.size
                    }
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
                done(json!(length))
            }
            Request::Stat { which } => {
                let stat = match which {
                    Which::Fd { fd } => {
                        let fd = self.descriptor(fd)?;
                        let stat = self.view().stat(fd).await;
                        self.code(stat)?
                    }
                    Which::Path { path, follow } => {
                        if let Place::Above(_) = self.place(&path) {
                            return done(json!({ "kind": "folder", "size": 0, "links": 1 }));
                        }
                        let (folder, path) = self.enter(&path)?;
                        let stat = self.view().stat_at(folder, path_flags(follow), path).await;
                        self.code(stat)?
                    }
                };
                done(described(&stat))
            }
            Request::List { path } => {
                let (folder, path) = match self.place(&path) {
                    Place::Above(names) => {
                        let entries = names
                            .iter()
                            .map(|name| json!({ "name": name, "kind": "folder" }));
                        return done(entries.collect());
                    }
                    _ => self.enter(&path)?,
                };
                let opened = open_at(
                    &mut self.view(),
                    folder,
                    PathFlags::SYMLINK_FOLLOW,
                    path,
                    OpenFlags::DIRECTORY,
                    DescriptorFlags::READ,
                )
                .await;
                let opened = self.code(opened)?;
                let listed = self.view().read_directory(borrow(&opened)).await;
                let _ = self.table.delete(opened);
                let listed = self.code(listed)?;
                let mut entries = Vec::new();
                loop {
                    let stream = Resource::new_borrow(listed.rep());
                    let entry = self.view().read_directory_entry(stream).await;
                    let Some(entry) = self.code(entry)? else {
                        break;
                    };
                    entries.push(json!({ "name": entry.name, "kind": kind(entry.type_) }));
                }
                let _ = self.table.delete(listed);
                done(entries.into())
            }
            Request::MakeFolder { path } => {
                let (folder, path) = self.enter_to_change(&path)?;
                let made = self.view().create_directory_at(folder, path).await;
                self.nothing(made)
            }
            Request::RemoveFolder { path } => {
                let (folder, path) = self.enter_to_change(&path)?;
                let removed = self.view().remove_directory_at(folder, path).await;
                self.nothing(removed)
            }
            Request::RemoveFile { path } => {
                let (folder, path) = self.enter_to_change(&path)?;
                let removed = self.view().unlink_file_at(folder, path).await;
                self.nothing(removed)
            }
            Request::Rename { from, to } => {
                let (from_folder, from) = self.enter_to_change(&from)?;
                let (to_folder, to) = self.enter_to_change(&to)?;
                let view = &mut self.view();
                let renamed = view.rename_at(from_folder, from, to_folder, to).await;
                self.nothing(renamed)
            }
            Request::Link { from, to } => {
                let (from_folder, from) = self.enter_to_change(&from)?;
                let (to_folder, to) = self.enter_to_change(&to)?;
                let view = &mut self.view();
                let flags = PathFlags::empty();
                let linked = view.link_at(from_folder, flags, from, to_folder, to).await;
                self.nothing(linked)
            }
            Request::MakeLink { path, target } => {
                let (folder, path) = self.enter_to_change(&path)?;
                let made = self.view().symlink_at(folder, target, path).await;
                self.nothing(made)
            }
            Request::ReadLink { path } => {
                let (folder, path) = self.enter(&path)?;
                let target = self.view().readlink_at(folder, path).await;
                done(json!(self.code(target)?))
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
            } => {
                let (accessed, modified) = (timestamp(accessed)?, timestamp(modified)?);
                let set = match which {
                    Which::Fd { fd } => {
                        let fd = self.descriptor(fd)?;
                        self.view().set_times(fd, accessed, modified).await
                    }
                    Which::Path { path, follow } => {
                        let (folder, path) = self.enter_to_change(&path)?;
                        let flags = path_flags(follow);
                        let view = &mut self.view();
                        view.set_times_at(folder, flags, path, accessed, modified)
                            .await
                    }
                };
                self.nothing(set)
            }
            Request::Sync { fd } => {
                let fd = self.descriptor(fd)?;
                let synced = self.view().sync(fd).await;
                self.nothing(synced)
            }
        }
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
        done(Value::Null)
    }

    /// The folder that a path leads into, and the way from there.
    fn enter(&self, path: &str) -> Result<(Resource<Descriptor>, String), ErrorCode> {
        match self.place(path) {
            Place::Inside { folder, way, .. } => Ok((folder, way)),
            Place::Above(_) => Err(ErrorCode::NotPermitted),
            Place::Nowhere => Err(ErrorCode::NoEntry),
        }
    }

    /// The same, for what changes something there. Whether it may, WASI's code looks at, too: here it has
    /// the name that its users know.
    fn enter_to_change(&self, path: &str) -> Result<(Resource<Descriptor>, String), ErrorCode> {
        match self.place(path) {
            Place::Inside {
                read_only: true, ..
            } => Err(ErrorCode::ReadOnly),
            _ => self.enter(path),
        }
    }

    fn place(&self, path: &str) -> Place {
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

fn done(json: Value) -> Answer {
    Ok((json, Vec::new()))
}

fn borrow(descriptor: &Resource<Descriptor>) -> Resource<Descriptor> {
    Resource::new_borrow(descriptor.rep())
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

fn kind(kind: DescriptorType) -> &'static str {
    match kind {
        DescriptorType::RegularFile => "file",
        DescriptorType::Directory => "folder",
        DescriptorType::SymbolicLink => "link",
        _ => "other",
    }
}

fn described(stat: &DescriptorStat) -> Value {
    json!({
        "kind": kind(stat.type_),
        "size": stat.size,
        "links": stat.link_count,
        "accessed": stat.data_access_timestamp.map(milliseconds),
        "modified": stat.data_modification_timestamp.map(milliseconds),
        "changed": stat.status_change_timestamp.map(milliseconds),
    })
}

fn milliseconds(time: Datetime) -> f64 {
    time.seconds as f64 * 1000.0 + f64::from(time.nanoseconds) / 1_000_000.0
}

fn timestamp(milliseconds: f64) -> Result<NewTimestamp, ErrorCode> {
    if !(0.0..1e15).contains(&milliseconds) {
        return Err(ErrorCode::Invalid);
    }
    let seconds = (milliseconds / 1000.0).floor();
    Ok(NewTimestamp::Timestamp(Datetime {
        seconds: seconds as u64,
        nanoseconds: ((milliseconds - seconds * 1000.0) * 1_000_000.0) as u32,
    }))
}

/// The code as POSIX calls it.
fn posix(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::Access => "EACCES",
        ErrorCode::WouldBlock => "EAGAIN",
        ErrorCode::Already => "EALREADY",
        ErrorCode::BadDescriptor => "EBADF",
        ErrorCode::Busy => "EBUSY",
        ErrorCode::Deadlock => "EDEADLK",
        TOO_MANY_OPEN => "EMFILE",
        ErrorCode::Exist => "EEXIST",
        ErrorCode::FileTooLarge => "EFBIG",
        ErrorCode::IllegalByteSequence => "EILSEQ",
        ErrorCode::InProgress => "EINPROGRESS",
        ErrorCode::Interrupted => "EINTR",
        ErrorCode::Invalid => "EINVAL",
        ErrorCode::Io => "EIO",
        ErrorCode::IsDirectory => "EISDIR",
        ErrorCode::Loop => "ELOOP",
        ErrorCode::TooManyLinks => "EMLINK",
        ErrorCode::MessageSize => "EMSGSIZE",
        ErrorCode::NameTooLong => "ENAMETOOLONG",
        ErrorCode::NoDevice => "ENODEV",
        ErrorCode::NoEntry => "ENOENT",
        ErrorCode::NoLock => "ENOLCK",
        ErrorCode::InsufficientMemory => "ENOMEM",
        ErrorCode::InsufficientSpace => "ENOSPC",
        ErrorCode::NotDirectory => "ENOTDIR",
        ErrorCode::NotEmpty => "ENOTEMPTY",
        ErrorCode::NotRecoverable => "ENOTRECOVERABLE",
        ErrorCode::Unsupported => "ENOTSUP",
        ErrorCode::NoTty => "ENOTTY",
        ErrorCode::NoSuchDevice => "ENXIO",
        ErrorCode::Overflow => "EOVERFLOW",
        ErrorCode::NotPermitted => "EPERM",
        ErrorCode::Pipe => "EPIPE",
        ErrorCode::ReadOnly => "EROFS",
        ErrorCode::InvalidSeek => "ESPIPE",
        ErrorCode::TextFileBusy => "ETXTBSY",
        ErrorCode::CrossDevice => "EXDEV",
    }
}
