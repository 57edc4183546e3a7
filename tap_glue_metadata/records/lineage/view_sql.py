"""The tables that the SQL of a view reads, by sqlglot, which the extra `lineage` installs."""

from __future__ import annotations

import logging
from functools import cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST: Final = 100_000
"""The most characters of a text that is parsed.

With those that follow it bounds time and memory: sqlglot's compiled parser recurses without a
check of its own, and tries what may be a type, or a nested join, twice at each level.
"""

_DEEPEST: Final = 100  # open brackets
_MOST_UNCLOSED: Final = 2_000  # keywords that may nest without brackets; an 8 MB stack holds 12,000
_MOST_WORK: Final = 200_000  # tokens, those that are looked at again included
_MOST_NODES: Final = 100_000  # of the tree, those that are thrown away included
_DIALECTS: Final = {"athena": "trino", "redshift": "redshift", "spark": "spark", "trino": "trino"}
_HIVE: Final = "spark"  # which reads all that Hive does
_OPEN: Final = frozenset(("L_PAREN", "L_BRACKET", "L_BRACE"))
_CLOSE: Final = frozenset(("R_PAREN", "R_BRACKET", "R_BRACE"))
_UNCLOSED: Final = frozenset(("FROM", "JOIN", "LT", "OVER", "SELECT"))


class SqlError(Exception):
    """SQL that cannot be parsed; the message quotes nothing of it."""


class Name(NamedTuple):
    """The name of a table as a text has it, each part None if it is not there.

    Attributes:
        table: The table, or the location of files.
        database: Its database, or for files their format.
        catalog: Its catalog, or what leads there, dot-joined.
    """

    table: str
    database: str | None = None
    catalog: str | None = None


def tables(sql: str, dialect: str | None) -> list[Name]:
    """Return the tables that a query reads, each once, in their order in the text.

    Args:
        sql: The query, or a statement that creates a view or table from one.
        dialect: As in `View.dialect`.

    Returns:
        Their names; of a common table expression or a lateral item none.

    Raises:
        SqlError: The text cannot be parsed, or is too long or too complex to be.
    """
    if len(sql) > LONGEST:
        raise SqlError(f"has {len(sql)} characters; up to {LONGEST} are parsed")
    try:
        return list(dict.fromkeys(_names(_parse(sql, _DIALECTS.get(dialect or "", _HIVE)))))
    except RecursionError:
        raise SqlError("is nested too deep") from None


@cache
def _sqlglot() -> Any:  # noqa: ANN401 - an optional module
    import sqlglot  # noqa: PLC0415 - slow to import, and not there without the extra

    # Its warnings quote what it does not know.
    logging.getLogger("sqlglot").setLevel(logging.CRITICAL)
    return sqlglot


def _parse(sql: str, dialect_name: str) -> Any:  # noqa: ANN401 - an expression of sqlglot
    sqlglot = _sqlglot()
    dialect = sqlglot.Dialect.get_or_raise(dialect_name)
    dialect.INDEX_OFFSET = 0  # to shift an index takes time in the square of how many there are
    try:
        tokens = dialect.tokenize(sql)
        _check(tokens, dialect.parser_class.TYPE_TOKENS)
        parser = dialect.parser(max_nodes=_MOST_NODES)
        statements = [each for each in parser.parse(tokens, sql) if each is not None]
    except sqlglot.errors.ParseError as error:
        found = error.errors[0] if error.errors else {}
        where = f"line {found.get('line')}, column {found.get('col')}"
        raise SqlError(f"cannot be parsed as {dialect_name}: {where}") from None
    except (SqlError, RecursionError):
        raise
    except Exception:  # noqa: BLE001 - compiled, it answers wrong SQL with a TypeError and the like
        raise SqlError(f"cannot be parsed as {dialect_name}") from None
    if len(statements) != 1:
        raise SqlError(f"has {len(statements)} statements, not one")
    [statement] = statements
    if isinstance(statement, sqlglot.exp.Create):
        statement = statement.expression
    if not isinstance(statement, sqlglot.exp.Query):
        raise SqlError("is not a query")
    return statement


def _check(tokens: list[Any], types: set[Any]) -> None:
    """Refuse what would overflow the parser's stack, or would not end in time.

    Raises:
        SqlError: The text is too complex.
    """
    opened: list[bool] = []  # for each open bracket, whether it may be one of a type
    repeated = unclosed = doublings = work = 0
    before = None
    for token in tokens:
        kind = token.token_type.name
        if kind in _OPEN:
            opened.append(before in types)
            doublings += opened[-1]
        elif kind in _CLOSE and opened:
            doublings -= opened.pop()
        elif kind in _UNCLOSED:
            unclosed += 1
            repeated += token.token_type is before
        work += 1 << min(doublings, 32)
        is_deep = len(opened) + repeated > _DEEPEST or unclosed > _MOST_UNCLOSED
        if is_deep or work > _MOST_WORK:
            raise SqlError("is too complex to be parsed")
        before = token.token_type


def _names(query: Any) -> Iterator[Name]:  # noqa: ANN401 - an expression of sqlglot
    exp = _sqlglot().exp
    for table in query.find_all(exp.Table, bfs=False):
        # Functions in FROM are tables to sqlglot as well, and so are the names in a hint.
        if not isinstance(table.this, (exp.Identifier, exp.Dot)) or isinstance(
            table.parent, exp.JoinHint
        ):
            continue
        parts = [part.name for part in table.parts]
        if len(parts) > 1 or not _is_defined(table, parts[0].lower(), exp):
            *above, name = parts
            database = above.pop() if above else None
            yield Name(name, database, ".".join(above) or None)


def _is_defined(table: Any, name: str, exp: Any) -> bool:  # noqa: ANN401 - as above
    """Tell whether a common table expression of this name is in sight of a reference."""
    within, node = None, table
    while node := node.parent:
        if isinstance(node, exp.CTE):
            within = node
        if with_ := node.args.get("with_"):
            visible = with_.expressions
            if within is not None and within.parent is with_:
                # Each sees those before it; if they are recursive, itself as well.
                end = next(index for index, each in enumerate(visible) if each is within)
                visible = visible[: end + bool(with_.recursive)]
            if any(each.alias.lower() == name for each in visible):
                return True
    return False
