//! Writes a component in which several modules are one.

use super::events::{Event, is_core};
use super::plan::{CoreInstance, ItemIndex, Plan};
use crate::error::{Result, UNKNOWN, Unsupported};
use crate::module::part::{Entity, Owner};
use crate::module::whole::{self, Whole};
use std::collections::{BTreeSet, HashMap};
use std::mem;
use wasm_encoder::reencode::{Reencode, ReencodeComponent, component_utils};
use wasm_encoder::{
    Alias, CanonicalFunctionSection, ComponentAliasSection, ComponentSectionId, ExportKind,
    InstanceSection, ModuleArg, ModuleSection, RawSection,
};
use wasmparser::{ComponentAlias, Instance};

/// Writes the component anew.
pub struct Writer<'a> {
    plan: &'a Plan<'a>,
    component: &'a [u8],
    pub output: wasm_encoder::Component,
    /// What is called by which index now.
    items: HashMap<ItemIndex, u32>,
    instances: HashMap<u32, u32>,
    modules: HashMap<u32, u32>,
    /// The instance of the module of all parts.
    whole: u32,
    written: Counts,
    seen: Counts,
}

#[derive(Default)]
struct Counts {
    items: HashMap<ExportKind, u32>,
    instances: u32,
    modules: u32,
}

impl Counts {
    fn next_item(&mut self, kind: ExportKind) -> u32 {
        let count = self.items.entry(kind).or_default();
        *count += 1;
        *count - 1
    }

    fn next_instance(&mut self) -> u32 {
        self.instances += 1;
        self.instances - 1
    }

    fn next_module(&mut self) -> u32 {
        self.modules += 1;
        self.modules - 1
    }
}

impl<'a> Writer<'a> {
    pub fn new(plan: &'a Plan<'a>, component: &'a [u8]) -> Self {
        Self {
            plan,
            component,
            output: wasm_encoder::Component::new(),
            items: HashMap::new(),
            instances: HashMap::new(),
            modules: HashMap::new(),
            whole: u32::MAX,
            written: Counts::default(),
            seen: Counts::default(),
        }
    }

    pub fn write(&mut self, events: Vec<Event<'a>>) -> Result<()> {
        let mut waiting = Vec::new();
        let end = events.len();
        for (number, event) in events.into_iter().enumerate() {
            if number == self.plan.position {
                self.write_whole(mem::take(&mut waiting))?;
            }
            match event {
                Event::Module(bytes) => self.write_module(bytes),
                Event::Component(bytes) => {
                    let id = ComponentSectionId::Component as u8;
                    self.output.section(&RawSection { id, data: &bytes });
                }
                Event::Instance(instance) => {
                    let index = self.seen.next_instance();
                    if self.plan.deferred.contains(&number) {
                        waiting.push(Waiting::Instance(index, instance));
                    } else {
                        self.write_instance(index, &instance)?;
                    }
                }
                Event::Alias(ComponentAlias::CoreInstanceExport {
                    kind,
                    instance_index,
                    name,
                }) => {
                    let kind = ExportKind::from(kind);
                    let item = (kind, self.seen.next_item(kind));
                    if self.plan.deferred.contains(&number) {
                        waiting.push(Waiting::Alias(item, instance_index, name));
                    } else {
                        self.write_alias(item, instance_index, name)?;
                    }
                }
                Event::Alias(alias) => {
                    let mut aliases = ComponentAliasSection::new();
                    aliases.alias(self.component_alias(alias)?);
                    self.output.section(&aliases);
                }
                Event::Canonical(function) => {
                    let is_core = is_core(&function);
                    let mut functions = CanonicalFunctionSection::new();
                    self.parse_component_canonical(&mut functions, function)?;
                    self.output.section(&functions);
                    if is_core {
                        let item = (ExportKind::Func, self.seen.next_item(ExportKind::Func));
                        let written = self.written.next_item(ExportKind::Func);
                        self.items.insert(item, written);
                    }
                }
                Event::Other(payload) => {
                    let mut output = mem::take(&mut self.output);
                    let component = self.component;
                    component_utils::parse_component_payload(
                        self,
                        &mut output,
                        payload,
                        component,
                    )?;
                    self.output = output;
                }
            }
        }
        if self.plan.position == end {
            self.write_whole(waiting)?;
        }
        Ok(())
    }

    fn write_module(&mut self, bytes: &[u8]) {
        let module = self.seen.next_module();
        if self.plan.part_modules.contains(&module) {
            return;
        }
        let id = ComponentSectionId::CoreModule as u8;
        self.output.section(&RawSection { id, data: bytes });
        self.modules.insert(module, self.written.next_module());
    }

