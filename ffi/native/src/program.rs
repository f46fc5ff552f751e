//! A program: loaded once, then an image from which each of its sandboxes starts.

use crate::engine::{Language, LanguageEngine};
use crate::event::EventQueue;
use crate::failure::{ErrorType, Failure};
use crate::host::Operations;
use crate::image::Image;
use crate::output::Output;
use crate::request::Limits;
use crate::sandbox::{Budget, Sandbox, SandboxState};
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
    pub path: String,
    pub source: String,
    pub files: Vec<SourceFile>,
    pub source_map: Vec<u8>,
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

impl Program {
    /// Runs the top-level code in a sandbox with no access, and keeps its memory.
    ///
    /// `load` names the request in events: what top-level code prints belongs to it.
    pub async fn load(
        language: Language,
        engine: Arc<LanguageEngine>,
        sources: Sources,
        load: u64,
        limits: &Limits,
        events: Arc<EventQueue>,
    ) -> Result<Self, Failure> {
        let stacks = Stacks {
            language,
            source_map: sources.source_map,
            parsed: OnceLock::new(),
        };
        let output = Output::new(events, load, 0, limits.output_bytes);
        let state = SandboxState::new(Operations::new(limits.handles), output, None);
        let budget = Budget {
            subject: "top-level code",
            fuel: LOAD_FUEL,
            memory_bytes: None,
            timeout: Some(LOAD_TIMEOUT),
            result_bytes: limits.json_bytes,
        };
        let (_sender, cancelled) = watch::channel(false);
        let base = Arc::clone(engine.base());
        let mut sandbox = Sandbox::new(Arc::clone(&engine), base, state, budget, cancelled).await?;
        let declarations = sandbox
            .load(&sources.path, &sources.source, &sources.files)
            .await
            .map_err(|failure| stacks.map(failure))?;
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
        Ok(Self {
            engine,
            image: Arc::new(image),
            declarations,
            stacks,
        })
    }

    /// The failure with its stack in the user's own files and lines.
    pub fn explain(&self, failure: Failure) -> Failure {
        self.stacks.map(failure)
    }
}

impl Stacks {
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
