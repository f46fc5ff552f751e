//! Capsule's sandbox host: language engines on Wasmtime, behind a C ABI.
//!
//! The way of a call: [`abi`] parses a request → [`runtime`] finds the program → [`scheduler`] runs the
//! task, its retries and its sub-tasks, each attempt in a [`sandbox`] of its own → [`events`] tells the
//! host what happened. A program is loaded once; its memory is then an [`image`] from which every
//! sandbox starts.
//!
//! Beside that lies what the host needs at each start, and would wait for elsewhere: a [`database`], digests, and what
//! lies at a path.
//!
//! Nothing here reads an environment variable, a configuration file or the current directory.

pub mod abi;
mod cache;
mod database;
mod engine;
mod events;
mod files;
mod fixed;
mod host;
mod image;
mod machine;
mod memory;
mod network;
mod policy;
mod program;
mod runtime;
mod sandbox;
mod scheduler;
mod values;
