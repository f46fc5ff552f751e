"""The Python engine: what is snapshotted with CPython, and what the world of engines/wit calls."""

from capsule_engine import network
from capsule_engine.library import standard_library

# Modules that know of TLS look for it when they are imported.
network.prepare()
# First: what is not imported before the snapshot does not exist at run time.
standard_library.import_all()

import gc

import wit_world
from componentize_py_types import Err
from wit_world.imports import operations

import capsule.http  # noqa: F401  # in the snapshot
from capsule._task import set_backend
from capsule_engine import access, packages
from capsule_engine.failure import Failure
from capsule_engine.library import (
    database,
    key_derivation,
    output,
    process,
    randomness,
    time_zones,
)
from capsule_engine.program import Program
from capsule_engine.tasks import SandboxBackend

output.install()
network.install()
key_derivation.install()
time_zones.install()
randomness.install()
database.install()
process.install()
backend = SandboxBackend()
set_backend(backend)

program: Program | None = None


class WitWorld(wit_world.WitWorld):
    def load(self, path: str, source: str, files: list, context: str) -> str:
        global program
        try:
            randomness.begin_load()
            if context:
                packages.use(context)
            program = Program(path, source, {file.path: file.data for file in files}, backend)
            access.watch()
            try:
                declarations = program.load()
            finally:
                access.tell_early_reads(path, backend.variables())
            randomness.end_load()
        except BaseException as error:
            raise Err(Failure(error, program).while_loading()) from None
        finally:
            output.flush()
        # What lives now lives in every call: collecting it there would touch all its pages.
        gc.freeze()
        return declarations

    def run(self, task: str, input: str, context: str) -> str:
        try:
            randomness.reseed()
            data = access.take(context) if context else b""
            text, data = program.run(task, input, data)
            if data:
                operations.result_bytes(data)
            return text
        except BaseException as error:
            raise Err(Failure(error, program).as_json()) from None
        finally:
            output.flush()


gc.collect()
gc.freeze()
