//! What a program looks at in its folders while it is loaded: its image depends on that, also on what was not
//! there.

use std::collections::{BTreeSet, HashMap};
use std::path::{Component, Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Where compiled Python lies, which its source vouches for.
const COMPILED: &str = "__pycache__";
/// A program that looks at more is loaded in every process.
const BYTES_AT_MOST: usize = 4 << 20;

/// Paths as the guest sees them.
#[derive(Debug, Default)]
pub struct Seen(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    paths: BTreeSet<PathBuf>,
    /// Of all of them.
    bytes: usize,
    /// What the guest's descriptors were opened for.
    opened: HashMap<u32, PathBuf>,
    /// It looked at too much, or used a descriptor that is not in `opened`.
    is_incomplete: bool,
}

impl State {
    fn add(&mut self, path: &Path) {
        if self.is_incomplete || self.paths.contains(path) {
            return;
        }
        self.bytes += path.as_os_str().len();
        if self.bytes > BYTES_AT_MOST {
            self.is_incomplete = true;
            self.paths.clear();
            return;
        }
        self.paths.insert(path.to_owned());
    }
}

impl Seen {
    /// A descriptor stands for a folder that the guest was given, or for what it has opened.
    pub fn opened(&self, descriptor: u32, path: PathBuf) {
        self.lock().opened.insert(descriptor, path);
    }

    /// The guest looks at a path, seen from a descriptor. Returns it in full.
    pub fn look(&self, descriptor: u32, path: &str) -> Option<PathBuf> {
        let mut state = self.lock();
        let Some(folder) = state.opened.get(&descriptor) else {
            state.is_incomplete = true;
            return None;
        };
        let path = Path::new(path);
        // Behind a link, the folder around is another one than the names say.
        let is_plain = path
            .components()
            .all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        if !is_plain {
            state.is_incomplete = true;
            return None;
        }
        let full: PathBuf = folder.join(path).components().collect();
        if !is_compiled(&full) {
            state.add(&full);
        }
        Some(full)
    }

    /// All that was looked at, if that is known.
    pub fn paths(&self) -> Option<Vec<PathBuf>> {
        let state = self.lock();
        (!state.is_incomplete).then(|| state.paths.iter().cloned().collect())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_compiled(path: &Path) -> bool {
    let folder = path.parent().and_then(Path::file_name);
    folder.is_some_and(|name| name == COMPILED) && path.extension().is_some_and(|end| end == "pyc")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_seen_from_what_was_opened() {
        let seen = Seen::default();
        seen.opened(1, PathBuf::from("/p"));
        let inner = seen.look(1, "./a/./b").unwrap();
        seen.opened(2, inner);
        seen.look(2, "c.txt");
        seen.look(2, "__pycache__/d.pyc");
        seen.look(2, "__pycache__/d.txt");
        let shown = seen.paths().unwrap();
        let expected = ["/p/a/b", "/p/a/b/__pycache__/d.txt", "/p/a/b/c.txt"];
        assert_eq!(shown, expected.map(PathBuf::from));
        for (descriptor, path) in [(3, "a"), (1, "a/../b")] {
            let seen = Seen::default();
            seen.opened(1, PathBuf::from("/p"));
            assert_eq!(seen.look(descriptor, path), None);
            assert_eq!(seen.paths(), None, "{path}");
        }
    }

    #[test]
    fn a_guest_that_looks_at_too_much_fills_nothing() {
        let seen = Seen::default();
        seen.opened(1, PathBuf::from("/p"));
        for index in 0..10 {
            seen.look(1, &format!("{index}{}", "x".repeat(1 << 20)));
            seen.look(1, "once");
        }
        assert_eq!(seen.paths(), None);
        assert!(seen.lock().paths.is_empty());
    }
}
