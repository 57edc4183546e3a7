"""The one shape of all edges, and how they become records."""

from __future__ import annotations

import hashlib
import json
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tap_glue_metadata.records.lineage.identifiers import Thing
    from tap_glue_metadata.redaction import Redactor

DECLARED: Final = "declared"
PARSED: Final = "parsed"
INFERRED: Final = "inferred"
FAILED: Final = "failed"

_TEXT: Final = {"type": ["string", "null"]}
DERIVED: Final[dict[str, dict[str, Any]]] = {
    "edge_id": {
        "type": "string",
        "description": "Hash of kind, source, target and via, which tell one edge from another.",
    },
    "catalog_id": {**_TEXT, "description": "Catalog by which a table was reached; else null."},
    "database_name": {**_TEXT, "description": "Database by which a table was reached; else null."},
    "kind": {
        **_TEXT,
        "description": (
            "reads, writes, derives or replicates, from where data comes to where it goes; or "
            "links_to, stored_at, uses or starts, to be read as source, kind, target."
        ),
    },
    "source_type": {**_TEXT, "description": "Type of the source, e.g. table, job or s3."},
    "source_id": {
        **_TEXT,
        "description": "ARN of the source, or a URI where AWS has none; null if it is not known.",
    },
    "target_type": {**_TEXT, "description": "Type of the target, e.g. table, job or s3."},
    "target_id": {**_TEXT, "description": "ARN of the target, or a URI where AWS has none."},
    "via_type": {**_TEXT, "description": "Type of what is in between, e.g. job."},
    "via_id": {
        **_TEXT,
        "description": (
            "ARN of what is in between: the job that moves the data, the workflow of a trigger, "
            "the integration, or the link to a database by which the table was reached."
        ),
    },
    "evidence": {**_TEXT, "description": "Member that says so, by its path in AWS's casing."},
    "confidence": {
        **_TEXT,
        "description": (
            "declared by Glue; parsed from SQL; inferred, which may be wrong; or failed, where "
            "SQL could not be parsed and the source is not known."
        ),
    },
    "details": {
        "type": ["object", "null"],
        "additionalProperties": True,
        "description": "What else is told, e.g. the nodes of a visual job, or the error.",
    },
}
"""JSON Schema of each field of an edge's record."""


class Edge(NamedTuple):
    """An edge from one thing to another.

    Attributes:
        kind: See the description in `DERIVED`.
        source: Where it begins; None if that is not known.
        target: Where it ends.
        evidence: The member that says so, by its path in AWS's casing.
        confidence: `DECLARED`, `PARSED`, `INFERRED` or `FAILED`.
        via: What is in between.
        details: What else is told.
    """

    kind: str
    source: Thing | None
    target: Thing | None
    evidence: str
    confidence: str = DECLARED
    via: Thing | None = None
    details: Mapping[str, Any] = MappingProxyType({})


def records(
    edges: Iterable[Edge], keys: Mapping[str, Any], redactor: Redactor
) -> Iterator[dict[str, Any]]:
    """Yield the record of each edge of one object.

    Args:
        edges: The edges, the best evidence first.
        keys: What each record begins with.
        redactor: Takes secrets out.

    Yields:
        The record; none twice, however many members say the same, and none without an end.
    """
    seen = set()
    for edge in edges:
        if edge.source is None and edge.target is None:  # which says nothing
            continue
        # Before the hash, so that it is none of a secret.
        fields = redactor.value("", _fields(edge))
        edge_id = _hash([fields[name] for name in _IDENTITY])
        if edge_id not in seen:
            seen.add(edge_id)
            yield {**_NOWHERE, **keys, "edge_id": edge_id, **fields}


_NOWHERE: Final = {"catalog_id": None, "database_name": None}  # of what is in no database
_IDENTITY: Final = (
    *("kind", "source_type", "source_id", "target_type", "target_id", "via_type", "via_id"),
)


def _fields(edge: Edge) -> dict[str, Any]:
    ends = {"source": edge.source, "target": edge.target, "via": edge.via}
    return {
        "kind": edge.kind,
        **{
            f"{end}_{name}": getattr(thing, name, None)
            for end, thing in ends.items()
            for name in ("type", "id")
        },
        "evidence": edge.evidence,
        "confidence": edge.confidence,
        "details": dict(edge.details) or None,
    }


def _hash(parts: list[str | None]) -> str:
    text = json.dumps(parts, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:32]
