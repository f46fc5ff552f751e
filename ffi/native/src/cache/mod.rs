//! Files that only this user, or root, can have written: machine code and images.
//!
//! Machine code is run as it is read, so the folder and each file in it must belong to this user or to root, and
//! nobody else may write to them. The host checks the folders above. Each file is sealed with its hash. Hashing 30 MB at every start would cost more than the start: the seal also
//! holds what the file system says of the file (inode, size, times), and only when that has changed is
//! the content hashed again.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::ffi::CString;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};
use wasmtime::{Result, bail, error::Context};

const SEAL: &str = ".seal";
const LOCK: &str = ".lock";
const SEAL_BYTES_AT_MOST: u64 = 4 << 10;
const ROOT: u32 = 0;
/// Nobody takes so long to write a file.
const LEFTOVER_AGE: Duration = Duration::from_secs(3600);

/// One folder of sealed files. Where there is none, or nothing can be written to it, it holds nothing, or only what
/// is there: neither is an error.
#[derive(Debug)]
pub struct Cache {
    folder: Option<PathBuf>,
    /// Why nothing can be written.
    read_only: Option<String>,
    /// Why something was not written.
    problem: OnceLock<String>,
}

/// Released when dropped, or when the process dies. Its file is there only as long as somebody has or
/// wants it.
#[derive(Debug)]
pub struct Lock {
    /// Closed after its name is gone.
    _file: File,
    path: PathBuf,
}

impl Drop for Lock {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Seal {
    /// Of the file: another one's seal is none for it.
    name: String,
    sha256: String,
    stamp: Stamp,
}

/// Changes whenever the content of a file does, short of a broken disk.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Stamp {
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Cache {
    /// Makes the folder if there is none. One that cannot be made, or written to, is used as far as that goes; one
    /// that others could write to is refused.
    pub fn open_folder(folder: &Path) -> Result<Self> {
        let shown = folder.display();
        let metadata = match fs::symlink_metadata(folder).or_else(|_| make(folder)) {
            Ok(metadata) => metadata,
            Err(error) => {
                let reason = format!("Cannot make the cache folder \"{shown}\": {error}");
                return Ok(Self::without_folder(reason));
            }
        };
        if !metadata.is_dir() {
            bail!("Cannot use the cache folder \"{shown}\": it is not a folder");
        }
        check_private(&metadata, &shown)?;
        let refused = writable(folder).err();
        Ok(Self {
            folder: Some(folder.to_owned()),
            read_only: refused
                .map(|error| format!("Cannot write to the cache folder \"{shown}\": {error}")),
            problem: OnceLock::new(),
        })
    }

    /// One that holds nothing.
    pub fn without_folder(reason: String) -> Self {
        Self {
            folder: None,
            read_only: Some(reason),
            problem: OnceLock::new(),
        }
    }

    /// A folder in this one. If it cannot be used, that is no error: nothing is kept in it.
    pub fn inside(&self, name: &str) -> Self {
        match self.path(name) {
            Some(folder) => Self::open_folder(&folder)
                .unwrap_or_else(|error| Self::without_folder(error.to_string())),
            None => Self::without_folder(self.read_only.clone().unwrap_or_default()),
        }
    }

    /// Where a file lies. None if there is no folder.
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        Some(self.folder.as_ref()?.join(name))
    }

    pub fn is_writable(&self) -> bool {
        self.read_only.is_none()
    }

    /// Why what was to be stored was not.
    pub fn problem(&self) -> Option<&str> {
        self.problem.get().map(String::as_str)
    }

    /// A file as it was stored. None when there is none, or when it is not what was stored.
    pub fn open(&self, name: &str) -> Option<File> {
        let mut file = self.open_private(name)?;
        let seal = self.read_seal(name)?;
        let stamp = Stamp::of(&file).ok()?;
        let is_same = match self.is_writable() {
            true => seal.stamp == stamp,
            // It may be a copy, as in the image of a container, and cannot be sealed anew.
            false => seal.stamp.is_copied_to(&stamp),
        };
        if !is_same {
            if sha256(&file).ok()? != seal.sha256 {
                return None;
            }
            file.rewind().ok()?;
            // Without a new seal, it is hashed the next time, too.
            let _ = self.write_seal(&Seal { stamp, ..seal });
        }
        Some(file)
    }

    /// Writes a whole file and then gives it its name, so that nobody ever sees a part of it.
    pub fn store(&self, name: &str, content: &[u8]) -> Result<()> {
        let stored = self.store_sealed(name, content);
        if let Err(error) = &stored {
            let _ = self.problem.set(format!("{error:#}"));
        }
        stored
    }

