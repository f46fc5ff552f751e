//! An engine's component without its memory: what the components of its programs have in common.
//!
//! The initial memory of an engine is one data section. The component of a program is its engine, byte for byte, with
//! another content of that section and another size of the memory. Sizes are written in five bytes there, so that
//! everything lies where it always does: whoever reads such a component compares a digest of all the rest, and looks
//! at nothing else of it before that.
//!
//! With host memory, Wasmtime would copy the data into every instance, 26 MB for Python: engines are compiled without
//! it, and it becomes the base image, which is mapped.

use super::segments;
use crate::cache::hex;
use crate::image::Pages;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use wasmparser::BinaryReader;
use wasmtime::{Result, bail};

pub const WASM_PAGE: usize = 1 << 16;

/// Counts changes of what an engine becomes here: machine code of another one is another file.
pub const REVISION: u32 = 4;

/// A number of 32 bits in LEB128, however small it is.
const NUMBER: usize = 5;
const PREAMBLE: usize = 8;

/// Sections of a component, and of a module.
const CORE_MODULE: u8 = 1;
const COMPONENT: u8 = 4;
const MEMORY: u8 = 5;
const DATA: u8 = 11;
/// What a memory section holds before its pages: one memory that has no maximum.
const ONE_MEMORY: [u8; 2] = [1, 0];

/// Where everything lies in the components of an engine's programs.
#[derive(Debug, Serialize, Deserialize)]
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
        let pages = (0..NUMBER).fold(0, |pages, index| {
            pages | u64::from(written[index] & 0x7f) << (7 * index)
        }) as u32;
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
    pub shape: Shape,
    head: Vec<u8>,
    tail: &'a [u8],
    data: &'a [u8],
    pages: u32,
}

impl<'a> Shell<'a> {
    /// Of an engine's component. It is believed to be valid: it came with Capsule.
    pub fn of(engine: &'a [u8]) -> Result<Self> {
        let mut found = Vec::new();
        visit(engine, 0..engine.len(), &mut Vec::new(), &mut found)?;
        let [fields] = &found[..] else {
            bail!("the engine has {} memories with data, not one", found.len());
        };
        let mut head = Vec::new();
        let mut written = Vec::new();
        let mut from = 0;
        for field in fields {
            head.extend_from_slice(&engine[from..field.at.start]);
            written.push(head.len());
            head.extend_from_slice(&[0; NUMBER]);
            from = field.at.end;
        }
        let (data, tail) = engine[from..].split_at(fields.last().map_or(0, |size| size.value));
        // What a section grows by, since the numbers in it are longer now.
        let mut growth = 0;
        let mut sizes = Vec::new();
        let (mut pages_at, mut pages) = (0, 0);
        for (field, at) in fields.iter().zip(written).rev() {
            match field.is {
                Number::Pages => (pages_at, pages) = (at, field.value),
                Number::MemorySection => {
                    let size = ONE_MEMORY.len() + NUMBER;
                    head[at..at + NUMBER].copy_from_slice(&number(size as u32));
                }
                Number::AroundData => sizes.push((at, field.value + growth - data.len())),
            }
            growth += NUMBER - field.at.len();
        }
        sizes.reverse();
        Ok(Self {
            shape: Shape {
                head: head.len(),
                tail: tail.len(),
                sizes,
                pages: pages_at,
                digest: digest(&head, tail),
            },
            pages: pages as u32,
            head,
            tail,
            data,
        })
    }

    /// The initial memory, whole pages.
    pub fn memory(&self) -> Result<Pages> {
        segments::decode(self.data, self.pages)
    }

    /// The engine without data.
    pub fn bare(&self) -> Vec<u8> {
        self.write(self.pages, &[0])
    }

    /// The engine with this memory in place of its own.
    pub fn with_memory(&self, memory: &[u8]) -> Vec<u8> {
        let pages = memory.len().div_ceil(WASM_PAGE);
        self.write(pages as u32, &segments::encode(memory))
    }

    fn write(&self, pages: u32, data: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.head.len() + data.len() + self.tail.len());
        bytes.extend_from_slice(&self.head);
        bytes[self.shape.pages..][..NUMBER].copy_from_slice(&number(pages));
        for (at, others) in &self.shape.sizes {
            bytes[*at..][..NUMBER].copy_from_slice(&number((others + data.len()) as u32));
        }
        bytes.extend_from_slice(data);
        bytes.extend_from_slice(self.tail);
        bytes
    }
}

fn number(value: u32) -> [u8; NUMBER] {
    std::array::from_fn(|index| {
        let is_last = index + 1 == NUMBER;
        (u64::from(value) >> (7 * index)) as u8 & 0x7f | u8::from(!is_last) << 7
    })
}

fn digest(head: &[u8], tail: &[u8]) -> String {
    hex(&Sha256::new()
        .chain_update(head)
        .chain_update(tail)
        .finalize())
}

/// A number that another memory changes.
#[derive(Clone)]
struct Field {
    is: Number,
    at: Range<usize>,
    value: usize,
}

