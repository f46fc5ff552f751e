//! Stack traces in the user's own files and lines.

use crate::engine::Language;
use sourcemap::SourceMap;
use std::sync::OnceLock;

/// What QuickJS calls the file of all evaluated code, and so of a program's bundle.
const BUNDLE: &str = "<input>";
/// The engine's own frames: no user wants to see them.
const ENGINE: &str = "componentize-qjs:";
/// What stands for code that the program itself evaluates: its lines are none of the bundle's.
const EVALUATED: &str = "<eval>";
/// The line of the bundle's first line. The engine puts so many empty ones before it that code which the
/// program evaluates has smaller numbers.
const BUNDLE_LINE: u32 = 3_002;

/// Puts the stack traces of one program into the user's own lines.
#[derive(Debug)]
pub struct Stacks {
    language: Language,
    source_map: Vec<u8>,
    /// Parsed when the first failure needs it.
    parsed: OnceLock<Option<SourceMap>>,
}

impl Stacks {
    pub fn new(language: Language, source_map: Vec<u8>) -> Self {
        Self {
            language,
            source_map,
            parsed: OnceLock::new(),
        }
    }

    pub fn map(&self, stack: &str) -> String {
        match self.language {
            Language::JavaScript => {
                let map = self
                    .parsed
                    .get_or_init(|| SourceMap::from_slice(&self.source_map).ok());
                map_javascript(stack, map.as_ref(), BUNDLE_LINE)
            }
            Language::Python => stack.to_owned(),
        }
    }
}

/// Rewrites a QuickJS stack through the source map of its program. Lines look like
/// `    at name (file:line:column)` or `    at file:line:column`.
fn map_javascript(stack: &str, map: Option<&SourceMap>, bundle_line: u32) -> String {
    stack
        .lines()
        .filter(|line| !line.contains(ENGINE))
        .map(|line| {
            map.and_then(|map| map_line(line, map, bundle_line))
                .unwrap_or_else(|| line.to_owned())
        })
        .collect::<Vec<_>>()
        .join("\n")
}

fn map_line(line: &str, map: &SourceMap, bundle_line: u32) -> Option<String> {
    let start = line.rfind(BUNDLE)?;
    let (before, position) = line.split_at(start);
    let (position, after) = match position.strip_suffix(')') {
        Some(position) => (position, ")"),
        None => (position, ""),
    };
    let mut numbers = position.strip_prefix(BUNDLE)?.strip_prefix(':')?.split(':');
    let line: u32 = numbers.next()?.parse().ok()?;
    let column: u32 = numbers.next()?.parse().ok()?;
    let Some(line) = line.checked_sub(bundle_line) else {
        return Some(format!("{before}{EVALUATED}:{line}:{column}{after}"));
    };
    let token = map.lookup_token(line, column.saturating_sub(1))?;
    let source = token.get_source()?;
    let (line, column) = (token.get_src_line() + 1, token.get_src_col() + 1);
    Some(format!("{before}{source}:{line}:{column}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Line 1 of the bundle is line 3 of `main.ts`.
    const MAP: &str = r#"{"version":3,"sources":["main.ts"],"names":[],"mappings":"AAEA,IAAI"}"#;

    #[test]
    fn frames_of_the_bundle_point_into_the_source() {
        let map = SourceMap::from_slice(MAP.as_bytes()).unwrap();
        let stack = "    at main (<input>:2:5)\n    at <input>:2:1\n    at run (componentize-qjs:user.js:1:2)\n    at map (native)\n";
        assert_eq!(
            map_javascript(stack, Some(&map), 2),
            "    at main (main.ts:3:5)\n    at main.ts:3:1\n    at map (native)"
        );
    }

    #[test]
    fn what_cannot_be_mapped_stays() {
        let map = SourceMap::from_slice(MAP.as_bytes()).unwrap();
        for line in ["    at <input>:x", "    at f (<input>)", ""] {
            assert_eq!(map_javascript(line, Some(&map), 2), line);
        }
        let line = "    at <input>:2:1";
        assert_eq!(map_javascript(line, None, 2), line);
    }

    #[test]
    fn code_that_the_program_evaluates_is_not_the_bundle() {
        let map = SourceMap::from_slice(MAP.as_bytes()).unwrap();
        let mapped = map_javascript("    at f (<input>:1:7)", Some(&map), 2);
        assert_eq!(mapped, "    at f (<eval>:1:7)");
    }
}
