//! What guests share: processor time, memory, file descriptors, and the clock that interrupts them.

pub mod cpu;
pub mod descriptors;
pub mod ram;
pub mod ticker;