    fn store_sealed(&self, name: &str, content: &[u8]) -> Result<()> {
        self.replace(name, content)?;
        let Some(file) = self.open_private(name) else {
            bail!("Cannot read back \"{name}\" from the cache");
        };
        let sha256 = hex(&Sha256::digest(content));
        let stamp = Stamp::of(&file)?;
        let name = name.to_owned();
        self.write_seal(&Seal {
            name,
            sha256,
            stamp,
        })
    }

    /// Remembers that a file was used: [`Self::make_room`] removes it later.
    pub fn touch(&self, name: &str) {
        if !self.is_writable() {
            return;
        }
        // The time of the seal, which is not sealed itself. Nothing depends on it.
        let seal = self.path(&seal_name(name));
        let file = seal.and_then(|seal| private_options().append(true).open(seal).ok());
        let _ = file.map(|file| file.set_modified(SystemTime::now()));
    }

    /// Removes what was not used for longest, until the folder is no larger than this.
    pub fn make_room(&self, bytes_at_most: u64) {
        let (Some(folder), true) = (&self.folder, self.is_writable()) else {
            return;
        };
        remove_leftovers(folder, LEFTOVER_AGE);
        let mut files = files(folder);
        let mut total: u64 = files.iter().map(|(_, _, size)| size).sum();
        files.sort_unstable();
        for (_, name, size) in files {
            if total <= bytes_at_most {
                break;
            }
            // Processes that have it open keep it; others make it again.
            let removed = fs::remove_file(folder.join(seal_name(&name)));
            if removed
                .and_then(|()| fs::remove_file(folder.join(&name)))
                .is_ok()
            {
                total -= size;
            }
        }
    }

    /// Waits until no other process holds the lock of this name. None where locks cannot be had.
    pub fn lock(&self, name: &str) -> Option<Lock> {
        loop {
            if let Some(lock) = self.flock(name, libc::LOCK_EX).ok()? {
                return Some(lock);
            }
        }
    }

    /// The lock of this name, unless somebody holds it. An error where locks cannot be had.
    pub fn try_lock(&self, name: &str) -> Result<Option<Lock>> {
        self.flock(name, libc::LOCK_EX | libc::LOCK_NB)
    }

    fn flock(&self, name: &str, operation: i32) -> Result<Option<Lock>> {
        let path = self.writable_path(&format!("{name}{LOCK}"))?;
        let file = private_options()
            .read(true)
            .write(true)
            .create(true)
            .open(&path)
            .with_context(|| format!("Cannot open \"{}\"", path.display()))?;
        // SAFETY: an open descriptor.
        if unsafe { libc::flock(file.as_raw_fd(), operation) } != 0 {
            let error = io::Error::last_os_error();
            return match error.kind() {
                io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock => Ok(None),
                _ => Err(error.into()),
            };
        }
        // Who had it before has removed it, perhaps: then others lock another file of this name.
        let is_current = fs::metadata(&path).is_ok_and(|there| {
            file.metadata()
                .is_ok_and(|ours| (there.dev(), there.ino()) == (ours.dev(), ours.ino()))
        });
        // Not made if it is another's: dropping it would remove that.
        Ok(is_current.then(|| Lock { _file: file, path }))
    }

    fn writable_path(&self, name: &str) -> Result<PathBuf> {
        match (self.path(name), &self.read_only) {
            (Some(path), None) => Ok(path),
            (_, reason) => bail!(
                "{}",
                reason.as_deref().unwrap_or("there is no cache folder")
            ),
        }
    }

    fn replace(&self, name: &str, content: &[u8]) -> Result<()> {
        static SERIAL: AtomicU64 = AtomicU64::new(0);
        let path = self.writable_path(name)?;
        check_file_size(content.len())?;
        let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
        // The time, too: a process that was killed may have left the name of one with this number.
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let nanoseconds = now.unwrap_or_default().as_nanos();
        let temporary =
            path.with_file_name(format!(".{name}.{}.{nanoseconds}.{serial}", process::id()));
        let written = private_options()
            .write(true)
            .create_new(true)
            .open(&temporary)
            .and_then(|mut file| {
                file.write_all(content)?;
                fs::rename(&temporary, &path)
            });
        if written.is_err() {
            // Whatever failed, no part of a file stays behind.
            let _ = fs::remove_file(&temporary);
        }
        written.with_context(|| format!("Cannot write \"{}\"", path.display()))
    }

