//! How a guest's path is followed: one name after the other, from a folder that is open. What is checked on the way is
//! what is opened, links are followed by their text, and no way leads to a hidden name or out of the folder.

use super::hidden::is_hidden;
use crate::files::host::host_file::{FOLDER, open_at};
use std::borrow::Cow;
use std::ffi::CString;
use std::fs::File;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::AsRawFd;
use wasmtime_wasi::p2::bindings::filesystem::types::ErrorCode;

/// Longer paths have no meaning to the system either.
const PATH_BYTES_AT_MOST: usize = 4096;
const LINKS_AT_MOST: usize = 40;
const NAMES_AT_MOST: usize = 4096;

/// What the last name of a path stands for.
#[derive(Clone, Copy, Debug)]
pub struct Last {
    /// Of a link, what it leads to.
    pub follow: bool,
    /// The mode of what lies there is returned.
    pub look: bool,
    /// A slash at the end leads into a folder. Else it is told of, and means nothing here.
    pub enter: bool,
    /// Why a hidden name is refused. As one in the middle of a path, it is never there.
    pub hidden: ErrorCode,
}

impl Last {
    /// It is looked at.
    pub const FOLLOW: Self = Self {
        follow: true,
        look: true,
        enter: true,
        hidden: ErrorCode::NoEntry,
    };
    /// The same for the link itself.
    pub const LINK: Self = Self {
        follow: false,
        look: false,
        ..Self::FOLLOW
    };
    /// It is moved or removed.
    pub const CHANGE: Self = Self {
        enter: false,
        ..Self::LINK
    };
    /// Something may be made there.
    pub const MAKE: Self = Self {
        hidden: ErrorCode::NotPermitted,
        ..Self::CHANGE
    };
}

/// Where a path leads: a name in a folder, and behind no link.
#[derive(Debug)]
pub struct Way {
    /// None is the folder in which the path begins.
    pub folder: Option<File>,
    /// `.` is the folder itself.
    pub name: String,
    /// What lies there, as `st_mode` says it, if that was asked for and something does.
    pub mode: Option<libc::mode_t>,
    /// A slash at the end asks for a folder.
    pub has_slash: bool,
}

/// Follows a path.
pub fn walk(start: &File, path: &str, last: Last) -> Result<Way, ErrorCode> {
    if path.is_empty() {
        return Err(ErrorCode::NoEntry);
    }
    if path.starts_with('/') {
        return Err(ErrorCode::NotPermitted);
    }
    if path.len() > PATH_BYTES_AT_MOST {
        return Err(ErrorCode::NameTooLong);
    }
    let has_slash = path.ends_with('/');
    let mut is_folder = last.enter && has_slash || ends_with_dots(path);
    let mut names: Vec<Cow<'_, str>> = names_of(path).map(Cow::Borrowed).collect();
    // Where it is, and the names that have led there. Deep folders take no more descriptors than flat ones.
    let (mut folder, mut walked) = (None, Vec::new());
    let (mut links, mut count) = (0, 0);
    while let Some(name) = names.pop() {
        count += 1;
        if count > NAMES_AT_MOST {
            return Err(ErrorCode::Loop);
        }
        if name == ".." {
            // A folder may have been moved since: what is around it now may be outside.
            walked.pop().ok_or(ErrorCode::NotPermitted)?;
            names.extend(walked.drain(..).rev());
            folder = None;
            continue;
        }
        let is_last = names.is_empty() && !is_folder;
        if is_hidden(&name) {
            return Err(if names.is_empty() {
                last.hidden
            } else {
                ErrorCode::NoEntry
            });
        }
        let here = folder.as_ref().unwrap_or(start);
        let mode = if !is_last {
            match open_at(Some(here), name.as_ref().as_ref(), FOLDER) {
                Ok(opened) => {
                    folder = Some(opened);
                    walked.push(name);
                    continue;
                }
                Err(error) if is_perhaps_link(&error) => mode_of(here, &name)?,
                Err(error) => return Err(ErrorCode::from(error)),
            }
        } else if last.follow || last.look {
            mode_of(here, &name)?
        } else {
            None
        };
        let is_link = mode.is_some_and(|mode| mode & libc::S_IFMT == libc::S_IFLNK);
        if is_link && (last.follow || !is_last) {
            links += 1;
            if links > LINKS_AT_MOST {
                return Err(ErrorCode::Loop);
            }
            let target = read_link(here, &name)?;
            if target.starts_with('/') {
                return Err(ErrorCode::NotPermitted);
            }
            if names.is_empty() {
                is_folder |= target.ends_with('/') || ends_with_dots(&target);
            }
            names.extend(names_of(&target).map(|name| Cow::Owned(name.to_owned())));
            continue;
        }
        if !is_last {
            return Err(ErrorCode::NotDirectory);
        }
        return Ok(Way {
            folder,
            name: name.into_owned(),
            mode,
            has_slash,
        });
    }
    Ok(Way {
        folder,
        name: ".".to_owned(),
        mode: None,
        has_slash,
    })
}

