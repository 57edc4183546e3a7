"""What bridges/ write is what the other side takes, from both databases."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any, Final

import duckdb
import psycopg
import pytest
from fake_aws import FakeAws
from singer import sync
from warehouse import Warehouse
from warehouses import BUILT, DBT, ROOT

from demo import catalog

if TYPE_CHECKING:
    from pathlib import Path

    from postgres import Postgres

pytest_plugins = ("landings",)

BRIDGE: Final = ROOT / "bridges" / "datahub.py"
DATAHUB: Final = DBT.with_name("datahub")


@pytest.fixture(scope="module")
def databases(tmp_path_factory: pytest.TempPathFactory, server: Postgres) -> list[str]:
    """Load the sample into both."""
    with FakeAws() as endpoint:
        catalog.fill(endpoint)
        settings = {
            "aws_endpoint_url": endpoint.url,
            "aws_regions": ["us-east-1"],
            "aws_access_key_id": "testing",
            "aws_secret_access_key": "testing",
        }
        messages = sync(settings).all
    path = str(tmp_path_factory.mktemp("bridges") / "warehouse.duckdb")
    with duckdb.connect(path) as file, psycopg.connect(server.url) as connection:
        file.execute(f"CREATE SCHEMA {BUILT}; USE {BUILT}")
        connection.execute(f"CREATE SCHEMA {BUILT}; SET search_path = {BUILT}")
        for each in (file, connection):
            Warehouse(each).take(messages)
    return [path, server.url]


def written(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, BRIDGE, *arguments], capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout


def is_taken(path: Path) -> bool:
    """Ask DataHub's own checker."""
    done = subprocess.run(
        [DATAHUB, "check", "metadata-file", path],
        env=os.environ | {"DATAHUB_TELEMETRY_ENABLED": "false"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=300,
        check=False,
    )
    return done.returncode == 0


def aspects(text: str, name: str) -> dict[str, Any]:
    return {
        each["entityUrn"]: each["aspect"]["json"]
        for each in json.loads(text)
        if each["aspectName"] == name
    }


def test_datahub_takes_databases_and_tables(databases: list[str], tmp_path: Path) -> None:
    text, same = map(written, databases)
    assert text == same
    (tmp_path / "glue.json").write_text(text, encoding="utf-8")
    assert is_taken(tmp_path / "glue.json")
    (tmp_path / "broken.json").write_text(text.replace("fieldPath", "path"), encoding="utf-8")
    assert not is_taken(tmp_path / "broken.json")

    schemas = aspects(text, "schemaMetadata")
    assert len(schemas) == 7
    orders = schemas["urn:li:dataset:(urn:li:dataPlatform:glue,sales.orders,PROD)"]
    kinds = {
        field["fieldPath"]: (*field["type"]["type"], field["isPartitioningKey"])
        for field in orders["fields"]
    }
    assert kinds["amount"] == ("com.linkedin.schema.NumberType", False)
    assert kinds["year"] == ("com.linkedin.schema.NumberType", True)
    names = {each["name"] for each in aspects(text, "containerProperties").values()}
    assert names == {"lakehouse", "sales", "shared_finance", "visits"}


def test_accounts_are_kept_apart_by_instances(databases: list[str]) -> None:
    named = written(databases[0], "--account", catalog.ACCOUNT, "--instance", "shop")
    assert "urn:li:dataset:(urn:li:dataPlatform:glue,shop.sales.orders,PROD)" in named
    assert json.loads(written(databases[0], "--account", catalog.FINANCE_ACCOUNT)) == []
