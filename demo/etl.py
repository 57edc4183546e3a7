"""A sample of jobs and workflows: invented, as Glue's own JSON."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from fake_aws import Store

JOB: Final = "copy-orders"
WORKFLOW: Final = "nightly-sales"
CRAWLER: Final = "find-customers"
# What the job does, as Glue Studio draws it.
NODES: Final[dict[str, Any]] = {
    "node-1": {
        "DirectJDBCSource": {
            "Name": "orders of the shop",
            "ConnectionName": "shop",
            "ConnectionType": "postgresql",
            "Database": "shop",
            "Table": "public.orders",
        }
    },
    "node-2": {"DropFields": {"Name": "no notes", "Inputs": ["node-1"], "Paths": [["note"]]}},
    "node-3": {
        "S3CatalogTarget": {
            "Name": "orders of the lake",
            "Inputs": ["node-2"],
            "Database": "sales",
            "Table": "orders",
        }
    },
}

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
    copy = _job(JOB, DefaultArguments=ARGUMENTS, JobMode="VISUAL", CodeGenConfigurationNodes=NODES)
    store.add("GetJobs", copy, _job("check-orders"))
    targets = {"S3Targets": [{"Path": "s3://example-lake/sales/customers/"}]}
    store.add("GetCrawlers", {"Name": CRAWLER, "DatabaseName": "sales", "Targets": targets})
    start = {"Name": "at-two-o-clock", "Type": "SCHEDULED", "Actions": [{"JobName": JOB}]}
    then = {
        "Name": "when-copied",
        "Type": "CONDITIONAL",
        "Predicate": {"Conditions": [{"JobName": JOB, "State": "SUCCEEDED"}]},
        "Actions": [{"JobName": "check-orders"}],
    }
    store.add("GetTriggers", *({**each, "WorkflowName": WORKFLOW} for each in (start, then)))
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
    return {"Name": name, "Command": script, "GlueVersion": "5.0", **members}


def _node(kind: str, name: str, **details: Any) -> dict[str, Any]:
    return {
        "Type": kind,
        "Name": name,
        "UniqueId": f"{kind.lower()}-{name}",
        f"{kind.capitalize()}Details": details,
    }
