//! The C ABI. `capsule.h` is generated from this folder.
//!
//! Conventions: a status of 0 is success. Outputs come last and are written only on success, except
//! `error`, which is written only on failure. Text is UTF-8, given by pointer and length. A buffer that
//! leaves this library is freed with `capsule_buffer_free`. Runtimes and databases are numbers: a closed or
//! made-up one is an error, never undefined behaviour. Every function may be called from any thread.

mod border;
mod handles;
mod host;
mod runtime;

pub use border::{
    CAPSULE_ABI_VERSION, CAPSULE_CLOSED, CAPSULE_FAILED, CAPSULE_INTERNAL,
    CAPSULE_INVALID_ARGUMENT, CAPSULE_NOT_FOUND, CAPSULE_OK, CapsuleBuffer, capsule_abi_version,
    capsule_buffer_free,
};
pub use host::*;
pub use runtime::*;
