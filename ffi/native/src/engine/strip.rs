//! Takes the initial memory out of an engine's component.
//!
//! With host memory, Wasmtime would copy the data segments into every instance, 26 MB for Python. The
//! engine is compiled without them, and they become the base image, which is mapped.

use std::convert::Infallible;
use std::fmt::Display;
use wasm_encoder::ConstExpr;
use wasm_encoder::reencode::{self, Reencode, ReencodeComponent};
use wasmparser::{DataKind, Operator, Parser, Payload};
use wasmtime::{Result, bail, format_err};

pub const WASM_PAGE: usize = 1 << 16;
/// More than a program may have after it was loaded.
const MEMORY_BYTES_AT_MOST: usize = 1 << 30;
/// Engines have one component in another.
const DEPTH_AT_MOST: i32 = 32;
/// Sections of a component that Capsule makes: what the program is called, what its tasks are.
const OWN_SECTIONS: &str = "capsule:";

/// Counts changes of what a component becomes here: machine code of another one is another file.
pub const REVISION: u32 = 3;

/// A component without active data, and what that data was.
#[derive(Debug)]
pub struct Stripped {
    pub component: Vec<u8>,
    /// The initial memory, whole pages.
    pub memory: Vec<u8>,
}

/// The component as it is, without its memory.
pub fn strip(component: &[u8]) -> Result<Stripped> {
    run(Stripper::default(), component)
}

/// What all components have in common that differ in their memory alone: no data, the least memory, and
/// none of Capsule's own sections.
pub fn normalize(component: &[u8]) -> Result<Stripped> {
    let stripper = Stripper {
        is_normalizing: true,
        ..Stripper::default()
    };
    run(stripper, component)
}

fn run(mut stripper: Stripper, component: &[u8]) -> Result<Stripped> {
    check_depth(component)?;
    let mut output = wasm_encoder::Component::new();
    stripper
        .parse_component(&mut output, Parser::new(0), component)
        .map_err(|error| unreadable(&error))?;
    if let Some(problem) = stripper.problem {
        bail!("Cannot take the memory out of the component: {problem}");
    }
    let [pages] = stripper.main_memory_pages[..] else {
        bail!(
            "Cannot take the memory out of the component: it has {} memories with initial pages, not one",
            stripper.main_memory_pages.len()
        );
    };
    let memory_bytes = usize::try_from(pages)
        .ok()
        .and_then(|pages| pages.checked_mul(WASM_PAGE))
        .filter(|bytes| *bytes <= MEMORY_BYTES_AT_MOST);
    let Some(memory_bytes) = memory_bytes else {
        bail!("Cannot take the memory out of the component: it is larger than a program may be");
    };
    if stripper.data.len() > memory_bytes {
        bail!("Cannot take the memory out of the component: data lies past the initial memory");
    }
    let mut memory = stripper.data;
    memory.resize(memory_bytes, 0);
    Ok(Stripped {
        component: output.finish(),
        memory,
    })
}

/// Whoever takes a component apart goes into what is nested in it, on a stack that ends somewhere.
fn check_depth(component: &[u8]) -> Result<()> {
    let mut depth = 0;
    for payload in Parser::new(0).parse_all(component) {
        match payload.map_err(|error| unreadable(&reencode::Error::<Infallible>::from(error)))? {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth -= 1,
            _ => {}
        }
        if depth > DEPTH_AT_MOST {
            bail!("it has components in components, more than {DEPTH_AT_MOST} deep");
        }
    }
    Ok(())
}

/// What is wrong with a component that cannot be read.
pub fn unreadable<E: Display>(error: &reencode::Error<E>) -> wasmtime::Error {
    match error {
        reencode::Error::ParseError(error) => format_err!("it is damaged: {error}"),
        other => format_err!("it is damaged: {other}"),
    }
}

#[derive(Default)]
struct Stripper {
    is_normalizing: bool,
    /// Whether instructions of the module may refer to its data segments by their index.
    has_data_count: bool,
    data: Vec<u8>,
    main_memory_pages: Vec<u64>,
    problem: Option<String>,
}

impl Reencode for Stripper {
    type Error = Infallible;

    fn parse_core_module(
        &mut self,
        module: &mut wasm_encoder::Module,
        parser: Parser,
        bytes: &[u8],
    ) -> Result<(), reencode::Error<Infallible>> {
        self.has_data_count = false;
        reencode::utils::parse_core_module(self, module, parser, bytes)
    }

    fn data_count(&mut self, count: u32) -> Result<u32, reencode::Error<Infallible>> {
        self.has_data_count = true;
        Ok(count)
    }

    fn parse_memory_section(
        &mut self,
        memories: &mut wasm_encoder::MemorySection,
        section: wasmparser::MemorySectionReader<'_>,
    ) -> Result<(), reencode::Error<Infallible>> {
        for memory in section.clone() {
            let pages = memory?.initial;
            if pages > 0 {
                self.main_memory_pages.push(pages);
            }
        }
        reencode::utils::parse_memory_section(self, memories, section)
    }

    fn memory_type(
        &mut self,
        mut memory: wasmparser::MemoryType,
    ) -> Result<wasm_encoder::MemoryType, reencode::Error<Infallible>> {
        if self.is_normalizing {
            memory.initial = memory.initial.min(1);
        }
        Ok(reencode::utils::memory_type(self, memory))
    }

