//! The C ABI. `capsule.h` is generated from this file.
//!
//! Conventions: a status of 0 is success. Outputs come last and are written only on success, except
//! `error`, which is written only on failure. Text is UTF-8, given by pointer and length. A buffer that
//! leaves this library is freed with `capsule_buffer_free`. A runtime is a number: a closed or made-up
//! one is an error, never undefined behaviour. Every function may be called from any thread.

use crate::runtime::{Refusal, Runtime, panic_message};
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

/// Changes whenever a symbol, a request or an event does.
pub const CAPSULE_ABI_VERSION: u32 = 3;

/// The call did what it says.
pub const CAPSULE_OK: u32 = 0;
/// A pointer is null, text is not UTF-8, or a request is malformed.
pub const CAPSULE_INVALID_ARGUMENT: u32 = 1;
/// There is no such runtime, program or run, or it is gone.
pub const CAPSULE_NOT_FOUND: u32 = 2;
/// The runtime was freed: no event will come any more.
pub const CAPSULE_CLOSED: u32 = 3;
/// The machine does not let the library work: see the error's text.
pub const CAPSULE_FAILED: u32 = 4;
/// A fault of this library.
pub const CAPSULE_INTERNAL: u32 = 5;

/// Bytes that belong to the caller until `capsule_buffer_free`.
#[repr(C)]
#[derive(Debug)]
pub struct CapsuleBuffer {
    /// The first byte.
    pub data: *mut u8,
    /// How many there are.
    pub len: usize,
}

/// The version of this ABI. To be called first: a caller of another version must not go on.
#[unsafe(no_mangle)]
pub extern "C" fn capsule_abi_version() -> u32 {
    CAPSULE_ABI_VERSION
}

/// Starts a runtime. `config` is JSON: `{"cache_folder": …, "engines": {"javascript": {"path": …,
/// "digest": …}, "python": …}}`.
///
/// # Safety
/// `config` points to `config_len` bytes; `runtime` and `error` are null or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn capsule_runtime_new(
    config: *const u8,
    config_len: usize,
    runtime: *mut u64,
    error: *mut CapsuleBuffer,
) -> u32 {
    guarded(error, || {
        // SAFETY: promised by the caller.
        let config = unsafe { text(config, config_len) }?;
        let id = register(Runtime::new(config)?);
        // SAFETY: promised by the caller.
        unsafe { write(runtime, id) }
    })
}

/// Frees a runtime: ends its runs, wakes who waits for its events, and writes what it keeps for the next
/// process. Any number may be given.
#[unsafe(no_mangle)]
pub extern "C" fn capsule_runtime_free(runtime: u64) {
    let removed = runtimes_mut(|runtimes| runtimes.remove(&runtime));
    // A fault while a runtime is dropped must not cross the border.
    let _ = catch_unwind(AssertUnwindSafe(|| {
        if let Some(runtime) = removed {
            runtime.events().close();
            drop(runtime);
        }
    }));
}

/// Begins to load a program and writes its id. The event `program_loaded` or `program_failed` follows.
/// `request` is JSON: `{"language": …, "files": [{"path": …, "bytes": n}, …], "source_map_bytes": n,
/// "key": …}`, or a component, `{"language": …, "component": {"path": …, "digest": …}, "source_map_bytes":
/// n}`; `payload` holds the files' contents in that order, then the source map. With a `key`, a
/// digest of the program in hexadecimal, its image is kept for the next process.
///
/// # Safety
/// `request` points to `request_len` bytes and `payload` to `payload_len`; `program` and `error` are
/// null or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn capsule_runtime_load(
    runtime: u64,
    request: *const u8,
    request_len: usize,
    payload: *const u8,
    payload_len: usize,
    program: *mut u64,
    error: *mut CapsuleBuffer,
) -> u32 {
    guarded(error, || {
        let runtime = find(runtime)?;
        // SAFETY: promised by the caller.
        let (request, payload) =
            unsafe { (text(request, request_len)?, bytes(payload, payload_len)?) };
        let id = runtime.load(request, payload)?;
        // SAFETY: promised by the caller.
        unsafe { write(program, id) }
    })
}

