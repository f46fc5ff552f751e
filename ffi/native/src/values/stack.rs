//! Stack traces in the user's own files and lines.

use crate::values::language::Language;
use serde::Deserialize;
use serde::de::IgnoredAny;
use sourcemap::SourceMap;
use std::sync::OnceLock;

/// What QuickJS calls the file of all evaluated code, and so of a program's bundle.
const BUNDLE: &str = "<input>";
/// The engine's own frames: no user wants to see them.
const ENGINE: &str = "componentize-qjs:";
/// Shown in place of `BUNDLE` for code that the program itself evaluates, which the source map does not cover.
const EVALUATED: &str = "<eval>";
/// The line of the bundle's first line. The engine puts so many empty ones before it that code which the
/// program evaluates has smaller numbers.
const BUNDLE_LINE: u32 = 3_002;

/// The largest source map that is parsed, which takes a multiple of that memory. The author of a component writes it.
const MAP_BYTES_AT_MOST: usize = 32 << 20;
const SOURCES_AT_MOST: usize = 20_000;
const NAMES_AT_MOST: usize = 1_000_000;
/// Longer names of sources are not used.
const SOURCE_BYTES_AT_MOST: usize = 4096;
/// The longest stack that is made: a short line can be mapped to a long one.
const STACK_BYTES_AT_MOST: usize = 1 << 20;

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
                let map = self.parsed.get_or_init(|| parse(&self.source_map));
                map_javascript(stack, map.as_ref(), BUNDLE_LINE)
            }
            Language::Python => stack.to_owned(),
        }
    }
}

/// The fields that the compiler writes. Others, such as `sections`, could expand a small file into a huge map.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Fields {
    #[serde(rename = "version")]
    _version: IgnoredAny,
    // Counted, and not kept.
    sources: Vec<IgnoredAny>,
    names: Vec<IgnoredAny>,
    #[serde(rename = "mappings")]
    _mappings: IgnoredAny,
    #[serde(rename = "rangeMappings")]
    _range_mappings: Option<IgnoredAny>,
}

/// None for a source map that is malformed or too large.
fn parse(source_map: &[u8]) -> Option<SourceMap> {
    if source_map.len() > MAP_BYTES_AT_MOST {
        return None;
    }
    let Fields { sources, names, .. } = serde_json::from_slice(source_map).ok()?;
    if sources.len() > SOURCES_AT_MOST || names.len() > NAMES_AT_MOST {
        return None;
    }
    SourceMap::from_slice(source_map).ok()
}

/// Rewrites a QuickJS stack through the source map of its program. Lines look like
/// `    at name (file:line:column)` or `    at file:line:column`.
fn map_javascript(stack: &str, map: Option<&SourceMap>, bundle_line: u32) -> String {
    let mut text = String::new();
    for line in stack.lines().filter(|line| !line.contains(ENGINE)) {
        if text.len() > STACK_BYTES_AT_MOST {
            break;
        }
        if !text.is_empty() {
            text.push('\n');
        }
        match map.and_then(|map| map_line(line, map, bundle_line)) {
            Some(mapped) => text.push_str(&mapped),
            None => text.push_str(line),
        }
    }
    text
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
    let source = token
        .get_source()
        .filter(|source| source.len() <= SOURCE_BYTES_AT_MOST)?;
    let line = token.get_src_line().saturating_add(1);
    let column = token.get_src_col().saturating_add(1);
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
    fn a_source_map_that_makes_much_of_little_is_not_used() {
        assert!(parse(MAP.as_bytes()).is_some());
        let list = |count: usize| format!("[{}]", vec![r#""""#; count].join(","));
        let with = |sources: &str, names: &str, more: &str| {
            let map = format!(
                r#"{{"version":3,"sources":{sources},"names":{names},"mappings":"AAEA,IAAI"{more}}}"#
            );
            parse(map.as_bytes())
        };
        let one = list(1);
        assert!(with(&one, "[]", r#","rangeMappings":"""#).is_some());
        assert!(with(&list(SOURCES_AT_MOST + 1), "[]", "").is_none());
        assert!(with(&one, &list(NAMES_AT_MOST + 1), "").is_none());
        assert!(with(&one, "[]", r#","sourceRoot":"x""#).is_none());
        assert!(with(&one, "[]", r#","sections":[]"#).is_none());
        assert!(parse(&[b' '; MAP_BYTES_AT_MOST + 1]).is_none());
    }

    #[test]
    fn short_lines_do_not_become_a_stack_without_end() {
        let stack = "    at <input>:2:1\n".repeat(10_000);
        for (name, longer) in [(4_000, true), (5_000, false)] {
            let map = MAP.replace("main.ts", &"x".repeat(name));
            let map = parse(map.as_bytes()).unwrap();
            let mapped = map_javascript(&stack, Some(&map), 2);
            assert_eq!(mapped.len() > stack.len(), longer);
            assert!(mapped.len() < STACK_BYTES_AT_MOST + 10_000);
        }
        let lines = MAP.replace("AAEA", "AADD");
        let map = parse(lines.as_bytes()).unwrap();
        assert!(map_line("    at <input>:2:1", &map, 2).is_some());
    }

    #[test]
    fn code_that_the_program_evaluates_is_not_the_bundle() {
        let map = SourceMap::from_slice(MAP.as_bytes()).unwrap();
        let mapped = map_javascript("    at f (<input>:1:7)", Some(&map), 2);
        assert_eq!(mapped, "    at f (<eval>:1:7)");
    }
}
