//! One core module of several that import from one another.

use super::layout::{Exports, Layout, Spaces, Starts};
use super::part::{Entity, Owner, Part, Sections};
use crate::error::{Result, UNKNOWN, Unsupported};
use std::collections::BTreeSet;
use wasm_encoder::reencode::{Error, Reencode, utils};
use wasm_encoder::{
    CodeSection, ConstExpr, DataSection, ElementSection, Elements, ExportSection, FunctionSection,
    GlobalSection, ImportSection, Instruction, MemorySection, TableSection, TypeSection,
};
use wasmparser::{DataKind, Operator};

/// The module that all parts are in. What it imports, under the empty name, and what it exports are called by
/// their numbers in these lists.
pub struct Whole {
    pub module: wasm_encoder::Module,
    pub imports: Vec<Entity>,
}

/// Makes one module of all. A global that nobody changes becomes a number where it is used.
pub fn merge(parts: &[Part<'_>], exports: &Exports) -> Result<Whole> {
    let layout = Layout::new(parts, exports)?;
    let mut made = Made::default();
    for (number, part) in parts.iter().enumerate() {
        let mut encoder = Encoder {
            layout: &layout,
            number,
            spaces: layout.spaces_of(parts, number),
            referenced: &mut made.referenced,
        };
        made.sections.add(&mut encoder, part.sections)?;
    }
    for (number, entity) in layout.imports.iter().enumerate() {
        let (part, ty) = layout.import_types[number];
        let mut encoder = Encoder {
            layout: &layout,
            number: part,
            spaces: Spaces::default(),
            referenced: &mut made.referenced,
        };
        debug_assert_eq!(entity.owner, Owner::Component);
        let ty = encoder.entity_type(ty)?;
        made.sections.imports.import("", &number.to_string(), ty);
    }
    let mut numbered: Vec<(&Entity, &usize)> = exports.iter().collect();
    numbered.sort_by_key(|(_, number)| **number);
    for (entity, number) in numbered {
        let index = layout.index(*entity).ok_or(UNKNOWN)?;
        let exported = &mut made.sections.exports;
        exported.export(&number.to_string(), entity.kind, index);
    }
    let imports = layout.imports;
    Ok(Whole {
        module: made.finish(),
        imports,
    })
}

#[derive(Default)]
struct Made {
    sections: Encoded,
    /// Functions that are referred to as values: a module says so of each.
    referenced: BTreeSet<u32>,
}

#[derive(Default)]
struct Encoded {
    types: TypeSection,
    imports: ImportSection,
    functions: FunctionSection,
    tables: TableSection,
    memories: MemorySection,
    globals: GlobalSection,
    exports: ExportSection,
    elements: ElementSection,
    code: CodeSection,
    data: DataSection,
}

impl Encoded {
    fn add(&mut self, encoder: &mut Encoder<'_>, sections: &Sections<'_>) -> Result<()> {
        if let Some(section) = &sections.types {
            encoder.parse_type_section(&mut self.types, section.clone())?;
        }
        if let Some(section) = &sections.functions {
            encoder.parse_function_section(&mut self.functions, section.clone())?;
        }
        if let Some(section) = &sections.tables {
            encoder.parse_table_section(&mut self.tables, section.clone())?;
        }
        if let Some(section) = &sections.memories {
            encoder.parse_memory_section(&mut self.memories, section.clone())?;
        }
        if let Some(section) = &sections.globals {
            encoder.parse_global_section(&mut self.globals, section.clone())?;
        }
        if let Some(section) = &sections.elements {
            encoder.parse_element_section(&mut self.elements, section.clone())?;
        }
        if let Some(section) = &sections.code {
            encoder.parse_code_section(&mut self.code, section.clone())?;
        }
        if let Some(section) = &sections.data {
            encoder.parse_data_section(&mut self.data, section.clone())?;
        }
        Ok(())
    }
}

impl Made {
    fn finish(mut self) -> wasm_encoder::Module {
        if !self.referenced.is_empty() {
            let functions: Vec<u32> = self.referenced.into_iter().collect();
            self.sections
                .elements
                .declared(Elements::Functions(functions.into()));
        }
        let sections = &self.sections;
        let mut module = wasm_encoder::Module::new();
        module
            .section(&sections.types)
            .section(&sections.imports)
            .section(&sections.functions)
            .section(&sections.tables)
            .section(&sections.memories)
            .section(&sections.globals)
            .section(&sections.exports)
            .section(&sections.elements)
            .section(&sections.code)
            .section(&sections.data);
        module
    }
}

/// Writes a part with the indices of the whole.
struct Encoder<'a> {
    layout: &'a Layout,
    number: usize,
    spaces: Spaces,
    referenced: &'a mut BTreeSet<u32>,
}

