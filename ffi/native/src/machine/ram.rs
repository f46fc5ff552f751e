//! How much memory guests hold: those of a run together, and those of the whole process.
//!
//! What is counted, each as an upper bound:
//! - for each sandbox, a sum for what the host keeps for it ([`SANDBOX_BYTES`]);
//! - what a guest grows, before it has it;
//! - pages of its image that are copied into its memory, and those that it has written, which are copies then. To count an image in full would
//!   refuse ordinary programs: a thousand sleeping tasks of Python write 2 MiB each, of 34. So the pages are measured,
//!   but only in guests that run or sleep for long ([`crate::sandbox`]): no usual call pays for it, and what is not
//!   measured yet is what a core writes in some 20 ms;
//! - texts and bytes that wait in the host until a guest takes them;
//! - for a run, its program's image once; for the process, what images hold in memory.
//!
//! What a sandbox had is given back when it is unmapped, which may be after its result was told. Whoever needs that
//! memory waits for it ([`Charge::add_when_freed`]).

use crate::values::failure::{ErrorType, Failure};
use std::fs;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use tokio::sync::Notify;

/// What the host keeps for a sandbox: its instance, the resident part of its stack, a few pages of every kind.
const SANDBOX_BYTES: usize = 512 << 10;
/// Below this, a process does not ask how much memory its machine has.
const SMALL_BYTES: usize = 256 << 20;
/// Nobody has set the limit of the process, nor looked up its default.
const UNKNOWN: usize = 0;

static PROCESS: Account = Account::new(UNKNOWN);
/// Told whenever something is given back.
static FREED: Notify = Notify::const_new();

/// Sets what all runs of this process together may use, from now on.
pub fn limit_process(bytes: usize) {
    PROCESS
        .limit_bytes
        .store(bytes.max(UNKNOWN + 1), Ordering::Relaxed);
}

#[derive(Debug)]
struct Account {
    limit_bytes: AtomicUsize,
    used_bytes: AtomicUsize,
    /// Of those, what belonged to sandboxes that have ended, and is being given back.
    ending_bytes: AtomicUsize,
}

impl Account {
    const fn new(limit_bytes: usize) -> Self {
        Self {
            limit_bytes: AtomicUsize::new(limit_bytes),
            used_bytes: AtomicUsize::new(0),
            ending_bytes: AtomicUsize::new(0),
        }
    }

    fn add(&self, owner: Owner, bytes: usize) -> Result<(), Shortage> {
        let added = |used: usize| {
            let sum = used.checked_add(bytes)?;
            (sum <= self.limit_for(sum)).then_some(sum)
        };
        let added = self
            .used_bytes
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, added);
        added.map(drop).map_err(|used_bytes| {
            let limit_bytes = self.limit_for(usize::MAX);
            let ending_bytes = self.ending_bytes.load(Ordering::Relaxed);
            let later = used_bytes.saturating_sub(ending_bytes);
            Shortage {
                owner,
                wanted_bytes: bytes,
                used_bytes,
                limit_bytes,
                is_passing: ending_bytes > 0 && later.saturating_add(bytes) <= limit_bytes,
            }
        })
    }

    fn remove(&self, bytes: usize) {
        self.used_bytes.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// The limit, as far as it matters for so much.
    fn limit_for(&self, bytes: usize) -> usize {
        let limit = self.limit_bytes.load(Ordering::Relaxed);
        if limit != UNKNOWN || bytes <= SMALL_BYTES {
            return if limit == UNKNOWN { SMALL_BYTES } else { limit };
        }
        let default = (machine_bytes() / 2).max(SMALL_BYTES);
        // Somebody may have set it meanwhile.
        let set = self.limit_bytes.compare_exchange(
            UNKNOWN,
            default,
            Ordering::Relaxed,
            Ordering::Relaxed,
        );
        set.map_or_else(|set| set, |_| default)
    }
}

/// Who has used up what it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Owner {
    Run,
    Process,
}

/// Why there is no more memory.
#[derive(Clone, Debug)]
pub struct Shortage {
    owner: Owner,
    wanted_bytes: usize,
    used_bytes: usize,
    limit_bytes: usize,
    /// It is there as soon as sandboxes that have ended are unmapped.
    is_passing: bool,
}

impl Shortage {
    /// `subject` is who wanted more: `the task`, `top-level code`.
    pub fn failure(&self, subject: &str) -> Failure {
        let Self {
            owner,
            wanted_bytes,
            used_bytes,
            limit_bytes,
            ..
        } = self;
        let (who, option) = match owner {
            Owner::Run => ("its run", "budget.ram"),
            Owner::Process => ("this process with all its runs", "configure({ ram })"),
        };
        Failure::new(
            ErrorType::MemoryLimit,
            format!(
                "{subject} wanted {wanted_bytes} more bytes of memory, and {who} may use {limit_bytes}, of which \
                 {used_bytes} are in use: raise {option}, or do less at once"
            ),
        )
    }
}

/// The memory of one run, or of the load of a program, which has no limit but that of the process.
#[derive(Debug)]
pub struct RunRam {
    account: Account,
    has_image: AtomicBool,
}

impl RunRam {
    pub fn new(limit_bytes: u64) -> Arc<Self> {
        Arc::new(Self {
            account: Account::new(usize::try_from(limit_bytes).unwrap_or(usize::MAX)),
            has_image: AtomicBool::new(false),
        })
    }

    pub fn unlimited() -> Arc<Self> {
        Self::new(u64::MAX)
    }

