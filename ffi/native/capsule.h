/* Generated from src/abi.rs by `UPDATE=1 cargo test` in ffi/header: do not edit. */

#ifndef CAPSULE_H
#define CAPSULE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/*
 Changes whenever a symbol, a request or an event does.
 */
#define CAPSULE_ABI_VERSION 3

/*
 The call did what it says.
 */
#define CAPSULE_OK 0

/*
 A pointer is null, text is not UTF-8, or a request is malformed.
 */
#define CAPSULE_INVALID_ARGUMENT 1

/*
 There is no such runtime, program or run, or it is gone.
 */
#define CAPSULE_NOT_FOUND 2

/*
 The runtime was freed: no event will come any more.
 */
#define CAPSULE_CLOSED 3

/*
 The machine does not let the library work: see the error's text.
 */
#define CAPSULE_FAILED 4

/*
 A fault of this library.
 */
#define CAPSULE_INTERNAL 5

/*
 Bytes that belong to the caller until `capsule_buffer_free`.
 */
struct CapsuleBuffer {
  /*
   The first byte.
   */
  uint8_t *data;
  /*
   How many there are.
   */
  size_t len;
};

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/*
 The version of this ABI. To be called first: a caller of another version must not go on.
 */
uint32_t capsule_abi_version(void);

/*
 Starts a runtime. `config` is JSON: `{"cache_folder": …, "engines": {"javascript": {"path": …,
 "digest": …}, "python": …}}`.

 # Safety
 `config` points to `config_len` bytes; `runtime` and `error` are null or writable.
 */
uint32_t capsule_runtime_new(const uint8_t *config,
                             size_t config_len,
                             uint64_t *runtime,
                             struct CapsuleBuffer *error);

/*
 Frees a runtime: ends its runs, wakes who waits for its events, and writes what it keeps for the next
 process. Any number may be given.
 */
void capsule_runtime_free(uint64_t runtime);

/*
 Begins to load a program and writes its id. The event `program_loaded` or `program_failed` follows.
 `request` is JSON: `{"language": …, "files": [{"path": …, "bytes": n}, …], "source_map_bytes": n,
 "key": …}`, or a component, `{"language": …, "component": {"path": …, "digest": …}, "source_map_bytes":
 n}`; `payload` holds the files' contents in that order, then the source map. With a `key`, a
 digest of the program in hexadecimal, its image is kept for the next process.

 # Safety
 `request` points to `request_len` bytes and `payload` to `payload_len`; `program` and `error` are
 null or writable.
 */
uint32_t capsule_runtime_load(uint64_t runtime,
                              const uint8_t *request,
                              size_t request_len,
                              const uint8_t *payload,
                              size_t payload_len,
                              uint64_t *program,
                              struct CapsuleBuffer *error);

/*
 Writes a program as a component of its own: its engine with the program in its memory, without what
 its tasks are and what it is called.

 # Safety
 `component` and `error` are null or writable.
 */
uint32_t capsule_runtime_component(uint64_t runtime,
                                   uint64_t program,
                                   struct CapsuleBuffer *component,
                                   struct CapsuleBuffer *error);

/*
 Fixes what the tasks of a program may do, for all runs that name this grant, and writes its id.
 `request` is JSON: `{"program": id, "policies": {name: {"fuel": …, "memory_bytes": …, "timeout_ms": …,
 "max_retries": …, "env": {name: value}}}, "limits": {…}}`. It goes with its program.

 # Safety
 `request` points to `request_len` bytes; `grant` and `error` are null or writable.
 */
uint32_t capsule_runtime_grant(uint64_t runtime,
                               const uint8_t *request,
                               size_t request_len,
                               uint64_t *grant,
                               struct CapsuleBuffer *error);

/*
 Forgets a program and its grants. Runs of it that are under way go on.
 */
uint32_t capsule_runtime_unload(uint64_t runtime, uint64_t program);

/*
 Begins a run and writes its id. The event `run_finished` brings its envelope. `request` is JSON:
 `{"grant": id, "task": name, "input": {"args": […]}, "observe": bool}`.

 # Safety
 `request` points to `request_len` bytes; `run` and `error` are null or writable.
 */
uint32_t capsule_runtime_submit(uint64_t runtime,
                                const uint8_t *request,
                                size_t request_len,
                                uint64_t *run,
                                struct CapsuleBuffer *error);

/*
 Ends a run, or the loading of a program. Its last event comes all the same, and says `cancelled`.
 */
uint32_t capsule_runtime_cancel(uint64_t runtime, uint64_t id);

/*
 Blocks until something happened, and writes all events there are. `CAPSULE_CLOSED` when the runtime
 was freed. Each event is two lengths, 32 bits each in little-endian order, then as many bytes of a
 JSON header and of a payload.

 # Safety
 `events` is null or writable.
 */
uint32_t capsule_runtime_next_event(uint64_t runtime, struct CapsuleBuffer *events);

/*
 Frees a buffer of this library. Null is allowed.

 # Safety
 `data` and `len` are those of a buffer that was not freed yet.
 */
void capsule_buffer_free(uint8_t *data, size_t len);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* CAPSULE_H */
