/* Generated from src/abi by `UPDATE=1 cargo test` in ffi/header: do not edit. */

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
#define CAPSULE_ABI_VERSION 6

/*
 The call did what it says.
 */
#define CAPSULE_OK 0

/*
 A pointer is null, text is not UTF-8, or a request is malformed.
 */
#define CAPSULE_INVALID_ARGUMENT 1

/*
 There is no such runtime, program, run or database, or it is gone.
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

/*
 What lies at a path, as numbers that JavaScript has.
 */
struct CapsuleStat {
  /*
   1 is a file, 2 a folder, 0 anything else.
   */
  double kind;
  /*
   Bytes.
   */
  double size;
  /*
   Of the inode.
   */
  double ino;
  /*
   When the content changed: milliseconds since 1970.
   */
  double modified_ms;
  /*
   When the inode changed.
   */
  double changed_ms;
  /*
   The user whom it belongs to.
   */
  double owner;
  /*
   Its group.
   */
  double group;
  /*
   Who may do what with it, as in `chmod`.
   */
  double mode;
};

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/*
 The version of this ABI. To be called first: a caller of another version must not go on.
 */
uint32_t capsule_abi_version(void);

/*
 Frees a buffer of this library. Null is allowed.

 # Safety
 `data` and `len` are those of a buffer that was not freed yet.
 */
void capsule_buffer_free(uint8_t *data, size_t len);

/*
 Begins to open a SQLite database, on a thread of its own, and writes its number. It is made if it is missing;
 the path leads through no link. What fails, `capsule_database_take` tells.

 # Safety
 `path` points to `path_len` bytes; `database` and `error` are null or writable.
 */
uint32_t capsule_database_open(const uint8_t *path,
                               size_t path_len,
                               uint64_t *database,
                               struct CapsuleBuffer *error);

/*
 Begins to run a batch of statements, JSON: `[{"sql": …, "values": [[…], …]}, …]`. A statement runs once for
 each list of values; without any, `sql` may be several statements, which give no rows. What fails ends its
 transaction and the batch.

 # Safety
 `batch` points to `batch_len` bytes; `error` is null or writable.
 */
uint32_t capsule_database_submit(uint64_t database,
                                 const uint8_t *batch,
                                 size_t batch_len,
                                 struct CapsuleBuffer *error);

/*
 Waits for the oldest batch, and writes its rows: a JSON array of objects for each statement. A failure is
 JSON: `{"code": SQLite's, or null, "message": …}`.

 # Safety
 `rows` and `error` are null or writable.
 */
uint32_t capsule_database_take(uint64_t database,
                               struct CapsuleBuffer *rows,
                               struct CapsuleBuffer *error);

/*
 Closes a database, after all that was submitted. Any number may be given.
 */
void capsule_database_close(uint64_t database);

/*
 Writes the SHA-256 of some bytes.

 # Safety
 `data` points to `len` bytes; `digest` is null or has room for 32 bytes.
 */
uint32_t capsule_sha256(const uint8_t *data, size_t len, uint8_t *digest);

/*
 Writes what lies at a path, links followed. `CAPSULE_NOT_FOUND` where nothing does, and
 `CAPSULE_FAILED` where the system does not say.

 # Safety
 `path` points to `path_len` bytes; `stat` is null or writable.
 */
uint32_t capsule_stat(const uint8_t *path, size_t path_len, struct CapsuleStat *stat);

/*
 Reads a regular file of at most `max_bytes`, without waiting for anything: no device, no pipe. With a folder, the
 file has to lie in it once all links are followed; `folder_len` is 0 without. `CAPSULE_NOT_FOUND` where nothing
 lies at the path. Else `error` is JSON: `{"reason": "not_a_file" | "too_large" | "outside" | "unreadable",
 "message": …}`.

 # Safety
 `path` points to `path_len` bytes and `folder` to `folder_len`; `content` and `error` are null or writable.
 */
uint32_t capsule_read_file(const uint8_t *path,
                           size_t path_len,
                           const uint8_t *folder,
                           size_t folder_len,
                           uint64_t max_bytes,
                           struct CapsuleBuffer *content,
                           struct CapsuleBuffer *error);

/*
 Reads `len` bytes of such a file, from `start` on. A shorter file is `unreadable`.

 # Safety
 `path` points to `path_len` bytes; `content` and `error` are null or writable.
 */
uint32_t capsule_read_file_part(const uint8_t *path,
                                size_t path_len,
                                uint64_t start,
                                uint64_t len,
                                struct CapsuleBuffer *content,
                                struct CapsuleBuffer *error);

/*
 Changes something in the `.capsule` of a project: `{"do": "make", "name": …}`, `{"do": "write", "name": …}`,
 `{"do": "rename", "name": …, "to": …}` or `{"do": "remove", "name": …}`, as JSON, with names seen from there.
 `.capsule` is made if it is missing. `root` leads through no link. `CAPSULE_NOT_FOUND` where `.capsule`, or a folder
 in it, leads elsewhere.

 # Safety
 `root` points to `root_len` bytes, `change` to `change_len` and `content` to `content_len`; `error` is null or
 writable.
 */
uint32_t capsule_change_project(const uint8_t *root,
                                size_t root_len,
                                const uint8_t *change,
                                size_t change_len,
                                const uint8_t *content,
                                size_t content_len,
                                struct CapsuleBuffer *error);

/*
 Starts a runtime. `config` is JSON: `{"cache_folder": …, "engines": {"javascript": {"path": …,
 "digest": …}, "python": …}, "wanted": the language of the engine that is opened at once}`.

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
 Limits the memory, in bytes, that all runs of this process together may use, from now on: those of every runtime.
 Without this, it is half of what the machine or the process's control group has.
 */
uint32_t capsule_limit_ram(uint64_t bytes);

/*
 Begins to load a program and writes its id. The event `program_loaded` or `program_failed` follows.
 `request` is JSON: `{"language": …, "files": [{"path": …, "bytes": n}, …], "source_map_bytes": n,
 "key": …}`, or a component, `{"language": …, "component": {"path": …, "digest": …, "engine_bytes": n,
 "is_checked": bool}, "source_map_bytes": n}`; `payload` holds the files' contents in that order, then the source map. With a `key`, a
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
 `{"grant": id, "task": name, "input": {"args": […]}, "observe": bool}`. Where `input` has
 `{"$bytes": [offset, length]}`, that many bytes of `payload` are meant: the placeholders take them in their order,
 and leave none. Where the envelope has bytes, they follow it, and the event's `json_bytes` is the envelope's length.

 # Safety
 `request` points to `request_len` bytes and `payload` to `payload_len`; `run` and `error` are null or
 writable.
 */
uint32_t capsule_runtime_submit(uint64_t runtime,
                                const uint8_t *request,
                                size_t request_len,
                                const uint8_t *payload,
                                size_t payload_len,
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

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* CAPSULE_H */
