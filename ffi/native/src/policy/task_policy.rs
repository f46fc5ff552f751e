//! What one task may use.

use crate::files::FolderGrant;
use crate::network::HostRule;
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeMap;

/// What one task may use. It was fixed before anything ran.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskPolicy {
    pub fuel: u64,
    pub memory_bytes: Option<u64>,
    pub timeout_ms: Option<f64>,
    pub max_retries: u32,
    /// The environment variables that the task sees.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// The folders that it may touch.
    #[serde(default)]
    pub folders: Vec<FolderGrant>,
    /// The hosts that it may ask for something.
    #[serde(default)]
    pub hosts: Vec<HostRule>,
    /// The hosts that it declares and was not given. None where it gets what it declares.
    #[serde(default)]
    pub withheld_hosts: Option<Vec<HostRule>>,
}

impl TaskPolicy {
    /// The environment variables and writable folders, as JSON for the guest. Empty without any.
    pub fn context(&self) -> String {
        // Where temporary files may lie.
        let writable = self.folders.iter().filter(|folder| !folder.read_only);
        let writable: Vec<_> = writable.map(|folder| &folder.guest).collect();
        if self.env.is_empty() && writable.is_empty() {
            return String::new();
        }
        json!({ "env": self.env, "writable": writable }).to_string()
    }

    /// A bad limit is an error, never "no limit".
    pub fn check(&self) -> Result<(), &'static str> {
        Ceiling::default().clip(self).check()
    }
}

/// Limits that only lower those of a policy.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Ceiling {
    pub fuel: Option<u64>,
    pub memory_bytes: Option<u64>,
    pub timeout_ms: Option<f64>,
    pub max_retries: Option<u32>,
}

impl Ceiling {
    /// The policy under this ceiling.
    pub fn clip(&self, policy: &TaskPolicy) -> Bounds {
        Bounds {
            fuel: lower(self.fuel, Some(policy.fuel)).unwrap_or(policy.fuel),
            memory_bytes: lower(self.memory_bytes, policy.memory_bytes),
            timeout_ms: lower(self.timeout_ms, policy.timeout_ms),
            max_retries: lower(self.max_retries, Some(policy.max_retries))
                .unwrap_or(policy.max_retries),
        }
    }
}

/// What one task may use of time, memory and fuel.
#[derive(Clone, Debug)]
pub struct Bounds {
    pub fuel: u64,
    pub memory_bytes: Option<u64>,
    pub timeout_ms: Option<f64>,
    pub max_retries: u32,
}

impl Bounds {
    /// A bad limit is an error, never "no limit".
    pub fn check(&self) -> Result<(), &'static str> {
        const TIMEOUT_MS_AT_MOST: f64 = 1e12;
        if self.fuel == 0 || self.fuel > i64::MAX as u64 {
            return Err("fuel is not between 1 and 2^63 - 1");
        }
        if self.memory_bytes == Some(0) {
            return Err("memory_bytes is 0");
        }
        match self.timeout_ms {
            Some(timeout) if !(timeout > 0.0 && timeout <= TIMEOUT_MS_AT_MOST) => {
                Err("timeout_ms is not a positive number of at most 10^12")
            }
            _ => Ok(()),
        }
    }
}

fn lower<T: PartialOrd>(one: Option<T>, other: Option<T>) -> Option<T> {
    match (one, other) {
        (Some(one), Some(other)) => Some(if one < other { one } else { other }),
        (one, other) => one.or(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Limits;

    #[test]
    fn a_bad_limit_is_refused() {
        let check = |fuel, memory, timeout| {
            let json = format!(
                r#"{{"fuel": {fuel}, "memory_bytes": {memory}, "timeout_ms": {timeout}, "max_retries": 0}}"#
            );
            serde_json::from_str::<TaskPolicy>(&json).unwrap().check()
        };
        assert!(check("1", "null", "0.5").is_ok());
        assert!(check("0", "null", "null").is_err());
        assert!(check("18446744073709551615", "null", "null").is_err());
        assert!(check("1", "0", "null").is_err());
        assert!(check("1", "null", "0").is_err());
        assert!(check("1", "null", "-1").is_err());
        assert!(check("1", "null", "1e300").is_err());
    }

    #[test]
    fn a_ceiling_only_lowers() {
        let policy: TaskPolicy = serde_json::from_str(
            r#"{"fuel": 5, "memory_bytes": null, "timeout_ms": 7, "max_retries": 3}"#,
        )
        .unwrap();
        let clip = |ceiling: &str| {
            let ceiling: Ceiling = serde_json::from_str(ceiling).unwrap();
            let bounds = ceiling.clip(&policy);
            (
                bounds.fuel,
                bounds.memory_bytes,
                bounds.timeout_ms,
                bounds.max_retries,
            )
        };
        assert_eq!(clip("{}"), (5, None, Some(7.0), 3));
        let higher = r#"{"fuel": 6, "memory_bytes": 9, "timeout_ms": 8, "max_retries": 4}"#;
        assert_eq!(clip(higher), (5, Some(9), Some(7.0), 3));
        let lower = r#"{"fuel": 4, "timeout_ms": 6, "max_retries": 0}"#;
        assert_eq!(clip(lower), (4, None, Some(6.0), 0));
    }

    #[test]
    fn unknown_keys_are_refused() {
        assert!(serde_json::from_str::<Limits>(r#"{"tasks": 1}"#).is_err());
        assert!(
            serde_json::from_str::<TaskPolicy>(r#"{"fuel": 1, "max_retries": 0, "x": 1}"#).is_err()
        );
    }
}
