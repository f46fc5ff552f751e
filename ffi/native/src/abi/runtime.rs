//! Runtimes: programs, grants, runs and events.

use super::border::{
    CAPSULE_CLOSED, CAPSULE_INVALID_ARGUMENT, CAPSULE_NOT_FOUND, CapsuleBuffer, Fault, bytes,
    guarded, text, write,
};
use super::handles::Handles;
use crate::machine::ram;
use crate::runtime::Runtime;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;

static RUNTIMES: Handles<Runtime> = Handles::new();

/// Starts a runtime. `config` is JSON: `{"cache_folder": …, "engines": {"javascript": {"path": …,
/// "digest": …}, "python": …}, "wanted": the language of the engine that is opened at once}`.
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
        let id = RUNTIMES.insert(Runtime::new(config)?);
        // SAFETY: promised by the caller.
        unsafe { write(runtime, id) }
    })
}

/// Frees a runtime: ends its runs, wakes who waits for its events, and writes what it keeps for the next
/// process. Any number may be given.
#[unsafe(no_mangle)]
pub extern "C" fn capsule_runtime_free(runtime: u64) {
    let removed = RUNTIMES.remove(runtime);
    // A fault while a runtime is dropped must not cross the border.
    let _ = catch_unwind(AssertUnwindSafe(|| {
        if let Some(runtime) = removed {
            runtime.close();
            // To unmap engines takes 0.4 ms, for which nobody has to wait. Where there is no thread, it is done here.
            let _ = thread::Builder::new()
                .name("capsule-free".into())
                .spawn(move || drop(runtime));
        }
    }));
}

/// Limits the memory, in bytes, that all runs of this process together may use, from now on: those of every runtime.
/// Without this, it is half of what the machine or the process's control group has.
#[unsafe(no_mangle)]
pub extern "C" fn capsule_limit_ram(bytes: u64) -> u32 {
    guarded(std::ptr::null_mut(), || {
        if bytes == 0 {
            return Err(Fault::new(CAPSULE_INVALID_ARGUMENT, "a limit of no bytes"));
        }
        ram::limit_process(usize::try_from(bytes).unwrap_or(usize::MAX));
        Ok(())
    })
}

/// Begins to load a program and writes its id. The event `program_loaded` or `program_failed` follows.
/// `request` is JSON: `{"language": …, "files": [{"path": …, "bytes": n}, …], "source_map_bytes": n,
/// "key": …}`, or a component, `{"language": …, "component": {"path": …, "digest": …, "engine_bytes": n,
/// "is_checked": bool}, "source_map_bytes": n}`; `payload` holds the files' contents in that order, then the source map. With a `key`, a
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
/// `{"grant": id, "task": name, "input": {"args": […]}, "observe": bool}`. Where `input` has
/// `{"$bytes": [offset, length]}`, that many bytes of `payload` are meant: the placeholders take them in their order,
/// and leave none. Where the envelope has bytes, they follow it, and the event's `json_bytes` is the envelope's length.
///
/// # Safety
/// `request` points to `request_len` bytes and `payload` to `payload_len`; `run` and `error` are null or
/// writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn capsule_runtime_submit(
    runtime: u64,
    request: *const u8,
    request_len: usize,
    payload: *const u8,
    payload_len: usize,
    run: *mut u64,
    error: *mut CapsuleBuffer,
) -> u32 {
    guarded(error, || {
        let runtime = find(runtime)?;
        // SAFETY: promised by the caller.
        let (request, payload) =
            unsafe { (text(request, request_len)?, bytes(payload, payload_len)?) };
        let id = runtime.submit(request, payload)?;
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

fn find(runtime: u64) -> Result<Arc<Runtime>, Fault> {
    RUNTIMES
        .get(runtime)
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
