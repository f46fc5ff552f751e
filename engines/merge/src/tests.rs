//! What becomes one module, and what stays. That it does the same: `ffi/native/tests/merge.rs`.

use crate::{add_export, merge, with_places};
use wasmparser::{Parser, Payload, Validator};

const LINKED: &str = include_str!("linked.wat");
fn component(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap()
}

/// Merges what is valid to what is valid.
fn merged(linked: &[u8]) -> Vec<u8> {
    let merged = merge(linked).unwrap();
    Validator::new().validate_all(&merged).unwrap();
    merged
}

/// How many modules, globals and imports of modules there are.
fn counts(component: &[u8]) -> [u32; 3] {
    let mut counts = [0; 3];
    for payload in Parser::new(0).parse_all(component) {
        match payload.unwrap() {
            Payload::ModuleSection { .. } => counts[0] += 1,
            Payload::GlobalSection(section) => counts[1] += section.count(),
            Payload::ImportSection(section) => counts[2] += section.count(),
            _ => {}
        }
    }
    counts
}

#[test]
fn modules_that_share_a_memory_become_one_that_does_the_same() {
    let linked = component(LINKED);
    let merged = merged(&linked);
    // The stack pointer is left: the others are numbers. The host's function is what is imported.
    assert_eq!(counts(&linked), [3, 4, 11]);
    assert_eq!(counts(&merged), [1, 1, 1]);
    assert_eq!(counts(&merge(&merged).unwrap()), [1, 1, 1]);
}

#[test]
fn a_module_that_needs_a_function_with_the_memory_stays() {
    let text = LINKED
        .replace(
            "(import \"a\" \"grow\" (func $grow (result i32)))",
            "(import \"a\" \"grow\" (func $grow (result i32))) (import \"late\" \"twice\" (func (param i32) (result i32)))",
        )
        .replace(
            "(core instance $b_env",
            "(core func $late (canon lower (func $twice) (memory $memory)))
             (core instance $late_made (export \"twice\" (func $late)))
             (core instance $b_env",
        )
        .replace("(with \"a\"", "(with \"late\" (instance $late_made)) (with \"a\"");
    let linked = component(&text);
    let merged = merged(&linked);
    assert_eq!(counts(&merged)[0], 2, "the first two are one");
}

#[test]
fn what_starts_on_its_own_or_is_instantiated_twice_stays() {
    let started = LINKED.replace(
        "(func $seven (result",
        "(func $nothing) (start $nothing) (func $seven (result",
    );
    let linked = component(&started);
    assert_eq!(merge(&linked).unwrap(), linked);
    let twice = LINKED.replace(
        "  (core instance $a_env",
        "  (core instance (instantiate $main))\n  (core instance $a_env",
    );
    let linked = component(&twice);
    let merged = merged(&linked);
    assert_eq!(counts(&merged)[0], 2, "the others are one");
}

#[test]
fn what_is_written_to_a_table_last_stays() {
    // It is instantiated twice, so it stays; what it writes, a library writes over.
    let text = LINKED
        .replace(
            "(core module $b\n",
            "(core module $x
               (import \"env\" \"table\" (table 1 funcref))
               (func $two (result i32) (i32.const 2))
               (elem (i32.const 5) $two))
             (core module $b\n",
        )
        .replace(
            "  (core instance $b_env",
            "(core instance (instantiate $x (with \"env\" (instance $a_env))))
             (core instance (instantiate $x (with \"env\" (instance $a_env))))
             (core instance $b_env",
        );
    let linked = component(&text);
    let merged = merged(&linked);
    assert_eq!(counts(&merged)[0], 3, "the first two are one");
}

#[test]
fn the_engines_become_few_modules() {
    let built = concat!(env!("CARGO_MANIFEST_DIR"), "/../../build");
    for (name, before, after) in [("python", 14, 2), ("javascript", 8, 5)] {
        let linked = std::fs::read(format!("{built}/componentized/{name}.wasm")).unwrap();
        assert_eq!(counts(&linked)[0], before);
        let merged = merge(&add_export(linked).unwrap()).unwrap();
        assert_eq!(counts(&merged)[0], after);
        let (engine, _) = with_places(&merged).unwrap();
        let installed = std::fs::read(format!("{built}/engines/{name}.wasm")).unwrap();
        assert!(engine == installed, "{name}: the same each time");
    }
}

#[test]
fn refuses_an_engine_whose_memory_is_made_otherwise() {
    let engine = r#"(component (core module
      (memory (export "memory") 2) (data (i32.const 9) "first")))"#;
    assert!(with_places(&component(engine)).is_ok());
    for (from, to) in [
        (" 2) (data", " 2 3) (data"),
        ("(data (i32.const 9) \"first\")", ""),
        ("(data", "(memory 3) (data"),
        ("(memory", "(func data.drop 0) (memory"),
    ] {
        let other = component(&engine.replacen(from, to, 1));
        assert!(with_places(&other).is_err(), "{to}");
    }
}

#[test]
fn what_a_snapshot_has_emptied_is_left_out() {
    let text = LINKED.replace(
        "(func $kept (result",
        "(func (memory.init 0 (i32.const 0) (i32.const 0) (i32.const 1)) (data.drop 0))
         (data \"\")
         (func $kept (result",
    );
    assert_eq!(counts(&merged(&component(&text)))[0], 1);
    let copied = text.replace("(data \"\")", "(data \"copied\")");
    assert!(counts(&merged(&component(&copied)))[0] > 1, "it stays");
}
