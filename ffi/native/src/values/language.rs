//! The languages that programs are written in.

use serde::{Deserialize, Serialize};

/// The language of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    JavaScript,
    Python,
}

impl Language {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::JavaScript => "javascript",
            Self::Python => "python",
        }
    }

    /// An option as programs in this language spell it.
    pub fn spelling(self, javascript: &'static str, python: &'static str) -> &'static str {
        match self {
            Self::JavaScript => javascript,
            Self::Python => python,
        }
    }
}
