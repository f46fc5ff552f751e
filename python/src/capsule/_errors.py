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
    """

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
