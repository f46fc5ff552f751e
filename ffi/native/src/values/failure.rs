//! Why a task failed: the closed list of `error_type`, and how a trap becomes one of them.

use crate::values::stack::Stacks;
use serde::{Deserialize, Serialize, Serializer};
use std::fmt;
use wasmtime::Trap;
use wasmtime::component::ResourceTableError;
use wasmtime_wasi::I32Exit;

/// What went wrong, as an envelope names it. User data never decides it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorType {
    TaskError,
    Timeout,
    FuelExhausted,
    MemoryLimit,
    StackOverflow,
    OutputLimit,
    ResourceLimit,
    TaskLimit,
    TaskNotFound,
    InvalidResult,
    InvalidModule,
    Cancelled,
    InternalError,
}

impl ErrorType {
    /// As an envelope spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TaskError => "task_error",
            Self::Timeout => "timeout",
            Self::FuelExhausted => "fuel_exhausted",
            Self::MemoryLimit => "memory_limit",
            Self::StackOverflow => "stack_overflow",
            Self::OutputLimit => "output_limit",
            Self::ResourceLimit => "resource_limit",
            Self::TaskLimit => "task_limit",
            Self::TaskNotFound => "task_not_found",
            Self::InvalidResult => "invalid_result",
            Self::InvalidModule => "invalid_module",
            Self::Cancelled => "cancelled",
            Self::InternalError => "internal_error",
        }
    }
}

impl Serialize for ErrorType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// An error as it stands in an envelope.
#[derive(Clone, Debug, Serialize)]
pub struct Failure {
    pub error_type: ErrorType,
    pub message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stack: Option<String>,
}

impl Failure {
    pub fn new(error_type: ErrorType, message: impl Into<String>) -> Self {
        Self {
            error_type,
            message: message.into(),
            stack: None,
        }
    }

    /// A fault that is neither the guest's nor its author's.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(ErrorType::InternalError, message)
    }

    /// With its stack in the user's own files and lines.
    pub fn explained_by(self, stacks: &Stacks) -> Self {
        let stack = self
            .stack
            .map(|stack| shorten(&stacks.map(&stack), TEXT_CHARACTERS_AT_MOST));
        Self { stack, ..self }
    }
}

/// The longest message or stack that is kept: guests write them.
const TEXT_CHARACTERS_AT_MOST: usize = 16 << 10;

/// The longest explanation of Wasmtime's that a message quotes.
const CAUSE_CHARACTERS_AT_MOST: usize = 500;

/// Shortens a text that a guest wrote.
pub fn shorten(text: &str, characters: usize) -> String {
    match text.char_indices().nth(characters) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}… ({} bytes more)", &text[..end], text.len() - end),
    }
}

/// Raised inside a host function to end the guest, with the failure that it means.
#[derive(Clone, Debug)]
pub struct Stop(pub Failure);

