//! Reports sub-tasks that failed and whose envelopes the task did not read.

use crate::values::failure::shorten;
use serde::Deserialize;
use std::borrow::Cow;
use std::fmt::Write;

const TOLD_AT_MOST: usize = 20;
const TEXT_CHARACTERS_AT_MOST: usize = 4_000;

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    error: Option<Error<'a>>,
    #[serde(borrow)]
    execution: Execution<'a>,
}

#[derive(Deserialize)]
struct Error<'a> {
    #[serde(borrow)]
    error_type: Cow<'a, str>,
    #[serde(borrow)]
    message: Cow<'a, str>,
    #[serde(borrow)]
    stack: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Execution<'a> {
    #[serde(borrow)]
    task_name: Cow<'a, str>,
}

/// Lines for standard error about the envelopes that are failures. None without failures.
pub fn told<'a>(envelopes: impl Iterator<Item = &'a str>) -> Option<String> {
    let mut text = String::new();
    let mut failed = 0;
    // A success, which may be long, is not parsed.
    for json in envelopes.filter(|json| json.starts_with(r#"{"success":false"#)) {
        let Ok(Envelope {
            error: Some(error),
            execution,
        }) = serde_json::from_str(json)
        else {
            continue;
        };
        // It was ended with the task that called it.
        if error.error_type == "cancelled" {
            continue;
        }
        failed += 1;
        if failed > TOLD_AT_MOST {
            continue;
        }
        let message = shorten(&error.message, TEXT_CHARACTERS_AT_MOST);
        let _ = writeln!(
            text,
            "Uncaught (in sub-task {}) {}: {message}",
            execution.task_name, error.error_type
        );
        if let Some(stack) = error.stack.as_deref().map(str::trim_end)
            && !stack.is_empty()
        {
            let _ = writeln!(text, "{}", shorten(stack, TEXT_CHARACTERS_AT_MOST));
        }
    }
    if failed > TOLD_AT_MOST {
        let more = failed - TOLD_AT_MOST;
        let _ = writeln!(text, "… and {more} more sub-tasks failed");
    }
    (failed > 0).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAILED: &str = r#"{"success":false,"result":null,"error":{"error_type":"task_error","message":"Error: \"lost\"","stack":"    at main.ts:1:2\n"},"execution":{"task_name":"boom"}}"#;

    #[test]
    fn failures_are_told_with_their_stacks_and_nothing_else_is() {
        let success = r#"{"success":true,"result":5,"error":null,"execution":{"task_name":"x"}}"#;
        let cancelled = FAILED.replace("task_error", "cancelled");
        let quiet = [
            success,
            cancelled.as_str(),
            r#"{"error":{"message":"no"}}"#,
            "",
        ];
        assert_eq!(told(quiet.into_iter()), None);
        assert_eq!(
            told([success, FAILED].into_iter()).unwrap(),
            "Uncaught (in sub-task boom) task_error: Error: \"lost\"\n    at main.ts:1:2\n"
        );
    }

    #[test]
    fn many_failures_are_counted() {
        let text = told(std::iter::repeat_n(FAILED, 1_000)).unwrap();
        assert_eq!(text.lines().count(), 2 * TOLD_AT_MOST + 1);
        assert!(text.ends_with("… and 980 more sub-tasks failed\n"));
    }
}
