//! What loading a program needs besides it.

use super::store::ImageStore;
use crate::events::queue::EventQueue;
use crate::files::FolderGrant;
use crate::fixed::FixedRequest;
use crate::machine::cpu::Cpu;
use crate::policy::Limits;
use std::sync::Arc;
use tokio::sync::watch;

/// What loading needs besides the program.
pub struct Loading<'a> {
    /// Names the request in events: what top-level code prints belongs to it.
    pub id: u64,
    /// A digest of the program, if its image may be kept.
    pub key: Option<&'a str>,
    pub packages: &'a [FolderGrant],
    pub limits: &'a Limits,
    pub fixed: &'a FixedRequest,
    pub events: Arc<EventQueue>,
    pub images: &'a Arc<ImageStore>,
    pub cpu: &'a Arc<Cpu>,
    pub cancelled: watch::Receiver<bool>,
}
