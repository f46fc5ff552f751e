//! What the host needs besides runtimes: SQLite, digests, what lies at a path, and files that somebody else may have
//! put there. Its own ways to them cost milliseconds of each start, or lack the checks.

use super::border::{
    CAPSULE_FAILED, CAPSULE_INVALID_ARGUMENT, CAPSULE_NOT_FOUND, CapsuleBuffer, Fault, bytes,
    guarded, text, write,
};
use super::handles::Handles;
use crate::database::Database;
use crate::files::host::host_file::{self, Reason, Refused};
use crate::files::host::project;
use sha2::{Digest, Sha256};
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

static DATABASES: Handles<Database> = Handles::new();

/// Begins to open a SQLite database, on a thread of its own, and writes its number. It is made if it is missing. The
/// path is absolute and leads through no link. `capsule_database_take` returns the error if opening fails.
///
/// # Safety
/// `path` points to `path_len` bytes; `database` and `error` are null or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn capsule_database_open(
    path: *const u8,
    path_len: usize,
    database: *mut u64,
    error: *mut CapsuleBuffer,
) -> u32 {
    guarded(error, || {
        // SAFETY: promised by the caller.
        let path = unsafe { text(path, path_len) }?;
        let opened = Database::open(path.to_owned()).map_err(|error| {
            Fault::new(CAPSULE_FAILED, format!("Cannot start a thread: {error}"))
        })?;
        // SAFETY: promised by the caller.
        unsafe { write(database, DATABASES.insert(opened)) }
    })
}

/// Begins to run a batch of statements, JSON: `[{"sql": string, "values": [[value, …], …]}, …]`. A statement runs once
/// for each list of values, which are numbers, strings or null. Without `values`, `sql` may be several statements,
/// whose rows are dropped. The first error rolls back an open transaction and ends the batch.
///
/// # Safety
/// `batch` points to `batch_len` bytes; `error` is null or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn capsule_database_submit(
    database: u64,
    batch: *const u8,
    batch_len: usize,
    error: *mut CapsuleBuffer,
) -> u32 {
    guarded(error, || {
        // SAFETY: promised by the caller.
        let batch = serde_json::from_str(unsafe { text(batch, batch_len) }?)
            .map_err(|error| Fault::new(CAPSULE_INVALID_ARGUMENT, error.to_string()))?;
        find(database)?.submit(batch);
        Ok(())
    })
}

/// Waits for the oldest batch, and writes its rows as JSON: for each statement an array of objects, one for each row,
/// by the names of the columns. An error of SQLite is JSON: `{"code": number or null, "message": string}`, with
/// SQLite's primary result code.
///
/// # Safety
/// `rows` and `error` are null or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn capsule_database_take(
    database: u64,
    rows: *mut CapsuleBuffer,
    error: *mut CapsuleBuffer,
) -> u32 {
    guarded(error, || {
        let none = || Fault::new(CAPSULE_INVALID_ARGUMENT, "no batch was submitted");
        let found = find(database)?.take().ok_or_else(none)??;
        // SAFETY: promised by the caller.
        unsafe { write(rows, CapsuleBuffer::from(found)) }
    })
}

/// Closes a database, after all that was submitted. Any number may be given.
#[unsafe(no_mangle)]
pub extern "C" fn capsule_database_close(database: u64) {
    // A fault while it is closed must not cross the border.
    let _ = catch_unwind(AssertUnwindSafe(|| drop(DATABASES.remove(database))));
}

fn find(database: u64) -> Result<Arc<Database>, Fault> {
    let none = || {
        Fault::new(
            CAPSULE_NOT_FOUND,
            format!("there is no database {database}"),
        )
    };
    DATABASES.get(database).ok_or_else(none)
}

/// Writes the SHA-256 of some bytes.
///
/// # Safety
/// `data` points to `len` bytes; `digest` is null or has room for 32 bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn capsule_sha256(data: *const u8, len: usize, digest: *mut u8) -> u32 {
    guarded(std::ptr::null_mut(), || {
        // SAFETY: promised by the caller.
        let sum = Sha256::digest(unsafe { bytes(data, len) }?);
        // SAFETY: promised by the caller.
        unsafe { write(digest.cast::<[u8; 32]>(), sum.into()) }
    })
}

/// What lies at a path, as numbers that JavaScript has.
#[repr(C)]
#[derive(Debug)]
pub struct CapsuleStat {
    /// 1 is a file, 2 a folder, 0 anything else.
    pub kind: f64,
    /// Bytes.
    pub size: f64,
    /// Of the inode.
    pub ino: f64,
    /// When the content changed: milliseconds since 1970.
    pub modified_ms: f64,
    /// When the inode changed.
    pub changed_ms: f64,
    /// The user whom it belongs to.
    pub owner: f64,
    /// Its group.
    pub group: f64,
    /// Who may do what with it, as in `chmod`.
    pub mode: f64,
}

