"""Runs a command line with options and a sub-command."""

import click
from click.testing import CliRunner

from capsule import task


@click.group()
def tool() -> None:
    """A tool."""


@tool.command()
@click.argument("name")
@click.option("--count", default=1, type=click.IntRange(1, 3), show_default=True)
def greet(name: str, count: int) -> None:
    """Greets."""
    for _ in range(count):
        click.echo(f"Hello, {name}!")


@task
def main() -> None:
    runner = CliRunner()
    assert runner.invoke(tool, ["greet", "Ada", "--count", "2"]).output == "Hello, Ada!\n" * 2
    refused = runner.invoke(tool, ["greet", "Ada", "--count", "9"])
    assert refused.exit_code == 2 and "1<=x<=3" in refused.output
    assert "[default: 1" in runner.invoke(tool, ["greet", "--help"]).output