/// Writes a program as a component of its own: its engine with the program in its memory, without what
/// its tasks are and what it is called.
///
/// # Safety
/// `component` and `error` are null or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn capsule_runtime_component(
    runtime: u64,
    program: u64,
    component: *mut CapsuleBuffer,
    error: *mut CapsuleBuffer,
) -> u32 {
    guarded(error, || {
        let bytes = find(runtime)?.component(program)?;
        // SAFETY: promised by the caller.
        unsafe { write(component, CapsuleBuffer::from(bytes)) }
    })
}

/// Fixes what the tasks of a program may do, for all runs that name this grant, and writes its id.
/// `request` is JSON: `{"program": id, "policies": {name: {"fuel": …, "memory_bytes": …, "timeout_ms": …,
/// "max_retries": …, "env": {name: value}}}, "limits": {…}}`. It goes with its program.
///
/// # Safety
/// `request` points to `request_len` bytes; `grant` and `error` are null or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn capsule_runtime_grant(
    runtime: u64,
    request: *const u8,
    request_len: usize,
    grant: *mut u64,
    error: *mut CapsuleBuffer,
) -> u32 {
    guarded(error, || {
        let runtime = find(runtime)?;
        // SAFETY: promised by the caller.
        let request = unsafe { text(request, request_len) }?;
        let id = runtime.grant(request)?;
        // SAFETY: promised by the caller.
        unsafe { write(grant, id) }
    })
}

/// Forgets a program and its grants. Runs of it that are under way go on.
#[unsafe(no_mangle)]
pub extern "C" fn capsule_runtime_unload(runtime: u64, program: u64) -> u32 {
    guarded(std::ptr::null_mut(), || {
        found(find(runtime)?.unload(program))
    })
}

/// Begins a run and writes its id. The event `run_finished` brings its envelope. `request` is JSON:
/// `{"grant": id, "task": name, "input": {"args": […]}, "observe": bool}`.
///
/// # Safety
/// `request` points to `request_len` bytes; `run` and `error` are null or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn capsule_runtime_submit(
    runtime: u64,
    request: *const u8,
    request_len: usize,
    run: *mut u64,
    error: *mut CapsuleBuffer,
) -> u32 {
    guarded(error, || {
        let runtime = find(runtime)?;
        // SAFETY: promised by the caller.
        let request = unsafe { text(request, request_len) }?;
        let id = runtime.submit(request)?;
        // SAFETY: promised by the caller.
        unsafe { write(run, id) }
    })
}

/// Ends a run, or the loading of a program. Its last event comes all the same, and says `cancelled`.
#[unsafe(no_mangle)]
pub extern "C" fn capsule_runtime_cancel(runtime: u64, id: u64) -> u32 {
    guarded(std::ptr::null_mut(), || found(find(runtime)?.cancel(id)))
}

/// Blocks until something happened, and writes all events there are. `CAPSULE_CLOSED` when the runtime
/// was freed. Each event is two lengths, 32 bits each in little-endian order, then as many bytes of a
/// JSON header and of a payload.
///
/// # Safety
/// `events` is null or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn capsule_runtime_next_event(
    runtime: u64,
    events: *mut CapsuleBuffer,
) -> u32 {
    guarded(std::ptr::null_mut(), || {
        // Only the queue is held while this waits, so that the runtime can be freed.
        let queue = Arc::clone(find(runtime)?.events());
        match queue.next_batch(None) {
            // SAFETY: promised by the caller.
            Some(batch) => unsafe { write(events, CapsuleBuffer::from(batch)) },
            None => Err(Fault::new(CAPSULE_CLOSED, "the runtime was freed")),
        }
    })
}

/// Frees a buffer of this library. Null is allowed.
///
/// # Safety
/// `data` and `len` are those of a buffer that was not freed yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn capsule_buffer_free(data: *mut u8, len: usize) {
    if !data.is_null() {
        // SAFETY: promised by the caller; `From` made it of a box.
        drop(unsafe { Box::from_raw(std::ptr::slice_from_raw_parts_mut(data, len)) });
    }
}

