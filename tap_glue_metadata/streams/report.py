"""What a run tells of itself."""

from __future__ import annotations

import sys
from dataclasses import asdict
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, ClassVar, Final

from tap_glue_metadata.streams.base import GlueStream

if sys.version_info >= (3, 12):
    from typing import override
else:
    from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from tap_glue_metadata.aws.raw_json import Json
    from tap_glue_metadata.engine.outcomes import Outcome

_RUN_STARTED_AT: Final = {
    "type": ["string", "null"],
    "format": "date-time",
    "description": "When the run began.",
}
_COUNT: Final = {"type": ["integer", "null"]}
_TIME: Final = {"type": ["string", "null"], "format": "date-time"}


class RunReport(GlueStream):
    """A stream of what the run itself tells."""

    @override
    def records(self, context: object, raw: Json) -> Iterable[Json]:
        return (self.redact(raw),)


class Extractions(RunReport):
    """The last complete reading of each unit of each stream: what is current, and as of when.

    A unit is what one listing covers: an account and region for jobs and the like, a catalog for
    databases, a database for tables and what comes with them.
    """

    name = "extractions"
    primary_keys = ("account_id", "region", "stream", "catalog_id", "database_name", "extent")
    derived: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "account_id": {"type": "string", "description": "Account."},
        "region": {"type": "string", "description": "Region."},
        "stream": {"type": "string", "description": "Stream that was read."},
        "catalog_id": {"type": "string", "description": "Catalog; `*` if in none."},
        "database_name": {"type": "string", "description": "Database; `*` if in none."},
        "extent": {
            "type": "string",
            "description": (
                "Fingerprint of the settings that leave out some of the unit; `*` if none does."
            ),
        },
        "run_started_at": _RUN_STARTED_AT,
        "started_at": {**_TIME, "description": "When the reading of the unit began."},
        "full_started_at": {
            **_TIME,
            "description": (
                "When the last complete reading began that emitted all of the unit: rows that were "
                "extracted before it are no longer in Glue. Null if it is not known."
            ),
        },
        "completed_at": {**_TIME, "description": "When its last page arrived."},
        "replication_method": {
            "type": ["string", "null"],
            "description": "FULL_TABLE or INCREMENTAL.",
        },
        "record_count": {
            **_COUNT,
            "description": (
                "How many records the unit has; null for an embedded child that is INCREMENTAL."
            ),
        },
        "emitted_count": {
            **_COUNT,
            "description": "How many of them were emitted; for INCREMENTAL, those that changed.",
        },
        "calls": {**_COUNT, "description": "How many calls to AWS it took, retries apart."},
        "throttled": {**_COUNT, "description": "How many times AWS throttled one of them."},
        "tap_version": {"type": ["string", "null"], "description": "Version of the tap."},
    }

    @override
    def read(self) -> None:
        # Its records are written as the units of the other streams are read; so it comes first.
        pass

    def report(
        self,
        stream: str,
        outcome: Outcome,
        *,
        extent: str,
        full_started_at: datetime | None,
        record_count: int | None,
    ) -> None:
        """Write that a unit was read wholly.

        Args:
            stream: The stream that it was read for.
            outcome: What became of it.
            extent: Tells what the settings leave out of it, empty for nothing.
            full_started_at: When the last reading began that emitted all of it, if that is known.
            record_count: How many records it has, if that is known.
        """
        record = {
            "account_id": outcome.unit.account_id,
            "region": outcome.unit.region,
            "stream": stream,
            # Not an empty text, which some targets store as null, and no key may be null.
            "catalog_id": outcome.unit.catalog_id or "*",
            "database_name": outcome.unit.database_name or "*",
            "extent": extent or "*",
            "run_started_at": _told(self.run_start),
            "started_at": _told(outcome.started_at),
            "full_started_at": full_started_at and _told(full_started_at),
            "completed_at": outcome.completed_at and _told(outcome.completed_at),
            "replication_method": self.siblings[stream].replication_method,
            "record_count": record_count,
            "emitted_count": outcome.emitted[stream],
            "calls": outcome.calls,
            "throttled": outcome.throttled,
            "tap_version": _version(),
        }
        for message in self.messages(self.redact(record)):
            self.write(message)


class ExtractionIssues(RunReport):
    """What this run could not read, so that gaps land in the warehouse beside the data."""

    name = "extraction_issues"
    primary_keys = ("account_id", "region", "stream", "operation", "resource")
    derived: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "account_id": {"type": "string", "description": "Account; `unknown` if it was not told."},
        "region": {"type": "string", "description": "Region; `*` for all of the account's."},
        "stream": {"type": "string", "description": "Stream that lacks the records."},
        "operation": {
            "type": "string",
            "description": "IAM action of the call that failed, such as `glue:GetTables`.",
        },
        "resource": {
            "type": "string",
            "description": (
                "What could not be read, such as `catalog/123456789012/database/sales`; `*` for "
                "all of the account's in the region."
            ),
        },
        "catalog_id": {
            "type": ["string", "null"],
            "description": "Catalog that the missing records are in, if in one.",
        },
        "database_name": {
            "type": ["string", "null"],
            "description": "Database that the missing records are in, if in one.",
        },
        "error_code": {"type": ["string", "null"], "description": "AWS's code."},
        "message": {"type": ["string", "null"], "description": "What went wrong, and what to do."},
        "run_started_at": _RUN_STARTED_AT,
        "observed_at": {
            "type": ["string", "null"],
            "format": "date-time",
            "description": "When the run met it.",
        },
    }

    @override
    def read(self) -> None:
        sink = self.sink()
        sink.begin({}, lambda *_: None)
        with sink.open(self):
            for issue in self.traversal.outcomes.issues:
                sink.write(None, {**asdict(issue), "run_started_at": _told(self.run_start)})
        sink.close(set(), may_delete=self.ABORT_AT_RECORD_COUNT is None)


@cache
def _version() -> str:
    return version("tap-glue-metadata")


def _told(time: datetime) -> str:
    return time.isoformat(timespec="microseconds")