    /// A file that only this user or root can have written. Anything else is as good as none: it is replaced.
    fn open_private(&self, name: &str) -> Option<File> {
        let file = private_options().read(true).open(self.path(name)?).ok()?;
        let metadata = file.metadata().ok()?;
        let is_private = metadata.is_file() && check_private(&metadata, &name).is_ok();
        is_private.then_some(file)
    }

    fn read_seal(&self, name: &str) -> Option<Seal> {
        let file = self.open_private(&seal_name(name))?;
        let mut text = String::new();
        file.take(SEAL_BYTES_AT_MOST)
            .read_to_string(&mut text)
            .ok()?;
        let seal: Seal = serde_json::from_str(&text).ok()?;
        (seal.name == name).then_some(seal)
    }

    fn write_seal(&self, seal: &Seal) -> Result<()> {
        self.replace(&seal_name(&seal.name), &serde_json::to_vec(seal)?)
    }
}

impl Stamp {
    fn of(file: &File) -> io::Result<Self> {
        let metadata = file.metadata()?;
        Ok(Self {
            inode: metadata.ino(),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        })
    }

    /// Whether that is of a copy which was not changed since: most copies keep the time, some of it the seconds.
    fn is_copied_to(&self, copy: &Self) -> bool {
        let (seconds, nanoseconds) = copy.modified;
        self.size == copy.size
            && self.modified.0 == seconds
            && (nanoseconds == self.modified.1 || nanoseconds == 0)
    }
}

/// Makes a folder, and those above it.
fn make(folder: &Path) -> io::Result<fs::Metadata> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)?;
    fs::symlink_metadata(folder)
}

/// Whether this process may make files in a folder.
fn writable(folder: &Path) -> io::Result<()> {
    let path = CString::new(folder.as_os_str().as_bytes())?;
    // SAFETY: the path ends with NUL.
    match unsafe { libc::access(path.as_ptr(), libc::W_OK | libc::X_OK) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Refuses a file that is larger than this process may make: the system would end the process.
pub fn check_file_size(bytes: usize) -> io::Result<()> {
    let mut limit = libc::rlimit {
        rlim_cur: libc::RLIM_INFINITY,
        rlim_max: libc::RLIM_INFINITY,
    };
    // SAFETY: it writes to the structure, and nothing else.
    unsafe { libc::getrlimit(libc::RLIMIT_FSIZE, &raw mut limit) };
    if bytes as u64 > limit.rlim_cur {
        let message = format!("this process may make no file of {bytes} bytes (see ulimit -f)");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
    }
    Ok(())
}

/// Removes what processes left that were killed: files that nobody finished, or sealed.
fn remove_leftovers(folder: &Path, age: Duration) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let (Ok(name), Ok(metadata)) = (entry.file_name().into_string(), entry.metadata()) else {
            continue;
        };
        let is_old = metadata
            .modified()
            .is_ok_and(|modified| modified.elapsed().is_ok_and(|elapsed| elapsed >= age));
        let is_kept = name.ends_with(SEAL) || name.ends_with(LOCK) || metadata.is_dir();
        if is_old && !is_kept && !folder.join(seal_name(&name)).exists() {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// When each sealed file was last used, its name and its size.
fn files(folder: &Path) -> Vec<(SystemTime, String, u64)> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let used = |entry: fs::DirEntry| {
        let name = entry.file_name().into_string().ok()?;
        let name = name.strip_suffix(SEAL)?;
        let size = fs::symlink_metadata(folder.join(name)).ok()?.len();
        let used = entry.metadata().ok()?.modified().ok()?;
        Some((used, name.to_owned(), size))
    };
    entries.flatten().filter_map(used).collect()
}

fn seal_name(name: &str) -> String {
    format!("{name}{SEAL}")
}

fn private_options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options
        .mode(0o600)
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK);
    options
}

fn check_private(metadata: &fs::Metadata, shown: &dyn std::fmt::Display) -> Result<()> {
    // SAFETY: it has no preconditions.
    let user = unsafe { libc::geteuid() };
    if metadata.uid() != user && metadata.uid() != ROOT {
        bail!("Cannot use \"{shown}\": it belongs to another user");
    }
    let mode = metadata.permissions().mode();
    if mode & 0o022 != 0 {
        bail!(
            "Cannot use \"{shown}\": others may write to it (mode {:o})",
            mode & 0o777
        );
    }
    Ok(())
}

fn sha256(mut file: &File) -> io::Result<String> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hex(&hasher.finalize())),
            count => hasher.update(&buffer[..count]),
        }
    }
}

/// Bytes as lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
