"""Parses arithmetic by a grammar."""

import pyparsing as pp

from capsule import task


@task
def main() -> None:
    number = pp.common.number
    operators = [("*", 2, pp.OpAssoc.LEFT), ("+", 2, pp.OpAssoc.LEFT)]
    expression = pp.infix_notation(number, operators)
    assert expression.parse_string("1+2*3").as_list() == [[1, "+", [2, "*", 3]]]
    try:
        number.parse_string("x")
        raise AssertionError("no error")
    except pp.ParseException as error:
        assert error.column == 1
