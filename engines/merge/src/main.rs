//! Usage: `capsule-merge COMPONENT ENGINE.wasm`. Writes the engine, and prints as JSON what `engines.json` says of it.

use anyhow::{Context, Result, bail};
use capsule_merge::{add_export, merge, with_places};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::{env, fs};

fn main() -> Result<()> {
    let args: Vec<String> = env::args().skip(1).collect();
    let [component, engine] = &args[..] else {
        bail!("usage: capsule-merge COMPONENT ENGINE.wasm");
    };
    let bytes = fs::read(component).with_context(|| format!("Cannot read \"{component}\""))?;
    let (bytes, shape) = with_places(&merge(&add_export(bytes)?)?)?;
    fs::write(engine, &bytes).with_context(|| format!("Cannot write \"{engine}\""))?;
    let digest = format!("{:x}", Sha256::digest(&bytes));
    let shape = json!({
        "head": shape.head,
        "tail": shape.tail,
        "sizes": shape.sizes,
        "pages": shape.pages,
        "digest": shape.digest,
    });
    println!("{}", json!({ "digest": digest, "shape": shape }));
    Ok(())
}
