"""A sample of jobs and workflows: invented, as Glue's own JSON."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from fake_aws import Store

JOB: Final = "copy-orders"
WORKFLOW: Final = "nightly-sales"

PLANTED: Final = "open-sesame"  # what must not land
ARGUMENTS: Final = {
    "--target_table": "sales.orders",
    "--enable-metrics": "true",
    "--db_password": PLANTED,
    "--source": f"jdbc:postgresql://reader:{PLANTED}@db.example.com/orders",
}


def fill(store: Store) -> None:
    """Add the sample.

    Args:
        store: The account to add it to.
    """
    store.add(
        "GetJobs",
        _job(
            JOB,
            GlueVersion="5.0",
            MaxRetries=2,
            Timeout=60,
            Connections={"Connections": ["warehouse"]},
            DefaultArguments=ARGUMENTS,
        ),
        _job("check-orders", GlueVersion="2.0", Timeout=30),
    )
    nodes = [
        _node("TRIGGER", "at-two-o-clock", Trigger={"Name": "at-two-o-clock", "Type": "SCHEDULED"}),
        _node("JOB", JOB, JobRuns=[]),
        _node("TRIGGER", "when-copied", Trigger={"Name": "when-copied", "Type": "CONDITIONAL"}),
        _node("JOB", "check-orders", JobRuns=[]),
    ]
    ids = [node["UniqueId"] for node in nodes]
    edges = [
        {"SourceId": source, "DestinationId": destination} for source, destination in pairwise(ids)
    ]
    store.add(
        "BatchGetWorkflows",
        {
            "Name": WORKFLOW,
            "Description": "Copies the orders, then checks them",
            "Graph": {"Nodes": nodes, "Edges": edges},
        },
    )


def _job(name: str, **members: Any) -> dict[str, Any]:
    script = {"Name": "glueetl", "ScriptLocation": f"s3://example-code/{name}.py"}
    return {"Name": name, "Command": script, **members}


def _node(kind: str, name: str, **details: Any) -> dict[str, Any]:
    return {
        "Type": kind,
        "Name": name,
        "UniqueId": f"{kind.lower()}-{name}",
        f"{kind.capitalize()}Details": details,
    }
