//! Files that the host itself reads for a program: somebody else may have put them where they are.

use serde::Serialize;
use std::ffi::{CString, OsStr};
use std::fmt;
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::os::fd::{AsRawFd, FromRawFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::path::{Component, Path};

/// Why a file was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// There is nothing at the path.
    Missing,
    /// A folder, a device, a pipe or a socket.
    NotAFile,
    /// It has more bytes than the caller takes.
    TooLarge,
    /// Links lead out of the folder that it has to lie in.
    Outside,
    /// The system refused.
    Unreadable,
}

/// A file that was not read.
#[derive(Debug, Serialize)]
pub struct Refused {
    pub reason: Reason,
    pub message: String,
}

impl Refused {
    fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self {
            reason,
            message: message.into(),
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl From<io::Error> for Refused {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory => {
                Self::new(Reason::Missing, "nothing lies at the path")
            }
            _ => Self::new(Reason::Unreadable, error.to_string()),
        }
    }
}

/// Opens a regular file, and nothing else: no device, no pipe. The file that is checked is the file that is opened. With
/// a folder, the file has to lie in it once all links are followed.
pub fn open(path: &Path, folder: Option<&Path>) -> Result<File, Refused> {
    let real = path.canonicalize()?;
    if let Some(folder) = folder
        && !real.starts_with(folder.canonicalize()?)
    {
        return Err(Refused::new(Reason::Outside, "it leads out of its folder"));
    }
    // Not blocking: somebody has to open the other end of a pipe first.
    let file = open_without_links(&real, libc::O_RDONLY | libc::O_NONBLOCK | libc::O_NOCTTY)?;
    if !file.metadata()?.is_file() {
        return Err(Refused::new(Reason::NotAFile, "it is not a regular file"));
    }
    Ok(file)
}

/// Reads `len` bytes of a file that [`open`] opens.
pub fn read_part(path: &Path, start: u64, len: u64) -> Result<Vec<u8>, Refused> {
    let file = open(path, None)?;
    let end = start.checked_add(len);
    if end.is_none_or(|end| end > file.metadata().map_or(0, |found| found.len())) {
        return Err(io::Error::from(ErrorKind::UnexpectedEof).into());
    }
    let mut content = vec![0; usize::try_from(len).map_err(io::Error::other)?];
    file.read_exact_at(&mut content, start)?;
    Ok(content)
}

/// Reads a file of at most `max_bytes` that [`open`] opens.
pub fn read(path: &Path, folder: Option<&Path>, max_bytes: u64) -> Result<Vec<u8>, Refused> {
    let file = open(path, folder)?;
    let found = file.metadata()?;
    let too_large = || {
        Refused::new(
            Reason::TooLarge,
            format!("it is larger than {max_bytes} bytes"),
        )
    };
    if found.len() > max_bytes {
        return Err(too_large());
    }
    let mut content = Vec::with_capacity(usize::try_from(found.len()).map_err(|_| too_large())?);
    // It may grow meanwhile, and files of /proc say that they are empty.
    file.take(max_bytes + 1).read_to_end(&mut content)?;
    if content.len() as u64 > max_bytes {
        return Err(too_large());
    }
    Ok(content)
}

/// Opens what is at an absolute path, one name after the other: a link among them, which somebody may have put there
/// since the path was looked at, is an error.
pub fn open_without_links(path: &Path, flags: i32) -> io::Result<File> {
    open_without_links_with_mode(path, flags, 0)
}

/// The same, with the rights of a file that is made.
pub fn open_without_links_with_mode(path: &Path, flags: i32, mode: u32) -> io::Result<File> {
    let mut names = path.components().peekable();
    if names.next() != Some(Component::RootDir) {
        return Err(ErrorKind::InvalidInput.into());
    }
    let mut opened = open_at(None, "/".as_ref(), FOLDER)?;
    while let Some(name) = names.next() {
        let Component::Normal(name) = name else {
            return Err(ErrorKind::InvalidInput.into());
        };
        let flags = if names.peek().is_none() {
            flags
        } else {
            FOLDER
        };
        opened = open_at_with_mode(Some(&opened), name, flags, mode)?;
    }
    Ok(opened)
}

/// Removes the file at an absolute path in the same way, or a link itself.
pub fn remove_without_links(path: &Path) -> io::Result<()> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(ErrorKind::InvalidInput.into());
    };
    let folder = open_without_links(folder, FOLDER)?;
    let name = CString::new(name.as_bytes())?;
    // SAFETY: the name ends with NUL, and the folder stays open during the call.
    if unsafe { libc::unlinkat(folder.as_raw_fd(), name.as_ptr(), 0) } == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Enough to look for names in it: it need not be readable.
