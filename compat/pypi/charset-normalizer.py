"""Finds the encoding of bytes, in Python of its own."""

from charset_normalizer import from_bytes

from capsule import task


@task(compute="HIGH")
def main() -> None:
    text = "Всички човешки същества се раждат свободни и равни по достойнство. " * 3
    assert str(from_bytes(text.encode("cp1251")).best()) == text
