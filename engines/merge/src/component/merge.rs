//! Makes one module of those that an engine is linked from.
//!
//! A language engine comes as a dozen modules that share a memory and a table, and instantiation fills the
//! table: of a table in another module Wasmtime makes every entry anew for each instance, 5,678 for Python.
//! Those of its own module it makes when they are first used. Calls between the modules become direct ones, too, and
//! the addresses that they share become numbers.

use super::events::{Event, events};
use super::plan::Plan;
use super::write::Writer;
use crate::error::Result;
use crate::module::part::Sections;
use anyhow::anyhow;
use wasm_encoder::reencode::Error;

/// The component with one module for those that import from one another. As it is, where there are none, or
/// where they have something that this does not know.
pub fn merge(component: &[u8]) -> anyhow::Result<Vec<u8>> {
    match merged(component) {
        Ok(Some(merged)) => Ok(merged),
        Ok(None) | Err(Error::UserError(_)) => Ok(component.to_vec()),
        Err(error) => Err(anyhow!("Cannot merge the engine's modules: {error}")),
    }
}

fn merged(component: &[u8]) -> Result<Option<Vec<u8>>> {
    let mut events = events(component)?;
    for event in &mut events {
        if let Event::Component(nested) = event {
            match merged(nested) {
                Ok(Some(merged)) => *nested = merged.into(),
                Ok(None) | Err(Error::UserError(_)) => {}
                Err(error) => return Err(error),
            }
        }
    }
    let modules = events.iter().filter_map(|event| match event {
        Event::Module(bytes) => Some(Sections::read(bytes)),
        _ => None,
    });
    let modules = modules.collect::<wasmparser::Result<Vec<_>>>()?;
    let plan = Plan::new(&events, &modules)?;
    let has_nested = events
        .iter()
        .any(|event| matches!(event, Event::Component(_)));
    if plan.parts.len() < 2 && !has_nested {
        return Ok(None);
    }
    let mut writer = Writer::new(&plan, component);
    writer.write(events)?;
    Ok(Some(writer.output.finish()))
}
