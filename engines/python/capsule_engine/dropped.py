"""Failed calls whose envelope the program ignores: ``a(1)`` as a statement."""

import ast
import linecache
import sys
from dis import opmap
from types import FrameType
from typing import Any

_CACHE = opmap["CACHE"]
_POP_TOP = opmap["POP_TOP"]
_INSTRUCTION_BYTES = 2


def tell(callee: Any, envelope: dict[str, Any], frame: FrameType | None) -> None:
    """Prints a failure to standard error if the frame ignores the result of the callee."""
    try:
        if frame is None or not _drops(frame, callee):
            return
        error = envelope["error"]
        name = envelope["execution"]["task_name"]
        text = f"Uncaught (in sub-task {name}) {error['error_type']}: {error['message']}"
        print("\n".join([text, *error.get("stack", "").rstrip().splitlines()]), file=sys.stderr)
    except Exception:
        # A program may have replaced anything that this uses.
        pass


def _drops(frame: FrameType, callee: Any) -> bool:
    code = frame.f_code.co_code
    after = frame.f_lasti + _INSTRUCTION_BYTES
    while after < len(code) and code[after] == _CACHE:
        after += _INSTRUCTION_BYTES
    return code[after] == _POP_TOP and _called(frame) is callee


def _called(frame: FrameType) -> Any:
    """What the source calls here: not always the callee, as in ``list(map(a, items))``."""
    positions = list(frame.f_code.co_positions())[frame.f_lasti // _INSTRUCTION_BYTES]
    line, end_line, column, end_column = positions
    if line is None or end_line is None or column is None or end_column is None:
        return None
    lines = linecache.getlines(frame.f_code.co_filename)[line - 1 : end_line]
    encoded = [text.encode() for text in lines]
    encoded[-1] = encoded[-1][:end_column]
    encoded[0] = encoded[0][column:]
    match ast.parse(b"".join(encoded).decode(), mode="eval").body:
        case ast.Call(func=ast.Name(id=name)):
            return frame.f_locals.get(name, frame.f_globals.get(name))
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=attribute)):
            return getattr(frame.f_locals.get(name, frame.f_globals.get(name)), attribute, None)
    return None
