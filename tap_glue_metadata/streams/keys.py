"""The fields that primary keys begin with."""

from __future__ import annotations

from typing import Final

SCOPE_KEYS: Final = ("account_id", "region")
CATALOG_KEYS: Final = (*SCOPE_KEYS, "catalog_id")
DATABASE_KEYS: Final = (*CATALOG_KEYS, "database_name")
TABLE_KEYS: Final = (*DATABASE_KEYS, "table_name")
