"""No secret that users leave in Glue comes out, unless they want it to."""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING

import pytest
from conftest import Run, sync
from glue_strategies import MODEL, everything

from tap_glue_metadata.redaction import REDACTED

if TYPE_CHECKING:
    from conftest import Json, RunTap
    from fake_aws import FakeAws

CANARY = "canary-in-the-coal-mine"
URL = f"jdbc:postgresql://reader:{CANARY}@db.example.com/sales"
TOLD = f"Written by reader, password: {CANARY}-1, from {URL}"
VIEW = f"/* Presto View: {base64.b64encode(json.dumps({'originalSql': URL}).encode()).decode()} */"
HARMLESS = {"--enable-metrics": "true", "serialization.format": "1", "classification": "csv"}
SECRET = {"--db_password": CANARY, "client.secret": CANARY, "url": URL, **HARMLESS}
PLACES = 40


@pytest.fixture(autouse=True)
def planted(endpoint: FakeAws) -> None:
    store = endpoint.store()
    store.add_database(
        "sales",
        Parameters=SECRET,
        LocationUri=URL,
        Description=TOLD,
        FederatedDatabase={"Identifier": URL},
    )
    store.add_table(
        "sales",
        "orders",
        Parameters={**SECRET, URL: "a key"},
        Description=TOLD,
        Owner=URL,
        ViewOriginalText=f"values remote('{URL}')",
        ViewExpandedText=VIEW,
        FederatedTable={"Identifier": URL},
        IcebergTableMetadata={"Schemas": [{"Fields": [{"Name": "a", "Doc": TOLD}]}]},
        StorageDescriptor={
            "Location": URL,
            "AdditionalLocations": [URL],
            "BucketColumns": [URL],
            "SkewedInfo": {
                "SkewedColumnNames": ["a"],
                "SkewedColumnValues": [f"password={CANARY}"],
                "SkewedColumnValueLocationMaps": {URL: URL},
            },
            "Parameters": SECRET,
            "SerdeInfo": {"Parameters": SECRET},
            "Columns": [
                {"Name": "password", "Type": "string", "Comment": TOLD, "Parameters": SECRET},
                {"Name": URL, "Type": f"struct<{URL}>"},
            ],
        },
    )
    store.add(
        "GetJobs",
        {
            "Name": "load",
            "DefaultArguments": SECRET,
            "NonOverridableArguments": SECRET,
            "Description": TOLD,
            "Connections": {"Connections": [URL]},
            "LogUri": URL,
            "SourceControlDetails": {
                "AuthStrategy": "PERSONAL_ACCESS_TOKEN",
                "AuthToken": CANARY,
                "Branch": URL,
            },
            "CodeGenConfigurationNodes": {
                "node-1": {"JDBCConnectorSource": {"AdditionalOptions": {"password": CANARY}}}
            },
        },
    )
    action = {"JobName": "load", "Arguments": SECRET}
    trigger = {"Name": "t", "Actions": [action]}
    node = {"Type": "TRIGGER", "Name": "t", "TriggerDetails": {"Trigger": trigger}}
    store.add(
        "BatchGetWorkflows",
        {"Name": "nightly", "DefaultRunProperties": SECRET, "Graph": {"Nodes": [node]}},
    )


@pytest.mark.parametrize("level", ["INFO", "DEBUG"])
def test_no_canary_comes_out(settings: Json, run_tap: RunTap, level: str) -> None:
    run = run_tap(settings, env={"LOGLEVEL": level})
    assert run.code == 0, run.stderr
    assert CANARY not in run.stdout
    assert base64.b64encode(CANARY.encode())[:12].decode() not in run.stdout
    assert CANARY not in run.stderr


def everywhere(shape: str) -> Json:
    """Return an object with a canary in all texts that a shape has, keys of maps included."""
    text = json.dumps(everything(MODEL.shape_for(shape)))
    text = re.sub(r'(?:a text for |(?<=")(?=k1|K-2))', f"ftp://reader:{CANARY}@example.com/", text)
    found: Json = json.loads(text)
    return found


def named(item: Json) -> Json:
    """Return the arguments with which a store adds an object."""
    return {"name": item.pop("Name"), **item}


