/*
 Generated from src/abi by `UPDATE=1 cargo test` in ffi/header: do not edit.

 Call `capsule_abi_version` first. Then start a runtime (`capsule_runtime_new`), load a program (`capsule_runtime_load`),
 grant its tasks what they may do (`capsule_runtime_grant`), start runs (`capsule_runtime_submit`), and read events on a
 thread of their own (`capsule_runtime_next_event`) until the runtime is freed.

 Functions return a status; 0 is success. Outputs come last and are written only on success, except `error`, which is
 written only on failure: text, UTF-8, unless a function says that it is JSON. Text is given by pointer and length. Free
 a buffer of this library with `capsule_buffer_free`. Runtimes and databases are numbers: a wrong one is an error, never
 undefined behaviour. Every function may be called from any thread. Numbers in JSON are integers, except `timeout_ms`,
 `now_ms`, `duration_ms` and `attempt_ms`, which may have fractions.
*/

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
 Begins to open a SQLite database, on a thread of its own, and writes its number. It is made if it is missing. The
 path is absolute and leads through no link. `capsule_database_take` returns the error if opening fails.

 # Safety
 `path` points to `path_len` bytes; `database` and `error` are null or writable.
 */
uint32_t capsule_database_open(const uint8_t *path,
                               size_t path_len,
                               uint64_t *database,
                               struct CapsuleBuffer *error);

/*
 Begins to run a batch of statements, JSON: `[{"sql": string, "values": [[value, …], …]}, …]`. A statement runs once
 for each list of values, which are numbers, strings or null. Without `values`, `sql` may be several statements,
 whose rows are dropped. The first error rolls back an open transaction and ends the batch.

 # Safety
 `batch` points to `batch_len` bytes; `error` is null or writable.
 */
uint32_t capsule_database_submit(uint64_t database,
                                 const uint8_t *batch,
                                 size_t batch_len,
                                 struct CapsuleBuffer *error);

/*
 Waits for the oldest batch, and writes its rows as JSON: for each statement an array of objects, one for each row,
 by the names of the columns. An error of SQLite is JSON: `{"code": number or null, "message": string}`, with
 SQLite's primary result code.

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
 Writes what lies at a path, links followed. `CAPSULE_NOT_FOUND` where nothing does, and `CAPSULE_FAILED` where the
 system does not say.

 # Safety
 `path` points to `path_len` bytes; `stat` is null or writable.
 */
uint32_t capsule_stat(const uint8_t *path,
                      size_t path_len,
                      struct CapsuleStat *stat);

/*
 Reads a regular file of at most `max_bytes`. It never blocks: devices and pipes are not opened. With a folder, the
 file has to lie in it once all links are followed; without one, `folder_len` is 0. `CAPSULE_NOT_FOUND` where nothing
 lies at the path. Any error is JSON: `{"reason": "missing" | "not_a_file" | "too_large" | "outside" | "unreadable",
 "message": string}`.

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
 Reads `len` bytes of a regular file, from `start` on, with the errors of `capsule_read_file`. A file that ends
 before is `unreadable`.

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
 Changes something in the `.capsule` of a project, which is made if it is missing. `root` is the project's absolute
 path, which leads through no link. `change` is JSON, with names relative to `.capsule`:

 - `{"do": "make", "name": string}` makes a folder, if it is missing; `.capsule` itself if the name is empty.
 - `{"do": "write", "name": string}` writes `content` to a file, and replaces it as a whole.
 - `{"do": "rename", "name": string, "to": string}` gives a file or folder another name.
 - `{"do": "remove", "name": string}` removes a file, if it is there.

 `CAPSULE_NOT_FOUND` where `.capsule`, or a folder in it, is a link or a file.

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
 Starts a runtime and writes its number. `config` is JSON:

 - `engines`, object: for each installed language, `"javascript"` or `"python"`, `{"path", "digest", "shape"}`: the
   path of the engine's component, its SHA-256 in hexadecimal, and `shape` as `engines.json` beside it has it.
 - `cache_folder`, string, optional: where machine code and images are kept for the next process. Absolute; only this
   user or root may write to it and to the folders above. Made if it is missing. Without it, nothing is kept.
 - `cache_problem`, string, optional: why there is no folder, for the event `cache_unavailable`.
 - `wanted`, string, optional: the language whose engine is opened at once, before a program needs it.
 - `certificates`, array of strings, optional: files of root certificates, PEM. The first that exists is used for
   https.

 Here and in all requests, an unknown member is an error.

 # Safety
 `config` points to `config_len` bytes; `runtime` and `error` are null or writable.
 */
uint32_t capsule_runtime_new(const uint8_t *config,
                             size_t config_len,
                             uint64_t *runtime,
                             struct CapsuleBuffer *error);

