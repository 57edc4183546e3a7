"""Random catalogs from a seed: an endpoint is filled and changed, and tells what it holds."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from conftest import ACCOUNT, OTHER

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from random import Random

    from fake_aws import FakeAws, Store

Json: TypeAlias = dict[str, Any]
Key: TypeAlias = "tuple[Any, ...]"
Rows: TypeAlias = "dict[str, dict[Key, Row]]"

# The streams, and the replication key that each has on offer.
STREAMS: Final[Mapping[str, str | None]] = {
    "catalogs": "update_time",
    "databases": None,
    "tables": "update_time",
    "columns": "table_update_time",
    "jobs": "last_modified_on",
    "workflows": "last_modified_on",
}
_ITEMS: Final = {"jobs": "GetJobs", "workflows": "BatchGetWorkflows"}
_NAMES: Final = [f"n{number}" for number in range(60)]


class Row(NamedTuple):
    """What tells one state of an object from another, and when it came about."""

    text: str | None
    changed: float | None


class World:
    """What an endpoint holds of one account."""

    def __init__(self, endpoint: FakeAws, random: Random, regions: Collection[str]) -> None:
        """Fill the endpoint."""
        self._endpoint, self._random = endpoint, random
        self._now = 1_690_000_000
        self._states = 0
        self.stores = [endpoint.store(ACCOUNT, region) for region in regions]
        for store in self.stores:
            self._fill(store)

    def rows(self) -> Rows:
        """Read, past the API, what each stream has to bring."""
        rows: Rows = {stream: {} for stream in STREAMS}
        for store in self.stores:
            place = (store.account_id, store.region)
            for catalog in store.catalogs or [{"CatalogId": ACCOUNT}]:
                key = (*place, catalog["CatalogId"])
                rows["catalogs"][key] = _row(catalog, "UpdateTime")
                for database in store.databases.get(catalog["CatalogId"], ()):
                    database_key = (*key, database["Name"])
                    rows["databases"][database_key] = _row(database)
                    for table in self._tables(store, database):
                        _add_table(rows, (*database_key, table["Name"]), table)
            for stream, operation in _ITEMS.items():
                rows[stream].update(
                    ((*place, item["Name"]), _row(item, "LastModifiedOn"))
                    for item in store.items[operation]
                )
        return rows

    def change(self) -> None:
        """Let some time pass, in which objects come, change and go.

        No resource link comes: what is behind it would be new to the tap, and its times old.
        """
        self._now += 1000
        for store in self.stores:
            for catalog in self._some(store.catalogs or ()):
                catalog.update(self._state("UpdateTime"))
            for catalog_id, databases in list(store.databases.items()):
                for database in self._some(databases):
                    database.update(self._state())
                for database in self._some(databases, share=0.1):
                    store.remove_database(database["Name"], catalog_id=catalog_id)
                self._add_databases(store, catalog_id, self._random.choice((0, 0, 1)))
            for key in list(store.tables):
                self._change_tables(store, key)
            for operation in _ITEMS.values():
                self._change_items(store, operation)

    def _fill(self, store: Store) -> None:
        nested = [f"{ACCOUNT}:lake/b{number}" for number in range(self._random.randrange(3))]
        if self._random.random() < 0.1:
            store.catalogs, nested = None, []
        elif nested:
            container = {"CatalogId": f"{ACCOUNT}:lake", "Name": "lake", "_container": True}
            root = {"CatalogId": ACCOUNT, "Name": ACCOUNT}
            store.catalogs = [root, container, *({"CatalogId": each} for each in nested)]
        for catalog in store.catalogs or ():
            catalog.update(self._state("UpdateTime"))
        for catalog_id in (ACCOUNT, *nested):
            self._add_databases(store, catalog_id, self._random.randrange(4))
        self._add_links(store)
        for operation, counts in (("GetJobs", (0, 1, 6)), ("BatchGetWorkflows", (0, 3, 30))):
            store.add(operation, *self._items(store, operation, self._random.choice(counts)))

    def _add_links(self, store: Store) -> None:
        """Add links to databases of another account, one of which does not exist."""
        owner = self._endpoint.store(OTHER, store.region)
        owner.add_database("shared")
        self._add_tables(owner, OTHER, "shared", 2)
        for target in self._some(("shared", "nowhere"), share=0.5):
            link = {"CatalogId": OTHER, "DatabaseName": target}
            store.add_database(f"link_to_{target}", TargetDatabase=link, **self._state())

    def _tables(self, store: Store, database: Json) -> Iterable[Json]:
        if link := database.get("TargetDatabase"):
            owner = self._endpoint.store(link["CatalogId"], store.region)
            return owner.tables.get((link["CatalogId"], link["DatabaseName"]), ())
        return store.tables.get((database["CatalogId"], database["Name"]), ())

    def _some(self, items: Iterable[Any], share: float = 0.2) -> list[Any]:
        return [item for item in items if self._random.random() < share]

    def _state(self, member: str | None = None) -> Json:
        """Make a new state of an object: a text that no other has, and when it came about."""
        self._states += 1
        changed = {member: self._now + self._random.randrange(1000) + 0.25} if member else {}
        return {"Description": f"state {self._states}", **changed}

    def _unused(self, used: Iterable[Json], count: int) -> list[str]:
        names = {item["Name"] for item in used}
        return self._random.sample([name for name in _NAMES if name not in names], count)

    def _add_databases(self, store: Store, catalog_id: str, count: int) -> None:
        for name in self._unused(store.databases.get(catalog_id, ()), count):
            store.add_database(name, catalog_id=catalog_id, **self._state())
            self._add_tables(store, catalog_id, name, self._random.choice((0, 1, 3, 6)))

    def _add_tables(self, store: Store, catalog_id: str, database: str, count: int) -> None:
        for name in self._unused(store.tables.get((catalog_id, database), ()), count):
            # Glue holds some names twice.
            members = {"StorageDescriptor": {"Columns": []}, "PartitionKeys": [{"Name": "a"}]}
            table = store.add_table(database, name, catalog_id=catalog_id, **members)
            self._draw_columns(table)
            self._touch(table)

    def _draw_columns(self, table: Json) -> None:
        names = self._random.choices("abcd", k=3)
        table["StorageDescriptor"]["Columns"] = [{"Name": name} for name in names]

    def _touch(self, table: Json) -> None:
        table.update(self._state("UpdateTime"))
        for column in _columns(table):
            column["Comment"] = table["Description"]

    def _change_tables(self, store: Store, key: tuple[str, str]) -> None:
        store.tables[key] = self._some(store.tables[key], share=0.9)
        for table in self._some(store.tables[key]):
            if self._random.random() < 0.3:
                self._draw_columns(table)
            self._touch(table)
        self._add_tables(store, *key, self._random.choice((0, 0, 1)))

    def _items(self, store: Store, operation: str, count: int) -> list[Json]:
        names = self._unused(store.items.get(operation, ()), count)
        return [{"Name": name, **self._state("LastModifiedOn")} for name in names]

    def _change_items(self, store: Store, operation: str) -> None:
        store.items[operation] = self._some(store.items[operation], share=0.9)
        for item in self._some(store.items[operation]):
            item.update(self._state("LastModifiedOn"))
        store.add(operation, *self._items(store, operation, self._random.choice((0, 0, 1))))


def _row(found: Json, member: str = "") -> Row:
    return Row(found.get("Description"), found.get(member))


def _columns(table: Json) -> list[Json]:
    return [*table["StorageDescriptor"]["Columns"], *table["PartitionKeys"]]


def _add_table(rows: Rows, key: Key, table: Json) -> None:
    rows["tables"][key] = row = _row(table, "UpdateTime")
    occurrences: Counter[str] = Counter()
    for name in (column["Name"] for column in _columns(table)):
        occurrences[name] += 1
        column_key = (*key, name, occurrences[name])
        rows["columns"][column_key] = row
