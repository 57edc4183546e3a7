"""Write the views of current rows: docs/sql, a file for each group, and docs/current-rows.md.

Run by `make docs`; a test holds the committed files against the declarations. The SQL runs on
DuckDB and PostgreSQL alike. `select` gives the query of one stream, for whoever builds on it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from tap_glue_metadata.streams import EXTRA_STREAM_TYPES, STREAM_TYPES
from tap_glue_metadata.streams.base import EmbeddedStream
from tap_glue_metadata.streams.catalog import Catalogs, Databases, Tables
from tap_glue_metadata.streams.keys import SCOPE_KEYS
from tap_glue_metadata.streams.report import ExtractionIssues

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tap_glue_metadata.streams.base import GlueStream

    Stream = type[GlueStream]

ROOT: Final = Path(__file__).parent.parent
ALL: Final = (*STREAM_TYPES, *EXTRA_STREAM_TYPES)
PAGE: Final = ROOT / "docs" / "current-rows.md"
FOLDER: Final = ROOT / "docs" / "sql"
STALE_DAYS: Final = 7
UNIT: Final = {"catalog_id": "CatalogId", "database_name": "DatabaseName"}
"""The keys of a unit below account and region, each with the request member that binds it."""

STALE: Final = f"""\
SELECT *
FROM current_units
WHERE completed_at < CURRENT_TIMESTAMP AT TIME ZONE 'UTC' - INTERVAL '{STALE_DAYS}' DAY
"""  # noqa: S608 - a number of ours
# What has not come with a reading that leaves out nothing is gone. Readings with filters tell it
# only together: what has come with one of them may be what another one leaves out.
LAST_READINGS: Final = """\
SELECT account_id, region, stream, catalog_id, database_name,
  COALESCE(MAX(CASE WHEN extent = '*' THEN started_at END), MIN(started_at)) AS started_at,
  COALESCE(
    MAX(CASE WHEN extent = '*' THEN full_started_at END), MIN(full_started_at)
  ) AS full_started_at
FROM extractions
GROUP BY account_id, region, stream, catalog_id, database_name
"""
ISSUES: Final = """\
SELECT issue.*
FROM extraction_issues AS issue
WHERE NOT EXISTS (
  SELECT 1
  FROM extractions AS later
  WHERE later.stream = issue.stream
    AND later.account_id = issue.account_id
    AND (later.region = issue.region OR issue.region = '*')
    AND (later.catalog_id = issue.catalog_id OR issue.catalog_id IS NULL)
    AND (later.database_name = issue.database_name OR issue.database_name IS NULL)
    AND later.run_started_at > issue.run_started_at
)
"""


def files() -> dict[Path, str]:
    """Return what every file should hold.

    Returns:
        The text by path.
    """
    groups = dict.fromkeys(stream.group for stream in ALL)
    text, mark, _ = PAGE.read_text(encoding="utf-8").partition("<!-- views -->\n")
    page = f"{text}{mark}```sql\n{script('default')}```\n"
    return {PAGE: page, **{FOLDER / f"{group}.sql": script(group) for group in groups}}


def streams_of(group: str) -> list[Stream]:
    """Return the streams of a group.

    Args:
        group: The group, `default` for the streams that are there without any setting.
    """
    return [stream for stream in ALL if stream.group == group]


def script(group: str) -> str:
    """Return the statements that create the views of a group of streams.

    Args:
        group: The group, as in `streams_of`.

    Returns:
        SQL. The views of other groups need those of `default`.
    """
    made = views(group).items()
    return "\n".join(
        f"CREATE OR REPLACE VIEW {name} AS\n{query.rstrip()};\n" for name, query in made
    )


def views(group: str) -> dict[str, str]:
    """Return the views of a group of streams, each after those that it needs.

    Args:
        group: The group, as in `streams_of`.

    Returns:
        The query by the view's name.
    """
    streams = [stream for stream in streams_of(group) if stream.reads()]
    current = {f"current_{stream.name}": select(stream) for stream in streams}
    if group != "default":
        return {**current, f"lost_{group}": lost(streams)}
    return {
        "last_readings": LAST_READINGS,
        **current,
        f"current_{ExtractionIssues.name}": ISSUES,
        "current_units": current_units(),
        "stale_units": STALE,
        "lost": lost(streams),
    }


def select(stream: Stream) -> str:
    """Return the query of the current rows of a stream.

    A row is current if its unit has not been read completely since the row was extracted, and
    its parent is current. What comes inside the objects of its parent must also have come with
    the parent's last version.

    Args:
        stream: A stream of what AWS lists.

    Returns:
        SQL, which needs the view `last_readings` and that of the stream's parent.
    """
    parent = parent_of(stream)
    joins, conditions = [_reading(stream)], [*_was_seen(stream)]
    if parent is not None:
        kind = "LEFT JOIN" if parent is Catalogs else "JOIN"
        joins.append(f"{kind} current_{parent.name} AS parent\n  ON {_belongs(stream, parent)}\n")
        conditions += _has_last_version(stream, parent)
    where = _all_of(conditions)
    # The default catalog is always there; others have a colon in their id.
    default = f"{stream.name}.catalog_id NOT LIKE '%:%'"
    if stream is Catalogs:
        where = f"{default}\n  OR {where}"
    elif parent is Catalogs:
        where += f"\n  AND ({default} OR parent.catalog_id IS NOT NULL)"
    return f"SELECT {stream.name}.*\nFROM {stream.name}\n{''.join(joins)}WHERE {where}\n"


def parent_of(stream: Stream) -> Stream | None:
    """Return the stream whose rows those of another one belong to.

    Args:
        stream: The child.

    Returns:
        `tables` if it is read for each table or comes in it, and its primary key names it; else
        the stream of the unit that it is read by, None for an account and region.
    """
    keys = stream.primary_keys[: len(Tables.primary_keys)]
    if stream is not Tables and Tables.source in stream.reads() and keys == _names_of(Tables):
        return Tables
    return (None, Catalogs, Databases)[len(stream.reads()[-1].unit_members)]


def current_units() -> str:
    """Return the query of the readings whose catalog and database are still there.

    Returns:
        SQL.
    """
    catalog = _exists(Catalogs, "unit.catalog_id NOT LIKE '%:%'")
    return f"SELECT unit.*\nFROM extractions AS unit\nWHERE {catalog}\n  AND " + _exists(
        Databases, "unit.database_name = '*'"
    )


def lost(streams: Sequence[Stream]) -> str:
    """Return the query of the units of which fewer rows are held than their last reading had.

    Args:
        streams: The streams to compare.

    Returns:
        SQL.
    """
    names = ", ".join(f"'{stream.name}'" for stream in streams)
    counts = "  UNION ALL\n".join(map(_row_counts, streams))
    keys = (*SCOPE_KEYS, "stream", *UNIT)
    is_later = [
        *(f"later.{key} = unit.{key}" for key in keys),
        "later.started_at > unit.started_at",
    ]
    lines = (
        "SELECT COALESCE(held.row_count, 0) AS row_count, unit.*",
        f"FROM current_units AS unit\nLEFT JOIN (\n{counts}) AS held",
        f"  ON {_all_of(f'held.{key} = unit.{key}' for key in keys)}",
        f"WHERE unit.stream IN ({names})",
        "  AND COALESCE(held.row_count, 0) < unit.record_count",
        "  AND NOT EXISTS (\n    SELECT 1 FROM extractions AS later",
        f"    WHERE {_all_of(is_later, indent=6)}\n  )\n",
    )
    return "\n".join(lines)


def _unit_of(stream: Stream) -> dict[str, str]:
    """Return the keys of a stream's unit of reading, each as an expression of its rows."""
    members = stream.reads()[-1].unit_members
    return {
        key: f"{stream.name}.{key}" if member in members else "'*'" for key, member in UNIT.items()
    }


