"""Mistakes on the host's side."""

from __future__ import annotations

from typing import Any, Literal

#: The kind of a ``CapsuleError``. The list is closed.
CapsuleErrorCode = Literal[
    "invalid_argument",
    "file_not_found",
    "invalid_program",
    "invalid_module",
    "invalid_config",
    "mount_denied",
    "task_not_found",
    "installation",
    "internal",
]


class CapsuleError(Exception):
    """A mistake on the host's side: nothing ran, or it could not run.

    What goes wrong in a task is an envelope.

    Attributes:
        code: Tells mistakes apart: one of a closed list, as ``"invalid_argument"``.
        message: What is wrong.
        hint: What one can do about it, where something helps.
        option: The option that is wrong, with its path: ``limits.ram``. Each of these is None
            where it is not known.
        value: The value that was given, as messages show it: JSON, cut where it is long. Never the
            value of a secret.
        expected: What the option takes.
        task: The task that has the option.
        file: The file that is wrong, or that cannot be used.
        line: The line in the file, from 1.
        column: The column in the line, from 1.
    """

    option: str | None = None
    value: str | None = None
    expected: str | None = None
    task: str | None = None
    file: str | None = None
    line: int | None = None
    column: int | None = None

    def __init__(self, code: CapsuleErrorCode, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        #: Tells mistakes apart: one of a closed list.
        self.code: CapsuleErrorCode = code
        self.message: str = message
        #: What one can do about it, where something helps.
        self.hint: str | None = hint
        # Python 3.10 has no notes.
        if hint is not None and hasattr(self, "add_note"):
            self.add_note(f"hint: {hint}")

    def __reduce__(self) -> tuple[Any, ...]:
        # Other processes raise it too. By default, __init__ would get the message alone.
        import copyreg

        return copyreg.__newobj__, (type(self), *self.args), self.__dict__  # type: ignore[attr-defined]