def leaked(run: Run) -> list[str]:
    """Name the members whose canaries came out."""
    return re.findall(rf"{CANARY}\S{{0,80}}", run.stdout + run.stderr)


@pytest.mark.parametrize("level", ["INFO", "DEBUG"])
def test_no_canary_comes_out_of_any_member(
    endpoint: FakeAws, settings: Json, run_tap: RunTap, level: str
) -> None:
    store = endpoint.store(region="eu-west-1")
    store.add_database("plain")
    store.add_database(**named(everywhere("Database")))
    store.add_table("plain", **named(everywhere("Table")))
    store.add("GetJobs", everywhere("Job"))
    store.add("BatchGetWorkflows", everywhere("Workflow"))
    run = run_tap({**settings, "aws_regions": ["eu-west-1"]}, env={"LOGLEVEL": level})
    assert run.code == 0, run.stderr
    assert all(map(run.records, ["databases", "tables", "columns", "jobs", "workflows"]))
    assert run.stdout.count("example.com") > 500
    assert leaked(run) == []


def test_no_canary_comes_out_of_an_error(
    endpoint: FakeAws, settings: Json, run_tap: RunTap
) -> None:
    endpoint.fail("GetTables", "AccessDeniedException", message=f"{TOLD} at {URL}")
    run = run_tap(settings, env={"LOGLEVEL": "DEBUG"})
    assert "AccessDeniedException" in run.stderr
    assert len(run.records("extraction_issues")) > 0
    assert leaked(run) == []


def test_what_is_harmless_stays(settings: Json) -> None:
    output = sync(settings)
    (table,) = output.records("tables")
    column = output.records("columns")[0]
    (job,) = output.records("jobs")
    assert column["name"] == "password"
    kept = {"--db_password": REDACTED, "client.secret": REDACTED, **HARMLESS}
    for held in (
        table["parameters"],
        table["storage_descriptor"]["serde_info"]["parameters"],
        column["parameters"],
        job["default_arguments"],
    ):
        assert {key: value for key, value in held.items() if key in kept} == kept
        assert "db.example.com/sales" in held["url"]
    assert job["source_control_details"]["auth_token"] == REDACTED
    assert job["source_control_details"]["auth_strategy"] == "PERSONAL_ACCESS_TOKEN"
    assert "db.example.com" in table["location"]


def test_on_request_all_comes_over_as_it_is(settings: Json) -> None:
    output = sync({**settings, "redact_secrets": False})
    assert json.dumps(output.messages).count(CANARY) > PLACES
    assert "REDACTED" not in json.dumps(output.messages)


def test_what_is_nested_too_deep_to_be_searched_costs_itself_alone(
    endpoint: FakeAws, settings: Json
) -> None:
    deep: Json = {"Url": URL}
    for _ in range(700):
        deep = {"Inner": deep}
    endpoint.store().add_table("sales", "deep", NewMember=deep, TableType="EXTERNAL_TABLE")
    nodes = {"n1": {"S3CsvSource": {"Name": "a", "Paths": ["s3://b/c"], "NewMember": deep}}}
    job = {"Name": "deep", "CodeGenConfigurationNodes": nodes, "Role": "reader", "NewMember": deep}
    job["Connections"] = {"Connections": ["orders-db"]}
    endpoint.store().add("GetJobs", job)
    output = sync({**settings, "extra_streams": ["table_edges", "job_edges"]})
    assert CANARY not in json.dumps(output.messages)
    (table,) = (r for r in output.records("tables") if r["name"] == "deep")
    assert table["table_type"] == "EXTERNAL_TABLE"
    assert table["additional_members"] == {"NewMember": {REDACTED: None}}
    (found,) = (r for r in output.records("jobs") if r["name"] == "deep")
    assert found["role"] == "reader"
    assert found["additional_members"] == {"NewMember": {REDACTED: None}}
    (edge,) = (r for r in output.records("job_edges") if r["target_id"].endswith("orders-db"))
    assert edge["kind"] == "uses"


def test_further_keys(settings: Json) -> None:
    output = sync({**settings, "redact_keys": ["CLASSI*"]})
    (job,) = output.records("jobs")
    assert job["default_arguments"]["classification"] == REDACTED
    assert job["default_arguments"]["serialization.format"] == "1"
