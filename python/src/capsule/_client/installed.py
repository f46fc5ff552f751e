"""Finds Deno and the command line beside this package.

PATH, the current folder and the user's project are not searched: untrusted programs may be there.
"""

from __future__ import annotations

import os
from pathlib import Path

from .._errors import CapsuleError

#: `capsule`, as it is imported.
_PACKAGE = Path(__file__).parent.parent
#: What only a wheel has: scripts/wheel.ts makes it.
_BUNDLE = _PACKAGE / "_bundle"
#: Nothing of the user's project is read, and nothing loaded from elsewhere.
_FLAGS = ["--no-config", "--no-remote", "--no-npm", "--no-lock", "--node-modules-dir=none"]


def capsule_command(*args: str) -> list[str]:
    """The command line of Capsule, with these arguments.

    Raises:
        CapsuleError: ``installation``, when something of it is missing.
    """
    run = ["run", "-A", "--no-check", "--quiet"]
    cli = _BUNDLE / "dist" / "cli.js"
    if cli.is_file():
        return [_installed_deno(), *run, *_FLAGS, str(cli), *args]
    root = _checkout()
    if root is None:
        raise _missing("bundle of Capsule", str(cli))
    deno = next(root.glob("node_modules/@deno/*/deno"), None)
    if deno is None:
        raise CapsuleError(
            "installation", f'Cannot find Deno in "{root}"', "scripts/capsule installs it"
        )
    return [str(deno), *run, f"--config={root}/deno.json", f"{root}/cli.ts", *args]


def worker_command() -> list[str]:
    """A worker: what it holds lives for one call, and V8 would come to keep 48 MB for that.

    Raises:
        CapsuleError: ``installation``, when something of it is missing.
    """
    deno, run, *rest = capsule_command("worker")
    return [deno, run, "--v8-flags=--max-semi-space-size=2", *rest]


def deno_environment() -> dict[str, str]:
    """The environment of this process, without what changes how Deno runs a file."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name == "DENO_DIR" or not name.startswith("DENO_")
    }
    return {**kept, "DENO_NO_PACKAGE_JSON": "1", "DENO_NO_UPDATE_CHECK": "1"}


def worker_environment() -> dict[str, str]:
    """As ``deno_environment``, for a process that starts in another folder."""
    environment = deno_environment()
    if environment.get("SSL_CERT_FILE"):
        environment["SSL_CERT_FILE"] = os.path.abspath(environment["SSL_CERT_FILE"])
    return environment


def _checkout() -> Path | None:
    """The root of the checkout that contains this file. None for a wheel."""
    source = _PACKAGE.resolve().parent
    root = source.parent.parent
    is_checkout = (source.parent.name, source.name) == ("python", "src")
    return root if is_checkout and (root / "ffi" / "native" / "Cargo.toml").is_file() else None


def _installed_deno() -> str:
    """The program of the distribution `deno`, which this one depends on."""
    folders = _package_folders()
    # Not `import deno`, which the user's project may have, and not importlib.metadata, which takes
    # as long as all the rest.
    for folder in map(Path, folders):
        # `pip install --target` puts programs beside packages, and its records say otherwise.
        if (folder / "bin" / "deno").is_file():
            return str(folder / "bin" / "deno")
        for record in folder.glob("deno-*.dist-info/RECORD"):
            for line in record.read_text("utf-8").splitlines():
                path, *_, size = line.split(",")
                program = folder / path
                # Of its size: where records are wrong, something else might have its name.
                if path.endswith("/bin/deno") and program.is_file():
                    if str(program.stat().st_size) == size:
                        return os.path.realpath(program)
    raise _missing("program of the package deno", folders[0])


def _package_folders() -> list[str]:
    """Folders of packages: this one's, and those of this Python, but never the current one."""
    import site

    user = [site.getusersitepackages()] if site.ENABLE_USER_SITE else []
    return [str(_PACKAGE.parent), *user, *site.getsitepackages()]


def _missing(what: str, path: str) -> CapsuleError:
    return CapsuleError(
        "installation",
        f'Cannot find the {what} at "{path}"',
        "pip install --force-reinstall capsule-sandbox brings it, on Linux (x86-64)",
    )
