//! Which modules become one, and where.

use super::events::{Event, is_core};
use crate::error::{Result, Unsupported};
use crate::module::layout::Exports;
use crate::module::part::{Entity, Owner, Part, Sections};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use wasm_encoder::reencode::{Reencode, ReencodeComponent, component_utils};
use wasm_encoder::{CanonicalFunctionSection, ExportKind};
use wasmparser::{CanonicalFunction, ComponentAlias, Instance, InstantiationArg, TypeRef};

/// From an export of an instance to what it is: linkers take two.
const STEPS_AT_MOST: usize = 100;

/// A core instance of the component.
pub enum CoreInstance<'a> {
    Part(usize),
    /// Stays as it is.
    Own,
    Exports(BTreeMap<&'a str, ItemIndex>),
}

/// Its kind, and which one of that kind it is.
pub type ItemIndex = (ExportKind, u32);

/// A function, table, memory or global of the component.
pub enum Item<'a> {
    /// Of an instance.
    Alias(u32, &'a str),
    Made,
}

/// Which modules become one, where, and what of it others need.
pub struct Plan<'a> {
    pub modules: &'a [Sections<'a>],
    pub instances: Vec<CoreInstance<'a>>,
    pub items: HashMap<ExportKind, Vec<Item<'a>>>,
    pub parts: Vec<Part<'a>>,
    /// Of each part, which module it is.
    pub part_modules: HashSet<u32>,
    /// The event before which the whole is instantiated.
    pub position: usize,
    /// Events before that which need the whole.
    pub deferred: BTreeSet<usize>,
    pub needed_items: HashSet<ItemIndex>,
    pub needed_instances: HashSet<u32>,
    /// Parts that are given to another module as they are, and what it imports of them.
    pub given: BTreeMap<u32, BTreeSet<&'a str>>,
    /// What the whole exports.
    pub exports: Exports,
}

/// What is known while the events are gone through.
struct Scan<'a, 'b> {
    plan: Plan<'a>,
    /// How often each module is instantiated.
    uses: HashMap<u32, u32>,
    /// Items that need the whole, and instances.
    late_items: HashSet<ItemIndex>,
    late_instances: HashSet<u32>,
    /// How many items of each kind there are before the whole.
    limits: Option<HashMap<ExportKind, u32>>,
    /// Tables and memories that a module which stays may have written to.
    touched: HashSet<Entity>,
    /// No module joins any more.
    is_over: bool,
    events: &'b [Event<'a>],
}

