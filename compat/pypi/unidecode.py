"""Writes any script in ASCII."""

from unidecode import unidecode

from capsule import task


@task
def main() -> None:
    assert unidecode("北京 Žluťoučký Ελλάδα") == "Bei Jing  Zlutoucky Ellada"
