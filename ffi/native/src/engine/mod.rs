//! Language engines: components that are built once a release and compiled once a machine.

mod compile;
mod language_engine;
mod number;
mod registry;
mod segments;
mod settings;
mod shell;
mod source;
mod spares;

pub use language_engine::LanguageEngine;
pub use registry::Engines;
pub use segments::decode;
pub use shell::Found;
pub use source::EngineSource;
pub use spares::Bare;
