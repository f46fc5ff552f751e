"""What is tried of modules."""

from collections.abc import Callable

Try = Callable[[str], object]

#: By the module's name: what is tried, and what tries it. It takes the address of a server.
TRIED: dict[str, tuple[str, Try]] = {}


def tries(module: str, what: str) -> Callable[[Try], Try]:
    """Adds a function, which raises if the module does not do what it should."""

    def add(function: Try) -> Try:
        TRIED[module] = (what, function)
        return function

    return add
