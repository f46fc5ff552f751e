/** The C ABI of `ffi/native/capsule.h`, one entry a function, in the spelling of Deno. */

/** The version of the ABI that these symbols describe. */
export const ABI_VERSION = 6;

/** Statuses that mean something other than a fault. */
export const STATUS = {
  ok: 0,
  invalidArgument: 1,
  notFound: 2,
  closed: 3,
  failed: 4,
  internal: 5,
} as const;

export const symbols = {
  // uint32_t capsule_abi_version(void)
  capsule_abi_version: { parameters: [], result: "u32" },
  // uint32_t capsule_runtime_new(config, config_len, *runtime, *error)
  capsule_runtime_new: { parameters: ["buffer", "usize", "buffer", "buffer"], result: "u32" },
  // void capsule_runtime_free(runtime)
  capsule_runtime_free: { parameters: ["u64"], result: "void" },
  // uint32_t capsule_limit_ram(bytes)
  capsule_limit_ram: { parameters: ["u64"], result: "u32" },
  // uint32_t capsule_runtime_load(runtime, request, request_len, payload, payload_len, *program, *error)
  capsule_runtime_load: {
    parameters: ["u64", "buffer", "usize", "buffer", "usize", "buffer", "buffer"],
    result: "u32",
  },
  // uint32_t capsule_runtime_component(runtime, program, *component, *error): takes a moment
  capsule_runtime_component: {
    parameters: ["u64", "u64", "buffer", "buffer"],
    result: "u32",
    nonblocking: true,
  },
  // uint32_t capsule_runtime_unload(runtime, program)
  capsule_runtime_unload: { parameters: ["u64", "u64"], result: "u32" },
  // uint32_t capsule_runtime_grant(runtime, request, request_len, *grant, *error)
  capsule_runtime_grant: {
    parameters: ["u64", "buffer", "usize", "buffer", "buffer"],
    result: "u32",
  },
  // uint32_t capsule_runtime_submit(runtime, request, request_len, payload, payload_len, *run, *error)
  capsule_runtime_submit: {
    parameters: ["u64", "buffer", "usize", "buffer", "usize", "buffer", "buffer"],
    result: "u32",
  },
  // uint32_t capsule_runtime_cancel(runtime, run)
  capsule_runtime_cancel: { parameters: ["u64", "u64"], result: "u32" },
  // uint32_t capsule_runtime_next_event(runtime, *events): blocks
  capsule_runtime_next_event: { parameters: ["u64", "buffer"], result: "u32", nonblocking: true },
  // uint32_t capsule_database_open(path, path_len, *database, *error)
  capsule_database_open: { parameters: ["buffer", "usize", "buffer", "buffer"], result: "u32" },
  // uint32_t capsule_database_submit(database, batch, batch_len, *error)
  capsule_database_submit: { parameters: ["u64", "buffer", "usize", "buffer"], result: "u32" },
  // uint32_t capsule_database_take(database, *rows, *error): waits
  capsule_database_take: { parameters: ["u64", "buffer", "buffer"], result: "u32" },
  // void capsule_database_close(database)
  capsule_database_close: { parameters: ["u64"], result: "void" },
  // uint32_t capsule_sha256(data, len, *digest)
  capsule_sha256: { parameters: ["buffer", "usize", "buffer"], result: "u32" },
  // uint32_t capsule_stat(path, path_len, *stat)
  capsule_stat: { parameters: ["buffer", "usize", "buffer"], result: "u32" },
  // uint32_t capsule_read_file(path, path_len, folder, folder_len, max_bytes, *content, *error)
  capsule_read_file: {
    parameters: ["buffer", "usize", "buffer", "usize", "u64", "buffer", "buffer"],
    result: "u32",
  },
  // uint32_t capsule_read_file_part(path, path_len, start, len, *content, *error)
  capsule_read_file_part: {
    parameters: ["buffer", "usize", "u64", "u64", "buffer", "buffer"],
    result: "u32",
  },
  // uint32_t capsule_change_project(root, root_len, change, change_len, content, content_len, *error)
  capsule_change_project: {
    parameters: ["buffer", "usize", "buffer", "usize", "buffer", "usize", "buffer"],
    result: "u32",
  },
  // void capsule_buffer_free(data, len): the address as a number, as it is read from a CapsuleBuffer
  capsule_buffer_free: { parameters: ["usize", "usize"], result: "void" },
} as const satisfies Deno.ForeignLibraryInterface;
