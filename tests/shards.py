"""Random schedules of shards that load one warehouse, all from a seed.

A play is some runs of the tap, each of one shard: a region, whose catalog changes in between, and
some of whose objects are denied, or end the run. After each run the views of current rows show of
each unit of reading what the endpoint held at the unit's last complete reading, and what has come
since. In streams that are INCREMENTAL, objects that were dropped may still be there.
"""

from __future__ import annotations

from collections import defaultdict
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Any, Final

import duckdb
from conftest import UnevenAws
from faults import in_process
from invariant import DENIALS, LACKING, gaps_in
from singer import incremental
from warehouse import Warehouse, generator
from worlds import STREAMS, World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from faults import Runner
    from invariant import Gap, Outcome
    from worlds import Json, Key

    Unit = tuple[str, Key]

SHARDS: Final = ("us-east-1", "eu-west-1")
ALL: Final = [stream.name for stream in generator().streams_of("default")]
KEYS: Final = {s.name: s.primary_keys for s in generator().streams_of("default")}
# How many parts of a key name the unit of reading.
_UNIT: Final = {
    **dict.fromkeys(("catalogs", "jobs", "workflows"), 2),
    "databases": 3,
    **dict.fromkeys(("tables", "columns"), 4),
}
_TABLE: Final = 5  # how many parts of a column's key name the table


@dataclass
class Shard:
    """A pipeline that loads one region."""

    region: str
    world: World
    state: Json | None = None


@dataclass
class Expected:
    """What the views have to show, and what they may show besides.

    Attributes:
        rows: What is there, by stream and unit.
        dropped: What may still be there, likewise.
    """

    incremental: frozenset[str]
    rows: dict[Unit, set[Key]] = field(default_factory=lambda: defaultdict(set))
    dropped: dict[Unit, set[Key]] = field(default_factory=lambda: defaultdict(set))

    def take(self, region: str, world: World, outcome: Outcome, gaps: list[Gap]) -> None:
        """Take in a run.

        Args:
            region: What it has read.
            world: What the endpoint holds.
            outcome: What came of the run.
            gaps: What the endpoint refused.

        Raises:
            AssertionError: A unit is said to be read completely and was not, or it is not said.
        """
        told = {_told(record["record"]) for record in outcome.of("RECORD", "extractions")}
        held = world.rows()
        for stream, size in _UNIT.items():
            now, came = _by_unit(held[stream], size), _by_unit(outcome.keys(stream), size)
            for unit in {*now, *came, *(unit for name, unit in told if name == stream)}:
                assert (stream, unit) not in told or not _is_hidden(stream, unit, gaps), (
                    f"{stream}: {unit} was not read completely, and is said to be"
                )
                self._take(stream, unit, now[unit], came[unit], is_whole=(stream, unit) in told)
            if outcome.error is None:
                untold = {unit for unit in now if not _is_hidden(stream, unit, gaps)}
                untold -= {unit for name, unit in told if name == stream}
                assert not untold, f"{stream}: {untold} are not said to be read completely"
        assert all(unit[1] == region for _, unit in told)

    def _take(
        self, stream: str, unit: Key, now: set[Key], came: set[Key], *, is_whole: bool
    ) -> None:
        before, key = self.rows[stream, unit], (stream, unit)
        if is_whole:
            if stream in self.incremental:
                self.dropped[key] |= before - now
            else:
                self.dropped[key].clear()
            self.rows[key] = now
            return
        self.rows[key] = before | came
        if stream == "columns":  # of a table that has come, those of its last version
            tables = {column[:_TABLE] for column in came}
            self.rows[key] -= {c for c in before - now if c[:_TABLE] in tables}

    def shown(self, stream: str) -> tuple[set[Key], set[Key]]:
        """Return what has to be shown of a stream, and what may be."""
        rows = (rows for (name, _), rows in self.rows.items() if name == stream)
        must: set[Key] = set().union(*rows)
        dropped = (rows for (name, _), rows in self.dropped.items() if name == stream)
        may = must.union(*dropped)
        if stream == "databases":
            must_parents, may_parents = self.shown("catalogs")
            default = {key[:3] for key in may if ":" not in key[2]}
            return _below(must, must_parents | default), _below(may, may_parents | default)
        parent = {"tables": "databases", "columns": "tables"}.get(stream)
        if parent is None:
            return must, may
        must_parents, may_parents = self.shown(parent)
        return _below(must, must_parents), _below(may, may_parents)