#[cfg(target_os = "linux")]
pub const FOLDER: i32 = libc::O_PATH | libc::O_DIRECTORY;
#[cfg(not(target_os = "linux"))]
pub const FOLDER: i32 = libc::O_RDONLY | libc::O_DIRECTORY;

/// Opens what has a name in a folder, and no link.
pub fn open_at(folder: Option<&File>, name: &OsStr, flags: i32) -> io::Result<File> {
    open_at_with_mode(folder, name, flags, 0)
}

/// The same, with the rights of a file that is made.
pub fn open_at_with_mode(
    folder: Option<&File>,
    name: &OsStr,
    flags: i32,
    mode: u32,
) -> io::Result<File> {
    let name = CString::new(name.as_bytes())?;
    let folder = folder.map_or(libc::AT_FDCWD, AsRawFd::as_raw_fd);
    // SAFETY: the name ends with NUL, and the folder stays open during the call.
    let descriptor = unsafe {
        libc::openat(
            folder,
            name.as_ptr(),
            flags | libc::O_NOFOLLOW | libc::O_CLOEXEC,
            mode,
        )
    };
    if descriptor == -1 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: it was just opened, and nobody else knows it.
    Ok(unsafe { File::from_raw_fd(descriptor) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::path::PathBuf;

    fn folder(name: &str) -> PathBuf {
        let temp = std::env::temp_dir().canonicalize().unwrap();
        let folder = temp.join(format!("capsule-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    fn reason(result: Result<Vec<u8>, Refused>) -> Reason {
        result.unwrap_err().reason
    }

    #[test]
    fn only_a_regular_file_is_read_and_only_if_it_is_small_enough() {
        let root = folder("host-file");
        fs::write(root.join("file"), "four").unwrap();
        let pipe = CString::new(root.join("pipe").as_os_str().as_bytes()).unwrap();
        // SAFETY: the path ends with NUL.
        assert_eq!(unsafe { libc::mkfifo(pipe.as_ptr(), 0o600) }, 0);
        assert_eq!(read(&root.join("file"), None, 4).unwrap(), b"four");
        assert_eq!(reason(read(&root.join("file"), None, 3)), Reason::TooLarge);
        assert_eq!(reason(read(&root.join("none"), None, 4)), Reason::Missing);
        assert_eq!(reason(read(&root.join("file/x"), None, 4)), Reason::Missing);
        for other in [root.clone(), root.join("pipe"), "/dev/zero".into()] {
            assert_eq!(reason(read(&other, None, 4)), Reason::NotAFile, "{other:?}");
        }
        let part = |start, len| read_part(&root.join("file"), start, len);
        assert_eq!(part(1, 2).unwrap(), b"ou");
        for (start, len) in [(1, 4), (5, 0), (0, u64::MAX), (u64::MAX, 1)] {
            assert_eq!(reason(part(start, len)), Reason::Unreadable);
        }
        fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn a_file_lies_in_its_folder_once_links_are_followed() {
        let root = folder("host-file-inside");
        fs::create_dir_all(root.join("in/deep")).unwrap();
        fs::write(root.join("in/deep/file"), "in").unwrap();
        fs::write(root.join("out"), "out").unwrap();
        symlink("deep/file", root.join("in/inward")).unwrap();
        symlink("../out", root.join("in/outward")).unwrap();
        symlink("..", root.join("in/up")).unwrap();
        let inside = root.join("in");
        let read = |path: &str| read(&inside.join(path), Some(&inside), 9);
        assert_eq!(read("inward").unwrap(), b"in");
        assert_eq!(read("up/in/deep/file").unwrap(), b"in");
        assert_eq!(reason(read("outward")), Reason::Outside);
        assert_eq!(reason(read("up/out")), Reason::Outside);
        assert_eq!(reason(read("../out")), Reason::Outside);
        fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn nothing_is_opened_through_a_link() {
        let root = folder("host-file-links");
        fs::create_dir_all(root.join("real")).unwrap();
        fs::write(root.join("real/file"), "").unwrap();
        symlink("real", root.join("link")).unwrap();
        symlink("real/file", root.join("last")).unwrap();
        let open = |path: &str| open_without_links(&root.join(path), libc::O_RDONLY);
        assert!(open("real/file").is_ok());
        assert!(open("link/file").is_err());
        assert!(open("last").is_err());
        assert!(open("real/../real/file").is_err());
        fs::remove_dir_all(root).unwrap();
    }
}
