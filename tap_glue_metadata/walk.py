"""Catalogs -> databases -> tables: the one way through everything that Glue holds."""

from __future__ import annotations

import copy
import enum
import logging
import threading
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final, TypeAlias

from tap_glue_metadata.aws.errors import (
    AbsentError,
    GoneError,
    RefusedError,
    UnreadableError,
)
from tap_glue_metadata.aws.glue import BatchGet, Listing, Source
from tap_glue_metadata.fan_out import ItemT, ResultT, fan_out
from tap_glue_metadata.gaps import Gaps, Unit

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Generator, Iterable, Iterator

    from tap_glue_metadata.aws.raw_json import Json
    from tap_glue_metadata.aws.scopes import Scope, Unopened
    from tap_glue_metadata.filters import Filters

LOGGER: Final = logging.getLogger("tap-glue-metadata.walk")

CATALOGS: Final = Listing("GetCatalogs", "CatalogList", {"Recursive": True, "IncludeRoot": True})
DATABASES: Final = Listing("GetDatabases", "DatabaseList")
TABLES: Final = Listing("GetTables", "TableList")
# Catalogs that hold nothing but other catalogs have no databases to list.
_CATALOGS_WITH_DATABASES: Final = Listing(
    CATALOGS.operation, CATALOGS.items, {**CATALOGS.params, "HasDatabases": True}
)


class Level(enum.Enum):
    """What an operation is called for, once each."""

    SCOPE = enum.auto()
    CATALOG = enum.auto()
    DATABASE = enum.auto()

    @property
    def operations(self) -> frozenset[str]:
        """The operations by which the walk gets to this level."""
        if self is Level.SCOPE:
            return frozenset()
        if self is Level.CATALOG:
            return CATALOGS.operations
        return CATALOGS.operations | DATABASES.operations


@dataclass(frozen=True)
class Place:
    """A path by which the walk asks.

    Attributes:
        scope: The account and region.
        catalog_id: The catalog, from level CATALOG on.
        database_name: The database, at level DATABASE.
        target_region: The region of the database that a resource link leads to, if it names one.
    """

    scope: Scope
    catalog_id: str | None = None
    database_name: str | None = None
    target_region: str | None = None

    @property
    def keys(self) -> Json:
        """The fields that every record of this place begins with."""
        keys = {
            "account_id": self.scope.account_id,
            "region": self.scope.region,
            "catalog_id": self.catalog_id,
            "database_name": self.database_name,
        }
        return {name: value for name, value in keys.items() if value is not None}

    @property
    def params(self) -> Json:
        """The request parameters that lead to this place."""
        params = {"CatalogId": self.catalog_id, "DatabaseName": self.database_name}
        return {name: value for name, value in params.items() if value is not None}


Found: TypeAlias = "tuple[Place, Json]"
"""Where an object was found, and the object as raw Glue JSON."""


