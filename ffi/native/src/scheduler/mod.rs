//! Tasks and sub-tasks: one way to run them, one retry loop, one set of limits.

mod attempts;
mod execute;
mod grant;
mod observed;
mod run;

pub use execute::start;
pub use grant::Grant;
pub use run::{Run, RunPlan};