#[derive(Clone, Copy)]
enum Number {
    /// The size of a section that holds the data.
    AroundData,
    MemorySection,
    Pages,
}

/// Looks for memories with data in a component or a module. Finds the numbers around each, in their order: the last is
/// the size of the data.
fn visit(
    bytes: &[u8],
    range: Range<usize>,
    around: &mut Vec<Field>,
    found: &mut Vec<Vec<Field>>,
) -> Result<()> {
    // The preamble of a module has another layer.
    let is_component = bytes.get(range.start + 6) == Some(&1);
    let mut reader = BinaryReader::new(&bytes[range.clone()], range.start);
    reader.read_bytes(PREAMBLE)?;
    let mut memory = None;
    while !reader.eof() {
        let id = reader.read_u8()?;
        let size = field(&mut reader, Number::AroundData)?;
        let start = size.at.end;
        let content = reader.read_bytes(size.value)?;
        match (is_component, id) {
            (true, CORE_MODULE | COMPONENT) => {
                around.push(size.clone());
                visit(bytes, start..start + size.value, around, found)?;
                around.pop();
            }
            (false, MEMORY) => {
                if let Some(pages) = content.strip_prefix(&ONE_MEMORY) {
                    let mut pages = BinaryReader::new(pages, start + ONE_MEMORY.len());
                    let pages = field(&mut pages, Number::Pages)?;
                    let is = Number::MemorySection;
                    memory = (pages.value > 0).then_some([Field { is, ..size }, pages]);
                }
            }
            (false, DATA) => {
                if let Some(memory) = memory.take() {
                    found.push(around.iter().cloned().chain(memory).chain([size]).collect());
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn field(reader: &mut BinaryReader<'_>, is: Number) -> Result<Field> {
    let start = reader.original_position();
    let value = reader.read_var_u32()? as usize;
    let at = start..reader.original_position();
    Ok(Field { is, at, value })
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

    fn engine(text: &str) -> Vec<u8> {
        wat::parse_str(text).unwrap()
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
        let engine = engine(ENGINE);
        let shell = Shell::of(&engine).unwrap();
        let initial = shell.memory().unwrap();
        assert_eq!(initial.len(), 2 * WASM_PAGE);
        assert_eq!(&initial[70_000..70_006], b"second");
        assert!(memory_in(&shell.shape, &shell.with_memory(&initial)) == *initial);
        let mut memory = vec![0; 200 * WASM_PAGE];
        memory[7 * WASM_PAGE..].fill(3);
        let component = shell.with_memory(&memory);
        Validator::new().validate_all(&component).unwrap();
        assert!(memory_in(&shell.shape, &component) == memory);
        let bare = shell.bare();
        Validator::new().validate_all(&bare).unwrap();
        assert!(!bare.windows(5).any(|bytes| bytes == b"first"));
    }

    #[test]
    fn a_component_with_any_other_byte_is_of_no_engine_that_is_known() {
        let engine = engine(ENGINE);
        let shell = Shell::of(&engine).unwrap();
        let component = shell.with_memory(&shell.memory().unwrap());
        let Found { data, pages } = find(&shell.shape, &component).unwrap();
        for at in 0..component.len() {
            for bit in 0..8 {
                let mut changed = component.clone();
                changed[at] ^= 1 << bit;
                let is_memory = data.contains(&(at as u64));
                match find(&shell.shape, &changed) {
                    Some(found) if !is_memory => assert!(found.pages != pages, "{at} {bit}"),
                    found => assert_eq!(found.is_some(), is_memory, "{at} {bit}"),
                }
            }
        }
        let longer = [&component[..], &[0]].concat();
        assert!(find(&shell.shape, &longer).is_none());
        for length in 0..component.len() {
            assert!(
                find(&shell.shape, &component[..length]).is_none(),
                "{length}"
            );
        }
        let huge = shell.shape.find(&file(&component), u64::MAX).unwrap();
        assert!(huge.is_none());
    }

    #[test]
    fn the_installed_engines_have_one_memory_with_data() {
        let engines = concat!(env!("CARGO_MANIFEST_DIR"), "/../../build/engines");
        for name in ["python", "javascript"] {
            let engine = std::fs::read(format!("{engines}/{name}.wasm")).unwrap();
            let shell = Shell::of(&engine).unwrap();
            let memory = shell.memory().unwrap();
            assert!(memory.len() > 10 << 20, "{name}");
            let component = shell.with_memory(&memory);
            assert!(memory_in(&shell.shape, &component) == *memory, "{name}");
        }
    }

    #[test]
    fn refuses_an_engine_whose_memory_is_made_otherwise() {
        for (from, to) in [
            (
                "(data (i32.const 9)",
                "(global i32 (i32.const 9)) (data (global.get 0)",
            ),
            ("(memory 0) (data", "(memory 1) (data (i32.const 0)"),
            (
                "(memory (export \"memory\") 2)",
                "(memory (export \"memory\") 2 3)",
            ),
        ] {
            let other = engine(&ENGINE.replace(from, to));
            let shell = Shell::of(&other);
            assert!(shell.and_then(|shell| shell.memory()).is_err(), "{to}");
        }
    }
}
