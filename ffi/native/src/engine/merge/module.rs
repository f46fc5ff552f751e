//! One core module of several that import from one another.

use super::{Result, UNKNOWN, Unsupported};
use std::collections::{BTreeSet, HashMap, HashSet};
use wasm_encoder::reencode::{Error, Reencode, utils};
use wasm_encoder::{
    CodeSection, ConstExpr, DataCountSection, DataSection, ElementSection, Elements, ExportKind,
    ExportSection, FunctionSection, GlobalSection, ImportSection, Instruction, MemorySection,
    TableSection, TypeSection,
};
use wasmparser::{BinaryReader, CodeSectionReader, Operator, Parser, Payload, TypeRef};

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
    types: Option<wasmparser::TypeSectionReader<'a>>,
    functions: Option<wasmparser::FunctionSectionReader<'a>>,
    tables: Option<wasmparser::TableSectionReader<'a>>,
    memories: Option<wasmparser::MemorySectionReader<'a>>,
    globals: Option<wasmparser::GlobalSectionReader<'a>>,
    elements: Option<wasmparser::ElementSectionReader<'a>>,
    code: Option<CodeSectionReader<'a>>,
    data: Option<wasmparser::DataSectionReader<'a>>,
    has_data_count: bool,
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
                Payload::DataCountSection { .. } => sections.has_data_count = true,
                Payload::DataSection(section) => sections.data = Some(section),
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

/// A module that becomes a part of another.
pub struct Part<'a> {
    pub sections: &'a Sections<'a>,
    /// What stands for each of its imports.
    imports: Vec<Entity>,
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

    fn imports_of(&self, kind: ExportKind) -> &[Entity] {
        self.imports_of.get(&kind).map_or(&[], Vec::as_slice)
    }
}

/// The module that all parts are in. What it imports, under the empty name, and what it exports are called by
/// their numbers in these lists.
pub struct Whole {
    pub module: wasm_encoder::Module,
    pub imports: Vec<Entity>,
}

/// What is exported, and as which number.
pub type Exports = HashMap<Entity, usize>;

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

/// Where everything of every part is in the whole.
struct Layout {
    imports: Vec<Entity>,
    /// Which part says what an import is, and what it says.
    import_types: Vec<(usize, TypeRef)>,
    indices: HashMap<Entity, u32>,
    /// Globals that have one value always.
    constants: HashMap<Entity, i32>,
    starts: Vec<Starts>,
}

/// What of the whole lies before a part.
#[derive(Clone, Copy, Default)]
struct Starts {
    types: u32,
    elements: u32,
    data: u32,
}

const KINDS: [ExportKind; 4] = [
    ExportKind::Func,
    ExportKind::Table,
    ExportKind::Memory,
    ExportKind::Global,
];

