//! Which pages of a private mapping were written to.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;

/// What is kept or not: the page of most hosts. Where theirs are larger, they are multiples of it.
pub const PAGE: usize = 4 << 10;

/// Pages that are a private mapping's own, no longer those of its file. None where a sandbox around this process lets
/// nobody ask.
pub fn written(memory: &[u8]) -> Option<Vec<Range<usize>>> {
    scan::written(memory)
}

/// Pages of a private mapping that are still its file's, and take part in what is resident.
pub fn unwritten(memory: &[u8]) -> Option<Vec<Range<usize>>> {
    scan::unwritten(memory)
}

/// The parts of `memory`, in whole pages, that may differ from the first `base_len` bytes of `base`, and
/// behind those from zeroes. The memory started as a private mapping of that file. With a `view` of the base, pages
/// that are its own and the same again do not count: a slot has many that earlier sandboxes wrote. Besides, how many
/// bytes are the mapping's own, if that is known.
pub fn runs(
    memory: &[u8],
    base: &File,
    base_len: usize,
    view: Option<&[u8]>,
) -> io::Result<(Vec<Range<usize>>, Option<usize>)> {
    let written = scan::written(memory).map(|runs| aligned(runs, memory.len()));
    let own_bytes = written
        .as_ref()
        .map(|runs| runs.iter().map(Range::len).sum());
    let mut runs = match written {
        Some(runs) => runs,
        None => compare(memory, base, base_len)?,
    };
    // What was only looked at behind the base, or was written and is zero again, need not be kept.
    let is_zero = |page: &Range<usize>| memory[page.clone()].iter().all(|byte| *byte == 0);
    let is_same = |page: &Range<usize>| {
        let original = view.and_then(|view| view.get(page.clone()));
        original.is_some_and(|original| memory[page.clone()] == *original)
    };
    let mut kept: Vec<Range<usize>> = Vec::new();
    for run in runs.drain(..) {
        for page in run.step_by(PAGE).map(|start| start..start + PAGE) {
            let is_unchanged = if page.start < base_len {
                is_same(&page)
            } else {
                is_zero(&page)
            };
            if is_unchanged {
                continue;
            }
            match kept.last_mut() {
                Some(last) if last.end == page.start => last.end = page.end,
                _ => kept.push(page),
            }
        }
    }
    Ok((kept, own_bytes))
}

/// Rounds runs of host pages outwards, and joins those that touch then.
fn aligned(runs: Vec<Range<usize>>, len: usize) -> Vec<Range<usize>> {
    let mut joined: Vec<Range<usize>> = Vec::with_capacity(runs.len());
    for run in runs {
        let start = run.start / PAGE * PAGE;
        let end = run.end.next_multiple_of(PAGE).min(len);
        match joined.last_mut() {
            Some(last) if last.end >= start => last.end = last.end.max(end),
            _ => joined.push(start..end),
        }
    }
    joined
}

/// Reads everything: slower than asking the kernel (some 10 ms for Python), and always possible.
pub fn compare(memory: &[u8], base: &File, base_len: usize) -> io::Result<Vec<Range<usize>>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    let mut original = vec![0; PAGE];
    for start in (0..memory.len()).step_by(PAGE) {
        if start < base_len {
            base.read_exact_at(&mut original, start as u64)?;
        } else {
            original.fill(0);
        }
        if memory[start..start + PAGE] == original {
            continue;
        }
        match runs.last_mut() {
            Some(last) if last.end == start => last.end = start + PAGE,
            _ => runs.push(start..start + PAGE),
        }
    }
    Ok(runs)
}

#[cfg(target_os = "linux")]
mod scan {
    use std::fs::File;
    use std::ops::Range;
    use std::os::fd::AsRawFd;
    use std::os::unix::fs::FileExt;

    /// `struct pm_scan_arg` of linux/fs.h.
    #[repr(C)]
    #[derive(Default)]
    struct Arguments {
        size: u64,
        flags: u64,
        start: u64,
        end: u64,
        walk_end: u64,
        vector: u64,
        vector_len: u64,
        max_pages: u64,
        category_inverted: u64,
        category_mask: u64,
        category_any_of_mask: u64,
        return_mask: u64,
    }

    /// `struct page_region`.
    #[repr(C)]
    #[derive(Clone, Default)]
    struct Region {
        start: u64,
        end: u64,
        categories: u64,
    }

    const PAGE_IS_FILE: u64 = 1 << 2;
    const PAGE_IS_PRESENT: u64 = 1 << 3;
    const PAGE_IS_SWAPPED: u64 = 1 << 4;
    const REGIONS_AT_ONCE: usize = 512;

