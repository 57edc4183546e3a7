"""What the log tells of calls: one line of our own for each, and nothing that a library quotes."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from botocore.awsrequest import AWSResponse
    from botocore.hooks import BaseEventHooks
    from botocore.model import OperationModel

LOGGER: Final = logging.getLogger("tap-glue-metadata.aws")

# At DEBUG these log requests with their signatures, and answers with the keys in them. urllib3
# also warns of connections that it drops or opens anew, which are counted as retries anyway.
_LEVELS: Final = {
    "boto3": logging.INFO,
    "botocore": logging.INFO,
    "charset_normalizer": logging.INFO,
    "hvac": logging.INFO,
    "requests": logging.INFO,
    "urllib3": logging.ERROR,
}
# These warn with tracebacks that may quote an answer; the error is told once, in one line.
_QUOTING: Final = ("botocore.credentials", "botocore.tokens")
_CALL: Final = "tap_glue_metadata_call"


def quiet_libraries() -> None:
    """Keep the libraries from logging what is secret, whatever level they were set to."""
    known = [*_LEVELS, *logging.root.manager.loggerDict]
    for name in known:
        if level := _LEVELS.get(name.partition(".")[0]):
            logger = logging.getLogger(name)
            logger.setLevel(max(level, logger.level))
    for name in _QUOTING:
        logging.getLogger(name).addFilter(_has_no_traceback)  # no second time, if it is there


def log_calls(events: BaseEventHooks) -> None:
    """Log a line at DEBUG for each call, from botocore's events.

    Args:
        events: The events of a session, which its clients take over.
    """
    events.register("before-call", _start)
    events.register("after-call", _end)
    events.register("after-call-error", _end)


def _start(model: OperationModel, context: dict[str, Any], **_: Any) -> None:
    context[_CALL] = f"{model.service_model.service_name}:{model.name}", time.monotonic()


def _end(
    context: dict[str, Any],
    http_response: AWSResponse | None = None,
    exception: Exception | None = None,
    **_: Any,
) -> None:
    name, started = context[_CALL]
    LOGGER.debug(
        "%s in %s: %s, attempt %d, %d ms",
        name,
        context["client_region"],
        f"status {http_response.status_code}" if http_response else type(exception).__name__,
        context["retries"]["attempt"],
        (time.monotonic() - started) * 1000,
    )


def _has_no_traceback(record: logging.LogRecord) -> bool:
    return not record.exc_info
