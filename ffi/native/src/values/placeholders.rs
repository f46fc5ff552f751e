//! Bytes beside JSON text: `{"$bytes":[offset,length]}` in the text stands for some of them. Without bytes, text is plain
//! JSON.

use crate::values::payload::Payload;

/// Keys that end in this are placeholders, or escaped by a further `$`.
const ENDING: &[u8] = b"bytes";
/// The letters of such keys as hexadecimal escapes.
const ESCAPED: [&[u8; 2]; 6] = [b"24", b"62", b"79", b"74", b"65", b"73"];
/// Readers limit the depth to less.
const DEPTH_AT_MOST: usize = 1_024;

/// An object, or an array, that has begun.
struct Open<'a> {
    /// The first key, if it is one for bytes.
    first: Option<&'a [u8]>,
    /// Whether every key is the first one.
    is_single: bool,
    is_object: bool,
    is_placeholder: bool,
}

/// Checks that the bytes are exactly those that the text has placeholders for, one after the other, and that no other
/// object looks like one to any reader. Where all placeholders are for no bytes, there is one that none is for. The text
/// is JSON.
pub fn check(payload: &Payload) -> Result<(), String> {
    let Payload { json, bytes } = payload;
    if bytes.is_empty() {
        return Ok(());
    }
    let used = scan(json.as_bytes(), bytes.len())?;
    if used == bytes.len() || (used == 0 && bytes.len() == 1) {
        return Ok(());
    }
    Err(format!(
        "there are {} bytes, and placeholders for {used}",
        bytes.len()
    ))
}

/// Whether an escape stands for one of the letters. No serializer writes that.
fn spells_letters(json: &str) -> bool {
    let bytes = json.as_bytes();
    json.match_indices("\\u00").any(|(at, escape)| {
        let before = bytes[..at].iter().rev().take_while(|byte| **byte == b'\\');
        let rest = &bytes[at + escape.len()..];
        // A backslash before it makes it plain text.
        before.count() % 2 == 0 && ESCAPED.iter().any(|letter| rest.starts_with(*letter))
    })
}

/// Returns how many bytes have a placeholder.
fn scan(json: &[u8], length: usize) -> Result<usize, String> {
    let mut open: Vec<Open<'_>> = Vec::new();
    let mut used = 0;
    let mut at = 0;
    while let Some(&byte) = json.get(at) {
        match byte {
            b'"' => {
                let end = string_end(json, at);
                let text = &json[at + 1..end - 1];
                at = end;
                if is_key(json, at)
                    && let Some(object) = open.last_mut()
                {
                    object.add_key(text)?;
                }
                continue;
            }
            b'{' => {
                let placeholder = placeholder_at(json, at);
                if let Some((offset, bytes)) = placeholder {
                    if offset != used || length - used < bytes {
                        return Err(format!(
                            "bytes [{offset},{bytes}] do not follow the first {used} of {length}"
                        ));
                    }
                    used += bytes;
                }
                push(&mut open, true, placeholder.is_some())?;
            }
            b'[' => push(&mut open, false, false)?,
            b'}' | b']' => {
                if let Some(closed) = open.pop() {
                    closed.check()?;
                }
            }
            _ => {}
        }
        at += 1;
    }
    Ok(used)
}

fn push(open: &mut Vec<Open<'_>>, is_object: bool, is_placeholder: bool) -> Result<(), String> {
    if open.len() == DEPTH_AT_MOST {
        return Err(format!(
            "it holds bytes and is nested more than {DEPTH_AT_MOST} levels deep"
        ));
    }
    open.push(Open {
        first: None,
        is_single: false,
        is_object,
        is_placeholder,
    });
    Ok(())
}

impl<'a> Open<'a> {
    fn add_key(&mut self, key: &'a [u8]) -> Result<(), String> {
        if !self.is_object {
            return Ok(());
        }
        if std::str::from_utf8(key).is_ok_and(spells_letters) {
            return Err("a key spells its letters as escapes".to_owned());
        }
        match self.first {
            None => {
                self.first = Some(key);
                self.is_single = true;
            }
            Some(first) => {
                if first == key && self.is_single && is_for_bytes(key) {
                    return Err("a key for bytes occurs twice".to_owned());
                }
                self.is_single = false;
            }
        }
        Ok(())
    }

    /// An object of the one key `$bytes` is a placeholder.
    fn check(&self) -> Result<(), String> {
        if self.is_single && self.first == Some(b"$bytes".as_slice()) && !self.is_placeholder {
            return Err(
                "the value of an object's only key \"$bytes\" must be [offset, length]".to_owned(),
            );
        }
        Ok(())
    }
}

fn is_for_bytes(key: &[u8]) -> bool {
    key.strip_suffix(ENDING)
        .is_some_and(|dollars| !dollars.is_empty() && dollars.iter().all(|&byte| byte == b'$'))
}

/// Offset and length, where a whole placeholder begins. It is written as serializers write it, with or without a space
/// after colon and comma: who replaces it in the text needs to look for nothing else.
fn placeholder_at(json: &[u8], at: usize) -> Option<(usize, usize)> {
    let at = literal(json, at, b"{\"$bytes\":")?;
    let at = literal(json, space_end(json, at), b"[")?;
    let (offset, at) = number(json, at)?;
    let at = literal(json, at, b",")?;
    let (length, at) = number(json, space_end(json, at))?;
    literal(json, at, b"]}")?;
    Some((offset, length))
}

