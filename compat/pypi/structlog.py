"""Logs as JSON, with what was bound."""

import io
import json

import structlog

from capsule import task


@task
def main() -> None:
    out = io.StringIO()
    structlog.configure(
        processors=[structlog.processors.add_log_level, structlog.processors.JSONRenderer()],
        logger_factory=structlog.PrintLoggerFactory(out),
    )
    structlog.get_logger().bind(user="ada").info("logged in", n=1)
    assert json.loads(out.getvalue()) == {
        "event": "logged in",
        "level": "info",
        "n": 1,
        "user": "ada",
    }
