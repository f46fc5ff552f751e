//! What is made of an engine once, when Capsule is built: one module of many, and the places of what programs change.

mod error;
mod events;
mod forget_files;
mod layout;
mod merge;
mod module;
mod part;
mod plan;
mod shape;
#[cfg(test)]
mod tests;
mod write;

pub use forget_files::add_export;
pub use merge::merge;
pub use shape::{Shape, with_places};
