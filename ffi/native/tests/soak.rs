//! Thousands of calls of all kinds through the C ABI, many at once: each must end as it should.
//!
//! `CAPSULE_SOAK_CALLS` says how many (2,000 by default). Run with the address sanitizer by
//! `scripts/soak`.

mod support;

use capsule::abi::*;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::{HashMap, VecDeque};
use std::path::{Path, PathBuf};
use std::{env, fs};
use support::{component, grant, load, new_runtime, next_events, submit};

const IN_FLIGHT: usize = 48;
/// A program is loaded anew after so many calls.
const CALLS_OF_A_PROGRAM: usize = 100;

/// What a call does, the limits it has, and how it must end: with its argument, or with an error.
struct Kind {
    task: &'static str,
    fuel: u64,
    memory_bytes: Option<u64>,
    timeout_ms: Option<f64>,
    cancelled: bool,
    error_type: Option<&'static str>,
}

const PLAIN: Kind = Kind {
    task: "plain",
    fuel: 2_000_000_000,
    memory_bytes: None,
    timeout_ms: None,
    cancelled: false,
    error_type: None,
};

/// Right ones come more often.
const KINDS: [Kind; 12] = [
    PLAIN,
    Kind {
        task: "plain",
        memory_bytes: Some(96 << 20),
        ..PLAIN
    },
    Kind {
        task: "prints",
        ..PLAIN
    },
    Kind {
        task: "grows",
        ..PLAIN
    },
    Kind {
        task: "sleeps",
        ..PLAIN
    },
    Kind {
        task: "calls",
        ..PLAIN
    },
    Kind {
        task: "throws",
        error_type: Some("task_error"),
        ..PLAIN
    },
    Kind {
        task: "endless",
        fuel: 30_000_000,
        error_type: Some("fuel_exhausted"),
        ..PLAIN
    },
    Kind {
        task: "endless",
        timeout_ms: Some(5.0),
        error_type: Some("timeout"),
        ..PLAIN
    },
    Kind {
        task: "eats",
        memory_bytes: Some(60 << 20),
        error_type: Some("memory_limit"),
        ..PLAIN
    },
    Kind {
        task: "recurses",
        error_type: None,
        ..PLAIN
    },
    Kind {
        task: "waits",
        cancelled: true,
        error_type: Some("cancelled"),
        ..PLAIN
    },
];

const JAVASCRIPT: &str = r#"
const { task } = globalThis[Symbol.for("capsule.import")]("@capsule/sdk");
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const plain = task({ name: "plain" }, (n) => n);
task({ name: "prints" }, (n) => { console.log("x".repeat(n % 5000)); return n; });
task({ name: "grows" }, (n) => { const all = new Uint8Array(8e6 + n); all.fill(1); return n; });
task({ name: "sleeps" }, async (n) => { await sleep(n % 7); return n; });
task({ name: "calls" }, async (n) => {
  const calls = await Promise.all([plain(n), plain(1), plain(2)]);
  return calls[0].result;
});
task({ name: "throws" }, (n) => { throw new Error(`no ${n}`); });
task({ name: "endless" }, () => { for (;;); });
task({ name: "eats" }, () => { const all = []; for (;;) all.push(new Uint8Array(1e6).fill(1)); });
task({ name: "recurses" }, (n) => { const f = () => f() + 1; try { f(); } catch {} return n; });
task({ name: "waits" }, async (n) => { await sleep(60000); return n; });
"#;

const PYTHON: &str = r#"
import time
from capsule import task

@task(name="plain")
def plain(n): return n

@task(name="prints")
def prints(n):
    print("x" * (n % 5000))
    return n

@task(name="grows")
def grows(n):
    everything = bytearray(b"x") * (8_000_000 + n)
    return n

@task(name="sleeps")
def sleeps(n):
    time.sleep(n % 7 / 1000)
    return n

@task(name="calls")
def calls(n):
    return plain.map([n, 1, 2])[0]["result"]

@task(name="throws")
def throws(n): raise ValueError(n)

@task(name="endless")
def endless(n):
    while True: pass

@task(name="eats")
def eats(n):
    everything = []
    while True: everything.append(bytearray(b"x") * 1_000_000)

@task(name="recurses")
def recurses(n):
    def f(): return f() + 1
    try: f()
    except RecursionError: return n

@task(name="waits")
def waits(n): time.sleep(60)
"#;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn open() -> u64 {
    let engines = root().join("build/engines");
    let manifest = fs::read(engines.join("engines.json")).expect("scripts/capsule builds engines");
    let mut sources: HashMap<String, Value> = serde_json::from_slice(&manifest).unwrap();
    for (language, source) in &mut sources {
        source["path"] = json!(engines.join(format!("{language}.wasm")));
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("soak");
    new_runtime(&json!({ "cache_folder": folder, "engines": sources }).to_string()).unwrap()
}

/// A program as a component of its own.
struct Component {
    path: PathBuf,
    digest: String,
    engine_bytes: usize,
}

/// Makes a component, which other tools must be able to read.
fn build(runtime: u64, language: &str, program: u64) -> Component {
    let bytes = component(runtime, program).unwrap();
    wasmparser::Validator::new_with_features(wasmparser::WasmFeatures::all())
        .validate_all(&bytes)
        .expect("a valid component");
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{language}.wasm"));
    let digest = Sha256::digest(&bytes);
    // The host's sections would be here: what counts is that a digest of all before is at the end.
    fs::write(&path, [&bytes[..], &digest[..]].concat()).unwrap();
    Component {
        path,
        digest: digest.iter().map(|byte| format!("{byte:02x}")).collect(),
        engine_bytes: bytes.len(),
    }
}