    /// The module of all parts, its one instance, and what has waited for it.
    fn write_whole(&mut self, waiting: Vec<Waiting<'a>>) -> Result<()> {
        let Whole { module, imports } = whole::merge(&self.plan.parts, &self.plan.exports)?;
        self.output.section(&ModuleSection(&module));
        let module = self.written.next_module();
        let imports = imports.iter().enumerate().map(|(number, entity)| {
            let index = self.item((entity.kind, entity.index))?;
            Ok((number.to_string(), entity.kind, index))
        });
        let imports = imports.collect::<Result<Vec<_>>>()?;
        let mut instances = InstanceSection::new();
        instances.export_items(imports);
        let imports = self.written.next_instance();
        instances.instantiate(module, [("", ModuleArg::Instance(imports))]);
        self.output.section(&instances);
        self.whole = self.written.next_instance();
        for (part, names) in &self.plan.given {
            self.write_given(*part, names)?;
        }
        for waiting in waiting {
            match waiting {
                Waiting::Alias(item, instance, name) => self.write_alias(item, instance, name)?,
                Waiting::Instance(index, instance) => self.write_instance(index, &instance)?,
            }
        }
        Ok(())
    }

    /// Has what a module imports of a part.
    fn write_given(&mut self, part: u32, names: &BTreeSet<&str>) -> Result<()> {
        let exports = names.iter().map(|name| {
            let entity = self.plan.resolve(part, name);
            let entity = entity.ok_or(UNKNOWN)?;
            let item = self.write_export(entity)?;
            Ok((*name, entity.kind, item))
        });
        let exports = exports.collect::<Result<Vec<_>>>()?;
        let mut instances = InstanceSection::new();
        instances.export_items(exports);
        self.output.section(&instances);
        self.instances.insert(part, self.written.next_instance());
        Ok(())
    }

    fn write_alias(&mut self, item: ItemIndex, instance: u32, name: &str) -> Result<()> {
        let found = self.plan.instances.get(instance as usize);
        let written = if let Some(CoreInstance::Part(_)) = found {
            if !self.plan.needed_items.contains(&item) {
                return Ok(());
            }
            self.write_export(self.plan.resolve(instance, name).ok_or(UNKNOWN)?)?
        } else if let Some(instance) = self.instances.get(&instance) {
            self.write_core_alias(item.0, *instance, name)
        } else {
            return Ok(());
        };
        self.items.insert(item, written);
        Ok(())
    }

    /// Something of a part, as an item of the component.
    fn write_export(&mut self, entity: Entity) -> Result<u32> {
        if entity.owner == Owner::Component {
            return self.item((entity.kind, entity.index));
        }
        let number = self.plan.exports.get(&entity).ok_or(UNKNOWN)?;
        Ok(self.write_core_alias(entity.kind, self.whole, &number.to_string()))
    }

    fn write_core_alias(&mut self, kind: ExportKind, instance: u32, name: &str) -> u32 {
        let mut aliases = ComponentAliasSection::new();
        aliases.alias(Alias::CoreInstanceExport {
            instance,
            kind,
            name,
        });
        self.output.section(&aliases);
        self.written.next_item(kind)
    }

    fn write_instance(&mut self, index: u32, instance: &Instance<'_>) -> Result<()> {
        let is_needed = self.plan.needed_instances.contains(&index);
        match &self.plan.instances[index as usize] {
            CoreInstance::Part(_) => return Ok(()),
            CoreInstance::Exports(_) if !is_needed => return Ok(()),
            _ => {}
        }
        let mut instances = InstanceSection::new();
        self.parse_instance(&mut instances, instance.clone())?;
        self.output.section(&instances);
        self.instances.insert(index, self.written.next_instance());
        Ok(())
    }

    fn item(&self, item: ItemIndex) -> Result<u32> {
        self.items.get(&item).copied().ok_or(UNKNOWN)
    }
}

/// What waits for the whole, with the index that it had.
enum Waiting<'a> {
    Alias(ItemIndex, u32, &'a str),
    Instance(u32, Instance<'a>),
}

impl Reencode for Writer<'_> {
    type Error = Unsupported;

    fn function_index(&mut self, index: u32) -> Result<u32> {
        self.item((ExportKind::Func, index))
    }

    fn table_index(&mut self, index: u32) -> Result<u32> {
        self.item((ExportKind::Table, index))
    }

    fn memory_index(&mut self, index: u32) -> Result<u32> {
        self.item((ExportKind::Memory, index))
    }

    fn global_index(&mut self, index: u32) -> Result<u32> {
        self.item((ExportKind::Global, index))
    }

    fn tag_index(&mut self, index: u32) -> Result<u32> {
        self.item((ExportKind::Tag, index))
    }
}

impl ReencodeComponent for Writer<'_> {
    fn instance_index(&mut self, index: u32) -> u32 {
        // One that is missing is none that validates.
        self.instances.get(&index).copied().unwrap_or(u32::MAX)
    }

    fn module_index(&mut self, index: u32) -> u32 {
        self.modules.get(&index).copied().unwrap_or(u32::MAX)
    }
}
