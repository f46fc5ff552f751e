//! The C ABI as a caller meets it, mistakes first. Programs in real engines are tested from TypeScript.

mod support;

use capsule::abi::*;
use std::path::Path;
use std::ptr::null_mut;
use std::time::Duration;
use std::{fs, thread};
use support::{component, grant, load, new_runtime, next_events, submit};

fn config(name: &str) -> String {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    format!(r#"{{"cache_folder": {folder:?}, "engines": {{}}}}"#)
}

#[test]
fn a_version_is_told() {
    assert_eq!(capsule_abi_version(), CAPSULE_ABI_VERSION);
}

#[test]
fn a_made_up_or_freed_runtime_is_an_error() {
    let freed = new_runtime(&config("freed")).unwrap();
    capsule_runtime_free(freed);
    capsule_runtime_free(freed);
    for runtime in [0, freed, u64::MAX] {
        assert_eq!(submit(runtime, "{}").unwrap_err().0, CAPSULE_NOT_FOUND);
        assert_eq!(grant(runtime, "{}").unwrap_err().0, CAPSULE_NOT_FOUND);
        assert_eq!(load(runtime, "{}", b"").unwrap_err().0, CAPSULE_NOT_FOUND);
        assert_eq!(component(runtime, 1).unwrap_err().0, CAPSULE_NOT_FOUND);
        assert_eq!(capsule_runtime_cancel(runtime, 1), CAPSULE_NOT_FOUND);
        assert_eq!(capsule_runtime_unload(runtime, 1), CAPSULE_NOT_FOUND);
        assert_eq!(next_events(runtime).0, CAPSULE_NOT_FOUND);
    }
    capsule_runtime_free(u64::MAX);
}

#[test]
fn null_pointers_are_errors() {
    let runtime = new_runtime(&config("null")).unwrap();
    // SAFETY: null is allowed, and an error.
    unsafe {
        let none = null_mut();
        assert_eq!(
            capsule_runtime_new(none, 5, null_mut(), null_mut()),
            CAPSULE_INVALID_ARGUMENT
        );
        assert_eq!(
            capsule_runtime_submit(runtime, none, 5, none, 0, null_mut(), null_mut()),
            CAPSULE_INVALID_ARGUMENT
        );
        capsule_buffer_free(null_mut(), 5);
    }
    capsule_runtime_free(runtime);
}

#[test]
fn malformed_requests_are_errors_with_a_text() {
    let refused = |config: &str| new_runtime(config).unwrap_err();
    assert!(refused("{").1.contains("the runtime's config"));
    assert_eq!(
        refused(r#"{"cache_folder": "/x"}"#).0,
        CAPSULE_INVALID_ARGUMENT
    );
    let (status, message) = refused(r#"{"cache_folder": "/dev/null", "engines": {}}"#);
    assert_eq!(status, CAPSULE_FAILED);
    assert!(message.contains("/dev/null"), "{message}");

    let runtime = new_runtime(&config("malformed")).unwrap();
    for request in ["", "{}", "[]", r#"{"program": 1, "policies": 5}"#, "\u{0}"] {
        for (status, message) in [
            submit(runtime, request).unwrap_err(),
            grant(runtime, request).unwrap_err(),
        ] {
            assert_eq!(status, CAPSULE_INVALID_ARGUMENT, "{request}");
            assert!(message.contains("request: "), "{message}");
        }
    }
    let unknown = r#"{"grant": 9, "task": "x", "input": {}}"#;
    let (_, message) = submit(runtime, unknown).unwrap_err();
    assert!(message.contains("there is no grant 9"), "{message}");
    let policy = |fuel: u64| {
        format!(
            r#"{{"program": 9, "policies": {{"x": {{"fuel": {fuel}, "memory_bytes": null,
                "timeout_ms": null, "max_retries": 0}}}}}}"#
        )
    };
    for (fuel, problem) in [(0, "fuel is not between"), (1, "there is no program 9")] {
        let (_, message) = grant(runtime, &policy(fuel)).unwrap_err();
        assert!(message.contains(problem), "{message}");
    }

    let short = r#"{"language": "python", "files": [{"path": "a.py", "bytes": 5}]}"#;
    assert!(
        load(runtime, short, b"abc")
            .unwrap_err()
            .1
            .contains("longer than the payload")
    );
    let unknown = r#"{"language": "ruby", "files": []}"#;
    let (status, _) = load(runtime, unknown, b"").unwrap_err();
    assert_eq!(status, CAPSULE_INVALID_ARGUMENT);
    capsule_runtime_free(runtime);
}

#[test]
fn a_missing_engine_fails_the_program() {
    let runtime = new_runtime(&config("engine")).unwrap();
    let request = r#"{"language": "python", "files": [{"path": "a.py", "bytes": 0}]}"#;
    load(runtime, request, b"").unwrap();
    let (status, events) = next_events(runtime);
    let events = String::from_utf8_lossy(&events);
    assert_eq!(status, CAPSULE_OK);
    assert!(events.contains("program_failed"), "{events}");
    assert!(
        events.contains("the python engine is not installed"),
        "{events}"
    );
    capsule_runtime_free(runtime);
}

#[test]
fn freeing_a_runtime_wakes_who_waits_for_events() {
    let runtime = new_runtime(&config("wake")).unwrap();
    let waiting = thread::spawn(move || next_events(runtime).0);
    thread::sleep(Duration::from_millis(50));
    capsule_runtime_free(runtime);
    assert_eq!(waiting.join().unwrap(), CAPSULE_CLOSED);
}

#[test]
fn many_runtimes_leave_no_thread() {
    let threads = || fs::read_dir("/proc/self/task").map_or(0, |tasks| tasks.count());
    let before = threads();
    for _ in 0..20 {
        capsule_runtime_free(new_runtime(&config("many")).unwrap());
    }
    // Threads end in the background.
    for _ in 0..100 {
        if threads() <= before + 2 {
            return;
        }
        thread::sleep(Duration::from_millis(20));
    }
    panic!("{} threads, {before} before", threads());
}
