"""Views after the constructs that real ones use, each with the tables that it reads."""

from __future__ import annotations

from typing import Final, NamedTuple


class Case(NamedTuple):
    """A view's SQL, and the tables that it reads as `database.table`; `CATALOG|` leads to others.

    The view is in the database `sales`, which is also where names without a database are resolved.
    """

    dialect: str
    sql: str
    tables: tuple[str, ...]


def _athena(sql: str, *tables: str) -> Case:
    return Case("athena", sql, tables)


def _spark(sql: str, *tables: str) -> Case:
    return Case("spark", sql, tables)


def _redshift(sql: str, *tables: str) -> Case:
    return Case("redshift", sql, tables)


CASES: Final = (
    # Athena and Trino
    _athena("SELECT * FROM orders", "sales.orders"),
    _athena('SELECT "id", "total" FROM "sales"."orders"', "sales.orders"),
    _athena('SELECT * FROM "AwsDataCatalog"."Sales"."Orders"', "sales.orders"),
    _athena(
        "SELECT o.id, c.name FROM sales.orders o LEFT JOIN crm.customers c ON c.id = o.customer_id",
        "sales.orders",
        "crm.customers",
    ),
    _athena(
        "WITH recent AS (SELECT * FROM orders WHERE day > current_date - INTERVAL '7' DAY), "
        "big AS (SELECT * FROM recent WHERE total > 100) SELECT * FROM big JOIN recent USING (id)",
        "sales.orders",
    ),
    # A common table expression with the name of the table that it reads.
    _athena("WITH orders AS (SELECT * FROM orders) SELECT * FROM orders", "sales.orders"),
    _athena(
        "WITH RECURSIVE tree(id) AS (SELECT id FROM parts UNION ALL "
        "SELECT p.id FROM parts p JOIN tree ON p.parent = tree.id) SELECT * FROM tree",
        "sales.parts",
    ),
    # It is in sight in its own query alone.
    _athena(
        "SELECT * FROM (WITH x AS (SELECT 1 AS a) SELECT * FROM x) AS one CROSS JOIN x",
        "sales.x",
    ),
    _athena(
        "SELECT * FROM crm.x WHERE id IN (WITH x AS (SELECT id FROM orders) SELECT id FROM x)",
        "crm.x",
        "sales.orders",
    ),
    _athena(
        "SELECT id, tag FROM orders CROSS JOIN UNNEST(tags) WITH ORDINALITY AS t (tag, n)",
        "sales.orders",
    ),
    _athena("SELECT o.id, item.sku FROM orders o, UNNEST(o.items) AS t (item)", "sales.orders"),
    _athena(
        "SELECT a.id FROM orders a, crm.customers b, raw.events c "
        "WHERE a.id = b.id AND b.id = c.id",
        "sales.orders",
        "crm.customers",
        "raw.events",
    ),
    _athena(
        "SELECT id FROM orders_2024 UNION ALL SELECT id FROM orders_2025 "
        "UNION SELECT id FROM archive.orders",
        "sales.orders_2024",
        "sales.orders_2025",
        "archive.orders",
    ),
    _athena(
        "SELECT id FROM orders EXCEPT SELECT id FROM returns INTERSECT SELECT id FROM raw.returns",
        "sales.orders",
        "sales.returns",
        "raw.returns",
    ),
    _athena(
        "SELECT *, row_number() OVER (PARTITION BY customer_id ORDER BY day DESC) AS n, "
        "lag(total, 1) OVER (ORDER BY day ROWS BETWEEN 3 PRECEDING AND CURRENT ROW) FROM orders",
        "sales.orders",
    ),
    _athena("SELECT * FROM (VALUES (1, 'open'), (2, 'shipped')) AS t (id, label)"),
    _athena(
        "SELECT o.*, s.label FROM orders o JOIN (VALUES (1, 'open')) AS s (id, label) "
        "ON s.id = o.status",
        "sales.orders",
    ),
    _athena(
        "SELECT * FROM orders o WHERE EXISTS (SELECT 1 FROM returns r WHERE r.id = o.id) "
        "AND total > (SELECT avg(total) FROM history.orders)",
        "sales.orders",
        "sales.returns",
        "history.orders",
    ),
    _athena(
        "SELECT json_extract_scalar(payload, '$.user.id') AS u, try_cast(a AS double), "
        "transform(items, x -> x.price * 2), element_at(m, 'k') FROM raw.events",
        "raw.events",
    ),
    _athena(
        "SELECT day, grouping(country) FROM orders GROUP BY GROUPING SETS ((day, country), (day))",
        "sales.orders",
    ),
    _athena('SELECT "$path", * FROM "raw"."events$partitions"', "raw.events"),
    _athena(
        "SELECT * FROM lake.shipments FOR TIMESTAMP AS OF TIMESTAMP '2026-01-01 00:00:00 UTC'",
        "lake.shipments",
    ),
    _athena(
        'SELECT * FROM "s3tablescatalog/web"."visits"."clicks"',
        "s3tablescatalog/web|visits.clicks",
    ),
    _athena('SELECT * FROM "mysql-shop"."shop"."orders"', "athena://mysql-shop/shop/orders"),
    _athena("SELECT id FROM orders TABLESAMPLE BERNOULLI (10)", "sales.orders"),
    _athena(
        "SELECT * FROM orders CROSS JOIN LATERAL (SELECT max(day) AS d FROM returns r "
        "WHERE r.id = orders.id)",
        "sales.orders",
        "sales.returns",
    ),
    _athena(
        "SELECT CASE WHEN a > 1 THEN 'from x' ELSE 'join y' END AS \"from\" -- FROM nothing\n"
        "/* JOIN nothing */ FROM orders",
        "sales.orders",
    ),
    _athena('SELECT * FROM "Weird Db"."table with \'quote\'"', "weird db.table with 'quote'"),
    _athena("SELECT a.n + b.n FROM orders a JOIN orders b ON a.id = b.parent", "sales.orders"),
    _athena("SELECT * FROM TABLE(sequence(start => 1, stop => 5))"),
    Case("trino", "SELECT * FROM awsdatacatalog.sales.orders", ("sales.orders",)),
    # Spark, and what Hive wrote
    _spark("SELECT * FROM orders", "sales.orders"),
    _spark("SELECT `id`, `total` FROM `spark_catalog`.`sales`.`orders`", "sales.orders"),
    _spark(
        "SELECT id, item FROM sales.orders LATERAL VIEW explode(items) t AS item "
        "LATERAL VIEW OUTER posexplode(item.parts) p AS i, part",
        "sales.orders",
    ),
    _spark(
        "SELECT /*+ BROADCAST(c) */ o.* FROM orders o LEFT SEMI JOIN crm.customers c "
        "ON c.id <=> o.customer_id",
        "sales.orders",
        "crm.customers",
    ),
    _spark("SELECT * FROM parquet.`s3://example-lake/raw/`", "s3://example-lake/raw/"),
    _spark("FROM orders SELECT id, total WHERE total > 0", "sales.orders"),
    _spark(
        "SELECT * FROM orders PIVOT (sum(total) FOR status IN ('open' AS o, 'sent' AS s))",
        "sales.orders",
    ),
    _spark("SELECT id FROM range(10) UNION ALL SELECT id FROM orders", "sales.orders"),
    _spark("SELECT * FROM orders TABLESAMPLE (10 PERCENT) DISTRIBUTE BY id", "sales.orders"),
    _spark(
        "SELECT named_struct('a', 1).a, items[0].sku, m['k'], x RLIKE '^a' FROM orders "
        "WINDOW w AS (PARTITION BY id)",
        "sales.orders",
    ),
    _spark("SELECT * FROM lake.shipments VERSION AS OF 12", "lake.shipments"),
    _spark("SELECT * FROM glue_catalog.lake.shipments", "lake.shipments"),
    Case("", "SELECT `orders`.`id` FROM `sales`.`orders` WHERE day = '1'", ("sales.orders",)),
    # Redshift
    _redshift("SELECT * FROM awsdatacatalog.sales.orders", "sales.orders"),
    _redshift(
        'SELECT o.id::varchar(10), nvl(c."name", \'-\') FROM "sales"."orders" o '
        "JOIN crm.customers c ON (o.customer_id = c.id) WHERE o.day >= dateadd(day, -7, getdate())",
        "sales.orders",
        "crm.customers",
    ),
    _redshift("SELECT c.id, o.sku FROM crm.customers c, c.orders o", "crm.customers"),
    _redshift(
        "SELECT * FROM orders QUALIFY row_number() OVER (PARTITION BY id ORDER BY day) = 1",
        "sales.orders",
    ),
    _redshift(
        "SELECT listagg(DISTINCT sku, ',') WITHIN GROUP (ORDER BY sku), "
        "approximate count(DISTINCT id), percentile_cont(0.5) WITHIN GROUP (ORDER BY total) "
        "FROM orders GROUP BY ROLLUP (day)",
        "sales.orders",
    ),
    _redshift(
        "SELECT TOP 10 * FROM orders MINUS SELECT * FROM returns", "sales.orders", "sales.returns"
    ),
    _redshift(
        "CREATE VIEW sales.v AS SELECT * FROM spectrum.events WITH NO SCHEMA BINDING",
        "spectrum.events",
    ),
)
