"""What the settings select: catalogs, databases, what is behind resource links, tables."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import replace
from fnmatch import translate
from typing import TYPE_CHECKING, Any

from tap_glue_metadata.aws.errors import SettingError
from tap_glue_metadata.engine.read import Known

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tap_glue_metadata.aws.raw_json import Json
    from tap_glue_metadata.aws.scopes import Scope
    from tap_glue_metadata.engine.context import Context
    from tap_glue_metadata.engine.read import Read
    from tap_glue_metadata.settings import Settings


class _Globs:
    """The patterns of one setting; remembers which of them ever matched."""

    def __init__(self, setting: str, settings: Settings) -> None:
        patterns: Sequence[str] = getattr(settings, setting)
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


class Selection:
    """Which objects the settings select; the hooks of the reads.

    Databases and tables are matched by globs, upper and lower case alike, tables as
    `database.table`. Exclusion takes precedence.
    """

    def __init__(self, settings: Settings) -> None:
        """Compile the globs of the settings.

        Args:
            settings: The tap's settings.

        Raises:
            SettingError: A pattern of tables that can match no `database.table`.
        """
        self.settings = settings
        self._globs = {
            kind: [_Globs(f"{word}clude_{kind}", settings) for word in ("in", "ex")]
            for kind in ("databases", "tables")
        }
        for globs in self._globs["tables"]:
            for pattern in globs.idle:
                if not any(sign in pattern for sign in ".*?["):
                    raise SettingError(
                        globs.setting,
                        f"{pattern!r} can match no table; write DATABASE.TABLE, for instance "
                        f"'*.{pattern}'",
                    )
        self._databases_of_tables = [
            _compile(prefix)
            for pattern in settings.include_tables
            for prefix in _database_parts(pattern)
        ]

    def setting(self, name: str) -> Any:  # noqa: ANN401 - of any type
        """Return the value of a setting, None if it is not set."""
        return getattr(self.settings, name)

    def known_catalogs(self, scope: Scope) -> Known:
        """Give the catalogs that are there whatever GetCatalogs says.

        Args:
            scope: The account and region.

        Returns:
            The catalogs of the settings, which are all that are wanted; else the default one.
        """
        ids = dict.fromkeys(scope.catalog_ids or (scope.account_id,))
        return Known([{"CatalogId": catalog_id} for catalog_id in ids], bool(scope.catalog_ids))

    def default_catalogs(self, scope: Scope) -> Known:
        """Give the default catalogs of the accounts whose catalogs are read.

        Args:
            scope: The account and region.

        Returns:
            Those of the settings, or the account's own; no listing tells of others.
        """
        owners = (catalog_id.partition(":")[0] for catalog_id in scope.catalog_ids)
        ids = dict.fromkeys(owners) or (scope.account_id,)
        return Known([{"CatalogId": catalog_id} for catalog_id in ids], is_all=True)

    def select_catalog(self, context: Context, catalog: Json) -> Json | None:
        """Leave out what the settings do not name; the default catalog may come without its id."""
        catalog_id = catalog.get("CatalogId") or context.scope.account_id
        pins = context.scope.catalog_ids
        return {**catalog, "CatalogId": catalog_id} if not pins or catalog_id in pins else None

    def select_database(self, _: Context, database: Json) -> Json | None:
        """Leave out the databases that the globs leave out."""
        return database if self._wants("databases", database["Name"]) else None

    def place_database(self, context: Context, database: Json) -> Context:
        """Give the context of a database: another catalog, for one that an account shares."""
        owner = database.get("CatalogId")
        if not self.settings.resource_share_type or owner in {None, context.bound["CatalogId"]}:
            return context
        return replace(context, bound={**context.bound, "CatalogId": owner})

    def leads_to_tables(self, database: Json) -> bool:
        """Tell whether a database is asked for what it holds."""
        if database.get("TargetDatabase") and self.settings.resource_links == "ignore":
            return False
        return not self._databases_of_tables or any(
            regex.match(database["Name"]) for regex in self._databases_of_tables
        )

    def select_table(self, context: Context, table: Json) -> Json | None:
        """Leave out the tables that the globs leave out."""
        if not self._chooses("tables"):  # as in most runs, where each table would only cost time
            return table
        name = f"{context.bound['DatabaseName']}.{table['Name']}"
        return table if self._wants("tables", name) else None

    def extent(self, scope: Scope, reads: Iterable[Read]) -> str:
        """Tell one extent of what is selected from another.

        Args:
            scope: The account and region.
            reads: The reads that lead to a stream's objects.

        Returns:
            A short text, which is another one where the settings that decide which objects those
            reads find in the scope are other ones.
        """
        parts = [scope.roles, self.setting("resource_links"), *self._filters(scope, reads)]
        return _fingerprint(parts)

    def unit_extent(self, scope: Scope, chain: Sequence[Read]) -> str:
        """Tell what the settings leave out of each unit of a stream.

        Args:
            scope: The account and region.
            chain: The reads that lead to the stream's objects.

        Returns:
            A short text, empty where they leave out nothing. What they leave out above is no part
            of it: then the units in it are not read at all.
        """
        inside = [read for read in chain if read.unit_members == chain[-1].unit_members]
        filters = self._filters(scope, inside)
        return _fingerprint(filters) if any(filters) else ""

    def _filters(self, scope: Scope, reads: Iterable[Read]) -> list[Any]:
        """Give the settings that leave out objects that those reads find."""
        filters: list[Any] = []
        for read in reads:
            if read.known:
                filters.append(scope.catalog_ids)
            filters += [self.setting(name) for name in read.settings.values()]
            if read.patterns:
                filters += [self.setting(f"{word}clude_{read.patterns}") for word in ("in", "ex")]
        return filters

    def leaves_out(self, kind: str) -> bool:
        """Tell whether some of the `databases` or `tables` may be left out, or lead to nothing."""
        if kind != "databases":
            return self._chooses(kind)
        leads_nowhere = self._databases_of_tables or self.setting("resource_links") == "ignore"
        return self._chooses(kind) or bool(leads_nowhere)

    def idle(self, kind: str) -> Iterator[tuple[str, str]]:
        """Name the patterns that have matched nothing so far.

        Args:
            kind: `databases` or `tables`.

        Yields:
            The setting and the pattern.
        """
        for globs in self._globs[kind]:
            for pattern in globs.idle:
                yield globs.setting, pattern

    def _chooses(self, kind: str) -> bool:
        included, excluded = self._globs[kind]
        return bool(included or excluded)

    def _wants(self, kind: str, name: str) -> bool:
        included, excluded = self._globs[kind]
        # Both are asked: each pattern is to learn whether it ever matches.
        is_excluded = excluded.match(name)
        return (not included or included.match(name)) and not is_excluded


def _fingerprint(parts: list[Any]) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:12]


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
