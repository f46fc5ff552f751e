//! A task's attempts: each in a sandbox of its own.

use super::grant::{Grant, TaskGrant};
use super::run::{Caller, milliseconds};
use crate::events::envelope::{Execution, rounded};
use crate::events::output::Output;
use crate::events::queue::Event;
use crate::fixed::Fixed;
use crate::host::{Call, Operations, TaskBytes, TaskContext, TaskSide};
use crate::network::Network;
use crate::policy::Bounds;
use crate::sandbox::{Budget, Guard, Sandbox};
use crate::values::failure::{ErrorType, Failure};
use crate::values::payload::Payload;
use std::sync::Arc;
use std::time::Instant;

/// Tries until an attempt succeeds or none is left.
pub async fn attempts(
    caller: &Caller,
    call: &Call,
    granted: &TaskGrant,
    Payload { json, bytes }: Payload,
    fixed: Option<Arc<Fixed>>,
    execution: &mut Execution,
) -> Result<Payload, Failure> {
    let bytes = Arc::new(bytes);
    let network = Arc::new(Network::new(
        granted.network.clone(),
        Arc::clone(&caller.run.certificates),
    ));
    let output = Output::new(
        Arc::clone(&caller.run.events),
        caller.run.id,
        caller.task,
        caller.run.grant.limits.output_bytes,
    )
    .captured(caller.run.capture.clone());
    let bounds = caller.run.ceiling.clip(&granted.policy);
    loop {
        let attempt = attempt(
            caller,
            granted,
            &bounds,
            Given {
                task: &execution.task_name,
                json: &json,
                bytes: &bytes,
                fixed: fixed.as_ref().map(|fixed| fixed.attempt(execution.retries)),
                call,
            },
            output.clone(),
            &network,
        )
        .await;
        execution.host_requests = network.requests();
        execution.duration_ms += attempt.duration_ms;
        execution.fuel_consumed += attempt.fuel_consumed;
        execution.ram_used = execution.ram_used.max(attempt.ram_used);
        match attempt.outcome {
            Err(ref failure)
                if execution.retries < bounds.max_retries
                    && failure.error_type != ErrorType::Cancelled
                    && caller.run.exhausted().is_none()
                    && caller.run.may_have_another() =>
            {
                execution.retries += 1;
                retried(caller, execution.retries, &attempt, failure);
            }
            outcome => return outcome.map_err(|failure| caller.run.grant.program.explain(failure)),
        }
    }
}

struct Attempt {
    outcome: Result<Payload, Failure>,
    duration_ms: f64,
    fuel_consumed: u64,
    ram_used: u64,
}

impl Attempt {
    /// No sandbox could be made.
    fn none(failure: Failure) -> Self {
        Self {
            outcome: Err(failure),
            duration_ms: 0.0,
            fuel_consumed: 0,
            ram_used: 0,
        }
    }
}

/// What an attempt begins with.
struct Given<'a> {
    task: &'a str,
    json: &'a str,
    bytes: &'a Arc<Vec<u8>>,
    fixed: Option<Arc<Fixed>>,
    call: &'a Call,
}

/// One attempt, in a sandbox of its own.
async fn attempt(
    caller: &Caller,
    granted: &TaskGrant,
    bounds: &Bounds,
    Given {
        task,
        json,
        bytes,
        fixed,
        call,
    }: Given<'_>,
    output: Output,
    network: &Arc<Network>,
) -> Attempt {
    let run = &caller.run;
    let Grant {
        program, limits, ..
    } = &*run.grant;
    let image = match program.image.get().await {
        Ok(image) => image,
        Err(failure) => return Attempt::none(failure),
    };
    if let Err(shortage) = run.ram.add_image(image.len()) {
        return Attempt::none(shortage.failure("the program"));
    }
    if let Some(failure) = run.exhausted() {
        return Attempt::none(failure);
    }
    let started = Instant::now();
    let timeout = bounds.timeout_ms.map(milliseconds);
    let of_run = run
        .deadline
        .map(|deadline| deadline.saturating_duration_since(started))
        .filter(|left| timeout.is_none_or(|timeout| *left < timeout));
    let budget = Budget {
        subject: "the task",
        can_be_raised: true,
        fuel: run
            .fuel
            .as_ref()
            .map_or(bounds.fuel, |fuel| bounds.fuel.min(fuel.left())),
        memory_bytes: bounds.memory_bytes,
        timeout: of_run.or(timeout),
        run_timeout_ms: of_run.and(limits.timeout_ms),
        result_bytes: limits.json_bytes,
    };
    let task_side = TaskSide {
        operations: Operations::new(limits.handles).counted(&run.ram),
        output,
        context: TaskContext {
            call: Some(Arc::clone(call)),
            folders: Arc::clone(&granted.folders),
            network: Some(Arc::clone(network)),
            stacks: Arc::clone(&program.stacks),
            stdin: run.stdin_at(caller.depth),
            seen: None,
            draws: None,
            fixed,
        },
        bytes: TaskBytes::new(Arc::clone(bytes), &run.ram),
    };
    let guard = Guard {
        run: run.id,
        ram: Arc::clone(&run.ram),
        fuel: run.fuel.clone(),
        cpu: Arc::clone(&run.cpu),
        cancelled: run.cancelled.clone(),
    };
    let engine = Arc::clone(&program.engine);
    let sandbox = Sandbox::new(engine, &image, task_side, budget, guard).await;
    let (outcome, fuel_consumed, ram_used) = match sandbox {
        Err(failure) => (Err(failure), 0, image.len() as u64),
        Ok(mut sandbox) => {
            let outcome = sandbox.run(task, json, &granted.context).await;
            (outcome, sandbox.fuel_consumed(), sandbox.ram_used())
        }
    };
    Attempt {
        outcome,
        duration_ms: started.elapsed().as_secs_f64() * 1000.0,
        fuel_consumed,
        ram_used,
    }
}

fn retried(caller: &Caller, attempt: u32, figures: &Attempt, failure: &Failure) {
    if caller.run.observe {
        caller.run.events.push(
            &Event::TaskRetried {
                run: caller.run.id,
                task: caller.task,
                attempt,
                attempt_ms: rounded(figures.duration_ms),
                fuel_consumed: figures.fuel_consumed,
                ram_used: figures.ram_used,
                error_type: failure.error_type.as_str(),
                message: &failure.message,
            },
            Vec::new(),
        );
    }
}
