//! Runs tasks: the one that the host called, and those that tasks call.

use super::attempts::attempts;
use super::grant::{Grant, TaskGrant};
use super::observed::Observed;
use super::run::{Admission, Caller, Run};
use crate::events::envelope::{Execution, envelope, envelope_with, refused};
use crate::fixed::Fixed;
use crate::host::{Call, NAME_CHARACTERS_AT_MOST, SubTask};
use crate::machine::ram::Charge;
use crate::values::failure::{ErrorType, Failure, shorten};
use crate::values::payload::Payload;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// The longest list of the program's tasks in a message.
const KNOWN_CHARACTERS_AT_MOST: usize = 2_000;

/// Runs the task that the host called. Returns its envelope, once all that it started has ended.
pub async fn start(run: Arc<Run>, task: String, input: Payload) -> Payload {
    let call = SubTask { task, input };
    let fixed = run.fixed.clone();
    let (outcome, execution) = execute(Arc::clone(&run), None, 0, call, fixed).await;
    run.wait_until_idle().await;
    let captured = run.capture.as_ref().map(|capture| capture.texts());
    envelope_with(outcome, &execution, captured)
}

/// How a task calls others.
fn call_of(caller: Caller) -> Call {
    Arc::new(move |call, fixed| Box::pin(run_sub_task(caller.clone(), call, fixed)))
}

/// Runs a sub-task. Returns its envelope.
async fn run_sub_task(caller: Caller, call: SubTask, fixed: Option<Arc<Fixed>>) -> Payload {
    let Caller { run, task, depth } = caller;
    let name = call.name();
    let ram = Arc::clone(&run.ram);
    let (outcome, execution) = execute(run, Some(task), depth + 1, call, fixed).await;
    let envelope = envelope(outcome, &execution);
    // Its caller may leave it with the host for long. There it is counted by who keeps it.
    match Charge::none(&ram).add_when_freed(envelope.len()).await {
        Ok(()) => envelope,
        Err(shortage) => refused(name, shortage.failure("the envelope of the task")),
    }
}

/// The same for a run's first task and for every sub-task.
async fn execute(
    run: Arc<Run>,
    parent: Option<u64>,
    depth: usize,
    SubTask { task: name, input }: SubTask,
    fixed: Option<Arc<Fixed>>,
) -> (Result<Payload, Failure>, Execution) {
    let mut execution = Execution {
        // One that a guest made up may be long; no task has a name like that.
        task_name: shorten(&name, NAME_CHARACTERS_AT_MOST),
        ..Execution::default()
    };
    let outcome = match admissible(&run, &execution.task_name, depth, &input) {
        Err(failure) => Err(failure),
        Ok((granted, _admission)) => {
            let task = run.next_task.fetch_add(1, Ordering::Relaxed);
            let caller = Caller {
                run: Arc::clone(&run),
                task,
                depth,
            };
            let mut observed = Observed::start(&caller, parent, &execution.task_name);
            let call = call_of(caller.clone());
            let outcome = attempts(&caller, &call, &granted, input, fixed, &mut execution).await;
            observed.finish(&outcome, &execution);
            outcome
        }
    };
    (outcome, execution)
}

fn admissible(
    run: &Arc<Run>,
    task: &str,
    depth: usize,
    input: &Payload,
) -> Result<(Arc<TaskGrant>, Admission), Failure> {
    let Grant { tasks, limits, .. } = &*run.grant;
    let granted = tasks.get(task).ok_or_else(|| {
        let mut known: Vec<_> = tasks.keys().map(String::as_str).collect();
        known.sort_unstable();
        Failure::new(
            ErrorType::TaskNotFound,
            format!(
                "there is no task {task:?}; the program has: {}",
                shorten(&known.join(", "), KNOWN_CHARACTERS_AT_MOST)
            ),
        )
    })?;
    if input.len() > limits.json_bytes {
        return Err(Failure::new(
            ErrorType::ResourceLimit,
            format!(
                "the arguments of {task:?} are {}, more than {}",
                input.size(),
                limits.json_bytes
            ),
        ));
    }
    Ok((Arc::clone(granted), run.admit(depth)?))
}