    /// Of an entry of the pagemap.
    const ENTRY_IS_FILE: u64 = 1 << 61;
    const ENTRY_IS_SWAPPED: u64 = 1 << 62;
    const ENTRY_IS_PRESENT: u64 = 1 << 63;
    const ENTRY_BYTES: usize = 8;
    const ENTRIES_AT_ONCE: usize = 4096;

    /// `_IOWR('f', 16, struct pm_scan_arg)`.
    const PAGEMAP_SCAN: libc::c_ulong = (3 << 30)
        | ((size_of::<Arguments>() as libc::c_ulong) << 16)
        | ((b'f' as libc::c_ulong) << 8)
        | 16;

    pub fn written(memory: &[u8]) -> Option<Vec<Range<usize>>> {
        // A page of a file has become the mapping's own when it is none any more.
        find(memory, PAGE_IS_FILE).or_else(|| read(memory, false))
    }

    pub fn unwritten(memory: &[u8]) -> Option<Vec<Range<usize>>> {
        find(memory, 0).or_else(|| read(memory, true))
    }

    /// The same as [`find`], page by page: for kernels before 6.7, and where a sandbox forbids that.
    pub fn read(memory: &[u8], is_file: bool) -> Option<Vec<Range<usize>>> {
        let pagemap = File::open("/proc/self/pagemap").ok()?;
        // SAFETY: it only asks.
        let page = usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).ok()?;
        let first = memory.as_ptr().addr() / page;
        let count = memory.len().div_ceil(page);
        let mut runs: Vec<Range<usize>> = Vec::new();
        let mut entries = vec![0; ENTRIES_AT_ONCE * ENTRY_BYTES];
        for start in (0..count).step_by(ENTRIES_AT_ONCE) {
            let part = ENTRIES_AT_ONCE.min(count - start);
            let entries = &mut entries[..part * ENTRY_BYTES];
            let offset = (first + start) * ENTRY_BYTES;
            pagemap.read_exact_at(entries, offset as u64).ok()?;
            let (entries, _) = entries.as_chunks::<ENTRY_BYTES>();
            for (index, entry) in entries.iter().enumerate() {
                let entry = u64::from_ne_bytes(*entry);
                let is_there = entry & (ENTRY_IS_PRESENT | ENTRY_IS_SWAPPED) != 0;
                if !is_there || (entry & ENTRY_IS_FILE != 0) != is_file {
                    continue;
                }
                let run = (start + index) * page..(start + index + 1) * page;
                match runs.last_mut() {
                    Some(last) if last.end == run.start => last.end = run.end,
                    _ => runs.push(run),
                }
            }
        }
        Some(runs)
    }

    /// Resident pages that are a file's, or are not if that is inverted.
    fn find(memory: &[u8], category_inverted: u64) -> Option<Vec<Range<usize>>> {
        let pagemap = File::open("/proc/self/pagemap").ok()?;
        let first = memory.as_ptr() as u64;
        let end = first + memory.len() as u64;
        let mut runs: Vec<Range<usize>> = Vec::new();
        let mut regions = vec![Region::default(); REGIONS_AT_ONCE];
        let mut start = first;
        while start < end {
            let mut arguments = Arguments {
                size: size_of::<Arguments>() as u64,
                start,
                end,
                vector: regions.as_mut_ptr() as u64,
                vector_len: REGIONS_AT_ONCE as u64,
                category_inverted,
                category_mask: PAGE_IS_FILE,
                category_any_of_mask: PAGE_IS_PRESENT | PAGE_IS_SWAPPED,
                return_mask: PAGE_IS_PRESENT,
                ..Arguments::default()
            };
            // SAFETY: the arguments and the vector they name outlive the call.
            let found = unsafe { libc::ioctl(pagemap.as_raw_fd(), PAGEMAP_SCAN, &mut arguments) };
            let found = usize::try_from(found).ok()?;
            for region in &regions[..found] {
                let run = (region.start - first) as usize..(region.end - first) as usize;
                match runs.last_mut() {
                    Some(last) if last.end == run.start => last.end = run.end,
                    _ => runs.push(run),
                }
            }
            if arguments.walk_end <= start {
                return None;
            }
            start = arguments.walk_end;
        }
        Some(runs)
    }
}

#[cfg(not(target_os = "linux"))]
mod scan {
    use std::ops::Range;

    pub fn written(_memory: &[u8]) -> Option<Vec<Range<usize>>> {
        None
    }

