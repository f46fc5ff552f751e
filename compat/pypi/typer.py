"""Runs a command line made of a function's types."""

import typer
from typer.testing import CliRunner

from capsule import task

app = typer.Typer()


@app.command()
def add(a: int, b: int = 2, loud: bool = False) -> None:
    typer.echo(f"{a + b}{'!' if loud else ''}")


@task
def main() -> None:
    runner = CliRunner()
    result = runner.invoke(app, ["1", "--b", "3", "--loud"])
    if result.exception:
        raise result.exception
    assert result.output == "4!\n"
    assert runner.invoke(app, ["x"]).exit_code == 2
