"""Draws a table, marks up text and colours code."""

import io

from rich.console import Console
from rich.markdown import Markdown
from rich.syntax import Syntax
from rich.table import Table

from capsule import task


@task
def main() -> None:
    out = io.StringIO()
    console = Console(file=out, width=40, force_terminal=True, color_system="truecolor")
    table = Table(title="Sales")
    table.add_column("Name")
    table.add_column("Price", justify="right")
    table.add_row("Tea", "[bold red]2.50[/]")
    console.print(table)
    console.print(Markdown("# Title\n* one"))
    console.print(Syntax("x = 1", "python"))
    text = out.getvalue()
    assert "\x1b[1;31m2.50" in text and "┏" in text and "Title" in text