/*
 Frees a runtime: ends its runs, wakes who waits for its events, and writes what it keeps for the next process. Any
 number may be given.
 */
void capsule_runtime_free(uint64_t runtime);

/*
 Limits the memory, in bytes, that all runs of this process together may use, from now on: those of every runtime.
 The default is half of the memory of the machine or of the process's control group.
 */
uint32_t capsule_limit_ram(uint64_t bytes);

/*
 Begins to load a program and writes its id. The event `program_loaded` or `program_failed` with that id follows.
 `request` is JSON:

 - `language`, string: `"javascript"` or `"python"`.
 - `files`, array of `{"path": string, "bytes": number}`: the program, then the files that it may import. `path` is
   what stack traces show, `bytes` the length of the content in `payload`.
 - `component`, object, instead of `files`: `{"path", "digest", "engine_bytes", "is_checked"}`: a component's path;
   the SHA-256, in hexadecimal, of all its bytes but the last 32; how many bytes lie before Capsule's own sections;
   whether its content is known to have that digest, so that a stored image may be used without reading it.
 - `source_map_bytes`, number, optional: the length of the source map in `payload`, by which stack traces are mapped.
 - `key`, string, optional: a digest of the whole program, 16 to 64 hexadecimal digits. With it, the image is stored
   for the next process.
 - `packages`, array of folders, optional: what the program may read at all times. A folder is `{"host": string,
   "guest": string, "read_only": bool}`: its absolute path without links, and the absolute path that the program
   sees.
 - `limits`, object, optional: of `capsule_runtime_grant`, for the top-level code.
 - `fixed`, object, optional: of `capsule_runtime_submit`, for the top-level code. Its image is not stored then.

 `payload` holds the contents of `files`, one after the other, then the source map, and nothing else.

 # Safety
 `request` points to `request_len` bytes and `payload` to `payload_len`; `program` and `error` are null or writable.
 */
uint32_t capsule_runtime_load(uint64_t runtime,
                              const uint8_t *request,
                              size_t request_len,
                              const uint8_t *payload,
                              size_t payload_len,
                              uint64_t *program,
                              struct CapsuleBuffer *error);

/*
 Waits until the image of a program is made, and writes the program as a component: its engine with the program in
 its memory. The caller adds what the tasks are and what the program is called.

 # Safety
 `component` and `error` are null or writable.
 */
uint32_t capsule_runtime_component(uint64_t runtime,
                                   uint64_t program,
                                   struct CapsuleBuffer *component,
                                   struct CapsuleBuffer *error);

/*
 Fixes what the tasks of a program may do, for all runs that name this grant, and writes its id. The grant ends with
 its program. `request` is JSON:

 - `program`, number: the id of a program that was loaded.
 - `policies`, object: for the name of each task that may run:
   - `fuel`, number: how much it may compute, 1 to 2^63 - 1 units. One unit is about one WebAssembly instruction.
   - `memory_bytes`, number or null, optional: its memory, with that of the engine. The default is 4 GiB.
   - `timeout_ms`, number or null, optional: of each attempt, above 0. No limit if absent.
   - `max_retries`, number: further attempts after a failure.
   - `env`, object of strings, optional: its environment variables.
   - `folders`, array, optional: the folders that it may use, as those of `packages` in `capsule_runtime_load`.
   - `hosts`, array, optional: the hosts that it may send requests to. A host is `{"scheme": string or null, "host":
     string or null, "subdomains": bool, "port": number or null}`. null allows any; `subdomains` is true for all
     names that end in `host` and not `host` itself, false if absent. `host` is in lower case and ASCII.
   - `withheld_hosts`, array, optional: hosts that the task declares and was not given. Only messages need them.
 - `limits`, object, optional, over all tasks of a run. Each member is optional; its default comes last:
   - `fuel`, number: units of all tasks together. No limit if absent.
   - `timeout_ms`, number: from the start of the first task to the end of the last. No limit if absent.
   - `ram_bytes`, number: memory of all tasks that are alive. 4 GiB.
   - `tasks_alive`, number: tasks at the same time. 1,000.
   - `tasks_total`, number: tasks in all, retries included. 100,000.
   - `task_depth`, number: how deep tasks may call each other. 64.
   - `json_bytes`, number: arguments of a task, and its result, with their bytes. 64 MiB.
   - `output_bytes`, number: what a task writes to stdout and stderr. 64 MiB.
   - `handles`, number: operations that a task has open. 10,000.
   - `requests`, number: HTTP requests of a task. 1,000.
   - `body_bytes`, number: one response's body. 64 MiB.
 - `secrets`, array, optional, of `{"name", "placeholder", "value", "hosts", "headers"}`: tasks have `placeholder`,
   in lower case and at least as long as `value`, in place of `value`, which is written into the `headers` (names in
   lower case) of requests to `hosts`. `name` is the variable that messages name.

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
 Begins a run and writes its id. The event `run_finished` with that id brings its envelope. `request` is JSON:

 - `grant`, number: the id of a grant.
 - `task`, string: the task's name.
 - `input`, object: `{"args": array}`, for Python also `"kwargs": object`.
 - `observe`, bool, optional: whether `task_started`, `task_retried` and `task_finished` are sent. false.
 - `capture`, bool, optional: whether the envelope has what the tasks wrote, as `stdout` and `stderr`. false.
 - `stdin`, string, optional: what the task reads from its standard input, each character a byte, up to U+00FF.
 - `ceiling`, object, optional: `fuel`, `memory_bytes`, `timeout_ms` and `max_retries`, each optional: what each task
   of the run may use at most, if its policy says more.
 - `fixed`, object, optional: `seed`, number, optional: the tasks' random bytes come from it. `now_ms`, number,
   optional: the time at which their clocks start, in milliseconds since 1970.

 An object `{"$bytes": [offset, length]}` in `input` stands for that many bytes of `payload`. The placeholders take
 the bytes in their order, from 0 on, and leave none; if all take none, `payload` is one byte, which is ignored. An
 object whose only key would be `$bytes` otherwise, or `$bytes` after more `$`, is written with one more `$`. If
 `payload` is empty, `input` is plain JSON. Results have bytes in the same way.

 # Safety
 `request` points to `request_len` bytes and `payload` to `payload_len`; `run` and `error` are null or writable.
 */