    pub fn unwritten(_memory: &[u8]) -> Option<Vec<Range<usize>>> {
        None
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use std::ops::{Deref, DerefMut};
    use std::ptr;

    /// Anonymous memory, page-aligned.
    pub struct Mapping(&'static mut [u8]);

    impl Mapping {
        pub fn anonymous(len: usize) -> Self {
            // SAFETY: a new mapping, which lives until it is dropped.
            unsafe {
                let memory = libc::mmap(
                    ptr::null_mut(),
                    len,
                    libc::PROT_READ | libc::PROT_WRITE,
                    libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
                    -1,
                    0,
                );
                assert_ne!(memory, libc::MAP_FAILED);
                Self(std::slice::from_raw_parts_mut(memory.cast(), len))
            }
        }

        pub fn as_ptr(&self) -> *mut u8 {
            self.0.as_ptr().cast_mut()
        }
    }

    impl Deref for Mapping {
        type Target = [u8];

        fn deref(&self) -> &[u8] {
            self.0
        }
    }

    impl DerefMut for Mapping {
        fn deref_mut(&mut self) -> &mut [u8] {
            self.0
        }
    }

    impl Drop for Mapping {
        fn drop(&mut self) {
            // SAFETY: the whole mapping, which nobody uses any more.
            unsafe { libc::munmap(self.0.as_mut_ptr().cast(), self.0.len()) };
        }
    }

    /// A file with a page for each byte, full of it.
    pub fn base_file(pages: &[u8]) -> File {
        let path = std::env::temp_dir().join(format!(
            "capsule-base-{}-{:?}",
            std::process::id(),
            std::thread::current().id()
        ));
        let content: Vec<u8> = pages.iter().flat_map(|byte| vec![*byte; PAGE]).collect();
        std::fs::write(&path, content).unwrap();
        let file = File::open(&path).unwrap();
        std::fs::remove_file(path).unwrap();
        file
    }

    /// Memory of so many pages that starts as a private mapping of a file.
    fn over(file: &File, file_pages: usize, pages: usize) -> Mapping {
        let memory = Mapping::anonymous(pages * PAGE);
        // SAFETY: inside the mapping above.
        let mapped = unsafe {
            libc::mmap(
                memory.as_ptr().cast(),
                file_pages * PAGE,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_FIXED,
                std::os::fd::AsRawFd::as_raw_fd(file),
                0,
            )
        };
        assert_ne!(mapped, libc::MAP_FAILED);
        memory
    }

    #[test]
    fn comparing_finds_what_the_kernel_tells() {
        let file = base_file(&[1, 2, 3, 4, 5]);
        let mut memory = over(&file, 5, 8);
        memory[PAGE] = 9;
        memory[3 * PAGE + 5] = 0;
        memory[6 * PAGE + PAGE - 1] = 1;
        // Written and zero, behind the base; looked at, in the base and behind it.
        memory[7 * PAGE] = 0;
        assert_eq!(memory[2 * PAGE] + memory[5 * PAGE], 3);
        let expected = [PAGE..2 * PAGE, 3 * PAGE..4 * PAGE, 6 * PAGE..7 * PAGE];
        assert_eq!(runs(&memory, &file, 5 * PAGE, None).unwrap().0, expected);
        assert_eq!(compare(&memory, &file, 5 * PAGE).unwrap(), expected);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn older_kernels_tell_the_same_page_by_page() {
        let file = base_file(&[1, 2, 3, 4, 5]);
        let mut memory = over(&file, 5, 8);
        memory[PAGE] = 9;
        memory[3 * PAGE + 5] = 0;
        memory[6 * PAGE] = 1;
        assert_eq!(memory[2 * PAGE], 3);
        for (is_file, told) in [(false, written(&memory)), (true, unwritten(&memory))] {
            assert_eq!(scan::read(&memory, is_file), told);
        }
    }

    #[test]
    fn pages_that_are_the_same_again_do_not_count_where_the_base_can_be_seen() {
        let base = base_file(&[1, 2, 3]);
        let mut memory = over(&base, 3, 3);
        memory[7] = 9;
        memory[PAGE + 7] = 2;
        let mut view = vec![0; 3 * PAGE];
        base.read_exact_at(&mut view, 0).unwrap();
        let bytes = |runs: Vec<Range<usize>>| runs.iter().map(Range::len).sum::<usize>();
        let with_view = runs(&memory, &base, 3 * PAGE, Some(&view)).unwrap().0;
        assert_eq!((with_view[0].start, bytes(with_view)), (0, PAGE));
        // Where the kernel does not tell, all is compared, whatever was written.
        let without = bytes(runs(&memory, &base, 3 * PAGE, None).unwrap().0);
        assert!(without == 2 * PAGE || written(&memory).is_none());
    }
}
