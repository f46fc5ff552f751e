//! How Wasmtime is set up: the same for compiling an engine and for running it.

use crate::memory::{Creator, FiberStacks};
use crate::values::language::Language;
use std::num::NonZeroUsize;
use std::sync::Arc;
use wasmtime::Config;

/// What wasm frames may use of a stack. Both engines have 1 MiB of their own in linear memory, which at
/// this size is mostly what runs out first.
const WASM_STACK_BYTES: usize = 4 << 20;
/// What is left to host functions: exhausting it would abort the process.
const HOST_STACK_BYTES: usize = 1 << 20;
const MEMORY_RESERVATION_BYTES: u64 = 4 << 30;
const GUARD_BYTES: u64 = 32 << 20;

pub fn config(language: Language) -> Config {
    let mut config = Config::new();
    config
        .wasm_component_model(true)
        // The event loop of QuickJS is the component model's; CPython brings its own.
        .concurrency_support(language == Language::JavaScript)
        .consume_fuel(true)
        .epoch_interruption(true)
        .max_wasm_stack(WASM_STACK_BYTES)
        .async_stack_size(WASM_STACK_BYTES + HOST_STACK_BYTES)
        .with_host_memory(Arc::new(Creator::default()))
        .with_host_stack(Arc::new(FiberStacks::default()))
        .memory_init_cow(false)
        .memory_reservation(MEMORY_RESERVATION_BYTES)
        .memory_guard_size(GUARD_BYTES)
        .memory_may_move(false)
        // Guests get their stacks from their own language.
        .wasm_backtrace_max_frames(None::<NonZeroUsize>)
        .generate_address_map(false);
    config
}
