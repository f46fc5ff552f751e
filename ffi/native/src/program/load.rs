//! A program: loaded once, then an image from which each of its sandboxes starts.

use super::component;
use super::loading::Loading;
use super::pending::PendingImage;
use super::sources::{Source, SourceText, Sources};
use super::store::{Kept, Key};
use crate::engine::{Engines, LanguageEngine};
use crate::events::output::Output;
use crate::files::stamp::{Stamped, stamp_all};
use crate::files::{FolderGrant, Folders, Seen, open_packages};
use crate::host::{Draws, Operations, TaskBytes, TaskContext, TaskSide};
use crate::image::Image;
use crate::machine::ram::RunRam;
use crate::policy::Limits;
use crate::sandbox::{Budget, Guard, Sandbox};
use crate::values::failure::{ErrorType, Failure};
use crate::values::language::Language;
use crate::values::stack::Stacks;
use serde_json::json;
use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// Top-level code has a budget of its own, which counts for no task.
const LOAD_FUEL: u64 = 50_000_000_000;
const LOAD_TIMEOUT: Duration = Duration::from_secs(60);
/// The same for memory: an image is kept of it.
const LOAD_MEMORY_BYTES: u64 = 1 << 30;

/// A program that is ready to be called.
pub struct Program {
    pub engine: Arc<LanguageEngine>,
    pub image: PendingImage,
    pub stacks: Arc<Stacks>,
    /// Folders of packages, which all sandboxes of the program may read.
    pub packages: Folders,
}

impl Program {
    /// Takes the program's image from the store, or makes it. The program is announced as soon as it may be called,
    /// with what it declares: its tasks with their options, as JSON.
    pub async fn load(
        language: Language,
        engines: &Arc<Engines>,
        Sources {
            program,
            source_map,
        }: Sources,
        loading: Loading<'_>,
        announce: impl FnOnce(Self, String) + Send,
    ) -> Result<(), Failure> {
        let stacks = Arc::new(Stacks::new(language, source_map));
        let packages = open_packages(loading.packages)
            .map_err(|error| Failure::internal(format!("{error:#}")))?;
        match program {
            Source::Text(text) => {
                let engine = engines.installed(language).await?;
                let context = TaskContext {
                    call: None,
                    folders: Arc::clone(&packages),
                    network: None,
                    stacks: Arc::clone(&stacks),
                    stdin: Arc::default(),
                    seen: Some(Arc::default()),
                    draws: None,
                    fixed: loading.fixed.load(),
                };
                let announce = |image, declarations| {
                    let engine = Arc::clone(&engine);
                    let program = Self {
                        engine,
                        image,
                        stacks,
                        packages,
                    };
                    announce(program, declarations);
                };
                Self::load_text(&engine, &text, context, &loading, announce).await
            }
            Source::Component(file) => {
                let engine = engines.installed(language).await?;
                let image = component::image(&engine, file, &loading).await?;
                engine.expect_call(&image);
                let program = Self {
                    engine,
                    image: PendingImage::of(image),
                    stacks,
                    packages,
                };
                // What its tasks are, it says in a section of its own.
                announce(program, String::new());
                Ok(())
            }
        }
    }

