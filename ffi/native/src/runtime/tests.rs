use super::*;

fn request(json: &str) -> LoadRequest {
    serde_json::from_str(json).unwrap()
}

#[test]
fn a_payload_is_cut_into_its_files() {
    let request = request(
        r#"{"language": "python", "files": [{"path": "a.py", "bytes": 2}, {"path": "b.py", "bytes": 1}],
            "source_map_bytes": 3}"#,
    );
    let sources = sources(&request, b"aabmap").unwrap();
    let Source::Text(program) = sources.program else {
        panic!("it is text");
    };
    assert_eq!(
        (program.path.as_str(), program.text.as_str()),
        ("a.py", "aa")
    );
    assert_eq!(program.files[0].data, b"b");
    assert_eq!(sources.source_map, b"map");
}

#[test]
fn a_payload_of_another_length_is_refused() {
    let request = request(r#"{"language": "python", "files": [{"path": "a.py", "bytes": 2}]}"#);
    let both = self::request(
        r#"{"language": "python", "files": [{"path": "a.py", "bytes": 1}],
            "component": {"path": "/a.wasm", "digest": "", "engine_bytes": 0, "is_checked": false}}"#,
    );
    let nothing = self::request(r#"{"language": "python"}"#);
    for (request, payload) in [
        (&request, &b"a"[..]),
        (&request, b"aaa"),
        (&request, b"\xff\xff"),
        (&both, b"a"),
        (&nothing, b""),
    ] {
        let refused = sources(request, payload);
        assert!(matches!(refused, Err(Refusal::Invalid(_))), "{request:?}");
    }
}

#[tokio::test]
async fn a_panic_becomes_a_failure() {
    let failure = unwind_safe(async { panic!("ouch") })
        .await
        .map(|(): ()| ())
        .unwrap_err();
    assert_eq!(failure.error_type, ErrorType::InternalError);
    assert!(failure.message.contains("ouch"));
}
