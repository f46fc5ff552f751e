//! The folders that a sandbox may touch. WASI's preopened folders keep a guest inside of them; what lies
//! here says which there are, for both engines.

mod folder;
pub mod guest;
pub mod host;
pub mod node;
mod seen;
pub mod stamp;

pub use folder::{Folder, FolderGrant, Folders, open_all, open_packages};
pub use seen::Seen;