/// The names of a path, the last one first.
fn names_of(path: &str) -> impl Iterator<Item = &str> {
    let names = path.split('/').rev();
    names.filter(|name| !name.is_empty() && *name != ".")
}

fn ends_with_dots(path: &str) -> bool {
    let last = path.trim_end_matches('/').rsplit('/').next();
    matches!(last, Some("." | ".."))
}

fn is_perhaps_link(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::ELOOP | libc::ENOTDIR))
}

/// What lies under a name. None if nothing does.
fn mode_of(folder: &File, name: &str) -> Result<Option<libc::mode_t>, ErrorCode> {
    let name = CString::new(name).map_err(|_| ErrorCode::Invalid)?;
    let mut stat = MaybeUninit::<libc::stat>::uninit();
    // SAFETY: the name ends with NUL, the folder stays open, and there is room for a `stat`.
    let status = unsafe {
        libc::fstatat(
            folder.as_raw_fd(),
            name.as_ptr(),
            stat.as_mut_ptr(),
            libc::AT_SYMLINK_NOFOLLOW,
        )
    };
    if status == 0 {
        // SAFETY: the call has filled it.
        return Ok(Some(unsafe { stat.assume_init() }.st_mode));
    }
    match io::Error::last_os_error() {
        error if error.raw_os_error() == Some(libc::ENOENT) => Ok(None),
        error => Err(ErrorCode::from(error)),
    }
}

