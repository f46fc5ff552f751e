//! Files for engines whose libc has none: the operations of `node:fs`, over the same folders.

mod operations;
mod places;
mod posix;
mod request;

pub use operations::Files;
