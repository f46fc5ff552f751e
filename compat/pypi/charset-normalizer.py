"""Finds the encoding of bytes, in Python of its own."""

from charset_normalizer import from_bytes

from capsule import task


@task(compute="HIGH")
def main() -> None:
    text = "Здравей, свят! Добър ден. " * 9
    assert str(from_bytes(text.encode("cp1251")).best()) == text
