"""Random schedules of shards that load one warehouse, all from a seed.

A play is some runs of the tap, each of one shard: a region, whose catalog and filters change in
between, and some of whose objects are denied, vanish, or end the run. After each run the views of
current rows show of each unit of reading what the endpoint held at the unit's last complete
reading, and what has come since. Where a stream is INCREMENTAL, or the filters have changed, what
was dropped may still be there.
"""

from __future__ import annotations

from collections import defaultdict
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Any, Final

import duckdb
from conftest import ACCOUNT, UnevenAws
from faults import in_process
from invariant import DENIALS, LACKING, gaps_in
from singer import incremental
from warehouse import Warehouse, generator
from worlds import STREAMS, World

from tap_glue_metadata.engine.outcomes import EVERYTHING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from faults import Runner, Summary
    from invariant import Gap, Outcome
    from worlds import Json, Key, Rows

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
    """A pipeline that loads one region.

    Attributes:
        region: The region.
        world: What the endpoint holds there.
        state: The state of the last run.
        excluded: The names of databases and tables that its settings leave out.
        has_changed: Whether these have ever been others.
    """

    region: str
    world: World
    state: Json | None = None
    excluded: frozenset[str] = frozenset()
    has_changed: bool = False

    def exclude(self, random: Random) -> None:
        """Change what the settings leave out."""
        names = sorted({key[-1] for key in self.world.rows()["tables"]} | {"n0"})
        excluded = frozenset(random.sample(names, random.choice((0, 1, len(names) // 3))))
        self.has_changed |= excluded != self.excluded
        self.excluded = excluded

    @property
    def settings(self) -> Json:
        """The settings that leave these out."""
        tables = [f"*.{name}" for name in sorted(self.excluded)]
        return {"exclude_databases": sorted(self.excluded), "exclude_tables": tables}

    def selects(self, stream: str, key: Key) -> bool:
        """Tell whether the settings select a row."""
        names = key[3:5] if stream in {"databases", "tables", "columns"} else ()
        return not self.excluded & {*names}


class Expected:
    """What the views have to show, and what they may show besides.

    Attributes:
        rows: What is there, by stream and unit.
        dropped: What may still be there, likewise.
        part: What has come with no complete reading so far, likewise: filters may leave it out.
    """

    def __init__(self, streams: Collection[str]) -> None:
        """Begin with nothing.

        Args:
            streams: Those that are INCREMENTAL.
        """
        self.incremental = streams
        self.rows: dict[Unit, set[Key]] = defaultdict(set)
        self.dropped: dict[Unit, set[Key]] = defaultdict(set)
        self.part: dict[Unit, set[Key]] = defaultdict(set)

    def take(self, shard: Shard, before: Rows, outcome: Outcome, gaps: list[Gap]) -> None:
        """Take in a run.

        Args:
            shard: What it has read.
            before: What the endpoint held when it began.
            outcome: What came of the run.
            gaps: What the endpoint refused.

        Raises:
            AssertionError: A unit is said to be read completely and was not, or it is not said.
        """
        told = {_told(record["record"]) for record in outcome.of("RECORD", "extractions")}
        after = shard.world.rows()
        assert all(unit[1] == shard.region for _, unit in told)
        for stream, size in _UNIT.items():
            said = {unit for name, unit in told if name == stream}
            wrong = [unit for unit in said if _is_hidden(stream, unit, gaps)]
            assert not wrong, f"{stream}: not read completely, and said to be: {wrong}"
            held = _by_unit(after[stream], size)
            now = _by_unit((k for k in after[stream] if shard.selects(stream, k)), size)
            vanished = _by_unit(before[stream].keys() - after[stream].keys(), size)
            if outcome.error is None:
                unsaid = [unit for unit in now.keys() - said if not _is_hidden(stream, unit, gaps)]
                assert not unsaid, f"{stream}: read completely, and not said to be: {unsaid}"
            came = _by_unit(outcome.keys(stream), size)
            for unit in {*said, *came}:
                key, known = (stream, unit), self.rows[stream, unit]
                if unit not in said:
                    self._take_part(key, came[unit], now[unit])
                    continue
                # Filters delete nothing.
                self.rows[key] = now[unit] | ((known - self.part.pop(key, set())) & held[unit])
                stays = stream in self.incremental or shard.has_changed
                self.dropped[key] |= known - now[unit]
                self.dropped[key] = (self.dropped[key] if stays else set()) | vanished[unit]

    def _take_part(self, key: Unit, came: set[Key], now: set[Key]) -> None:
        """Take what has come of a unit that was not read completely."""
        stream, known = key[0], self.rows[key]
        self.rows[key] = known | came
        self.part[key] |= came - known
        if stream == "columns":  # of a table that has come, those of its last version
            tables = {column[:_TABLE] for column in came}
            self.rows[key] -= {column for column in known - now if column[:_TABLE] in tables}

    def shown(self, stream: str) -> tuple[set[Key], set[Key]]:
        """Return what has to be shown of a stream, and what may be."""
        must, may = _all_of(self.rows, stream), _all_of(self.dropped, stream)
        may |= must
        parent = {"databases": "catalogs", "tables": "databases", "columns": "tables"}.get(stream)
        if parent is None:
            return must, may
        default = {key[:3] for key in may if ":" not in key[2]} if parent == "catalogs" else set()
        must_parents, may_parents = self.shown(parent)
        return _below(must, must_parents | default), _below(may, may_parents | default)


def play(seed: int, summary: Summary, runner: Runner = in_process) -> None:
    """Play a seed.

    Args:
        seed: Any number.
        summary: Takes in how the runs end.
        runner: How to run the tap.

    Raises:
        AssertionError: A view is wrong; tells what there is to know of it.
    """
    random = Random(seed)  # noqa: S311 - no secret
    with UnevenAws() as endpoint, closing(duckdb.connect()) as connection:
        endpoint.page_size = random.choice((None, 1, 2, 5))
        regions = SHARDS[: random.choice((1, 2, 2))]
        shards = [Shard(region, World(endpoint, random, [region])) for region in regions]
        keyed = {stream: key for stream, key in STREAMS.items() if key}
        keys = dict(random.sample(sorted(keyed.items()), random.choice((0, 1, 2, len(keyed)))))
        # Several pipelines must not send versions to a target that removes the rows of older ones.
        versions, hard_delete = random.choice(((False, False), (True, False), (True, True)))
        versions &= not hard_delete or len(shards) == 1
        warehouse = Warehouse(connection, hard_delete=hard_delete)
        expected, chosen = Expected(keys), incremental(keys, *ALL)
        told = [f"seed {seed}, INCREMENTAL {sorted(keys)}, {versions=}, {hard_delete=}"]
        for _ in range(random.randint(3, 8)):
            shard = random.choice(shards)
            # A version removes what the settings have come to leave out.
            if not (versions and hard_delete) and random.random() < 0.15:
                shard.exclude(random)
            settings = {
                "aws_endpoint_url": endpoint.url,
                "aws_regions": [shard.region],
                "concurrency": random.choice((1, 4, 16)),
                "emit_activate_version_messages": versions,
                "max_removed_percent": 0,
                **shard.settings,
            }
            faults = "; ".join(_break(endpoint, random, shard)) or "sound"
            told.append(f"{shard.region} without {sorted(shard.excluded)}: {faults}")
            since, before = len(endpoint.calls), shard.world.rows()
            try:
                outcome = runner(settings, chosen, shard.state)
                warehouse.take(outcome.messages)
                gaps = gaps_in(endpoint.calls[since:])
                expected.take(shard, before, outcome, gaps)
                _check(warehouse, expected)
            except Exception as error:
                raise AssertionError("\n".join([*told, str(error)])) from error
            summary.end(outcome, gaps)
            shard.state = None if random.random() < 0.05 else outcome.state or shard.state
            endpoint.heal()
            if random.random() < 0.7:
                random.choice(shards).world.change()


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
    databases = shard.world.stores[0].databases.get(ACCOUNT)
    if databases and random.random() < 0.2:
        name, store = databases[-1]["Name"], shard.world.stores[0]
        asked = {"CatalogId": ACCOUNT, "DatabaseName": name}
        is_asked = partial(_asks_for, asked)
        endpoint.meanwhile("GetTables", lambda _: store.remove_database(name), when=is_asked)
        yield f"{name} vanishes"


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
    return record["stream"], tuple(part for part in unit if part != EVERYTHING)


def _is_hidden(stream: str, unit: Key, gaps: list[Gap]) -> bool:
    if stream in {"catalogs", "jobs", "workflows"}:
        return any(stream in gap.lacking and gap.region == unit[1] for gap in gaps)
    return any(gap.hides(stream, unit) for gap in gaps)


def _by_unit(keys: Iterable[Key], size: int) -> dict[Key, set[Key]]:
    found: dict[Key, set[Key]] = defaultdict(set)
    for key in keys:
        found[key[:size]].add(key)
    return found


def _all_of(found: Mapping[Unit, set[Key]], stream: str) -> set[Key]:
    return set[Any]().union(*(keys for (name, _), keys in found.items() if name == stream))


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
