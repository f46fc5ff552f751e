//! The C ABI as safe functions.

// Each test binary uses some of them.
#![allow(dead_code)]

use capsule::abi::*;
use std::ptr::{null, null_mut};

pub const EMPTY: CapsuleBuffer = CapsuleBuffer {
    data: null_mut(),
    len: 0,
};

/// Reads a buffer of the library and frees it.
pub fn take(buffer: CapsuleBuffer) -> Vec<u8> {
    if buffer.data.is_null() {
        return Vec::new();
    }
    // SAFETY: a buffer that the library just wrote.
    let bytes = unsafe { std::slice::from_raw_parts(buffer.data, buffer.len) }.to_vec();
    // SAFETY: as above; it is not used again.
    unsafe { capsule_buffer_free(buffer.data, buffer.len) };
    bytes
}

pub fn take_text(buffer: CapsuleBuffer) -> String {
    String::from_utf8_lossy(&take(buffer)).into_owned()
}

pub fn new_runtime(config: &str) -> Result<u64, (u32, String)> {
    let (mut runtime, mut error) = (0, EMPTY);
    // SAFETY: all pointers are of this frame.
    let status =
        unsafe { capsule_runtime_new(config.as_ptr(), config.len(), &mut runtime, &mut error) };
    result(status, runtime, error)
}

/// The id of the run, or a status and what is said of it.
pub fn submit(runtime: u64, request: &str) -> Result<u64, (u32, String)> {
    ask(submit_without_bytes, runtime, request)
}

/// The id of the grant, or a status and what is said of it.
pub fn grant(runtime: u64, request: &str) -> Result<u64, (u32, String)> {
    ask(capsule_runtime_grant, runtime, request)
}

unsafe extern "C" fn submit_without_bytes(
    runtime: u64,
    request: *const u8,
    request_len: usize,
    run: *mut u64,
    error: *mut CapsuleBuffer,
) -> u32 {
    // SAFETY: promised by the caller.
    unsafe { capsule_runtime_submit(runtime, request, request_len, null(), 0, run, error) }
}

type Request = unsafe extern "C" fn(u64, *const u8, usize, *mut u64, *mut CapsuleBuffer) -> u32;

fn ask(export: Request, runtime: u64, request: &str) -> Result<u64, (u32, String)> {
    let (mut id, mut error) = (0, EMPTY);
    // SAFETY: all pointers are of this frame.
    let status = unsafe {
        export(
            runtime,
            request.as_ptr(),
            request.len(),
            &mut id,
            &mut error,
        )
    };
    result(status, id, error)
}

/// The id of the program, or a status and what is said of it.
pub fn load(runtime: u64, request: &str, payload: &[u8]) -> Result<u64, (u32, String)> {
    let (mut program, mut error) = (0, EMPTY);
    // SAFETY: all pointers are of this frame.
    let status = unsafe {
        capsule_runtime_load(
            runtime,
            request.as_ptr(),
            request.len(),
            payload.as_ptr(),
            payload.len(),
            &mut program,
            &mut error,
        )
    };
    result(status, program, error)
}

/// The bytes of a program's component, or a status and what is said of it.
pub fn component(runtime: u64, program: u64) -> Result<Vec<u8>, (u32, String)> {
    let (mut bytes, mut error) = (EMPTY, EMPTY);
    // SAFETY: all pointers are of this frame.
    let status = unsafe { capsule_runtime_component(runtime, program, &mut bytes, &mut error) };
    if status == CAPSULE_OK {
        Ok(take(bytes))
    } else {
        Err((status, take_text(error)))
    }
}

pub fn next_events(runtime: u64) -> (u32, Vec<u8>) {
    let mut events = EMPTY;
    // SAFETY: the pointer is of this frame.
    let status = unsafe { capsule_runtime_next_event(runtime, &mut events) };
    (status, take(events))
}

fn result(status: u32, id: u64, error: CapsuleBuffer) -> Result<u64, (u32, String)> {
    if status == CAPSULE_OK {
        Ok(id)
    } else {
        Err((status, take_text(error)))
    }
}
