"""A task that declares a folder. The twin of declared.ts."""

from pathlib import Path

from capsule import task


@task(allowed_files=[{"path": "data", "mode": "read-only"}])
def main(path):
    return Path(path).read_text()
