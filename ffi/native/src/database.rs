//! SQLite for the host's own files: the trace of a project. No guest reaches it.
//!
//! Deno and Node have it, too, but load it for three milliseconds at each start of a command. Here, each database has a
//! thread of its own: what the host asks for is done while it does something else.

use crate::files::host::host_file;
use rusqlite::config::DbConfig;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, OpenFlags, Row, ToSql, ffi, params_from_iter};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::ffi::{CStr, OsStr, c_char, c_int};
use std::os::fd::IntoRawFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, Once, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::{io, mem, ptr};

/// A database, open or about to be.
pub struct Database {
    /// None once it is closed.
    batches: Option<Sender<Vec<Statement>>>,
    results: Mutex<Receiver<Result<Vec<u8>, DatabaseError>>>,
    /// Batches whose results were not taken.
    pending: AtomicUsize,
    thread: Option<JoinHandle<()>>,
}

/// A statement, and values for its question marks: it runs once for each list of them. Without any, several
/// statements that give no rows.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    sql: String,
    values: Option<Vec<Vec<Bound>>>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Bound {
    Integer(i64),
    Real(f64),
    Text(String),
    Null,
}

/// Why SQLite refused.
#[derive(Clone, Debug, Serialize)]
pub struct DatabaseError {
    /// SQLite's primary result code; absent where the mistake is the caller's.
    code: Option<i32>,
    message: String,
}

impl Database {
    /// Begins to open the database at a path that leads through no link; it is made if it is missing. What fails, the
    /// first batch tells.
    pub fn open(path: String) -> io::Result<Self> {
        let (batches, asked) = channel::<Vec<Statement>>();
        let (answers, results) = channel();
        let thread = Builder::new()
            .name("capsule-database".into())
            .spawn(move || {
                let connection = connect(&path);
                for batch in asked {
                    let result = match &connection {
                        Ok(connection) => execute(connection, &batch),
                        Err(error) => Err(error.clone()),
                    };
                    if answers.send(result).is_err() {
                        break;
                    }
                }
            })?;
        Ok(Self {
            batches: Some(batches),
            results: Mutex::new(results),
            pending: AtomicUsize::new(0),
            thread: Some(thread),
        })
    }

    /// Begins to run statements, one after the other. The first that fails ends its transaction, and the batch.
    pub fn submit(&self, batch: Vec<Statement>) {
        self.pending.fetch_add(1, Ordering::Relaxed);
        if let Some(batches) = &self.batches {
            // If the thread has ended, `take` reports that.
            let _ = batches.send(batch);
        }
    }

    /// Waits for the rows of the oldest batch: for each statement a JSON array of objects. None if there is no batch.
    pub fn take(&self) -> Option<Result<Vec<u8>, DatabaseError>> {
        let results = self.results.lock().unwrap_or_else(PoisonError::into_inner);
        let less = |pending: usize| pending.checked_sub(1);
        self.pending
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, less)
            .ok()?;
        let ended = |_| DatabaseError {
            code: None,
            message: "the thread of the database has ended".into(),
        };
        Some(results.recv().map_err(ended).and_then(|result| result))
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        self.batches = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn connect(path: &str) -> Result<Connection, DatabaseError> {
    open_without_links();
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NOFOLLOW
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    // The file may have come with somebody's repository: its schema is trusted with nothing.
    for (option, value) in [
        (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
        (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false),
    ] {
        connection.set_db_config(option, value)?;
    }
    // Folders for files of a moment may be behind a link.
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    Ok(connection)
}

/// From now on, SQLite opens and removes nothing behind a link: it looks for links only before it opens a file, and not
/// at all when it makes a journal.
fn open_without_links() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: the default file system of SQLite lives for ever. Its system calls are exchanged before the first
        // database is opened, for functions of the types that are documented for these names.
        unsafe {
            let vfs = ffi::sqlite3_vfs_find(ptr::null());
            let set = (*vfs).xSetSystemCall.expect("SQLite for Unix has it");
            let calls = [
                (c"open", mem::transmute::<Open, SystemCall>(open)),
                (c"unlink", mem::transmute::<Unlink, SystemCall>(unlink)),
            ];
            for (name, call) in calls {
                let status = set(vfs, name.as_ptr(), Some(call));
                assert_eq!(status, ffi::SQLITE_OK, "SQLite knows the call");
            }
        }
    });
}

