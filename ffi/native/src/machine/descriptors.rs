//! Keeps guests from using up the process's file descriptors.

use std::os::fd::AsRawFd;

/// Whether what was opened for a guest leaves the host enough to go on with: a quarter of what the process
/// may have. The system gives the lowest number that is free, so a high one says that nearly all are taken.
pub fn is_affordable(opened: &impl AsRawFd) -> bool {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: it is given a place to write to.
    let is_known = unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) } == 0;
    is_known && (opened.as_raw_fd() as u64) < limit.rlim_cur / 4 * 3
}