    fn parse_data(
        &mut self,
        segments: &mut wasm_encoder::DataSection,
        segment: wasmparser::Data<'_>,
    ) -> Result<(), reencode::Error<Infallible>> {
        let DataKind::Active {
            memory_index,
            offset_expr,
        } = segment.kind
        else {
            return reencode::utils::parse_data(self, segments, segment);
        };
        match offset_expr.get_operators_reader().read()? {
            Operator::I32Const { value } => self.keep(value as u32 as usize, segment.data),
            other if !segment.data.is_empty() => {
                self.problem = Some(format!("a data segment lies at {other:?}"));
            }
            _ => {}
        }
        // Every instance would look at every segment, and a snapshot has 10,000: a third of a call. One that
        // may be referred to stays, emptied, and so do the indices of others.
        if self.has_data_count {
            segments.active(memory_index, &ConstExpr::i32_const(0), []);
        }
        Ok(())
    }
}

impl ReencodeComponent for Stripper {
    fn parse_component_custom_section(
        &mut self,
        component: &mut wasm_encoder::Component,
        section: wasmparser::CustomSectionReader<'_>,
    ) -> Result<(), reencode::Error<Infallible>> {
        if self.is_normalizing && section.name().starts_with(OWN_SECTIONS) {
            return Ok(());
        }
        reencode::component_utils::parse_component_custom_section(self, component, section)
    }
}

impl Stripper {
    fn keep(&mut self, start: usize, data: &[u8]) {
        let end = start + data.len();
        if end > MEMORY_BYTES_AT_MOST {
            self.problem = Some(format!("data lies at {start}"));
            return;
        }
        if self.data.len() < end {
            self.data.resize(end, 0);
        }
        self.data[start..end].copy_from_slice(data);
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    pub fn component(module: &wasm_encoder::Module) -> Vec<u8> {
        let mut component = wasm_encoder::Component::new();
        component.section(&wasm_encoder::ModuleSection(module));
        component.finish()
    }

    pub fn module(pages: u64, offset: &wasm_encoder::ConstExpr) -> wasm_encoder::Module {
        let mut memories = wasm_encoder::MemorySection::new();
        memories.memory(wasm_encoder::MemoryType {
            minimum: pages,
            maximum: None,
            memory64: false,
            shared: false,
            page_size_log2: None,
        });
        let mut data = wasm_encoder::DataSection::new();
        data.active(0, offset, *b"here");
        let mut module = wasm_encoder::Module::new();
        module.section(&memories).section(&data);
        module
    }

    #[test]
    fn data_becomes_the_memory_and_leaves_the_component() {
        let source = component(&module(2, &wasm_encoder::ConstExpr::i32_const(70_000)));
        let Stripped { component, memory } = strip(&source).unwrap();
        assert_eq!(memory.len(), 2 * WASM_PAGE);
        assert_eq!(&memory[70_000..70_004], b"here");
        assert!(!component.windows(4).any(|bytes| bytes == b"here"));
    }

    #[test]
    fn segments_go_unless_code_may_refer_to_them() {
        let segments_left = |has_count: bool| {
            let mut memories = wasm_encoder::MemorySection::new();
            memories.memory(wasm_encoder::MemoryType {
                minimum: 1,
                maximum: None,
                memory64: false,
                shared: false,
                page_size_log2: None,
            });
            let mut data = wasm_encoder::DataSection::new();
            data.active(0, &ConstExpr::i32_const(8), *b"here");
            data.passive(*b"kept");
            let mut module = wasm_encoder::Module::new();
            module.section(&memories);
            if has_count {
                module.section(&wasm_encoder::DataCountSection { count: 2 });
            }
            module.section(&data);
            let stripped = strip(&component(&module)).unwrap().component;
            let sections = Parser::new(0).parse_all(&stripped).map(Result::unwrap);
            sections
                .filter_map(|payload| match payload {
                    wasmparser::Payload::DataSection(section) => Some(section.count()),
                    _ => None,
                })
                .sum::<u32>()
        };
        assert_eq!(segments_left(false), 1);
        assert_eq!(segments_left(true), 2);
    }

    #[test]
    fn refuses_what_is_nested_deeper_than_a_stack_can_follow() {
        let nested = |depth: usize| {
            let mut bytes = component(&module(1, &ConstExpr::i32_const(0)));
            for _ in 0..depth {
                let mut outer = wasm_encoder::Component::new();
                outer.section(&wasm_encoder::RawSection {
                    id: wasm_encoder::ComponentSectionId::Component as u8,
                    data: &bytes,
                });
                bytes = outer.finish();
            }
            bytes
        };
        assert!(strip(&nested(20)).is_ok());
        let error = strip(&nested(3_000)).unwrap_err().to_string();
        assert!(error.contains("deep"), "{error}");
        assert!(normalize(&nested(3_000)).is_err());
    }

    #[test]
    fn refuses_data_at_an_address_it_does_not_know_or_outside() {
        let source = component(&module(1, &wasm_encoder::ConstExpr::global_get(0)));
        assert!(strip(&source).is_err());
        let source = component(&module(1, &wasm_encoder::ConstExpr::i32_const(70_000)));
        assert!(strip(&source).is_err());
        assert!(strip(b"no component").is_err());
    }
}
