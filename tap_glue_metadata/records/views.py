"""The SQL of views, as a person wrote it."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

_PRESTO_VIEW: Final = re.compile(
    r"\s*/\*\s*Presto (?:Materialized )?View:\s*([A-Za-z0-9+/=]+)\s*\*/\s*"
)


class _PrestoView(msgspec.Struct):
    """The one member of Trino's `ConnectorViewDefinition` that is SQL."""

    sql: str = msgspec.field(name="originalSql")


def is_view(table: Mapping[str, Any]) -> bool:
    """Tell whether a table is a view of any kind, materialized ones among them.

    Args:
        table: Glue's `Table`.

    Returns:
        True if its type names a view (`VIRTUAL_VIEW`, `MATERIALIZED_VIEW`), if Glue flags it as
        a multi-dialect or materialized view, or if it has a `ViewDefinition`.
    """
    return (
        "VIEW" in (table.get("TableType") or "").upper()
        or bool(table.get("IsMultiDialectView"))
        or bool(table.get("IsMaterializedView"))
        or bool(table.get("ViewDefinition"))
    )


def view_sql(table: Mapping[str, Any]) -> str | None:
    """Return the SQL of a view.

    Athena and Trino keep it as `originalSql` in base64 JSON inside a comment
    (`/* Presto View: ... */`, Trino's `ViewReaderUtil`), a multi-dialect view keeps it in a
    `Representation`, others keep it as plain text.

    Args:
        table: Glue's `Table`.

    Returns:
        The SQL, the text as it stands if it cannot be decoded, or None if there is none.
    """
    original = table.get("ViewOriginalText")
    if sql := _presto_sql(original):
        return sql
    representations = (table.get("ViewDefinition") or {}).get("Representations") or ()
    texts = (
        *(each.get("ViewOriginalText") for each in representations),
        *(each.get("ViewExpandedText") for each in representations),
        original,
        table.get("ViewExpandedText"),
    )
    text = next(filter(None, texts), None)
    return _presto_sql(text) or text


def _presto_sql(text: str | None) -> str | None:
    """Return the SQL in Trino's comment, or None if this is none that can be read."""
    match = _PRESTO_VIEW.fullmatch(text or "")
    if match is None:
        return None
    try:
        return msgspec.json.decode(base64.b64decode(match[1]), type=_PrestoView).sql
    except (ValueError, RecursionError):
        return None
