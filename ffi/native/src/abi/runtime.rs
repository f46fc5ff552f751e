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

/// Starts a runtime and writes its number. `config` is JSON:
///
/// - `engines`, object: for each installed language, `"javascript"` or `"python"`, `{"path", "digest", "shape"}`: the
///   path of the engine's component, its SHA-256 in hexadecimal, and `shape` as `engines.json` beside it has it.
/// - `cache_folder`, string, optional: where machine code and images are kept for the next process. Absolute; only this
///   user or root may write to it and to the folders above. Made if it is missing. Without it, nothing is kept.
/// - `cache_problem`, string, optional: why there is no folder, for the event `cache_unavailable`.
/// - `wanted`, string, optional: the language whose engine is opened at once, before a program needs it.
/// - `certificates`, array of strings, optional: files of root certificates, PEM. The first that exists is used for
///   https.
///
/// Here and in all requests, an unknown member is an error.
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

/// Frees a runtime: ends its runs, wakes who waits for its events, and writes what it keeps for the next process. Any
/// number may be given.
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
/// The default is half of the memory of the machine or of the process's control group.
#[unsafe(no_mangle)]
pub extern "C" fn capsule_limit_ram(bytes: u64) -> u32 {
    guarded(std::ptr::null_mut(), || {
        if bytes == 0 {
            return Err(Fault::new(
                CAPSULE_INVALID_ARGUMENT,
                "the limit must be above 0",
            ));
        }
        ram::limit_process(usize::try_from(bytes).unwrap_or(usize::MAX));
        Ok(())
    })
}

/// Begins to load a program and writes its id. The event `program_loaded` or `program_failed` with that id follows.
/// `request` is JSON:
///
/// - `language`, string: `"javascript"` or `"python"`.
/// - `files`, array of `{"path": string, "bytes": number}`: the program, then the files that it may import. `path` is
///   what stack traces show, `bytes` the length of the content in `payload`.
/// - `component`, object, instead of `files`: `{"path", "digest", "engine_bytes", "is_checked"}`: a component's path;
///   the SHA-256, in hexadecimal, of all its bytes but the last 32; how many bytes lie before Capsule's own sections;
///   whether its content is known to have that digest, so that a stored image may be used without reading it.
/// - `source_map_bytes`, number, optional: the length of the source map in `payload`, by which stack traces are mapped.
/// - `key`, string, optional: a digest of the whole program, 16 to 64 hexadecimal digits. With it, the image is stored
///   for the next process.
/// - `packages`, array of folders, optional: what the program may read at all times. A folder is `{"host": string,
///   "guest": string, "read_only": bool}`: its absolute path without links, and the absolute path that the program
///   sees.
/// - `limits`, object, optional: of `capsule_runtime_grant`, for the top-level code.
/// - `fixed`, object, optional: of `capsule_runtime_submit`, for the top-level code. Its image is not stored then.
///
/// `payload` holds the contents of `files`, one after the other, then the source map, and nothing else.
///
/// # Safety
/// `request` points to `request_len` bytes and `payload` to `payload_len`; `program` and `error` are null or writable.
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

/// Waits until the image of a program is made, and writes the program as a component: its engine with the program in
/// its memory. The caller adds what the tasks are and what the program is called.
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

/// Fixes what the tasks of a program may do, for all runs that name this grant, and writes its id. The grant ends with
/// its program. `request` is JSON:
///
/// - `program`, number: the id of a program that was loaded.
/// - `policies`, object: for the name of each task that may run:
///   - `fuel`, number: how much it may compute, 1 to 2^63 - 1 units. One unit is about one WebAssembly instruction.
///   - `memory_bytes`, number or null, optional: its memory, with that of the engine. The default is 4 GiB.
///   - `timeout_ms`, number or null, optional: of each attempt, above 0. No limit if absent.
///   - `max_retries`, number: further attempts after a failure.
///   - `env`, object of strings, optional: its environment variables.
///   - `folders`, array, optional: the folders that it may use, as those of `packages` in `capsule_runtime_load`.
///   - `hosts`, array, optional: the hosts that it may send requests to. A host is `{"scheme": string or null, "host":
///     string or null, "subdomains": bool, "port": number or null}`. null allows any; `subdomains` is true for all
///     names that end in `host` and not `host` itself, false if absent. `host` is in lower case and ASCII.
///   - `withheld_hosts`, array, optional: hosts that the task declares and was not given. Only messages need them.
/// - `limits`, object, optional, over all tasks of a run. Each member is optional; its default comes last:
///   - `fuel`, number: units of all tasks together. No limit if absent.
///   - `timeout_ms`, number: from the start of the first task to the end of the last. No limit if absent.
///   - `ram_bytes`, number: memory of all tasks that are alive. 4 GiB.
///   - `tasks_alive`, number: tasks at the same time. 1,000.
///   - `tasks_total`, number: tasks in all, retries included. 100,000.
///   - `task_depth`, number: how deep tasks may call each other. 64.
///   - `json_bytes`, number: arguments of a task, and its result, with their bytes. 64 MiB.
///   - `output_bytes`, number: what a task writes to stdout and stderr. 64 MiB.
///   - `handles`, number: operations that a task has open. 10,000.
///   - `requests`, number: HTTP requests of a task. 1,000.
///   - `body_bytes`, number: one response's body. 64 MiB.
/// - `secrets`, array, optional, of `{"name", "placeholder", "value", "hosts", "headers"}`: tasks have `placeholder`,
///   in lower case and at least as long as `value`, in place of `value`, which is written into the `headers` (names in
///   lower case) of requests to `hosts`. `name` is the variable that messages name.
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

