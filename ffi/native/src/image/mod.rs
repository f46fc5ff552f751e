//! Memory to start from: an engine's own (the base), and a program's after it was loaded (an image).
//!
//! Few pages of a loaded program differ from its engine's: 1 MB of 34 for a small one in Python. An image
//! keeps those alone. A sandbox maps the base privately and copies them over it; a program that is called
//! again and again gets a whole copy, which is mapped at once. So does the base, for loads and for what is called
//! a few times: a slot that holds it has pages of its own already where programs differ.

pub mod dirty;
mod mapping;
mod pages;
mod whole;

#[cfg(test)]
pub use mapping::faults;
pub use mapping::{MappedFile, map_fixed};
pub use pages::Pages;
pub use whole::Whole;

use crate::machine::ram::ProcessBytes;
use dirty::PAGE;
use mapping::{copy, has_small_pages, map_private, memory_file};
use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

/// The call from which on a whole copy pays for itself.
const USES_BEFORE_WHOLE: u32 = 8;

/// What is copied over a base that lies in a slot already: no more than a slot keeps of its own.
const COPIED_BYTES_AT_MOST: usize = 4 << 20;

/// Runs of fewer bytes are copied: to map one takes as long as to copy this.
const MAPPED_FROM: usize = 32 << 10;

/// The memory of an engine before any program is loaded. The file is never changed.
#[derive(Debug)]
pub struct Base {
    file: File,
    len: usize,
    /// In memory of its own, once it was used several times.
    whole: OnceLock<Arc<Whole>>,
}

impl Base {
    pub fn new(file: File) -> io::Result<Self> {
        let len = usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX);
        if len == 0 || !len.is_multiple_of(PAGE) {
            return Err(io::Error::from(io::ErrorKind::InvalidData));
        }
        Ok(Self {
            file,
            len,
            whole: OnceLock::new(),
        })
    }

    /// One that lies in no file of a folder.
    pub fn of_memory(content: &[u8]) -> io::Result<Self> {
        let file = memory_file(content.len())?;
        file.write_all_at(content, 0)?;
        Self::new(file)
    }

    pub fn len(&self) -> usize {
        self.len
    }
}

/// The pages of an image.
#[derive(Debug)]
pub enum Content {
    Memory(Pages),
    /// The end of a file, from a page on. It is mapped: only what a guest looks at is ever read.
    File {
        file: MappedFile,
        start: usize,
    },
}

impl Content {
    #[cfg(test)]
    pub fn of_bytes(bytes: &[u8]) -> Self {
        let mut pages = Pages::unwritten(bytes.len()).unwrap();
        pages.copy_from_slice(bytes);
        Self::Memory(pages)
    }

    /// None if no page of the file begins there.
    pub fn of_file(file: MappedFile, start: usize) -> Option<Self> {
        let fits = start <= file.len() && start.is_multiple_of(PAGE);
        fits.then_some(Self::File { file, start })
    }

    fn bytes(&self) -> &[u8] {
        match self {
            Self::Memory(pages) => pages,
            Self::File { file, start } => &file.bytes()[*start..],
        }
    }
}

/// The memory of a program.
#[derive(Debug)]
pub struct Image {
    base: Arc<Base>,
    len: usize,
    /// Where the pages lie that differ from the base, in order and apart from each other.
    runs: Vec<Range<usize>>,
    /// Those pages, one behind the other.
    content: Content,
    whole: OnceLock<Arc<Whole>>,
    uses: AtomicU32,
}

impl Image {
    /// The image of an engine without a program.
    pub fn of_base(base: Arc<Base>) -> Self {
        let len = base.len;
        Self {
            base,
            len,
            runs: Vec::new(),
            content: Content::Memory(Pages::EMPTY),
            whole: OnceLock::new(),
            uses: AtomicU32::new(0),
        }
    }

    /// Keeps what differs from the base in a memory that started as a private mapping of it. Returns how many bytes are
    /// the mapping's own, too, if that is known.
    pub fn capture(base: Arc<Base>, memory: &[u8]) -> io::Result<(Self, Option<usize>)> {
        let mut image = Self::of_base(base);
        image.len = memory.len();
        let view = image.base.whole.get().map(|whole| whole.bytes());
        let (runs, own_bytes) = dirty::runs(memory, &image.base.file, image.base.len, view)?;
        image.runs = runs;
        image.keep_runs(memory)?;
        Ok((image, own_bytes))
    }

    fn keep_runs(&mut self, memory: &[u8]) -> io::Result<()> {
        let mut pages = Pages::unwritten(self.runs.iter().map(Range::len).sum())?;
        let mut rest = &mut *pages;
        for run in &self.runs {
            let (kept, behind) = rest.split_at_mut(run.len());
            kept.copy_from_slice(&memory[run.clone()]);
            rest = behind;
        }
        self.content = Content::Memory(pages);
        Ok(())
    }

    /// Keeps what differs from the base in any memory.
    pub fn of_memory(base: Arc<Base>, memory: &[u8]) -> io::Result<Self> {
        if memory.len() < base.len || !memory.len().is_multiple_of(PAGE) {
            return Err(io::Error::from(io::ErrorKind::InvalidData));
        }
        let mut image = Self::of_base(base);
        image.len = memory.len();
        image.runs = dirty::compare(memory, &image.base.file, image.base.len)?;
        image.keep_runs(memory)?;
        Ok(image)
    }

