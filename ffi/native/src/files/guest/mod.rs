//! How a guest's paths are followed, whichever engine asks: no way leads to a hidden name or out of a folder.

pub mod guarded;
mod hidden;
pub mod room;
mod walk;
