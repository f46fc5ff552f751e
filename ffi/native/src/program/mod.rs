//! Programs: loaded once, from source or from a component, and kept as images.

mod component;
mod load;
mod loading;
mod pending;
mod sources;
mod store;

pub use load::Program;
pub use loading::Loading;
pub use sources::{ComponentFile, Source, SourceText, Sources};
pub use store::ImageStore;
