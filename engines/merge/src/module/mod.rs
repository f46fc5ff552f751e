//! Modules: what is in them, and the one that is made of many.

pub mod layout;
pub mod part;
pub mod whole;