fn read_link(folder: &File, name: &str) -> Result<String, ErrorCode> {
    let name = CString::new(name).map_err(|_| ErrorCode::Invalid)?;
    let mut target = vec![0_u8; PATH_BYTES_AT_MOST];
    // SAFETY: the name ends with NUL, the folder stays open, and the buffer has the length that is said.
    let length = unsafe {
        libc::readlinkat(
            folder.as_raw_fd(),
            name.as_ptr(),
            target.as_mut_ptr().cast(),
            target.len(),
        )
    };
    let Ok(length) = usize::try_from(length) else {
        return Err(ErrorCode::from(io::Error::last_os_error()));
    };
    target.truncate(length);
    String::from_utf8(target).map_err(|_| ErrorCode::IllegalByteSequence)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::path::PathBuf;

    fn root(name: &str) -> (PathBuf, File) {
        let temp = std::env::temp_dir().canonicalize().unwrap();
        let root = temp.join(format!("capsule-walk-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&root);
        fs::create_dir_all(root.join("a/b/c")).unwrap();
        fs::create_dir_all(root.join("a/.git")).unwrap();
        fs::write(root.join("a/file"), "").unwrap();
        let opened = File::open(&root).unwrap();
        (root, opened)
    }

    /// The inode of the folder, and the name in it.
    fn led(start: &File, path: &str, last: Last) -> Result<(u64, String), ErrorCode> {
        use std::os::unix::fs::MetadataExt;
        let way = walk(start, path, last)?;
        let folder = way.folder.as_ref().unwrap_or(start);
        Ok((folder.metadata().unwrap().ino(), way.name))
    }

    #[test]
    fn names_links_and_dots_are_followed_inside() {
        use std::os::unix::fs::MetadataExt;
        let (root, start) = root("inside");
        symlink("b/c", root.join("a/deep")).unwrap();
        symlink("../a/file", root.join("a/to_file")).unwrap();
        symlink(".", root.join("here")).unwrap();
        let ino = |path: &str| fs::metadata(root.join(path)).unwrap().ino();
        for (path, folder, name) in [
            ("a", "", "a"),
            ("./a//file", "a", "file"),
            ("a/b/../file", "a", "file"),
            ("a/b/c/../../../a/./file", "a", "file"),
            ("a/deep/x", "a/b/c", "x"),
            ("a/deep/../x", "a/b", "x"),
            ("a/to_file", "a", "file"),
            ("here/here/a/file", "a", "file"),
            ("a/b/", "a/b", "."),
            ("a/b/..", "a", "."),
            ("a/deep/", "a/b/c", "."),
            (".", "", "."),
        ] {
            let expected = (ino(folder), name.to_owned());
            assert_eq!(led(&start, path, Last::FOLLOW).unwrap(), expected, "{path}");
        }
        let link = led(&start, "a/to_file", Last::LINK).unwrap();
        assert_eq!(link, (ino("a"), "to_file".to_owned()));
        fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn nothing_leads_outside_to_hidden_names_or_round_for_ever() {
        let (root, start) = root("outside");
        symlink("loop", root.join("loop")).unwrap();
        symlink("..", root.join("a/up")).unwrap();
        symlink("../..", root.join("a/out")).unwrap();
        symlink("/", root.join("a/absolute")).unwrap();
        symlink(".git", root.join("a/hidden")).unwrap();
        symlink("b/../".repeat(700), root.join("a/long")).unwrap();
        for (path, code) in [
            ("", ErrorCode::NoEntry),
            ("/a", ErrorCode::NotPermitted),
            ("..", ErrorCode::NotPermitted),
            ("a/../..", ErrorCode::NotPermitted),
            ("a/up/../a", ErrorCode::NotPermitted),
            ("a/out/x", ErrorCode::NotPermitted),
            ("a/absolute/x", ErrorCode::NotPermitted),
            ("a/.git", ErrorCode::NoEntry),
            ("a/.git/x", ErrorCode::NoEntry),
            ("a/hidden", ErrorCode::NoEntry),
            ("a/hidden/", ErrorCode::NoEntry),
            ("a/file/x", ErrorCode::NotDirectory),
            ("a/file/", ErrorCode::NotDirectory),
            ("none/x", ErrorCode::NoEntry),
            ("loop", ErrorCode::Loop),
            (&"x".repeat(5000), ErrorCode::NameTooLong),
            (&"x".repeat(300), ErrorCode::NameTooLong),
            ("a\0", ErrorCode::Invalid),
            (&format!("a/{}x", "long/".repeat(3)), ErrorCode::Loop),
        ] {
            assert_eq!(led(&start, path, Last::FOLLOW), Err(code), "{path}");
        }
        let made = led(&start, "a/.env", Last::MAKE);
        assert_eq!(made, Err(ErrorCode::NotPermitted));
        assert_eq!(led(&start, "a/.git/x", Last::MAKE), Err(ErrorCode::NoEntry));
        fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn a_deep_path_takes_no_more_descriptors() {
        let (root, start) = root("deep");
        let path = "d/".repeat(500);
        fs::create_dir_all(root.join(&path)).unwrap();
        let way = walk(&start, &format!("{path}x"), Last::MAKE).unwrap();
        let other = File::open("/dev/null").unwrap();
        let opened = way.folder.unwrap();
        assert!((other.as_raw_fd() - opened.as_raw_fd()).abs() < 100);
        assert_eq!(way.name, "x");
        fs::remove_dir_all(root).unwrap();
    }
}
