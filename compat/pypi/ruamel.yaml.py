"""Changes a document and keeps its comments."""

import io

from ruamel.yaml import YAML

from capsule import task


@task
def main() -> None:
    yaml = YAML()
    document = yaml.load("# of note\na: 1 # why\nb: [x, y]\n")
    document["c"] = True
    out = io.StringIO()
    yaml.dump(document, out)
    assert out.getvalue() == "# of note\na: 1 # why\nb: [x, y]\nc: true\n"
