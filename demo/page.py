"""Prints what landed, for a terminal of 80 columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.box import SIMPLE_HEAD
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from demo import etl
from demo.pipeline import INCREMENTAL, DemoError, Landed, Record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from rich.console import Console

    Query = Callable[[str], tuple[Sequence[str], Iterable[Sequence[object]]]]

MODELS: Final = {
    "6. What changed between the runs: the model schema_changes.": """
        SELECT table_name AS "table", column_name AS "column", change,
            old_value AS "before", new_value AS "after"
        FROM schema_changes ORDER BY change, column_name""",
    "7. What lacks a description: undocumented.": """
        SELECT database_name AS "database", table_name AS "table",
            COALESCE(STRING_AGG(column_name, ', ' ORDER BY column_name), '') AS "columns",
            CASE WHEN BOOL_OR(object_type = 'table') THEN 'yes' ELSE '' END AS "the table itself"
        FROM undocumented GROUP BY 1, 2 ORDER BY 1, 2""",
    "8. What nobody owns: ownerless.": """
        SELECT database_name AS "database", table_name AS "table", owner AS "owner in Glue"
        FROM ownerless ORDER BY 1, 2""",
}
STREAMS: Final = ("catalogs", "databases", "tables", "columns", "jobs", "workflows")


def show(console: Console, first: Landed, second: Landed) -> None:
    """Print the page.

    Args:
        console: Where to.
        first: What the first run landed.
        second: What the second run landed.

    Raises:
        DemoError: Something that the page is about is missing.
    """
    if missing := [stream for stream in STREAMS if stream not in first]:
        raise DemoError(f"no records of {', '.join(missing)} landed")
    _show_first_run(console, first)
    _show_redaction(console, first)
    _show_workflow(console, first)
    _show_second_run(console, first, second)


def show_models(console: Console, query: Query) -> None:
    """Print what the models answer.

    Args:
        console: Where to.
        query: Runs SQL on what dbt built.

    Raises:
        DemoError: A model has no rows.
    """
    for title, sql in MODELS.items():
        headings, rows = query(sql)
        if not rows:
            raise DemoError(f"no rows: {title}")
        _title(console, title)
        _print_table(console, headings, rows)


def _show_first_run(console: Console, first: Landed) -> None:
    _title(console, "1. The first run reads everything: the databases ...")
    databases = [
        (database["name"], database["catalog_id"], _link(database["target_database"]))
        for database in sorted(first["databases"], key=lambda database: str(database["name"]))
    ]
    _print_table(console, ("database", "catalog", "links to"), databases)
    _title(console, "... the tables ...")
    _table(
        console,
        {
            "database_name": "database",
            "name": "table",
            "table_format": "format",
            "record_count": "records",
            "column_count": "columns",
            "partition_key_count": "keys",
        },
        sorted(first["tables"], key=lambda table: (table["database_name"], table["name"])),
    )
    for database, table in (("sales", "customers"), ("lakehouse", "shipments")):
        _title(console, f"... their columns, here of {database}.{table} ...")
        fields = ("name", "type", "is_current", "comment")
        columns = _select(first["columns"], database_name=database, table_name=table)
        _table(console, dict(zip(fields, fields, strict=True)), columns)
    _title(console, "... and the SQL of views, here of sales.monthly_revenue.")
    [view] = _select(first["tables"], name="monthly_revenue")
    console.print(Syntax(str(view["view_sql"]), "sql", background_color="default"))


def _link(target: Record | None) -> str:
    return f"{target['catalog_id']}.{target['database_name']}" if target else ""


def _show_redaction(console: Console, first: Landed) -> None:
    _title(console, f"2. Secrets are redacted: the arguments of the job {etl.JOB}.")
    [job] = _select(first["jobs"], name=etl.JOB)
    landed = job["default_arguments"]
    rows = [
        (name, value, landed[name], _why(value, landed[name]))
        for name, value in etl.ARGUMENTS.items()
    ]
    _print_table(console, ("argument", "in Glue", "in the record", "why"), rows)
    if etl.PLANTED in repr(first):
        raise DemoError("a secret of the job's arguments has landed")
    count = sum(map(len, first.values()))
    console.print(f"  The word {etl.PLANTED} is in none of the {count} records of this run.")


def _why(value: str, landed: str) -> str:
    """Say why a value landed as it did, judging by what is left of it."""
    if value == landed:
        return ""
    return "a URL with credentials" if "://" in landed else "a key that names a secret"


def _show_workflow(console: Console, first: Landed) -> None:
    _title(console, f"3. Workflows have a graph: {etl.WORKFLOW}.")
    [workflow] = _select(first["workflows"], name=etl.WORKFLOW)
    graph = workflow["graph"]
    nodes = {node["unique_id"]: node for node in graph["nodes"]}
    started = {edge["destination_id"] for edge in graph["edges"]}

    def grow(tree: Tree, node_id: str) -> None:
        branch = tree.add(f"{nodes[node_id]['type'].lower()} {nodes[node_id]['name']}")
        for edge in graph["edges"]:
            if edge["source_id"] == node_id:
                grow(branch, edge["destination_id"])

    tree = Tree(str(workflow["description"]))
    for node_id in nodes:
        if node_id not in started:
            grow(tree, node_id)
    console.print(tree)


def _show_second_run(console: Console, first: Landed, second: Landed) -> None:
    _title(console, "4. The second run: of INCREMENTAL streams only what changed comes again.")
    rows = [
        (
            stream,
            "INCREMENTAL" if stream in INCREMENTAL else "FULL_TABLE",
            len(first[stream]),
            len(second.get(stream, ())),
        )
        for stream in STREAMS
    ]
    _print_table(console, ("stream", "method", "first run", "second run"), rows)
    changed = sorted({f"{t['database_name']}.{t['name']}" for t in second.get("tables", ())})
    console.print(f"  Changed in between: {', '.join(changed)}.")

    _title(console, "5. What could not be read is told: the second run's extraction_issues.")
    fields = ("stream", "operation", "resource", "error_code")
    gaps = _select(second.get("extraction_issues", []))
    _table(console, dict(zip(fields, fields, strict=True)), gaps)
    console.print("  The run went on. Its bookmarks stay, so that nothing will be missed.\n")


def _select(records: list[Record], **wanted: str) -> list[Record]:
    """Return the records whose fields have the wanted values; at least one."""
    chosen = [record for record in records if wanted.items() <= record.items()]
    if not chosen:
        raise DemoError(f"a record with {wanted} is missing" if wanted else "no record landed")
    return chosen


def _title(console: Console, title: str) -> None:
    console.print(Text(f"\n{title}", style="bold"))


def _table(console: Console, headings: dict[str, str], records: Iterable[Record]) -> None:
    """Print the fields that have a heading."""
    rows = [[record.get(field) for field in headings] for record in records]
    _print_table(console, list(headings.values()), rows)


def _print_table(
    console: Console, headings: Sequence[str], rows: Iterable[Sequence[object]]
) -> None:
    table = Table(*headings, box=SIMPLE_HEAD)
    for column in table.columns:
        column.overflow = "fold"
    for row in rows:
        table.add_row(*(Text(_cell(value)) for value in row))
    console.print(table)


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)
