//! The interfaces of the world, by name and version.

use crate::host::state::SandboxState;
use wasmtime::StoreContextMut;

pub type Context<'a> = StoreContextMut<'a, SandboxState>;

pub const OPERATIONS: &str = "capsule:host/operations@1.0.0";
pub const EVENTS: &str = "capsule:host/events@1.0.0";

// The version that `wasmtime_wasi` links; guests of older ones find it, too.
pub const WASI_CLOCK: &str = "wasi:clocks/monotonic-clock@0.2.12";
pub const WASI_PREOPENS: &str = "wasi:filesystem/preopens@0.2.12";
pub const WASI_FILES: &str = "wasi:filesystem/types@0.2.12";
pub const WASI_RANDOM: &str = "wasi:random/random@0.2.12";
