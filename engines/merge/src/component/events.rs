//! What a component is made of.

use crate::error::{Result, Unsupported};
use std::borrow::Cow;
use wasm_encoder::reencode::Error;
use wasmparser::{CanonicalFunction, Chunk, ComponentAlias, Instance, Parser, Payload};

/// Whether a canonical function is one of the component's core functions, by their indices.
pub fn is_core(function: &CanonicalFunction) -> bool {
    !matches!(function, CanonicalFunction::Lift { .. })
}

/// A part of a component.
pub enum Event<'a> {
    Module(&'a [u8]),
    Component(Cow<'a, [u8]>),
    Instance(Instance<'a>),
    Alias(ComponentAlias<'a>),
    Canonical(CanonicalFunction),
    Other(Payload<'a>),
}

/// All that a component is made of, in its order.
pub fn events(component: &[u8]) -> Result<Vec<Event<'_>>> {
    let mut parser = Parser::new(0);
    let mut events = Vec::new();
    let mut rest = component;
    while !rest.is_empty() {
        let Chunk::Parsed { consumed, payload } = parser.parse(rest, true)? else {
            return Err(Error::UserError(Unsupported("an end that is missing")));
        };
        rest = &rest[consumed..];
        match payload {
            Payload::ModuleSection {
                unchecked_range, ..
            } => {
                rest = &rest[unchecked_range.len()..];
                events.push(Event::Module(&component[unchecked_range]));
            }
            Payload::ComponentSection {
                unchecked_range, ..
            } => {
                rest = &rest[unchecked_range.len()..];
                events.push(Event::Component(Cow::Borrowed(&component[unchecked_range])));
            }
            Payload::InstanceSection(section) => {
                for instance in section {
                    events.push(Event::Instance(instance?));
                }
            }
            Payload::ComponentAliasSection(section) => {
                for alias in section {
                    events.push(Event::Alias(alias?));
                }
            }
            Payload::ComponentCanonicalSection(section) => {
                for function in section {
                    events.push(Event::Canonical(function?));
                }
            }
            // Names are by indices that change.
            Payload::CustomSection(_) => {}
            other => events.push(Event::Other(other)),
        }
    }
    Ok(events)
}
