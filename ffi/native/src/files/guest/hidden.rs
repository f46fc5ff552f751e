//! Names that guests do not see inside of the folders that they are granted: secrets, what Capsule keeps for itself,
//! and repositories, whose hooks and settings the host's git runs.

/// Whether a name is `.git`, `.capsule`, or begins with `.env`, also as file systems spell it that ignore case,
/// invisible characters, dots at the end or streams, or that shorten names to eight characters.
pub fn is_hidden(name: &str) -> bool {
    let bytes = name.as_bytes();
    let is_plain = bytes
        .first()
        .is_none_or(|first| first.is_ascii_alphanumeric())
        && bytes.iter().all(|byte| byte.is_ascii() && *byte != b'~');
    !is_plain && is_one(&folded(name))
}

fn is_one(name: &str) -> bool {
    if name.starts_with(".env") || [".git", ".capsule"].contains(&name) {
        return true;
    }
    name.split_once('~').is_some_and(|(short, rest)| {
        ["git", "env", "capsul"].contains(&short) && rest.starts_with(|c: char| c.is_ascii_digit())
    })
}

fn folded(name: &str) -> String {
    let name = name.split(':').next().unwrap_or(name);
    let visible = name.chars().filter(|c| !is_ignored(*c));
    let lower: String = visible
        // It becomes an `s` where case is ignored.
        .map(|c| {
            if c == 'ſ' {
                's'
            } else {
                c.to_ascii_lowercase()
            }
        })
        .collect();
    lower.trim_end_matches(['.', ' ']).to_owned()
}

/// What the file system of older Macs skips.
fn is_ignored(c: char) -> bool {
    matches!(c, '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{206a}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_hidden_however_they_are_spelt() {
        let hidden = [
            ".git",
            ".GIT",
            ".Git ",
            ".git..",
            ".git:x",
            ".git::$INDEX_ALLOCATION",
            ".g\u{200c}it",
            "\u{feff}.git",
            "GIT~1",
            "git~2",
            ".env",
            ".ENV",
            ".env.local",
            ".envrc",
            ".env-production",
            "ENV~1.LOC",
            ".capsule",
            ".capſule",
            "CAPSUL~1",
        ];
        for name in hidden {
            assert!(is_hidden(name), "{name:?}");
        }
        let shown = [
            "",
            ".",
            "..",
            "git",
            "a.git",
            ".gitignore",
            ".github",
            ".gitmodules",
            "env",
            "my.env",
            ".en",
            "_env",
            ".capsules",
            "capsule",
            "git~",
            "a~1",
            "ß.txt",
            "-x",
        ];
        for name in shown {
            assert!(!is_hidden(name), "{name:?}");
        }
    }
}
