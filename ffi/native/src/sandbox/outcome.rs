//! What is told of how a guest ended.

use super::limiter::Denied;
use super::state::{COMPONENT_HANDLES_AT_MOST, TRANSFER_BYTES_AT_MOST, WASI_HANDLES_AT_MOST};
use super::{Budget, Sandbox};
use crate::values::failure::{ErrorType, Failure, GuestFailure, Trapped};
use crate::values::payload::Payload;
use crate::values::placeholders;

impl Sandbox {
    pub(super) fn accept(&mut self, json: String) -> Result<Payload, Failure> {
        let task = self.bare.store.data_mut().task.as_mut();
        let bytes = task.map_or_else(Vec::new, |task| task.bytes.take_result());
        let result = Payload { json, bytes };
        let limit = self.budget.result_bytes;
        if result.len() > limit {
            return Err(Failure::new(
                ErrorType::OutputLimit,
                format!(
                    "{} returned {}, more than {limit}",
                    self.budget.subject,
                    result.size()
                ),
            ));
        }
        let invalid = |problem| Failure::new(ErrorType::InvalidResult, problem);
        crate::events::envelope::check_json(&result.json).map_err(invalid)?;
        placeholders::check(&result)
            .map_err(|problem| invalid(format!("the result is malformed: {problem}")))?;
        Ok(result)
    }

    pub(super) fn guest_failure(&self, failure: GuestFailure) -> Failure {
        if failure.is_out_of_memory() && self.bare.store.data().limiter.denied().is_some() {
            return Failure {
                stack: failure.stack,
                ..self.out_of_memory()
            };
        }
        failure.into_failure()
    }

    pub(super) fn trapped(&self, trapped: Trapped) -> Failure {
        let Budget { subject, .. } = self.budget;
        match trapped {
            Trapped::Stopped(failure) if failure.error_type == ErrorType::Timeout => {
                self.timed_out()
            }
            Trapped::Stopped(failure) if failure.error_type == ErrorType::FuelExhausted => {
                self.out_of_fuel()
            }
            Trapped::Stopped(failure) => failure,
            Trapped::FuelExhausted => self.out_of_fuel(),
            Trapped::StackOverflow => Failure::new(
                ErrorType::StackOverflow,
                format!("{subject} called functions too deeply: recursion without end?"),
            ),
            Trapped::Stuck => Failure::new(
                ErrorType::TaskError,
                format!("{subject} waits for something that never happens: a promise without end?"),
            ),
            Trapped::Crashed(_) if self.bare.store.data().limiter.denied().is_some() => {
                self.out_of_memory()
            }
            Trapped::Crashed(how) => Failure::new(
                ErrorType::TaskError,
                format!("{subject} made the language engine give up ({how})"),
            ),
            Trapped::Exited(status) => Failure::new(
                ErrorType::TaskError,
                format!("{subject} exited with status {status}"),
            ),
            Trapped::HandleLimit => Failure::new(
                ErrorType::ResourceLimit,
                format!("{subject} holds more than {COMPONENT_HANDLES_AT_MOST} handles"),
            ),
            Trapped::WasiHandleLimit => Failure::new(
                ErrorType::ResourceLimit,
                format!("{subject} has more than {WASI_HANDLES_AT_MOST} files and streams open"),
            ),
            Trapped::TransferLimit => Failure::new(
                ErrorType::ResourceLimit,
                format!(
                    "{subject} passed more than {TRANSFER_BYTES_AT_MOST} bytes to the host at once"
                ),
            ),
        }
    }

    /// Tells on the task's standard error which of its sub-tasks failed without its looking at that.
    pub(super) fn tell_unheard(&self) {
        if let Some(task) = &self.bare.store.data().task
            && let Some(text) = task.operations.unheard()
        {
            task.output.tell(&text);
        }
    }

    fn out_of_fuel(&self) -> Failure {
        let Budget { subject, fuel, .. } = self.budget;
        if let Some(limit) = self.guard.fuel.as_ref().filter(|fuel| fuel.left() == 0) {
            return run_out_of_fuel(limit.limit);
        }
        Failure::new(
            ErrorType::FuelExhausted,
            format!(
                "{subject} used all of its {fuel} units of fuel: {}",
                self.budget.advice("raise compute, or do less")
            ),
        )
    }

    fn timed_out(&self) -> Failure {
        if let Some(timeout_ms) = self.budget.run_timeout_ms {
            return run_out_of_time(timeout_ms);
        }
        let timeout_ms = self.budget.timeout.unwrap_or_default().as_secs_f64() * 1000.0;
        Failure::new(
            ErrorType::Timeout,
            format!(
                "{} ran longer than its timeout of {timeout_ms} ms: {}",
                self.budget.subject,
                self.budget.advice("raise timeout, or do less")
            ),
        )
    }

    fn out_of_memory(&self) -> Failure {
        let limiter = &self.bare.store.data().limiter;
        let wanted_bytes = match limiter.denied() {
            Some(Denied::Shared(shortage)) => return shortage.failure(self.budget.subject),
            Some(Denied::Sandbox { wanted_bytes }) => *wanted_bytes,
            None => 0,
        };
        Failure::new(
            ErrorType::MemoryLimit,
            format!(
                "{} wanted {wanted_bytes} bytes of memory and may use {}: {}",
                self.budget.subject,
                limiter.limit_bytes(),
                self.budget.advice("raise ram, or use less"),
            ),
        )
    }
}

/// The tasks of a run have used up its fuel.
pub fn run_out_of_fuel(limit: u64) -> Failure {
    Failure::new(
        ErrorType::FuelExhausted,
        format!(
            "the run used all of its {limit} units of fuel: raise compute of the budget, or do less"
        ),
    )
}

/// The time of a run is over.
pub fn run_out_of_time(timeout_ms: f64) -> Failure {
    Failure::new(
        ErrorType::Timeout,
        format!("the run took longer than the timeout of its budget, {timeout_ms} ms"),
    )
}
