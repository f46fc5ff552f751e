//! A program's memory after it was loaded, from which every sandbox of that program starts.

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::fs::FileExt;

const HOST_PAGE: usize = 4096;

/// Bytes of linear memory in a file that is mapped privately, never written again.
#[derive(Debug)]
pub struct Image {
    file: OwnedFd,
    offset: i64,
    len: usize,
    minimum_bytes: usize,
}

impl Image {
    /// Keeps a copy of `memory` in memory of its own. `minimum_bytes` is the minimum that the engine's
    /// module declares for its main memory: it tells that memory from others.
    pub fn from_bytes(memory: &[u8], minimum_bytes: usize) -> io::Result<Self> {
        // SAFETY: the name is a C string.
        let descriptor =
            unsafe { libc::memfd_create(c"capsule-image".as_ptr(), libc::MFD_CLOEXEC) };
        if descriptor < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: a descriptor that nobody else owns.
        let file = unsafe { File::from_raw_fd(descriptor) };
        file.set_len(memory.len() as u64)?;
        write_sparse(&file, memory, 0)?;
        Ok(Self {
            file: file.into(),
            offset: 0,
            len: memory.len(),
            minimum_bytes,
        })
    }

    /// The part of a file from `offset`, a multiple of the page size, to its end.
    pub fn from_file(file: File, offset: usize, minimum_bytes: usize) -> io::Result<Self> {
        let len = usize::try_from(file.metadata()?.len())
            .ok()
            .and_then(|total| total.checked_sub(offset))
            .filter(|len| {
                len.is_multiple_of(HOST_PAGE)
                    && offset.is_multiple_of(HOST_PAGE)
                    && *len >= minimum_bytes
            })
            .ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))?;
        Ok(Self {
            file: file.into(),
            offset: offset as i64,
            len,
            minimum_bytes,
        })
    }

    pub fn len(&self) -> usize {
        self.len
    }

    pub fn minimum_bytes(&self) -> usize {
        self.minimum_bytes
    }

    pub fn descriptor(&self) -> i32 {
        self.file.as_raw_fd()
    }

    pub fn offset(&self) -> i64 {
        self.offset
    }
}

/// Writes runs of pages that hold something; pages of zeroes stay holes.
fn write_sparse(file: &File, memory: &[u8], offset: u64) -> io::Result<()> {
    let mut run = None;
    for (index, page) in memory.chunks(HOST_PAGE).enumerate() {
        let start = index * HOST_PAGE;
        if page.iter().any(|byte| *byte != 0) {
            run.get_or_insert(start);
        } else if let Some(first) = run.take() {
            file.write_all_at(&memory[first..start], offset + first as u64)?;
        }
    }
    match run {
        Some(first) => file.write_all_at(&memory[first..], offset + first as u64),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_every_byte_around_holes() {
        let mut memory = vec![0; 5 * HOST_PAGE];
        memory[HOST_PAGE + 17] = 1;
        memory[4 * HOST_PAGE + 4095] = 2;
        let image = Image::from_bytes(&memory, HOST_PAGE).unwrap();
        let file = File::from(image.file.try_clone().unwrap());
        let mut kept = vec![9; memory.len()];
        file.read_exact_at(&mut kept, 0).unwrap();
        assert!(kept == memory);
    }
}
