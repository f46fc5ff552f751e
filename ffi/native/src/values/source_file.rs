//! A file of a program.

use wasmtime::component::{ComponentType, Lower};

/// A file of a program, as its engine receives it.
#[derive(Clone, Debug, ComponentType, Lower)]
#[component(record)]
pub struct SourceFile {
    pub path: String,
    pub data: Vec<u8>,
}
