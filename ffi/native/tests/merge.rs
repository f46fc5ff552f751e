//! What `engines/merge` makes of a component does the same: Wasmtime runs both.

use std::path::Path;
use std::process::Command;
use std::{fs, thread};
use wasmtime::component::{Component, Linker};
use wasmtime::{Engine, Store};

const LINKED: &str = include_str!("../../../engines/merge/src/linked.wat");
/// What `run` of it returns.
const SUM: u32 = 100 + 7 + 14 + 1_000 + 4_080;

/// As a build makes an engine of it.
fn merged(component: &[u8]) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let name = |part| folder.join(format!("{part}-{:?}.wasm", thread::current().id()));
    let (from, to) = (name("component"), name("engine"));
    fs::write(&from, component).unwrap();
    let tool = "../../build/cargo-merge/release/capsule-merge";
    let tool = Path::new(env!("CARGO_MANIFEST_DIR")).join(tool);
    let output = Command::new(tool).args([&from, &to]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    fs::read(to).unwrap()
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

#[test]
fn merged_modules_do_what_they_did() {
    let variants = [
        // As it is, merged twice below.
        ("", ""),
        // A function that starts on its own: its module stays.
        (
            "(func $seven (result",
            "(func $nothing) (start $nothing) (func $seven (result",
        ),
        // A module that is instantiated twice stays.
        (
            "  (core instance $a_env",
            "  (core instance (instantiate $main))\n  (core instance $a_env",
        ),
        // Data that a snapshot has emptied.
        (
            "(func $kept (result",
            "(func (data.drop 0)) (data \"\") (func $kept (result",
        ),
    ];
    for (from, to) in variants {
        let linked = wat::parse_str(LINKED.replacen(from, to, 1)).unwrap();
        assert_eq!(run(&linked), SUM);
        let once = merged(&linked);
        assert_eq!(run(&once), SUM, "{to}");
        assert_eq!(run(&merged(&once)), SUM, "{to}");
    }
}