fn literal(json: &[u8], at: usize, literal: &[u8]) -> Option<usize> {
    json[at..].starts_with(literal).then(|| at + literal.len())
}

fn number(json: &[u8], at: usize) -> Option<(usize, usize)> {
    let digits = json[at..].iter().take_while(|byte| byte.is_ascii_digit());
    let end = at + digits.count();
    let text = std::str::from_utf8(&json[at..end]).ok()?;
    Some((text.parse().ok()?, end))
}

fn space_end(json: &[u8], at: usize) -> usize {
    at + usize::from(json.get(at) == Some(&b' '))
}

/// Whether what was there is a key.
fn is_key(json: &[u8], at: usize) -> bool {
    let rest = json[at..].iter();
    rest.copied().find(|byte| !byte.is_ascii_whitespace()) == Some(b':')
}

/// Behind the closing quote of the string that begins here.
fn string_end(json: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(&byte) = json.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    json.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(json: &str, length: usize) -> Result<(), String> {
        assert!(serde_json::from_str::<serde::de::IgnoredAny>(json).is_ok());
        check(&Payload {
            json: json.to_owned(),
            bytes: vec![0; length],
        })
    }

    #[test]
    fn an_escape_that_is_text_spells_nothing() {
        assert!(spells_letters(r#"{"$byt\u0065s":1}"#));
        assert!(!spells_letters(r#"{"$byt\\u0065s":1}"#));
        assert!(spells_letters(r#"{"$byt\\\u0065s":1}"#));
    }

    #[test]
    fn accepts_bytes_in_the_order_of_their_placeholders() {
        for (json, length) in [
            (r#"{"$bytes":[0,0]}"#, 1),
            (r#"{"$bytes":[0,3]}"#, 3),
            (
                r#"[ {"$bytes": [0, 3]} , {"a" :{"$bytes":[3,0]},"b":{"$bytes":[3,2]}} ]"#,
                5,
            ),
            // What a program's own data looks like beside bytes.
            (r#"[{"$bytes":[0,3]},{"$$bytes":[0,3]}]"#, 3),
            (r#"[{"$bytes":[0,3]},{"$bytes":[0,3],"x":1}]"#, 3),
            (r#"[{"$bytes":[0,3]},{"x":1,"$bytes":[9,3]}]"#, 3),
            (r#"[{"$bytes":[0,3]},{"$bytes":1,"$$bytes":2}]"#, 3),
            (
                r#"[{"$bytes":[0,3]},"{\"$bytes\":[0,3]}","\u0024bytes","{","$bytes",":[0,3]}"]"#,
                3,
            ),
        ] {
            assert_eq!(checked(json, length), Ok(()), "{json}");
        }
    }

    #[test]
    fn without_bytes_nothing_is_a_placeholder() {
        for json in [r#"{"$bytes":[0,3]}"#, r#"{"$bytes":5}"#, "1"] {
            assert_eq!(checked(json, 0), Ok(()), "{json}");
        }
    }

    #[test]
    fn refuses_what_a_reader_could_take_for_other_bytes() {
        for (json, length) in [
            ("1", 2),
            (r#"{"$bytes":[0,3]}"#, 2),
            (r#"{"$bytes":[0,3]}"#, 4),
            (r#"{"$bytes":[1,2]}"#, 3),
            (r#"{ "$bytes":[0,3]}"#, 3),
            (r#"{"$bytes" :[0,3]}"#, 3),
            (r#"{"$bytes":[-1,2]}"#, 3),
            (r#"{"$bytes":[0,2e0]}"#, 2),
            (r#"{"$bytes":[0,2,3]}"#, 2),
            (r#"{"$bytes":[0,18446744073709551615]}"#, 3),
            (r#"{"$bytes":[0,99999999999999999999999]}"#, 3),
            (r#"{"$bytes":[18446744073709551615,2]}"#, 3),
            (r#"[{"$bytes":[0,2]},{"$bytes":[0,2]}]"#, 4),
            (r#"[{"$bytes":[0,2]},{"$bytes":[1,2]}]"#, 4),
            (r#"[{"$bytes":[2,2]},{"$bytes":[0,2]}]"#, 4),
            (r#"[{"$bytes":[0,2]},{"$bytes":"AAAA"}]"#, 2),
            (r#"{"$bytes":{"$bytes":[0,1]}}"#, 1),
            (r#"[{"$bytes":[0,1]},{"$bytes":[1,0],"$bytes":[0,9]}]"#, 1),
            (r#"[{"$bytes":[0,1]},{"$$bytes":1,"$$bytes":2}]"#, 1),
            (r#"[{"$bytes":[0,1]},{"\u0024bytes":[0,3]}]"#, 1),
            (r#"{"$byte\u0073":[0,3]}"#, 3),
        ] {
            assert!(checked(json, length).is_err(), "{json}");
        }
        let deep = "[".repeat(2_000) + r#"{"$bytes":[0,1]}"# + &"]".repeat(2_000);
        assert!(checked(&deep, 1).is_err());
    }
}
