//! A program: loaded once, then an image from which each of its sandboxes starts.

use crate::engine::{Language, LanguageEngine};
use crate::event::EventQueue;
use crate::failure::{ErrorType, Failure};
use crate::host::Operations;
use crate::image::Image;
use crate::image_store::ImageStore;
use crate::output::Output;
use crate::request::Limits;
use crate::sandbox::{Budget, Sandbox, TaskSide};
use crate::stack;
use sourcemap::SourceMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::sync::watch;
use wasmtime::component::{ComponentType, Lower};

/// Top-level code has a budget of its own, which counts for no task.
const LOAD_FUEL: u64 = 50_000_000_000;
const LOAD_TIMEOUT: Duration = Duration::from_secs(60);
/// The first line of a bundle, after what the engine puts before it.
const BUNDLE_LINE: u32 = 2;

/// A file of a program, as its engine receives it.
#[derive(Clone, Debug, ComponentType, Lower)]
#[component(record)]
pub struct SourceFile {
    pub path: String,
    pub data: Vec<u8>,
}

/// All that makes up a program.
#[derive(Debug)]
pub struct Sources {
    pub program: SourceText,
    pub source_map: Vec<u8>,
}

/// What the engine receives.
#[derive(Debug)]
pub struct SourceText {
    pub path: String,
    pub text: String,
    /// The modules that the program may import.
    pub files: Vec<SourceFile>,
}

/// A program that is ready to be called.
pub struct Program {
    pub engine: Arc<LanguageEngine>,
    pub image: Arc<Image>,
    /// JSON: its tasks with their options.
    pub declarations: String,
    stacks: Stacks,
}

/// Puts stack traces into the user's own lines.
struct Stacks {
    language: Language,
    source_map: Vec<u8>,
    /// Parsed when the first failure needs it.
    parsed: OnceLock<Option<SourceMap>>,
}

/// What loading needs besides the program.
pub struct Loading<'a> {
    /// Names the request in events: what top-level code prints belongs to it.
    pub id: u64,
    /// A digest of the program, if its image may be kept.
    pub key: Option<&'a str>,
    pub limits: &'a Limits,
    pub events: Arc<EventQueue>,
    pub images: &'a Arc<ImageStore>,
}

impl Program {
    /// Takes the program's image from the store, or makes it.
    pub async fn load(
        language: Language,
        engine: Arc<LanguageEngine>,
        sources: Sources,
        loading: Loading<'_>,
    ) -> Result<Self, Failure> {
        let stacks = Stacks::new(language, sources.source_map);
        let kept = loading
            .key
            .and_then(|key| loading.images.read(&engine, key));
        let (image, declarations) = match kept {
            Some((image, declarations)) => (Arc::new(image), declarations),
            None => {
                let (image, declarations) = run_top_level(&engine, &sources.program, &loading)
                    .await
                    .map_err(|failure| stacks.map(failure))?;
                let image = Arc::new(image);
                if let Some(key) = loading.key {
                    let (image, declarations) = (Arc::clone(&image), declarations.clone());
                    loading
                        .images
                        .write_later(&engine, key, image, declarations);
                }
                (image, declarations)
            }
        };
        Ok(Self {
            engine,
            image,
            declarations,
            stacks,
        })
    }

    /// The failure with its stack in the user's own files and lines.
    pub fn explain(&self, failure: Failure) -> Failure {
        self.stacks.map(failure)
    }
}

/// Runs the top-level code in a sandbox with no access, and keeps its memory and its declarations.
async fn run_top_level(
    engine: &Arc<LanguageEngine>,
    program: &SourceText,
    loading: &Loading<'_>,
) -> Result<(Image, String), Failure> {
    let limits = loading.limits;
    let events = Arc::clone(&loading.events);
    let task = TaskSide {
        operations: Operations::new(limits.handles),
        output: Output::new(events, loading.id, 0, limits.output_bytes),
        caller: None,
    };
    let budget = Budget {
        subject: "top-level code",
        fuel: LOAD_FUEL,
        memory_bytes: None,
        timeout: Some(LOAD_TIMEOUT),
        result_bytes: limits.json_bytes,
    };
    let (_sender, cancelled) = watch::channel(false);
    let empty = Arc::clone(engine.empty());
    let mut sandbox = Sandbox::new(Arc::clone(engine), &empty, task, budget, cancelled).await?;
    let declarations = sandbox
        .load(&program.path, &program.text, &program.files)
        .await?;
    if !sandbox.is_quiescent() {
        return Err(Failure::new(
            ErrorType::TaskError,
            "top-level code left a file, a connection or an operation open: open it inside a task",
        ));
    }
    let image = sandbox.image().map_err(|error| {
        Failure::new(
            ErrorType::InternalError,
            format!("Cannot keep the memory of a program: {error}"),
        )
    })?;
    sandbox.retire();
    Ok((image, declarations))
}

impl Stacks {
    fn new(language: Language, source_map: Vec<u8>) -> Self {
        Self {
            language,
            source_map,
            parsed: OnceLock::new(),
        }
    }

    fn map(&self, failure: Failure) -> Failure {
        let stack = failure.stack.map(|stack| match self.language {
            Language::JavaScript => stack::map_javascript(&stack, self.source_map(), BUNDLE_LINE),
            Language::Python => stack,
        });
        Failure { stack, ..failure }
    }

    fn source_map(&self) -> Option<&SourceMap> {
        self.parsed
            .get_or_init(|| SourceMap::from_slice(&self.source_map).ok())
            .as_ref()
    }
}