/// Begins to load a program. Every other one may come from its image, and some from a component.
fn begin_load(
    runtime: u64,
    language: &str,
    serial: usize,
    components: &HashMap<&str, Component>,
) -> u64 {
    if let Some(Component {
        path,
        digest,
        engine_bytes,
    }) = components.get(language)
        && serial.is_multiple_of(5)
    {
        let is_checked = serial.is_multiple_of(2);
        let file = json!({
            "path": path, "digest": digest, "engine_bytes": engine_bytes, "is_checked": is_checked,
        });
        let request = json!({ "language": language, "component": file });
        return load(runtime, &request.to_string(), b"").unwrap();
    }
    let (text, comment) = match language {
        "python" => (PYTHON, "#"),
        _ => (JAVASCRIPT, "//"),
    };
    let text = format!("{text}\n{comment} {}", serial / 3);
    let key = (serial.is_multiple_of(2)).then(|| format!("{:032x}", 1 + serial / 3));
    let request = json!({
        "language": language,
        "files": [{ "path": "soak", "bytes": text.len() }],
        "key": key,
    });
    load(runtime, &request.to_string(), text.as_bytes()).unwrap()
}

/// Cuts a batch into events and what stands behind each.
fn events(batch: &[u8]) -> Vec<(Value, &[u8])> {
    let mut found = Vec::new();
    let mut rest = batch;
    while let Some((lengths, after)) = rest.split_first_chunk::<8>() {
        let length =
            |at: usize| u32::from_le_bytes(lengths[at..at + 4].try_into().unwrap()) as usize;
        let (header, after) = after.split_at(length(0));
        let (payload, after) = after.split_at(length(4));
        found.push((serde_json::from_slice(header).unwrap(), payload));
        rest = after;
    }
    found
}

fn begin_call(runtime: u64, program: u64, kind: &Kind, number: usize) -> u64 {
    let policy = json!({
        "fuel": kind.fuel,
        "memory_bytes": kind.memory_bytes,
        "timeout_ms": kind.timeout_ms,
        "max_retries": usize::from(kind.error_type.is_some() && number.is_multiple_of(8)),
    });
    let granted = json!({
        "program": program,
        "policies": { kind.task: policy, "plain": policy },
    });
    let request = json!({
        "grant": grant(runtime, &granted.to_string()).unwrap(),
        "task": kind.task,
        "input": { "args": [number] },
        "observe": number.is_multiple_of(3),
    });
    let run = submit(runtime, &request.to_string()).unwrap();
    if kind.cancelled {
        assert_eq!(capsule_runtime_cancel(runtime, run), CAPSULE_OK);
    }
    run
}

fn check(kind: &Kind, number: usize, envelope: &Value) {
    let shown = || format!("{} {number}: {envelope}", kind.task);
    if kind.task == "recurses" && envelope["success"] == false {
        assert_eq!(
            envelope["error"]["error_type"],
            "stack_overflow",
            "{}",
            shown()
        );
        return;
    }
    match kind.error_type {
        None => assert_eq!(envelope["result"], number, "{}", shown()),
        Some(expected) => assert_eq!(envelope["error"]["error_type"], expected, "{}", shown()),
    }
    assert_eq!(envelope["success"], kind.error_type.is_none());
}

#[test]
fn every_call_ends_as_it_should() {
    let calls: usize = env::var("CAPSULE_SOAK_CALLS")
        .map_or(2000, |calls| calls.parse().expect("a number of calls"));
    let runtime = open();
    let mut loads = 0;
    let mut loading = HashMap::new();
    let mut ready: VecDeque<(u64, usize)> = VecDeque::new();
    let mut running = HashMap::new();
    let mut components = HashMap::new();
    let (mut begun, mut ended) = (0, 0);
    while ended < calls {
        while loading.len() + ready.len() < 2 && begun < calls {
            let language = ["javascript", "python"][loads % 2];
            let id = begin_load(runtime, language, loads, &components);
            loading.insert(id, language);
            loads += 1;
        }
        while running.len() < IN_FLIGHT && begun < calls && !ready.is_empty() {
            // A walk through all kinds in no simple order, the programs by turns.
            let kind = &KINDS[begun * 7 % 12];
            let (program, left) = ready.pop_front().unwrap();
            running.insert(begin_call(runtime, program, kind, begun), (kind, begun));
            begun += 1;
            if left > 1 {
                ready.push_back((program, left - 1));
            } else {
                assert_eq!(capsule_runtime_unload(runtime, program), CAPSULE_OK);
            }
        }
        let (status, batch) = next_events(runtime);
        assert_eq!(status, CAPSULE_OK);
        for (event, payload) in events(&batch) {
            match event["event"].as_str().unwrap() {
                "program_loaded" => {
                    let program = event["program"].as_u64().unwrap();
                    let language = loading.remove(&program).unwrap();
                    components
                        .entry(language)
                        .or_insert_with(|| build(runtime, language, program));
                    ready.push_back((program, CALLS_OF_A_PROGRAM));
                }
                "program_failed" => panic!("{}", String::from_utf8_lossy(payload)),
                "run_finished" => {
                    let run = event["run"].as_u64().unwrap();
                    let (kind, number) = running.remove(&run).unwrap();
                    check(kind, number, &serde_json::from_slice(payload).unwrap());
                    ended += 1;
                }
                _ => {}
            }
        }
    }
    capsule_runtime_free(runtime);
    println!("{calls} calls of {loads} programs ended as they should");
}
