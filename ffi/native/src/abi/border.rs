//! What crosses the border: versions, statuses, buffers, and failures.

use crate::database::DatabaseError;
use crate::runtime::{Refusal, panic_message};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Changes whenever a symbol, a request or an event does.
pub const CAPSULE_ABI_VERSION: u32 = 6;

/// The call did what it says.
pub const CAPSULE_OK: u32 = 0;
/// A pointer is null, text is not UTF-8, or a request is malformed.
pub const CAPSULE_INVALID_ARGUMENT: u32 = 1;
/// There is no such runtime, program, run or database, or it is gone.
pub const CAPSULE_NOT_FOUND: u32 = 2;
/// The runtime was freed: no event will come any more.
pub const CAPSULE_CLOSED: u32 = 3;
/// The machine does not let the library work: see the error's text.
pub const CAPSULE_FAILED: u32 = 4;
/// A fault of this library.
pub const CAPSULE_INTERNAL: u32 = 5;

/// Bytes that belong to the caller until `capsule_buffer_free`.
#[repr(C)]
#[derive(Debug)]
pub struct CapsuleBuffer {
    /// The first byte.
    pub data: *mut u8,
    /// How many there are.
    pub len: usize,
}

/// The version of this ABI. To be called first: a caller of another version must not go on.
#[unsafe(no_mangle)]
pub extern "C" fn capsule_abi_version() -> u32 {
    CAPSULE_ABI_VERSION
}

/// Frees a buffer of this library. Null is allowed.
///
/// # Safety
/// `data` and `len` are those of a buffer that was not freed yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn capsule_buffer_free(data: *mut u8, len: usize) {
    if !data.is_null() {
        // SAFETY: promised by the caller; `From` made it of a box.
        drop(unsafe { Box::from_raw(std::ptr::slice_from_raw_parts_mut(data, len)) });
    }
}

impl From<Vec<u8>> for CapsuleBuffer {
    fn from(bytes: Vec<u8>) -> Self {
        let bytes = Box::leak(bytes.into_boxed_slice());
        Self {
            data: bytes.as_mut_ptr(),
            len: bytes.len(),
        }
    }
}

pub struct Fault {
    pub status: u32,
    pub message: String,
}

impl Fault {
    pub fn new(status: u32, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
        }
    }
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        let status = match refusal {
            Refusal::Invalid(_) => CAPSULE_INVALID_ARGUMENT,
            Refusal::Failed(_) => CAPSULE_FAILED,
        };
        Self::new(status, refusal.to_string())
    }
}

impl From<DatabaseError> for Fault {
    fn from(error: DatabaseError) -> Self {
        let json = serde_json::to_string(&error).expect("a number and text can be written");
        Self::new(CAPSULE_FAILED, json)
    }
}

/// Runs the body of an export. No panic leaves it, and what went wrong is written to `error`.
pub fn guarded(error: *mut CapsuleBuffer, body: impl FnOnce() -> Result<(), Fault>) -> u32 {
    let result = catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|panic| {
        let message = format!("the library failed: {}", panic_message(&*panic));
        Err(Fault::new(CAPSULE_INTERNAL, message))
    });
    match result {
        Ok(()) => CAPSULE_OK,
        Err(Fault { status, message }) => {
            if !error.is_null() {
                // SAFETY: not null, and the caller of the export promised that it is writable then.
                unsafe { error.write(CapsuleBuffer::from(message.into_bytes())) };
            }
            status
        }
    }
}

/// # Safety
/// `data` is null or points to `len` bytes that stay as they are.
pub unsafe fn bytes<'a>(data: *const u8, len: usize) -> Result<&'a [u8], Fault> {
    match (data.is_null(), len) {
        (_, 0) => Ok(&[]),
        (true, _) => Err(Fault::new(CAPSULE_INVALID_ARGUMENT, "a pointer is null")),
        // SAFETY: promised by the caller.
        (false, _) => Ok(unsafe { std::slice::from_raw_parts(data, len) }),
    }
}

/// # Safety
/// As `bytes`.
pub unsafe fn text<'a>(data: *const u8, len: usize) -> Result<&'a str, Fault> {
    // SAFETY: promised by the caller.
    std::str::from_utf8(unsafe { bytes(data, len) }?)
        .map_err(|_| Fault::new(CAPSULE_INVALID_ARGUMENT, "text is not UTF-8"))
}

/// # Safety
/// `output` is null or writable.
pub unsafe fn write<T>(output: *mut T, value: T) -> Result<(), Fault> {
    if output.is_null() {
        return Err(Fault::new(CAPSULE_INVALID_ARGUMENT, "a pointer is null"));
    }
    // SAFETY: promised by the caller.
    unsafe { output.write(value) };
    Ok(())
}
