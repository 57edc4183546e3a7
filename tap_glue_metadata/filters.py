"""Which databases and tables to read, by the globs of the settings."""

from __future__ import annotations

import re
from fnmatch import translate
from typing import TYPE_CHECKING

from tap_glue_metadata.aws.errors import SettingError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_glue_metadata.settings import Settings


class _Globs:
    """The patterns of one setting; remembers which of them ever matched."""

    def __init__(self, setting: str, patterns: tuple[str, ...]) -> None:
        self.setting = setting
        self.idle = dict.fromkeys(patterns)
        self._patterns = [(pattern, _compile(pattern)) for pattern in patterns]

    def __bool__(self) -> bool:
        return bool(self._patterns)

    def match(self, name: str) -> bool:
        # No short cut at the first match: each pattern is to learn whether it ever matches.
        matches = [pattern for pattern, regex in self._patterns if regex.match(name)]
        for pattern in matches:
            self.idle.pop(pattern, None)
        return bool(matches)


class Filters:
    """Include and exclude globs of databases and of tables, upper and lower case alike.

    Tables are matched as `database.table`. Exclusion wins.
    """

    def __init__(self, settings: Settings) -> None:
        """Compile the globs of the settings.

        Args:
            settings: The tap's settings.

        Raises:
            SettingError: A pattern of tables that can match no `database.table`.
        """
        names = ("include_databases", "exclude_databases", "include_tables", "exclude_tables")
        globs = {name: _Globs(name, getattr(settings, name)) for name in names}
        for name in ("include_tables", "exclude_tables"):
            for pattern in getattr(settings, name):
                if not any(sign in pattern for sign in ".*?["):
                    raise SettingError(
                        name,
                        f"{pattern!r} can match no table; write DATABASE.TABLE, for instance "
                        f"'*.{pattern}'",
                    )
        self._globs = globs
        self._databases_of_tables = [
            _compile(prefix)
            for pattern in settings.include_tables
            for prefix in _database_parts(pattern)
        ]

    @property
    def choose_databases(self) -> bool:
        """Whether the tables of some databases are not wanted."""
        names = ("include_databases", "exclude_databases", "include_tables")
        return any(self._globs[name] for name in names)

    def wants_database(self, database: str) -> bool:
        """Tell whether a database is to be read.

        Args:
            database: The database's name.

        Returns:
            True if it is included, and not excluded.
        """
        included = self._included("include_databases", database)
        return not self._globs["exclude_databases"].match(database) and included

    def wants_tables_of(self, database: str) -> bool:
        """Tell whether a database can hold a table that is to be read.

        Args:
            database: The database's name.

        Returns:
            False if no included table can be in it, so that its tables need not be listed.
        """
        return not self._databases_of_tables or any(
            regex.match(database) for regex in self._databases_of_tables
        )

    def wants_table(self, database: str, table: str) -> bool:
        """Tell whether a table is to be read.

        Args:
            database: The name of its database.
            table: The table's name.

        Returns:
            True if it is included, and not excluded.
        """
        name = f"{database}.{table}"
        included = self._included("include_tables", name)
        return not self._globs["exclude_tables"].match(name) and included

    def idle(self, kind: str) -> Iterator[tuple[str, str]]:
        """Name the patterns that have matched nothing so far.

        Args:
            kind: `databases` or `tables`.

        Yields:
            The setting and the pattern.
        """
        for setting in (f"include_{kind}", f"exclude_{kind}"):
            for pattern in self._globs[setting].idle:
                yield setting, pattern

    def _included(self, setting: str, name: str) -> bool:
        globs = self._globs[setting]
        return not globs or globs.match(name)


def _compile(pattern: str) -> re.Pattern[str]:
    return re.compile(translate(pattern), re.IGNORECASE)


def _database_parts(pattern: str) -> Iterator[str]:
    """Give globs of which one matches each database that could hold a matching table.

    The database's name ends at a dot, of which names may hold several; a star spans dots.
    """
    if "?" in pattern or "[" in pattern:  # these may stand for the dot: any database will do
        yield "*"
    for sign in re.finditer(r"[.*]", pattern):
        yield pattern[: sign.end()].removesuffix(".")
