//! What passes between host and guest: payloads, failures, and the stacks of those.

pub mod failure;
pub mod language;
pub mod payload;
pub mod placeholders;
pub mod source_file;
pub mod stack;
