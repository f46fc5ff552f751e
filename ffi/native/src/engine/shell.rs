//! An engine's component without its memory: what the components of its programs have in common.
//!
//! The initial memory of an engine is one data section. The component of a program is its engine, byte for byte, with
//! another content of that section and another size of the memory. Sizes are written in five bytes there, so that
//! everything lies where it always does: whoever reads such a component compares a digest of all the rest, and looks
//! at nothing else of it before that.
//!
//! With host memory, Wasmtime would copy the data into every instance, 26 MB for Python: engines are compiled without
//! it, and it becomes the base image, which is mapped.

use super::number::{NUMBER, WASM_PAGE, number, value};
use super::segments;
use crate::cache::hex;
use crate::image::Pages;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use wasmtime::{Result, format_err};

/// Where everything lies in the components of an engine's programs. `engines/merge` finds it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shape {
    /// Bytes before the content of the data section.
    head: usize,
    /// Bytes behind it.
    tail: usize,
    /// Where sizes of sections are written, and what each counts besides that content. The last is its own.
    sizes: Vec<(usize, usize)>,
    /// Where the pages of the memory are written.
    pages: usize,
    /// SHA-256 of head and tail, in which these numbers are zeroes.
    digest: String,
}

/// The memory in a component whose code was found to be its engine's.
pub struct Found {
    pub pages: u32,
    /// The content of its data section.
    pub data: Range<u64>,
}

impl Shape {
    /// Finds the memory in the first `len` bytes of a file. None if the rest of them is not the engine's.
    pub fn find(&self, file: &File, len: u64) -> Result<Option<Found>> {
        let shell = (self.head + self.tail) as u64;
        let Some(data) = len
            .checked_sub(shell)
            .filter(|data| u32::try_from(shell + data).is_ok())
        else {
            return Ok(None);
        };
        let mut head = vec![0; self.head];
        file.read_exact_at(&mut head, 0)?;
        for (at, others) in &self.sizes {
            let written = &mut head[*at..][..NUMBER];
            if written != number(*others as u32 + data as u32) {
                return Ok(None);
            }
            written.fill(0);
        }
        let written = &mut head[self.pages..][..NUMBER];
        let pages = value(written);
        if written != number(pages) {
            return Ok(None);
        }
        written.fill(0);
        let mut tail = vec![0; self.tail];
        let end = self.head as u64 + data;
        file.read_exact_at(&mut tail, end)?;
        let is_known = digest(&head, &tail) == self.digest;
        Ok(is_known.then_some(Found {
            pages,
            data: self.head as u64..end,
        }))
    }
}

/// An engine, taken apart.
pub struct Shell<'a> {
    shape: &'a Shape,
    head: &'a [u8],
    data: &'a [u8],
    tail: &'a [u8],
}

impl<'a> Shell<'a> {
    /// Of an engine's component, whose digest was compared: it came with Capsule.
    pub fn of(engine: &'a [u8], shape: &'a Shape) -> Result<Self> {
        let parts = engine
            .split_at_checked(shape.head)
            .and_then(|(head, rest)| {
                let (data, tail) = rest.split_at_checked(rest.len().checked_sub(shape.tail)?)?;
                Some(Self {
                    shape,
                    head,
                    data,
                    tail,
                })
            });
        parts.ok_or_else(|| format_err!("the engine is smaller than engines.json says"))
    }

    /// The initial memory, whole pages.
    pub fn memory(&self) -> Result<Pages> {
        segments::decode(self.data, self.pages())
    }

    /// The engine without data.
    pub fn bare(&self) -> Vec<u8> {
        self.write(self.pages(), &[0])
    }

    /// The engine with this memory in place of its own.
    pub fn with_memory(&self, memory: &[u8]) -> Vec<u8> {
        let pages = memory.len().div_ceil(WASM_PAGE);
        self.write(pages as u32, &segments::encode(memory))
    }

    fn pages(&self) -> u32 {
        value(&self.head[self.shape.pages..][..NUMBER])
    }

    fn write(&self, pages: u32, data: &[u8]) -> Vec<u8> {
        let mut bytes = [self.head, data, self.tail].concat();
        bytes[self.shape.pages..][..NUMBER].copy_from_slice(&number(pages));
        for (at, others) in &self.shape.sizes {
            bytes[*at..][..NUMBER].copy_from_slice(&number((others + data.len()) as u32));
        }
        bytes
    }
}