    /// Of parts that [`Self::runs`] and [`Self::content`] gave. None if they do not fit together.
    pub fn from_parts(
        base: Arc<Base>,
        len: usize,
        runs: Vec<Range<usize>>,
        content: Content,
    ) -> Option<Self> {
        let aligned = |offset: usize| offset.is_multiple_of(PAGE);
        let mut end = 0;
        for run in &runs {
            if run.start < end || run.end <= run.start || !aligned(run.start) || !aligned(run.end) {
                return None;
            }
            end = run.end;
        }
        let total: usize = runs.iter().map(Range::len).sum();
        let fits = end <= len
            && len >= base.len
            && len.is_multiple_of(PAGE)
            && content.bytes().len() == total;
        fits.then(|| Self {
            len,
            runs,
            content,
            ..Self::of_base(base)
        })
    }

    /// All of the memory.
    pub fn memory(&self) -> io::Result<Vec<u8>> {
        let mut memory = vec![0; self.len];
        let base = &mut memory[..self.base.len];
        self.base.file.read_exact_at(base, 0)?;
        let mut content = self.content();
        for run in &self.runs {
            let (pages, rest) = content.split_at(run.len());
            memory[run.clone()].copy_from_slice(pages);
            content = rest;
        }
        Ok(memory)
    }

    /// What this differs from.
    #[cfg(test)]
    pub fn base(&self) -> &Arc<Base> {
        &self.base
    }

    /// Bytes of linear memory.
    pub fn len(&self) -> usize {
        self.len
    }

    pub fn runs(&self) -> &[Range<usize>] {
        &self.runs
    }

    pub fn content(&self) -> &[u8] {
        self.content.bytes()
    }

    /// Makes this the content of a memory, privately: changes stay there.
    ///
    /// # Safety
    /// `memory` points to at least `len` bytes that may be replaced, readable and writable, zeroed
    /// behind the base, page-aligned, and that nobody else uses.
    pub unsafe fn map(&self, memory: *mut u8) -> io::Result<()> {
        // SAFETY: promised by the caller; `len` is at least the base's.
        unsafe { map_private(memory, &self.base.file, 0, self.base.len)? };
        let mut offset = 0;
        for run in &self.runs {
            // SAFETY: runs lie inside `len`, and begin and end with pages.
            unsafe { self.map_run(memory.add(run.start), offset, run.len())? };
            offset += run.len();
        }
        Ok(())
    }

    /// # Safety
    /// As [`Self::map`], for a part of the content.
    unsafe fn map_run(&self, memory: *mut u8, offset: usize, len: usize) -> io::Result<()> {
        match &self.content {
            // Only the pages that a guest looks at cost anything then.
            Content::File { file, start } if len >= MAPPED_FROM && has_small_pages() => {
                // SAFETY: promised by the caller.
                unsafe { map_private(memory, file.file(), start + offset, len) }
            }
            content => {
                let pages = &content.bytes()[offset..offset + len];
                // SAFETY: promised by the caller, and `content` is no guest's memory.
                unsafe { memory.copy_from_nonoverlapping(pages.as_ptr(), len) };
                Ok(())
            }
        }
    }

    /// Counts a use. True once: when a whole copy should be made, away from the hot path.
    pub fn wants_whole(&self) -> bool {
        self.uses.fetch_add(1, Ordering::Relaxed) + 1 == USES_BEFORE_WHOLE
    }

    /// Makes the whole copy. Without one, calls are slower and right.
    pub fn make_whole(&self) -> io::Result<()> {
        let held = ProcessBytes::hold(self.len).map_err(|_| io::ErrorKind::OutOfMemory)?;
        let file = memory_file(self.len)?;
        copy(&self.base.file, &file, self.base.len)?;
        let mut content = self.content();
        for run in &self.runs {
            let (pages, rest) = content.split_at(run.len());
            file.write_all_at(pages, run.start as u64)?;
            content = rest;
        }
        // Another thread may have been first; its copy is the same.
        let file = MappedFile::new(file, self.len)?;
        let _ = self.own_whole().set(Arc::new(Whole::new(file, held)));
        Ok(())
    }

    /// The whole copy, once there is one.
    pub fn whole(&self) -> Option<&Arc<Whole>> {
        self.own_whole().get()
    }

    /// A whole copy of the base, if that is what this is best copied over.
    pub fn ground(&self) -> Option<&Arc<Whole>> {
        let is_small =
            matches!(&self.content, Content::Memory(pages) if pages.len() <= COPIED_BYTES_AT_MOST);
        let ground = self.base.whole.get().filter(|_| is_small);
        ground.filter(|_| self.whole().is_none())
    }

    /// How much of it is copied into each memory that starts as it, about.
    pub fn copied_bytes(&self) -> usize {
        match &self.content {
            Content::Memory(pages) if self.whole().is_none() => pages.len(),
            _ => 0,
        }
    }

    /// Whether its runs tell how it differs from this.
    pub fn is_based_on(&self, whole: &Arc<Whole>) -> bool {
        let base = self.base.whole.get();
        base.is_some_and(|base| Arc::ptr_eq(base, whole))
    }

    fn own_whole(&self) -> &OnceLock<Arc<Whole>> {
        let is_base = self.runs.is_empty() && self.len == self.base.len;
        if is_base {
            &self.base.whole
        } else {
            &self.whole
        }
    }

    /// Copies the pages that differ over those of the base.
    ///
    /// # Safety
    /// As for [`Self::map`], and the memory holds the base, privately.
    pub unsafe fn copy_over_base(&self, memory: *mut u8) {
        let mut content = self.content();
        for run in &self.runs {
            let (pages, rest) = content.split_at(run.len());
            // SAFETY: runs lie inside `len`, and `content` is no guest's memory.
            unsafe {
                memory
                    .add(run.start)
                    .copy_from_nonoverlapping(pages.as_ptr(), pages.len());
            }
            content = rest;
        }
    }
}

#[cfg(test)]
mod tests;
