//! What the host learns of runs: a queue of events, what tasks print, and the envelope at the end.

pub mod capture;
pub mod envelope;
pub mod output;
pub mod queue;
