//! The limits of a guest.

use crate::values::failure::{ErrorType, Failure};
use std::time::Duration;

/// What one load or one attempt may use.
#[derive(Clone, Debug)]
pub struct Budget {
    /// How messages call what is limited: `the task`, `top-level code`.
    pub subject: &'static str,
    /// Whether the program can declare another one.
    pub can_be_raised: bool,
    pub fuel: u64,
    pub memory_bytes: Option<u64>,
    pub timeout: Option<Duration>,
    /// The timeout of the run, where the task has no more time than that leaves.
    pub run_timeout_ms: Option<f64>,
    /// The most JSON that the guest may return.
    pub result_bytes: usize,
}

impl Budget {
    /// What to do about a limit.
    pub(super) fn advice<'a>(&self, raise: &'a str) -> &'a str {
        if self.can_be_raised {
            raise
        } else {
            "do this inside a task"
        }
    }
}

pub fn too_little_memory(budget: &Budget, needed: usize, limit: usize) -> Failure {
    Failure::new(
        ErrorType::MemoryLimit,
        format!(
            "{} may use {limit} bytes of memory, and the language engine with the program in it needs \
             {needed} before it does anything: raise ram",
            budget.subject,
        ),
    )
}
