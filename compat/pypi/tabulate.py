"""Draws tables as text and Markdown."""

from tabulate import tabulate

from capsule import task


@task
def main() -> None:
    rows = [["Tea", 2.5], ["Cake", 11]]
    assert tabulate(rows, headers=["name", "price"], tablefmt="github").splitlines()[2:] == [
        "| Tea    |     2.5 |",
        "| Cake   |    11   |",
    ]
    assert "<td>Tea" in tabulate(rows, tablefmt="html")
