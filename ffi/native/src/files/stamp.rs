//! Whether files are what they were.

use super::FolderGrant;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A program that depends on more is loaded in every process.
const FILES_AT_MOST: usize = 20_000;
const BYTES_AT_MOST: usize = 8 << 20;
/// File systems take the time of a clock that is behind by a tick or two.
const CLOCK_STEP: Duration = Duration::from_millis(20);

/// A file or a folder of the host, and what the file system said of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stamped {
    path: PathBuf,
    /// Inode, size, and when it was modified and changed. None if it was not there.
    stamp: Option<Stamp>,
}

type Stamp = (u64, u64, i64, i64);

impl Stamped {
    /// Whether it was changed before some time, or is not there: then the folder around it tells.
    pub fn is_older_than(&self, time: SystemTime) -> bool {
        let since_1970 = |time: SystemTime| time.duration_since(UNIX_EPOCH).ok();
        let latest = since_1970(time - CLOCK_STEP).map(|since| since.as_nanos());
        self.stamp.is_none_or(|(_, _, modified, changed)| {
            latest.is_some_and(|latest| i128::from(modified.max(changed)) < latest as i128)
        })
    }

    /// Whether nothing changed since.
    pub fn is_same(&self) -> bool {
        stamp(&self.path) == self.stamp
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    let metadata = fs::metadata(path).ok()?;
    let nanoseconds = |seconds: i64, rest: i64| seconds.wrapping_mul(1_000_000_000) + rest;
    Some((
        metadata.ino(),
        metadata.size(),
        nanoseconds(metadata.mtime(), metadata.mtime_nsec()),
        nanoseconds(metadata.ctime(), metadata.ctime_nsec()),
    ))
}

/// Stamps what a guest has looked at in these folders, with the folders around, down to the first that is not
/// there. None if it is too much to look at again.
pub fn stamp_all(folders: &[FolderGrant], guest_paths: &[PathBuf]) -> Option<Vec<Stamped>> {
    let mut stamps = Stamps::default();
    for folder in folders {
        stamps.is_there(&folder.host)?;
    }
    for guest_path in guest_paths {
        let inside = folders.iter().find_map(|folder| {
            let way = guest_path.strip_prefix(&folder.guest).ok()?;
            Some((folder, way))
        });
        let Some((folder, way)) = inside else {
            continue;
        };
        let mut path = folder.host.clone();
        for part in way.components() {
            let Component::Normal(name) = part else {
                break;
            };
            path.push(name);
            if !stamps.is_there(&path)? {
                break;
            }
        }
    }
    let stamped = |(path, stamp)| Stamped { path, stamp };
    Some(stamps.found.into_iter().map(stamped).collect())
}

/// Each path once.
#[derive(Default)]
struct Stamps {
    found: BTreeMap<PathBuf, Option<Stamp>>,
    bytes: usize,
}

impl Stamps {
    /// Whether something lies at a path. None if that is too much.
    fn is_there(&mut self, path: &Path) -> Option<bool> {
        if let Some(stamp) = self.found.get(path) {
            return Some(stamp.is_some());
        }
        self.bytes += path.as_os_str().len();
        if self.found.len() >= FILES_AT_MOST || self.bytes > BYTES_AT_MOST {
            return None;
        }
        let stamp = stamp(path);
        self.found.insert(path.to_owned(), stamp);
        Some(stamp.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_files_and_the_folders_around_them() {
        let host = std::env::temp_dir().join(format!("capsule-stamp-{}", std::process::id()));
        fs::create_dir_all(host.join("a/b")).unwrap();
        fs::write(host.join("a/b/c.py"), "1").unwrap();
        let folders = [FolderGrant {
            host: host.clone(),
            guest: "/p".to_owned(),
            read_only: true,
        }];
        let stamped = |paths: &[&str]| {
            let paths: Vec<PathBuf> = paths.iter().map(PathBuf::from).collect();
            stamp_all(&folders, &paths).unwrap()
        };
        let found = stamped(&[
            "/p/a/b/c.py",
            "/p/../etc/passwd",
            "/elsewhere",
            "/p/a/none.py",
            "/p/a/none.py/deeper/still",
        ]);
        let shown: Vec<_> = found
            .iter()
            .map(|file| file.path.strip_prefix(&host).unwrap().to_str().unwrap())
            .collect();
        assert_eq!(shown, ["", "a", "a/b", "a/b/c.py", "a/none.py"]);
        assert!(found.iter().all(Stamped::is_same));
        let (now, later) = (
            SystemTime::now(),
            SystemTime::now() + Duration::from_secs(1),
        );
        assert!(found.iter().all(|file| file.is_older_than(later)));
        assert!(
            !found
                .iter()
                .any(|file| file.stamp.is_some() && file.is_older_than(now))
        );
        fs::write(host.join("a/none.py"), "").unwrap();
        let changed: Vec<_> = found.iter().filter(|file| !file.is_same()).collect();
        assert_eq!(changed.len(), 2, "{changed:?}");
        fs::write(host.join("a/b/c.py"), "22").unwrap();
        assert_eq!(found.iter().filter(|file| !file.is_same()).count(), 3);
        let deep = PathBuf::from(format!("/p/none/{}", "a/".repeat(2_000)));
        assert_eq!(stamp_all(&folders, &[deep]).unwrap().len(), 2);
        let many: Vec<PathBuf> = (0..FILES_AT_MOST)
            .map(|index| PathBuf::from(format!("/p/{index}")))
            .collect();
        assert!(stamp_all(&folders, &many).is_none());
        fs::remove_dir_all(host).unwrap();
    }
}
