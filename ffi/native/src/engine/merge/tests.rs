use super::merge;
use crate::engine::shell::Shell;
use wasmparser::{Parser, Payload, Validator};
use wasmtime::component::{Component, Linker};
use wasmtime::{Engine, Store};

const LINKED: &str = include_str!("linked.wat");
/// What `run` of it returns.
const SUM: u32 = 100 + 7 + 14 + 1_000 + 4_080;

fn component(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap()
}

fn run(component: &[u8]) -> u32 {
    let engine = Engine::default();
    let component = Component::from_binary(&engine, component).unwrap();
    let mut linker = Linker::new(&engine);
    let mut root = linker.root();
    root.func_wrap("twice", |_, (number,): (u32,)| Ok((2 * number,)))
        .unwrap();
    let mut store = Store::new(&engine, ());
    let instance = linker.instantiate(&mut store, &component).unwrap();
    let run = instance
        .get_typed_func::<(), (u32,)>(&mut store, "run")
        .unwrap();
    run.call(&mut store, ()).unwrap().0
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
    assert_eq!(run(&linked), SUM);
    let merged = merge(&linked).unwrap();
    Validator::new().validate_all(&merged).unwrap();
    assert_eq!(run(&merged), SUM);
    // The stack pointer is left: the others are numbers. The host's function is what is imported.
    assert_eq!(counts(&linked), [3, 4, 11]);
    assert_eq!(counts(&merged), [1, 1, 1]);
    assert_eq!(run(&merge(&merged).unwrap()), SUM);
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
    let merged = merge(&linked).unwrap();
    assert_eq!(run(&linked), SUM);
    assert_eq!(run(&merged), SUM);
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
    let merged = merge(&linked).unwrap();
    assert_eq!(run(&linked), SUM);
    assert_eq!(run(&merged), SUM);
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
    let merged = merge(&linked).unwrap();
    assert_eq!(run(&linked), SUM);
    assert_eq!(run(&merged), SUM);
    assert_eq!(counts(&merged)[0], 3, "the first two are one");
}

#[test]
fn the_installed_engines_become_few_modules() {
    let engines = concat!(env!("CARGO_MANIFEST_DIR"), "/../../build/engines");
    for (name, before, after) in [("python", 14, 2), ("javascript", 8, 5)] {
        let engine = std::fs::read(format!("{engines}/{name}.wasm")).unwrap();
        let stripped = Shell::of(&engine).unwrap().bare();
        assert_eq!(counts(&stripped)[0], before);
        assert_eq!(counts(&merge(&stripped).unwrap())[0], after);
    }
}
