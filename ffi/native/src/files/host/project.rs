//! `.capsule` of a project. It may have come with somebody's repository, and others may exchange it for a link at any
//! time: everything in it is made, changed and removed from the descriptors of its folders.

use super::host_file::{FOLDER, open_at, open_at_with_mode, open_without_links};
use serde::Deserialize;
use std::ffi::CString;
use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::os::fd::AsRawFd;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

const NAME: &str = ".capsule";
const IGNORE: &str = ".gitignore";

/// What is done in `.capsule`; names are seen from there.
#[derive(Debug, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum Change {
    /// Makes a folder, if it is missing. An empty name is `.capsule` itself.
    Make {
        name: String,
    },
    /// Writes a whole file, and then gives it its name.
    Write {
        name: String,
    },
    Rename {
        name: String,
        to: String,
    },
    /// Removes a file, if it is there.
    Remove {
        name: String,
    },
}

/// Changes something in the `.capsule` of a project, which is made if it is missing. The root is absolute and leads
/// through no link. `.capsule` and what lies in it are no links either: an error of `ELOOP` or `ENOTDIR`.
pub fn change(root: &Path, change: &Change, content: &[u8]) -> io::Result<()> {
    match change {
        Change::Make { name } => open(root, name).map(drop),
        Change::Write { name } => {
            let (folder, name) = open_parent(root, name)?;
            replace(&folder, name, content)
        }
        Change::Rename { name, to } => {
            let (old_folder, old_name) = open_parent(root, name)?;
            let (new_folder, new_name) = open_parent(root, to)?;
            rename_at(&old_folder, old_name, &new_folder, new_name)
        }
        Change::Remove { name } => {
            let (folder, name) = open_parent(root, name)?;
            match remove_at(&folder, name) {
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
                removed => removed,
            }
        }
    }
}

/// Opens a folder of `.capsule`; what is missing of it is made.
fn open(root: &Path, name: &str) -> io::Result<File> {
    let own = open_or_make(&open_without_links(root, FOLDER)?, NAME)?;
    if !exists(&own, IGNORE)? {
        replace(&own, IGNORE, b"*\n")?;
    }
    let names = name.split('/').filter(|name| !name.is_empty());
    names
        .map(plain)
        .try_fold(own, |folder, name| open_or_make(&folder, name?))
}

fn open_parent<'a>(root: &Path, name: &'a str) -> io::Result<(File, &'a str)> {
    let (folder, last) = name.rsplit_once('/').unwrap_or(("", name));
    Ok((open(root, folder)?, plain(last)?))
}

fn plain(name: &str) -> io::Result<&str> {
    if ["", ".", ".."].contains(&name) {
        return Err(ErrorKind::InvalidInput.into());
    }
    Ok(name)
}

fn open_or_make(folder: &File, name: &str) -> io::Result<File> {
    let opened = open_at(Some(folder), name.as_ref(), FOLDER);
    if !matches!(&opened, Err(error) if error.kind() == ErrorKind::NotFound) {
        return opened;
    }
    let text = CString::new(name)?;
    // SAFETY: the name ends with NUL, and the folder stays open during the call.
    let made = unsafe { libc::mkdirat(folder.as_raw_fd(), text.as_ptr(), 0o777) };
    // Another process may have been first.
    if let Err(error) = done(made)
        && error.kind() != ErrorKind::AlreadyExists
    {
        return Err(error);
    }
    open_at(Some(folder), name.as_ref(), FOLDER)
}

