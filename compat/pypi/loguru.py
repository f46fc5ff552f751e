"""Logs to a sink, with a level and an exception."""

from loguru import logger

from capsule import task


@task
def main() -> None:
    lines = []
    logger.remove()
    logger.add(lines.append, format="{level} {message}", level="INFO")
    logger.debug("unseen")
    logger.info("hello {}", "Ada")
    try:
        raise ZeroDivisionError
    except ZeroDivisionError:
        logger.exception("failed")
    assert str(lines[0]) == "INFO hello Ada\n" and "ZeroDivisionError" in lines[1]
