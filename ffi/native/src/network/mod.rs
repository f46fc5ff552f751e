//! The one way from a guest to the network: HTTP, to hosts that its policy lists.
//!
//! [`rules`] says which names a task may ask for, [`address`] which addresses they may have, [`client`]
//! connects to those and no others, [`requests`] is what a guest sees of it.

mod address;
mod client;
mod requests;
mod rules;

pub use client::Certificates;
pub use requests::{Network, NetworkGrant};
pub use rules::{HostRule, Hosts};