fn exists(folder: &File, name: &str) -> io::Result<bool> {
    let name = CString::new(name)?;
    // SAFETY: the name ends with NUL, and the folder stays open during the call.
    let found = unsafe { libc::faccessat(folder.as_raw_fd(), name.as_ptr(), libc::F_OK, 0) };
    match done(found) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

fn replace(folder: &File, name: &str, content: &[u8]) -> io::Result<()> {
    static SERIAL: AtomicU64 = AtomicU64::new(0);
    let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
    let temporary = format!("{name}.{}.{serial}.tmp", std::process::id());
    let flags = libc::O_WRONLY | libc::O_CREAT | libc::O_EXCL;
    let mut file = open_at_with_mode(Some(folder), temporary.as_ref(), flags, 0o644)?;
    let written = file
        .write_all(content)
        .and_then(|()| rename_at(folder, &temporary, folder, name));
    if written.is_err() {
        let _ = remove_at(folder, &temporary);
    }
    written
}

fn rename_at(old: &File, old_name: &str, new: &File, new_name: &str) -> io::Result<()> {
    let (old_name, new_name) = (CString::new(old_name)?, CString::new(new_name)?);
    // SAFETY: the names end with NUL, and the folders stay open during the call.
    done(unsafe {
        libc::renameat(
            old.as_raw_fd(),
            old_name.as_ptr(),
            new.as_raw_fd(),
            new_name.as_ptr(),
        )
    })
}

/// Removes a file, or a link itself.
fn remove_at(folder: &File, name: &str) -> io::Result<()> {
    let name = CString::new(name)?;
    // SAFETY: the name ends with NUL, and the folder stays open during the call.
    done(unsafe { libc::unlinkat(folder.as_raw_fd(), name.as_ptr(), 0) })
}

fn done(status: i32) -> io::Result<()> {
    if status == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::path::PathBuf;

    fn root(name: &str) -> PathBuf {
        let temp = std::env::temp_dir().canonicalize().unwrap();
        let root = temp.join(format!("capsule-project-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&root);
        fs::create_dir_all(&root).unwrap();
        root
    }

    fn write(name: &str) -> Change {
        Change::Write {
            name: name.to_owned(),
        }
    }

    #[test]
    fn files_are_written_renamed_and_removed() {
        let root = root("files");
        change(&root, &write("wasm/a"), b"one").unwrap();
        change(&root, &write("wasm/a"), b"two").unwrap();
        let to = "wasm/b".to_owned();
        let name = "wasm/a".to_owned();
        change(&root, &Change::Rename { name, to }, b"").unwrap();
        assert_eq!(fs::read(root.join(".capsule/wasm/b")).unwrap(), b"two");
        assert_eq!(fs::read(root.join(".capsule/.gitignore")).unwrap(), b"*\n");
        for _ in 0..2 {
            let name = "wasm/b".to_owned();
            change(&root, &Change::Remove { name }, b"").unwrap();
        }
        assert_eq!(fs::read_dir(root.join(".capsule/wasm")).unwrap().count(), 0);
        for name in ["../a", "wasm/../../a", "", "wasm/", "."] {
            assert!(change(&root, &write(name), b"").is_err(), "{name}");
        }
        assert!(!root.join("a").exists());
        fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn nothing_is_written_behind_a_link() {
        let root = root("links");
        fs::create_dir_all(root.join("elsewhere/wasm")).unwrap();
        let is_refused = || {
            let error = change(&root, &write("wasm/a"), b"").unwrap_err();
            matches!(error.raw_os_error(), Some(libc::ELOOP | libc::ENOTDIR))
        };
        symlink("elsewhere", root.join(".capsule")).unwrap();
        assert!(is_refused());
        fs::remove_file(root.join(".capsule")).unwrap();
        fs::create_dir(root.join(".capsule")).unwrap();
        symlink("../elsewhere", root.join(".capsule/wasm")).unwrap();
        assert!(is_refused());
        fs::remove_file(root.join(".capsule/wasm")).unwrap();
        // A link in place of the file is replaced, not followed.
        fs::create_dir(root.join(".capsule/wasm")).unwrap();
        symlink("../../elsewhere/a", root.join(".capsule/wasm/a")).unwrap();
        change(&root, &write("wasm/a"), b"own").unwrap();
        assert_eq!(fs::read(root.join(".capsule/wasm/a")).unwrap(), b"own");
        assert_eq!(
            fs::read_dir(root.join("elsewhere/wasm")).unwrap().count(),
            0
        );
        assert!(!root.join("elsewhere/a").exists());
        fs::remove_dir_all(root).unwrap();
    }
}
