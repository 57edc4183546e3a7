"""What botocore and its like tell of their calls at DEBUG: enough to follow them, no secrets."""

from __future__ import annotations

import logging
import re
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from botocore.awsrequest import AWSPreparedRequest
from botocore.model import OperationModel

if TYPE_CHECKING:
    from collections.abc import Callable

_LIBRARIES: Final = frozenset(
    {"boto3", "botocore", "charset_normalizer", "hvac", "requests", "s3transfer", "urllib3"}
)
# These would tell little else than what is left out, or events and files by the hundred.
_NOISY: Final = (
    "botocore.auth",
    "botocore.hooks",
    "botocore.loaders",
    "botocore.parsers",
    "botocore.regions",
    "charset_normalizer",
)
# These warn with tracebacks; the errors in them are told anyway, or of no consequence.
_TRACING: Final = ("botocore.credentials", "botocore.tokens")
# The lines whose texts are harmless: names of services, providers and settings, hosts and paths.
_HARMLESS: Final = frozenset(
    {
        '%s://%s:%s "%s %s %s" %s %s',
        "Access to EC2 metadata has been disabled.",
        "Certificate path: %s",
        "Caught retryable HTTP exception while making metadata service request to %s: %s",
        "Credentials for role retrieved from cache.",
        "Credentials need to be refreshed.",
        "Credentials were found in cache, but they are expired.",
        "Exception received when sending HTTP request.",
        "Exception received when sending urllib3 HTTP request",
        "IMDS ENDPOINT: %s",
        "Ignoring configured endpoint URLs.",
        "Incremented Retry for (url='%s'): %r",
        "Looking for credentials via: %s",
        "Looking for endpoint for %s via: %s",
        "Metadata service returned %s response with status code of %s for url: %s",
        "No configured endpoint found.",
        "No retry needed.",
        "Not retrying request.",
        "Redirecting %s -> %s",
        "Registering retry handlers for service: %s",
        "Resetting dropped connection: %s",
        "Retry needed but retry quota reached, not retrying request.",
        "Retry: %s",
        "Setting %s timeout as %s",
        "Skipping environment variable credential check because profile name was explicitly set.",
        "Starting new HTTP connection (%d): %s:%s",
        "Starting new HTTPS connection (%d): %s:%s",
        "retry needed: matching HTTP status and error code seen: %s, %s",
    }
)
_PLAIN: Final = (type(None), bool, int, float, datetime, OperationModel)
_HIDDEN: Final = "..."
# What may be a secret in a URL: its query, its user, and the id by which a container gets keys.
_SECRET_OF_URL: Final = re.compile(
    r"(?:\?.*|(?<=//)[^/]*(?=@)|[0-9a-f-]{32,})+", re.DOTALL | re.IGNORECASE
)


def scrub_wire_log() -> None:
    """Have the libraries log their calls at DEBUG, without what is secret in them.

    It holds for every logger and handler, whatever their configuration, for records are scrubbed
    as they are made. What is logged from INFO on comes through as it is, but for tracebacks that
    come with warnings of credentials.
    """
    for name in _NOISY:
        logger = logging.getLogger(name)
        if logger.level == logging.NOTSET:  # else somebody wants it otherwise
            logger.setLevel(max(logger.getEffectiveLevel(), logging.INFO))
    for name in _TRACING:
        logging.getLogger(name).addFilter(_has_no_traceback)  # no second time, if it is there
    factory = logging.getLogRecordFactory()
    if not isinstance(factory, _ScrubbedRecords):
        logging.setLogRecordFactory(_ScrubbedRecords(factory))


class _ScrubbedRecords:
    """Makes the records of the log, and scrubs those of the libraries below INFO."""

    def __init__(self, make: Callable[..., logging.LogRecord]) -> None:
        self._make = make

    def __call__(self, *args: Any, **kwargs: Any) -> logging.LogRecord:
        record = self._make(*args, **kwargs)
        if not record.name:  # `logging.makeLogRecord` fills in later what was logged elsewhere
            return record
        if record.name.partition(".")[0] in _LIBRARIES and record.levelno < logging.INFO:
            record.msg, record.args = _told(record), ()
            record.exc_info = record.exc_text = record.stack_info = None
        return record


def _told(record: logging.LogRecord) -> str:
    """Return the line of a record, with only what is known to be harmless filled in.

    A message with arguments is a constant of the library; one without may be any text.
    """
    line = record.msg
    if not isinstance(line, str) or not (record.args or line in _HARMLESS):
        return _HIDDEN
    if record.args:
        is_harmless = line in _HARMLESS
        values = record.args if isinstance(record.args, tuple) else (record.args,)
        try:
            line %= tuple(_shown(value, is_harmless=is_harmless) for value in values)
        except (TypeError, ValueError, OverflowError):  # what is hidden was wanted as a number
            return _HIDDEN
    kind = record.exc_info and record.exc_info[0]
    if kind and kind.__name__ not in line:
        line += f" ({kind.__name__})"
    return " ".join(line.split())


def _shown(value: object, *, is_harmless: bool) -> object:
    """Return what may be seen of a value: of an exception its class, of a request where it goes."""
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, BaseException):
        return type(value).__name__
    if isinstance(value, AWSPreparedRequest):
        return _shown(f"{value.method} {value.url}", is_harmless=True)
    if isinstance(value, tuple):
        return tuple(_shown(item, is_harmless=is_harmless) for item in value)
    if isinstance(value, str) and is_harmless:
        return _SECRET_OF_URL.sub(_HIDDEN, value)
    return _HIDDEN


def _has_no_traceback(record: logging.LogRecord) -> bool:
    return not record.exc_info
