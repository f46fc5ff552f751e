//! Where everything of every part is in the one module.

use super::part::{Entity, Owner, Part};
use crate::error::Result;
use std::collections::{BTreeSet, HashMap, HashSet};
use wasm_encoder::ExportKind;
use wasmparser::{Operator, TypeRef};

/// What is exported, and as which number.
pub type Exports = HashMap<Entity, usize>;

/// Where everything of every part is in the whole.
pub struct Layout {
    pub imports: Vec<Entity>,
    /// Which part says what an import is, and what it says.
    pub import_types: Vec<(usize, TypeRef)>,
    pub indices: HashMap<Entity, u32>,
    /// Globals that have one value always.
    pub constants: HashMap<Entity, i32>,
    pub starts: Vec<Starts>,
}

/// What of the whole lies before a part.
#[derive(Clone, Copy, Default)]
pub struct Starts {
    pub types: u32,
    pub elements: u32,
}

const KINDS: [ExportKind; 4] = [
    ExportKind::Func,
    ExportKind::Table,
    ExportKind::Memory,
    ExportKind::Global,
];

impl Layout {
    pub fn new(parts: &[Part<'_>], exports: &Exports) -> Result<Self> {
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

    pub fn index(&self, entity: Entity) -> Option<u32> {
        self.indices.get(&entity).copied()
    }

    pub fn spaces_of(&self, parts: &[Part<'_>], number: usize) -> Spaces {
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

/// What a part's own indices are in the whole.
#[derive(Default)]
pub struct Spaces {
    pub functions: Vec<Option<u32>>,
    pub tables: Vec<Option<u32>>,
    pub memories: Vec<Option<u32>>,
    pub globals: Vec<Global>,
}

pub struct Global {
    pub index: Option<u32>,
    pub value: Option<i32>,
    pub is_imported: bool,
}
