//! What is made of an engine once, when Capsule is built: one module of many, and the places of what programs change.

mod component;
mod error;
mod forget_files;
mod module;
mod shape;
#[cfg(test)]
mod tests;

pub use component::merge;
pub use forget_files::add_export;

pub use shape::{Shape, with_places};
