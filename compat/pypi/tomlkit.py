"""Changes a document and keeps its comments."""

import tomlkit

from capsule import task


@task
def main() -> None:
    document = tomlkit.parse("# of note\n[tool]\nname = 'x' # why\n")
    document["tool"]["version"] = 2
    assert tomlkit.dumps(document) == "# of note\n[tool]\nname = 'x' # why\nversion = 2\n"
