use super::*;
use tokio::io::AsyncReadExt;
use url::Url;

const VALUE: &str = "sk-live-123";
const PLACEHOLDER: &str = "capsule-secret-0123456789abcdef";

fn secrets() -> Secrets {
    let host = HostRule {
        host: Some("api.x.com".into()),
        ..HostRule::default()
    };
    let local = HostRule {
        host: Some("127.0.0.1".into()),
        ..HostRule::default()
    };
    Secrets::from(vec![Secret {
        name: "KEY".into(),
        placeholder: PLACEHOLDER.into(),
        value: VALUE.into(),
        hosts: vec![host, local],
        headers: vec!["authorization".into(), "x-api-key".into()],
    }])
}

fn sent(url: &str, header: (&'static str, &str), body: &str) -> Result<String, String> {
    let target = Target::of(&Url::parse(url).unwrap()).unwrap();
    let mut headers = HeaderMap::new();
    headers.insert(header.0, HeaderValue::from_str(header.1).unwrap());
    let outgoing = Outgoing {
        method: "GET",
        url,
        target: &target,
        headers: &mut headers,
        body: body.as_bytes(),
    };
    secrets()
        .apply(outgoing)
        .map_err(|refused| refused.message)?;
    Ok(headers[header.0].to_str().unwrap().to_owned())
}

#[test]
fn a_placeholder_becomes_the_value_where_it_may() {
    let bearer = format!("Bearer {PLACEHOLDER}");
    let ask = |url| sent(url, ("authorization", &bearer), "");
    assert_eq!(ask("https://api.x.com/").unwrap(), "Bearer sk-live-123");
    assert_eq!(ask("http://127.0.0.1:8/").unwrap(), "Bearer sk-live-123");
    let both = format!("{PLACEHOLDER},{}", PLACEHOLDER.to_uppercase());
    assert_eq!(
        sent("https://api.x.com/", ("x-api-key", &both), "").unwrap(),
        "sk-live-123,sk-live-123"
    );
    let user = STANDARD.encode_to_string(format!("me:{PLACEHOLDER}"));
    let basic = format!("basic {user}");
    let token = STANDARD.encode_to_string(format!("me:{VALUE}"));
    assert_eq!(
        sent("https://api.x.com/", ("authorization", &basic), "").unwrap(),
        format!("Basic {token}")
    );
}

#[test]
fn a_placeholder_anywhere_else_fails_the_request() {
    let refused = |url: &str, header: (&'static str, &str), body: &str| {
        let message = sent(url, header, body).unwrap_err();
        assert!(!message.contains(VALUE), "{message}");
        message
    };
    let bearer = format!("Bearer {PLACEHOLDER}");
    for url in [
        "http://api.x.com/",
        "https://x.com/",
        "https://api.x.com.evil.com/",
        "http://127.0.0.2/",
    ] {
        let message = refused(url, ("authorization", &bearer), "");
        assert!(
            message.contains("the secret KEY may not go to"),
            "{message}"
        );
    }
    let https = "https://api.x.com/";
    assert!(refused(https, ("cookie", PLACEHOLDER), "").contains("the header \"cookie\""));
    assert!(refused(https, ("accept", "*/*"), PLACEHOLDER).contains("the body"));
    let encoded: String = PLACEHOLDER.bytes().map(|b| format!("%{b:02x}")).collect();
    for part in [PLACEHOLDER, &PLACEHOLDER.to_uppercase(), &encoded] {
        let url = format!("https://api.x.com/?key={part}");
        assert!(refused(&url, ("accept", "*/*"), "").contains("the URL"));
    }
    assert_eq!(
        sent("https://other.com/", ("accept", "*/*"), "").unwrap(),
        "*/*"
    );
}

#[tokio::test]
async fn what_comes_back_is_blanked_over_any_border() {
    let mut blanks = Blanks::default();
    blanks.add(VALUE.as_bytes());
    blanks.add(b"sk-live-1234");
    let body = format!("{VALUE} sk-sk-live-123 sk-live-12 {VALUE}{VALUE} sk-live-1234 sk-live");
    let expected =
        "*********** sk-*********** sk-live-12 ********************** ************ sk-live";
    for size in 1..=body.len() {
        let parts = body.as_bytes().chunks(size).collect::<Vec<_>>();
        let mut reader: Pin<Box<dyn AsyncRead + Send>> = Box::pin(&b""[..]);
        for part in parts {
            reader = Box::pin(reader.chain(part));
        }
        let mut text = String::new();
        let mut blanked = Blanked::new(reader, blanks.clone());
        blanked.read_to_string(&mut text).await.unwrap();
        assert_eq!(text, expected, "{size}");
    }
}

#[test]
fn where_parts_end_does_not_depend_on_what_is_in_them() {
    let mut blanks = Blanks::default();
    blanks.add(VALUE.as_bytes());
    let length = |part: &[u8]| blanks.take(&mut part.to_vec(), &mut 0, false).len();
    for end in 0..VALUE.len() {
        let guess = format!("{}{}", "#".repeat(40 - end), &VALUE[..end]);
        assert_eq!(length(guess.as_bytes()), length(&[b'#'; 40]), "{guess}");
    }
}
