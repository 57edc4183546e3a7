"""A Meltano project for the examples, and the accounts that they read."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import postgres
import psycopg
import yaml
from fake_aws import FakeAws, Role
from warehouse import generator

from bench.processes import BIN, TAP, environment

if TYPE_CHECKING:
    from postgres import Postgres
    from typing_extensions import LiteralString

ROOT: Final = Path(__file__).resolve().parents[2]
# The orchestrators and the loader, installed once for this run and those that follow.
CACHE: Final = ROOT / ".orchestrators"
LOADER: Final = "target-postgres"
ACCOUNTS: Final = tuple(f"{number:012}" for number in range(1, 13))
REGIONS: Final = ("eu-west-1", "us-east-1")
DATABASE: Final = "sales"
TABLES: Final = ("orders", "items", "latest")
COLUMNS: Final = ("id", "name")
SECONDS: Final = 1800  # for a run over all accounts, where other work takes the cores
_OLD, _LATEST, _CHANGED = 1_600_000_000.0, 1_700_000_000.0, 1_750_000_000.0
_ROLE: Final = "arn:aws:iam::{}:role/reader"


def fill(endpoint: FakeAws) -> None:
    """Put the same database into every account and region."""
    for account in ACCOUNTS:
        endpoint.roles[_ROLE.format(account)] = Role(account)
        for region in REGIONS:
            store = endpoint.store(account, region)
            store.add_database(DATABASE)
            for name in TABLES:
                store.add_table(
                    DATABASE,
                    name,
                    UpdateTime=_LATEST if name == "latest" else _OLD,
                    StorageDescriptor={
                        "Columns": [{"Name": column, "Type": "string"} for column in COLUMNS]
                    },
                )


def change_latest(endpoint: FakeAws, account: str, region: str) -> None:
    """Change the table of a place that was the last one to change before."""
    for table in endpoint.store(account, region).tables[account, DATABASE]:
        if table["Name"] == "latest":
            table["UpdateTime"] = _CHANGED


def drop_table(endpoint: FakeAws, account: str, region: str, name: str) -> None:
    """Drop a table of a place."""
    store, key = endpoint.store(account, region), (account, DATABASE)
    store.tables[key] = [table for table in store.tables[key] if table["Name"] != name]


def refuse(endpoint: FakeAws, account: str, times: int | None = None) -> None:
    """Let nobody into an account, so many times."""
    endpoint.fail(
        "AssumeRole",
        "AccessDenied",
        status=403,
        when=lambda params: params["RoleArn"] == _ROLE.format(account),
        times=times,
    )


def entered(endpoint: FakeAws) -> dict[str, int]:
    """Return how many runs tried to enter each account, and forget the calls so far."""
    arns = [params["RoleArn"] for params in endpoint.params("AssumeRole")]
    endpoint.calls.clear()
    return {account: arns.count(_ROLE.format(account)) for account in ACCOUNTS}


@dataclass(frozen=True)
class Project:
    """A Meltano project whose loader writes to a database of its own.

    Attributes:
        folder: Its folder.
        url: The database.
        env: The environment for the orchestrator.
    """

    folder: Path
    url: str
    env: dict[str, str]

    def rows(self, query: LiteralString, *values: Any) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        with psycopg.connect(self.url, options="-c search_path=glue") as connection:
            return connection.execute(query, values).fetchall()

    def run(self, program: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a program of an orchestrator in its environment."""
        return subprocess.run(
            [program, *arguments],
            cwd=self.folder,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SECONDS,
            check=False,
        )


def make_project(folder: Path, endpoint: FakeAws, server: Postgres) -> Project:
    """Make the project, with the tap of this checkout."""
    (folder / "accounts.json").write_text(
        json.dumps([{"role_arn": _ROLE.format(account)} for account in ACCOUNTS])
    )
    (folder / "views.sql").write_text(generator().script("default"))
    definition = yaml.safe_load((ROOT / "meltano.yml").read_text(encoding="utf-8"))
    [extractor] = definition["plugins"]["extractors"]
    del extractor["pip_url"]
    tap = folder / "tap.sh"
    tap.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {TAP} "$@"\n')
    tap.chmod(0o755)
    extractor["executable"] = str(tap)
    [job] = definition["jobs"]
    job["tasks"] = [f"{extractor['name']} {LOADER}"]
    (folder / "meltano.yml").write_text(json.dumps(definition))
    (folder / ".meltano" / "extractors").mkdir(parents=True)
    (CACHE / "loaders").mkdir(parents=True, exist_ok=True)
    (folder / ".meltano" / "loaders").symlink_to(CACHE / "loaders")
    choice = {"columns": {"replication-method": "INCREMENTAL"}}
    env = environment(endpoint.url) | {
        "PATH": os.pathsep.join([str(BIN), str(postgres.programs()), os.environ["PATH"]]),
        "MELTANO_PROJECT_ROOT": str(folder),
        "MELTANO_CLI_DISABLE_VERSION_CHECK": "true",
        "NO_COLOR": "1",
        "TAP_GLUE_METADATA_AWS_REGIONS": json.dumps(REGIONS),
        "TAP_GLUE_METADATA__METADATA": json.dumps(choice),
        "TARGET_POSTGRES_HOST": server.host,
        "TARGET_POSTGRES_PORT": str(server.port),
        "TARGET_POSTGRES_USER": server.user,
        "TARGET_POSTGRES_PASSWORD": "unused",
        "TARGET_POSTGRES_DATABASE": server.database,
        "PGHOST": server.host,
        "PGPORT": str(server.port),
        "PGUSER": server.user,
        "PGDATABASE": server.database,
    }
    project = Project(folder, server.url, env)
    installed = project.run(BIN / "meltano", "install", "loader", LOADER)
    assert installed.returncode == 0, installed.stdout
    return project
