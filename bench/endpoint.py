"""Serves a generated catalog from a process of its own, and does as it is told on stdin.

It needs the tests' folder on its path, for the fake AWS. Its first line of output is its URL. Each
line that it reads is a command, which it answers with one line of JSON; it ends with its input.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import sys
import time
from functools import partial
from typing import TYPE_CHECKING, Any

from fake_aws import FakeAws, GeneratedTables, Role, Store

from bench import details
from bench.processes import REGIONS, role_arn

if TYPE_CHECKING:
    from collections.abc import Callable

CREATED = 1_700_000_000


class DatedTables(GeneratedTables):
    """Generated tables each of which has an update time of its own, as in a grown catalog.

    Attributes:
        changed: When every hundredth table of the catalog last changed, if that is not long ago.
    """

    changed: float | None = None

    def __init__(
        self, catalog_id: str, database: str, tables: int, columns: int, first: int
    ) -> None:
        """Declare tables, ``first`` being the number of the first one in the whole catalog."""
        super().__init__(catalog_id, database, tables, columns)
        self._template = re.sub(r'"UpdateTime":[\d.]+', '"UpdateTime":{time}', self._template)
        self._first = first

    def partition(self) -> None:
        """Give the tables a partition key."""
        keys = '"PartitionKeys":[{"Name":"day","Type":"int"}]'
        self._template = self._template.replace('"PartitionKeys":[]', keys)

    def text(self, index: int) -> str:
        """Serialise one table."""
        number = self._first + index
        is_changed = self.changed is not None and number % 100 == 0
        updated = self.changed if is_changed else CREATED + number
        return super().text(index).replace("{time}", str(updated), 1)


def workflow(number: int) -> dict[str, Any]:
    """Make a workflow as Glue's own JSON: a trigger, then ten jobs one after another."""
    name = f"workflow_{number:05}"
    trigger = {"Name": f"{name}_start", "Type": "SCHEDULED", "Schedule": "cron(0 3 * * ? *)"}
    nodes: list[dict[str, Any]] = [
        {"Type": "TRIGGER", "UniqueId": "n0", "TriggerDetails": {"Trigger": trigger}}
    ]
    nodes += [
        {"Type": "JOB", "Name": f"{name}_job_{step}", "UniqueId": f"n{step}"}
        for step in range(1, 11)
    ]
    return {
        "Name": name,
        "CreatedOn": CREATED,
        "LastModifiedOn": CREATED + number,
        "DefaultRunProperties": {"stage": "production"},
        "Graph": {
            "Nodes": nodes,
            "Edges": [{"SourceId": f"n{i}", "DestinationId": f"n{i + 1}"} for i in range(10)],
        },
    }


def fill(store: Store, options: argparse.Namespace) -> None:
    """Put a catalog into an account and region."""
    tables = options.tables
    for number in range(options.databases):
        name = f"db_{number:05}"
        store.add_database(name)
        dated = DatedTables(store.account_id, name, tables, options.columns, number * tables)
        if options.partitions:
            dated.partition()
        store.tables[store.account_id, name] = dated
    store.add("BatchGetWorkflows", *map(workflow, range(options.workflows)))


def fill_accounts(endpoint: FakeAws, options: argparse.Namespace) -> None:
    """Put a catalog into each region of each account, and let its role be assumed."""
    for number in range(options.accounts):
        role = role_arn(number)
        account_id = role.split(":")[4]
        endpoint.roles[role] = Role(account_id)
        for region in REGIONS:
            fill(endpoint.store(account_id, region), options)


def change(endpoint: FakeAws) -> int:
    """Change 1 % of the tables now, always the same ones; tell how many there are in all."""
    generated = endpoint.store().tables.values()
    for tables in generated:
        if isinstance(tables, DatedTables):
            tables.changed = time.time()
    return sum(map(len, generated))


def traffic(endpoint: FakeAws, after: float) -> dict[str, float]:
    """Count the calls that came since so many seconds after the first."""
    seen = endpoint.traffic(after)
    return {**vars(seen), "share": seen.share, "rate": seen.rate}


def main() -> None:
    """Serve until stdin closes."""
    parser = argparse.ArgumentParser(description="Serve a generated catalog.")
    for option in ("databases", "tables", "columns", "partitions", "workflows", "accounts"):
        parser.add_argument(f"--{option}", type=int, default=0)
    for option in ("latency", "rate", "lifted"):
        parser.add_argument(f"--{option}", type=float, default=0.0)
    options = parser.parse_args()
    with FakeAws(latency=options.latency) as endpoint:
        if options.accounts:
            fill_accounts(endpoint, options)
        else:
            fill(endpoint.store(), options)
        if options.partitions:
            details.fill(endpoint, options.partitions)
        if options.rate:
            endpoint.bucket(options.rate, seconds=options.lifted or math.inf)
        commands: dict[str, Callable[[], Any]] = {
            "change": partial(change, endpoint),
            "calls": lambda: len(endpoint.calls),
            "traffic": lambda: [traffic(endpoint, after) for after in (0, options.lifted or 10)],
        }
        say(endpoint.url)
        for line in sys.stdin:
            say(json.dumps(commands[line.strip()]()))


def say(line: str) -> None:
    """Write a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