type SystemCall = unsafe extern "C" fn();
type Open = unsafe extern "C" fn(*const c_char, c_int, c_int) -> c_int;
type Unlink = unsafe extern "C" fn(*const c_char) -> c_int;

/// # Safety
/// The path ends with NUL.
unsafe extern "C" fn open(path: *const c_char, flags: c_int, mode: c_int) -> c_int {
    // SAFETY: promised by the caller.
    let path = unsafe { path_of(path) };
    // No right of a file is negative.
    match host_file::open_without_links_with_mode(path, flags, mode.cast_unsigned()) {
        Ok(file) => file.into_raw_fd(),
        Err(error) => failed(&error),
    }
}

/// # Safety
/// The path ends with NUL.
unsafe extern "C" fn unlink(path: *const c_char) -> c_int {
    // SAFETY: promised by the caller.
    let path = unsafe { path_of(path) };
    match host_file::remove_without_links(path) {
        Ok(()) => 0,
        Err(error) => failed(&error),
    }
}

/// # Safety
/// The path ends with NUL.
unsafe fn path_of<'a>(path: *const c_char) -> &'a Path {
    // SAFETY: promised by the caller.
    let path = unsafe { CStr::from_ptr(path) };
    Path::new(OsStr::from_bytes(path.to_bytes()))
}

/// Says why, as system calls do.
fn failed(error: &io::Error) -> c_int {
    let code = error.raw_os_error().unwrap_or(libc::EINVAL);
    // SAFETY: it is this thread's own.
    unsafe {
        #[cfg(target_os = "linux")]
        let errno = libc::__errno_location();
        #[cfg(not(target_os = "linux"))]
        let errno = libc::__error();
        *errno = code;
    }
    -1
}

fn execute(connection: &Connection, batch: &[Statement]) -> Result<Vec<u8>, DatabaseError> {
    let found: Result<Vec<_>, _> = batch
        .iter()
        .map(|statement| rows(connection, statement))
        .collect();
    if found.is_err() && !connection.is_autocommit() {
        connection.execute_batch("ROLLBACK")?;
    }
    Ok(serde_json::to_vec(&found?).expect("JSON values can be written"))
}

fn rows(
    connection: &Connection,
    Statement { sql, values }: &Statement,
) -> Result<Vec<Map<String, Value>>, DatabaseError> {
    let mut found = Vec::new();
    let Some(values) = values else {
        connection.execute_batch(sql)?;
        return Ok(found);
    };
    let mut prepared = connection.prepare_cached(sql)?;
    let names: Vec<String> = prepared.column_names().map(str::to_string).collect();
    for list in values {
        let mut rows = prepared.query(params_from_iter(list))?;
        while let Some(row) = rows.next()? {
            found.push(object(row, &names)?);
        }
    }
    Ok(found)
}

fn object(row: &Row, names: &[String]) -> Result<Map<String, Value>, DatabaseError> {
    let mut object = Map::new();
    for (index, name) in names.iter().enumerate() {
        let value = match row.get_ref(index)? {
            ValueRef::Null => Value::Null,
            ValueRef::Integer(integer) => integer.into(),
            // JSON has no infinity: null.
            ValueRef::Real(real) => real.into(),
            ValueRef::Text(text) | ValueRef::Blob(text) => String::from_utf8_lossy(text).into(),
        };
        object.insert(name.clone(), value);
    }
    Ok(object)
}

impl ToSql for Bound {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Integer(integer) => ValueRef::Integer(*integer),
            Self::Real(real) => ValueRef::Real(*real),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Null => ValueRef::Null,
        }))
    }
}

impl From<rusqlite::Error> for DatabaseError {
    fn from(error: rusqlite::Error) -> Self {
        // Its text would be all of the statement.
        let (refused, message) = match &error {
            rusqlite::Error::SqlInputError { error, msg, .. } => (Some(error), msg.clone()),
            other => (other.sqlite_error(), other.to_string()),
        };
        Self {
            code: refused.map(|refused| refused.extended_code & 0xff),
            message,
        }
    }
}
