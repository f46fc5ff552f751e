//! Sleeps of guests by WASI: they advance a clock that is not the host's.

use super::world::{Context, WASI_CLOCK};
use crate::host::state::SandboxState;
use wasmtime::Result;
use wasmtime::component::{Linker, Resource};
use wasmtime_wasi::clocks::WasiClocksView;
use wasmtime_wasi::p2::DynPollable;
use wasmtime_wasi::p2::bindings::clocks::monotonic_clock::Host;

/// Defines how guests sleep. A guest has one thread and waits where it subscribes, so its clock may be advanced at once.
pub fn link(linker: &mut Linker<SandboxState>) -> Result<()> {
    // In the place of WASI's own.
    linker.allow_shadowing(true);
    let mut instance = linker.instance(WASI_CLOCK)?;
    instance.func_wrap(
        "subscribe-duration",
        |mut context: Context<'_>, (duration,): (u64,)| Ok((sleep(context.data_mut(), duration)?,)),
    )?;
    instance.func_wrap(
        "subscribe-instant",
        |mut context: Context<'_>, (when,): (u64,)| {
            let state = context.data_mut();
            let clock = state.fixed().and_then(|fixed| fixed.clock());
            match clock.map(|clock| clock.until(when)) {
                Some(duration) => Ok((sleep(state, duration)?,)),
                None => Ok((state.clocks().subscribe_instant(when)?,)),
            }
        },
    )?;
    linker.allow_shadowing(false);
    Ok(())
}

fn sleep(state: &mut SandboxState, duration: u64) -> Result<Resource<DynPollable>> {
    if let Some(clock) = state.fixed().and_then(|fixed| fixed.clock()) {
        clock.advance(duration);
    }
    state.clocks().subscribe_duration(duration)
}
