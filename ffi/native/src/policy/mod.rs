//! What the host lets tasks use: limits, and what each task is granted.

mod limits;
mod task_policy;

pub use limits::Limits;
pub use task_policy::{Bounds, Ceiling, TaskPolicy};