    /// Announces the image of a program and its declarations.
    async fn load_text(
        engine: &Arc<LanguageEngine>,
        program: &SourceText,
        mut context: TaskContext,
        loading: &Loading<'_>,
        announce: impl FnOnce(PendingImage, String) + Send,
    ) -> Result<(), Failure> {
        // An image holds the random bytes and the time of its load. With `fixed`, it is neither stored nor taken from
        // the store.
        let digest = loading.key.filter(|_| context.fixed.is_none());
        let key = digest.map(|digest| Key {
            digest,
            packages: loading.packages,
        });
        let kept = match &key {
            Some(key) => loading.images.read_or_lock(engine, key).await,
            None => Err(None),
        };
        let Limits { output_bytes, .. } = *loading.limits;
        let output = Output::new(Arc::clone(&loading.events), loading.id, 0, output_bytes);
        let lock = match kept {
            Ok(kept) => {
                output.replay(kept.printed);
                engine.expect_call(&kept.image);
                announce(PendingImage::of(kept.image), kept.declarations);
                return Ok(());
            }
            Err(lock) => lock,
        };
        let draws = Arc::new(Draws::new(lock));
        context.draws = Some(Arc::clone(&draws));
        let output = output.recorded();
        let stacks = Arc::clone(&context.stacks);
        let seen = context.seen.clone();
        let started = SystemTime::now();
        let (sandbox, declarations) =
            run_top_level(engine, program, context, output.clone(), loading)
                .await
                .map_err(|failure| failure.explained_by(&stacks))?;
        let (maker, pending) = PendingImage::new();
        announce(pending, declarations.clone());
        // Nothing is awaited from here on, so that this cannot be cancelled.
        let image = match sandbox.into_image() {
            Ok(image) => Arc::new(image),
            Err(error) => {
                let message = format!("Cannot keep the memory of a program: {error}");
                let error_type = match error.kind() {
                    io::ErrorKind::OutOfMemory => ErrorType::MemoryLimit,
                    _ => ErrorType::InternalError,
                };
                maker.done(Err(Failure::new(error_type, message)));
                return Ok(());
            }
        };
        engine.expect_call(&image);
        // A process that ends after its first call waits for what is written.
        let writing = loading.images.write();
        maker.done(Ok(Arc::clone(&image)));
        if let (Some(key), Some(printed), Some(inputs)) =
            (key, output.record(), inputs(seen, started, loading))
            && !draws.happened()
        {
            let kept = Kept {
                image,
                declarations,
                printed,
                inputs,
            };
            writing.later(engine, &key, kept, draws.take_lock());
        }
        Ok(())
    }

    /// The engine with the program in its memory.
    pub fn component(&self, image: &Image) -> wasmtime::Result<Vec<u8>> {
        self.engine.source().with_memory(&image.memory()?)
    }

    /// The failure with its stack in the user's own files and lines.
    pub fn explain(&self, failure: Failure) -> Failure {
        failure.explained_by(&self.stacks)
    }
}

/// What the program has looked at in its packages. None if that is not known, is too much to be looked at again, or
/// has changed since the load started: it may have been read before.
fn inputs(
    seen: Option<Arc<Seen>>,
    started: SystemTime,
    loading: &Loading<'_>,
) -> Option<Vec<Stamped>> {
    let inputs = stamp_all(loading.packages, &seen?.paths()?)?;
    let is_settled = inputs.iter().all(|input| input.is_older_than(started));
    is_settled.then_some(inputs)
}

/// The context of a load, as JSON for the engine.
fn context(packages: &[FolderGrant]) -> String {
    if packages.is_empty() {
        return String::new();
    }
    let folders: Vec<_> = packages.iter().map(|folder| &folder.guest).collect();
    json!({ "packages": folders }).to_string()
}

/// Runs the top-level code in a sandbox with no access. Returns that, and the program's declarations.
async fn run_top_level(
    engine: &Arc<LanguageEngine>,
    program: &SourceText,
    context: TaskContext,
    output: Output,
    loading: &Loading<'_>,
) -> Result<(Sandbox, String), Failure> {
    let limits = loading.limits;
    let task = TaskSide {
        operations: Operations::new(limits.handles),
        output,
        context,
        bytes: TaskBytes::default(),
    };
    let budget = Budget {
        subject: "top-level code",
        can_be_raised: false,
        // A run's budget bounds what comes before its first task, too.
        fuel: limits.fuel.map_or(LOAD_FUEL, |fuel| fuel.min(LOAD_FUEL)),
        memory_bytes: Some(LOAD_MEMORY_BYTES.min(limits.ram_bytes)),
        timeout: Some(limits.timeout_ms.map_or(LOAD_TIMEOUT, |ms| {
            Duration::try_from_secs_f64(ms / 1000.0)
                .map_or(LOAD_TIMEOUT, |own| own.min(LOAD_TIMEOUT))
        })),
        run_timeout_ms: None,
        result_bytes: limits.json_bytes,
    };
    let empty = Arc::clone(engine.empty());
    let guard = Guard {
        run: loading.id,
        ram: RunRam::unlimited(),
        fuel: None,
        cpu: Arc::clone(loading.cpu),
        cancelled: loading.cancelled.clone(),
    };
    let mut sandbox = Sandbox::new(Arc::clone(engine), &empty, task, budget, guard).await?;
    let declarations = sandbox
        .load(
            &program.path,
            &program.text,
            &program.files,
            &self::context(loading.packages),
        )
        .await?;
    if !sandbox.is_quiescent() {
        return Err(Failure::new(
            ErrorType::TaskError,
            "top-level code left a file, a connection or an operation open: open it inside a task",
        ));
    }
    Ok((sandbox, declarations))
}
