//! Tests of the cache.

use super::*;
use std::os::unix::fs::symlink;

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

fn file(folder: &Folder, name: &str) -> PathBuf {
    folder.0.join(name)
}

fn content(cache: &Cache, name: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    cache.open(name)?.read_to_end(&mut bytes).unwrap();
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
    let touched = File::options()
        .append(true)
        .open(file(&folder, "a"))
        .unwrap();
    touched
        .set_modified(std::time::SystemTime::UNIX_EPOCH)
        .unwrap();
    assert_eq!(content(&cache, "a").unwrap(), b"machine code");
    fs::write(file(&folder, "a"), b"machine cade").unwrap();
    assert_eq!(content(&cache, "a"), None);
}

#[test]
fn refuses_a_file_without_its_seal_or_with_a_broken_one() {
    let folder = Folder::new("seal");
    let cache = folder.cache();
    cache.store("a", b"machine code").unwrap();
    fs::write(file(&folder, "a.seal"), b"{").unwrap();
    assert_eq!(content(&cache, "a"), None);
    fs::remove_file(file(&folder, "a.seal")).unwrap();
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
            file(&folder, &format!("b{end}")),
            file(&folder, &format!("a{end}")),
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
    fs::set_permissions(file(&folder, "a"), fs::Permissions::from_mode(0o666)).unwrap();
    assert_eq!(content(&cache, "a"), None);
    // It is replaced, not written to.
    cache.store("a", b"mine").unwrap();
    assert_eq!(content(&cache, "a").unwrap(), b"mine");
    fs::set_permissions(file(&folder, "a.seal"), fs::Permissions::from_mode(0o620)).unwrap();
    assert_eq!(content(&cache, "a"), None);
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
        fs::write(file(&folder, name), "part").unwrap();
    }
    remove_leftovers(&folder.0, Duration::from_secs(60));
    assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 5);
    remove_leftovers(&folder.0, Duration::ZERO);
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
fn refuses_links_and_pipes() {
    let folder = Folder::new("link");
    let cache = folder.cache();
    cache.store("real", b"machine code").unwrap();
    for end in ["", ".seal"] {
        let name = format!("real{end}");
        symlink(&name, file(&folder, &format!("link{end}"))).unwrap();
    }
    assert_eq!(content(&cache, "link"), None);
    let pipe = CString::new(file(&folder, "pipe").into_os_string().into_encoded_bytes()).unwrap();
    // SAFETY: the path ends with NUL.
    assert_eq!(unsafe { libc::mkfifo(pipe.as_ptr(), 0o600) }, 0);
    assert_eq!(content(&cache, "pipe"), None);
    // What stands in the way is replaced.
    cache.store("link", b"other").unwrap();
    assert_eq!(content(&cache, "link").unwrap(), b"other");
    assert_eq!(content(&cache, "real").unwrap(), b"machine code");
    symlink(&folder.0, file(&folder, "elsewhere")).unwrap();
    assert!(Cache::open_folder(&file(&folder, "elsewhere")).is_err());
    assert!(Cache::open_folder(&file(&folder, "real")).is_err());
}

#[test]
fn without_a_folder_nothing_is_kept_and_that_is_said() {
    let cache = Cache::without_folder("HOME is not set".to_owned());
    assert_eq!(cache.problem(), None);
    assert!(cache.store("a", b"x").is_err());
    assert_eq!(cache.problem(), Some("HOME is not set"));
    assert!(cache.open("a").is_none());
    assert!(cache.lock("a").is_none());
    assert!(cache.try_lock("a").is_err());
    assert!(!cache.inside("images").is_writable());
}

#[test]
fn a_folder_that_cannot_be_made_is_none() {
    let cache = Cache::open_folder(Path::new("/proc/1/capsule")).unwrap();
    assert!(!cache.is_writable());
    let error = cache.store("a", b"x").unwrap_err().to_string();
    assert!(error.contains("/proc/1/capsule"), "{error}");
}

#[test]
fn a_copy_is_known_by_its_size_and_time() {
    let folder = Folder::new("copy");
    let cache = folder.cache();
    cache.store("a", b"machine code").unwrap();
    let sealed = Stamp::of(&cache.open("a").unwrap()).unwrap();
    let copy = |size, modified| Stamp {
        inode: 1,
        size,
        modified,
        changed: (1, 1),
    };
    let (seconds, nanoseconds) = sealed.modified;
    assert!(sealed.is_copied_to(&copy(12, (seconds, nanoseconds))));
    assert!(sealed.is_copied_to(&copy(12, (seconds, 0))));
    assert!(!sealed.is_copied_to(&copy(13, (seconds, nanoseconds))));
    assert!(!sealed.is_copied_to(&copy(12, (seconds, nanoseconds + 1))));
    assert!(!sealed.is_copied_to(&copy(12, (seconds + 1, 0))));
}
