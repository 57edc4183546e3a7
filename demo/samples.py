"""A record of each stream, from the demo's catalog: what the documentation shows."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from fake_aws import FakeAws
from singer import catalog, sync
from singer import extra as extra_streams

from demo import catalog as data
from demo import etl, extra

if TYPE_CHECKING:
    from collections.abc import Iterable

    Record = dict[str, Any]

_AT: Final = "2025-10-09T02:00:00.000000+00:00"  # in place of the time of the run, which varies
_OF_RUNS: Final = frozenset({"extractions", "extraction_issues"})


def records(streams: Iterable[str]) -> dict[str, Record]:
    """Read the demo's catalog, one call at a time.

    Args:
        streams: The streams to read.

    Returns:
        By stream, the record with the most fields that are not null; these alone.
    """
    names = list(streams)
    with FakeAws() as endpoint:
        endpoint.fail("GetUserDefinedFunctions", "AccessDeniedException", when=_is_denied)
        data.fill(endpoint)
        etl.fill(endpoint.store())
        extra.fill(endpoint)
        settings = {
            "aws_access_key_id": "testing",
            "aws_secret_access_key": "testing",
            "aws_endpoint_url": endpoint.url,
            "aws_regions": ["us-east-1"],
            "concurrency": 1,
            "extra_streams": extra_streams(*names),
        }
        messages = sync(settings, catalog(*names))
    return {name: _fullest(name, messages.records(name)) for name in names}


def _is_denied(params: Record) -> bool:
    return bool(params["DatabaseName"] == data.DENIED)


def _fullest(stream: str, found: Iterable[Record]) -> Record:
    told = [
        {name: value for name, value in record.items() if value is not None} for record in found
    ]
    for record in told if stream in _OF_RUNS else ():
        varying = {name: _AT for name in record if name.endswith("_at")} | {"tap_version": "1.0.0"}
        record.update({name: value for name, value in varying.items() if name in record})
    return min(told, key=lambda record: (-len(record), json.dumps(record, sort_keys=True)))
