//! UTF-8, for engines that have no fast decoder of their own.

/// The text in `bytes`. What is malformed becomes U+FFFD, or an error if `fatal`.
pub fn decode(bytes: Vec<u8>, fatal: bool) -> Result<String, String> {
    match String::from_utf8(bytes) {
        Ok(text) => Ok(text),
        Err(error) if fatal => Err(format!(
            "the bytes are not UTF-8 from byte {} on",
            error.utf8_error().valid_up_to()
        )),
        Err(error) => Ok(String::from_utf8_lossy(error.as_bytes()).into_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn replaces_what_is_malformed_or_refuses_it() {
        assert_eq!(decode("grüß".into(), true).unwrap(), "grüß");
        assert_eq!(decode(b"a\xffb".to_vec(), false).unwrap(), "a\u{fffd}b");
        assert!(
            decode(b"a\xffb".to_vec(), true)
                .unwrap_err()
                .contains("byte 1")
        );
    }
}