impl From<Vec<u8>> for CapsuleBuffer {
    fn from(bytes: Vec<u8>) -> Self {
        let bytes = Box::leak(bytes.into_boxed_slice());
        Self {
            data: bytes.as_mut_ptr(),
            len: bytes.len(),
        }
    }
}

struct Fault {
    status: u32,
    message: String,
}

impl Fault {
    fn new(status: u32, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
        }
    }
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        let status = match refusal {
            Refusal::Invalid(_) => CAPSULE_INVALID_ARGUMENT,
            Refusal::Failed(_) => CAPSULE_FAILED,
        };
        Self::new(status, refusal.to_string())
    }
}

/// Runs the body of an export. No panic leaves it, and what went wrong is written to `error`.
fn guarded(error: *mut CapsuleBuffer, body: impl FnOnce() -> Result<(), Fault>) -> u32 {
    let result = catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|panic| {
        let message = format!("the library failed: {}", panic_message(&*panic));
        Err(Fault::new(CAPSULE_INTERNAL, message))
    });
    match result {
        Ok(()) => CAPSULE_OK,
        Err(Fault { status, message }) => {
            if !error.is_null() {
                // SAFETY: not null, and the caller of the export promised that it is writable then.
                unsafe { error.write(CapsuleBuffer::from(message.into_bytes())) };
            }
            status
        }
    }
}

/// # Safety
/// `data` is null or points to `len` bytes that stay as they are.
unsafe fn bytes<'a>(data: *const u8, len: usize) -> Result<&'a [u8], Fault> {
    match (data.is_null(), len) {
        (_, 0) => Ok(&[]),
        (true, _) => Err(Fault::new(CAPSULE_INVALID_ARGUMENT, "a pointer is null")),
        // SAFETY: promised by the caller.
        (false, _) => Ok(unsafe { std::slice::from_raw_parts(data, len) }),
    }
}

/// # Safety
/// As `bytes`.
unsafe fn text<'a>(data: *const u8, len: usize) -> Result<&'a str, Fault> {
    // SAFETY: promised by the caller.
    std::str::from_utf8(unsafe { bytes(data, len) }?)
        .map_err(|_| Fault::new(CAPSULE_INVALID_ARGUMENT, "text is not UTF-8"))
}

/// # Safety
/// `output` is null or writable.
unsafe fn write<T>(output: *mut T, value: T) -> Result<(), Fault> {
    if output.is_null() {
        return Err(Fault::new(CAPSULE_INVALID_ARGUMENT, "a pointer is null"));
    }
    // SAFETY: promised by the caller.
    unsafe { output.write(value) };
    Ok(())
}

type Runtimes = HashMap<u64, Arc<Runtime>>;

static RUNTIMES: RwLock<Option<Runtimes>> = RwLock::new(None);

fn runtimes_mut<T>(change: impl FnOnce(&mut Runtimes) -> T) -> T {
    let mut runtimes = RUNTIMES.write().unwrap_or_else(PoisonError::into_inner);
    change(runtimes.get_or_insert_default())
}

fn register(runtime: Runtime) -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let id = NEXT.fetch_add(1, Ordering::Relaxed);
    runtimes_mut(|runtimes| runtimes.insert(id, Arc::new(runtime)));
    id
}

fn find(runtime: u64) -> Result<Arc<Runtime>, Fault> {
    let runtimes = RUNTIMES.read().unwrap_or_else(PoisonError::into_inner);
    runtimes
        .as_ref()
        .and_then(|runtimes| runtimes.get(&runtime).cloned())
        .ok_or_else(|| Fault::new(CAPSULE_NOT_FOUND, format!("there is no runtime {runtime}")))
}

fn found(found: bool) -> Result<(), Fault> {
    if found {
        return Ok(());
    }
    Err(Fault::new(
        CAPSULE_NOT_FOUND,
        "it does not exist, or has ended",
    ))
}
