//! The functions that an engine imports.

use super::world::{Context, EVENTS, OPERATIONS};
use super::{clock, ended, files, random, text};
use crate::host::state::SandboxState;
use crate::values::failure::{ErrorType, Stop};
use crate::values::language::Language;
use crate::values::payload::Payload;
use wasmtime::Result;
use wasmtime::component::Linker;

/// Defines all that an engine of this language imports.
pub fn link(linker: &mut Linker<SandboxState>, language: Language) -> Result<()> {
    wasmtime_wasi::p2::add_to_linker_async(linker)?;
    files::link(linker)?;
    link_operations(linker)?;
    random::link(linker, language)?;
    clock::link(linker)?;
    if language == Language::JavaScript {
        linker
            .instance(EVENTS)?
            .func_wrap("ended", |context: Context<'_>, ()| {
                Ok((ended::future(context)?,))
            })?;
    }
    Ok(())
}

fn link_operations(linker: &mut Linker<SandboxState>) -> Result<()> {
    let mut instance = linker.instance(OPERATIONS)?;
    instance.func_wrap(
        "start",
        |mut context: Context<'_>, (operation, request): (String, Payload)| {
            let task = context.data_mut().task()?;
            Ok((task.operations.start(&operation, request, &task.context)?,))
        },
    )?;
    instance.func_wrap_async(
        "wait",
        |mut context: Context<'_>, (handle, timeout): (u32, Option<u64>)| {
            let operations = context.data_mut().waiter();
            Box::new(async move { Ok((operations?.wait(handle, timeout).await,)) })
        },
    )?;
    instance.func_wrap_async(
        "poll",
        |mut context: Context<'_>, (timeout,): (Option<u64>,)| {
            let operations = context.data_mut().waiter();
            Box::new(async move { Ok((operations?.poll(timeout).await,)) })
        },
    )?;
    instance.func_wrap("argument-bytes", |mut context: Context<'_>, ()| {
        Ok((context.data_mut().task()?.bytes.take_arguments(),))
    })?;
    instance.func_wrap(
        "result-bytes",
        |mut context: Context<'_>, (bytes,): (Vec<u8>,)| {
            let noted = context.data_mut().task()?.bytes.set_result(bytes);
            noted.map_err(|shortage| Stop(shortage.failure("the result")).into())
        },
    )?;
    instance.func_wrap("cancel", |mut context: Context<'_>, (handle,): (u32,)| {
        context.data_mut().task()?.operations.cancel(handle);
        Ok(())
    })?;
    instance.func_wrap_async(
        "write",
        |mut context: Context<'_>, (descriptor, bytes): (u32, Vec<u8>)| {
            let output = context.data_mut().task().map(|task| task.output.clone());
            Box::new(async move {
                let output = output?;
                if !matches!(descriptor, 1 | 2) {
                    return Err(Stop::error(
                        ErrorType::ResourceLimit,
                        format!("unknown output {descriptor}; known: 1, 2"),
                    ));
                }
                output.write(descriptor, &bytes).await
            })
        },
    )?;
    instance.func_wrap("encode", |_: Context<'_>, (text,): (String,)| {
        Ok((text.into_bytes(),))
    })?;
    instance.func_wrap(
        "decode",
        |_: Context<'_>, (bytes, fatal): (Vec<u8>, bool)| Ok((text::decode(bytes, fatal),)),
    )?;
    Ok(())
}
