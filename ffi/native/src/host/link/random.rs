//! Random bytes for guests, from the host or from a seed.

use super::world::{Context, OPERATIONS, WASI_RANDOM};
use crate::host::operations::Draws;
use crate::host::state::SandboxState;
use crate::values::failure::{ErrorType, Stop};
use crate::values::language::Language;
use wasmtime::Result;
use wasmtime::component::Linker;

const BYTES_AT_MOST: u64 = 1 << 16;

/// Defines where guests get random bytes from. Programs in Python draw by WASI; what that engine takes from the SDK's
/// interface first seeds its own generator, and it draws by WASI when a program has used that.
pub fn link(linker: &mut Linker<SandboxState>, language: Language) -> Result<()> {
    let seeds = language == Language::Python;
    linker.instance(OPERATIONS)?.func_wrap(
        "random",
        move |mut context: Context<'_>, (count,): (u32,)| {
            if u64::from(count) > BYTES_AT_MOST {
                let message = format!("at most {BYTES_AT_MOST} random bytes at once");
                return Ok((Err(message),));
            }
            match draws(&mut context) {
                Some(draws) if seeds => draws.note_after_seeding(),
                Some(draws) => draws.note(),
                None => {}
            }
            Ok((Ok::<_, String>(bytes(&context, count as usize)?),))
        },
    )?;
    // In the place of WASI's own.
    linker.allow_shadowing(true);
    let mut instance = linker.instance(WASI_RANDOM)?;
    instance.func_wrap(
        "get-random-bytes",
        |mut context: Context<'_>, (count,): (u64,)| {
            if count > BYTES_AT_MOST {
                return Err(Stop::error(
                    ErrorType::ResourceLimit,
                    format!("a task may draw {BYTES_AT_MOST} random bytes at once, not {count}"),
                ));
            }
            note(&mut context);
            Ok((bytes(&context, count as usize)?,))
        },
    )?;
    instance.func_wrap("get-random-u64", |mut context: Context<'_>, ()| {
        note(&mut context);
        let bytes = bytes(&context, 8)?
            .try_into()
            .expect("so many were asked for");
        Ok((u64::from_le_bytes(bytes),))
    })?;
    linker.allow_shadowing(false);
    Ok(())
}

fn note(context: &mut Context<'_>) {
    if let Some(draws) = draws(context) {
        draws.note();
    }
}

/// Where draws are noted, while a program is loaded. An instance that is made has no task yet.
fn draws<'a>(context: &'a mut Context<'_>) -> Option<&'a Draws> {
    context.data_mut().task().ok()?.context.draws.as_deref()
}

fn bytes(context: &Context<'_>, count: usize) -> Result<Vec<u8>> {
    let mut bytes = vec![0; count];
    if context
        .data()
        .fixed()
        .is_some_and(|fixed| fixed.fill(&mut bytes))
    {
        return Ok(bytes);
    }
    getrandom::fill(&mut bytes).map_err(|error| {
        let message = format!("the host has no random bytes: {error}");
        Stop::error(ErrorType::InternalError, message)
    })?;
    Ok(bytes)
}
