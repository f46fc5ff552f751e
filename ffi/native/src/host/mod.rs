//! The host's side of the world in `engines/wit/world.wit`: what is kept for a guest, and what it can ask for.

mod limiter;
mod link;
mod meter;
mod operations;
mod state;
mod task_bytes;

pub use limiter::{Denied, Limiter};
pub use link::link;
pub use meter::{Meter, RunFuel};
pub use operations::{Call, Draws, NAME_CHARACTERS_AT_MOST, Operations, SubTask, TaskContext};
pub use state::{
    COMPONENT_HANDLES_AT_MOST, MEMORY_BYTES_AT_MOST, SandboxState, TRANSFER_BYTES_AT_MOST,
    TaskSide, WASI_HANDLES_AT_MOST,
};
pub use task_bytes::TaskBytes;
