//! Converts how a guest ended into a result or a `Failure`.

use super::budget::Budget;
use crate::events::envelope::check_json;
use crate::host::{
    COMPONENT_HANDLES_AT_MOST, Denied, Limiter, RunFuel, TRANSFER_BYTES_AT_MOST,
    WASI_HANDLES_AT_MOST,
};
use crate::values::failure::{ErrorType, Failure, GuestFailure, Trapped};
use crate::values::payload::Payload;
use crate::values::placeholders;

/// Checks what a guest returned.
pub fn accept(result: Payload, budget: &Budget) -> Result<Payload, Failure> {
    let Budget {
        subject,
        result_bytes: limit,
        ..
    } = budget;
    if result.len() > *limit {
        return Err(Failure::new(
            ErrorType::OutputLimit,
            format!("{subject} returned {}, more than {limit}", result.size()),
        ));
    }
    let invalid = |problem| Failure::new(ErrorType::InvalidResult, problem);
    check_json(&result.json).map_err(invalid)?;
    placeholders::check(&result)
        .map_err(|problem| invalid(format!("the result is malformed: {problem}")))?;
    Ok(result)
}

/// The limits that a guest had, which explain how it ended.
pub struct Limited<'a> {
    pub budget: &'a Budget,
    pub limiter: &'a Limiter,
    pub run_fuel: Option<&'a RunFuel>,
}

impl Limited<'_> {
    pub fn guest_failure(&self, failure: GuestFailure) -> Failure {
        if failure.is_out_of_memory() && self.limiter.denied().is_some() {
            return Failure {
                stack: failure.stack,
                ..self.out_of_memory()
            };
        }
        failure.into_failure()
    }

    pub fn trapped(&self, trapped: Trapped) -> Failure {
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
                format!("{subject} called functions too deeply: endless recursion?"),
            ),
            Trapped::Stuck => Failure::new(
                ErrorType::TaskError,
                format!(
                    "{subject} waits for something that never happens: a promise that never settles?"
                ),
            ),
            Trapped::Crashed(_) if self.limiter.denied().is_some() => self.out_of_memory(),
            Trapped::Crashed(how) => Failure::new(
                ErrorType::TaskError,
                format!("{subject} crashed the language engine ({how})"),
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

    fn out_of_fuel(&self) -> Failure {
        let Budget { subject, fuel, .. } = self.budget;
        if let Some(limit) = self.run_fuel.filter(|fuel| fuel.left() == 0) {
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
        let limiter = self.limiter;
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