impl Layout {
    fn new(parts: &[Part<'_>], exports: &Exports) -> Result<Self> {
        let mut layout = Self {
            imports: Vec::new(),
            import_types: Vec::new(),
            indices: HashMap::new(),
            constants: HashMap::new(),
            starts: Vec::new(),
        };
        let mut next: HashMap<ExportKind, u32> = HashMap::new();
        let mut place = |layout: &mut Self, entity: Entity| {
            let next = next.entry(entity.kind).or_default();
            layout.indices.insert(entity, *next);
            *next += 1;
        };
        for (number, part) in parts.iter().enumerate() {
            for (entity, import) in part.imports.iter().zip(&part.sections.imports) {
                let is_new = !layout.indices.contains_key(entity);
                if entity.owner == Owner::Component && is_new {
                    place(&mut layout, *entity);
                    layout.imports.push(*entity);
                    layout.import_types.push((number, import.ty));
                }
            }
        }
        layout.find_constants(parts, exports)?;
        let mut starts = Starts::default();
        for (number, part) in parts.iter().enumerate() {
            layout.starts.push(starts);
            let sections = part.sections;
            for group in sections.types.iter().flat_map(|types| types.clone()) {
                starts.types += group?.types().len() as u32;
            }
            starts.elements += sections
                .elements
                .as_ref()
                .map_or(0, |section| section.count());
            starts.data += sections.data.as_ref().map_or(0, |section| section.count());
            for kind in KINDS {
                for index in 0..sections.defined(kind) {
                    let owner = Owner::Part(number);
                    let entity = Entity { owner, kind, index };
                    // A number needs no place, unless others ask for it.
                    if !layout.constants.contains_key(&entity) || exports.contains_key(&entity) {
                        place(&mut layout, entity);
                    }
                }
            }
        }
        Ok(layout)
    }

    fn find_constants(&mut self, parts: &[Part<'_>], exports: &Exports) -> Result<()> {
        let mut changed = BTreeSet::new();
        for (number, part) in parts.iter().enumerate() {
            for body in part.sections.code.iter().flat_map(|code| code.clone()) {
                let mut operators = body?.get_operators_reader()?;
                while !operators.eof() {
                    if let Operator::GlobalSet { global_index } = operators.read()? {
                        changed.insert((number, global_index));
                    }
                }
            }
        }
        let changed: HashSet<Entity> = changed
            .into_iter()
            .map(|(number, index)| parts[number].entity(number, ExportKind::Global, index))
            .collect();
        for (number, part) in parts.iter().enumerate() {
            let globals = part
                .sections
                .globals
                .iter()
                .flat_map(|globals| globals.clone());
            for (index, global) in globals.enumerate() {
                let (global, index) = (global?, index as u32);
                let entity = Entity {
                    owner: Owner::Part(number),
                    kind: ExportKind::Global,
                    index,
                };
                let may_change = global.ty.mutable
                    && (changed.contains(&entity) || exports.contains_key(&entity));
                let mut operators = global.init_expr.get_operators_reader();
                if let (Operator::I32Const { value }, false) = (operators.read()?, may_change)
                    && operators.is_end_then_eof()
                {
                    self.constants.insert(entity, value);
                }
            }
        }
        Ok(())
    }

    fn index(&self, entity: Entity) -> Option<u32> {
        self.indices.get(&entity).copied()
    }

    fn spaces_of(&self, parts: &[Part<'_>], number: usize) -> Spaces {
        let part = &parts[number];
        let entities = |kind| {
            let count = part.imports_of(kind).len() as u32 + part.sections.defined(kind);
            (0..count).map(move |index| part.entity(number, kind, index))
        };
        let indices = |kind| entities(kind).map(|entity| self.index(entity)).collect();
        let globals = entities(ExportKind::Global).map(|entity| Global {
            index: self.index(entity),
            value: self.constants.get(&entity).copied(),
            is_imported: entity.owner == Owner::Component,
        });
        Spaces {
            functions: indices(ExportKind::Func),
            tables: indices(ExportKind::Table),
            memories: indices(ExportKind::Memory),
            globals: globals.collect(),
        }
    }
}

impl Sections<'_> {
    /// How many of a kind it defines itself.
    fn defined(&self, kind: ExportKind) -> u32 {
        match kind {
            ExportKind::Func => self.functions.as_ref().map_or(0, |section| section.count()),
            ExportKind::Table => self.tables.as_ref().map_or(0, |section| section.count()),
            ExportKind::Memory => self.memories.as_ref().map_or(0, |section| section.count()),
            ExportKind::Global => self.globals.as_ref().map_or(0, |section| section.count()),
            _ => 0,
        }
    }
}

/// What a part's own indices are in the whole.
#[derive(Default)]
struct Spaces {
    functions: Vec<Option<u32>>,
    tables: Vec<Option<u32>>,
    memories: Vec<Option<u32>>,
    globals: Vec<Global>,
}

struct Global {
    index: Option<u32>,
    value: Option<i32>,
    is_imported: bool,
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
    has_data_count: bool,
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
        self.has_data_count |= sections.has_data_count;
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
            .section(&sections.elements);
        if sections.has_data_count {
            let count = sections.data.len();
            module.section(&DataCountSection { count });
        }
        module.section(&sections.code).section(&sections.data);
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

    fn data_index(&mut self, index: u32) -> Result<u32> {
        shifted(self.starts().data, index)
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