impl Stop {
    pub fn error(error_type: ErrorType, message: impl Into<String>) -> wasmtime::Error {
        wasmtime::Error::from(Self(Failure::new(error_type, message)))
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for Stop {}

/// A guest's report of its own failure. It can choose between two error types.
#[derive(Debug, Deserialize)]
pub struct GuestFailure {
    #[serde(default)]
    kind: GuestFailureKind,
    #[serde(default)]
    name: String,
    #[serde(default)]
    message: String,
    #[serde(default)]
    pub stack: Option<String>,
    /// The error is the language's own for "no memory left".
    #[serde(default)]
    out_of_memory: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum GuestFailureKind {
    #[default]
    TaskError,
    InvalidResult,
}

impl GuestFailure {
    /// Parses a guest's failure. Text that is not such JSON becomes the message.
    pub fn parse(text: &str) -> Self {
        serde_json::from_str(text).unwrap_or_else(|_| Self {
            kind: GuestFailureKind::TaskError,
            name: String::new(),
            message: shorten(text, TEXT_CHARACTERS_AT_MOST),
            stack: None,
            out_of_memory: false,
        })
    }

    pub fn is_out_of_memory(&self) -> bool {
        self.out_of_memory
    }

    pub fn into_failure(self) -> Failure {
        let message = match (self.name.is_empty(), self.message.is_empty()) {
            (true, _) => self.message,
            (false, true) => self.name,
            (false, false) => format!("{}: {}", self.name, self.message),
        };
        Failure {
            error_type: match self.kind {
                GuestFailureKind::TaskError => ErrorType::TaskError,
                GuestFailureKind::InvalidResult => ErrorType::InvalidResult,
            },
            message: shorten(&message, TEXT_CHARACTERS_AT_MOST),
            stack: self
                .stack
                .map(|stack| shorten(&stack, TEXT_CHARACTERS_AT_MOST)),
        }
    }
}

/// What ended a guest that did not return.
#[derive(Debug)]
pub enum Trapped {
    /// A host function ended it.
    Stopped(Failure),
    FuelExhausted,
    StackOverflow,
    /// The guest waits, and no operation is running.
    Stuck,
    /// The engine gave up: an abort, a panic, an impossible instruction, or a call of the host that the component
    /// model does not allow. What goes wrong on the host's side is `Stopped`.
    Crashed(String),
    /// A limit of Wasmtime on what passes between guest and host.
    TransferLimit,
    /// The limit on an instance's handles of the component model.
    HandleLimit,
    /// The limit on an instance's files, folders and streams of WASI.
    WasiHandleLimit,
    /// The guest called `exit`.
    Exited(i32),
}

impl Trapped {
    pub fn from_error(error: &wasmtime::Error) -> Self {
        if let Some(Stop(failure)) = error.downcast_ref::<Stop>() {
            return Self::Stopped(failure.clone());
        }
        if let Some(I32Exit(status)) = error.downcast_ref() {
            return Self::Exited(*status);
        }
        if let Some(ResourceTableError::Full) = error.downcast_ref() {
            return Self::WasiHandleLimit;
        }
        let Some(trap) = error.downcast_ref::<Trap>() else {
            // Wasmtime has no public types for these.
            let text = format!("{error:#}");
            return if text.contains("fuel allocated for hostcalls") {
                Self::TransferLimit
            } else if text.contains("handle limit exceeded") {
                Self::HandleLimit
            } else {
                Self::Crashed(shorten(&text, CAUSE_CHARACTERS_AT_MOST))
            };
        };
        match trap {
            Trap::OutOfFuel => Self::FuelExhausted,
            Trap::StackOverflow => Self::StackOverflow,
            // Both engines keep their own stack at the lowest addresses of linear memory, and are memory
            // safe otherwise: an address out of bounds is one below zero.
            Trap::MemoryOutOfBounds => Self::StackOverflow,
            Trap::NoAsyncResult | Trap::AsyncDeadlock => Self::Stuck,
            other => Self::Crashed(other.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_between_characters() {
        assert_eq!(shorten("grün", 4), "grün");
        assert_eq!(shorten("grün", 2), "gr… (3 bytes more)");
        let failure = GuestFailure::parse(&"ü".repeat(1 << 20)).into_failure();
        assert!(failure.message.len() < 40 << 10);
    }

    #[test]
    fn a_guest_decides_between_two_kinds_only() {
        let parse = |text| GuestFailure::parse(text).into_failure();
        let invalid = parse(r#"{"kind": "invalid_result", "message": "x"}"#);
        assert_eq!(invalid.error_type, ErrorType::InvalidResult);
        let forged = parse(r#"{"kind": "internal_error", "message": "x"}"#);
        assert_eq!(forged.error_type, ErrorType::TaskError);
        let named = parse(r#"{"name": "TypeError", "message": "no", "stack": "at x"}"#);
        assert_eq!(named.message, "TypeError: no");
        assert_eq!(named.stack.unwrap(), "at x");
    }
}
