//! What a program looks at in its folders while it is loaded: its image depends on that, also on what was not
//! there.

use std::collections::{BTreeSet, HashMap};
use std::path::{Component, Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Compiled Python, which its source vouches for.
const COMPILED: &str = "__pycache__";

/// Paths as the guest sees them.
#[derive(Debug, Default)]
pub struct Seen(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    paths: BTreeSet<PathBuf>,
    /// What the guest's descriptors were opened for.
    opened: HashMap<u32, PathBuf>,
    /// It looked at something by a descriptor that nobody knows.
    is_incomplete: bool,
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
        let full = joined(folder, Path::new(path));
        if !full.iter().any(|name| name == COMPILED) {
            state.paths.insert(full.clone());
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

/// By names alone.
fn joined(folder: &Path, path: &Path) -> PathBuf {
    let mut full = folder.to_owned();
    for part in path.components() {
        match part {
            Component::Normal(name) => full.push(name),
            Component::ParentDir => {
                full.pop();
            }
            _ => {}
        }
    }
    full
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_seen_from_what_was_opened() {
        let seen = Seen::default();
        seen.opened(1, PathBuf::from("/p"));
        let inner = seen.look(1, "./a/../b").unwrap();
        seen.opened(2, inner);
        seen.look(2, "c.txt");
        seen.look(2, "__pycache__/d.pyc");
        let shown: Vec<_> = seen.paths().unwrap();
        assert_eq!(shown, [Path::new("/p/b"), Path::new("/p/b/c.txt")]);
        assert_eq!(seen.look(3, "a"), None);
        assert_eq!(seen.paths(), None);
    }
}
