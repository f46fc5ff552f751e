//! How many files a guest may have open.

use wasmtime::component::ResourceTable;
use wasmtime_wasi::p2::bindings::filesystem::types::ErrorCode;

/// Of the handles that a guest may have, what files leave free.
const ROOM: usize = 64;

/// WASI has no code of its own for it, and the system's quotas have another one.
pub const TOO_MANY_OPEN: ErrorCode = ErrorCode::Quota;

/// Whether the guest can still have what it needs besides files: streams, and what it waits for.
pub fn has_room(table: &mut ResourceTable) -> bool {
    let probes: Vec<_> = (0..ROOM).map_while(|_| table.push(()).ok()).collect();
    let has_room = probes.len() == ROOM;
    for probe in probes {
        let _ = table.delete(probe);
    }
    has_room
}