def play(seed: int, runner: Runner = in_process) -> int:
    """Play a seed.

    Args:
        seed: Any number.
        runner: How to run the tap.

    Returns:
        How many runs there were.

    Raises:
        AssertionError: A view is wrong; tells what there is to know of it.
    """
    random = Random(seed)  # noqa: S311 - no secret
    with UnevenAws() as endpoint, closing(duckdb.connect()) as connection:
        endpoint.page_size = random.choice((None, 1, 2, 5))
        regions = SHARDS[: random.choice((1, 2, 2))]
        shards = [Shard(region, World(endpoint, random, [region])) for region in regions]
        keyed = {stream: key for stream, key in STREAMS.items() if key}
        chosen = dict(random.sample(sorted(keyed.items()), random.choice((0, 1, 2, len(keyed)))))
        # Several pipelines must not send versions to a target that removes the rows of older ones.
        versions, hard_delete = random.choice(((False, False), (True, False), (True, True)))
        versions &= not hard_delete or len(shards) == 1
        warehouse = Warehouse(connection, hard_delete=hard_delete)
        expected, runs = Expected(frozenset(chosen)), random.randint(3, 8)
        told = [f"seed {seed}, INCREMENTAL {sorted(chosen)}, {versions=}, {hard_delete=}"]
        for _ in range(runs):
            shard = random.choice(shards)
            settings = {
                "aws_endpoint_url": endpoint.url,
                "aws_regions": [shard.region],
                "concurrency": random.choice((1, 4, 16)),
                "emit_activate_version_messages": versions,
                "max_removed_percent": 0,
            }
            told.append(f"{shard.region}: {'; '.join(_break(endpoint, random, shard)) or 'sound'}")
            since = len(endpoint.calls)
            try:
                outcome = runner(settings, incremental(chosen, *ALL), shard.state)
                warehouse.take(outcome.messages)
                gaps = gaps_in(endpoint.calls[since:])
                expected.take(shard.region, shard.world, outcome, gaps)
                _check(warehouse, expected)
            except Exception as error:
                raise AssertionError("\n".join([*told, str(error)])) from error
            shard.state = outcome.state or shard.state
            endpoint.heal()
            if random.random() < 0.7:
                random.choice(shards).world.change()
    return runs


def _break(endpoint: UnevenAws, random: Random, shard: Shard) -> Iterator[str]:
    """Deny some objects, and maybe let a call fail; tell what."""
    places = list(_places(shard))
    for operation, asked in random.sample(places, min(len(places), random.choice((0, 0, 1, 3)))):
        code, text = random.choice(DENIALS)
        endpoint.fail(operation, code, message=text, when=partial(_asks_for, asked))
        yield f"{operation} of {asked or 'all'} is denied"
    if random.random() < 0.25:
        operation, left = random.choice(sorted(LACKING)), random.randrange(4)
        endpoint.fail(operation, "InvalidInputException", when=_after(left))
        yield f"{operation} fails after {left} calls"


def _places(shard: Shard) -> Iterator[tuple[str, Json]]:
    """Give the operations that can be denied, and for what."""
    rows = shard.world.rows()
    yield from (("GetCatalogs", {}), ("GetJobs", {}), ("ListWorkflows", {}))
    for _, _, catalog_id in rows["catalogs"]:
        yield "GetDatabases", {"CatalogId": catalog_id}
    for _, _, catalog_id, name in rows["databases"]:
        yield "GetTables", {"CatalogId": catalog_id, "DatabaseName": name}


def _asks_for(asked: Json, params: Json) -> bool:
    return params.items() >= asked.items()


def _after(left: int) -> Callable[[Json], bool]:
    """Fit all requests after so many."""
    seen = iter(range(left))
    return lambda _: next(seen, None) is None


def _told(record: Json) -> Unit:
    unit = (record[name] for name in ("account_id", "region", "catalog_id", "database_name"))
    return record["stream"], tuple(filter(None, unit))


def _is_hidden(stream: str, unit: Key, gaps: list[Gap]) -> bool:
    if stream in {"catalogs", "jobs", "workflows"}:
        return any(stream in gap.lacking and gap.region == unit[1] for gap in gaps)
    return any(gap.hides(stream, unit) for gap in gaps)


def _by_unit(keys: Any, size: int) -> dict[Key, set[Key]]:
    found: dict[Key, set[Key]] = defaultdict(set)
    for key in keys:
        found[key[:size]].add(key)
    return found


def _below(keys: set[Key], parents: set[Key]) -> set[Key]:
    sizes = {len(parent) for parent in parents}
    return {key for key in keys if any(key[:size] in parents for size in sizes)}


def _check(warehouse: Warehouse, expected: Expected) -> None:
    for stream in STREAMS:
        shown = {*warehouse.rows(f"current_{stream}", *KEYS[stream])}
        must, may = expected.shown(stream)
        assert shown >= must, f"{stream}: are there and not shown: {sorted(must - shown)[:5]}"
        assert shown <= may, f"{stream}: are gone and shown: {sorted(shown - may)[:5]}"
    lost = warehouse.rows("lost", "stream", "region", "database_name", "row_count", "record_count")
    assert not lost, f"said to be lost: {lost}"
