"""Edges of jobs, crawlers, triggers, workflows and integrations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest
from lineage_places import ACCOUNT, GLUE, PLACE, edges

from tap_glue_metadata.records.lineage import etl

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tap_glue_metadata.records.lineage.edges import Edge

SECURITY: Final = f"glue://{ACCOUNT}/us-east-1/security-configuration/sse"
JOB: Final = f"{GLUE}:job/load"


def told(found: Iterable[Edge]) -> list[tuple[str, str, str, str]]:
    """Return kind, source, target and evidence of each edge."""
    made = edges(found)
    return [(e["kind"], e["source_id"], e["target_id"], e["evidence"]) for e in made]


def test_a_job_uses_connections_and_a_security_configuration() -> None:
    job = {
        "Name": "load",
        "Connections": {"Connections": ["shop", "mail"]},
        "SecurityConfiguration": "sse",
    }
    assert told(etl.job_edges(job, PLACE)) == [
        ("uses", JOB, f"{GLUE}:connection/shop", "Connections.Connections[0]"),
        ("uses", JOB, f"{GLUE}:connection/mail", "Connections.Connections[1]"),
        ("uses", JOB, SECURITY, "SecurityConfiguration"),
    ]


@pytest.mark.parametrize(
    ("key", "value", "found"),
    [
        ("--source", "s3://lake/raw", ["s3://lake/raw/"]),
        ("--paths", "s3://lake/a/, s3n://lake/b", ["s3://lake/a/", "s3://lake/b/"]),
        ("--target_table", "sales.orders", [f"{GLUE}:table/sales/orders"]),
        ("--config", "config.json", []),
        ("--host", "db.example", []),
        ("--table", "orders", []),
        ("--TempDir", "s3://aws-glue-temporary/", []),
        ("--extra-py-files", "s3://code/lib.zip", []),
        ("--spark-event-logs-path", "s3://logs/", []),
        ("--source", "jdbc:postgresql://db/x", []),
    ],
)
def test_arguments_are_inferred(key: str, value: str, found: list[str]) -> None:
    for member in ("DefaultArguments", "NonOverridableArguments"):
        made = edges(etl.job_edges({"Name": "load", member: {key: value}}, PLACE))
        assert [edge["target_id"] for edge in made] == found
        assert {edge["confidence"] for edge in made} <= {"inferred"}
        assert {edge["evidence"] for edge in made} <= {f"{member}.{key}"}


def test_a_crawler_reads_its_targets_and_writes_to_its_database() -> None:
    targets: dict[str, Any] = {
        "S3Targets": [{"Path": "s3://lake/raw", "ConnectionName": "vpc"}],
        "JdbcTargets": [{"ConnectionName": "shop", "Path": "web/public/%"}],
        "MongoDBTargets": [{"ConnectionName": "mongo", "Path": "web/orders"}],
        "DynamoDBTargets": [{"Path": "orders"}],
        "CatalogTargets": [{"DatabaseName": "sales", "Tables": ["orders"]}],
        "DeltaTargets": [{"DeltaTables": ["s3://lake/delta/"]}],
        "IcebergTargets": [{"Paths": ["s3://lake/ice", "s3://lake/berg"]}],
        "HudiTargets": [{"Paths": ["s3://lake/hudi"]}],
    }
    crawler = {
        "Name": "nightly",
        "Targets": targets,
        "DatabaseName": "raw",
        "CrawlerSecurityConfiguration": "sse",
    }
    this, connection = f"{GLUE}:crawler/nightly", f"{GLUE}:connection"
    dynamo = f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/orders"
    assert told(etl.crawler_edges(crawler, PLACE)) == [
        ("reads", "s3://lake/raw/", this, "Targets.S3Targets[0].Path"),
        ("uses", this, f"{connection}/vpc", "Targets.S3Targets[0].ConnectionName"),
        ("reads", f"{connection}/shop#web/public/%", this, "Targets.JdbcTargets[0].Path"),
        ("uses", this, f"{connection}/shop", "Targets.JdbcTargets[0].ConnectionName"),
        ("reads", f"{connection}/mongo#web/orders", this, "Targets.MongoDBTargets[0].Path"),
        ("uses", this, f"{connection}/mongo", "Targets.MongoDBTargets[0].ConnectionName"),
        ("reads", dynamo, this, "Targets.DynamoDBTargets[0].Path"),
        ("reads", f"{GLUE}:table/sales/orders", this, "Targets.CatalogTargets[0].Tables[0]"),
        ("reads", "s3://lake/delta/", this, "Targets.DeltaTargets[0].DeltaTables[0]"),
        ("reads", "s3://lake/ice/", this, "Targets.IcebergTargets[0].Paths[0]"),
        ("reads", "s3://lake/berg/", this, "Targets.IcebergTargets[0].Paths[1]"),
        ("reads", "s3://lake/hudi/", this, "Targets.HudiTargets[0].Paths[0]"),
        ("writes", this, f"{GLUE}:database/raw", "DatabaseName"),
        ("uses", this, SECURITY, "CrawlerSecurityConfiguration"),
    ]


def test_a_trigger_waits_and_starts() -> None:
    trigger = {
        "Name": "then",
        "WorkflowName": "nightly",
        "Predicate": {"Conditions": [{"JobName": "load", "State": "SUCCEEDED"}]},
        "Actions": [{"CrawlerName": "crawl", "SecurityConfiguration": "sse"}, {"JobName": "check"}],
    }
    this = f"{GLUE}:trigger/then"
    assert told(etl.trigger_edges(trigger, PLACE)) == [
        ("starts", JOB, this, "Predicate.Conditions[0].JobName"),
        ("starts", this, f"{GLUE}:crawler/crawl", "Actions[0].CrawlerName"),
        ("uses", this, SECURITY, "Actions[0].SecurityConfiguration"),
        ("starts", this, f"{GLUE}:job/check", "Actions[1].JobName"),
    ]
    first = edges(etl.trigger_edges(trigger, PLACE))[0]
    assert first["via_id"] == f"{GLUE}:workflow/nightly"
    assert first["details"] == {"State": "SUCCEEDED"}


def test_a_workflow_uses_the_nodes_of_its_graph() -> None:
    nodes = [{"Type": "TRIGGER", "Name": "then"}, {"Type": "JOB", "Name": "load"}]
    workflow = {"Name": "nightly", "Graph": {"Nodes": nodes}}
    this = f"{GLUE}:workflow/nightly"
    assert told(etl.workflow_edges(workflow, PLACE)) == [
        ("uses", this, f"{GLUE}:trigger/then", "Graph.Nodes[0]"),
        ("uses", this, JOB, "Graph.Nodes[1]"),
    ]


def test_an_integration_replicates() -> None:
    integration = {
        "SourceArn": "arn:aws:dynamodb:us-east-1:123456789012:table/orders",
        "TargetArn": f"{GLUE}:database/replica",
        "IntegrationArn": f"{GLUE}:integration:1",
        "Status": "ACTIVE",
    }
    [edge] = edges(etl.integration_edges(integration, PLACE))
    assert (edge["source_type"], edge["target_type"]) == ("dynamodb", "database")
    assert (edge["via_type"], edge["via_id"]) == ("integration", f"{GLUE}:integration:1")


@pytest.mark.parametrize(
    "make",
    [etl.job_edges, etl.crawler_edges, etl.trigger_edges, etl.workflow_edges],
    ids=lambda make: make.__name__,
)
def test_an_object_that_tells_nothing_has_no_edges(make: Any) -> None:
    assert edges(make({"Name": "x"}, PLACE)) == []


def test_integrations_of_what_has_no_arn_are_told_apart() -> None:
    found = [
        edge
        for number in (1, 2)
        for edge in edges(
            etl.integration_edges(
                {
                    "SourceArn": "a",
                    "TargetArn": "b",
                    "IntegrationArn": f"{GLUE}:integration:{number}",
                },
                PLACE,
            )
        )
    ]
    assert {(edge["source_id"], edge["target_id"]) for edge in found} == {("a", "b")}
    assert len({edge["edge_id"] for edge in found}) == 2