def _reading(stream: Stream) -> str:
    name = stream.name
    scope = (f"reading.{key} = {name}.{key}" for key in SCOPE_KEYS)
    unit = (f"reading.{key} = {value}" for key, value in _unit_of(stream).items())
    on = _all_of([f"reading.stream = '{name}'", *scope, *unit])
    return f"LEFT JOIN last_readings AS reading\n  ON {on}\n"


def _was_seen(stream: Stream) -> Iterator[str]:
    """Yield what holds for a row that has come with its unit's last complete reading."""
    extracted = f"{stream.name}._sdc_extracted_at"
    yield f"COALESCE({extracted} >= reading.full_started_at, TRUE)"
    for key in stream.replication_keys:  # what does not tell when it changed comes every time
        has_key = f"{stream.name}.{key} IS NOT NULL"
        yield f"COALESCE({has_key} OR {extracted} >= reading.started_at, TRUE)"


def _belongs(stream: Stream, parent: Stream) -> str:
    pairs = zip(parent.primary_keys, _names_of(parent), strict=True)
    return _all_of(f"parent.{key} = {stream.name}.{own}" for key, own in pairs)


def _has_last_version(stream: Stream, parent: Stream) -> Iterator[str]:
    """Yield what holds for a row that has come with the last version of its parent."""
    if not issubclass(stream, EmbeddedStream) or stream.parent_stream_type is not parent:
        return
    keys = {member: key for key, member in parent.replication_keys.items()}
    for own, member in stream.replication_keys.items():
        yield f"{stream.name}.{own} IS NOT DISTINCT FROM parent.{keys[member]}"


def _names_of(parent: Stream) -> tuple[str, ...]:
    """Return the names that the primary key of a stream has in its children."""
    *above, own = parent.primary_keys
    return (*above, own if "_" in own else f"{parent.name.removesuffix('s')}_{own}")


def _exists(parent: Stream, exception: str) -> str:
    """Tell of a unit that its catalog or database is current."""
    pairs = zip(parent.primary_keys, _names_of(parent), strict=True)
    same = _all_of((f"parent.{key} = unit.{own}" for key, own in pairs), indent=6)
    query = f"SELECT 1 FROM current_{parent.name} AS parent\n    WHERE {same}"  # noqa: S608 - names of ours
    return f"({exception} OR EXISTS (\n    {query}\n  ))"


def _row_counts(stream: Stream) -> str:
    unit = [f"{value} AS {key}" for key, value in _unit_of(stream).items()]
    columns = ", ".join([f"'{stream.name}' AS stream", *SCOPE_KEYS, *unit, "COUNT(*) AS row_count"])
    view = f"current_{stream.name} AS {stream.name}"
    return f"  SELECT {columns}\n  FROM {view}\n  GROUP BY 1, 2, 3, 4, 5\n"  # noqa: S608 - ours


def _all_of(conditions: Iterable[str], indent: int = 2) -> str:
    return f"\n{' ' * indent}AND ".join(conditions)


def main() -> None:
    """Write the files."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for path, text in files().items():
        path.write_text(text, encoding="utf-8")
        print(path.relative_to(ROOT))


if __name__ == "__main__":
    main()
