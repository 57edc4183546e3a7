"""No secret that users leave in Glue comes out, unless they want it to."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import pytest
from conftest import sync

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


def test_further_keys(settings: Json) -> None:
    output = sync({**settings, "redact_keys": ["CLASSI*"]})
    (job,) = output.records("jobs")
    assert job["default_arguments"]["classification"] == REDACTED
    assert job["default_arguments"]["serialization.format"] == "1"
