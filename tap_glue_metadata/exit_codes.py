"""How a command ends: with an exit code, all of its output written, and one line for an error."""

from __future__ import annotations

import logging
import sys
import traceback
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from singer_sdk.exceptions import (
    ConfigValidationError,
    MapExpressionError,
    StreamMapConfigError,
)

from tap_glue_metadata.aws.errors import TapError
from tap_glue_metadata.redaction import redact_text
from tap_glue_metadata.writer import OUTPUT

if TYPE_CHECKING:
    from collections.abc import Callable

LOGGER: Final = logging.getLogger("tap-glue-metadata")


def exit_code(run: Callable[[], object]) -> int:
    """Run something, write the rest of its output, and log an error in one line.

    Args:
        run: What to run.

    Returns:
        The exit code: that of SystemExit; 1 for an error; else 0.
    """
    ended, flushed = _end(run), _end(_flush)  # which blocks when a signal has closed the output
    end = ended or flushed
    if isinstance(end, Exception):
        tell(end)
        return 1
    return end


def _end(run: Callable[[], object]) -> Exception | int:
    """Run something, and return its error, or its exit code."""
    try:
        run()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    except Exception as error:  # noqa: BLE001 - the last place to catch it
        return error
    return 0


def _flush() -> None:
    OUTPUT.flush()
    with suppress(BrokenPipeError):  # `--about | head` is not an error
        if sys.stdout is not None:
            sys.stdout.flush()


def tell(error: BaseException) -> None:
    """Log an error: in one line, or where several settings are wrong, in one for each.

    Args:
        error: Of one that nobody foresaw, the traceback is logged too, at DEBUG.
    """
    lines = _known(error)
    for line in lines or [_unforeseen(error)]:
        LOGGER.error("%s", line)
    if not lines:
        LOGGER.debug("%s", redact_text("".join(traceback.format_exception(error))))


def _known(error: BaseException) -> list[str]:
    """Describe an error that a user can cause; return nothing for any other."""
    match error:
        case ConfigValidationError():
            return list(error.errors)
        case TapError():
            return [str(error)]
        case MapExpressionError() | StreamMapConfigError():
            problem = f"{error} {error.__cause__ or ''}"
            return [f"Setting 'stream_maps': {' '.join(problem.split())}"]
        case OSError():
            return [": ".join(filter(None, [error.strerror or str(error), error.filename]))]
        case RuntimeError() if "can't start new thread" in str(error):
            return ["No thread can be started: lower concurrency, or raise the limit (`ulimit -u`)"]
    return []


def _unforeseen(error: BaseException) -> str:
    """Describe an error by its type and place; its message may hold a secret."""
    kind = type(error).__name__
    frames = traceback.walk_tb(error.__traceback__)
    places = [(frame.f_globals.get("__name__"), line) for frame, line in frames]
    if any(module == "simpleeval" for module, _ in places):
        problem = f"Setting 'stream_maps': an expression raises {kind}"
    else:
        module, line = places[-1]
        problem = f"Unexpected {kind} at {module}:{line}"
    return f"{problem}; at log level DEBUG its traceback is logged"