impl<'a> Plan<'a> {
    pub fn new(events: &[Event<'a>], modules: &'a [Sections<'a>]) -> Result<Self> {
        let mut scan = Scan {
            plan: Self {
                modules,
                instances: Vec::new(),
                items: HashMap::new(),
                parts: Vec::new(),
                part_modules: HashSet::new(),
                position: events.len(),
                deferred: BTreeSet::new(),
                needed_items: HashSet::new(),
                needed_instances: HashSet::new(),
                given: BTreeMap::new(),
                exports: Exports::new(),
            },
            uses: HashMap::new(),
            late_items: HashSet::new(),
            late_instances: HashSet::new(),
            limits: None,
            touched: HashSet::new(),
            is_over: false,
            events,
        };
        scan.scan()?;
        let mut plan = scan.plan;
        if plan.parts.len() < 2 {
            plan = plan.without_parts();
        }
        plan.find_needed(events)?;
        Ok(plan)
    }

    /// One module alone stays as it is.
    fn without_parts(mut self) -> Self {
        for instance in &mut self.instances {
            if let CoreInstance::Part(_) = instance {
                *instance = CoreInstance::Own;
            }
        }
        self.parts.clear();
        self.part_modules.clear();
        self.deferred.clear();
        self.position = usize::MAX;
        self
    }

    /// What an instance has by a name, in a part or in the component.
    pub fn resolve<'n>(&'n self, mut instance: u32, mut name: &'n str) -> Option<Entity> {
        let mut made = None;
        for _ in 0..STEPS_AT_MOST {
            let (kind, index) = match self.instances.get(instance as usize)? {
                CoreInstance::Own => return made,
                CoreInstance::Part(number) => {
                    let part = &self.parts[*number];
                    let (kind, index) = *part.sections.exports.get(name)?;
                    return Some(part.entity(*number, kind, index));
                }
                CoreInstance::Exports(exports) => *exports.get(name)?,
            };
            let owner = Owner::Component;
            made = Some(Entity { owner, kind, index });
            match self.items.get(&kind)?.get(index as usize)? {
                Item::Made => return made,
                Item::Alias(aliased, original) => (instance, name) = (*aliased, original),
            }
        }
        None
    }

    fn find_needed(&mut self, events: &[Event<'a>]) -> Result<()> {
        let mut needed = Vec::new();
        for event in events {
            match event {
                Event::Canonical(function) => needed.extend(uses_of(function)?),
                Event::Instance(Instance::Instantiate { module_index, args })
                    if !self.part_modules.contains(module_index) =>
                {
                    self.give(*module_index, args, &mut needed);
                }
                _ => {}
            }
        }
        while let Some(item) = needed.pop() {
            if !self.needed_items.insert(item) {
                continue;
            }
            let found = self
                .items
                .get(&item.0)
                .and_then(|items| items.get(item.1 as usize));
            if let Some(&Item::Alias(instance, name)) = found {
                self.need_export(instance, name, &mut needed);
            }
        }
        Ok(())
    }

    /// What a module that stays imports.
    fn give(&mut self, module: u32, args: &[InstantiationArg<'a>], needed: &mut Vec<ItemIndex>) {
        for arg in args {
            self.need_all(arg.index, needed);
        }
        let args: HashMap<_, _> = args.iter().map(|arg| (arg.name, arg.index)).collect();
        for import in &self.modules[module as usize].imports {
            let Some(&instance) = args.get(import.module) else {
                continue;
            };
            if let Some(CoreInstance::Part(_)) = self.instances.get(instance as usize) {
                self.need_export(instance, import.name, needed);
                self.given.entry(instance).or_default().insert(import.name);
            }
        }
    }

    fn need_all(&mut self, instance: u32, needed: &mut Vec<ItemIndex>) {
        let is_new = self.needed_instances.insert(instance);
        let instance = self.instances.get(instance as usize);
        if let (Some(CoreInstance::Exports(exports)), true) = (instance, is_new) {
            needed.extend(exports.values());
        }
    }

    fn need_export(&mut self, instance: u32, name: &str, needed: &mut Vec<ItemIndex>) {
        match self.instances.get(instance as usize) {
            Some(CoreInstance::Exports(_)) => self.need_all(instance, needed),
            Some(CoreInstance::Part(_)) => match self.resolve(instance, name) {
                Some(Entity {
                    owner: Owner::Component,
                    kind,
                    index,
                }) => needed.push((kind, index)),
                Some(entity) => {
                    let number = self.exports.len();
                    self.exports.entry(entity).or_insert(number);
                }
                None => {}
            },
            _ => {}
        }
    }
}

impl<'a> Scan<'a, '_> {
    fn scan(&mut self) -> Result<()> {
        for event in self.events {
            if let Event::Instance(Instance::Instantiate { module_index, .. }) = event {
                *self.uses.entry(*module_index).or_default() += 1;
            }
        }
        for (number, event) in self.events.iter().enumerate() {
            match event {
                Event::Instance(Instance::Instantiate { module_index, args }) => {
                    let args = args.iter().map(|arg| (arg.name, arg.index)).collect();
                    self.instantiate(number, *module_index, &args);
                }
                Event::Instance(Instance::FromExports(exports)) => {
                    let is_late = exports.iter().any(|export| {
                        self.late_items
                            .contains(&(export.kind.into(), export.index))
                    });
                    let exports = exports
                        .iter()
                        .map(|export| (export.name, (export.kind.into(), export.index)));
                    self.add_instance(number, CoreInstance::Exports(exports.collect()), is_late);
                }
                Event::Alias(ComponentAlias::CoreInstanceExport {
                    kind,
                    instance_index,
                    name,
                }) => {
                    let is_late = self.late_instances.contains(instance_index);
                    let item = Item::Alias(*instance_index, name);
                    self.add_item(number, (*kind).into(), item, is_late);
                }
                Event::Canonical(function) => {
                    let uses = uses_of(function)?;
                    if uses.iter().any(|used| self.late_items.contains(used)) {
                        self.close(number);
                    }
                    if is_core(function) {
                        self.add_item(number, ExportKind::Func, Item::Made, false);
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn instantiate(&mut self, number: usize, module: u32, args: &HashMap<&str, u32>) {
        if let Some(imports) = self.imports_of_part(module, args) {
            let part = self.plan.parts.len();
            let sections = &self.plan.modules[module as usize];
            self.plan.parts.push(Part::new(sections, imports));
            self.plan.part_modules.insert(module);
            self.add_instance(number, CoreInstance::Part(part), true);
            return;
        }
        // What it does on its own would come before what the parts do, or after it.
        if !self.plan.parts.is_empty() {
            self.close(number);
        }
        let sections = &self.plan.modules[module as usize];
        self.is_over |= sections.unsupported.is_some();
        let shared = sections.imports.iter().filter_map(|import| {
            let entity = self.plan.resolve(*args.get(import.module)?, import.name)?;
            is_written_at_start(entity.kind).then_some(entity)
        });
        self.touched.extend(shared);
        self.add_instance(number, CoreInstance::Own, false);
    }

    /// What stands for each import of a module, if it can be a part.
    fn imports_of_part(&self, module: u32, args: &HashMap<&str, u32>) -> Option<Vec<Entity>> {
        let sections = self.plan.modules.get(module as usize)?;
        if self.is_over || sections.unsupported.is_some() || self.uses[&module] != 1 {
            return None;
        }
        let imports = sections.imports.iter().map(|import| {
            let entity = self.plan.resolve(*args.get(import.module)?, import.name)?;
            let is_shared = is_written_at_start(entity.kind);
            let is_there = match &self.limits {
                None => true,
                // What it writes to them at its start, it would write before others now.
                Some(_) if is_shared && self.touched.contains(&entity) => false,
                Some(limits) if entity.owner == Owner::Component => {
                    let limit = limits.get(&entity.kind).copied().unwrap_or_default();
                    !is_shared && entity.index < limit
                }
                Some(_) => true,
            };
            (is_there && Some(entity.kind) == kind_of(import.ty)).then_some(entity)
        });
        imports.collect()
    }

    fn add_instance(&mut self, number: usize, instance: CoreInstance<'a>, is_late: bool) {
        let index = self.plan.instances.len() as u32;
        self.plan.instances.push(instance);
        if is_late && self.limits.is_none() {
            self.late_instances.insert(index);
            self.plan.deferred.insert(number);
        }
    }

    fn add_item(&mut self, number: usize, kind: ExportKind, item: Item<'a>, is_late: bool) {
        let items = self.plan.items.entry(kind).or_default();
        items.push(item);
        let index = items.len() as u32 - 1;
        if is_late && self.limits.is_none() {
            self.late_items.insert((kind, index));
            self.plan.deferred.insert(number);
        }
    }

    /// The whole is instantiated before this event.
    fn close(&mut self, number: usize) {
        if self.limits.is_some() {
            return;
        }
        self.plan.position = number;
        let counts = self.plan.items.iter();
        let counts = counts.map(|(kind, items)| (*kind, items.len() as u32));
        self.limits = Some(counts.collect());
    }
}

/// Segments are written there as soon as a module is instantiated.
fn is_written_at_start(kind: ExportKind) -> bool {
    matches!(kind, ExportKind::Table | ExportKind::Memory)
}

fn kind_of(ty: TypeRef) -> Option<ExportKind> {
    match ty {
        TypeRef::Func(_) => Some(ExportKind::Func),
        TypeRef::Table(_) => Some(ExportKind::Table),
        TypeRef::Memory(_) => Some(ExportKind::Memory),
        TypeRef::Global(_) => Some(ExportKind::Global),
        _ => None,
    }
}

/// The core items that a canonical function is made with.
fn uses_of(function: &CanonicalFunction) -> Result<Vec<ItemIndex>> {
    struct Uses(Vec<ItemIndex>);

    impl Reencode for Uses {
        type Error = Unsupported;

        fn function_index(&mut self, index: u32) -> Result<u32> {
            self.0.push((ExportKind::Func, index));
            Ok(index)
        }

        fn memory_index(&mut self, index: u32) -> Result<u32> {
            self.0.push((ExportKind::Memory, index));
            Ok(index)
        }

        fn table_index(&mut self, index: u32) -> Result<u32> {
            self.0.push((ExportKind::Table, index));
            Ok(index)
        }
    }

    impl ReencodeComponent for Uses {}

    let mut uses = Uses(Vec::new());
    let mut unused = CanonicalFunctionSection::new();
    component_utils::parse_component_canonical(&mut uses, &mut unused, function.clone())?;
    Ok(uses.0)
}
