"""Formats and splits statements."""

import sqlparse

from capsule import task


@task
def main() -> None:
    assert (
        sqlparse.format("select a from b", keyword_case="upper", reindent=True)
        == "SELECT a\nFROM b"
    )
    assert len(sqlparse.split("select 1; select ';';")) == 2
    assert sqlparse.parse("insert into t values (1)")[0].get_type() == "INSERT"
