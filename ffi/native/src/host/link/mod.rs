//! The functions of the world, and those of WASI that are not WASI's own here.

mod clock;
mod ended;
mod files;
mod imports;
mod random;
mod text;
mod world;

pub use imports::link;
