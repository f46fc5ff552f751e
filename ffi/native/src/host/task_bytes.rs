//! Bytes of a task's arguments and of its result: most tasks have none, and are asked for none.

use crate::machine::ram::{Charge, RunRam, Shortage};
use std::sync::Arc;

/// What lies beside the JSON that a guest is given and returns.
#[derive(Default)]
pub struct TaskBytes {
    arguments: Arc<Vec<u8>>,
    result: Vec<u8>,
    /// The result's, while the guest runs on.
    held: Option<Charge>,
}

impl TaskBytes {
    pub fn new(arguments: Arc<Vec<u8>>, ram: &Arc<RunRam>) -> Self {
        Self {
            arguments,
            result: Vec::new(),
            held: Some(Charge::none(ram)),
        }
    }

    /// Whether the guest has to take some.
    pub fn has_arguments(&self) -> bool {
        !self.arguments.is_empty()
    }

    /// Those of the arguments, once.
    pub fn take_arguments(&mut self) -> Arc<Vec<u8>> {
        std::mem::take(&mut self.arguments)
    }

    /// Notes those of the result, in place of what was noted before.
    pub fn set_result(&mut self, bytes: Vec<u8>) -> Result<(), Shortage> {
        let former = std::mem::take(&mut self.result);
        if let Some(held) = &self.held {
            held.remove(former.len());
            held.add(bytes.len())?;
        }
        self.result = bytes;
        Ok(())
    }

    pub fn take_result(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.result)
    }
}
