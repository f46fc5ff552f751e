//! Calls from one task to another.

use crate::values::failure::shorten;
use crate::values::payload::Payload;
use crate::values::placeholders;
use serde::Deserialize;
use serde_json::value::RawValue;

/// What an envelope holds of the name of a task.
pub const NAME_CHARACTERS_AT_MOST: usize = 128;

/// A call as a guest asks for it. It names a task and carries arguments; nothing else is looked at.
#[derive(Debug, Deserialize)]
struct SubTaskRequest {
    task: String,
    input: Box<RawValue>,
}

/// The same, checked.
#[derive(Debug)]
pub struct SubTask {
    pub task: String,
    pub input: Payload,
}

impl SubTask {
    /// Its name, shortened for messages and envelopes.
    pub fn name(&self) -> String {
        shorten(&self.task, NAME_CHARACTERS_AT_MOST)
    }

    /// The parts that identify it, for `fixed`.
    pub fn parts(&self) -> [&[u8]; 3] {
        let Self { task, input } = self;
        [task.as_bytes(), input.json.as_bytes(), &input.bytes]
    }

    pub fn parse(Payload { json, bytes }: Payload) -> Result<Self, String> {
        let SubTaskRequest { task, input } = serde_json::from_str(&json)
            .map_err(|error| format!("a call must be {{task, input}}: {error}"))?;
        let json = String::from(Box::<str>::from(input));
        let input = Payload { json, bytes };
        placeholders::check(&input)
            .map_err(|problem| format!("the arguments are malformed: {problem}"))?;
        Ok(Self { task, input })
    }

    /// The name in a request that is not checked any further.
    pub fn name_in(json: &str) -> String {
        let request = serde_json::from_str::<SubTaskRequest>(json);
        request.map_or_else(
            |_| String::new(),
            |request| shorten(&request.task, NAME_CHARACTERS_AT_MOST),
        )
    }
}
