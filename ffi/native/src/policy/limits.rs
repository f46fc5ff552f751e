//! Limits over a run.

use serde::Deserialize;

/// Limits over a run.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Units that all tasks together may use. As many as they like, if there is none.
    pub fuel: Option<u64>,
    /// From the start of the first task to the end of the last.
    pub timeout_ms: Option<f64>,
    /// Of all tasks together that are alive.
    pub ram_bytes: u64,
    pub tasks_alive: usize,
    pub tasks_total: usize,
    pub task_depth: usize,
    /// Arguments and result of a task, as JSON.
    pub json_bytes: usize,
    pub output_bytes: u64,
    pub handles: u32,
    /// Of one task, to hosts.
    pub requests: usize,
    /// Of one response.
    pub body_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            fuel: None,
            timeout_ms: None,
            ram_bytes: 4 << 30,
            tasks_alive: 1_000,
            tasks_total: 100_000,
            task_depth: 64,
            json_bytes: 64 << 20,
            output_bytes: 64 << 20,
            handles: 10_000,
            requests: 1_000,
            body_bytes: 64 << 20,
        }
    }
}