/// Writes what lies at a path, links followed. `CAPSULE_NOT_FOUND` where nothing does, and `CAPSULE_FAILED` where the
/// system does not say.
///
/// # Safety
/// `path` points to `path_len` bytes; `stat` is null or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn capsule_stat(
    path: *const u8,
    path_len: usize,
    stat: *mut CapsuleStat,
) -> u32 {
    guarded(std::ptr::null_mut(), || {
        // SAFETY: promised by the caller.
        let path = unsafe { text(path, path_len) }?;
        let found = fs::metadata(path).map_err(|error| match error.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory => {
                Fault::new(CAPSULE_NOT_FOUND, "nothing lies at the path")
            }
            _ => Fault::new(CAPSULE_FAILED, error.to_string()),
        })?;
        let milliseconds = |seconds: i64, nanoseconds: i64| {
            (seconds * 1000 + nanoseconds.div_euclid(1_000_000)) as f64
        };
        let found = CapsuleStat {
            kind: match (found.is_file(), found.is_dir()) {
                (true, _) => 1.0,
                (_, true) => 2.0,
                _ => 0.0,
            },
            size: found.size() as f64,
            ino: found.ino() as f64,
            modified_ms: milliseconds(found.mtime(), found.mtime_nsec()),
            changed_ms: milliseconds(found.ctime(), found.ctime_nsec()),
            owner: f64::from(found.uid()),
            group: f64::from(found.gid()),
            mode: f64::from(found.mode() & 0o7777),
        };
        // SAFETY: promised by the caller.
        unsafe { write(stat, found) }
    })
}

/// Reads a regular file of at most `max_bytes`. It never blocks: devices and pipes are not opened. With a folder, the
/// file has to lie in it once all links are followed; without one, `folder_len` is 0. `CAPSULE_NOT_FOUND` where nothing
/// lies at the path. Any error is JSON: `{"reason": "missing" | "not_a_file" | "too_large" | "outside" | "unreadable",
/// "message": string}`.
///
/// # Safety
/// `path` points to `path_len` bytes and `folder` to `folder_len`; `content` and `error` are null or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn capsule_read_file(
    path: *const u8,
    path_len: usize,
    folder: *const u8,
    folder_len: usize,
    max_bytes: u64,
    content: *mut CapsuleBuffer,
    error: *mut CapsuleBuffer,
) -> u32 {
    guarded(error, || {
        // SAFETY: promised by the caller.
        let (path, folder) = unsafe { (text(path, path_len)?, text(folder, folder_len)?) };
        let folder = (!folder.is_empty()).then(|| Path::new(folder));
        let read = host_file::read(Path::new(path), folder, max_bytes)?;
        // SAFETY: promised by the caller.
        unsafe { write(content, CapsuleBuffer::from(read)) }
    })
}

/// Reads `len` bytes of a regular file, from `start` on, with the errors of `capsule_read_file`. A file that ends
/// before is `unreadable`.
///
/// # Safety
/// `path` points to `path_len` bytes; `content` and `error` are null or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn capsule_read_file_part(
    path: *const u8,
    path_len: usize,
    start: u64,
    len: u64,
    content: *mut CapsuleBuffer,
    error: *mut CapsuleBuffer,
) -> u32 {
    guarded(error, || {
        // SAFETY: promised by the caller.
        let path = unsafe { text(path, path_len) }?;
        let read = host_file::read_part(Path::new(path), start, len)?;
        // SAFETY: promised by the caller.
        unsafe { write(content, CapsuleBuffer::from(read)) }
    })
}

impl From<Refused> for Fault {
    fn from(refused: Refused) -> Self {
        let status = match refused.reason {
            Reason::Missing => CAPSULE_NOT_FOUND,
            _ => CAPSULE_FAILED,
        };
        let json = serde_json::to_string(&refused).expect("text can be written");
        Self::new(status, json)
    }
}

/// Changes something in the `.capsule` of a project, which is made if it is missing. `root` is the project's absolute
/// path, which leads through no link. `change` is JSON, with names relative to `.capsule`:
///
/// - `{"do": "make", "name": string}` makes a folder, if it is missing; `.capsule` itself if the name is empty.
/// - `{"do": "write", "name": string}` writes `content` to a file, and replaces it as a whole.
/// - `{"do": "rename", "name": string, "to": string}` gives a file or folder another name.
/// - `{"do": "remove", "name": string}` removes a file, if it is there.
///
/// `CAPSULE_NOT_FOUND` where `.capsule`, or a folder in it, is a link or a file.
///
/// # Safety
/// `root` points to `root_len` bytes, `change` to `change_len` and `content` to `content_len`; `error` is null or
/// writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn capsule_change_project(
    root: *const u8,
    root_len: usize,
    change: *const u8,
    change_len: usize,
    content: *const u8,
    content_len: usize,
    error: *mut CapsuleBuffer,
) -> u32 {
    guarded(error, || {
        // SAFETY: promised by the caller.
        let (root, change) = unsafe { (text(root, root_len)?, text(change, change_len)?) };
        let change = serde_json::from_str(change)
            .map_err(|error| Fault::new(CAPSULE_INVALID_ARGUMENT, error.to_string()))?;
        // SAFETY: promised by the caller.
        let content = unsafe { bytes(content, content_len) }?;
        project::change(Path::new(root), &change, content).map_err(|error| {
            let status = match error.raw_os_error() {
                Some(libc::ELOOP | libc::ENOTDIR) => CAPSULE_NOT_FOUND,
                _ => CAPSULE_FAILED,
            };
            Fault::new(status, error.to_string())
        })
    })
}