fn digest(head: &[u8], tail: &[u8]) -> String {
    hex(&Sha256::new()
        .chain_update(head)
        .chain_update(tail)
        .finalize())
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasmparser::Validator;

    const ENGINE: &str = r#"(component
      (core module $other (memory 0) (data "passive"))
      (component
        (core module $main
          (func (export "f") (result i32) (i32.const 42))
          (memory (export "memory") 2)
          (data (i32.const 9) "first") (data (i32.const 70000) "second"))
        (core instance (instantiate $main)))
      (core instance (instantiate $other)))"#;

    /// As a build makes it.
    fn engine() -> (Vec<u8>, Shape) {
        let (process, thread) = (std::process::id(), std::thread::current().id());
        let folder = std::env::temp_dir().join(format!("capsule-engine-{process}-{thread:?}"));
        std::fs::create_dir(&folder).unwrap();
        let (component, engine) = (folder.join("component"), folder.join("engine"));
        std::fs::write(&component, wat::parse_str(ENGINE).unwrap()).unwrap();
        let build = concat!(env!("CARGO_MANIFEST_DIR"), "/../../build");
        let merge = format!("{build}/cargo-merge/release/capsule-merge");
        let output = std::process::Command::new(merge)
            .args([component.as_path(), engine.as_path()])
            .output()
            .unwrap();
        #[derive(Deserialize)]
        struct Entry {
            shape: Shape,
        }
        let entry: Entry = serde_json::from_slice(&output.stdout).unwrap();
        let bytes = std::fs::read(engine).unwrap();
        std::fs::remove_dir_all(folder).unwrap();
        (bytes, entry.shape)
    }

    fn file(bytes: &[u8]) -> File {
        let (process, thread) = (std::process::id(), std::thread::current().id());
        let path = std::env::temp_dir().join(format!("capsule-shell-{process}-{thread:?}"));
        std::fs::write(&path, bytes).unwrap();
        let file = File::open(&path).unwrap();
        std::fs::remove_file(path).unwrap();
        file
    }

    fn find(shape: &Shape, component: &[u8]) -> Option<Found> {
        let found = shape.find(&file(component), component.len() as u64);
        found.unwrap()
    }

    fn memory_in(shape: &Shape, component: &[u8]) -> Vec<u8> {
        let Found { pages, data } = find(shape, component).unwrap();
        let data = &component[data.start as usize..data.end as usize];
        segments::decode(data, pages).unwrap().to_vec()
    }

    #[test]
    fn another_memory_leaves_all_the_rest_as_it_is() {
        let (engine, shape) = engine();
        let shell = Shell::of(&engine, &shape).unwrap();
        let initial = shell.memory().unwrap();
        assert_eq!(initial.len(), 2 * WASM_PAGE);
        assert_eq!(&initial[70_000..70_006], b"second");
        assert!(memory_in(&shape, &shell.with_memory(&initial)) == *initial);
        let mut memory = vec![0; 200 * WASM_PAGE];
        memory[7 * WASM_PAGE..].fill(3);
        let component = shell.with_memory(&memory);
        Validator::new().validate_all(&component).unwrap();
        assert!(memory_in(&shape, &component) == memory);
        let bare = shell.bare();
        Validator::new().validate_all(&bare).unwrap();
        assert!(!bare.windows(5).any(|bytes| bytes == b"first"));
    }

    #[test]
    fn a_component_with_any_other_byte_is_of_no_engine_that_is_known() {
        let (engine, shape) = engine();
        let shell = Shell::of(&engine, &shape).unwrap();
        let component = shell.with_memory(&shell.memory().unwrap());
        let Found { data, pages } = find(&shape, &component).unwrap();
        for at in 0..component.len() {
            for bit in 0..8 {
                let mut changed = component.clone();
                changed[at] ^= 1 << bit;
                let is_memory = data.contains(&(at as u64));
                match find(&shape, &changed) {
                    Some(found) if !is_memory => assert!(found.pages != pages, "{at} {bit}"),
                    found => assert_eq!(found.is_some(), is_memory, "{at} {bit}"),
                }
            }
        }
        let longer = [&component[..], &[0]].concat();
        assert!(find(&shape, &longer).is_none());
        for length in 0..component.len() {
            assert!(find(&shape, &component[..length]).is_none(), "{length}");
        }
        let huge = shell.shape.find(&file(&component), u64::MAX).unwrap();
        assert!(huge.is_none());
    }

    #[test]
    fn an_engine_is_a_component_of_itself() {
        let (engine, shape) = engine();
        let Found { pages, data } = find(&shape, &engine).unwrap();
        assert_eq!(pages, 2);
        assert_eq!(data.end as usize, engine.len() - shape.tail);
    }
}
