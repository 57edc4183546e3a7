"""A sample of a data catalog: invented, with one of each thing worth seeing, as Glue's own JSON."""

from __future__ import annotations

import base64
import json
import time
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from fake_aws import FakeAws, Store

ACCOUNT: Final = "123456789012"
FINANCE_ACCOUNT: Final = "999999999999"
BUCKET: Final = f"{ACCOUNT}:s3tablescatalog/web"
DENIED: Final = "lakehouse"

NEWEST: Final = 1_760_000_000.0  # when the latest change before the first run was
VIEW: Final = """\
SELECT year, month, sum(amount) AS revenue
FROM sales.orders
WHERE status <> 'returned'
GROUP BY year, month"""


def fill(endpoint: FakeAws) -> None:
    """Put the sample into an account, and into one that shares a database with it.

    Args:
        endpoint: The emulated AWS.
    """
    store = endpoint.store(ACCOUNT)
    store.catalogs = [
        {"CatalogId": ACCOUNT, "Name": ACCOUNT},
        {"CatalogId": f"{ACCOUNT}:s3tablescatalog", "Name": "s3tablescatalog", "_container": True},
        {"CatalogId": BUCKET, "Name": "web", "Description": "A table bucket of S3 Tables"},
    ]
    store.add_database("sales", Description="Orders and customers of the web shop")
    store.add_database("lakehouse", Description="Open formats: Iceberg and Delta")
    store.add_database("visits", catalog_id=BUCKET, Description="What visitors do")
    # A resource link: the database itself is in another account.
    target = {"CatalogId": FINANCE_ACCOUNT, "DatabaseName": "finance"}
    store.add_database("shared_finance", TargetDatabase=target)
    _fill_sales(store)
    _fill_lakehouse(store)
    store.add_table("visits", "clicks", catalog_id=BUCKET, Parameters={"table_type": "ICEBERG"})
    finance = endpoint.store(FINANCE_ACCOUNT)
    finance.add_database("finance")
    finance.add_table("finance", "ledger", StorageDescriptor=_storage(("entry", "bigint", "")))


def change(store: Store) -> None:
    """Add a column to the table that changed last, the way a nightly job may.

    Args:
        store: The account that was filled.
    """
    orders = next(t for t in store.tables[ACCOUNT, "sales"] if t["Name"] == "orders")
    coupon = {"Name": "coupon", "Type": "string", "Comment": "Code that the customer entered"}
    orders["StorageDescriptor"]["Columns"].append(coupon)
    orders["UpdateTime"] = time.time()


def deny(endpoint: FakeAws) -> None:
    """Deny the tables of a database, as IAM does.

    Args:
        endpoint: The emulated AWS.
    """
    endpoint.fail(
        "GetTables",
        "AccessDeniedException",
        message="User: reader is not authorized to perform: glue:GetTables",
        when=lambda params: bool(params.get("DatabaseName") == DENIED),
    )


def _fill_sales(store: Store) -> None:
    store.add_table(
        "sales",
        "orders",
        Description="One row per order, written every night",
        UpdateTime=NEWEST,
        StorageDescriptor=_storage(
            ("order_id", "bigint", "Number printed on the invoice"),
            ("status", "string", "open, shipped or returned"),
            ("amount", "decimal(12,2)", "Gross, in EUR"),
            location="s3://example-lake/sales/orders/",
        ),
        PartitionKeys=_columns(("year", "int", ""), ("month", "int", "")),
        Parameters={"classification": "parquet"},
    )
    store.add_table(
        "sales",
        "customers",
        StorageDescriptor=_storage(
            ("customer_id", "bigint", "Stable over renames and merges"),
            ("address", "struct<street:string,city:string>", "Of the invoice"),
            ("phones", "array<struct<kind:string,number:string>>", ""),
            location="s3://example-lake/sales/customers/",
        ),
        # What a crawler leaves: the figures are those that it counted.
        Parameters={
            "classification": "parquet",
            "recordCount": "48210",
            "sizeKey": "4194270",
            "UPDATED_BY_CRAWLER": "find-customers",
        },
    )
    text = json.dumps({"originalSql": VIEW, "catalog": "awsdatacatalog", "schema": "sales"})
    store.add_table(
        "sales",
        "monthly_revenue",
        TableType="VIRTUAL_VIEW",
        StorageDescriptor=_storage(("year", "int", ""), ("revenue", "decimal(38,2)", "")),
        Parameters={"presto_view": "true"},
        ViewOriginalText=f"/* Presto View: {base64.b64encode(text.encode()).decode()} */",
    )


def _fill_lakehouse(store: Store) -> None:
    columns = _columns(
        ("shipment_id", "string", ""),
        ("carrier", "string", ""),
        ("carrier_code", "int", "Dropped from the table, but still in Glue"),
    )
    for number, column in enumerate(columns, start=1):
        current = column["Name"] != "carrier_code"
        column["Parameters"] = {
            "iceberg.field.id": str(number),
            "iceberg.field.current": str(current).lower(),
        }
    store.add_table(
        "lakehouse",
        "shipments",
        StorageDescriptor={"Columns": columns},
        Parameters={"table_type": "ICEBERG"},
    )
    # Spark keeps the schema of a Delta table in parameters, and a placeholder as Glue's columns.
    fields = [
        {"name": "sku", "type": "string", "nullable": True, "metadata": {"comment": "Article"}},
        {"name": "on_hand", "type": "integer", "nullable": True, "metadata": {}},
    ]
    store.add_table(
        "lakehouse",
        "inventory",
        StorageDescriptor=_storage(("col", "array<string>", "from deserializer")),
        Parameters={
            "spark.sql.sources.provider": "delta",
            "spark.sql.sources.schema": json.dumps({"type": "struct", "fields": fields}),
        },
    )


def _storage(*columns: tuple[str, str, str], location: str | None = None) -> dict[str, Any]:
    return {"Columns": _columns(*columns)} | ({"Location": location} if location else {})


def _columns(*columns: tuple[str, str, str]) -> list[dict[str, Any]]:
    """Return columns as Glue has them, from names, types and comments."""
    return [
        {"Name": name, "Type": hive_type} | ({"Comment": comment} if comment else {})
        for name, hive_type, comment in columns
    ]
