//! Lets the host tell an engine's libc to forget the folders that it was given.
//!
//! libc keeps handles of its preopened folders in linear memory, so that they would stand in an image and
//! mean nothing in the instances that start from it. It has a function that forgets them, which
//! componentize-py calls before its snapshot; the component is given an export that reaches it.

use anyhow::Result;
use wasm_encoder::{
    Alias, CanonicalFunctionSection, CanonicalOption, ComponentAliasSection, ComponentExportKind,
    ComponentExportSection, ComponentSection, ComponentTypeSection, ComponentValType, ExportKind,
};
use wasmparser::{Parser, Payload, Validator, WasmFeatures};

/// The export that [`add_export`] adds.
pub const EXPORT: &str = "forget-files";
const CORE_EXPORT: &str = "__wasilibc_reset_preopens";

/// The component with the export, unless nothing in it has the function.
pub fn add_export(component: Vec<u8>) -> Result<Vec<u8>> {
    let Some(found) = find(&component)? else {
        return Ok(component);
    };
    let mut aliases = ComponentAliasSection::new();
    aliases.alias(Alias::CoreInstanceExport {
        instance: found.core_instance,
        kind: ExportKind::Func,
        name: CORE_EXPORT,
    });
    let mut types = ComponentTypeSection::new();
    types
        .function()
        .params([] as [(&str, ComponentValType); 0])
        .result(None);
    let mut functions = CanonicalFunctionSection::new();
    let no_options: [CanonicalOption; 0] = [];
    functions.lift(found.core_functions, found.types, no_options);
    let mut exports = ComponentExportSection::new();
    exports.export(EXPORT, ComponentExportKind::Func, found.functions, None);
    let mut bytes = component;
    aliases.append_to_component(&mut bytes);
    types.append_to_component(&mut bytes);
    functions.append_to_component(&mut bytes);
    exports.append_to_component(&mut bytes);
    Ok(bytes)
}

/// Where the function is, and how many of each kind there are: the next one has that number.
struct Found {
    core_instance: u32,
    core_functions: u32,
    types: u32,
    functions: u32,
}

fn find(component: &[u8]) -> Result<Option<Found>> {
    let mut validator = Validator::new_with_features(WasmFeatures::all());
    let mut depth = 0;
    for payload in Parser::new(0).parse_all(component) {
        let payload = payload?;
        match &payload {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) if depth == 0 => {
                let Some(types) = validator.types(0) else {
                    return Ok(None);
                };
                let core_instance = (0..types.core_instance_count()).find(|index| {
                    let exports = types[types.core_instance_at(*index)].exports(types);
                    exports.contains_key(CORE_EXPORT)
                });
                return Ok(core_instance.map(|core_instance| Found {
                    core_instance,
                    core_functions: types.function_count(),
                    types: types.component_type_count(),
                    functions: types.component_function_count(),
                }));
            }
            Payload::End(_) => depth -= 1,
            _ => {}
        }
        validator.payload(&payload)?;
    }
    Ok(None)
}
