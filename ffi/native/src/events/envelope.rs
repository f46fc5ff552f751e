//! Makes the envelope of a task. The only place that does.

use crate::events::capture::Captured;
use crate::values::failure::Failure;
use crate::values::payload::Payload;
use serde::de::IgnoredAny;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

/// The figures of a task, all attempts together.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Execution {
    pub task_name: String,
    pub sandboxed: Sandboxed,
    #[serde(serialize_with = "round")]
    pub duration_ms: f64,
    pub retries: u32,
    pub fuel_consumed: u64,
    pub ram_used: u64,
    pub host_requests: Vec<HostRequest>,
}

/// Always true: for a task that is called on the host, the SDK makes the envelope.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sandboxed;

impl Serialize for Sandboxed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bool(true)
    }
}

/// A request that was sent, also one that was given up. It has no headers, body, query or user info.
#[derive(Clone, Debug, Serialize)]
pub struct HostRequest {
    pub method: String,
    pub url: String,
    /// None if no response came.
    pub status: Option<u16>,
    /// Until the head of the response was there, or the request was given up.
    pub duration_ms: f64,
}

#[derive(Serialize)]
struct Envelope<'a> {
    success: bool,
    result: Option<&'a RawValue>,
    error: Option<&'a Failure>,
    /// What the run wrote, if its request asks for that.
    #[serde(flatten)]
    captured: Option<Captured>,
    execution: &'a Execution,
}

/// The envelope of a task that ended. The bytes of its result stay beside it.
pub fn envelope(outcome: Result<Payload, Failure>, execution: &Execution) -> Payload {
    envelope_with(outcome, execution, None)
}

/// The same, with what was written to the outputs.
pub fn envelope_with(
    outcome: Result<Payload, Failure>,
    execution: &Execution,
    captured: Option<Captured>,
) -> Payload {
    let result = outcome
        .as_ref()
        .ok()
        .map(|result| serde_json::from_str(&result.json).expect("results are checked before"));
    let envelope = Envelope {
        success: outcome.is_ok(),
        result,
        error: outcome.as_ref().err(),
        captured,
        execution,
    };
    Payload {
        json: serde_json::to_string(&envelope).expect("an envelope is plain data"),
        bytes: outcome.map_or_else(|_| Vec::new(), |result| result.bytes),
    }
}

/// The envelope of a task that did not run, or whose own cannot be kept.
pub fn refused(task_name: String, failure: Failure) -> Payload {
    let execution = Execution {
        task_name,
        ..Execution::default()
    };
    envelope(Err(failure), &execution)
}

/// Parsers of deeper results could overflow their stacks.
const DEPTH_AT_MOST: usize = 512;

/// Checks that a guest's result is JSON, and not nested too deeply.
pub fn check_json(text: &str) -> Result<(), String> {
    let depth = depth(text);
    if depth > DEPTH_AT_MOST {
        return Err(format!(
            "the result is nested {depth} levels deep, more than {DEPTH_AT_MOST}"
        ));
    }
    serde_json::from_str::<IgnoredAny>(text)
        .map(drop)
        .map_err(|error| format!("the result is not JSON: {error}"))
}

fn depth(text: &str) -> usize {
    let (mut depth, mut deepest) = (0usize, 0);
    let (mut quoted, mut escaped) = (false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'[' | b'{' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// Rounds milliseconds to whole microseconds.
pub fn rounded(milliseconds: f64) -> f64 {
    (milliseconds * 1000.0).round() / 1000.0
}

fn round<S: Serializer>(milliseconds: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(rounded(*milliseconds))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::failure::ErrorType;

    #[test]
    fn holds_the_result_as_the_guest_wrote_it() {
        let execution = Execution {
            task_name: "main".into(),
            duration_ms: 1.23456,
            ..Execution::default()
        };
        assert_eq!(
            envelope(
                Ok(Payload::json(r#"{"error_type": "x", "n": 1.0}"#)),
                &execution
            )
            .json,
            r#"{"success":true,"result":{"error_type": "x", "n": 1.0},"error":null,"execution":{"task_name":"main","sandboxed":true,"duration_ms":1.235,"retries":0,"fuel_consumed":0,"ram_used":0,"host_requests":[]}}"#
        );
        let failure = Failure::new(ErrorType::FuelExhausted, "no fuel");
        let text = envelope(Err(failure), &execution).json;
        assert!(text.starts_with(
            r#"{"success":false,"result":null,"error":{"error_type":"fuel_exhausted","message":"no fuel"}"#
        ));
    }

    #[test]
    fn refuses_what_is_not_json_or_too_deep() {
        assert!(check_json(r#"{"a":["\"]]]]", null]}"#).is_ok());
        for text in ["", "{", "undefined", "NaN", "1 2", "\"\u{1}\""] {
            assert!(check_json(text).is_err(), "{text:?}");
        }
        let nested = |depth| "[".repeat(depth) + &"]".repeat(depth);
        assert!(check_json(&nested(512)).is_ok());
        assert!(
            check_json(&nested(100_000))
                .unwrap_err()
                .contains("100000 levels")
        );
    }
}
