"""Turns titles into names of addresses."""

from slugify import slugify

from capsule import task


@task
def main() -> None:
    assert slugify("Crème Brûlée & Söhne!") == "creme-brulee-sohne"
    assert slugify("影師嗎", allow_unicode=True) == "影師嗎"
