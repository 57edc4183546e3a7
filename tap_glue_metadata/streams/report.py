"""What a run tells of itself."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, ClassVar

from tap_glue_metadata.streams.base import GlueStream
from tap_glue_metadata.walk import Place

if sys.version_info >= (3, 12):
    from typing import override
else:
    from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from tap_glue_metadata.aws.raw_json import Json
    from tap_glue_metadata.walk import Found, Walk


class ExtractionIssues(GlueStream):
    """What this run could not read, so that gaps land in the warehouse beside the data."""

    name = "extraction_issues"
    primary_keys = ("account_id", "region", "stream", "operation", "resource")
    selected_by_default = False
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
        "observed_at": {
            "type": ["string", "null"],
            "format": "date-time",
            "description": "When the run met it.",
        },
    }

    @classmethod
    @override
    def operations(cls) -> frozenset[str]:
        return frozenset()

    @override
    def objects(self, walk: Walk) -> Generator[Found, None, None]:
        place = Place(next(iter(walk.scopes)))  # a gap is no object of any place, and tells its own
        for gap in walk.gaps.run.found:
            yield place, asdict(gap)

    @override
    def record(self, place: Place, raw: Json) -> Json:
        return self.redact(raw)
