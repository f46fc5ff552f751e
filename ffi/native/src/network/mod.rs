//! The one way from a guest to the network: HTTP, to hosts that its policy lists.
//!
//! [`rules`] says which names a task may ask for, [`address`] which addresses they may have, [`client`]
//! connects to those and no others, [`requests`] is what a guest sees of it: [`outgoing`] what it sends,
//! [`incoming`] what comes back, [`secrets`] what stands in the place of values on the way, [`refused`] what goes wrong.

mod address;
mod client;
mod incoming;
mod outgoing;
mod refused;
mod requests;
mod rules;
mod secrets;

pub use client::Certificates;
pub use requests::{Network, NetworkGrant};
pub use rules::{HostRule, Hosts};
pub use secrets::{Secret, Secrets};
