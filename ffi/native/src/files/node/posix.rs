//! What WASI says of files, in the terms of POSIX.

use crate::files::guest::room::TOO_MANY_OPEN;
use serde_json::{Value, json};
use wasmtime_wasi::p2::bindings::clocks::wall_clock::Datetime;
use wasmtime_wasi::p2::bindings::filesystem::types::{
    DescriptorStat, DescriptorType, ErrorCode, NewTimestamp,
};

pub fn kind(kind: DescriptorType) -> &'static str {
    match kind {
        DescriptorType::RegularFile => "file",
        DescriptorType::Directory => "folder",
        DescriptorType::SymbolicLink => "link",
        _ => "other",
    }
}

pub fn described(stat: &DescriptorStat) -> Value {
    json!({
        "kind": kind(stat.type_),
        "size": stat.size,
        "links": stat.link_count,
        "accessed": stat.data_access_timestamp.map(milliseconds),
        "modified": stat.data_modification_timestamp.map(milliseconds),
        "changed": stat.status_change_timestamp.map(milliseconds),
    })
}

fn milliseconds(time: Datetime) -> f64 {
    time.seconds as f64 * 1000.0 + f64::from(time.nanoseconds) / 1_000_000.0
}

pub fn timestamp(milliseconds: f64) -> Result<NewTimestamp, ErrorCode> {
    if !(0.0..1e15).contains(&milliseconds) {
        return Err(ErrorCode::Invalid);
    }
    let seconds = (milliseconds / 1000.0).floor();
    Ok(NewTimestamp::Timestamp(Datetime {
        seconds: seconds as u64,
        nanoseconds: ((milliseconds - seconds * 1000.0) * 1_000_000.0) as u32,
    }))
}

/// The code as POSIX calls it.
pub fn name_of(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::Access => "EACCES",
        ErrorCode::WouldBlock => "EAGAIN",
        ErrorCode::Already => "EALREADY",
        ErrorCode::BadDescriptor => "EBADF",
        ErrorCode::Busy => "EBUSY",
        ErrorCode::Deadlock => "EDEADLK",
        TOO_MANY_OPEN => "EMFILE",
        ErrorCode::Exist => "EEXIST",
        ErrorCode::FileTooLarge => "EFBIG",
        ErrorCode::IllegalByteSequence => "EILSEQ",
        ErrorCode::InProgress => "EINPROGRESS",
        ErrorCode::Interrupted => "EINTR",
        ErrorCode::Invalid => "EINVAL",
        ErrorCode::Io => "EIO",
        ErrorCode::IsDirectory => "EISDIR",
        ErrorCode::Loop => "ELOOP",
        ErrorCode::TooManyLinks => "EMLINK",
        ErrorCode::MessageSize => "EMSGSIZE",
        ErrorCode::NameTooLong => "ENAMETOOLONG",
        ErrorCode::NoDevice => "ENODEV",
        ErrorCode::NoEntry => "ENOENT",
        ErrorCode::NoLock => "ENOLCK",
        ErrorCode::InsufficientMemory => "ENOMEM",
        ErrorCode::InsufficientSpace => "ENOSPC",
        ErrorCode::NotDirectory => "ENOTDIR",
        ErrorCode::NotEmpty => "ENOTEMPTY",
        ErrorCode::NotRecoverable => "ENOTRECOVERABLE",
        ErrorCode::Unsupported => "ENOTSUP",
        ErrorCode::NoTty => "ENOTTY",
        ErrorCode::NoSuchDevice => "ENXIO",
        ErrorCode::Overflow => "EOVERFLOW",
        ErrorCode::NotPermitted => "EPERM",
        ErrorCode::Pipe => "EPIPE",
        ErrorCode::ReadOnly => "EROFS",
        ErrorCode::InvalidSeek => "ESPIPE",
        ErrorCode::TextFileBusy => "ETXTBSY",
        ErrorCode::CrossDevice => "EXDEV",
    }
}