    /// Counts the image of the run's program, the first time. The process counts it by itself, as runs share it.
    pub fn add_image(&self, bytes: usize) -> Result<(), Shortage> {
        if self.has_image.swap(true, Ordering::Relaxed) {
            return Ok(());
        }
        let added = self.account.add(Owner::Run, bytes);
        if added.is_err() {
            self.has_image.store(false, Ordering::Relaxed);
        }
        added
    }
}

/// Bytes of a run that are counted until this is dropped.
#[derive(Debug)]
pub struct Charge {
    run: Arc<RunRam>,
    bytes: AtomicUsize,
    /// Of those, pages of an image that were written.
    written_bytes: AtomicUsize,
    is_ending: AtomicBool,
}

impl Charge {
    pub fn none(run: &Arc<RunRam>) -> Self {
        Self {
            run: Arc::clone(run),
            bytes: AtomicUsize::new(0),
            written_bytes: AtomicUsize::new(0),
            is_ending: AtomicBool::new(false),
        }
    }

    pub fn add(&self, bytes: usize) -> Result<(), Shortage> {
        self.run.account.add(Owner::Run, bytes)?;
        if let Err(shortage) = PROCESS.add(Owner::Process, bytes) {
            self.run.account.remove(bytes);
            return Err(shortage);
        }
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        Ok(())
    }

    /// Counts what is there in any case, over the limit or not.
    pub fn force(&self, bytes: usize) {
        for account in [&self.run.account, &PROCESS] {
            account.used_bytes.fetch_add(bytes, Ordering::Relaxed);
        }
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    pub fn remove(&self, bytes: usize) {
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
        self.run.account.remove(bytes);
        PROCESS.remove(bytes);
        FREED.notify_waiters();
    }

    /// As [`Self::add`], but waits for what sandboxes that have ended still have, if that is enough.
    pub async fn add_when_freed(&self, bytes: usize) -> Result<(), Shortage> {
        loop {
            match self.add(bytes) {
                Err(shortage) if shortage.is_passing => {}
                added => return added,
            }
            let mut freed = pin!(FREED.notified());
            freed.as_mut().enable();
            // It may have been freed before this listened.
            match self.add(bytes) {
                Err(shortage) if shortage.is_passing => freed.await,
                added => return added,
            }
        }
    }

    /// Counts a sandbox that starts with so much of its image copied.
    pub async fn start(&self, copied_bytes: usize) -> Result<(), Shortage> {
        self.add_when_freed(SANDBOX_BYTES + copied_bytes).await?;
        self.written_bytes.store(copied_bytes, Ordering::Relaxed);
        Ok(())
    }

    /// Counts pages of an image that were written so far.
    pub fn set_written(&self, bytes: usize) -> Result<(), Shortage> {
        let before = self.written_bytes.fetch_max(bytes, Ordering::Relaxed);
        self.add(bytes.saturating_sub(before))
    }

    /// What is counted will be given back soon.
    pub fn end(&self) {
        if !self.is_ending.swap(true, Ordering::Relaxed) {
            let bytes = self.bytes.load(Ordering::Relaxed);
            for account in [&self.run.account, &PROCESS] {
                account.ending_bytes.fetch_add(bytes, Ordering::Relaxed);
            }
        }
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        let bytes = *self.bytes.get_mut();
        for account in [&self.run.account, &PROCESS] {
            account.remove(bytes);
            if *self.is_ending.get_mut() {
                account.ending_bytes.fetch_sub(bytes, Ordering::Relaxed);
            }
        }
        FREED.notify_waiters();
    }
}

/// Bytes that the process holds for no run in particular.
#[derive(Debug)]
pub struct ProcessBytes(usize);

impl ProcessBytes {
    pub fn hold(bytes: usize) -> Result<Self, Shortage> {
        PROCESS.add(Owner::Process, bytes)?;
        Ok(Self(bytes))
    }
}

impl Drop for ProcessBytes {
    fn drop(&mut self) {
        PROCESS.remove(self.0);
        FREED.notify_waiters();
    }
}

/// What the machine has, or what this process's control group may use of it.
fn machine_bytes() -> usize {
    // SAFETY: it only asks.
    let (pages, page) = unsafe {
        (
            libc::sysconf(libc::_SC_PHYS_PAGES),
            libc::sysconf(libc::_SC_PAGESIZE),
        )
    };
    let physical = match (usize::try_from(pages), usize::try_from(page)) {
        (Ok(pages), Ok(page)) => pages.saturating_mul(page),
        _ => usize::MAX,
    };
    let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    group_limits(Path::new("/sys/fs/cgroup"), &groups)
        .into_iter()
        .fold(physical, usize::min)
}

/// The limits of the control groups that `/proc/self/cgroup` names, and of those around them. In a container, their
/// root may be the container's own.
fn group_limits(root: &Path, groups: &str) -> Vec<usize> {
    let mut files = vec![
        root.join("memory.max"),
        root.join("memory/memory.limit_in_bytes"),
    ];
    for line in groups.lines() {
        let mut parts = line.splitn(3, ':').skip(1);
        let (Some(kinds), Some(path)) = (parts.next(), parts.next()) else {
            continue;
        };
        let (folder, name): (PathBuf, _) = match kinds {
            "" => (root.to_owned(), "memory.max"),
            kinds if kinds.split(',').any(|kind| kind == "memory") => {
                (root.join("memory"), "memory.limit_in_bytes")
            }
            _ => continue,
        };
        let path = Path::new(path.trim_start_matches('/'));
        files.extend(path.ancestors().map(|path| folder.join(path).join(name)));
    }
    let limit = |file: &PathBuf| fs::read_to_string(file).ok()?.trim().parse().ok();
    files.iter().filter_map(limit).collect()
}

#[cfg(test)]
mod tests;