uint32_t capsule_runtime_submit(uint64_t runtime,
                                const uint8_t *request,
                                size_t request_len,
                                const uint8_t *payload,
                                size_t payload_len,
                                uint64_t *run,
                                struct CapsuleBuffer *error);

/*
 Ends a run, or the loading of a program. Its last event comes all the same, with the error `cancelled`.
 */
uint32_t capsule_runtime_cancel(uint64_t runtime,
                                uint64_t id);

/*
 Blocks until there are events, and writes all there are. `CAPSULE_CLOSED` when the runtime was freed. An event is
 the length of its header and of its payload, 32 bits each in little-endian order, then the header, JSON, and the
 payload. The header's member `event` says which it is; `program` and `run` are ids, `task` numbers the tasks of a
 run.

 - `engine_compiling`: `language`. An engine is compiled for this machine, which takes seconds, once.
 - `engine_compiled`: `language`, `duration_ms`.
 - `cache_unavailable`: `reason`. What was compiled cannot be kept for the next process.
 - `program_loaded`: `program`. Payload: the declared tasks, JSON: `{"tasks": [{"name": string, "options": object},
   …]}`, with `"implicit_main": "script"` where the program is a script that `main` runs; empty for a component.
 - `program_failed`: `program`. Payload: the error, JSON, as in an envelope.
 - `output`: `run`, `task`, `descriptor` (1 is stdout, 2 is stderr). Payload: bytes that the task wrote. While a
   program is loaded, `run` is its id and `task` is 0.
 - `task_started`: `run`, `task`, `parent` (the task that called it, or null), `name`.
 - `task_retried`: `run`, `task`, `attempt` (1 for the first retry), and of the attempt that failed `attempt_ms`,
   `fuel_consumed`, `ram_used` (bytes), `error_type`, `message`.
 - `task_finished`: `run`, `task`, `name`, `duration_ms`, `retries`, `fuel_consumed`, `ram_used`, `error_type` and
   `message` (both null after a success).
 - `run_finished`: `run`, `json_bytes`. Payload: the envelope, JSON; then the bytes of its result, if `json_bytes`,
   the length of the JSON, is there.

 An envelope is `{"success": bool, "result": any, "error": error or null, "execution": {…}}`, with `stdout` and
 `stderr` where `capture` asked for them. An error is `{"error_type", "message"}` and, where there is one, `"stack"`.
 `error_type` is one of `task_error`, `timeout`, `fuel_exhausted`, `memory_limit`, `stack_overflow`, `output_limit`,
 `resource_limit`, `task_limit`, `task_not_found`, `invalid_result`, `invalid_module`, `cancelled` and
 `internal_error`. `execution` has `task_name`, `sandboxed` (true), `duration_ms`, `retries`, `fuel_consumed`,
 `ram_used` (bytes) and `host_requests`, an array of `{"method", "url", "status" (null without a response),
 "duration_ms"}`.

 # Safety
 `events` is null or writable.
 */
uint32_t capsule_runtime_next_event(uint64_t runtime,
                                    struct CapsuleBuffer *events);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* CAPSULE_H */
