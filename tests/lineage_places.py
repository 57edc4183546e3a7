"""Where the objects of these tests are, and their edges as records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tap_glue_metadata.records.lineage.edges import FAILED, records
from tap_glue_metadata.records.lineage.identifiers import Place
from tap_glue_metadata.redaction import redactor

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tap_glue_metadata.records.lineage.edges import Edge

ACCOUNT: Final = "123456789012"
PLACE: Final = Place("aws", "us-east-1", ACCOUNT, ACCOUNT, "sales")
GLUE: Final = f"arn:aws:glue:us-east-1:{ACCOUNT}"


def edges(found: Iterable[Edge]) -> list[dict[str, Any]]:
    """Make records of edges, each of which must have both ends, and may not come twice."""
    made = list(records(found, {}, redactor()))
    assert len({edge["edge_id"] for edge in made}) == len(made)
    for edge in made:
        assert edge["target_id"]
        assert edge["target_type"]
        assert (not edge["source_id"]) == (edge["confidence"] == FAILED)
        assert edge["evidence"]
    return made
