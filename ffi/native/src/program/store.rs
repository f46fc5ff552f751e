//! Images that outlive their process: a program that did not change is not loaded again.
//!
//! A file is a magic, the length of a header in JSON, the header, and the pages of the image. Its name
//! holds the program, the engine, and through that Wasmtime and the machine: none is ever mixed up.

use crate::cache::{Cache, Lock};
use crate::engine::LanguageEngine;
use crate::events::output::Record;
use crate::files::FolderGrant;
use crate::files::stamp::Stamped;
use crate::image::dirty::PAGE;
use crate::image::{Content, Image, MappedFile};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::time::sleep;

const MAGIC: &[u8; 8] = b"capsule\x04";
/// The magic, and the length of the header.
const PREFIX_LEN: usize = MAGIC.len() + 4;
/// Beyond this, images that were not used for longest are removed.
const FOLDER_BYTES_AT_MOST: u64 = 1 << 30;

/// How often it is looked whether another process has made an image.
const LOCK_INTERVAL: Duration = Duration::from_millis(3);
/// Longer than any program takes to load.
const LOCKED_AT_MOST: Duration = Duration::from_secs(90);

/// A folder of images.
#[derive(Debug)]
pub struct ImageStore {
    cache: Cache,
    /// How many images are being written.
    writing: Mutex<usize>,
    written: Condvar,
}

/// What is kept of a program that was loaded.
#[derive(Debug)]
pub struct Kept {
    pub image: Arc<Image>,
    /// JSON, as the engine wrote it.
    pub declarations: String,
    /// What its top-level code printed: every process shows it.
    pub printed: Record,
    /// The files of packages that it depends on.
    pub inputs: Vec<Stamped>,
}