impl Encoder<'_> {
    fn starts(&self) -> Starts {
        self.layout.starts[self.number]
    }
}

fn found(index: Option<&Option<u32>>) -> Result<u32> {
    index.copied().flatten().ok_or(UNKNOWN)
}

fn shifted(start: u32, index: u32) -> Result<u32> {
    start.checked_add(index).ok_or(UNKNOWN)
}

impl Reencode for Encoder<'_> {
    type Error = Unsupported;

    fn type_index(&mut self, index: u32) -> Result<u32> {
        shifted(self.starts().types, index)
    }

    fn element_index(&mut self, index: u32) -> Result<u32> {
        shifted(self.starts().elements, index)
    }

    fn function_index(&mut self, index: u32) -> Result<u32> {
        found(self.spaces.functions.get(index as usize))
    }

    fn table_index(&mut self, index: u32) -> Result<u32> {
        found(self.spaces.tables.get(index as usize))
    }

    fn memory_index(&mut self, index: u32) -> Result<u32> {
        found(self.spaces.memories.get(index as usize))
    }

    fn global_index(&mut self, index: u32) -> Result<u32> {
        found(
            self.spaces
                .globals
                .get(index as usize)
                .map(|global| &global.index),
        )
    }

    fn instruction<'a>(&mut self, operator: Operator<'a>) -> Result<Instruction<'a>> {
        match operator {
            // Of a passive segment, which is empty: it would trap.
            Operator::MemoryInit { .. } => return Ok(Instruction::Unreachable),
            Operator::DataDrop { .. } => return Ok(Instruction::Nop),
            _ => {}
        }
        if let Operator::GlobalGet { global_index } = operator {
            let global = self.spaces.globals.get(global_index as usize);
            if let Some(value) = global.and_then(|global| global.value) {
                return Ok(Instruction::I32Const(value));
            }
        }
        let instruction = utils::instruction(self, operator)?;
        if let Instruction::RefFunc(index) = instruction {
            self.referenced.insert(index);
        }
        Ok(instruction)
    }

    fn const_expr(&mut self, expression: wasmparser::ConstExpr<'_>) -> Result<ConstExpr> {
        let mut operators = expression.get_operators_reader();
        while !operators.is_end_then_eof() {
            let Operator::GlobalGet { global_index } = operators.read()? else {
                continue;
            };
            let global = self.spaces.globals.get(global_index as usize);
            if global.is_none_or(|global| global.value.is_none() && !global.is_imported) {
                let problem = "what depends on a global of another module";
                return Err(Error::UserError(Unsupported(problem)));
            }
        }
        utils::const_expr(self, expression)
    }

    fn parse_data_section(
        &mut self,
        data: &mut DataSection,
        section: wasmparser::DataSectionReader<'_>,
    ) -> Result<()> {
        for segment in section {
            let segment = segment?;
            if let DataKind::Active { .. } = segment.kind {
                self.parse_data(data, segment)?;
            }
        }
        Ok(())
    }

    fn parse_global_section(
        &mut self,
        globals: &mut GlobalSection,
        section: wasmparser::GlobalSectionReader<'_>,
    ) -> Result<()> {
        let defined = section.count() as usize;
        let first = self.spaces.globals.len() - defined;
        for (index, global) in section.into_iter().enumerate() {
            let global = global?;
            if self.spaces.globals[first + index].index.is_some() {
                self.parse_global(globals, global)?;
            }
        }
        Ok(())
    }
}
