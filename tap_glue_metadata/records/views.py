"""The SQL of views as a person wrote it, and what is needed to read it."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from tap_glue_metadata.records.parameters import parameter
from tap_glue_metadata.records.spark import view_namespace
from tap_glue_metadata.texts import decode

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_ENVELOPE: Final = re.compile(r"\s*/\*\s*Presto\s+(?:Materialized\s+)?View\s*(?=[:*])")
_ATHENA_CATALOG: Final = "awsdatacatalog"
_SPARK: Final = "spark"


class View(NamedTuple):
    """What is known of a view's query.

    Attributes:
        sql: The SQL.
        dialect: In which dialect it is: `athena`, `trino`, `spark`, `redshift`, or another one
            that Glue names; None if that is not told.
        catalog: The catalog in which names without one are resolved.
        database: The database in which names without one are resolved.
        comment: The view's comment.
    """

    sql: str | None = None
    dialect: str | None = None
    catalog: str | None = None
    database: str | None = None
    comment: str | None = None


NO_VIEW: Final = View()


class _PrestoView(msgspec.Struct):
    """What is of use in Trino's `ConnectorViewDefinition`."""

    sql: Any = msgspec.field(name="originalSql", default=None)
    catalog: Any = None
    database: Any = msgspec.field(name="schema", default=None)
    comment: Any = None


_presto: Final = msgspec.json.Decoder(_PrestoView)


def is_view(table: Mapping[str, Any]) -> bool:
    """Tell whether a table is a view of any kind, materialized ones among them.

    Args:
        table: Glue's `Table`.

    Returns:
        True if its type names a view (`VIRTUAL_VIEW`, `MATERIALIZED_VIEW`), if Glue flags it as
        a multi-dialect or materialized view, if it has a `ViewDefinition`, or if a crawler found
        it as a view of another database (`typeOfData` is `view`).
    """
    return (
        "VIEW" in (table.get("TableType") or "").upper()
        or bool(table.get("IsMultiDialectView"))
        or bool(table.get("IsMaterializedView"))
        or bool(table.get("ViewDefinition"))
        or parameter(table, "typeOfData") == "view"
    )


def view(table: Mapping[str, Any]) -> View:
    """Read the query of a view.

    A multi-dialect view keeps it in its `Representations`, others keep it in the view texts of
    the table. Athena and Trino encode it (`/* Presto View: ... */`, Trino's `ViewReaderUtil`).

    Args:
        table: Glue's `Table`.

    Returns:
        The first query that can be read: of the representations, else of the table, original
        texts before expanded ones. If there is none, what else could be decoded.
    """
    best = NO_VIEW
    for text, dialect in _texts(table):
        found = _read(text, dialect, table)
        if found.sql:
            return found
        best = best if any(best) else found
    return best


def _texts(table: Mapping[str, Any]) -> Iterator[tuple[str, str | None]]:
    """Yield each text of a view with its dialect, if Glue names one."""
    definition = table.get("ViewDefinition")
    representations = (definition.get("Representations") or ()) if definition else ()
    for key in ("ViewOriginalText", "ViewExpandedText"):
        for each in representations:
            if text := each.get(key):
                yield text, (each.get("Dialect") or "").lower() or None
    for key in ("ViewOriginalText", "ViewExpandedText"):
        if text := table.get(key):
            yield text, None


def _read(text: str, dialect: str | None, table: Mapping[str, Any]) -> View:
    if envelope := _ENVELOPE.match(text):
        return _decode(text[envelope.end() :], dialect)
    if not text.strip():
        return NO_VIEW
    namespace = view_namespace(table.get("Parameters") or {}) if dialect in (None, _SPARK) else None
    if namespace is None:
        return View(text, dialect)
    return View(text, _SPARK, *namespace)


def _decode(text: str, dialect: str | None) -> View:
    """Decode what follows the marker in an envelope: `: BASE64 */`, or `*/` alone.

    The SQL is what the JSON holds, else what follows the comment; the encoded text never is.
    """
    encoded, _, rest = text.removeprefix(":").partition("*/")
    found = _presto_view(encoded)
    catalog = _text(found.catalog)
    sql = _text(found.sql) or rest.strip() or None
    if sql and dialect is None:
        dialect = "athena" if (catalog or _ATHENA_CATALOG).lower() == _ATHENA_CATALOG else "trino"
    return View(sql, dialect if sql else None, catalog, _text(found.database), _text(found.comment))


def _presto_view(encoded: str) -> _PrestoView:
    """Read base64 of JSON, whatever its padding and line breaks."""
    data = "".join(encoded.split()).rstrip("=")
    try:
        raw = base64.b64decode(data + "=" * (-len(data) % 4), validate=True)
        return decode(raw, _presto.decode)[0]
    except (ValueError, RecursionError):
        return _PrestoView()


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value.strip() else None