impl Kept {
    /// Of a program whose component says the rest.
    pub fn of_component(image: Arc<Image>) -> Self {
        Self {
            image,
            declarations: String::new(),
            printed: Record::new(),
            inputs: Vec::new(),
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Header<'a> {
    #[serde(borrow)]
    declarations: Cow<'a, str>,
    printed: Cow<'a, Record>,
    inputs: Cow<'a, [Stamped]>,
    len: usize,
    /// Start and end of each run of pages.
    runs: Vec<(usize, usize)>,
}

impl ImageStore {
    pub fn new(cache: Cache) -> Self {
        Self {
            cache,
            writing: Mutex::default(),
            written: Condvar::new(),
        }
    }

    /// What is kept of a program. None if it must be loaded: an image that is missing, damaged or of
    /// another engine is no error.
    pub fn read(&self, engine: &LanguageEngine, key: &Key<'_>) -> Option<Kept> {
        let name = key.name(engine)?;
        let file = self.cache.open(&name)?;
        let file_len = usize::try_from(file.metadata().ok()?.len()).ok()?;
        let file = MappedFile::new(file, file_len).ok()?;
        let (header, content_start) = decode(file.bytes())?;
        let Header { len, runs, .. } = header;
        let inputs = header.inputs.into_owned();
        if !inputs.iter().all(Stamped::is_same) {
            return None;
        }
        let declarations = header.declarations.into_owned();
        let printed = header.printed.into_owned();
        let runs = runs.into_iter().map(|(start, end)| start..end).collect();
        let content = Content::of_file(file, content_start)?;
        let base = Arc::clone(engine.base());
        let image = Arc::new(Image::from_parts(base, len, runs, content)?);
        self.cache.touch(&name);
        Some(Kept {
            image,
            declarations,
            printed,
            inputs,
        })
    }

    /// What is kept of a program, or the right to make it: of many who want it at once, one does. None for
    /// that right where it cannot be had.
    pub async fn read_or_lock(
        &self,
        engine: &LanguageEngine,
        key: &Key<'_>,
    ) -> Result<Kept, Option<Lock>> {
        let waiting = Instant::now();
        loop {
            if let Some(kept) = self.read(engine, key) {
                return Ok(kept);
            }
            let Some(name) = key.name(engine) else {
                return Err(None);
            };
            match self.cache.try_lock(&name) {
                // The former owner may have written it since the last look.
                Ok(Some(lock)) => return self.read(engine, key).ok_or(Some(lock)),
                Ok(None) if waiting.elapsed() < LOCKED_AT_MOST => sleep(LOCK_INTERVAL).await,
                _ => return Err(None),
            }
        }
    }

    /// `finish` waits until what this returns has written, or is dropped.
    pub fn write(self: &Arc<Self>) -> Writing {
        *self.lock() += 1;
        Writing(Arc::clone(self))
    }

    /// Waits until all images are written, for a process that is about to end.
    pub fn finish(&self, timeout: Duration) {
        let _ = self
            .written
            .wait_timeout_while(self.lock(), timeout, |writing| *writing > 0);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, usize> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An image that is being written.
pub struct Writing(Arc<ImageStore>);

impl Writing {
    /// Writes it in the background. What cannot be written is loaded again the next time.
    pub fn later(self, engine: &LanguageEngine, key: &Key<'_>, kept: Kept, lock: Option<Lock>) {
        let Some(name) = key.name(engine) else {
            return;
        };
        if !self.0.cache.is_writable() {
            return;
        }
        tokio::task::spawn_blocking(move || {
            let bytes = encode(&kept);
            if self.0.cache.store(&name, &bytes).is_ok() {
                self.0.cache.make_room(FOLDER_BYTES_AT_MOST);
            }
            drop(lock);
        });
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        *self.0.lock() -= 1;
        self.0.written.notify_all();
    }
}

/// What an image is found by.
pub struct Key<'a> {
    /// Of the program, in hexadecimal.
    pub digest: &'a str,
    /// The folders that its packages lie in.
    pub packages: &'a [FolderGrant],
}

impl Key<'_> {
    /// The name of the file. None if the digest is malformed.
    fn name(&self, engine: &LanguageEngine) -> Option<String> {
        let Self { digest, packages } = self;
        let is_digest = (16..=64).contains(&digest.len())
            && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
        let around = if packages.is_empty() {
            String::new()
        } else {
            let mut hasher = DefaultHasher::new();
            packages.hash(&mut hasher);
            format!("-{:016x}", hasher.finish())
        };
        is_digest.then(|| format!("{}-{digest}{around}.image", engine.id()))
    }
}

fn encode(kept: &Kept) -> Vec<u8> {
    let image = &kept.image;
    let header = Header {
        declarations: kept.declarations.as_str().into(),
        printed: Cow::Borrowed(&kept.printed),
        inputs: Cow::Borrowed(&kept.inputs),
        len: image.len(),
        runs: image
            .runs()
            .iter()
            .map(|run| (run.start, run.end))
            .collect(),
    };
    let mut header = serde_json::to_vec(&header).expect("a header is plain data");
    // What follows begins with a page, so that it can be mapped. JSON may end with spaces.
    let padded = (PREFIX_LEN + header.len()).next_multiple_of(PAGE) - PREFIX_LEN;
    header.resize(padded, b' ');
    let mut bytes = Vec::with_capacity(PREFIX_LEN + header.len() + image.content().len());
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&(header.len() as u32).to_le_bytes());
    bytes.extend_from_slice(&header);
    bytes.extend_from_slice(image.content());
    bytes
}

/// The header, and where the pages begin.
fn decode(bytes: &[u8]) -> Option<(Header<'_>, usize)> {
    let rest = bytes.strip_prefix(MAGIC)?;
    let (length, rest) = rest.split_first_chunk()?;
    let length = u32::from_le_bytes(*length) as usize;
    let header = serde_json::from_slice(rest.get(..length)?).ok()?;
    Some((header, PREFIX_LEN + length))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::Base;
    use crate::image::dirty::tests::base_file;

    fn kept(declarations: &str) -> Kept {
        let base = Arc::new(Base::new(base_file(&[1, 2, 3])).unwrap());
        let content = vec![7; 2 * PAGE];
        let runs = vec![PAGE..2 * PAGE, 3 * PAGE..4 * PAGE];
        Kept {
            image: Arc::new(
                Image::from_parts(base, 5 * PAGE, runs, Content::of_bytes(&content)).unwrap(),
            ),
            declarations: declarations.to_owned(),
            printed: vec![(1, b"\xffprinted".to_vec()), (2, Vec::new())],
            inputs: Vec::new(),
        }
    }

    #[test]
    fn what_is_encoded_can_be_decoded() {
        let kept = kept(r#"{"tasks": ["ü"]}"#);
        let bytes = encode(&kept);
        let (header, start) = decode(&bytes).unwrap();
        assert_eq!(header.declarations, r#"{"tasks": ["ü"]}"#);
        assert_eq!(*header.printed, kept.printed);
        assert_eq!(header.len, kept.image.len());
        assert_eq!(header.runs, [(PAGE, 2 * PAGE), (3 * PAGE, 4 * PAGE)]);
        assert!(start.is_multiple_of(PAGE));
        assert!(bytes[start..] == *kept.image.content());
    }

    #[test]
    fn what_is_cut_or_foreign_is_no_image() {
        let bytes = encode(&kept("{}"));
        let header_end = bytes.len() - 2 * PAGE;
        for length in 0..header_end {
            assert!(decode(&bytes[..length]).is_none(), "{length}");
        }
        assert!(decode(b"capsule\x01\0\0\0\0").is_none());
        assert!(decode(b"capsule\x04\xff\xff\xff\xff{}").is_none());
    }
}
