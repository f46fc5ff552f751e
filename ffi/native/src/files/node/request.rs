//! What a guest asks for of files, as `node:fs` has it.

use serde::Deserialize;

/// One operation.
#[derive(Debug, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Request {
    /// The descriptor of a file that is opened.
    Open(Opening),
    Close {
        fd: u32,
    },
    /// Bytes; fewer than asked for at the end of the file.
    Read {
        fd: u32,
        offset: u64,
        length: u64,
    },
    /// The payload's bytes, at the offset or at the end.
    Write {
        fd: u32,
        offset: Option<u64>,
    },
    Stat {
        #[serde(flatten)]
        which: Which,
    },
    /// Names and kinds of what lies in a folder.
    List {
        path: String,
    },
    MakeFolder {
        path: String,
    },
    RemoveFolder {
        path: String,
    },
    RemoveFile {
        path: String,
    },
    Rename {
        from: String,
        to: String,
    },
    Link {
        from: String,
        to: String,
    },
    /// What the link says is not looked at until it is followed.
    MakeLink {
        path: String,
        target: String,
    },
    ReadLink {
        path: String,
    },
    SetSize {
        fd: u32,
        size: u64,
    },
    SetTimes {
        #[serde(flatten)]
        which: Which,
        /// Milliseconds since 1970.
        accessed: f64,
        modified: f64,
    },
    Sync {
        fd: u32,
    },
}

/// How a file is opened.
#[derive(Debug, Deserialize)]
pub struct Opening {
    pub path: String,
    #[serde(default)]
    pub read: bool,
    #[serde(default)]
    pub write: bool,
    #[serde(default)]
    pub create: bool,
    #[serde(default)]
    pub exclusive: bool,
    #[serde(default)]
    pub truncate: bool,
}

/// An open file, or what lies at a path.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Which {
    Fd {
        fd: u32,
    },
    Path {
        path: String,
        /// Of a link, what it leads to.
        #[serde(default)]
        follow: bool,
    },
}
