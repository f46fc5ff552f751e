//! The modules that become parts of one.

use crate::error::Unsupported;
use std::collections::HashMap;
use wasm_encoder::ExportKind;
use wasmparser::{BinaryReader, CodeSectionReader, DataKind, Parser, Payload};

/// A function, table, memory or global.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Entity {
    pub owner: Owner,
    pub kind: ExportKind,
    /// Of those of its kind that the owner has: of a part, those that it defines itself.
    pub index: u32,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Owner {
    /// One of the modules.
    Part(usize),
    /// What all of them are in.
    Component,
}

/// A module, in its sections.
#[derive(Default)]
pub struct Sections<'a> {
    pub imports: Vec<wasmparser::Import<'a>>,
    pub exports: HashMap<&'a str, (ExportKind, u32)>,
    /// Why it can be no part of another.
    pub unsupported: Option<Unsupported>,
    pub types: Option<wasmparser::TypeSectionReader<'a>>,
    pub functions: Option<wasmparser::FunctionSectionReader<'a>>,
    pub tables: Option<wasmparser::TableSectionReader<'a>>,
    pub memories: Option<wasmparser::MemorySectionReader<'a>>,
    pub globals: Option<wasmparser::GlobalSectionReader<'a>>,
    pub elements: Option<wasmparser::ElementSectionReader<'a>>,
    pub code: Option<CodeSectionReader<'a>>,
    pub data: Option<wasmparser::DataSectionReader<'a>>,
}

impl<'a> Sections<'a> {
    pub fn read(module: &'a [u8]) -> wasmparser::Result<Self> {
        let mut sections = Self::default();
        for payload in Parser::new(0).parse_all(module) {
            match payload? {
                Payload::TypeSection(section) => sections.types = Some(section),
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        sections.imports.push(import?);
                    }
                }
                Payload::FunctionSection(section) => sections.functions = Some(section),
                Payload::TableSection(section) => sections.tables = Some(section),
                Payload::MemorySection(section) => sections.memories = Some(section),
                Payload::GlobalSection(section) => sections.globals = Some(section),
                Payload::ExportSection(section) => {
                    for export in section {
                        let export = export?;
                        let found = (export.kind.into(), export.index);
                        sections.exports.insert(export.name, found);
                    }
                }
                Payload::ElementSection(section) => sections.elements = Some(section),
                Payload::CodeSectionStart { range, .. } => {
                    let bytes = BinaryReader::new(&module[range.clone()], range.start);
                    sections.code = Some(CodeSectionReader::new(bytes)?);
                }
                Payload::DataSection(section) => {
                    for segment in section.clone() {
                        let segment = segment?;
                        // A snapshot has emptied those that were copied.
                        if matches!(segment.kind, DataKind::Passive) && !segment.data.is_empty() {
                            let problem = "data that is copied later";
                            sections.unsupported = Some(Unsupported(problem));
                        }
                    }
                    sections.data = Some(section);
                }
                Payload::StartSection { .. } => {
                    sections.unsupported = Some(Unsupported("a start function"));
                }
                Payload::TagSection(_) => sections.unsupported = Some(Unsupported("a tag")),
                _ => {}
            }
        }
        Ok(sections)
    }
}

impl Sections<'_> {
    /// How many of a kind it defines itself.
    pub fn defined(&self, kind: ExportKind) -> u32 {
        match kind {
            ExportKind::Func => self.functions.as_ref().map_or(0, |section| section.count()),
            ExportKind::Table => self.tables.as_ref().map_or(0, |section| section.count()),
            ExportKind::Memory => self.memories.as_ref().map_or(0, |section| section.count()),
            ExportKind::Global => self.globals.as_ref().map_or(0, |section| section.count()),
            _ => 0,
        }
    }
}

/// A module that becomes a part of another.
pub struct Part<'a> {
    pub sections: &'a Sections<'a>,
    /// What stands for each of its imports.
    pub imports: Vec<Entity>,
    /// The same, by its kind: an index below their number means one of them.
    imports_of: HashMap<ExportKind, Vec<Entity>>,
}

impl<'a> Part<'a> {
    pub fn new(sections: &'a Sections<'a>, imports: Vec<Entity>) -> Self {
        let mut imports_of: HashMap<ExportKind, Vec<Entity>> = HashMap::new();
        for entity in &imports {
            imports_of.entry(entity.kind).or_default().push(*entity);
        }
        Self {
            sections,
            imports,
            imports_of,
        }
    }

    /// What it means by an index, as the part of this number.
    pub fn entity(&self, number: usize, kind: ExportKind, index: u32) -> Entity {
        let imports = self.imports_of(kind);
        imports.get(index as usize).copied().unwrap_or(Entity {
            owner: Owner::Part(number),
            kind,
            index: index.wrapping_sub(imports.len() as u32),
        })
    }

    pub fn imports_of(&self, kind: ExportKind) -> &[Entity] {
        self.imports_of.get(&kind).map_or(&[], Vec::as_slice)
    }
}
