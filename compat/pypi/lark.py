"""Parses JSON by a grammar, and transforms the tree."""

from lark import Lark, Transformer

from capsule import task

GRAMMAR = r"""
    ?value: list | pair | NUMBER -> number | WORD -> word
    list: "[" [value ("," value)*] "]"
    pair: WORD ":" value
    %import common.NUMBER
    %import common.WORD
    %import common.WS
    %ignore WS
"""


class Values(Transformer):
    def number(self, tokens):
        return float(tokens[0])

    def word(self, tokens):
        return str(tokens[0])

    def list(self, values):
        return values

    def pair(self, tokens):
        return {str(tokens[0]): tokens[1]}


@task
def main() -> None:
    parser = Lark(GRAMMAR, start="value", parser="lalr")
    assert Values().transform(parser.parse("[1, two, x: 3]")) == [1, "two", {"x": 3}]
