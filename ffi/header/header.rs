//! `capsule.h` is what the exports say. `UPDATE=1` writes it.

#![cfg(test)]

use std::{env, fs, path::Path};

#[test]
fn the_header_is_that_of_the_exports() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let native = folder.join("../native");
    let config = cbindgen::Config::from_file(folder.join("cbindgen.toml")).unwrap();
    let mut generated = Vec::new();
    cbindgen::Builder::new()
        .with_config(config)
        .with_src(native.join("src/abi/mod.rs"))
        .generate()
        .unwrap()
        .write(&mut generated);
    let path = native.join("capsule.h");
    if env::var_os("UPDATE").is_some() {
        fs::write(&path, &generated).unwrap();
    }
    let committed = fs::read(&path).unwrap_or_default();
    assert!(
        committed == generated,
        "capsule.h is out of date: UPDATE=1 cargo test writes it"
    );
}
