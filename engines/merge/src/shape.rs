//! Where the memory of an engine lies in its component.
//!
//! The initial memory of an engine is one data section. The component of a program is its engine, byte for byte, with
//! another content of that section and another size of the memory. Sizes are written in five bytes there, so that
//! everything lies where it always does, and the native library can tell the rest by a digest.

use anyhow::{Result, bail};
use sha2::{Digest, Sha256};
use std::ops::Range;
use wasmparser::{BinaryReader, Validator};

/// A number of 32 bits in LEB128, however small it is.
const NUMBER: usize = 5;
const PREAMBLE: usize = 8;

/// Sections of a component, and of a module.
const CORE_MODULE: u8 = 1;
const COMPONENT: u8 = 4;
const MEMORY: u8 = 5;
const DATA: u8 = 11;
const DATA_COUNT: u8 = 12;
/// What a memory section holds before its pages: one memory that has no maximum.
const ONE_MEMORY: [u8; 2] = [1, 0];

/// Where everything lies in the components of an engine's programs. `ffi/native/src/engine/shell.rs` reads it.
#[derive(Debug)]
pub struct Shape {
    /// Bytes before the content of the data section.
    pub head: usize,
    /// Bytes behind it.
    pub tail: usize,
    /// Where sizes of sections are written, and what each counts besides that content. The last is its own.
    pub sizes: Vec<(usize, usize)>,
    /// Where the pages of the memory are written.
    pub pages: usize,
    /// SHA-256 of head and tail, in which these numbers are zeroes.
    pub digest: String,
}

/// The component with those numbers in five bytes, and where they are.
pub fn with_places(component: &[u8]) -> Result<(Vec<u8>, Shape)> {
    let mut found = Vec::new();
    visit(component, 0..component.len(), &mut Vec::new(), &mut found)?;
    let [fields] = &found[..] else {
        bail!("it has {} memories with data, not one", found.len());
    };
    // The head with zeroes for the numbers, and where each is now.
    let mut head = Vec::new();
    let mut places = Vec::new();
    let mut from = 0;
    for field in fields {
        head.extend_from_slice(&component[from..field.at.start]);
        places.push(head.len());
        head.extend_from_slice(&[0; NUMBER]);
        from = field.at.end;
    }
    let (data, tail) = component[from..].split_at(fields.last().map_or(0, |size| size.value));
    // What a section grows by, since the numbers in it are longer now.
    let mut growth = 0;
    let mut sizes = Vec::new();
    let (mut pages_at, mut pages) = (0, 0);
    for (field, at) in fields.iter().zip(places).rev() {
        match field.is {
            Number::Pages => (pages_at, pages) = (at, field.value),
            Number::MemorySection => {
                let size = ONE_MEMORY.len() + NUMBER;
                head[at..at + NUMBER].copy_from_slice(&number(size));
            }
            Number::AroundData => sizes.push((at, field.value + growth - data.len())),
        }
        growth += NUMBER - field.at.len();
    }
    sizes.reverse();
    let mut digest = Sha256::new();
    digest.update(&head);
    digest.update(tail);
    let shape = Shape {
        head: head.len(),
        tail: tail.len(),
        sizes,
        pages: pages_at,
        digest: format!("{:x}", digest.finalize()),
    };
    let mut bytes = head;
    bytes[shape.pages..][..NUMBER].copy_from_slice(&number(pages));
    for (at, others) in &shape.sizes {
        bytes[*at..][..NUMBER].copy_from_slice(&number(others + data.len()));
    }
    bytes.extend_from_slice(data);
    bytes.extend_from_slice(tail);
    Validator::new_with_features(wasmparser::WasmFeatures::all()).validate_all(&bytes)?;
    Ok((bytes, shape))
}

fn number(value: usize) -> [u8; NUMBER] {
    std::array::from_fn(|index| {
        let is_last = index + 1 == NUMBER;
        (value >> (7 * index)) as u8 & 0x7f | u8::from(!is_last) << 7
    })
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
            // With another memory there are other segments.
            (false, DATA_COUNT) if memory.is_some() => bail!("its data is counted"),
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
