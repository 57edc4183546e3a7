"""Edges of jobs, crawlers, triggers, workflows and integrations."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from tap_glue_metadata.records.lineage import job_nodes
from tap_glue_metadata.records.lineage.edges import INFERRED, Edge
from tap_glue_metadata.records.lineage.identifiers import Thing, thing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tap_glue_metadata.records.lineage.identifiers import Place

    Raw = Mapping[str, Any]

_ARGUMENTS: Final = ("DefaultArguments", "NonOverridableArguments")
# Special parameters of Glue that hold code, logs and what is thrown away (AWS Glue developer guide,
# "Using job parameters in AWS Glue jobs").
_NO_DATA: Final = re.compile(
    r"--(?:temp-?dir|extra-.*|scriptlocation|spark-event-logs-path|conf|additional-python-modules"
    r"|python-modules-installer-option|redshifttempdir)",
    re.IGNORECASE,
)
_TABLE: Final = re.compile(r"([\w-]+)\.([\w-]+)", re.ASCII)


def job_edges(job: Raw, place: Place) -> Iterator[Edge]:
    """Yield the edges of a job.

    Args:
        job: Glue's `Job`.
        place: Where it is.
    """
    this = place.glue("job", job["Name"])
    yield from job_nodes.edges(job.get("CodeGenConfigurationNodes") or {}, this, place)
    names = (job.get("Connections") or {}).get("Connections") or ()
    for index, name in enumerate(names):
        used = place.glue("connection", name)
        yield Edge("uses", this, used, f"Connections.Connections[{index}]")
    yield from _security(this, job, "SecurityConfiguration", place)
    for member in _ARGUMENTS:
        for key, value in (job.get(member) or {}).items():
            for found in _data_of(key, str(value), place):
                yield Edge("uses", this, found, f"{member}.{key}", INFERRED)


def _data_of(key: str, value: str, place: Place) -> Iterator[Thing]:
    """Yield what an argument may stand for: prefixes in S3, and tables if its key says so."""
    if _NO_DATA.fullmatch(key):
        return
    for part in map(str.strip, value.split(",")):
        found = thing(part)
        table = _TABLE.fullmatch(part) if "table" in key.lower() else None
        if found and found.type == "s3":
            yield found
        elif table:
            yield place.table(table[1], table[2])


def crawler_edges(crawler: Raw, place: Place) -> Iterator[Edge]:
    """Yield the edges of a crawler.

    Args:
        crawler: Glue's `Crawler`.
        place: Where it is.
    """
    this = place.glue("crawler", crawler["Name"])
    for kind, targets in (crawler.get("Targets") or {}).items():
        for index, target in enumerate(targets or ()):
            yield from _target_edges(this, kind, f"Targets.{kind}[{index}]", target, place)
    if database := crawler.get("DatabaseName"):
        yield Edge("writes", this, place.database_of(database), "DatabaseName")
    yield from _security(this, crawler, "CrawlerSecurityConfiguration", place)


def _target_edges(
    crawler: Thing, kind: str, evidence: str, target: Raw, place: Place
) -> Iterator[Edge]:
    connection = target.get("ConnectionName")
    if database := target.get("DatabaseName"):
        for number, name in enumerate(target.get("Tables") or ()):
            table = place.table(database, name)
            yield Edge("reads", table, crawler, f"{evidence}.Tables[{number}]")
    for member, path in _paths(target):
        if found := _crawled(kind, path, connection, place):
            yield Edge("reads", found, crawler, f"{evidence}.{member}")
    if connection:
        used = place.glue("connection", connection)
        yield Edge("uses", crawler, used, f"{evidence}.ConnectionName")


def _paths(target: Raw) -> Iterator[tuple[str, str]]:
    """Yield what a target names to be crawled, with the member that does."""
    if path := target.get("Path"):
        yield "Path", path
    for member in ("Paths", "DeltaTables"):
        for index, path in enumerate(target.get(member) or ()):
            yield f"{member}[{index}]", path


def _crawled(kind: str, path: str, connection: str | None, place: Place) -> Thing | None:
    if kind == "DynamoDBTargets":
        return place.service("dynamodb", path if path.startswith("arn:") else f"table/{path}")
    found = thing(path)
    if found is None and connection:
        return place.external(connection, path)
    return found


def trigger_edges(trigger: Raw, place: Place) -> Iterator[Edge]:
    """Yield the edges of a trigger: what it waits for, and what it starts.

    Args:
        trigger: Glue's `Trigger`.
        place: Where it is.
    """
    this = place.glue("trigger", trigger["Name"])
    workflow = trigger.get("WorkflowName")
    via = place.glue("workflow", workflow) if workflow else None
    conditions = (trigger.get("Predicate") or {}).get("Conditions") or ()
    for index, condition in enumerate(conditions):
        states = {m: condition[m] for m in ("State", "CrawlState") if condition.get(m)}
        for member, awaited in _runnable(condition, place):
            evidence = f"Predicate.Conditions[{index}].{member}"
            yield Edge("starts", awaited, this, evidence, via=via, details=states)
    for index, action in enumerate(trigger.get("Actions") or ()):
        for member, started in _runnable(action, place):
            yield Edge("starts", this, started, f"Actions[{index}].{member}", via=via)
        yield from _security(this, action, "SecurityConfiguration", place, f"Actions[{index}].")


def _runnable(member_of: Raw, place: Place) -> Iterator[tuple[str, Thing]]:
    for member, kind in (("JobName", "job"), ("CrawlerName", "crawler")):
        if name := member_of.get(member):
            yield member, place.glue(kind, name)


def workflow_edges(workflow: Raw, place: Place) -> Iterator[Edge]:
    """Yield the edges from a workflow to the nodes of its graph.

    The edges between the nodes are those of its triggers.

    Args:
        workflow: Glue's `Workflow`.
        place: Where it is.
    """
    this = place.glue("workflow", workflow["Name"])
    for index, node in enumerate((workflow.get("Graph") or {}).get("Nodes") or ()):
        if node.get("Type") and node.get("Name"):
            used = place.glue(node["Type"].lower(), node["Name"])
            yield Edge("uses", this, used, f"Graph.Nodes[{index}]")


def integration_edges(integration: Raw, _: Place) -> Iterator[Edge]:
    """Yield the edge of a zero-ETL integration.

    Args:
        integration: Glue's `Integration`, which names all by ARNs.
    """
    ends = (integration["SourceArn"], integration["TargetArn"])
    source, target = (thing(end) or Thing("external", end) for end in ends)
    status = integration.get("Status")
    yield Edge(
        *("replicates", source, target, "SourceArn"),
        via=Thing("integration", integration["IntegrationArn"]),
        details={"Status": status} if status else {},
    )


def _security(
    this: Thing, member_of: Raw, member: str, place: Place, prefix: str = ""
) -> Iterator[Edge]:
    if name := member_of.get(member):
        yield Edge("uses", this, place.security_configuration(name), f"{prefix}{member}")
