//! Files that only this user can have written: machine code and images.
//!
//! Machine code is run as it is read, so the folder must belong to this user alone, and each file is
//! sealed with its hash. Hashing 30 MB at every start would cost more than the start: the seal also
//! holds what the file system says of the file (inode, size, times), and only when that has changed is
//! the content hashed again.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};
use wasmtime::{Result, bail, error::Context};

const SEAL: &str = ".seal";
const LOCK: &str = ".lock";
/// Nobody takes so long to write a file.
const LEFTOVER_AGE: Duration = Duration::from_secs(3600);

/// One folder of sealed files.
#[derive(Clone, Debug)]
pub struct Cache {
    folder: PathBuf,
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
    /// Makes the folder if there is none, and refuses one that others could write to.
    pub fn open_folder(folder: &Path) -> Result<Self> {
        let shown = folder.display();
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .with_context(|| format!("Cannot make the cache folder \"{shown}\""))?;
        let metadata = fs::symlink_metadata(folder)?;
        if !metadata.is_dir() {
            bail!("Cannot use the cache folder \"{shown}\": it is not a folder");
        }
        check_private(&metadata, &shown)?;
        Ok(Self {
            folder: folder.to_owned(),
        })
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// A file as it was stored. None when there is none, or when it is not what was stored.
    pub fn open(&self, name: &str) -> Result<Option<File>> {
        let Some(file) = self.open_private(name)? else {
            return Ok(None);
        };
        let Some(seal) = self.read_seal(name)? else {
            return Ok(None);
        };
        let stamp = Stamp::of(&file)?;
        if seal.stamp == stamp {
            return Ok(Some(file));
        }
        if sha256(&file)? != seal.sha256 {
            return Ok(None);
        }
        self.write_seal(&Seal { stamp, ..seal })?;
        self.open_private(name)
    }

    /// Writes a whole file and then gives it its name, so that nobody ever sees a part of it.
    pub fn store(&self, name: &str, content: &[u8]) -> Result<()> {
        self.replace(name, content)?;
        let Some(file) = self.open_private(name)? else {
            bail!("Cannot read back \"{}\"", self.path(name).display());
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
        // The time of the seal, which is not sealed itself. Nothing depends on it.
        let seal = File::options()
            .append(true)
            .open(self.path(&seal_name(name)));
        let _ = seal.and_then(|file| file.set_modified(SystemTime::now()));
    }

    /// Removes what was not used for longest, until the folder is no larger than this.
    pub fn make_room(&self, bytes_at_most: u64) {
        self.remove_leftovers(LEFTOVER_AGE);
        let mut files = self.files();
        let mut total: u64 = files.iter().map(|(_, _, size)| size).sum();
        files.sort_unstable();
        for (_, name, size) in files {
            if total <= bytes_at_most {
                break;
            }
            // Whoever has it open keeps it; whoever looks for it makes it again.
            let removed = fs::remove_file(self.path(&seal_name(&name)));
            if removed
                .and_then(|()| fs::remove_file(self.path(&name)))
                .is_ok()
            {
                total -= size;
            }
        }
    }

    /// Removes what processes left that were killed: files that nobody finished, or sealed.
    fn remove_leftovers(&self, age: Duration) {
        let Ok(entries) = fs::read_dir(&self.folder) else {
            return;
        };
        for entry in entries.flatten() {
            let (Ok(name), Ok(metadata)) = (entry.file_name().into_string(), entry.metadata())
            else {
                continue;
            };
            let is_old = metadata
                .modified()
                .is_ok_and(|modified| modified.elapsed().is_ok_and(|elapsed| elapsed >= age));
            let is_kept = name.ends_with(SEAL) || name.ends_with(LOCK) || metadata.is_dir();
            if is_old && !is_kept && !self.path(&seal_name(&name)).exists() {
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    /// When each sealed file was last used, its name and its size.
    fn files(&self) -> Vec<(SystemTime, String, u64)> {
        let Ok(entries) = fs::read_dir(&self.folder) else {
            return Vec::new();
        };
        let used = |entry: fs::DirEntry| {
            let name = entry.file_name().into_string().ok()?;
            let name = name.strip_suffix(SEAL)?;
            let size = fs::symlink_metadata(self.path(name)).ok()?.len();
            let used = entry.metadata().ok()?.modified().ok()?;
            Some((used, name.to_owned(), size))
        };
        entries.flatten().filter_map(used).collect()
    }

    /// Waits until no other process holds the lock of this name.
    pub fn lock(&self, name: &str) -> Result<Lock> {
        loop {
            if let Some(lock) = self.flock(name, libc::LOCK_EX)? {
                return Ok(lock);
            }
        }
    }

    /// The lock of this name, unless somebody holds it.
    pub fn try_lock(&self, name: &str) -> Result<Option<Lock>> {
        self.flock(name, libc::LOCK_EX | libc::LOCK_NB)
    }

    fn flock(&self, name: &str, operation: i32) -> Result<Option<Lock>> {
        let path = self.path(&format!("{name}{LOCK}"));
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

    fn replace(&self, name: &str, content: &[u8]) -> Result<()> {
        static SERIAL: AtomicU64 = AtomicU64::new(0);
        let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
        // The time, too: a process that was killed may have left the name of one with this number.
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let nanoseconds = now.unwrap_or_default().as_nanos();
        let temporary = self.path(&format!(".{name}.{}.{nanoseconds}.{serial}", process::id()));
        let written = private_options()
            .write(true)
            .create_new(true)
            .open(&temporary)
            .and_then(|mut file| {
                file.write_all(content)?;
                fs::rename(&temporary, self.path(name))
            });
        if written.is_err() {
            // Whatever failed, no part of a file stays behind.
            let _ = fs::remove_file(&temporary);
        }
        written.with_context(|| format!("Cannot write \"{}\"", self.path(name).display()))
    }

    fn open_private(&self, name: &str) -> Result<Option<File>> {
        let path = self.path(name);
        let file = match private_options().read(true).open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                return Err(error).with_context(|| format!("Cannot open \"{}\"", path.display()));
            }
        };
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            bail!("Cannot use \"{}\": it is not a file", path.display());
        }
        check_private(&metadata, &path.display())?;
        Ok(Some(file))
    }

    fn read_seal(&self, name: &str) -> Result<Option<Seal>> {
        let Some(mut file) = self.open_private(&seal_name(name))? else {
            return Ok(None);
        };
        let mut text = String::new();
        let read = file.read_to_string(&mut text);
        let seal = read.ok().and_then(|_| serde_json::from_str(&text).ok());
        Ok(seal.filter(|seal: &Seal| seal.name == name))
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
    if metadata.uid() != user {
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
mod tests {
    use super::*;

    /// A folder of its own for one test, removed at its end.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("capsule-{name}-{}", process::id()));
            let _ = fs::remove_dir_all(&path);
            Self(path)
        }

        fn cache(&self) -> Cache {
            Cache::open_folder(&self.0).unwrap()
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn content(cache: &Cache, name: &str) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        cache.open(name).unwrap()?.read_to_end(&mut bytes).unwrap();
        Some(bytes)
    }

    #[test]
    fn gives_back_what_was_stored() {
        let folder = Folder::new("stored");
        let cache = folder.cache();
        assert_eq!(content(&cache, "a"), None);
        cache.store("a", b"one").unwrap();
        cache.store("a", b"two").unwrap();
        assert_eq!(content(&cache, "a").unwrap(), b"two");
        let names: Vec<_> = fs::read_dir(&folder.0).unwrap().collect();
        assert_eq!(names.len(), 2, "no temporary file stays: {names:?}");
    }

    #[test]
    fn refuses_a_flipped_byte_and_takes_a_touched_file() {
        let folder = Folder::new("flipped");
        let cache = folder.cache();
        cache.store("a", b"machine code").unwrap();
        let touched = File::options().append(true).open(cache.path("a")).unwrap();
        touched
            .set_modified(std::time::SystemTime::UNIX_EPOCH)
            .unwrap();
        assert_eq!(content(&cache, "a").unwrap(), b"machine code");
        fs::write(cache.path("a"), b"machine cade").unwrap();
        assert_eq!(content(&cache, "a"), None);
    }

    #[test]
    fn refuses_a_file_without_its_seal_or_with_a_broken_one() {
        let folder = Folder::new("seal");
        let cache = folder.cache();
        cache.store("a", b"machine code").unwrap();
        fs::write(cache.path("a.seal"), b"{").unwrap();
        assert_eq!(content(&cache, "a"), None);
        fs::remove_file(cache.path("a.seal")).unwrap();
        assert_eq!(content(&cache, "a"), None);
    }

    #[test]
    fn refuses_another_file_with_its_seal() {
        let folder = Folder::new("other");
        let cache = folder.cache();
        cache.store("a", b"mine").unwrap();
        cache.store("b", b"theirs").unwrap();
        for end in ["", ".seal"] {
            fs::copy(
                cache.path(&format!("b{end}")),
                cache.path(&format!("a{end}")),
            )
            .unwrap();
        }
        assert_eq!(content(&cache, "a"), None);
        assert_eq!(content(&cache, "b"), Some(b"theirs".to_vec()));
    }

    #[test]
    fn refuses_what_others_may_write() {
        let folder = Folder::new("shared");
        let cache = folder.cache();
        cache.store("a", b"machine code").unwrap();
        fs::set_permissions(cache.path("a"), fs::Permissions::from_mode(0o666)).unwrap();
        assert!(
            cache
                .open("a")
                .unwrap_err()
                .to_string()
                .contains("others may write")
        );
        fs::set_permissions(&folder.0, fs::Permissions::from_mode(0o777)).unwrap();
        assert!(Cache::open_folder(&folder.0).is_err());
    }

    #[test]
    fn makes_room_by_removing_what_was_not_used_for_longest() {
        let folder = Folder::new("room");
        let cache = folder.cache();
        for name in ["a", "b", "c"] {
            cache.store(name, &[0; 100]).unwrap();
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        cache.touch("a");
        cache.make_room(250);
        assert!(content(&cache, "a").is_some());
        assert_eq!(content(&cache, "b"), None);
        assert!(content(&cache, "c").is_some());
        cache.make_room(0);
        assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 0);
    }

    #[test]
    fn removes_what_a_killed_process_left() {
        let folder = Folder::new("leftovers");
        let cache = folder.cache();
        cache.store("kept", b"x").unwrap();
        let _lock = cache.lock("engine").unwrap();
        assert!(cache.try_lock("engine").unwrap().is_none());
        for name in [".image.1.2.3", "unsealed"] {
            fs::write(cache.path(name), "part").unwrap();
        }
        cache.remove_leftovers(Duration::from_secs(60));
        assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 5);
        cache.remove_leftovers(Duration::ZERO);
        assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 3);
        assert!(content(&cache, "kept").is_some());
    }

    #[test]
    fn one_has_the_lock_at_a_time() {
        let folder = Folder::new("lock");
        let cache = folder.cache();
        let counter = std::sync::atomic::AtomicU64::new(0);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        let lock = cache.lock("x").unwrap();
                        assert_eq!(counter.fetch_add(1, Ordering::SeqCst), 0);
                        assert!(cache.try_lock("x").unwrap().is_none());
                        counter.fetch_sub(1, Ordering::SeqCst);
                        drop(lock);
                    }
                });
            }
        });
        assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 0);
    }

    #[test]
    fn refuses_a_link() {
        let folder = Folder::new("link");
        let cache = folder.cache();
        std::os::unix::fs::symlink("/etc/hostname", cache.path("a")).unwrap();
        assert!(cache.open("a").is_err());
    }
}
