//! The events of a task's start and end.

use super::run::Caller;
use crate::events::envelope::{Execution, rounded};
use crate::events::queue::Event;
use crate::values::failure::{ErrorType, Failure};
use crate::values::payload::Payload;
use std::time::Instant;

/// Tells of a task's start, and of its end in every case: a task that is dropped was cancelled.
pub struct Observed {
    caller: Caller,
    name: String,
    started: Instant,
    finished: bool,
}

impl Observed {
    pub fn start(caller: &Caller, parent: Option<u64>, name: &str) -> Self {
        if caller.run.observe {
            caller.run.events.push(
                &Event::TaskStarted {
                    run: caller.run.id,
                    task: caller.task,
                    parent,
                    name,
                },
                Vec::new(),
            );
        }
        Self {
            caller: caller.clone(),
            name: name.to_owned(),
            started: Instant::now(),
            finished: !caller.run.observe,
        }
    }

    pub fn finish(&mut self, outcome: &Result<Payload, Failure>, execution: &Execution) {
        let failure = outcome.as_ref().err();
        self.tell(
            failure.map(|failure| failure.error_type.as_str()),
            failure.map(|failure| failure.message.as_str()),
            execution,
        );
    }

    fn tell(&mut self, error_type: Option<&str>, message: Option<&str>, execution: &Execution) {
        if std::mem::replace(&mut self.finished, true) {
            return;
        }
        self.caller.run.events.push(
            &Event::TaskFinished {
                run: self.caller.run.id,
                task: self.caller.task,
                name: &self.name,
                duration_ms: rounded(execution.duration_ms),
                retries: execution.retries,
                fuel_consumed: execution.fuel_consumed,
                ram_used: execution.ram_used,
                error_type,
                message,
            },
            Vec::new(),
        );
    }
}

impl Drop for Observed {
    fn drop(&mut self) {
        let execution = Execution {
            duration_ms: self.started.elapsed().as_secs_f64() * 1000.0,
            ..Execution::default()
        };
        self.tell(
            Some(ErrorType::Cancelled.as_str()),
            Some("its caller ended first"),
            &execution,
        );
    }
}
