//! What a guest can have done while it goes on: sleeps, requests, files, sub-tasks.

mod draws;
mod sub_task;
mod table;
mod unheard;
mod work;

pub use draws::Draws;
pub use sub_task::{NAME_CHARACTERS_AT_MOST, SubTask};
pub use table::{Operations, Waiter};
pub use work::{Call, TaskContext};
