"""Parses arithmetic by a grammar."""

import pyparsing as pp

from capsule import task


@task
def main() -> None:
    number = pp.common.number
    binary = lambda tokens: [tokens[0]]  # noqa: E731
    expression = pp.infix_notation(
        number,
        [("*", 2, pp.OpAssoc.LEFT, binary), ("+", 2, pp.OpAssoc.LEFT, binary)],
    )
    assert expression.parse_string("1+2*3").as_list() == [[1, "+", [2, "*", 3]]]
    try:
        number.parse_string("x")
        raise AssertionError("no error")
    except pp.ParseException as error:
        assert error.column == 1
