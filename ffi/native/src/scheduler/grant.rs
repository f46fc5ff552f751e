//! What the tasks of a program may do.

use crate::files::{self, Folders};
use crate::network::{Hosts, NetworkGrant, Secret, Secrets};
use crate::policy::{Limits, TaskPolicy};
use crate::program::Program;
use std::collections::HashMap;
use std::sync::Arc;

/// A program, and what its tasks may do: fixed before any of them runs.
pub struct Grant {
    pub program: Arc<Program>,
    pub(super) limits: Limits,
    pub(super) tasks: HashMap<String, Arc<TaskGrant>>,
}

/// What one task may do.
pub(super) struct TaskGrant {
    pub(super) policy: TaskPolicy,
    /// Its environment variables and writable folders, as JSON for the guest.
    pub(super) context: String,
    pub(super) folders: Folders,
    pub(super) network: NetworkGrant,
}

impl Grant {
    /// Fails where a folder cannot be opened.
    pub fn new(
        program: Arc<Program>,
        policies: HashMap<String, TaskPolicy>,
        limits: Limits,
        secrets: Vec<Secret>,
    ) -> wasmtime::Result<Self> {
        let secrets = Secrets::from(secrets);
        let task = |(name, policy): (String, TaskPolicy)| {
            let granted = TaskGrant {
                context: policy.context(),
                folders: files::open_all(&policy.folders, &program.packages)?,
                network: NetworkGrant {
                    hosts: Hosts {
                        granted: policy.hosts.as_slice().into(),
                        withheld: policy.withheld_hosts.as_deref().map(Arc::from),
                    },
                    secrets: secrets.clone(),
                    option: program
                        .engine
                        .language()
                        .spelling("allowedHosts", "allowed_hosts"),
                    requests_at_most: limits.requests,
                    body_bytes_at_most: limits.body_bytes,
                },
                policy,
            };
            Ok((name, Arc::new(granted)))
        };
        let tasks = policies.into_iter().map(task);
        Ok(Self {
            tasks: tasks.collect::<wasmtime::Result<_>>()?,
            program,
            limits,
        })
    }
}
