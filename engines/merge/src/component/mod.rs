//! A component: which of its modules become one, and the component that is written with it.

mod events;
mod merge;
mod plan;
mod write;

pub use merge::merge;
