//! The work of each operation.

use super::draws::Draws;
use super::sub_task::SubTask;
use crate::events::envelope::refused;
use crate::files::{Folders, Seen};
use crate::fixed::{Clock, Fixed, Meanwhile};
use crate::network::Network;
use crate::values::failure::{Failure, shorten};
use crate::values::payload::Payload;
use crate::values::stack::Stacks;
use serde_json::json;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

/// What operations know of the task that starts them.
#[derive(Clone)]
pub struct TaskContext {
    /// None while a program is loaded.
    pub call: Option<Call>,
    pub folders: Folders,
    /// None while a program is loaded.
    pub network: Option<Arc<Network>>,
    pub stacks: Arc<Stacks>,
    /// What there is to be read from standard input.
    pub stdin: Arc<[u8]>,
    /// While a program is loaded, what it looks at.
    pub seen: Option<Arc<Seen>>,
    /// While a program is loaded, whether it draws random bytes.
    pub draws: Option<Arc<Draws>>,
    /// Random bytes and time, if they are not the host's.
    pub fixed: Option<Arc<Fixed>>,
}

impl TaskContext {
    /// What time is, if that is not the host's.
    pub fn clock(&self) -> Option<&Arc<Clock>> {
        self.fixed.as_ref()?.clock()
    }

    /// No request leaves from here any more.
    pub fn end_attempt(&self) {
        if let Some(network) = &self.network {
            network.end_attempt();
        }
    }
}

/// Runs a sub-task and ends with its envelope. Tasks are the scheduler's, above this: it gives each the way to call
/// others.
pub type Call = Arc<dyn Fn(SubTask, Option<Arc<Fixed>>) -> Work + Send + Sync>;

pub type Work = Pin<Box<dyn Future<Output = Payload> + Send>>;

/// What an operation leaves behind besides its outcome.
#[derive(Clone)]
pub enum Kind {
    Nothing,
    /// A sleep that advances the guest's own clock.
    Sleep(Meanwhile),
    /// A sub-task, which its caller waits for, and its name.
    Call(String, Option<Meanwhile>),
    /// A response whose body is kept for the guest.
    Response(Arc<Network>),
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nothing => "Nothing",
            Self::Sleep(_) => "Sleep",
            Self::Call(..) => "Call",
            Self::Response(_) => "Response",
        })
    }
}

impl Kind {
    /// The guest has the outcome now.
    pub fn taken(&self) {
        if let Self::Sleep(meanwhile) | Self::Call(_, Some(meanwhile)) = self {
            meanwhile.end();
        }
    }

    /// Drops the response that an unwanted outcome names.
    pub fn drop_outcome(&self, outcome: &Payload) {
        if let Self::Response(network) = self {
            network.discard(outcome);
        }
    }

    /// The outcome of a failed operation: for a sub-task, an envelope.
    pub fn failed(&self, failure: Failure) -> Payload {
        match self {
            Self::Call(name, _) => refused(name.clone(), failure),
            _ => Payload::error(failure.error_type.as_str(), failure.message),
        }
    }
}

/// The work of an operation, or the outcome of one that cannot begin.
pub fn begin(
    operation: &str,
    request: Payload,
    context: &TaskContext,
) -> Result<(Kind, Work), Payload> {
    match operation {
        "sleep" => {
            let milliseconds: f64 = serde_json::from_str(&request.json)
                .ok()
                .filter(|milliseconds: &f64| milliseconds.is_finite())
                .ok_or_else(|| Payload::error("invalid_request", "sleep takes milliseconds"))?;
            let duration = Duration::try_from_secs_f64(milliseconds.max(0.0) / 1000.0)
                .unwrap_or(Duration::MAX);
            let work = Box::pin(async move {
                tokio::time::sleep(duration).await;
                Payload::json("null")
            });
            let asleep = |clock| Kind::Sleep(Meanwhile::asleep(clock, duration));
            Ok((context.clock().map_or(Kind::Nothing, asleep), work))
        }
        "call" => {
            let run = context.call.clone().ok_or_else(|| {
                Payload::error(
                    "invalid_request",
                    "a task can be called only while a task runs, not by top-level code",
                )
            })?;
            let call = SubTask::parse(request)
                .map_err(|message| Payload::error("invalid_request", message))?;
            let fixed = context.fixed.as_ref();
            let fixed = fixed.map(|fixed| fixed.sub_task(&call.parts()));
            let clocks = context
                .clock()
                .zip(fixed.as_ref().and_then(|of| of.clock()));
            let meanwhile = clocks.map(|(own, of_call)| Meanwhile::of(own, of_call));
            let kind = Kind::Call(call.name(), meanwhile);
            let work = run(call, fixed);
            Ok((kind, work))
        }
        "http" | "http_body" | "http_discard" | "http_reach" => {
            let network = context.network.clone().ok_or_else(|| {
                Payload::error(
                    "denied",
                    "hosts can be reached only while a task runs, not by top-level code",
                )
            })?;
            match operation {
                "http" => {
                    let kind = Kind::Response(Arc::clone(&network));
                    Ok((kind, Box::pin(network.request(request))))
                }
                "http_body" => {
                    let work = Box::pin(async move { network.read(request).await });
                    Ok((Kind::Nothing, work))
                }
                "http_reach" => Err(network.reach(&request)),
                _ => Err(network.discard(&request)),
            }
        }
        "stdin" => Err(Payload {
            json: "null".to_owned(),
            bytes: context.stdin.to_vec(),
        }),
        "explain" => {
            let stack: String = serde_json::from_str(&request.json)
                .map_err(|_| Payload::error("invalid_request", "explain takes a stack"))?;
            // Done at once: the outcome is there when the guest asks for it.
            Err(Payload::json(json!(context.stacks.map(&stack)).to_string()))
        }
        unknown => Err(Payload::error(
            "invalid_request",
            format!("there is no operation {:?}", shorten(unknown, 64)),
        )),
    }
}
