"""Guesses the encoding of bytes."""

import chardet

from capsule import task


@task(compute="HIGH")
def main() -> None:
    text = "Ещё в начале века никто не верил, что это возможно. " * 3
    assert chardet.detect(text.encode("utf-8"))["encoding"].lower() == "utf-8"
    assert text.encode("cp1251").decode(chardet.detect(text.encode("cp1251"))["encoding"]) == text
