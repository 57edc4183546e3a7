"""Edges of any object that the service model allows: each whole, none twice, never an error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest
from glue_strategies import MODEL, NAMES, responses
from hypothesis import given
from hypothesis import strategies as st
from lineage_places import GLUE, PLACE, edges

from tap_glue_metadata.records.lineage import etl
from tap_glue_metadata.records.lineage.tables import table_edges

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_glue_metadata.records.lineage.edges import Edge

ARNS: Final = st.sampled_from([f"{GLUE}:database/a", f"{GLUE}:integration:1", "not an ARN"])
BY_ARN: Final = dict.fromkeys(("SourceArn", "TargetArn", "IntegrationArn"), ARNS)


@pytest.mark.parametrize(
    ("shape", "make", "keys"),
    [
        ("Table", table_edges, {"Name": NAMES}),
        ("Job", etl.job_edges, {"Name": NAMES}),
        ("Crawler", etl.crawler_edges, {"Name": NAMES}),
        ("Trigger", etl.trigger_edges, {"Name": NAMES}),
        ("Workflow", etl.workflow_edges, {"Name": NAMES}),
        ("Integration", etl.integration_edges, BY_ARN),
    ],
)
@given(data=st.data())
def test_any_object(
    shape: str, make: Callable[..., Iterator[Edge]], keys: Any, data: st.DataObject
) -> None:
    edges(make(data.draw(responses(MODEL.shape_for(shape), keys)), PLACE))


@given(
    st.dictionaries(
        st.sampled_from(["n1", "n2", "n3"]),
        responses(MODEL.shape_for("CodeGenConfigurationNode")),
        max_size=3,
    )
)
def test_any_nodes(nodes: dict[str, Any]) -> None:
    edges(etl.job_edges({"Name": "j", "CodeGenConfigurationNodes": nodes}, PLACE))