/// Begins a run and writes its id. The event `run_finished` with that id brings its envelope. `request` is JSON:
///
/// - `grant`, number: the id of a grant.
/// - `task`, string: the task's name.
/// - `input`, object: `{"args": array}`, for Python also `"kwargs": object`.
/// - `observe`, bool, optional: whether `task_started`, `task_retried` and `task_finished` are sent. false.
/// - `capture`, bool, optional: whether the envelope has what the tasks wrote, as `stdout` and `stderr`. false.
/// - `stdin`, string, optional: what the task reads from its standard input, each character a byte, up to U+00FF.
/// - `ceiling`, object, optional: `fuel`, `memory_bytes`, `timeout_ms` and `max_retries`, each optional: what each task
///   of the run may use at most, if its policy says more.
/// - `fixed`, object, optional: `seed`, number, optional: the tasks' random bytes come from it. `now_ms`, number,
///   optional: the time at which their clocks start, in milliseconds since 1970.
///
/// An object `{"$bytes": [offset, length]}` in `input` stands for that many bytes of `payload`. The placeholders take
/// the bytes in their order, from 0 on, and leave none; if all take none, `payload` is one byte, which is ignored. An
/// object whose only key would be `$bytes` otherwise, or `$bytes` after more `$`, is written with one more `$`. If
/// `payload` is empty, `input` is plain JSON. Results have bytes in the same way.
///
/// # Safety
/// `request` points to `request_len` bytes and `payload` to `payload_len`; `run` and `error` are null or writable.
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

/// Ends a run, or the loading of a program. Its last event comes all the same, with the error `cancelled`.
#[unsafe(no_mangle)]
pub extern "C" fn capsule_runtime_cancel(runtime: u64, id: u64) -> u32 {
    guarded(std::ptr::null_mut(), || found(find(runtime)?.cancel(id)))
}

/// Blocks until there are events, and writes all there are. `CAPSULE_CLOSED` when the runtime was freed. An event is
/// the length of its header and of its payload, 32 bits each in little-endian order, then the header, JSON, and the
/// payload. The header's member `event` says which it is; `program` and `run` are ids, `task` numbers the tasks of a
/// run.
///
/// - `engine_compiling`: `language`. An engine is compiled for this machine, which takes seconds, once.
/// - `engine_compiled`: `language`, `duration_ms`.
/// - `cache_unavailable`: `reason`. What was compiled cannot be kept for the next process.
/// - `program_loaded`: `program`. Payload: the declared tasks, JSON: `{"tasks": [{"name": string, "options": object},
///   …]}`, with `"implicit_main": "script"` where the program is a script that `main` runs; empty for a component.
/// - `program_failed`: `program`. Payload: the error, JSON, as in an envelope.
/// - `output`: `run`, `task`, `descriptor` (1 is stdout, 2 is stderr). Payload: bytes that the task wrote. While a
///   program is loaded, `run` is its id and `task` is 0.
/// - `task_started`: `run`, `task`, `parent` (the task that called it, or null), `name`.
/// - `task_retried`: `run`, `task`, `attempt` (1 for the first retry), and of the attempt that failed `attempt_ms`,
///   `fuel_consumed`, `ram_used` (bytes), `error_type`, `message`.
/// - `task_finished`: `run`, `task`, `name`, `duration_ms`, `retries`, `fuel_consumed`, `ram_used`, `error_type` and
///   `message` (both null after a success).
/// - `run_finished`: `run`, `json_bytes`. Payload: the envelope, JSON; then the bytes of its result, if `json_bytes`,
///   the length of the JSON, is there.
///
/// An envelope is `{"success": bool, "result": any, "error": error or null, "execution": {…}}`, with `stdout` and
/// `stderr` where `capture` asked for them. An error is `{"error_type", "message"}` and, where there is one, `"stack"`.
/// `error_type` is one of `task_error`, `timeout`, `fuel_exhausted`, `memory_limit`, `stack_overflow`, `output_limit`,
/// `resource_limit`, `task_limit`, `task_not_found`, `invalid_result`, `invalid_module`, `cancelled` and
/// `internal_error`. `execution` has `task_name`, `sandboxed` (true), `duration_ms`, `retries`, `fuel_consumed`,
/// `ram_used` (bytes) and `host_requests`, an array of `{"method", "url", "status" (null without a response),
/// "duration_ms"}`.
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
