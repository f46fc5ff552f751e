//! Takes the initial memory out of an engine's component.
//!
//! With host memory, Wasmtime would copy the data segments into every instance, 26 MB for Python. The
//! engine is compiled without them, and they become the base image, which is mapped.

use std::convert::Infallible;
use wasm_encoder::reencode::{self, Reencode, ReencodeComponent};
use wasmparser::{DataKind, Operator, Parser};
use wasmtime::{Result, bail, format_err};

const WASM_PAGE: usize = 1 << 16;

/// A component without active data, and what that data was.
#[derive(Debug)]
pub struct Stripped {
    pub component: Vec<u8>,
    /// The initial memory, whole pages.
    pub memory: Vec<u8>,
}

pub fn strip(component: &[u8]) -> Result<Stripped> {
    let mut stripper = Stripper::default();
    let mut output = wasm_encoder::Component::new();
    stripper
        .parse_component(&mut output, Parser::new(0), component)
        .map_err(|error| format_err!("Cannot read the component: {error}"))?;
    if let Some(problem) = stripper.problem {
        bail!("Cannot take the memory out of the component: {problem}");
    }
    let [pages] = stripper.main_memory_pages[..] else {
        bail!(
            "Cannot take the memory out of the component: it has {} memories with initial pages, not one",
            stripper.main_memory_pages.len()
        );
    };
    let minimum_bytes = pages * WASM_PAGE;
    if stripper.memory.len() > minimum_bytes {
        bail!("Cannot take the memory out of the component: data lies past the initial memory");
    }
    stripper.memory.resize(minimum_bytes, 0);
    Ok(Stripped {
        component: output.finish(),
        memory: stripper.memory,
    })
}

#[derive(Default)]
struct Stripper {
    memory: Vec<u8>,
    main_memory_pages: Vec<usize>,
    problem: Option<String>,
}

impl Reencode for Stripper {
    type Error = Infallible;

    fn parse_memory_section(
        &mut self,
        memories: &mut wasm_encoder::MemorySection,
        section: wasmparser::MemorySectionReader<'_>,
    ) -> Result<(), reencode::Error<Infallible>> {
        for memory in section.clone() {
            let pages = memory?.initial as usize;
            if pages > 0 {
                self.main_memory_pages.push(pages);
            }
        }
        reencode::utils::parse_memory_section(self, memories, section)
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
        // The segment stays, emptied: others keep their index.
        segments.active(memory_index, &self.const_expr(offset_expr)?, []);
        Ok(())
    }
}

impl ReencodeComponent for Stripper {}

impl Stripper {
    fn keep(&mut self, start: usize, data: &[u8]) {
        let end = start + data.len();
        if self.memory.len() < end {
            self.memory.resize(end, 0);
        }
        self.memory[start..end].copy_from_slice(data);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn component(module: &wasm_encoder::Module) -> Vec<u8> {
        let mut component = wasm_encoder::Component::new();
        component.section(&wasm_encoder::ModuleSection(module));
        component.finish()
    }

    fn module(pages: u64, offset: &wasm_encoder::ConstExpr) -> wasm_encoder::Module {
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
        let stripped = strip(&source).unwrap();
        assert_eq!(stripped.memory.len(), 2 * WASM_PAGE);
        assert_eq!(&stripped.memory[70_000..70_004], b"here");
        assert!(!stripped.component.windows(4).any(|bytes| bytes == b"here"));
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
