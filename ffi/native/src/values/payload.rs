//! Data that guests and the host pass to each other.

use crate::values::failure::shorten;
use serde_json::json;
use wasmtime::component::{ComponentType, Lift, Lower};

/// The longest error message that is passed to a guest; it may quote the guest's request.
const MESSAGE_CHARACTERS_AT_MOST: usize = 2_000;

/// JSON text, and bytes beside it.
#[derive(Clone, Debug, Default, PartialEq, ComponentType, Lift, Lower)]
#[component(record)]
pub struct Payload {
    pub json: String,
    pub bytes: Vec<u8>,
}

impl Payload {
    pub fn json(json: impl Into<String>) -> Self {
        Self {
            json: json.into(),
            bytes: Vec::new(),
        }
    }

    pub fn len(&self) -> usize {
        self.json.len() + self.bytes.len()
    }

    /// Its size, for messages.
    pub fn size(&self) -> String {
        let Self { json, bytes } = self;
        if bytes.is_empty() {
            return format!("{} bytes of JSON", json.len());
        }
        format!(
            "{} bytes ({} of JSON and {} of binary data)",
            self.len(),
            json.len(),
            bytes.len()
        )
    }

    pub fn error(error_type: &str, message: impl AsRef<str>) -> Self {
        let message = shorten(message.as_ref(), MESSAGE_CHARACTERS_AT_MOST);
        let error = json!({ "error_type": error_type, "message": message });
        Self::json(json!({ "error": error }).to_string())
    }
}