class Walk:
    """Walks the scopes of a run.

    Each pass over the objects of a stream has a walk of its own (`of`), so that several can be
    under way: they share all but what is counted and what is left out.
    """

    def __init__(  # noqa: PLR0913 - one argument for each setting that steers the walk
        self,
        scopes: Collection[Scope],
        filters: Filters,
        *,
        follow_links: bool,
        resource_share_type: str | None,
        concurrency: int,
        skip_denied: bool = True,
        unopened: Iterable[Unopened] = (),
    ) -> None:
        """Set out; nothing is called yet.

        Args:
            scopes: Where to read.
            filters: Which databases and tables to read.
            follow_links: Whether to read the tables behind resource links to databases.
            resource_share_type: `ResourceShareType` of GetDatabases, if any.
            concurrency: How many threads read at each level.
            skip_denied: Whether to go on where something cannot be read, with a warning.
            unopened: Accounts and regions that the credentials may not open, and why.
        """
        self.scopes = scopes
        self.unopened = tuple(unopened)
        self.filters = filters
        self._follow_links = follow_links
        self._share = {"ResourceShareType": resource_share_type} if resource_share_type else {}
        self._workers = concurrency
        self.gaps = Gaps(scopes, self.unopened, skip=skip_denied).of("")
        self.databases_done = 0
        self._glue = {scope: scope.glue for scope in scopes}
        self._catalogs_of: dict[Scope, tuple[list[str], UnreadableError | None]] = {}
        self._listing = {scope: threading.Lock() for scope in scopes}
        self._warned: set[tuple[str, str]] = set()

    def of(self, stream: str) -> Walk:
        """Begin the walk of a pass.

        Args:
            stream: The stream whose objects it reads.

        Returns:
            A walk that has counted nothing, and left nothing out so far.
        """
        walk = copy.copy(self)
        walk.gaps = self.gaps.run.of(stream)
        walk.databases_done = 0
        walk._glue = {scope: scope.glue.counted_anew() for scope in self.scopes}  # noqa: SLF001 - of its own class
        return walk

    @property
    def is_choosy(self) -> bool:
        """Whether the tables of some databases are left out."""
        return not self._follow_links or self.filters.choose_databases

    @property
    def databases_source(self) -> Listing:
        """How databases are listed, with the share type of the settings."""
        return Listing(DATABASES.operation, DATABASES.items, self._share)

    def place_of_tables(self, place: Place, database: Json) -> Place | None:
        """Return where the tables of a database are read, None where they are not."""
        target = database.get("TargetDatabase") or {}
        if target and not self._follow_links:
            return None
        if not self.filters.wants_tables_of(database["Name"]):
            return None
        return Place(place.scope, place.catalog_id, database["Name"], target.get("Region"))

    @property
    def calls(self) -> int:
        """How many calls were made to Glue so far, retries apart."""
        return sum(glue.calls.total() for glue in self._glue.values())

    @property
    def retries(self) -> int:
        """How many calls had to be repeated so far."""
        return sum(glue.retries for glue in self._glue.values())

    def objects(self, source: Source, level: Level) -> Generator[Found, None, None]:
        """Read what a source holds, at every place of a level.

        Args:
            source: The operation, or pair of operations, to read by.
            level: What to call it for.

        Yields:
            The objects, in any order, as their pages arrive.
        """
        places = self._places(level)
        if isinstance(source, BatchGet):
            batches = self._fan_out(partial(self._list_names, source), places)
            pages = self._fan_out(partial(self._get_batch, source), batches)
        else:
            pages = self._fan_out(partial(self._read, source), places)
        for place, page in pages:
            for item in page:
                yield place, item

    def catalogs(self) -> Generator[Found, None, None]:
        """Read the catalogs: all that are visible, or those of the settings.

        Yields:
            The catalogs, containers of other catalogs included; each with its `CatalogId`. Where
            GetCatalogs does not tell, only that.
        """
        for place in self._places(Level.SCOPE):
            expected = dict.fromkeys(walked.catalog_id for walked in self._catalog_places(place))
            if self.gaps.is_refused(place.scope):
                continue
            for catalog in self._listed_catalogs(place):
                catalog_id = catalog.get("CatalogId") or place.scope.account_id
                if catalog_id in expected or not place.scope.catalog_ids:
                    expected.pop(catalog_id, None)
                    yield place, {**catalog, "CatalogId": catalog_id}
            for catalog_id in expected:
                yield place, {"CatalogId": catalog_id}

    def databases(self, *, is_way: bool = False) -> Generator[Found, None, None]:
        """Read the databases that the filters want.

        Args:
            is_way: Whether they are read for what they hold, not for themselves.

        Yields:
            The databases, each with the place of its catalog; resource links included.
        """
        places = self._fan_out(self._catalog_places, self._places(Level.SCOPE))
        read = partial(self._read, self.databases_source, is_way=is_way)
        for place, page in self._fan_out(read, places):
            for database in page:
                if self.filters.wants_database(database["Name"]):
                    yield self.home(place, database), database
        self._warn_of_idle_filters("databases")

    def tables(self) -> Generator[Found, None, None]:
        """Read the tables that the filters want.

        Yields:
            The tables, each with the place of its database.
        """
        for place, table in self.objects(TABLES, Level.DATABASE):
            if self.filters.wants_table(str(place.database_name), table["Name"]):
                yield place, table
        self._warn_of_idle_filters("tables")

    def _fan_out(
        self, work: Callable[[ItemT], Iterable[ResultT]], items: Iterable[ItemT]
    ) -> Iterator[ResultT]:
        return fan_out(work, items, workers=self._workers)

    def _places(self, level: Level) -> Iterator[Place]:
        if level is Level.DATABASE:
            return self._database_places()
        self.gaps.note_unopened()
        scopes = (Place(scope) for scope in self.scopes if not self.gaps.is_refused(scope))
        if level is Level.SCOPE:
            return scopes
        return self._fan_out(self._catalog_places, scopes)

    def _catalog_places(self, place: Place) -> Iterator[Place]:
        try:
            ids = self._catalogs(place.scope)
        except RefusedError as error:
            self.gaps.refuse(place.scope, error)
            return
        for catalog_id in ids:
            yield Place(place.scope, catalog_id)

    def _database_places(self) -> Iterator[Place]:
        for place, database in self.databases(is_way=True):
            if tables := self.place_of_tables(place, database):
                yield tables

    def home(self, place: Place, database: Json) -> Place:
        """Give the place of a database's catalog: another account's, for one that is shared."""
        owner = database.get("CatalogId")
        if self._share and owner and owner != place.catalog_id:
            return Place(place.scope, owner)
        return place

    def _catalogs(self, scope: Scope) -> list[str]:
        """Return the ids of the catalogs of a scope that hold databases; listed once in a run."""
        if scope.catalog_ids:
            return list(dict.fromkeys(scope.catalog_ids))
        with self._listing[scope]:  # another pass may be about it
            if scope not in self._catalogs_of:
                self._catalogs_of[scope] = self._find_catalogs(scope)
        ids, error = self._catalogs_of[scope]
        if error is not None:  # each pass lacks what could not be listed
            self._skip_catalogs(scope, error)
        return ids

    def _skip_catalogs(self, scope: Scope, error: UnreadableError) -> None:
        self.gaps.skip(
            Unit(scope.account_id, scope.region),
            error,
            f"Only the default catalog {scope.account_id} is read, since others cannot be "
            f"listed; name the catalogs in catalog_ids, or: {error}",
        )

    def _find_catalogs(self, scope: Scope) -> tuple[list[str], UnreadableError | None]:
        """List the catalogs; tell what kept from it, if anything did."""
        ids = [scope.account_id]  # the default catalog, whatever the list says
        failure = None
        try:
            for page in self._glue[scope].pages(_CATALOGS_WITH_DATABASES):
                ids += [catalog["CatalogId"] for catalog in page if "CatalogId" in catalog]
        except AbsentError:
            LOGGER.info("%s: GetCatalogs is not known here; one catalog is read", scope.region)
        except UnreadableError as error:
            failure = error
        return list(dict.fromkeys(ids)), failure

    def _listed_catalogs(self, place: Place) -> Iterator[Json]:
        try:
            for page in self._glue[place.scope].pages(CATALOGS):
                self.gaps.run.accept(place.scope, answered=True)
                yield from page
        except UnreadableError as error:
            if not place.scope.catalog_ids:
                self._skip_catalogs(place.scope, error)
        except AbsentError as error:  # told by the way to the catalogs
            LOGGER.debug("Catalogs cannot be listed: %s", error)
        except RefusedError as error:
            self.gaps.refuse(place.scope, error)

    def _warn_of_idle_filters(self, kind: str) -> None:
        for setting, pattern in self.filters.idle(kind):
            if (setting, pattern) not in self._warned:
                self._warned.add((setting, pattern))
                LOGGER.warning("Setting '%s': %r matched none of the %s", setting, pattern, kind)

    def _read(
        self, source: Listing, place: Place, *, is_way: bool = False
    ) -> Iterator[tuple[Place, list[Json]]]:
        found = 0
        try:
            for page in self._glue[place.scope].pages(source, **place.params):
                found += len(page)
                self.gaps.run.accept(place.scope, answered=not is_way)
                yield place, page
            if not found:  # a way that ends here is an answer too
                self.gaps.run.accept(place.scope, answered=True)
        except GoneError:
            if not self._may_vanish(place):
                raise
            LOGGER.info("%s vanished while it was read", _unit(place).resource)
        except UnreadableError as error:
            self._skip(place, error)
        except RefusedError as error:
            self.gaps.refuse(place.scope, error)
        self.databases_done += place.database_name is not None

    def _may_vanish(self, place: Place) -> bool:
        """Tell whether a place was listed in this run, not named by the settings."""
        if place.database_name is not None:
            return True
        own = (None, place.scope.account_id, *place.scope.catalog_ids)
        return place.catalog_id not in own

    def _skip(self, place: Place, error: UnreadableError, name: str | None = None) -> None:
        what = f" {name}" if name else ""
        self.gaps.skip(_unit(place, name), error, f"Skipped{what} in {place.scope}: {error}")

    def _list_names(self, source: BatchGet, place: Place) -> Iterator[tuple[Place, list[str]]]:
        names: list[str] = []
        try:
            for names in self._glue[place.scope].batches(source, **place.params):
                yield place, names
        except UnreadableError as error:
            self._skip(place, error)
        except RefusedError as error:
            self.gaps.refuse(place.scope, error)
        else:
            self.gaps.run.accept(place.scope, answered=not names)

    def _get_batch(
        self, source: BatchGet, batch: tuple[Place, list[str]]
    ) -> Iterator[tuple[Place, list[Json]]]:
        place, names = batch
        try:
            page = self._glue[place.scope].batch(source, names)
        except UnreadableError as error:
            yield place, self._get_singly(source, place, names, error)
        except RefusedError as error:
            self.gaps.refuse(place.scope, error)
        else:
            self.gaps.run.accept(place.scope, answered=True)
            yield place, page

    def _get_singly(
        self, source: BatchGet, place: Place, names: list[str], batch_error: UnreadableError
    ) -> list[Json]:
        """Read one by one what cannot be read together: a single object may be what is denied."""
        page: list[Json] = []
        errors: dict[str, UnreadableError] = {}
        if len(names) == 1:
            errors[names[0]] = batch_error
        else:
            for name in names:
                try:
                    page += self._glue[place.scope].batch(source, [name])
                except UnreadableError as error:  # noqa: PERF203 - each object fails for itself
                    errors[name] = error
            if len(errors) == len(names):  # no matter of single objects: one gap is enough
                self._skip(place, batch_error)
                return []
            self.gaps.run.accept(place.scope, answered=True)
        for name, denial in errors.items():
            self._skip(place, denial, f"{source.items}/{name}")
        return page


def _unit(place: Place, name: str | None = None) -> Unit:
    scope = place.scope
    return Unit(scope.account_id, scope.region, place.catalog_id, place.database_name, name)
